"""Which poses of a set get a picture: of the hardest, of the failures, of every mode.

N poses of a set, M that the page lists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift.evaluation.pck import THRESHOLDS
from posesift.poses import geometry
from posesift.report.explorer import thumbnails
from posesift.report.pose_sets import PoseSet

PICTURED = {"source": 720, "target": 360}  # pictures of a set
A_BIN = {"source": 48, "target": 96}  # of a bin, at most; a target crowds into the hardest bins
OF_A_MODE = 6  # that a mode has at least, as far as it has poses


def failing_model(one: PoseSet) -> int | None:
    """Choose the model whose failures are pictured first; None without a PCK.

    The first that is set against the reference (which comes first of all), so one that adapts; the
    reference where it is alone.
    """
    known = [
        place
        for place, outcome in enumerate(one.outcomes)
        if not outcome.oracle and np.isfinite(outcome.pck_N).any()
    ]
    return known[min(1, len(known) - 1)] if known else None


def pictured(one: PoseSet, bin_M: NDArray, listed: NDArray) -> NDArray[np.int64]:
    """Places among the listed poses, rising.

    Of a set that was predicted a third have the highest scores of their bins, a third the lowest
    PCK, and a third are drawn at random; of another set a half and a half. The random part first
    gives each mode its few.

    Args:
        one: the set.
        bin_M: of the listed poses.
        listed: their rows in the set.
    """
    most, each = PICTURED[one.which], A_BIN[one.which] // 2
    model = failing_model(one)
    part = most // (2 if model is None else 3)
    chosen = fair_share(bin_M, part, each, -one.score_N[listed])
    worst = np.empty(0, np.int64) if model is None else _failures(one, model, listed)
    chosen = np.union1d(chosen, worst[~np.isin(worst, chosen)][:part])
    if one.table.mode_N is not None:
        _, mode_M = np.unique(one.table.mode_N[listed].astype(str), return_inverse=True)
        rare_M = (np.bincount(mode_M[chosen], minlength=mode_M.max() + 1) < OF_A_MODE)[mode_M]
        chosen = _joined(
            chosen, np.flatnonzero(rare_M), mode_M, (most - len(chosen)) // 2, OF_A_MODE
        )
    chosen = _joined(chosen, np.arange(len(listed)), bin_M, most - len(chosen), each)
    # Where few bins hold nearly all poses, their share of the random part leaves some over.
    return np.union1d(chosen, worst[~np.isin(worst, chosen)][: most - len(chosen)])


def _failures(one: PoseSet, model: int, listed: NDArray) -> NDArray[np.int64]:
    """Places of the poses with a PCK, lowest first, in the order in which the page shows them."""
    pck_M = one.outcomes[model].pck_N[listed]
    evalpose_M = one.outcomes[model].evalpose_N[listed]
    order = np.lexsort((np.rint(evalpose_M), np.rint(pck_M)))  # NaN last, ties by row
    return order[np.isfinite(pck_M[order])]


def _joined(
    chosen: NDArray, others: NDArray, group_M: NDArray, most: int, each: int
) -> NDArray[np.int64]:
    """Those chosen and some of the others, the same number from each group."""
    others = np.setdiff1d(others, chosen)
    return np.union1d(chosen, others[fair_share(group_M[others], most, each)])


VALUES = 400_000  # coordinates of a page: about half a megabyte of it
UNPREDICTED = -32_768


def predicted(one: PoseSet, listed: NDArray, pictured_M: NDArray) -> tuple[dict[str, Any], int]:
    """Columns of predictions, and how many poses have them.

    All poses where that is at most `VALUES` coordinates; else those chosen for pictures, as far
    as that allows.

    Args:
        one: the set; one that none predicted has no such columns.
        listed: rows of the set.
        pictured_M: whether these were chosen for pictures.

    Returns:
        ``prediction`` (M) the place in the others or -1, ``predicted`` (R, O, K, 2) in 1/255 of
        the frame of `thumbnails.frames` (`UNPREDICTED` = none), ``wrong`` (R, O, K) 1 where a
        labelled keypoint is missed.
    """
    outcomes = [outcome for outcome in one.outcomes if outcome.predicted_NK2 is not None]
    if len(outcomes) < len(one.outcomes) or not outcomes:
        return {}, 0
    table = one.table
    most = VALUES // max(2 * len(outcomes) * table.keypoints_NK2.shape[1], 1)
    at = np.arange(len(listed))
    if len(at) > most:
        at = np.flatnonzero(pictured_M)
        at = at[np.linspace(0, len(at) - 1, min(len(at), most)).astype(int)] if len(at) else at
    part = table.select(listed[at])
    frame_R14 = thumbnails.frames(part)[:, None]
    box_R4 = part.crop_boxes_N4()
    reach_R1 = THRESHOLDS[0] * box_R4[:, 2:].max(axis=1, initial=0)[:, None]
    shape = (len(at), len(outcomes), part.keypoints_NK2.shape[1])
    drawn_ROK2 = np.empty((*shape, 2), np.int16)
    wrong_ROK = np.zeros(shape, bool)
    for o, outcome in enumerate(outcomes):
        assert outcome.predicted_NK2 is not None
        to_image_R23 = geometry.invert(geometry.crop_matrices(box_R4, outcome.side))
        with np.errstate(all="ignore"):  # predictions may hold anything
            at_RK2 = geometry.apply(to_image_R23, outcome.predicted_NK2[listed[at]].astype(float))
            across_RK2 = 255 * (at_RK2 + 0.5 - frame_R14[..., :2]) / frame_R14[..., 2:]
            hit_RK = np.linalg.norm(at_RK2 - part.keypoints_NK2, axis=-1) < reach_R1
            known_RK1 = np.isfinite(across_RK2).all(axis=-1, keepdims=True)
            bounded_RK2 = np.clip(np.rint(across_RK2), -32_767, 32_767)
        drawn_ROK2[:, o] = np.where(known_RK1, bounded_RK2, UNPREDICTED)
        wrong_ROK[:, o] = part.visible_NK & ~hit_RK
    place_M = np.full(len(listed), -1)
    place_M[at] = np.arange(len(at))
    return {
        "prediction": thumbnails.column(place_M, "i4"),
        "predicted": thumbnails.column(drawn_ROK2, "i2"),
        "wrong": thumbnails.column(wrong_ROK, "u1"),
    }, len(at)


def fair_share(
    group_N: NDArray, most: int, each: int | None = None, place_N: NDArray | None = None
) -> NDArray[np.int64]:
    """Chosen rows, the same number from each group as far as it has them.

    >>> chosen = fair_share(np.array([0] * 50 + [1] * 3 + [2] * 50), 21)
    >>> np.bincount(np.array([0] * 50 + [1] * 3 + [2] * 50)[chosen]).tolist()
    [9, 3, 9]

    Args:
        group_N: the group of each row.
        most: rows in all.
        each: rows of one group, at most.
        place_N: a group gives the rows of its lowest values; without it, rows at random (seed 0).

    Returns:
        Rising rows; all of them where ``most`` and ``each`` allow.
    """
    if len(group_N) <= most and each is None:
        return np.arange(len(group_N))
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(group_N))
    if place_N is not None:
        shuffled = shuffled[np.argsort(place_N[shuffled], kind="stable")]
    order = shuffled[np.argsort(group_N[shuffled], kind="stable")]
    _, start, size = np.unique(group_N[order], return_index=True, return_counts=True)
    turn = np.arange(len(order)) - np.repeat(start, size)  # first of its group, second, ..
    if each is not None:
        order, turn = order[turn < each], turn[turn < each]
    # Who comes last in the round that is cut short is left to chance, not to the group's number.
    return np.sort(order[np.lexsort((rng.random(len(order)), turn))[:most]])
