"""Where a pixel is, and affine maps between images, crops and heatmaps.

The convention of the whole library, stated once: coordinates are pixels, x to the right, y down,
and **the centre of the top-left pixel is (0, 0)**; so an image of width W covers x from -0.5 to
W - 0.5. Readers convert (MATLAB counts pixels from 1). A heatmap of stride s covers the crop
with cells of s x s pixels; cell i has its centre at ``s * i + (s - 1) / 2``.

A map is a 2x3 matrix M that takes (x, y) to ``M @ (x, y, 1)``.

Legend: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def cell_centre(cell: ArrayLike, stride: float) -> NDArray[np.float64]:
    """Return the crop pixel at which heatmap cell ``cell`` has its centre.

    >>> cell_centre([0, 1, 31], 2).tolist()
    [0.5, 2.5, 62.5]
    """
    return np.asarray(cell, np.float64) * stride + (stride - 1) / 2


def to_cell(pixel: ArrayLike, stride: float) -> NDArray[np.float64]:
    """Return the (fractional) heatmap cell of a crop pixel; the inverse of `cell_centre`.

    >>> to_cell([0.5, 2.5, 62.5], 2).tolist()
    [0.0, 1.0, 31.0]
    """
    return (np.asarray(pixel, np.float64) - (stride - 1) / 2) / stride


def on_image(points_NK2: NDArray, size_N2: ArrayLike) -> NDArray[np.bool_]:
    """Which points (N, K) lie on their images, to the edges of the outermost pixels.

    >>> on_image(np.array([[[-0.5, 9.5], [-0.6, 0], [np.nan, 0]]]), [64, 10]).tolist()
    [[True, False, False]]

    Args:
        points_NK2: pixels; what is not finite lies nowhere.
        size_N2: width and height of each image, (N, 2), or of all, (2,).
    """
    size_N2 = np.asarray(size_N2)
    on_NK = np.ones(points_NK2.shape[:-1], bool)
    with np.errstate(invalid="ignore"):  # of NaN
        for axis in (0, 1):
            on_NK &= points_NK2[..., axis] >= -0.5
            on_NK &= points_NK2[..., axis] <= size_N2[..., None, axis] - 0.5
    return on_NK


def crop_matrices(box_N4: ArrayLike, side: int) -> NDArray[np.float64]:
    """Return maps from image pixels to the pixels of a ``side`` x ``side`` crop around each box.

    The longer side of the box fills the crop; the box is centred, and along the shorter side the
    crop shows what lies beside it.
    A box (x, y, w, h) covers the area from (x - 0.5, y - 0.5), the outer corner of pixel (x, y).

    >>> crop_matrices([[0, 0, 128, 128]], 64)[0].tolist()
    [[0.5, 0.0, -0.25], [0.0, 0.5, -0.25]]

    Returns:
        (N, 2, 3) float64.
    """
    box_N4 = np.asarray(box_N4, np.float64).reshape(-1, 4)
    scale_N = side / np.maximum(box_N4[:, 2:].max(axis=1), 1e-6)
    centre_N2 = box_N4[:, :2] - 0.5 + box_N4[:, 2:] / 2
    matrix_N23 = np.zeros((len(box_N4), 2, 3))
    matrix_N23[:, 0, 0] = matrix_N23[:, 1, 1] = scale_N
    matrix_N23[:, :, 2] = (side - 1) / 2 - scale_N[:, None] * centre_N2
    return matrix_N23


def apply(matrix_N23: NDArray, points_NK2: NDArray) -> NDArray:
    """Map points: (N, 2, 3) on (N, K, 2), or one (2, 3) on any (..., 2)."""
    if matrix_N23.ndim == 2:
        return points_NK2 @ matrix_N23[:, :2].T + matrix_N23[:, 2]
    return points_NK2 @ matrix_N23[:, :, :2].swapaxes(1, 2) + matrix_N23[:, None, :, 2]


def invert(matrix_N23: NDArray) -> NDArray:
    """Return the inverse maps; works on (2, 3) and (N, 2, 3).

    >>> matrix = crop_matrices([[10, 20, 40, 30]], 64)
    >>> np.allclose(apply(invert(matrix), apply(matrix, np.ones((1, 5, 2)))), 1)
    True
    """
    linear = np.linalg.inv(matrix_N23[..., :2])
    return np.concatenate([linear, -linear @ matrix_N23[..., 2:]], axis=-1)


def mirror_matrix(width: float) -> NDArray[np.float64]:
    """Return the map to a mirror image: pixel x, of ``width``, becomes ``width - 1 - x``.

    >>> apply(mirror_matrix(100), np.array([[0.0, 7.0]])).tolist()
    [[99.0, 7.0]]
    """
    return np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0]])


def compose(outer_N23: NDArray, inner_N23: NDArray) -> NDArray:
    """Return the map that applies ``inner`` first, then ``outer``."""
    linear = outer_N23[..., :2] @ inner_N23[..., :2]
    shift = outer_N23[..., :2] @ inner_N23[..., 2:] + outer_N23[..., 2:]
    return np.concatenate([linear, shift], axis=-1)
