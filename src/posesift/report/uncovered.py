"""What the target has and the source lacks, worked out once for all of a page that speaks of it.

N target poses that were looked at, K keypoints, A angles, R ranked poses, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesift.poses.angles import MINIMUM_ANGLES
from posesift.report.blocks import Picture
from posesift.report.pictures import crops as cropped
from posesift.report.pictures import labelled, on_crop
from posesift.report.pose_sets import Outcome, PoseSet
from posesift.report.wording import number, spoken
from posesift.similarity import coverage
from posesift.similarity.coverage import Coverage
from posesift.similarity.orientation import Poses

SHOWN = 8
CONTROLS = 2
TELLING = (
    0.25  # of the way from the base rate to 1: precision from which predictions tell something
)


@dataclass(frozen=True)
class Control:
    """What predictions alone would have said, without labels.

    Attributes:
        label: of the model that predicted.
        lacking: of the N poses, how many the source lacks by their predictions.
        found: of these, how many lack by labels too.
        base: share of the N poses that lack by labels, 0 to 1: what picking blindly would hit.
    """

    label: str
    lacking: int
    found: int
    base: float

    @property
    def precision(self) -> float | None:
        """Share of the poses lacking by predictions that lack by labels; None of none."""
        return self.found / self.lacking if self.lacking else None

    @property
    def tells(self) -> bool:
        """Whether predictions hit clearly more often than picking blindly, by `TELLING`."""
        return (self.precision or 0.0) - self.base >= TELLING * (1 - self.base)


@dataclass(frozen=True)
class ModeLacking:
    """What is lacking of one mode.

    Attributes:
        mode: as the data name it.
        lacking: how many of its poses the source lacks.
        total: how many poses it has.
    """

    mode: str
    lacking: int
    total: int


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
        pictures: of the first `SHOWN` ranked poses.
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
    def by_mode(self) -> list[ModeLacking]:
        """The modes of which anything is lacking, most first; empty where modes are not known."""
        if self.mode_N is None:
            return []
        names, which_N = np.unique(self.mode_N, return_inverse=True)
        c = self.coverage
        total, lacking = (
            np.bincount(which_N[rows], minlength=len(names)) for rows in (slice(None), ~c.covered_N)
        )
        order = [i for i in np.argsort(-lacking, kind="stable") if lacking[i]]
        return [ModeLacking(str(names[i]), int(lacking[i]), int(total[i])) for i in order]

    @property
    def first_to_half(self) -> int:
        """How many entries of the list stand for half of what is lacking."""
        return int(np.searchsorted(self.coverage.share_reached_R, 0.5)) + 1


def of(source: PoseSet | None, target: PoseSet | None) -> Lacking | str:
    """Compare two sets; why they cannot be compared, or "" where one of them is not available."""
    if source is None or target is None:
        return ""
    if not source.table.skeleton.same_as(target.table.skeleton):
        return (
            "Source and target have different skeletons, so their poses cannot be compared: "
            f"{source.table.skeleton.difference(target.table.skeleton)}."
        )
    free = [o for o in target.outcomes if o.predicted_NK2 is not None and not o.oracle]
    poses, predicted = _labelled(target), None
    if not poses.placed_N.any():
        if not free:
            return f"No pose of the target defines the {MINIMUM_ANGLES} joint angles it needs."
        predicted, poses = free[0], _predicted(target, free[0])
    covering = _labelled(source)
    found = coverage.cover(poses, covering)
    controls = [] if predicted else free[:CONTROLS]
    places = found.ranked_R[:SHOWN]
    pictures, problem = _targets(target, found.row_N[places], predicted)
    nearest, without = _sources(source, found, places)
    return Lacking(
        source=source,
        target=target,
        coverage=found,
        angles_NA=poses.angles_NA,
        predicted_by=predicted.label if predicted else "",
        controls=[_control(one, covering, target, found) for one in controls],
        pictures=pictures,
        nearest=nearest,
        problem=problem or without,
    )


def _control(outcome: Outcome, source: Poses, target: PoseSet, found: Coverage) -> Control:
    predicted = _predicted(target, outcome)[found.row_N]
    c = found
    lacking_N = coverage.lacks(predicted, source, c.radius_deg, c.turn_deg, c.needed)
    return Control(
        label=outcome.label,
        lacking=int(lacking_N.sum()),
        found=int((lacking_N & ~found.covered_N).sum()),
        base=found.lacking / len(found.row_N),
    )


def _labelled(of: PoseSet) -> Poses:
    return Poses.of(of.table.keypoints_NK2, of.table.visible_NK, of.table.skeleton)


def _predicted(target: PoseSet, outcome: Outcome) -> Poses:
    """Return the predicted poses, whole: a model says something of every keypoint."""
    assert outcome.predicted_NK2 is not None
    finite_NK = np.asarray(np.isfinite(outcome.predicted_NK2).all(axis=-1))
    return Poses.of(outcome.predicted_NK2, finite_NK, target.table.skeleton)


def _targets(
    target: PoseSet, rows: NDArray[np.int64], predicted: Outcome | None
) -> tuple[list[Picture], str]:
    """Target poses as labelled, or as predicted on the crop that the model saw."""
    crops = cropped(target.table, rows, near=predicted is None)
    mode_N, pictures = target.table.mode_N, []
    for i, row in enumerate(rows):
        shows = "" if mode_N is None else spoken(str(mode_N[row]))
        drawn = None
        if predicted is not None and predicted.predicted_NK2 is not None:
            drawn = predicted.predicted_NK2[row]
        picture = on_crop(
            crops,
            i,
            alt=f"Target pose {i + 1} to render{f': {shows}' * bool(shows)}",
            caption=[f"{i + 1}{f'. {shows}' * bool(shows)}"],
            keypoints_K2=drawn,
            side=predicted.side if predicted else None,
        )
        pictures.append(picture)
    return pictures, target.problem or crops.shortfall


def _sources(
    source: PoseSet, found: Coverage, places: NDArray[np.int64]
) -> tuple[list[Picture | None], str]:
    """Return the nearest source pose of each."""
    rows = found.nearest_row_N[places]
    known = np.flatnonzero(rows >= 0)
    said = [
        (f"Nearest source pose to {at + 1}, {away(found, int(places[at]))}", ["nearest in source"])
        for at in known
    ]
    drawn, crops = labelled(source.table, rows[known], said)
    pictures: list[Picture | None] = [None] * len(rows)
    for at, picture in zip(known, drawn, strict=True):
        pictures[at] = picture
    return pictures, crops.shortfall


def away(found: Coverage, place: int) -> str:
    """How far the nearest source pose is, in words."""
    angle, turn = float(found.nearest_deg_N[place]), float(found.turned_deg_N[place])
    mirrored = ", mirrored" if found.mirrored_N[place] else ""
    return f"{number(angle)}° away, turned by {number(turn, 0)}°{mirrored}"
