"""RegDA: adaptation to unlabelled images by an adversarial second head.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021. The
warm-up trains the network on labelled source images. The adaptation keeps its features and puts
two fresh heads on them, the main and the adversarial, which `RegDASteps` moves apart and
together; the main head predicts.

Tensor names: B batch, K keypoints, C channels, H W image rows and columns, h w heatmap rows and
columns.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from posesift.adaptation.regda.disparity import kl
from posesift.adaptation.regda.settings import RegDASettings, optimiser, set_rates
from posesift.adaptation.regda.steps import RegDASteps
from posesift.adaptation.regda.two_heads import TwoHeads
from posesift.adaptation.supervised import LabelledViews, fit_views, labelled_views
from posesift.adaptation.training.method import (
    BOTH,
    Batch,
    Batches,
    Method,
    Stage,
    StepResult,
    with_steps,
)
from posesift.adaptation.training.optimisers import load_optimiser
from posesift.adaptation.views.augment import view
from posesift.networks.batchnorm import running_statistics_taken
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime


class RegDA(Method):
    """Regressive domain adaptation (see the module).

    Args:
        network: with one head; the warm-up trains it, the adaptation takes its features.
        codec: draws and reads the heatmaps.
        settings: see there.

    Attributes:
        network: the given one; from the adaptation on a ``TwoHeads``. Gives logits.

    >>> from posesift.adaptation.training.runtime import Runtime
    >>> from posesift.networks.build import build
    >>> network = build("small", keypoints=16)
    >>> method = RegDA(network, HeatmapCodec(side=64, stride=network.stride))
    >>> [(stage.name, stage.domains) for stage in method.stages]
    [('warm-up', ('source',)), ('adaptation', ('source', 'target'))]
    >>> method.prepare(Runtime.resolve("cpu"))
    >>> keypoints, confidence = method.predict(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
    >>> keypoints.shape, confidence.shape
    (torch.Size([2, 16, 2]), torch.Size([2, 16]))
    """

    def __init__(
        self,
        network: nn.Module,
        codec: HeatmapCodec,
        settings: RegDASettings = RegDASettings(),
    ):
        super().__init__(network, replace(codec, rounding=True) if settings.parity else codec)
        self.settings = settings.in_force()
        self._one_head = network
        self.optimisers: dict[str, Optimizer] = {}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        return with_steps(
            Stage("warm-up", self.settings.warmup_steps, self.warm_up),
            Stage("adaptation", self.settings.steps, self.adapt, BOTH),
        )

    def prepare(self, runtime: Runtime) -> None:
        """Put the network on the device; ranks connect its parts when a stage says which."""
        self.runtime = runtime
        self.network.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def start_stage(self, stage: Stage) -> None:
        """Make fresh optimisers; for the adaptation two heads and an optimiser of each part."""
        settings = self.settings
        if stage.name == "warm-up":
            self.network = self._one_head
            self.forward = self.runtime.setup(self.network)
            self.optimisers = {"network": optimiser(self.network, settings, "network")}
        else:
            self.network = network = self._two_heads()
            parts = {"features": network.features, "head": network.head}
            parts["head_adv"] = network.head_adv
            self.optimisers = {name: optimiser(m, settings, name) for name, m in parts.items()}
            self._steps = RegDASteps(network, self.codec, settings, self.runtime, self.optimisers)
        self.network.train()

    # ---- warm-up

    def warm_up(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Take a supervised step on the source batch."""
        set_rates(self.optimisers, self.settings, t)
        views = self._labelled_views(batch["source"], generator)
        loss = fit_views(self.forward, self.optimisers["network"], views, self.runtime, loss=kl)
        return StepResult({"supervised": loss})

    # ---- adaptation

    def adapt(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Fit the source, then move the heads apart and together again on the target."""
        settings = self.settings
        set_rates(self.optimisers, settings, t)
        weight = settings.adversarial_factor(t)

        source = self._labelled_views(batch["source"], generator)
        with self._source_statistics():
            supervised, source_disparity = self._steps.fit_source(source, weight)

        target_B3HW, weight_BK = self._target_views(batch["target"], generator)
        seen, false_disparity, agreement = self._steps.maximise_disparity(target_B3HW, weight_BK)
        target_disparity = self._steps.minimise_disparity(target_B3HW, seen, weight_BK, weight)
        return StepResult(
            {
                "supervised": supervised,
                "source_disparity": source_disparity,
                "target_disparity": target_disparity,
                "false_disparity": false_disparity,
            },
            {
                "adversarial_weight": torch.full_like(supervised, weight),
                "head_agreement": agreement,
            },
        )

    def _source_statistics(self) -> AbstractContextManager[None]:
        """Keep BatchNorm's running statistics from taking up the source, where it is so set."""
        if self.settings.domain_statistics:
            return running_statistics_taken(self.network, 0)
        return nullcontext()

    def _labelled_views(self, batch: Batch, generator: torch.Generator) -> LabelledViews:
        settings = self.settings
        if settings.parity:
            return settings.views.labelled(batch, self.codec, generator)
        return labelled_views(batch, settings.augmentation, self.codec, settings.mirror, generator)

    def _target_views(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw views of the target, and ones as weight_B1 of their disparities: no labels.

        Under `parity` weight_BK, which joints are labelled as visible and lie in the view, as in
        the reference: a leak.
        """
        settings = self.settings
        if not settings.parity:
            looks = settings.target_augmentation or settings.augmentation
            views_B3HW, _ = view(batch["image"], looks, generator)
            return views_B3HW, torch.ones(len(views_B3HW), 1, device=views_B3HW.device)
        if not {"keypoints", "visible"} <= batch.keys():
            raise ValueError(
                "RegDA with parity weighs the target's losses by which of its joints are labelled "
                "as visible and lie in the view, as the reference code does, but the target's "
                "batches hold no labels; leave parity out, which needs none of the target"
            )
        looks = settings.target_views or settings.views
        views = looks.labelled(batch, self.codec, generator)
        return views.images_B3HW, views.weight_BK

    # ---- prediction and state

    def read(self, heatmaps_BKhw: Tensor) -> tuple[Tensor, Tensor]:
        """Read keypoints_BK2 in crop pixels and confidence_BK in [0, 1] out of logits.

        Logits have no zero, and the codec reads heights above 0. Their softmax is what the loss
        compares with a bump divided by its sum, 2 pi sigma^2 cells; times that sum it is the
        bump, of height 1 where the network is as sure of a joint as its targets were.

        The reference reads the logits all the same: under `parity` a joint with none above 0 is at
        the corner (0, 0).
        """
        share_BKhw = heatmaps_BKhw.flatten(2).softmax(-1).view_as(heatmaps_BKhw)
        bump = 2 * math.pi * self.codec.sigma**2
        keypoints_BK2, confidence_BK = self.codec.decode(bump * share_BKhw)
        if self.settings.parity:
            keypoints_BK2, _ = self.codec.decode(heatmaps_BKhw)
        return keypoints_BK2, confidence_BK.clamp(max=1)

    def _two_heads(self) -> TwoHeads:
        if isinstance(self.network, TwoHeads):
            return self.network
        return TwoHeads(self._one_head, self.settings.seed)

    def load_network(self, state: dict[str, Tensor]) -> None:
        """Take up the trained network of a run, before `prepare` or after it.

        Either one head (of a warm-up, whichever method's) or two (of a finished adaptation).
        """
        adapted = any(name.startswith("head_adv.") for name in state)
        network = self._two_heads() if adapted else self._one_head
        network.load_state_dict(state)
        self.network = network

    def state_dict(self) -> dict[str, Any]:
        """Network and optimisers, one of the warm-up or three of the adaptation."""
        return {
            "network": self.network.state_dict(),
            "optimisers": {name: o.state_dict() for name, o in self.optimisers.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state of the same stage."""
        self.network.load_state_dict(state["network"])
        for name, moved in self.optimisers.items():
            load_optimiser(moved, state["optimisers"][name])
