"""Training on the source alone as the published code of RegDA does it ("ERM"): its floor.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021. With
the target's labels in the source's place it is the published oracle. Half the mean squared error;
the views of `published_views`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from posesift.adaptation.published_views import BODIES, RegDAViews
from posesift.adaptation.supervised import fit_views
from posesift.adaptation.training.method import Batches, Stage, StepResult, with_steps
from posesift.adaptation.training.published import Published, PublishedSettings
from posesift.networks.heatmaps import HeatmapCodec


@dataclass(frozen=True, kw_only=True)
class SourceOnlyParitySettings(PublishedSettings):
    """The published settings: 70 epochs in the first stage; the second does the same.

    Attributes:
        views: of images, see `RegDAViews`.
    """

    warmup_steps: int = 35_000
    steps: int = 0
    views: RegDAViews = BODIES


class SourceOnlyParity(Published):
    """The published supervised training (see the module and `Published`)."""

    def __init__(
        self,
        network: nn.Module,
        codec: HeatmapCodec,
        settings: SourceOnlyParitySettings = SourceOnlyParitySettings(),
    ):
        super().__init__(network, codec, settings)
        self.settings = settings

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        steps = {"warm-up": self.settings.warmup_steps, "adaptation": self.settings.steps}
        return with_steps(
            *(Stage(name, count, partial(self.step, name)) for name, count in steps.items())
        )

    def step(self, stage: str, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Take a supervised step on the source batch."""
        self.set_rate(stage, t)
        views = self.settings.views.labelled(batch["source"], self.codec, generator)
        loss = fit_views(self.forward, self.optimiser, views, self.runtime, scale=0.5)
        return StepResult({"supervised": loss})
