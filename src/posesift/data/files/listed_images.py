"""Label files that list images by id and annotations that name one: each annotation's image.

Shapes: N annotations, 2 = (width, height), 4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posesift.data.files import image_folder
from posesift.poses import boxes

AROUND = "so one around the labelled keypoints"
"""What a sample without a box gets where others have one, in the words of `told_of_boxes`."""

_FAR = 2.0**24  # px: no image is as large
_NAMED = 10  # samples that a line names


def listed(
    image_N: Sequence[Hashable],
    name_of: Mapping[Any, str],
    size_of: Mapping[Any, tuple[int, int]],
    root: Path | None,
    sample_N: Sequence[str],
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Size and file name of each annotation's image.

    Args:
        image_N: ids that the annotations name.
        name_of: id to file name, relative to ``root``.
        size_of: id to width and height where the file gives them; others are looked up in the
            images.
        root: folder of the images; None where there are labels alone.
        sample_N: what to call each annotation in messages.

    Returns:
        (N, 2) int32 sizes, 0 where there is no image; (N,) names, None for images that the file
        does not list; and row to what is wrong.

    Raises:
        ValueError: a name leads out of ``root``.
    """
    ids = [i for i in dict.fromkeys(image_N) if i in name_of]
    names = [name_of[i] for i in ids]
    given_M2 = np.array([size_of.get(i, (0, 0)) for i in ids]).reshape(-1, 2)
    found = image_folder.photographs(names, given_M2, root)
    row_of = {i: row for row, i in enumerate(ids)}
    size_N2 = np.zeros((len(image_N), 2), np.int32)
    name_N = np.full(len(image_N), None, dtype=object)
    bad = {}
    for row, image in enumerate(image_N):
        m = row_of.get(image)
        if m is None:
            bad[row] = f"{sample_N[row]}: names the image {image}, which the file does not list"
            continue
        name_N[row] = found.names_M[m]
        if m in found.wrong:
            bad[row] = f"{sample_N[row]}: {found.wrong[m]}"
        else:
            size_N2[row] = found.size_M2[m]
    return size_N2, name_N, bad


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
