"""Person boxes: those of a file, completed where it lacks some; or made from the labels.

Published target crops are cut around the ground-truth keypoints, in training and in test. That
tells a model where the person is, so here it is a choice (``boxes=labels``), its name is on the
report (``table.boxes_from``), and jitter keeps the box from giving away the pose's exact extent.

Shapes: N samples, 4 = (x, y, width, height).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Sequence
from typing import Literal

import numpy as np

from posesift.poses import boxes
from posesift.poses.table import PoseTable

Boxes = Literal["file", "labels"]
"""Spelling of the option ``boxes=``: from the data file (else the whole image), or the labels."""

AROUND = "so one around the labelled keypoints"
"""What a sample without a box gets where others have one, in the words of `told_of_boxes`."""

_FAR = 2.0**24  # px: no image is as large
_NAMED = 10  # samples that a line names
_SCALE = 1.3  # side of the box over the longer side of the keypoints' extent
_JITTER = 0.15
_LEAST = 16.0  # px; a few keypoints in one place still leave something to look at


def with_boxes(table: PoseTable, choice: Boxes, number_N: np.ndarray | None = None) -> PoseTable:
    """Return the table as it is (``"file"``), or with a jittered square around each visible pose.

    Samples with fewer than two visible keypoints get the whole image. A box depends on its number,
    that of its row if ``number_N`` is None, so it is made before a split is taken: the same sample
    has the same box in every split. Where a split is read alone, samples are numbered within it.
    """
    if choice == "file":
        return table
    extent_N4 = boxes.keypoint_boxes(table.keypoints_NK2, table.visible_NK)
    box_N4 = boxes.jitter(boxes.square(extent_N4, _SCALE, _LEAST), _JITTER, number_N=number_N)
    image_N4 = dataclasses.replace(table, box_N4=None).crop_boxes_N4()
    box_N4 = np.where(table.visible_NK.sum(1, keepdims=True) >= 2, box_N4, image_N4)
    return dataclasses.replace(table, box_N4=box_N4, boxes_from="labels")


def of_lists(given: Iterable[Sequence[float]]) -> np.ndarray:
    """Boxes (N, 4) float64 as a file's lists give them, NaN where one is not four numbers.

    >>> of_lists([[1.0, 2, 3, 4], []]).tolist()
    [[1.0, 2.0, 3.0, 4.0], [nan, nan, nan, nan]]
    """
    nothing = (np.nan,) * 4
    rows = [box if len(box) == 4 else nothing for box in given]
    return np.array(rows, np.float64).reshape(-1, 4)


def squares(box_N4: np.ndarray, scale: float) -> np.ndarray:
    """Squares around boxes, ``scale`` times their longer side; what is no box stays as it is."""
    square_N4, is_box_N = box_N4.copy(), is_box(box_N4)
    square_N4[is_box_N] = boxes.square(box_N4[is_box_N], scale)
    return square_N4


def completed(
    box_N4: np.ndarray, keypoints_NK2: np.ndarray, visible_NK: np.ndarray, size_N2: np.ndarray
) -> np.ndarray:
    """Give the boxes, with one in place of those that are not finite, hold nothing, or are far off.

    Where others have a box, that is one around the labelled keypoints, a tenth wider on each side.
    Where none has, the data know no boxes, and it is the whole image.

    >>> points_NK2, seen_NK = np.array([[[20.0, 30], [40, 34]]] * 2), np.ones((2, 2), bool)
    >>> completed(np.array([[5.0, 5, 20, 10], [5, 5, 0, 10]]), points_NK2, seen_NK, [[64, 48]] * 2)
    array([[ 5.,  5., 20., 10.],
           [18., 29., 24.,  6.]], dtype=float32)
    """
    size_N2 = np.asarray(size_N2)
    with np.errstate(over="ignore", invalid="ignore"):  # of those that are replaced
        found_N4 = box_N4.astype(np.float32)
    lacking = np.flatnonzero(~is_box(box_N4))
    if not len(lacking):
        return found_N4
    if len(lacking) == len(box_N4):
        return np.concatenate([np.zeros_like(size_N2), size_N2], axis=1).astype(np.float32)
    found_N4[lacking] = boxes.around(keypoints_NK2[lacking], visible_NK[lacking], size_N2[lacking])
    return found_N4


def is_box(box_N4: np.ndarray) -> np.ndarray:
    """Which boxes (N,) are finite, hold something, and are not far off."""
    with np.errstate(invalid="ignore"):
        near_N = np.logical_and.reduce(np.abs(box_N4) <= _FAR, axis=1)
        return near_N & (box_N4[:, 2:].min(1) > 0)


def told_of_boxes(box_N4: np.ndarray, names: Sequence[str], bad: Container[int] = ()) -> list[str]:
    """Tell which samples get another box in place of theirs (`completed`), in a line a reason.

    Samples without a box are told of only where others have one.

    >>> names = ["annotation 5", "annotation 6", "annotation 7"]
    >>> told_of_boxes(np.array([[5.0, 5, 20, 10], [5, 5, 0, 10], [np.nan] * 4]), names)
    ['no box, so one around the labelled keypoints: 1 sample (annotation 7)', \
'a box of no size, so one around the labelled keypoints: 1 sample (annotation 6)']
    >>> told_of_boxes(np.full((3, 4), np.nan), names)
    []
    >>> told_of_boxes(np.array([[np.nan] * 4, [5.0, 5, 0, 10]]), names[:2])[0]
    'no box, so the whole image: 1 sample (annotation 5)'

    Args:
        box_N4: as the file gives them; NaN where it gives none.
        names: what to call each sample.
        bad: rows that are left out anyway.
    """
    is_box_N = is_box(box_N4)
    lacking = np.array([row for row in np.flatnonzero(~is_box_N).tolist() if row not in bad], int)
    box_L4 = box_N4[lacking]
    given_L, whole_L = ~np.isnan(box_L4).all(1), np.isfinite(box_L4).all(1)
    kinds = {"a box that is not four numbers": given_L & ~whole_L, "a box of no size": whole_L}
    place = AROUND if is_box_N.any() else "so the whole image"
    if is_box_N.any() or given_L.any():
        kinds = {"no box": ~given_L} | kinds
    told = []
    for what, is_L in kinds.items():
        if rows := lacking[is_L].tolist():
            named = ", ".join(str(names[row]) for row in rows[:_NAMED])
            more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
            told.append(
                f"{what}, {place}: {len(rows)} sample{'s' * (len(rows) != 1)} ({named}{more})"
            )
    return told


def boxes_in_place(problems: Sequence[str]) -> list[str]:
    """Pick the lines of `told_of_boxes` out of a table's problems: boxes that the data lacked."""
    return [line for line in problems if f", {AROUND}: " in line]
