"""Triangles to pixels: a depth buffer, vectorised over all triangles of an image.

A triangle covers, in every row of pixels it meets, one span: the pixel centres between its left and
its right edges. Spans of all triangles are found at once and expanded into one long list of
(pixel, triangle, nearness); the nearest wins. Nearness is one over the distance from the camera:
unlike the distance, it changes linearly over the image.

Names: V vertices, T triangles, R spans (a row of a triangle), F fragments (a pixel of a span),
2 = (x, y), 3 = corners of a triangle, first in the arrays: numpy is slow along short rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_NUMBER_BITS = 24  # of a fragment's key: which fragment it is; an image has fewer
_SLIVER = 1e-6  # px^2 of twice a triangle's area, below which it is not seen


@dataclass(frozen=True)
class Fragments:
    """What is seen of a mesh: one entry for each pixel that it covers, of its nearest triangle."""

    pixel_F: np.ndarray
    """int64, row * side of the image + column, rising."""

    triangle_F: np.ndarray
    """int64, which of the triangles."""

    share_3F: np.ndarray
    """float32, share of the triangle's corners at the pixel's centre, right in perspective: what
    the corners hold, weighted with these, is what the surface holds there."""

    near_F: np.ndarray
    """float32, one over the distance from the camera, 1/units."""


def rasterize(
    points_V2: np.ndarray, near_V: np.ndarray, corners_T3: np.ndarray, side: int
) -> Fragments:
    """Find the nearest triangle of every pixel of a square image.

    Args:
        points_V2: float32, px; the centre of the top-left pixel is (0, 0).
        near_V: float32, one over the distance from the camera, > 0.
        corners_T3: vertices of the triangles. Both sides are seen: leave out those that turn away.
        side: of the image, px.
    """
    corners_3T = np.ascontiguousarray(corners_T3.T)
    x_3T, y_3T, near_3T = (
        points_V2[:, 0][corners_3T],
        points_V2[:, 1][corners_3T],
        near_V[corners_3T],
    )
    rise_3T, run_3T = _next(y_3T) - _last(y_3T), _last(x_3T) - _next(x_3T)
    area_T = run_3T[2] * rise_3T[1] - run_3T[1] * rise_3T[2]

    # Rows that a triangle meets.
    top_T = np.maximum(np.ceil(_least(y_3T)), 0).astype(np.int32)
    bottom_T = np.minimum(np.floor(_greatest(y_3T)), side - 1).astype(np.int32)
    rows_T = np.where(np.abs(area_T) > _SLIVER, np.maximum(bottom_T - top_T + 1, 0), 0)
    triangle_R = np.repeat(np.arange(len(rows_T), dtype=np.int32), rows_T)
    y_R = _counted(rows_T) + top_T[triangle_R]

    # The share of a corner is a linear function of (x, y), 0 on the edge opposite to it.
    inverse_T = 1 / np.where(rows_T > 0, area_T, 1)
    slope_x_3T, slope_y_3T = rise_3T * inverse_T, run_3T * inverse_T
    at_corner_3T = 1 - slope_x_3T * x_3T - slope_y_3T * y_3T
    slope_3R = slope_x_3T[:, triangle_R]
    start_3R = at_corner_3T[:, triangle_R] + slope_y_3T[:, triangle_R] * y_R.astype(np.float32)

    # All three shares are >= 0 from the last left edge to the first right edge.
    with np.errstate(divide="ignore", invalid="ignore"):
        cross_3R = -start_3R / slope_3R
    left_R = _greatest(np.where(slope_3R > 0, cross_3R, 0))
    right_R = _least(np.where(slope_3R < 0, cross_3R, side - 1))
    beside_3R = (slope_3R == 0) & (start_3R < 0)
    right_R[beside_3R[0] | beside_3R[1] | beside_3R[2]] = -1
    first_R = np.ceil(np.clip(left_R, 0, side)).astype(np.int32)
    last_R = np.floor(np.clip(right_R, -1, side - 1)).astype(np.int32)
    count_R = np.maximum(last_R - first_R + 1, 0)

    span_F = np.repeat(np.arange(len(count_R), dtype=np.int32), count_R)
    x_F = _counted(count_R) + first_R[span_F]
    near_3R = near_3T[:, triangle_R]
    near_R, step_R = (start_3R * near_3R).sum(0), (slope_3R * near_3R).sum(0)
    near_F = near_R[span_F] + step_R[span_F] * x_F.astype(np.float32)

    # The nearest fragment of each pixel: nearness (positive floats are ordered like their bits) and
    # number share one integer, whose maximum is taken.
    key_F = near_F.view(np.int32).astype(np.int64) << _NUMBER_BITS
    key_F |= np.arange(len(key_F))
    best = np.zeros(side * side, np.int64)
    np.maximum.at(best, (y_R * side)[span_F] + x_F, key_F)
    pixel_F = np.flatnonzero(best)
    winner_F = best[pixel_F] & ((1 << _NUMBER_BITS) - 1)

    span_F, near_F = span_F[winner_F], near_F[winner_F]
    share_3F = start_3R[:, span_F] + slope_3R[:, span_F] * x_F[winner_F].astype(np.float32)
    share_3F *= near_3R[:, span_F] / near_F
    return Fragments(pixel_F, triangle_R[span_F].astype(np.int64), share_3F, near_F)


def _next(value_3T: np.ndarray) -> np.ndarray:
    return value_3T[[1, 2, 0]]


def _last(value_3T: np.ndarray) -> np.ndarray:
    return value_3T[[2, 0, 1]]


def _least(value_3T: np.ndarray) -> np.ndarray:
    return np.minimum(np.minimum(value_3T[0], value_3T[1]), value_3T[2])


def _greatest(value_3T: np.ndarray) -> np.ndarray:
    return np.maximum(np.maximum(value_3T[0], value_3T[1]), value_3T[2])


def _counted(count_N: np.ndarray) -> np.ndarray:
    """Count from 0 within each group: ``[2, 3] -> [0, 1, 0, 1, 2]``."""
    ends_N = np.cumsum(count_N, dtype=np.int32)
    total = int(ends_N[-1]) if len(ends_N) else 0
    return np.arange(total, dtype=np.int32) - np.repeat(ends_N - count_N, count_N).astype(np.int32)
