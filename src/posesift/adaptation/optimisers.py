"""Making optimisers, turning their rate, and taking up their saved state exactly."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer


def adamw(
    module: nn.Module, rate: float, weight_decay: float, *, backbone_speed: float = 1.0
) -> AdamW:
    """AdamW, fused into one kernel where that exists; see `groups`."""
    chosen = groups(module, weight_decay, backbone_speed)
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in module.parameters())
    optimiser = AdamW(chosen, lr=rate, fused=fused)
    set_rate(optimiser, rate)
    return optimiser


def groups(
    module: nn.Module,
    weight_decay: float,
    backbone_speed: float = 1.0,
    *,
    vector_decay: float = 0.0,
) -> list[dict[str, Any]]:
    """Parameters in groups, as networks are fine-tuned.

    A child ``backbone`` learns at ``backbone_speed`` times the rate of the rest, for it was
    trained before. Weights decay by ``weight_decay``, vectors (scales and shifts of norms, and
    biases) by ``vector_decay``.
    """
    backbone = getattr(module, "backbone", None)
    slow = {id(p) for p in backbone.parameters()} if isinstance(backbone, nn.Module) else set()
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in module.parameters():
        speed = backbone_speed if id(parameter) in slow else 1.0
        decay = weight_decay if parameter.ndim > 1 else vector_decay
        found.setdefault((speed, decay), []).append(parameter)
    return [
        {"params": parameters, "speed": speed, "weight_decay": decay}
        for (speed, decay), parameters in found.items()
    ]


def set_rate(optimiser: Optimizer, rate: float) -> None:
    """Give every group the learning rate ``rate``, times its ``"speed"`` where it has one."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("speed", 1.0)


def load_optimiser(optimiser: Optimizer, state: dict[str, Any]) -> None:
    """Take up ``state`` so that the next step is bit for bit what it would have been.

    Tensors of a parameter's shape get its memory layout back: files keep them row by row, and a
    fused optimiser walks parameter and moments in step through memory.
    """
    optimiser.load_state_dict(state)
    for parameter, values in optimiser.state.items():
        for name, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter).copy_(value)
