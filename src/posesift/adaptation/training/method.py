"""What a method is: stages in order, each with the step that is done with a batch of each domain.

A method owns its networks and optimisers and reads like its paper's algorithm box; the loop
(``loop.fit``) fetches batches, counts, logs and keeps checkpoints, and knows nothing of losses.
`Method` is what a method builds on: it predicts and keeps its state, and a method adds
`stages`, `start_stage` and its steps.

Tensor names: B batch, K keypoints, H W image rows and columns, h w heatmap rows and columns.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from posesift.adaptation.training.optimisers import load_optimiser
from posesift.adaptation.views.appearance import normalise
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

Batch = dict[str, Tensor]
"""``image`` uint8 (B, 3, H, W), ``keypoints`` float32 (B, K, 2) in crop pixels, ``visible`` bool
(B, K), ``index`` int64 (B,)."""

Batches = dict[str, Batch]
"""A batch of each domain that the stage uses, by ``"source"`` and ``"target"``."""

BOTH = ("source", "target")


@dataclass(frozen=True)
class StepResult:
    """What a step reports: detached scalar tensors, still on the device.

    Attributes:
        losses: by name; a value that is not finite ends the run with an error.
        logs: by name, anything else worth following.
    """

    losses: dict[str, Tensor]
    logs: dict[str, Tensor] = field(default_factory=dict)


Step = Callable[[Batches, float, torch.Generator], StepResult]


@dataclass(frozen=True)
class Stage:
    """A part of the training with one kind of step.

    Attributes:
        name: say ``"warm-up"`` or ``"adaptation"``.
        steps: how many; 0 leaves the stage out.
        step: ``step(batch, t, generator)``: forward, backward, and every optimiser's step.
            ``batch`` holds a batch of each of `domains`; ``t`` = steps done / steps, from 0 to
            just below 1; ``generator`` sits on the device and is seeded from (seed, stage, step).
            It must not wait for the device.
        domains: the batches a step needs, of ``"source"`` and ``"target"``.
    """

    name: str
    steps: int
    step: Step
    domains: tuple[str, ...] = ("source",)


class Method(abc.ABC):
    """What ``loop.fit`` and evaluation ask of a method, and what all methods share.

    Args:
        network: to train, and to predict with.
        codec: draws and reads its heatmaps.

    Attributes:
        network: the plain module that `predict` uses (of a mean teacher: the teacher).
        runtime: where to compute; known from `prepare` on.
        optimiser: of the stage; a method with several keeps ``optimisers`` by name.
    """

    runtime: Runtime
    optimiser: Optimizer

    def __init__(self, network: nn.Module, codec: HeatmapCodec):
        self.network = network
        self.codec = codec

    @property
    @abc.abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """The stages in order, those with steps (see `with_steps`)."""

    @abc.abstractmethod
    def start_stage(self, stage: Stage) -> None:
        """Make the optimisers (and teachers) that the stage begins with."""

    def prepare(self, runtime: Runtime) -> None:
        """Put the network on the device; before anything else."""
        self.runtime = runtime
        self.forward = runtime.setup(self.network)

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """Find keypoints_BK2 in crop pixels and confidence_BK in uint8 crops.

        BatchNorm is in eval mode, no gradients are kept.
        """
        return self.read(self.heatmaps(images_B3HW))

    def read(self, heatmaps_BKhw: Tensor) -> tuple[Tensor, Tensor]:
        """Read keypoints_BK2 in crop pixels and confidence_BK out of what `network` says."""
        return self.codec.decode(heatmaps_BKhw)

    def heatmaps(self, images_B3HW: Tensor) -> Tensor:
        """Say what `network` says about uint8 crops, (B, K, h, w)."""
        images_B3HW = normalise(images_B3HW.to(self.runtime.device))
        return self.runtime.infer(self.network, images_B3HW)

    def load_network(self, state: dict[str, Tensor]) -> None:
        """Take up the trained network of another run (its ``state_dict()["network"]``).

        Before `prepare` for a warm start, or after it to predict with it. Raises RuntimeError
        where it does not fit, as ``nn.Module.load_state_dict`` does.
        """
        self.network.load_state_dict(state)

    def state_dict(self) -> dict[str, Any]:
        """Everything that a step changes, as nested dicts of tensors and JSON values.

        Its entry ``"network"`` is the state of `network`, so that a reader of a checkpoint can
        predict without knowing the method.
        """
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state; after `start_stage` of the stage that it was saved in."""
        self.network.load_state_dict(state["network"])
        load_optimiser(self.optimiser, state["optimiser"])


def with_steps(*stages: Stage) -> tuple[Stage, ...]:
    """Leave out the stages without a step."""
    return tuple(stage for stage in stages if stage.steps)
