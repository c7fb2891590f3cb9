"""Boxes around poses: (x, y, width, height) in pixels, x and y the top-left pixel.

Legend: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LEAST = 1.0  # px: a box of no size is none


def keypoint_boxes(keypoints_NK2: NDArray, visible_NK: NDArray) -> NDArray[np.float32]:
    """Return the smallest box around the visible keypoints of each pose.

    Only visible keypoints count, whatever the others hold. A pose without a visible keypoint gets
    a box of zeros.

    >>> points = np.array([[[2.0, 3.0], [10.0, 5.0], [np.nan, 9e9]]])
    >>> keypoint_boxes(points, np.array([[True, True, False]])).tolist()
    [[2.0, 3.0, 8.0, 2.0]]

    Args:
        keypoints_NK2: pixels.
        visible_NK: which coordinates may be used.

    Returns:
        (N, 4) float32.
    """
    # keypoints first: numpy reduces over a first axis three times as fast as over a middle one
    points_KN2 = np.ascontiguousarray(np.moveaxis(keypoints_NK2, 1, 0))
    used_KN1 = np.ascontiguousarray(visible_NK.T)[:, :, None]
    low_N2 = np.where(used_KN1, points_KN2, np.inf).min(axis=0)
    high_N2 = np.where(used_KN1, points_KN2, -np.inf).max(axis=0)
    box_N4 = np.concatenate([low_N2, high_N2 - low_N2], axis=1)
    box_N4[~visible_NK.any(axis=1)] = 0
    return box_N4.astype(np.float32)


def around(
    keypoints_NK2: NDArray, visible_NK: NDArray, size_N2: NDArray, margin: float = 0.1
) -> NDArray[np.float32]:
    """Return boxes for poses that have none: around the visible keypoints, with a margin.

    They end with the image. A pose without a visible keypoint gets all of it.

    >>> points = np.array([[[20.0, 30.0], [40.0, 34.0]]])
    >>> around(points, np.ones((1, 2), bool), np.array([[41, 64]])).tolist()
    [[18.0, 29.0, 23.0, 6.0]]

    Args:
        keypoints_NK2: pixels.
        visible_NK: which coordinates may be used.
        size_N2: width and height of the images.
        margin: on each side, of the keypoints' extent; one pixel at least.

    Returns:
        (N, 4) float32.
    """
    tight_N4 = keypoint_boxes(keypoints_NK2, visible_NK)
    margin_N2 = np.maximum(margin * tight_N4[:, 2:], _LEAST)
    low_N2 = np.clip(tight_N4[:, :2] - margin_N2, 0, np.maximum(size_N2 - _LEAST, 0))
    high_N2 = np.clip(tight_N4[:, :2] + tight_N4[:, 2:] + margin_N2, low_N2 + _LEAST, size_N2)
    box_N4 = np.concatenate([low_N2, high_N2 - low_N2], axis=1)
    whole_N4 = np.concatenate([np.zeros_like(size_N2), size_N2], axis=1)
    return np.where(visible_NK.any(axis=1, keepdims=True), box_N4, whole_N4).astype(np.float32)


def square(box_N4: NDArray, scale: float = 1.0, least: float = 1.0) -> NDArray[np.float32]:
    """Square boxes with the same centres, ``scale`` times the longer side (at least ``least`` px).

    >>> square(np.array([[0.0, 10.0, 40.0, 20.0]]), 1.5).tolist()
    [[-10.0, -10.0, 60.0, 60.0]]
    """
    side_N = np.maximum(box_N4[:, 2:].max(axis=1) * scale, least)
    corner_N2 = box_N4[:, :2] + box_N4[:, 2:] / 2 - side_N[:, None] / 2
    return np.column_stack([corner_N2, side_N, side_N]).astype(np.float32)


def of_corners(corner_N4: NDArray) -> NDArray:
    """Boxes (x, y, width, height) of their corners (left, top, right, bottom).

    >>> of_corners(np.array([[1, 2, 5, 9]])).tolist()
    [[1, 2, 4, 7]]
    """
    with np.errstate(over="ignore", invalid="ignore"):  # of corners that are none
        return np.concatenate([corner_N4[:, :2], corner_N4[:, 2:] - corner_N4[:, :2]], axis=1)


def jitter(
    box_N4: NDArray, amount: float, seed: int = 0, number_N: NDArray | None = None
) -> NDArray[np.float32]:
    """Shift and resize square boxes at random, so that a label's box does not give away its centre.

    Each box moves by up to ``amount`` of its side along x and y and grows or shrinks by up to
    ``amount``; the draw of box i depends on (``seed``, its number) alone.

    Args:
        box_N4: square boxes.
        amount: share of the side, for instance 0.15.
        seed: another seed, other draws.
        number_N: whole numbers from 0; those of the rows if None.
    """
    if number_N is None:
        number_N = np.arange(len(box_N4))
    if not len(number_N):
        return np.empty((0, 4), np.float32)
    first, last = int(number_N.min()), int(number_N.max())
    bits = np.random.PCG64(np.random.SeedSequence([seed, 7])).advance(3 * first)
    draw_N3 = np.random.Generator(bits).uniform(-amount, amount, (last + 1 - first, 3))
    draw_N3 = draw_N3[number_N - first]
    side_N1 = box_N4[:, 2:3]
    centre_N2 = box_N4[:, :2] + box_N4[:, 2:] / 2 + draw_N3[:, :2] * side_N1
    side_N1 = side_N1 * (1 + draw_N3[:, 2:])
    return np.concatenate([centre_N2 - side_N1 / 2, side_N1, side_N1], axis=1).astype(np.float32)
