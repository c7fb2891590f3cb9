"""Label files that list images by id and annotations that name one: each annotation's image.

Shapes: N annotations, 2 = (width, height), 4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posesift.data.files import image_folder

_FAR = 2.0**24  # px: no image is as large


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


def boxes_or_images(box_N4: np.ndarray, size_N2: np.ndarray) -> np.ndarray:
    """Give the boxes; the whole image for those that are not finite, hold nothing, or are far off.

    >>> boxes_or_images(np.array([[5.0, 5, 20, 10], [5, 5, 0, 10]]), np.array([[64, 48]] * 2))
    array([[ 5.,  5., 20., 10.],
           [ 0.,  0., 64., 48.]], dtype=float32)
    """
    image_N4 = np.concatenate([np.zeros_like(size_N2), size_N2], axis=1)
    return np.where(is_box(box_N4)[:, None], box_N4, image_N4).astype(np.float32)


def is_box(box_N4: np.ndarray) -> np.ndarray:
    """Which boxes (N,) are finite, hold something, and are not far off."""
    with np.errstate(invalid="ignore"):
        near_N = np.logical_and.reduce(np.abs(box_N4) <= _FAR, axis=1)
        return near_N & (box_N4[:, 2:].min(1) > 0)


def told_of_boxes(box_N4: np.ndarray, bad: Container[int] = ()) -> list[str]:
    """How many samples get the whole image in place of a box, in a line for each reason.

    Samples without a box are told of only where others have one.

    >>> told_of_boxes(np.array([[5.0, 5, 20, 10], [5, 5, 0, 10], [np.nan] * 4]))
    ['no box, so the whole image: 1 sample', 'a box of no size, so the whole image: 1 sample']
    >>> told_of_boxes(np.full((2, 4), np.nan))
    []

    Args:
        box_N4: as the file gives them; NaN where it gives none.
        bad: rows that are left out anyway.
    """
    kept_N = np.array([row not in bad for row in range(len(box_N4))], bool)
    given_N, whole_N = ~np.isnan(box_N4).all(1), np.isfinite(box_N4).all(1)
    counts = {
        "no box": int((kept_N & ~given_N).sum()) if given_N.any() else 0,
        "a box that is not four numbers": int((kept_N & given_N & ~whole_N).sum()),
        "a box of no size": int((kept_N & whole_N & ~is_box(box_N4)).sum()),
    }
    return [
        f"{what}, so the whole image: {n} sample{'s' * (n != 1)}" for what, n in counts.items() if n
    ]
