"""What the target has and the source lacks, worked out once for all of a page that speaks of it.

N target poses that were looked at, K keypoints, A angles, R ranked poses, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesift.evaluation import coverage
from posesift.evaluation.coverage import Coverage
from posesift.evaluation.evalpose import MINIMUM_ANGLES
from posesift.poses.angles import joint_angles
from posesift.report import drawing, samples
from posesift.report.blocks import Picture
from posesift.report.pose_sets import Outcome, PoseSet
from posesift.report.summary.rare_poses import spoken
from posesift.report.wording import number

SHOWN = 12
CONTROLS = 2


@dataclass(frozen=True)
class Control:
    """What predictions alone would have said, without labels.

    Attributes:
        label: of the model that predicted.
        lacking: of the N poses, how many the source lacks by their predictions.
        found: of the poses lacking by labels, how many lack by predictions too.
    """

    label: str
    lacking: int
    found: int


@dataclass(frozen=True)
class Lacking:
    """The coverage of a target by a source, with the poses to render next in pictures.

    Attributes:
        source: poses that cover.
        target: poses to be covered.
        coverage: rows count in the two sets.
        angles_NA: of the target, in degrees, as they were compared.
        predicted_by: the model whose predictions stand in for the labels that the target does not
            have; "" where the labels are compared.
        controls: of models that never saw the target's labels.
        pictures: of the first ranked poses.
        nearest: picture of the source pose nearest to each of them, None where there is none.
        problem: why images are missing, or "".
    """

    source: PoseSet
    target: PoseSet
    coverage: Coverage
    angles_NA: NDArray[np.float64]
    predicted_by: str
    controls: list[Control]
    pictures: list[Picture]
    nearest: list[Picture | None]
    problem: str

    @property
    def row_R(self) -> NDArray[np.int64]:
        """Rows of the ranked poses in the target's set, most useful first."""
        return self.coverage.row_N[self.coverage.ranked_R]

    @property
    def mode_N(self) -> NDArray | None:
        """What each of the N poses shows, where the data say so."""
        mode = self.target.table.mode_N
        return None if mode is None else mode[self.coverage.row_N].astype(str)

    @property
    def first_to_half(self) -> int:
        """How many entries of the list stand for half of what is lacking."""
        return int(np.searchsorted(self.coverage.share_reached_R, 0.5)) + 1


def of(source: PoseSet | None, target: PoseSet | None) -> Lacking | str:
    """Compare two sets; why they cannot be compared, or "" where one of them is not at hand."""
    if source is None or target is None:
        return ""
    if not source.table.skeleton.same_as(target.table.skeleton):
        return (
            "Source and target have different skeletons, so their poses cannot be compared: "
            f"{source.table.skeleton.difference(target.table.skeleton)}."
        )
    free = [o for o in target.outcomes if o.predicted_NK2 is not None and not o.oracle]
    angles_NA, predicted = target.angles_NA, None
    if not _placed(angles_NA).any():
        if not free:
            return f"No pose of the target defines the {MINIMUM_ANGLES} joint angles it needs."
        predicted, angles_NA = free[0], _angles(target, free[0])
    found = coverage.cover(angles_NA, source.angles_NA)
    shown = found.ranked_R[:SHOWN]
    pictures, problem = _targets(target, found.row_N[shown], predicted)
    nearest, without = _sources(source, found.nearest_row_N[shown], found.nearest_deg_N[shown])
    return Lacking(
        source=source,
        target=target,
        coverage=found,
        angles_NA=angles_NA,
        predicted_by=predicted.label if predicted else "",
        controls=[] if predicted else [_control(o, source, target, found) for o in free[:CONTROLS]],
        pictures=pictures,
        nearest=nearest,
        problem=problem or without,
    )


def _control(outcome: Outcome, source: PoseSet, target: PoseSet, found: Coverage) -> Control:
    predicted_NA = _angles(target, outcome)[found.row_N]
    lacking_N = coverage.lacks(predicted_NA, source.angles_NA, found.radius_deg, found.needed)
    return Control(
        label=outcome.label,
        lacking=int(lacking_N.sum()),
        found=int((lacking_N & ~found.covered_N).sum()),
    )


def _angles(target: PoseSet, outcome: Outcome) -> NDArray[np.float64]:
    """Angles of the predicted poses, whole: a model says something of every keypoint."""
    assert outcome.predicted_NK2 is not None
    finite_NK = np.asarray(np.isfinite(outcome.predicted_NK2).all(axis=-1))
    return joint_angles(outcome.predicted_NK2, finite_NK, target.table.skeleton.triplets)


def _placed(angles_NA: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (~np.isnan(angles_NA)).sum(axis=1) >= MINIMUM_ANGLES


def _targets(
    target: PoseSet, rows: NDArray[np.int64], predicted: Outcome | None
) -> tuple[list[Picture], str]:
    """Target poses as labelled, or as predicted on the crop that the model saw."""
    crops = samples.crops(target.table, rows, near=predicted is None)
    keypoints, visible, side = crops.keypoints_MK2, crops.visible_MK, crops.side
    if predicted is not None and predicted.predicted_NK2 is not None:
        keypoints, side = predicted.predicted_NK2[rows], predicted.side
        visible = np.asarray(np.isfinite(keypoints).all(axis=-1))
    pictures = []
    for i, row in enumerate(rows):
        shows = spoken(str(target.table.mode_N[row])) if target.table.mode_N is not None else ""
        alt = f"Target pose {i + 1} to render{': ' + shows if shows else ''}"
        caption = [f"{i + 1}. {shows}" if shows else f"{i + 1}"]
        pictures.append(_drawn(crops, i, keypoints[i], visible[i], side, alt, caption))
    return pictures, target.problem or crops.shortfall


def _sources(
    source: PoseSet, rows: NDArray[np.int64], distance_deg: NDArray[np.float64]
) -> tuple[list[Picture | None], str]:
    """The nearest source pose of each, with its distance below."""
    known = np.flatnonzero(rows >= 0)
    crops = samples.crops(source.table, rows[known], near=True)
    pictures: list[Picture | None] = [None] * len(rows)
    for i, place in enumerate(known):
        away = f"{number(float(distance_deg[place]))}°"
        alt = f"Nearest source pose to {place + 1}, {away} away"
        keypoints, visible = crops.keypoints_MK2[i], crops.visible_MK[i]
        pictures[place] = _drawn(crops, i, keypoints, visible, crops.side, alt, [f"{away} away"])
    return pictures, crops.shortfall


def _drawn(
    crops: samples.Crops,
    i: int,
    keypoints_K2: np.ndarray,
    visible_K: np.ndarray,
    side: float,
    alt: str,
    caption: list[str],
) -> Picture:
    if crops.images[i] is None:
        keypoints_K2, side = drawing.framing(keypoints_K2, visible_K)
    return drawing.picture(
        crops.skeleton,
        keypoints_K2,
        visible_K,
        side=float(side),
        image=crops.images[i],
        alt=alt,
        caption=caption,
    )
