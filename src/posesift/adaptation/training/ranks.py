"""Becoming one of several ranks; the only file that imports Lightning Fabric.

Either torchrun has started this process as one of several, or Fabric starts the others itself.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import torch

from posesift import progress

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def machines(device: str, devices: int) -> int:
    """Machines that the ranks are spread over.

    Raises:
        ValueError: there are not as many devices, or torchrun started another number of ranks.
    """
    if devices < 1:
        raise ValueError(f"expected at least 1 device, found {devices}")
    if started_as_rank():
        started = int(os.environ["WORLD_SIZE"])
        if devices != started and not (devices == 1 and connect.cache_info().currsize):
            raise ValueError(
                f"this is one of {started} processes that were started together (WORLD_SIZE), "
                f"expected as many devices, found {devices}; give --devices {started}, or start "
                "it without torchrun"
            )
        nodes = started // int(os.environ.get("LOCAL_WORLD_SIZE", started))
    else:
        nodes = 1
    if devices > 1 and device != "cpu":
        found = torch.cuda.device_count() if device == "cuda" else 1
        if devices > found * nodes:
            raise ValueError(
                f"expected {devices // nodes} devices of the kind {device!r} on this machine, "
                f"found {found}; give fewer --devices"
            )
    return nodes


def started_as_rank() -> bool:
    """Whether torchrun, or somebody who sets the same variables, started this process."""
    return "RANK" in os.environ and int(os.environ.get("WORLD_SIZE", 1)) > 1


@functools.cache  # ranks are launched once
def connect(device: str, devices: int, nodes: int) -> Fabric:
    """Become one of ``devices`` ranks; only rank 0 shows its progress from then on."""
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy

    fabric = Fabric(
        accelerator=device,
        devices=devices // nodes,
        num_nodes=nodes,
        strategy=DDPStrategy(broadcast_buffers=False),
        plugins=[TorchElasticEnvironment()] if started_as_rank() else None,
    )
    fabric.launch()
    if fabric.global_rank:
        progress.show(False)
    return fabric
