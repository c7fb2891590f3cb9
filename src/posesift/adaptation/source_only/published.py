"""Training on the source alone as the published code of RegDA does it ("ERM"): its floor.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021. With
the target's labels in the source's place it is the published oracle. One Adam for the whole of it,
whose rate falls at absolute steps, counted over both stages; half the mean squared error; the
views of `regda_parity_views`.

Tensor names: B batch, K keypoints, H W image rows and columns, h w heatmap rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from posesift.adaptation.optimisers import load_optimiser, set_rate
from posesift.adaptation.regda.published_views import BODIES, RegDAViews
from posesift.adaptation.supervised import fit_views
from posesift.adaptation.training.method import Batch, Stage, StepResult
from posesift.adaptation.views.appearance import normalise
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class SourceOnlyParitySettings:
    """The published settings, at batches of 32.

    Attributes:
        warmup_steps: of the first stage: 70 epochs of 500.
        steps: of the second, which does the same.
        steps_before: steps that the network came with, counted where the rate falls.
        learning_rate: of Adam. A run that starts from another's network begins with fresh moments.
        drops: steps at which the rate falls to a tenth.
        views: of images, see `RegDAViews`.
    """

    warmup_steps: int = 35_000
    steps: int = 0
    steps_before: int = 0
    learning_rate: float = 1e-3
    drops: tuple[int, ...] = (22_000, 29_500)
    views: RegDAViews = BODIES


class SourceOnlyParity:
    """The published supervised training (see the module); a `Method`.

    Args:
        network: to train.
        codec: with ``rounding=True``, the published rule for heatmaps.
        settings: of the training.

    Raises:
        ValueError: the codec does not round.
    """

    def __init__(
        self,
        network: nn.Module,
        codec: HeatmapCodec,
        settings: SourceOnlyParitySettings = SourceOnlyParitySettings(),
    ):
        if not codec.rounding:
            raise ValueError("expected HeatmapCodec(rounding=True), the published rule for targets")
        self.network, self.codec, self.settings = network, codec, settings

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        stages = (
            Stage("warm-up", self.settings.warmup_steps, self.warm_up),
            Stage("adaptation", self.settings.steps, self.go_on),
        )
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, runtime: Runtime) -> None:
        """Put the network on the device, and make the one optimiser of both stages."""
        self.runtime = runtime
        self._forward = runtime.setup(self.network)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=self.settings.learning_rate)

    def start_stage(self, stage: Stage) -> None:
        """Only train mode: the optimiser goes on."""
        self.network.train()

    def warm_up(
        self, source: Batch | None, target: Batch | None, t: float, generator: torch.Generator
    ) -> StepResult:
        """A step of the first stage; the target's batch is not looked at."""
        return self._step(source, round(t * self.settings.warmup_steps), generator)

    def go_on(
        self, source: Batch | None, target: Batch | None, t: float, generator: torch.Generator
    ) -> StepResult:
        """A step of the second stage, the same at a later step."""
        settings = self.settings
        done = settings.warmup_steps + round(t * settings.steps)
        return self._step(source, done, generator)

    def _step(self, source: Batch | None, done: int, generator: torch.Generator) -> StepResult:
        """Towards the labels, ``done`` steps after this training began."""
        assert source is not None
        settings = self.settings
        fallen = sum(settings.steps_before + done >= drop for drop in settings.drops)
        set_rate(self.optimiser, settings.learning_rate * 0.1**fallen)
        views = settings.views.labelled(source, self.codec, generator)
        loss = fit_views(self._forward, self.optimiser, views, self.runtime, scale=0.5)
        return StepResult({"supervised": loss})

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """keypoints_BK2 in crop pixels and confidence_BK of uint8 crops; BatchNorm in eval mode."""
        heatmaps_BKhw = self.runtime.infer(
            self.network, normalise(images_B3HW.to(self.runtime.device))
        )
        return self.codec.decode(heatmaps_BKhw)

    def load_network(self, state: dict[str, Tensor]) -> None:
        """Take up the trained network of a run; before `prepare` or after it."""
        self.network.load_state_dict(state)

    def state_dict(self) -> dict[str, Any]:
        """Network and optimiser."""
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state of the same stage."""
        self.network.load_state_dict(state["network"])
        load_optimiser(self.optimiser, state["optimiser"])
