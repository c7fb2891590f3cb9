"""The last step of every reader: labels as read become a pose table that keeps its promises.

Shapes: N samples, J joints of a file, K keypoints of the skeleton, 2 = (x, y),
4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posesift.data.labels.boxes import Boxes, completed, told_of_boxes, with_boxes
from posesift.data.labels.cleaning import hide_impossible, leave_out
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton


def placed(joints_NJx: np.ndarray, place_J: Sequence[int], keypoints: int) -> np.ndarray:
    """Joint j of a file put where keypoint ``place_J[j]`` of the skeleton stands; 0 elsewhere.

    >>> placed(np.array([[5.0, 7.0]]), (2, 0), 3).tolist()
    [[7.0, 0.0, 5.0]]

    Args:
        joints_NJx: (N, J, ...).
        place_J: -1 drops the joint.
        keypoints: K.

    Returns:
        (N, K, ...).
    """
    used_J = np.asarray(place_J) >= 0
    out = np.zeros((len(joints_NJx), keypoints, *joints_NJx.shape[2:]), joints_NJx.dtype)
    out[:, np.asarray(place_J)[used_J]] = joints_NJx[:, used_J]
    return out


def labelled(
    skeleton: Skeleton,
    keypoints_NK2: np.ndarray,
    visible_NK: np.ndarray,
    size_N2: np.ndarray,
    names: Sequence[str],
    where: str,
    *,
    chosen_N: np.ndarray | None = None,
    bad: Mapping[int, str] | None = None,
    boxes: Boxes = "file",
    number_N: np.ndarray | None = None,
    problems: Sequence[str] = (),
    advice: Sequence[str] = (),
    least_bad: int = 0,
    **columns: Any,
) -> PoseTable:
    """Return the table of what a reader found.

    Visible keypoints that no image can show are hidden and listed; boxes are made of the labels
    where the address wants that, before the split is taken, so that a sample has the same box in
    every split; bad samples are left out and listed.

    Args:
        skeleton: of the K keypoints.
        keypoints_NK2: image pixels counted from 0; anything where not visible.
        visible_NK: what the labels say.
        size_N2: width and height of the images; anything for bad samples.
        names: what to call each sample in messages.
        where: the file or folder, for messages.
        chosen_N: bool, the split that was asked for; None for all.
        bad: row to what is wrong with it, in words that name the file.
        boxes: the address's option ``boxes=``.
        number_N: on which a box made of the labels depends, see `with_boxes`.
        problems: what the reader has found already.
        advice: the same, and told beside the message where too many keypoints lie off their images.
        least_bad: so many samples may be bad in any case.
        **columns: further fields of `PoseTable`: ``image_N``, ``root``, ... ``box_N4`` as the file
            gives them, NaN where it gives none: see `completed`.

    Raises:
        ValueError: more than 5 % of the samples or of the visible keypoints are bad.
    """
    bad = bad or {}
    visible_NK = visible_NK.copy()
    visible_NK[list(bad)] = False  # an image of unknown size has no inside
    try:
        visible_NK, hidden = hide_impossible(
            keypoints_NK2, visible_NK, size_N2, skeleton.keypoints, names, where, least_bad
        )
    except ValueError as error:
        raise ValueError("\n".join([str(error), *advice])) from None
    if (occluded_NK := columns.get("occluded_NK")) is not None:
        columns["occluded_NK"] = occluded_NK & visible_NK
    with np.errstate(over="ignore"):  # beyond float32 is as far off the image, and hidden
        keypoints_NK2 = keypoints_NK2.astype(np.float32, copy=False)
    if (box_N4 := columns.get("box_N4")) is not None:
        problems = [*problems, *told_of_boxes(box_N4, names, bad)]
        columns["box_N4"] = completed(box_N4, keypoints_NK2, visible_NK, size_N2)
    table = PoseTable(
        skeleton=skeleton,
        keypoints_NK2=keypoints_NK2,
        visible_NK=visible_NK,
        width_N=np.asarray(size_N2)[:, 0].astype(np.int32),
        height_N=np.asarray(size_N2)[:, 1].astype(np.int32),
        problems=[*problems, *advice, *hidden],
        **columns,
    )
    if chosen_N is None:
        chosen_N = np.ones(len(table), bool)
    return leave_out(with_boxes(table, boxes, number_N), bad, where, chosen_N, least_bad)
