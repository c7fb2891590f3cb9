"""RegDA: adaptation to unlabelled images by an adversarial second head.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021. The
warm-up trains the network on labelled source images. The adaptation keeps its features and puts
two fresh heads on them, the main and the adversarial; each step then

A. fits features and both heads to the source: the main head to the labels, the adversarial head
   to the main head (`margin` times as much);
B. moves the adversarial head alone on the target, towards where the main head sees the *other*
   joints, so that it disagrees wherever nothing in the features forbids it;
C. moves the features alone on the target, so that the adversarial head agrees again.

What moves apart in B and together in C are predictions for the target that the source does not
pin down. Only the adversarial head talks to the features through a gradient made smaller
(``disparity.scale_gradient``), which grows from 0 while the heads are still fresh.

The reference code runs the target through the backbone twice, for B and for C, with the same
weights and the same images. Here it runs once: B gets the features cut off from the graph, and C
asks the adversarial head again. The same gradients result; the running statistics of BatchNorm in
features and main head take up the target once a step, not twice. (Not so where a batch is cut
into several parts to fit into memory: there C computes the features again, as the reference does.)

Tensor names: B batch, K keypoints, C channels, H W image rows and columns, h w heatmap rows and
columns.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Optimizer

from posesift.adaptation.appearance import normalise
from posesift.adaptation.augment import view
from posesift.adaptation.disparity import ground_false, ground_truth, kl, peak, scale_gradient
from posesift.adaptation.method import Batch, Stage, StepResult
from posesift.adaptation.optimisers import load_optimiser
from posesift.adaptation.regda_optimisers import (
    adaptation_optimisers,
    set_rates,
    warmup_optimisers,
)
from posesift.adaptation.regda_settings import RegDASettings
from posesift.adaptation.supervised import LabelledViews, labelled_views
from posesift.adaptation.two_heads import TwoHeads
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.runtime import Runtime

AGREE = 0.05  # of the crop's side: heads closer than this agree on a joint


class Seen(NamedTuple):
    """Of a part of the target: its features, if their graph is kept, and the main head's view."""

    features_BChw: Tensor | None
    truth_BKhw: Tensor


