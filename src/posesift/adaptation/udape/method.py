"""UDAPE: a mean teacher, stylisation both ways, and adaptive occlusion.

Kim et al., "A unified framework for domain adaptive pose estimation", ECCV 2022. What is
different from the published code, which ``udape.published`` reproduces: pseudo-labels are
coordinates mapped between views in closed form, drawn in the student's frame, and left out where
they fall outside of it; the teacher predicts with averaged BatchNorm statistics; the confidence
mask is one of each joint, not of all together, which would drop exactly the hard ones; the
occluding patch is pasted where the joint is.

Tensor names: B batch, K keypoints, H W image rows and columns, h w heatmap rows and columns,
2 = (x, y), 23 = the matrix of an affine map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from posesift.adaptation.supervised import fit_views, labelled_views, mean_square
from posesift.adaptation.training.method import (
    BOTH,
    Batches,
    Method,
    Stage,
    StepResult,
    with_steps,
)
from posesift.adaptation.training.optimisers import adamw, ramp, set_rate, trapezoid
from posesift.adaptation.udape.mean_teacher import MeanTeacher, decay_for
from posesift.adaptation.udape.occlusion import occlude
from posesift.adaptation.udape.pseudo_labels import pseudo_labels
from posesift.adaptation.udape.settings import UDAPESettings
from posesift.adaptation.views.augment import view
from posesift.networks.batchnorm import running_statistics_taken
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime


class UDAPE(Method):
    """Supervised warm-up, then a mean teacher on unlabelled target images (see the module).

    Args:
        network: of the student; a trained one when the warm-up is left out.
        codec: of its heatmaps.
        settings: see `UDAPESettings`.
        style: gives one batch the look of another (`posesift.networks.style`); None: no
            stylisation.
    """

    def __init__(
        self,
        network: nn.Module,
        codec: HeatmapCodec,
        settings: UDAPESettings = UDAPESettings(),
        style: nn.Module | None = None,
    ):
        super().__init__(network, codec)
        self.student = network
        self.teacher: MeanTeacher | None = None
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
        """Put the networks on the device."""
        super().prepare(runtime)
        if self.style is not None:
            self.style = self.style.to(runtime.device).eval()

    def start_stage(self, stage: Stage) -> None:
        """Make a fresh optimiser; for the second stage the teacher, a copy of the student."""
        settings = self.settings
        if stage.name == "adaptation":
            decay = decay_for(stage.steps) if settings.decay is None else settings.decay
            self.teacher = MeanTeacher(self.student, decay)
            self.network = self.teacher.network
        self.rate = settings.rate_of(stage)
        self.optimiser = adamw(
            self.student,
            self.rate,
            settings.weight_decay,
            backbone_speed=settings.backbone_speed,
        )
        self.student.train()

    def warm_up(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Take a supervised step on source views, some of them in the look of target images."""
        settings = self.settings
        set_rate(self.optimiser, self.rate * trapezoid(t))
        views = labelled_views(
            batch["source"], settings.augmentation, self.codec, settings.mirror, generator
        )
        if self.style is not None:
            looks_B3HW, _ = view(batch["target"]["image"], settings.teacher, generator)
            stylised_B3HW = self._stylised(views.images_B3HW, looks_B3HW, generator)
            views = views._replace(images_B3HW=stylised_B3HW)
        loss = fit_views(self.forward, self.optimiser, views, self.runtime, settings.loss_scale)
        return StepResult({"supervised": loss})

    def adapt(self, batch: Batches, t: float, generator: torch.Generator) -> StepResult:
        """Learn from the source's labels, and from the teacher's on the target."""
        assert self.teacher is not None
        settings, side = self.settings, self.codec.side
        set_rate(self.optimiser, self.rate * trapezoid(t))

        # 1. views: labelled source; student and teacher of the same target crops
        source_B3HW, target_BKhw, weight_BK = labelled_views(
            batch["source"], settings.augmentation, self.codec, settings.mirror, generator
        )
        student_B3HW, student_B23 = view(batch["target"]["image"], settings.student, generator)
        teacher_B3HW, teacher_B23 = view(batch["target"]["image"], settings.teacher, generator)
        if self.style is not None:  # both ways, each from what the other was before
            looks_B3HW = source_B3HW
            source_B3HW = self._stylised(source_B3HW, teacher_B3HW, generator)
            teacher_B3HW = self._stylised(teacher_B3HW, looks_B3HW, generator)

        # 2. the teacher's keypoints, in the student's frame
        heatmaps_BKhw = self.runtime.infer(self.teacher.network, teacher_B3HW)
        keypoints_BK2, confidence_BK = self.codec.decode(heatmaps_BKhw)
        labels = pseudo_labels(
            keypoints_BK2,
            confidence_BK,
            teacher_B23,
            student_B23,
            side,
            settings.mirror,
            keep=settings.keep,
            scope=settings.mask,
            gather=self.runtime.gather,
        )
        pseudo_BKhw, trust_BK = self.codec.encode(labels.keypoints_BK2, labels.trusted_BK)

        # 3. hide one joint that the teacher is sure of
        if settings.occlusion_rate:
            student_B3HW = occlude(
                student_B3HW,
                labels.keypoints_BK2,
                labels.trusted_BK,
                generator,
                rate=settings.occlusion_rate,
                size=settings.occlusion_size,
            )

        # 4. one step of the student, one of the teacher
        weight = settings.consistency * ramp(t, settings.ramp_up)
        self.optimiser.zero_grad()
        losses = torch.zeros(2, device=source_B3HW.device)
        for part, share in self.runtime.parts(len(source_B3HW)):
            on_source_BKhw, on_target_BKhw = self._both(source_B3HW[part], student_B3HW[part])
            supervised = mean_square(on_source_BKhw, target_BKhw[part], weight_BK[part])
            consistency = mean_square(on_target_BKhw, pseudo_BKhw[part], trust_BK[part])
            scale = settings.loss_scale * share
            self.runtime.backward(scale * (supervised + weight * consistency))
            losses += scale * torch.stack([supervised.detach(), consistency.detach()])
        self.optimiser.step()
        self.teacher.update()

        supervised, consistency = losses
        return StepResult(
            {"supervised": supervised, "consistency": consistency},
            {
                "confidence": confidence_BK.mean(),
                "trusted": labels.trusted_BK.float().mean(),
            },
        )

    def _both(self, source_B3HW: Tensor, target_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        """Give the student's heatmaps of both domains; see `UDAPESettings.domain_statistics`."""
        if self.settings.domain_statistics:
            with running_statistics_taken(self.student, 0):
                on_source_BKhw = self.forward(source_B3HW)
            return on_source_BKhw, self.forward(target_B3HW)
        both_BKhw = self.forward(torch.cat([source_B3HW, target_B3HW]))
        return both_BKhw[: len(source_B3HW)], both_BKhw[len(source_B3HW) :]

    def _stylised(
        self, images_B3HW: Tensor, looks_B3HW: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Give the first samples of a batch the look of others; batches come in random order."""
        assert self.style is not None
        count = round(self.settings.style_rate * len(images_B3HW))
        if count == 0:
            return images_B3HW
        strength_B = torch.rand(count, generator=generator, device=generator.device)
        with self.runtime.autocast():
            stylised_B3HW = self.style(images_B3HW[:count], looks_B3HW[-count:], strength_B)
        return torch.cat([stylised_B3HW.float(), images_B3HW[count:]])

    def state_dict(self) -> dict[str, Any]:
        """Give what predicts and the optimiser; from the second stage on also the student."""
        state = super().state_dict()
        if self.teacher is not None:
            state |= {"student": self.student.state_dict(), "updates": self.teacher.updates}
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state of the same stage."""
        super().load_state_dict(state)
        if self.teacher is not None:
            self.student.load_state_dict(state["student"])
            self.teacher.updates = state["updates"]

    def load_network(self, state: dict[str, Tensor]) -> None:
        """Take up the trained network of a run, as the student."""
        self.student.load_state_dict(state)
