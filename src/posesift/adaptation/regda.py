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
features and main head take up the target once a step, not twice.

Tensor names: B batch, K keypoints, C channels, H W image rows and columns, h w heatmap rows and
columns.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from posesift.adaptation.appearance import normalise
from posesift.adaptation.augment import view
from posesift.adaptation.disparity import ground_false, ground_truth, kl, peak, scale_gradient
from posesift.adaptation.method import Batch, Stage, StepResult
from posesift.adaptation.optimisers import adamw, load_optimiser, set_rate
from posesift.adaptation.regda_settings import RegDASettings
from posesift.adaptation.supervised import LabelledViews, labelled_views
from posesift.adaptation.two_heads import TwoHeads
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.runtime import Runtime

AGREE = 0.05  # of the crop's side: heads closer than this agree on a joint


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
        settings, setup = self.settings, self.runtime.setup
        if stage.name == "warm-up":
            self.network = self._one_head
            self._forward = setup(self.network)
            self.optimisers = {"network": self._warmup_optimiser()}
        else:
            network = self._two_heads()
            self.network = network
            self._features = setup(network.features)
            self._head, self._head_adv = setup(network.head), setup(network.head_adv)
            speeds = (1.0, settings.head_speed, settings.adversarial_speed)
            self._rates = {
                part: speed * settings.adaptation_learning_rate
                for part, speed in zip(("features", "head", "head_adv"), speeds, strict=True)
            }
            self.optimisers = {
                part: self._optimiser(getattr(network, part), rate)
                for part, rate in self._rates.items()
            }
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
        optimiser, rate = self.optimisers["network"], self.settings.learning_rate
        set_rate(optimiser, rate * self.settings.warmup_factor(t))
        for group in optimiser.param_groups:
            group["lr"] *= group.get("speed", 1.0)
        views = self._labelled_views(source_batch, generator)
        optimiser.zero_grad()
        loss = torch.zeros((), device=views.images_B3HW.device)
        for part, share in self.runtime.parts(len(views.images_B3HW)):
            logits_BKhw = self._forward(views.images_B3HW[part])
            distance = share * kl(logits_BKhw, views.target_BKhw[part], views.weight_BK[part])
            self.runtime.backward(distance)
            loss += distance.detach()
        optimiser.step()
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
        for name, optimiser in self.optimisers.items():
            set_rate(optimiser, self._rates[name] * settings.adaptation_factor(t, name))
        weight = settings.adversarial_factor(t)

        source = self._labelled_views(source_batch, generator)
        supervised, source_disparity = self._step_a(source, weight)

        looks = settings.target_augmentation or settings.augmentation
        target_B3HW, _ = view(target_batch["image"], looks, generator)
        target_disparity, false_disparity, agreement = self._steps_b_c(
            target_B3HW, self._target_weight(target_batch), weight
        )
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

    def _steps_b_c(
        self, target_B3HW: Tensor, weight_BK: Tensor, weight: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The target's disparity of C (to the truth), that of B (to the false), the agreement.

        One pass through the features serves both, if the batch is in one part. Of several parts
        each graph would have to wait for step B's optimiser, and nothing be saved in memory; so
        C then computes the features once more, as the reference does.
        """
        settings, network = self.settings, self.network
        assert isinstance(network, TwoHeads)
        parts = self.runtime.parts(len(target_B3HW))
        kept: list[tuple[Tensor, Tensor]] = []
        disparity = torch.zeros((), device=target_B3HW.device)
        false_disparity, agreement = torch.zeros_like(disparity), torch.zeros_like(disparity)

        self.optimisers["head_adv"].zero_grad()
        for part, share in parts:
            with torch.set_grad_enabled(len(parts) == 1):
                features_BChw = self._features(target_B3HW[part])
            with torch.no_grad():
                main_BKhw = self._head(features_BChw)
            cell_BK2 = self._pseudo_cell(main_BKhw)
            truth_BKhw = ground_truth(cell_BK2, self.codec)
            adversarial_BKhw = self._head_adv(features_BChw.detach())
            apart = share * kl(
                adversarial_BKhw, ground_false(truth_BKhw), weight_BK[part], settings.epsilon
            )
            self.runtime.backward(settings.trade_off * apart)
            false_disparity += apart.detach()
            gap_BK = (peak(adversarial_BKhw.detach())[0] - cell_BK2).float().norm(dim=-1)
            agreement += share * (gap_BK < AGREE * self.codec.cells).float().mean()
            kept.append((features_BChw, truth_BKhw))
        self.optimisers["head_adv"].step()

        # as it now is, and held still: gradients pass through it and leave none
        head_adv = {name: value.detach() for name, value in network.head_adv.named_parameters()}
        self.optimisers["features"].zero_grad()
        for (part, share), (features_BChw, truth_BKhw) in zip(parts, kept, strict=True):
            if len(parts) > 1:
                features_BChw = self._features(target_B3HW[part])
            with self.runtime.autocast():
                adversarial_BKhw = torch.func.functional_call(
                    network.head_adv, head_adv, (scale_gradient(features_BChw, weight),)
                )
            apart = share * kl(adversarial_BKhw, truth_BKhw, weight_BK[part], settings.epsilon)
            self.runtime.backward(settings.trade_off * apart)
            disparity += apart.detach()
        self.optimisers["features"].step()
        return disparity, false_disparity, agreement

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

    # ---- optimisers

    def _optimiser(self, parameters: nn.Module | list[nn.Parameter], rate: float) -> Optimizer:
        decay = self.settings.weight_decay
        if self.settings.optimiser == "adamw":
            return adamw(parameters, rate, decay)
        if isinstance(parameters, nn.Module):
            parameters = list(parameters.parameters())
        return SGD(parameters, rate, momentum=0.9, nesterov=True, weight_decay=decay)

    def _warmup_optimiser(self) -> Optimizer:
        """Of the network with one head; a backbone is a group of its own."""
        backbone = getattr(self.network, "backbone", None)
        slow = list(backbone.parameters()) if isinstance(backbone, nn.Module) else []
        numbers = {id(parameter) for parameter in slow}
        rest = [value for value in self.network.parameters() if id(value) not in numbers]
        optimiser = self._optimiser(rest, self.settings.learning_rate)
        if slow:
            optimiser.add_param_group({"params": slow, "speed": self.settings.backbone_speed})
        return optimiser

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
