"""Failures of each arm beside their nearest source poses: is the support really there?

N target samples, M source poses, K keypoints, A angles, S shown source poses, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posesift.poses.angles import joint_angles
from posesift.report import pictures
from posesift.report.blocks import Block, Fold, Gallery, Note, Section, Strip, one_of
from posesift.report.pose_sets import PoseSet
from posesift.report.sections.examples import images_of, predicted, prediction, truth
from posesift.report.wording import number, plural
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared
from posesift.results.predictions import Predictions
from posesift.similarity.neighbours import RADIUS_DEG, count_within, nearest

TITLE = "Failures and their nearest source poses"
EACH = 3  # failures of either kind
SHOWN = 3  # nearest source poses of each
ARMS = 5  # the page has to stay small enough to mail
RULE = (
    "Rule: of the quarter of the target with the lowest PCK@0.05, and of its samples whose labels "
    f"give at least half of the joint angles, the {EACH} whose {SHOWN} nearest source poses are "
    f"closest (with support) and the {EACH} where they are farthest (without). Below a source "
    "pose: root mean square difference of the joint angles, blind to position, size and "
    "orientation."
)


@dataclass(frozen=True)
class Failure:
    """One target sample that an arm does badly on, and the source poses nearest to its own.

    Attributes:
        row: of the predictions.
        supported: whether it is one of those with the closest source poses.
        close: how many source poses are within `support.RADIUS_DEG`.
        distance_S: in degrees, rising.
        index_S: rows of the source.
    """

    row: int
    supported: bool
    close: int
    distance_S: NDArray[np.float64]
    index_S: NDArray[np.int64]


def nearest_sources(
    comparison: Compared, target: PoseSet | None, source: PoseSet | None, missing: str
) -> Section | None:
    """Return the worst quarter's best and least supported samples, arm by arm.

    Args:
        comparison: of ``comparison.json``.
        target: the tested poses with every model's errors.
        source: the scored poses, or None.
        missing: why there are none, or "".

    Returns:
        None where no predictions were kept.
    """
    seed = comparison["seeds"][0]
    found = predicted(target, methods.representatives(comparison)[:ARMS])
    if target is None or not found:
        return None
    first = next(iter(found.values()))
    lead = (
        f"Target images on which a model (seed {seed}) does badly, each beside the source poses "
        "closest to its true pose."
    )
    if source is None or not source.table.skeleton.same_as(first.skeleton) or not len(source):
        why = missing or "source and target have different skeletons"
        return Section("failures", TITLE, lead, [Note(f"No source poses are shown: {why}.")])
    chosen = {name: failures(one, source.angles_NA) for name, one in found.items()}
    chosen = {name: some for name, some in chosen.items() if some}
    if not chosen:
        none = "No failures are shown: too few samples have a PCK and enough joint angles."
        return Section("failures", TITLE, lead, [Note(none)])
    every = [failure for some in chosen.values() for failure in some]
    images, problem = images_of(target, [failure.row for failure in every])
    index_M = np.unique(np.concatenate([failure.index_S for failure in every]))
    pictured = pictures.crops(source.table, index_M, near=True)
    options: list[tuple[str, list[Block]]] = []
    for name, some in chosen.items():
        label = by_seed.label(comparison, name)
        half = len(some) // 2
        strips = [
            _strip(found[name], failure, i % half, images[failure.row], pictured, index_M)
            for i, failure in enumerate(some)
        ]
        columns = ["ground truth", label]
        columns += [f"source pose {i + 1}" for i in range(len(some[0].index_S))]
        shown: list[Block] = [Gallery("Failures", RULE, strips[:half], columns)]
        if strips[half:]:
            rest = Gallery("Failures without similar source poses", RULE, strips[half:], columns)
            shown.append(Fold("Failures without similar source poses", [rest]))
        options.append((label, shown))
    said = pictures.without_images(problem or pictured.shortfall)
    return Section("failures", TITLE, lead, [*said, *one_of("Failures of", options)])


def failures(found: Predictions, source_MA: NDArray[np.float64]) -> list[Failure]:
    """Failures of one arm, best supported first, with their neighbours.

    Args:
        found: its predictions.
        source_MA: joint angles of the source poses in degrees, NaN = undefined.
    """
    known = np.flatnonzero(np.isfinite(found.pck_N))
    order = known[np.lexsort((known, found.pck_N[known]))]
    worst = order[: max(len(order) // 4, min(len(order), 2 * EACH))]
    angles_NA = joint_angles(
        found.keypoints_NK2[worst], found.visible_NK[worst], found.skeleton.triplets
    )
    distance_NS, index_NS = nearest(angles_NA, source_MA, SHOWN)
    posed_N = 2 * np.isfinite(angles_NA).sum(axis=1) >= angles_NA.shape[1]
    whole = np.flatnonzero((index_NS >= 0).all(axis=1) & posed_N)
    near = whole[np.lexsort((whole, distance_NS[whole].mean(axis=1)))]
    half = min(EACH, len(near) // 2)
    chosen = np.concatenate([near[:half], near[len(near) - half :][::-1]])
    close_N = count_within(angles_NA[chosen], source_MA)
    return [
        Failure(int(worst[i]), place < half, int(close), distance_NS[i], index_NS[i])
        for place, (i, close) in enumerate(zip(chosen, close_N, strict=True))
    ]


def _strip(
    found: Predictions,
    failure: Failure,
    place: int,
    image: str | None,
    pictured: pictures.Crops,
    index_M: NDArray[np.int64],
) -> Strip:
    """Truth and prediction of a failure, and its source poses out of those ``pictured``."""
    near = [
        pictures.on_crop(
            pictured,
            int(np.searchsorted(index_M, index)),
            alt=f"Source pose at {number(distance)} degrees",
            caption=[f"{number(distance)}° away"],
        )
        for index, distance in zip(failure.index_S, failure.distance_S.tolist(), strict=True)
    ]
    shown = [
        truth(found, failure.row, image),
        prediction("this run", found, failure.row, image),
    ]
    close = plural(failure.close, "source pose")
    return Strip(
        f"{'With' if failure.supported else 'Without'} support {place + 1}",
        f"sample {found.index_N[failure.row]}, {close} within {RADIUS_DEG:.0f}°",
        [*shown, *near],
    )