class RegDA:
    """Regressive domain adaptation (see the module).

    Args:
        network: with one head; the warm-up trains it, the adaptation takes its features.
        codec: draws and reads the heatmaps.
        settings: see there.

    Attributes:
        network: the given one; from the adaptation on a ``TwoHeads``. Gives logits.

    >>> from posesift.adaptation.runtime import Runtime
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
        settings: RegDASettings = RegDASettings(),  # noqa: B008 (frozen)
    ):
        self.network = network
        self.codec = replace(codec, rounding=True) if settings.parity else codec
        self.settings = settings.in_force()
        self._one_head = network
        self.optimisers: dict[str, Optimizer] = {}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        stages = (
            Stage("warm-up", self.settings.warmup_steps, self.fit_source),
            Stage("adaptation", self.settings.steps, self.adapt, ("source", "target")),
        )
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, runtime: Runtime) -> None:
        """Put the network on the device."""
        self.runtime = runtime
        self.network.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def start_stage(self, stage: Stage) -> None:
        """Two heads for the adaptation, and fresh optimisers."""
        setup = self.runtime.setup
        if stage.name == "warm-up":
            self.network = self._one_head
            self._forward = setup(self.network)
            self.optimisers = warmup_optimisers(self.network, self.settings)
        else:
            network = self._two_heads()
            self.network = network
            self._features = setup(network.features)
            self._head, self._head_adv = setup(network.head), setup(network.head_adv)
            self.optimisers = adaptation_optimisers(network, self.settings)
        self.network.train()

    # ---- warm-up

    def fit_source(
        self,
        source_batch: Batch | None,
        target_batch: Batch | None,
        t: float,
        generator: torch.Generator,
    ) -> StepResult:
        """One supervised step on the source batch; the target's is not looked at."""
        assert source_batch is not None
        set_rates(self.optimisers, self.settings, t)
        views = self._labelled_views(source_batch, generator)
        self.optimisers["network"].zero_grad()
        loss = torch.zeros((), device=views.images_B3HW.device)
        for part, share in self.runtime.parts(len(views.images_B3HW)):
            logits_BKhw = self._forward(views.images_B3HW[part])
            distance = share * kl(logits_BKhw, views.target_BKhw[part], views.weight_BK[part])
            self.runtime.backward(distance)
            loss += distance.detach()
        self.optimisers["network"].step()
        return StepResult({"supervised": loss})

    # ---- adaptation

    def adapt(
        self,
        source_batch: Batch | None,
        target_batch: Batch | None,
        t: float,
        generator: torch.Generator,
    ) -> StepResult:
        """Steps A, B and C on a batch of each domain."""
        assert source_batch is not None
        assert target_batch is not None
        settings = self.settings
        set_rates(self.optimisers, settings, t)
        weight = settings.adversarial_factor(t)

        source = self._labelled_views(source_batch, generator)
        supervised, source_disparity = self._step_a(source, weight)

        looks = settings.target_augmentation or settings.augmentation
        target_B3HW, _ = view(target_batch["image"], looks, generator)
        weight_BK = self._target_weight(target_batch)
        seen, false_disparity, agreement = self._step_b(target_B3HW, weight_BK)
        target_disparity = self._step_c(target_B3HW, seen, weight_BK, weight)
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

    def _step_a(self, source: LabelledViews, weight: float) -> tuple[Tensor, Tensor]:
        """Both heads and the features on the source; the supervised loss and the disparity."""
        settings = self.settings
        supervised = torch.zeros((), device=source.images_B3HW.device)
        disparity = torch.zeros_like(supervised)
        for optimiser in self.optimisers.values():
            optimiser.zero_grad()
        for part, share in self.runtime.parts(len(source.images_B3HW)):
            weight_BK = source.weight_BK[part]
            features_BChw = self._features(source.images_B3HW[part])
            main_BKhw = self._head(features_BChw)
            adversarial_BKhw = self._head_adv(scale_gradient(features_BChw, weight))
            fit = share * kl(main_BKhw, source.target_BKhw[part], weight_BK)
            truth_BKhw = ground_truth(self._pseudo_cell(main_BKhw), self.codec)
            apart = share * kl(adversarial_BKhw, truth_BKhw, weight_BK, settings.epsilon)
            self.runtime.backward(fit + settings.margin * settings.trade_off * apart)
            supervised += fit.detach()
            disparity += apart.detach()
        for optimiser in self.optimisers.values():
            optimiser.step()
        return supervised, disparity

    def _step_b(self, target_B3HW: Tensor, weight_BK: Tensor) -> tuple[list[Seen], Tensor, Tensor]:
        """The adversarial head on the target: away from the main head.

        Returns:
            What C goes on with, part by part; the disparity to the ground false; and the share
            of joints on which the heads agree.
        """
        settings, network = self.settings, self.network
        assert isinstance(network, TwoHeads)
        parts = self.runtime.parts(len(target_B3HW))
        seen: list[Seen] = []
        disparity = torch.zeros((), device=target_B3HW.device)
        agreement = torch.zeros_like(disparity)
        self.optimisers["head_adv"].zero_grad()
        for part, share in parts:
            # the graph of one part is kept for C; those of several would not fit into memory,
            # which is why there are several
            graph = len(parts) == 1
            forward = self._features if graph else partial(self._look, network.features)
            features_BChw = forward(target_B3HW[part])
            cell_BK2 = self._pseudo_cell(self._look(network.head, features_BChw))
            truth_BKhw = ground_truth(cell_BK2, self.codec)
            false_BKhw = ground_false(truth_BKhw)
            adversarial_BKhw = self._head_adv(features_BChw.detach())
            apart = share * kl(adversarial_BKhw, false_BKhw, weight_BK[part], settings.epsilon)
            self.runtime.backward(settings.trade_off * apart)
            disparity += apart.detach()
            gap_BK = (peak(adversarial_BKhw.detach())[0] - cell_BK2).float().norm(dim=-1)
            agreement += share * (gap_BK < AGREE * self.codec.cells).float().mean()
            seen.append(Seen(features_BChw if graph else None, truth_BKhw))
        self.optimisers["head_adv"].step()
        return seen, disparity, agreement

    def _step_c(
        self, target_B3HW: Tensor, seen: list[Seen], weight_BK: Tensor, weight: float
    ) -> Tensor:
        """The features on the target: so that the adversarial head comes back; the disparity."""
        settings, network = self.settings, self.network
        assert isinstance(network, TwoHeads)
        disparity = torch.zeros((), device=target_B3HW.device)
        # the head as B left it, held still: gradients pass through it and leave none
        still = {name: value.detach() for name, value in network.head_adv.named_parameters()}
        self.optimisers["features"].zero_grad()
        parts = self.runtime.parts(len(target_B3HW))
        for (part, share), (features_BChw, truth_BKhw) in zip(parts, seen, strict=True):
            if features_BChw is None:
                features_BChw = self._features(target_B3HW[part])
            scaled_BChw = scale_gradient(features_BChw, weight)
            with self.runtime.autocast():
                adversarial_BKhw = functional_call(network.head_adv, still, (scaled_BChw,))
            apart = share * kl(adversarial_BKhw, truth_BKhw, weight_BK[part], settings.epsilon)
            self.runtime.backward(settings.trade_off * apart)
            disparity += apart.detach()
        self.optimisers["features"].step()
        return disparity

    def _look(self, module: nn.Module, inputs: Tensor) -> Tensor:
        """What ``module`` says, in training mode, without a gradient."""
        with torch.no_grad(), self.runtime.autocast():
            return module(inputs).float()

    def _pseudo_cell(self, main_BKhw: Tensor) -> Tensor:
        """Where the main head sees each joint: cell_BK2, no gradient.

        The reference puts a joint whose largest logit is not above 0 into the corner. Under the
        softmax of the loss the sign of a logit means nothing, so only `parity` does that here.
        """
        cell_BK2, height_BK = peak(main_BKhw.detach())
        if self.settings.parity:
            cell_BK2 = cell_BK2 * (height_BK > 0)[..., None]
        return cell_BK2

    def _labelled_views(self, batch: Batch, generator: torch.Generator) -> LabelledViews:
        settings = self.settings
        return labelled_views(batch, settings.augmentation, self.codec, settings.mirror, generator)

    def _target_weight(self, batch: Batch) -> Tensor:
        """Of the target's disparities: ones for all joints (weight_B1), without a look at labels.

        Under `parity` weight_BK, the visibility of the joints, as in the reference: a leak.
        """
        if not self.settings.parity:
            images = batch["image"]
            return torch.ones(len(images), 1, device=images.device)
        if "visible" not in batch:
            raise ValueError(
                "RegDA with parity weighs the target's losses by the visibility of its joints, as "
                "the reference code does, but the target's batches hold none; leave parity out, "
                "which needs no labels of the target"
            )
        return batch["visible"].float()

    # ---- prediction and state

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """keypoints_BK2 in crop pixels and confidence_BK in [0, 1] of uint8 crops.

        Logits have no zero, and the codec reads heights above 0. Their softmax is what the loss
        compares with a bump divided by its sum, 2 pi sigma^2 cells; times that sum it is the
        bump, of height 1 where the network is as sure of a joint as its targets were.
        """
        logits_BKhw = self.runtime.infer(
            self.network, normalise(images_B3HW.to(self.runtime.device))
        )
        share_BKhw = logits_BKhw.flatten(2).softmax(-1).view_as(logits_BKhw)
        bump = 2 * math.pi * self.codec.sigma**2
        keypoints_BK2, confidence_BK = self.codec.decode(bump * share_BKhw)
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
        for name, optimiser in self.optimisers.items():
            load_optimiser(optimiser, state["optimisers"][name])
