"""UDAPE's settings: views, rates, and how far the teacher is trusted."""

from __future__ import annotations

from dataclasses import dataclass

from posesift.adaptation.source_only.method import SourceOnlySettings
from posesift.adaptation.supervised import check_mirror
from posesift.adaptation.udape.pseudo_labels import Scope
from posesift.adaptation.views.augment import STRONG, WEAK, Augmentation


@dataclass(frozen=True, kw_only=True)
class UDAPESettings(SourceOnlySettings):
    """Settings of UDAPE: those of the supervised training, and of the mean teacher.

    Attributes:
        student: augmentation of the views that the student learns the pseudo-labels on.
        teacher: augmentation of the views that the teacher labels.
        consistency: weight of the pseudo-labels' loss, reached after `ramp_up`.
        ramp_up: share of the stage over which that weight rises from 0.
        keep: share of the pseudo-labels that is trusted.
        mask: whether that share is one of each ``"joint"`` or of the whole ``"batch"``.
        domain_statistics: in the mean-teacher stage BatchNorm normalises each domain by its own
            statistics, and what predicts has the target's (Chang et al., "Domain-specific batch
            normalization", 2019); else by those of both together.
        decay: weight of the past in a teacher's update; None: `mean_teacher.decay_for`.
        style_rate: share of each batch that is stylised, in both directions, where there is a
            style.
        occlusion_rate: probability that a student's view has a joint hidden.
        occlusion_size: side of the hiding patch as a share of the image's.
    """

    student: Augmentation = STRONG
    teacher: Augmentation = WEAK
    consistency: float = 1.0
    ramp_up: float = 0.1
    keep: float = 0.5
    mask: Scope = "joint"
    domain_statistics: bool = False
    decay: float | None = None
    style_rate: float = 0.5
    occlusion_rate: float = 0.5
    occlusion_size: float = 0.08

    def __post_init__(self) -> None:
        super().__post_init__()
        for views in (self.student, self.teacher):
            check_mirror(views, self.mirror)
        for name in ("keep", "style_rate", "occlusion_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"expected {name} in [0, 1], found {getattr(self, name)}")
