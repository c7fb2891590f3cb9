"""What published trainings share: one Adam for all stages, whose rate falls at absolute steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from posesift.adaptation.training.method import Method, Stage
from posesift.adaptation.training.optimisers import set_rate
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class PublishedSettings:
    """Numbers of a published training, at batches of 32 and epochs of 500 steps.

    Attributes:
        warmup_steps: of the first stage.
        steps: of the second.
        steps_before: steps that the network came with, counted where the rate falls.
        learning_rate: of Adam. Its moments live through the change of stage where one method
            does both; a run that starts from another's network begins with none.
        drops: steps, counted over both stages, at which the rate falls to a tenth.
    """

    warmup_steps: int
    steps: int
    steps_before: int = 0
    learning_rate: float = 1e-3
    drops: tuple[int, ...] = (22_000, 29_500)


class Published(Method):
    """A method with one Adam for both stages, and heatmaps by the published rule.

    Args:
        network: to train.
        codec: with ``rounding=True``, the published rule for heatmaps.
        settings: of the training.

    Raises:
        ValueError: the codec does not round.
    """

    def __init__(self, network: nn.Module, codec: HeatmapCodec, settings: PublishedSettings):
        if not codec.rounding:
            raise ValueError("expected HeatmapCodec(rounding=True), the published rule for targets")
        super().__init__(network, codec)
        self._numbers = settings

    def prepare(self, runtime: Runtime) -> None:
        """Put the network on the device, and make the one optimiser of both stages."""
        super().prepare(runtime)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=self._numbers.learning_rate)

    def start_stage(self, stage: Stage) -> None:
        """Turn to train mode; the optimiser goes on."""
        self.network.train()

    def set_rate(self, stage: str, t: float) -> None:
        """Give the optimiser the rate at progress ``t`` of a stage."""
        numbers = self._numbers
        if stage == "warm-up":
            done = round(t * numbers.warmup_steps)
        else:
            done = numbers.warmup_steps + round(t * numbers.steps)
        fallen = sum(numbers.steps_before + done >= drop for drop in numbers.drops)
        set_rate(self.optimiser, numbers.learning_rate * 0.1**fallen)
