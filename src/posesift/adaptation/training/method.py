"""What a method is: stages in order, each with the step that is done with a batch.

A method owns its networks and optimisers and reads like its paper's algorithm box; the loop
(``loop.fit``) fetches batches, counts, logs and keeps checkpoints, and knows nothing of losses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

Batch = dict[str, Tensor]
"""``image`` uint8 (B, 3, H, W), ``keypoints`` float32 (B, K, 2) in crop pixels, ``visible`` bool
(B, K), ``index`` int64 (B,)."""


@dataclass(frozen=True)
class StepResult:
    """What a step reports: detached scalar tensors, still on the device.

    Attributes:
        losses: by name; a value that is not finite ends the run with an error.
        logs: by name, anything else worth following.
    """

    losses: dict[str, Tensor]
    logs: dict[str, Tensor] = field(default_factory=dict)


Step = Callable[[Batch | None, Batch | None, float, torch.Generator], StepResult]


@dataclass(frozen=True)
class Stage:
    """A part of the training with one kind of step.

    Attributes:
        name: say ``"warm-up"`` or ``"adaptation"``.
        steps: how many; 0 leaves the stage out.
        step: ``step(source_batch, target_batch, t, generator)``: forward, backward, and every
            optimiser's step. ``t`` = steps done / steps, from 0 to just below 1; ``generator``
            sits on the device and is seeded from (seed, stage, step). The batch of a domain
            that the stage does not use is None. It must not wait for the device.
        domains: the batches a step needs, of ``"source"`` and ``"target"``.
    """

    name: str
    steps: int
    step: Step
    domains: tuple[str, ...] = ("source",)


class Method(Protocol):
    """What ``loop.fit``, and evaluation ask of a method."""

    @property
    def network(self) -> nn.Module:
        """The plain module that `predict` uses (of a mean teacher: the teacher)."""
        ...

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in order."""
        ...

    def prepare(self, runtime: Runtime) -> None:
        """Put the networks on the device; before anything else."""
        ...

    def start_stage(self, stage: Stage) -> None:
        """Make the optimisers (and teachers) that the stage begins with."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything that a step changes, as nested dicts of tensors and JSON values.

        Its entry ``"network"`` is the state of `network`, so that a reader of a checkpoint can
        predict without knowing the method.
        """
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state; after `start_stage` of the stage that it was saved in."""
        ...

    def load_network(self, state: dict[str, Tensor]) -> None:
        """Take up the trained network of another run (its ``state_dict()["network"]``).

        Before `prepare` for a warm start, or to predict with it. Raises RuntimeError where it
        does not fit, as ``nn.Module.load_state_dict`` does.
        """
        ...

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """keypoints_BK2 in crop pixels and confidence_BK of uint8 crops."""
        ...
