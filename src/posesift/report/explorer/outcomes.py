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

    Poses stand in several queues: of each bin the highest scores and random others, of the set the
    lowest PCK where it was predicted, and some of each mode. All queues move on alike, and who is
    the first in one of them gets a picture, until there are enough.

    Args:
        one: the set.
        bin_M: of the listed poses.
        listed: their rows in the set.
    """
    chance_M = np.random.default_rng(0).random(len(listed))
    each, model = A_BIN[one.which] // 2, failing_model(one)
    hard_M = _turn(bin_M, -one.score_N[listed])
    others_M = _turn(bin_M, chance_M + (hard_M < each))
    in_bins_2M = np.stack([hard_M, others_M])
    queues = [*np.where(in_bins_2M < each, in_bins_2M * one.k, np.inf)]
    if model is not None:
        pck_M, evalpose_M = (
            np.rint(values[listed])
            for values in (one.outcomes[model].pck_N, one.outcomes[model].evalpose_N)
        )
        turn_M = _turn(np.zeros(len(listed)), pck_M, evalpose_M)  # in the order of the page
        queues.append(np.where(np.isfinite(pck_M), turn_M, np.inf))
    if one.table.mode_N is not None:
        _, mode_M = np.unique(one.table.mode_N[listed].astype(str), return_inverse=True)
        turn_M = _turn(mode_M, chance_M)
        queues.append(np.where(turn_M < OF_A_MODE, turn_M, np.inf))
    place_M = np.min(queues, axis=0)
    order = np.lexsort((chance_M, place_M))[: PICTURED[one.which]]
    return np.sort(order[np.isfinite(place_M[order])])


def _turn(group_M: NDArray, *keys: NDArray) -> NDArray[np.int64]:
    """Rank of each row within its group by the first key, then by the next; NaN last."""
    order = np.lexsort((*keys[::-1], group_M))
    _, start, size = np.unique(group_M[order], return_index=True, return_counts=True)
    turn_M = np.empty(len(order), np.int64)
    turn_M[order] = np.arange(len(order)) - np.repeat(start, size)
    return turn_M


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


def fair_share(group_N: NDArray, most: int) -> NDArray[np.int64]:
    """Rows at random (seed 0), rising, the same number from each group as far as it has them.

    >>> chosen = fair_share(np.array([0] * 50 + [1] * 3 + [2] * 50), 21)
    >>> np.bincount(np.array([0] * 50 + [1] * 3 + [2] * 50)[chosen]).tolist()
    [9, 3, 9]

    Args:
        group_N: the group of each row.
        most: rows in all.
    """
    if len(group_N) <= most:
        return np.arange(len(group_N))
    rng = np.random.default_rng(0)
    turn_N = _turn(group_N, rng.random(len(group_N)))
    # Who comes last in the round that is cut short is left to chance, not to the group's number.
    return np.sort(np.lexsort((rng.random(len(group_N)), turn_N))[:most])
