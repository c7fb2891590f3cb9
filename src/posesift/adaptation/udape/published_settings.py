"""The numbers of UDAPE's published code."""

from __future__ import annotations

from dataclasses import dataclass

from posesift.adaptation.udape.published_views import BODIES, ParityViews


@dataclass(frozen=True, kw_only=True)
class UDAPEParitySettings:
    """The published settings of bodies, at batches of 32.

    Attributes:
        warmup_steps: of the supervised stage: 40 epochs of 500.
        steps: of the adaptation: 30 epochs of 500.
        steps_before: steps that the network came with, counted where the rate falls.
        learning_rate: of Adam. Its moments live through the change of stage where one method
            does both; a run that starts from another's network (`posesift compare`, where the
            adaptation is a run of its own) begins with none.
        drops: steps, counted over both stages, at which the rate falls to a tenth.
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
    steps_before: int = 0
    learning_rate: float = 1e-4
    drops: tuple[int, ...] = (22_000, 29_500)
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
