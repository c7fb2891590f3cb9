"""Difficulty of evaluation samples by an independent score, and their bins.

The score that chose the training samples must not also say which test samples are hard: a
sampler would be judged by its own opinion. So evaluation bins come from elsewhere: in a world,
the generator's own ``-log p``; on real photographs, the distance to the nearest source poses in
angle space. Bins are quarters by default; the hardest quarter is the last.

Shapes: N samples, A angles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.difficulty import bins as difficulty_bins
from posesift.poses.angles import MINIMUM_ANGLES, joint_angles
from posesift.similarity.neighbours import nearest

if TYPE_CHECKING:
    from posesift.poses.table import PoseTable

REFERENCE_CAP = 20_000
NEIGHBOURS = 10
BINS = 4
GROUPS = (0, 1, 10, 100, 1000)  # lower bounds of the neighbour counts that are reported together


def evaluation_difficulty(
    table: PoseTable, reference: PoseTable | None = None
) -> NDArray[np.float32]:
    """How hard each sample of a test set is, by a score that no sampler here uses.

    Args:
        table: the test set.
        reference: the source poses; needed unless ``table`` knows its ``neg_log_p``.

    Returns:
        (N,) float32, higher = harder; NaN where a pose defines too few angles.

    Raises:
        ValueError: there is neither ``neg_log_p`` nor a reference, or their skeletons differ.
    """
    if table.neg_log_p_N is not None:
        return np.asarray(table.neg_log_p_N, np.float32)
    if reference is None:
        raise ValueError(
            f"{table.address or 'the test set'} carries no density of its poses, so difficulty "
            "has to be measured against source poses: pass the source's pose table as reference"
        )
    if not table.skeleton.same_as(reference.skeleton):
        raise ValueError(
            "expected test set and source to share a skeleton: "
            + table.skeleton.difference(reference.skeleton)
        )
    return angle_rarity(_angles(table), _angles(reference))


def angle_rarity(
    angles_NA: ArrayLike,
    reference_MA: ArrayLike,
    neighbours: int = NEIGHBOURS,
    cap: int = REFERENCE_CAP,
) -> NDArray[np.float32]:
    """Mean distance in degrees to the nearest source poses in angle space, (N,) float32.

    Args:
        angles_NA: angles of the test poses, NaN = undefined (`support` says how these count).
        reference_MA: angles of the source poses.
        neighbours: how many nearest source poses to average over.
        cap: of more source poses than this a fixed random choice is used, which bounds the work
            and keeps scores comparable between large sources.

    Returns:
        NaN where fewer than three angles are defined, or no source pose shares three.
    """
    angles, reference = np.asarray(angles_NA, np.float64), np.asarray(reference_MA, np.float64)
    reference = reference[(~np.isnan(reference)).sum(1) >= MINIMUM_ANGLES]
    if len(reference) > cap:
        chosen = np.random.default_rng(0).choice(len(reference), cap, replace=False)
        reference = reference[np.sort(chosen)]
    if not len(reference):
        return np.full(len(angles), np.nan, np.float32)
    distance_Nk, _ = nearest(angles, reference, neighbours)
    mean_N = distance_Nk.mean(1)
    return np.where(np.isfinite(mean_N), mean_N, np.nan).astype(np.float32)


def quantile_bins(
    difficulty_N: ArrayLike, bins: int = BINS
) -> tuple[NDArray[np.int16], NDArray[np.float64]] | None:
    """Bins of equal count over the samples whose difficulty is known.

    Returns:
        The bin of each sample, (N,) int16, -1 where the difficulty is NaN; and the (bins + 1,)
        edges. None when fewer distinct difficulties than bins are there to be told apart.
    """
    difficulty = np.asarray(difficulty_N, np.float64)
    known_N = np.isfinite(difficulty)
    if len(np.unique(difficulty[known_N])) < bins:
        return None
    edges = difficulty_bins.bin_edges(difficulty[known_N], bins, "quantile")
    bin_N = np.full(len(difficulty), -1, np.int16)
    bin_N[known_N] = difficulty_bins.assign(difficulty[known_N], edges)
    return bin_N, np.asarray(edges, np.float64)


def _angles(table: PoseTable) -> NDArray[np.float64]:
    return joint_angles(table.keypoints_NK2, table.visible_NK, table.skeleton.triplets)


def pck_by_support(
    neighbours_N: ArrayLike,
    correct_N: ArrayLike,
    counted_N: ArrayLike,
    groups: tuple[int, ...] = GROUPS,
) -> list[dict]:
    """Pooled PCK of the target samples, grouped by how many source neighbours they have.

    Args:
        neighbours_N: of `count_within`; -1 = unknown, left out.
        correct_N: correct keypoints of each sample (`pck.hits`).
        counted_N: out of how many.
        groups: rising lower bounds of the groups; the last is open.

    Returns:
        One dictionary a group with ``neighbours_low``, ``neighbours_high`` (inclusive, None =
        open), ``samples``, ``pck`` in percent (None where nothing was counted).

    >>> pck_by_support([0, 3, 5], [1, 2, 4], [4, 4, 4], groups=(0, 1))[1]
    {'neighbours_low': 1, 'neighbours_high': None, 'samples': 2, 'pck': 75.0}
    """
    neighbours = np.asarray(neighbours_N)
    correct, counted = np.asarray(correct_N), np.asarray(counted_N)
    rows = []
    for low, following in zip(groups, (*groups[1:], None), strict=True):
        member = neighbours >= low
        if following is not None:
            member &= neighbours < following
        total = counted[member].sum()
        rows.append(
            {
                "neighbours_low": low,
                "neighbours_high": None if following is None else following - 1,
                "samples": int(member.sum()),
                "pck": float(100 * correct[member].sum() / total) if total else None,
            }
        )
    return rows
