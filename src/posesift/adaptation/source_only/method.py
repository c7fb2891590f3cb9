"""Source-only training: supervised heatmap regression on labelled images.

The floor of every comparison; with the target's labels in the source's place it is the oracle.
Stages "warm-up" and "adaptation" do the same thing, so that a budget of steps can be compared
with that of a method that adapts.

Tensor names: B batch, K keypoints, H W image rows and columns, h w heatmap rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from posesift.adaptation.optimisers import adamw, load_optimiser, set_rate
from posesift.adaptation.schedules import trapezoid
from posesift.adaptation.supervised import check_mirror, fit_views, labelled_views
from posesift.adaptation.training.method import Batch, Stage, StepResult
from posesift.adaptation.views.appearance import normalise
from posesift.adaptation.views.augment import SUPERVISED, Augmentation
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class SourceOnlySettings:
    """Of the supervised training.

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


class SourceOnly:
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
        self.network = network
        self.codec = codec
        self.settings = settings
        self._rate = settings.learning_rate

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        stages = (
            Stage("warm-up", self.settings.warmup_steps, self.step),
            Stage("adaptation", self.settings.steps, self.step),
        )
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, runtime: Runtime) -> None:
        """Put the network on the device."""
        self.runtime = runtime
        self._forward = runtime.setup(self.network)

    def start_stage(self, stage: Stage) -> None:
        """A fresh optimiser: moments of another stage's gradients mislead."""
        adapting = stage.name == "adaptation"
        self._rate = (
            self.settings.adaptation_learning_rate if adapting else self.settings.learning_rate
        )
        self.optimiser = adamw(
            self.network,
            self._rate,
            self.settings.weight_decay,
            backbone_speed=self.settings.backbone_speed,
        )
        self.network.train()

    def step(
        self,
        source_batch: Batch | None,
        target_batch: Batch | None,
        t: float,
        generator: torch.Generator,
    ) -> StepResult:
        """One supervised step on the source batch; the target's is not looked at."""
        assert source_batch is not None
        settings = self.settings
        set_rate(self.optimiser, self._rate * trapezoid(t))
        views = labelled_views(
            source_batch, settings.augmentation, self.codec, settings.mirror, generator
        )
        loss = fit_views(self._forward, self.optimiser, views, self.runtime, settings.loss_scale)
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
