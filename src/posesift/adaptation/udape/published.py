"""UDAPE as its published code computes it: the reference that `UDAPE` is compared with.

Kim, Wang, Saenko, Betke, Sclaroff, "A Unified Framework for Domain Adaptive Pose Estimation",
ECCV 2022. It differs from `UDAPE` (which maps coordinates and warps no heatmap) in all that is
named here. Heatmaps of teacher and student are resampled back into the frame of the crop. The
occluding patch misses its joint by three quarters of the view's shift. The teacher computes with
the statistics of its batch, only its parameters are averaged, and labels are masked by one
threshold for all joints of the batch. Learning rates fall at absolute steps.

The code picks the start of the adaptation by the target's test labels; here it is the last step
of the warm-up. Sizes given for crops of 256 pixels are scaled with the side.

Tensor names: B batch, K keypoints, H W image rows and columns, h w heatmap rows and columns,
2 = (x, y), N the samples of all ranks.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from posesift.adaptation.supervised import LabelledViews, fit_views, mean_square
from posesift.adaptation.training.method import BOTH, Batch, Batches, Stage, StepResult, with_steps
from posesift.adaptation.training.published import Published, PublishedSettings
from posesift.adaptation.views.published import BODIES, ParityViews
from posesift.adaptation.views.published_warps import occlude, unwarp
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

NAMES = ("supervised", "consistency")


@dataclass(frozen=True, kw_only=True)
class UDAPEParitySettings(PublishedSettings):
    """The published settings of bodies: 40 epochs in the supervised stage, 30 in the adaptation.

    Attributes:
        views: of images, see `ParityViews`.
        masked: share of the labels of a batch that is left out, the least confident.
        teacher_views: heatmaps that the teacher's label is the mean of.
        decay: weight of the teacher's past.
        occlude_rate: probability of an occlusion, where a joint is confident enough.
        occlude_from: confidence of a joint that may be occluded.
        source_style: probability of a source batch in the target's style.
        target_style: probability of teacher's views in the source's style.
        style_strength: range of the one strength of a batch.
    """

    warmup_steps: int = 20_000
    steps: int = 15_000
    learning_rate: float = 1e-4
    views: ParityViews = BODIES
    masked: float = 0.5
    teacher_views: int = 1
    decay: float = 0.999
    occlude_rate: float = 0.5
    occlude_from: float = 0.9
    source_style: float = 0.5
    target_style: float = 0.5
    style_strength: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not 0 < self.masked <= 1:
            raise ValueError(
                f"expected a masked share of labels above 0 and up to 1, found {self.masked}; "
                "the published mask has no value below the first"
            )
        if self.teacher_views < 1:
            raise ValueError(f"expected at least 1 teacher view, found {self.teacher_views}")


class UDAPEParity(Published):
    """The published algorithm (see the module and `Published`).

    Args:
        network: the student; the teacher begins as its copy when the adaptation begins.
        codec: with ``rounding=True``, the published rule for heatmaps.
        settings: of the training.
        style: ``style(content_B3HW, style_B3HW, strength_B)`` on normalised images, or None.

    Raises:
        ValueError: the codec does not round.
    """

    def __init__(
        self,
        network: nn.Module,
        codec: HeatmapCodec,
        settings: UDAPEParitySettings = UDAPEParitySettings(),
        style: nn.Module | None = None,
    ):
        super().__init__(network, codec, settings)
        self.student = network
        self.teacher = copy.deepcopy(network).requires_grad_(False)
        self.settings, self.style = settings, style

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        looks = BOTH if self.style else ("source",)
        return with_steps(
            Stage("warm-up", self.settings.warmup_steps, self.warm_up, looks),
            Stage("adaptation", self.settings.steps, self.adapt, BOTH),
        )

    def prepare(self, runtime: Runtime) -> None:
        """Put the networks on the device, and make the one optimiser of both stages."""
        super().prepare(runtime)
        for module in (self.teacher, self.style):
            if module is not None:
                module.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def start_stage(self, stage: Stage) -> None:
        """Begin the adaptation with the student as teacher, which stays in train mode."""
        self.student.train()
        if stage.name == "adaptation":
            self.teacher.load_state_dict(self.student.state_dict())
            self.network = self.teacher.train()

    def warm_up(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Take a supervised step; with a style, half of the batches look like target images."""
        settings = self.settings
        coins = random.Random(generator.initial_seed())
        self.set_rate("warm-up", t)
        views = self._labelled(batch["source"], generator)
        if self.style is not None and coins.random() < settings.source_style:
            crops_B3HW, _ = settings.views.crop(batch["target"]["image"], generator)
            look_B3HW, _ = settings.views.view(crops_B3HW, generator)
            stylised_B3HW = self._stylised(views.images_B3HW, look_B3HW, coins)
            views = views._replace(images_B3HW=stylised_B3HW)
        loss = fit_views(self.forward, self.optimiser, views, self.runtime, scale=0.5)
        return StepResult({"supervised": loss})

    def adapt(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Learn from the source's labels, and from the teacher's in the frame of the crop."""
        settings, codec = self.settings, self.codec
        coins = random.Random(generator.initial_seed())
        self.set_rate("adaptation", t)

        images_B3HW, target_BKhw, weight_BK = self._labelled(batch["source"], generator)
        crops_B3HW, _ = settings.views.crop(batch["target"]["image"], generator)
        student_B3HW, student_warp = settings.views.view(crops_B3HW, generator)
        views = [settings.views.view(crops_B3HW, generator) for _ in range(settings.teacher_views)]
        plain_B3HW, look_B3HW = images_B3HW, views[0][0]
        if self.style is not None and coins.random() < settings.source_style:
            images_B3HW = self._stylised(plain_B3HW, look_B3HW, coins)
        if self.style is not None and coins.random() < settings.target_style:
            views = [(self._stylised(v_B3HW, plain_B3HW, coins), warp) for v_B3HW, warp in views]

        with torch.no_grad():  # and no autocast: the teacher computes in float32
            heatmaps_BKhw = torch.stack(
                [unwarp(self.teacher(v_B3HW), warp.divided(codec.stride)) for v_B3HW, warp in views]
            ).mean(0)
        keypoints_BK2, confidence_BK = codec.decode(heatmaps_BKhw)
        rectified_BKhw, _ = codec.encode(keypoints_BK2, torch.ones_like(confidence_BK))
        kept_BK = most_confident(confidence_BK, settings.masked, self.runtime.gather)
        student_B3HW = occlude(
            student_B3HW,
            student_warp.divided(codec.stride),  # as published: the shift of heatmaps, not images
            keypoints_BK2,
            confidence_BK >= settings.occlude_from,
            settings.occlude_rate,
            generator,
        )

        losses = {name: torch.zeros((), device=look_B3HW.device) for name in NAMES}
        self.optimiser.zero_grad()
        sources = self.runtime.parts(len(images_B3HW))
        targets = self.runtime.parts(len(student_B3HW))
        for (s, s_share), (u, u_share) in zip(sources, targets, strict=True):
            found_BKhw = self.forward(images_B3HW[s])
            supervised = s_share * mean_square(found_BKhw, target_BKhw[s], weight_BK[s]) / 2
            found_BKhw = self.forward(student_B3HW[u])
            found_BKhw = unwarp(found_BKhw, student_warp.part(u).divided(codec.stride))
            consistency = u_share * mean_square(found_BKhw, rectified_BKhw[u], kept_BK[u])
            self.runtime.backward(supervised + consistency)
            for name, error in zip(NAMES, (supervised, consistency), strict=True):
                losses[name] += error.detach()
        self.optimiser.step()
        self._follow()
        return StepResult(losses, {"confidence": confidence_BK.mean()})

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the teacher's parameters towards the student's; its buffers are its own."""
        mine: list[Tensor] = list(self.teacher.parameters())
        theirs: list[Tensor] = list(self.student.parameters())
        get_ema_multi_avg_fn(self.settings.decay)(mine, theirs, 0)

    def _labelled(self, batch: Batch, generator: torch.Generator) -> LabelledViews:
        """Draw views of a labelled batch, their heatmaps, and the weights of these."""
        side = self.codec.side
        crops_B3HW, crop = self.settings.views.crop(batch["image"], generator)
        images_B3HW, warp = self.settings.views.view(crops_B3HW, generator)
        keypoints_BK2 = warp.points(crop.points(batch["keypoints"], side), side)
        return LabelledViews(images_B3HW, *self.codec.encode(keypoints_BK2, batch["visible"]))

    def _stylised(self, content_B3HW: Tensor, look_B3HW: Tensor, coins: random.Random) -> Tensor:
        """Give ``content`` the style of ``look``, image by image, at one strength a batch."""
        assert self.style is not None
        strength_B = torch.full_like(
            content_B3HW[:, 0, 0, 0], coins.uniform(*self.settings.style_strength)
        )
        return self.style(content_B3HW, look_B3HW, strength_B)

    def load_network(self, state: dict[str, Tensor]) -> None:
        """Take up the trained network of a run, as student and as teacher."""
        self.student.load_state_dict(state)
        self.teacher.load_state_dict(state)

    def state_dict(self) -> dict[str, Any]:
        """Networks and optimiser; ``"network"`` is the teacher once there is one."""
        state = super().state_dict()
        if self.network is self.teacher:
            state["student"] = self.student.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state of the same stage."""
        super().load_state_dict(state)
        if self.network is self.teacher:
            self.student.load_state_dict(state["student"])


def most_confident(
    confidence_BK: Tensor, masked: float, gather: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Choose the labels above the k-th smallest confidence of the batch, k = int(masked * B * K).

    Ties with that value go with it. Float32, as a weight of `mean_square`. With several ranks
    ``gather`` gives the confidences of all, for the batch is theirs together.

    >>> most_confident(torch.tensor([[0.9, 0.2], [0.8, 0.3]]), 0.5)
    tensor([[1., 0.],
            [1., 0.]])
    """
    all_NK = confidence_BK if gather is None else gather(confidence_BK)
    threshold = all_NK.flatten().kthvalue(max(1, int(masked * all_NK.numel())))
    return (confidence_BK > threshold.values).float()
