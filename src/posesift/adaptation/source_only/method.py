"""Source-only training: supervised heatmap regression on labelled images.

The floor of every comparison; with the target's labels in the source's place it is the oracle.
Stages "warm-up" and "adaptation" do the same thing, so that a budget of steps can be compared
with that of a method that adapts.

Tensor names: B batch, K keypoints, H W image rows and columns, h w heatmap rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from posesift.adaptation.supervised import check_mirror, fit_views, labelled_views
from posesift.adaptation.training.method import Batches, Method, Stage, StepResult, with_steps
from posesift.adaptation.training.optimisers import adamw, set_rate, trapezoid
from posesift.adaptation.views.augment import SUPERVISED, Augmentation
from posesift.networks.heatmaps import HeatmapCodec


@dataclass(frozen=True, kw_only=True)
class SourceOnlySettings:
    """Settings of supervised training.

    Attributes:
        warmup_steps: of the first stage; 0 leaves it out.
        steps: of the second stage; 0 leaves it out.
        learning_rate: highest rate of AdamW in the first stage.
        adaptation_learning_rate: the same in the second.
        weight_decay: of AdamW.
        backbone_speed: rate of ``network.backbone``, where a network has one, as a multiple of
            the rest's.
        loss_scale: on the mean over cells; keeps gradients in a comfortable range.
        augmentation: of the training views.
        mirror: permutation that exchanges left and right keypoints; needed for flips.
    """

    warmup_steps: int = 450
    steps: int = 200
    learning_rate: float = 2e-3
    adaptation_learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    backbone_speed: float = 1.0
    loss_scale: float = 200.0
    augmentation: Augmentation = SUPERVISED
    mirror: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_mirror(self.augmentation, self.mirror)

    def rate_of(self, stage: Stage) -> float:
        """Say the highest learning rate of a stage."""
        adapting = stage.name == "adaptation"
        return self.adaptation_learning_rate if adapting else self.learning_rate


class SourceOnly(Method):
    """Supervised training of one network (see the module).

    >>> from posesift.adaptation.training.runtime import Runtime
    >>> from posesift.networks.build import build
    >>> network = build("small", keypoints=16)
    >>> method = SourceOnly(network, HeatmapCodec(side=64, stride=network.stride))
    >>> [(stage.name, stage.steps) for stage in method.stages]
    [('warm-up', 450), ('adaptation', 200)]
    >>> method.prepare(Runtime.resolve("cpu"))
    >>> keypoints, confidence = method.predict(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
    >>> keypoints.shape, confidence.shape
    (torch.Size([2, 16, 2]), torch.Size([2, 16]))
    """

    def __init__(
        self,
        network: nn.Module,
        codec: HeatmapCodec,
        settings: SourceOnlySettings = SourceOnlySettings(),
    ):
        super().__init__(network, codec)
        self.settings = settings

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        return with_steps(
            Stage("warm-up", self.settings.warmup_steps, self.step),
            Stage("adaptation", self.settings.steps, self.step),
        )

    def start_stage(self, stage: Stage) -> None:
        """Make a fresh optimiser: moments of another stage's gradients mislead."""
        self.rate = self.settings.rate_of(stage)
        self.optimiser = adamw(
            self.network,
            self.rate,
            self.settings.weight_decay,
            backbone_speed=self.settings.backbone_speed,
        )
        self.network.train()

    def step(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Take a supervised step on the source batch."""
        settings = self.settings
        set_rate(self.optimiser, self.rate * trapezoid(t))
        views = labelled_views(
            batch["source"], settings.augmentation, self.codec, settings.mirror, generator
        )
        loss = fit_views(self.forward, self.optimiser, views, self.runtime, settings.loss_scale)
        return StepResult({"supervised": loss})
