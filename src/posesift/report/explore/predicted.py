"""What the models predicted, in the frames in which the page draws the poses.

M poses that the page lists, R of them with predictions, O models, K keypoints, 2 = (x, y),
4 = (x, y, width, height).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift.evaluation.pck import THRESHOLDS
from posesift.poses import geometry
from posesift.report.explore import packing, thumbnails
from posesift.report.pose_sets import PoseSet

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
        "prediction": packing.column(place_M, "i4"),
        "predicted": packing.column(drawn_ROK2, "i2"),
        "wrong": packing.column(wrong_ROK, "u1"),
    }, len(at)
