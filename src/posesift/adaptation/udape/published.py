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
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from posesift.adaptation.losses import mean_square
from posesift.adaptation.optimisers import load_optimiser, set_rate
from posesift.adaptation.training.method import Batch, Stage, StepResult
from posesift.adaptation.udape.published_settings import UDAPEParitySettings
from posesift.adaptation.udape.published_warps import occlude, unwarp
from posesift.adaptation.views.appearance import normalise
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime

NAMES = ("supervised", "consistency")


class UDAPEParity:
    """The published algorithm (see the module); a `Method`.

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
        if not codec.rounding:
            raise ValueError("expected HeatmapCodec(rounding=True), the published rule for targets")
        self.network = self.student = network
        self.teacher = copy.deepcopy(network).requires_grad_(False)
        self.codec, self.settings, self.style = codec, settings, style

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Warm-up and adaptation, those with steps."""
        both = ("source", "target")
        warm_up = both[:1] if self.style is None else both
        stages = (
            Stage("warm-up", self.settings.warmup_steps, self.warm_up, warm_up),
            Stage("adaptation", self.settings.steps, self.adapt, both),
        )
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, runtime: Runtime) -> None:
        """Put the networks on the device, and make the one optimiser of both stages."""
        self.runtime = runtime
        self._forward = runtime.setup(self.student)
        self.optimiser = torch.optim.Adam(self.student.parameters(), lr=self.settings.learning_rate)
        for module in (self.teacher, self.style):
            if module is not None:
                module.to(device=runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def start_stage(self, stage: Stage) -> None:
        """The adaptation begins with the student as teacher, which stays in train mode."""
        self.student.train()
        if stage.name == "adaptation":
            self.teacher.load_state_dict(self.student.state_dict())
            self.network = self.teacher.train()

    def warm_up(
        self, source: Batch | None, target: Batch | None, t: float, generator: torch.Generator
    ) -> StepResult:
        """Supervised; with a style, half of the source batches look like target images."""
        assert source is not None
        settings = self.settings
        coins = random.Random(generator.initial_seed())
        self._rate(round(t * settings.warmup_steps))
        images_B3HW, target_BKhw, weight_BK = self._labelled(source, generator)
        if self.style is not None and coins.random() < settings.source_style:
            assert target is not None
            crops_B3HW, _ = settings.views.crop(target["image"], generator)
            look_B3HW, _ = settings.views.view(crops_B3HW, generator)
            images_B3HW = self._stylised(images_B3HW, look_B3HW, coins)
        loss = torch.zeros((), device=images_B3HW.device)
        self.optimiser.zero_grad()
        for part, share in self.runtime.parts(len(images_B3HW)):
            found_BKhw = self._forward(images_B3HW[part])
            error = share * mean_square(found_BKhw, target_BKhw[part], weight_BK[part]) / 2
            self.runtime.backward(error)
            loss += error.detach()
        self.optimiser.step()
        return StepResult({"supervised": loss})

    def adapt(
        self, source: Batch | None, target: Batch | None, t: float, generator: torch.Generator
    ) -> StepResult:
        """Supervised, and consistent with the teacher in the frame of the crop."""
        assert source is not None
        assert target is not None
        settings, codec = self.settings, self.codec
        coins = random.Random(generator.initial_seed())
        self._rate(settings.warmup_steps + round(t * settings.steps))

        images_B3HW, target_BKhw, weight_BK = self._labelled(source, generator)
        crops_B3HW, _ = settings.views.crop(target["image"], generator)
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
            found_BKhw = self._forward(images_B3HW[s])
            supervised = s_share * mean_square(found_BKhw, target_BKhw[s], weight_BK[s]) / 2
            found_BKhw = self._forward(student_B3HW[u])
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
        """The teacher's parameters move towards the student's; its buffers are its own."""
        mine: list[Tensor] = list(self.teacher.parameters())
        theirs: list[Tensor] = list(self.student.parameters())
        get_ema_multi_avg_fn(self.settings.decay)(mine, theirs, 0)

    def _rate(self, step: int) -> None:
        done = step + self.settings.steps_before
        fallen = sum(done >= drop for drop in self.settings.drops)
        set_rate(self.optimiser, self.settings.learning_rate * 0.1**fallen)

    def _labelled(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Views of a labelled batch, their heatmaps, and the weights of these."""
        side = self.codec.side
        crops_B3HW, crop = self.settings.views.crop(batch["image"], generator)
        images_B3HW, warp = self.settings.views.view(crops_B3HW, generator)
        keypoints_BK2 = warp.points(crop.points(batch["keypoints"], side), side)
        return images_B3HW, *self.codec.encode(keypoints_BK2, batch["visible"])

    def _stylised(self, content_B3HW: Tensor, look_B3HW: Tensor, coins: random.Random) -> Tensor:
        """``content`` in the style of ``look``, image by image, at one strength a batch."""
        assert self.style is not None
        strength_B = torch.full_like(
            content_B3HW[:, 0, 0, 0], coins.uniform(*self.settings.style_strength)
        )
        return self.style(content_B3HW, look_B3HW, strength_B)

    def predict(self, images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """keypoints_BK2 in crop pixels and confidence_BK of uint8 crops; BatchNorm in eval mode."""
        heatmaps_BKhw = self.runtime.infer(
            self.network, normalise(images_B3HW.to(self.runtime.device))
        )
        return self.codec.decode(heatmaps_BKhw)

    def load_network(self, state: dict[str, Tensor]) -> None:
        """Take up the trained network of a run; before `prepare` or after it."""
        self.student.load_state_dict(state)
        self.teacher.load_state_dict(state)

    def state_dict(self) -> dict[str, Any]:
        """Networks and optimiser; ``"network"`` is the teacher once there is one."""
        state = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        if self.network is self.teacher:
            state["student"] = self.student.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state of the same stage."""
        self.network.load_state_dict(state["network"])
        if self.network is self.teacher:
            self.student.load_state_dict(state["student"])
        load_optimiser(self.optimiser, state["optimiser"])


def most_confident(
    confidence_BK: Tensor, masked: float, gather: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Which labels are above the k-th smallest confidence of the batch, k = int(masked * B * K).

    Ties with that value go with it. Float32, as a weight of `mean_square`. With several ranks
    ``gather`` gives the confidences of all, for the batch is theirs together.

    >>> most_confident(torch.tensor([[0.9, 0.2], [0.8, 0.3]]), 0.5)
    tensor([[1., 0.],
            [1., 0.]])
    """
    all_NK = confidence_BK if gather is None else gather(confidence_BK)
    threshold = all_NK.flatten().kthvalue(max(1, int(masked * all_NK.numel())))
    return (confidence_BK > threshold.values).float()
