"""Triangles to pixels: a depth buffer, vectorised over all triangles of an image.

A triangle covers, in every row of pixels it meets, one span: the pixel centres between its left and
its right edges. Spans of all triangles are found at once and expanded into one long list of
(pixel, triangle, nearness); the nearest wins. Nearness is one over the distance from the camera:
unlike the distance, it changes linearly over the image.

Names: V vertices, T triangles, R spans (a row of a triangle), F fragments (a pixel of a span),
H W pixels, 2 = (x, y), 3 = corners of a triangle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FAR = np.int64(0)
_NUMBER_BITS = 24  # of a fragment's key: which fragment it is


@dataclass(frozen=True)
class Fragments:
    """What is seen of a mesh: one entry for each pixel that it covers, of its nearest triangle."""

    pixel_F: np.ndarray
    """int64, row * width + column, rising."""

    triangle_F: np.ndarray
    """int64, which of the triangles."""

    share_F3: np.ndarray
    """float32, share of the triangle's corners at the pixel's centre, right in perspective: what
    the corners hold, weighted with these, is what the surface holds there."""

    near_F: np.ndarray
    """float32, one over the distance from the camera, 1/units."""


def rasterize(
    points_V2: np.ndarray, near_V: np.ndarray, corners_T3: np.ndarray, size: int
) -> Fragments:
    """Find the nearest triangle of every pixel of a square image.

    Args:
        points_V2: float32, px; the centre of the top-left pixel is (0, 0).
        near_V: float32, one over the distance from the camera, > 0.
        corners_T3: vertices of the triangles. Both sides are seen: leave out those that turn away.
        size: side of the image, px.
    """
    x_T3, y_T3 = points_V2[corners_T3, 0], points_V2[corners_T3, 1]
    near_T3 = near_V[corners_T3]
    (ax, bx, cx), (ay, by, cy) = x_T3.T, y_T3.T
    area_T = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)

    # Rows that a triangle meets.
    top_T = np.maximum(np.ceil(y_T3.min(1)), 0).astype(np.int64)
    bottom_T = np.minimum(np.floor(y_T3.max(1)), size - 1).astype(np.int64)
    rows_T = np.where(np.abs(area_T) > 1e-6, np.maximum(bottom_T - top_T + 1, 0), 0)
    triangle_R = np.repeat(np.arange(len(rows_T)), rows_T)
    y_R = _counted(rows_T) + top_T[triangle_R]

    # The share of a corner is a linear function of (x, y), 0 on the edge opposite to it.
    inverse_T = 1 / np.where(rows_T > 0, area_T, 1)
    slope_x_T3 = np.stack([by - cy, cy - ay, ay - by], 1) * inverse_T[:, None]
    slope_y_T3 = np.stack([cx - bx, ax - cx, bx - ax], 1) * inverse_T[:, None]
    slope_x_R3 = slope_x_T3[triangle_R]
    # Shares at x = 0 of the row, from the corner whose share is 1.
    start_R3 = (1 - slope_x_T3 * x_T3 - slope_y_T3 * y_T3)[triangle_R]
    start_R3 += slope_y_T3[triangle_R] * y_R[:, None].astype(np.float32)

    # All three shares are >= 0 between the last left edge and the first right edge.
    with np.errstate(divide="ignore", invalid="ignore"):
        cross_R3 = -start_R3 / slope_x_R3
    left_R = np.where(slope_x_R3 > 0, cross_R3, -1).max(1)
    right_R = np.where(slope_x_R3 < 0, cross_R3, size).min(1)
    level = (slope_x_R3 == 0) & (start_R3 < 0)
    first_R = np.maximum(np.ceil(left_R), 0).astype(np.int64)
    last_R = np.minimum(np.floor(right_R), size - 1).astype(np.int64)
    count_R = np.where(level.any(1), 0, np.maximum(last_R - first_R + 1, 0))

    span_F = np.repeat(np.arange(len(count_R)), count_R)
    x_F = _counted(count_R) + first_R[span_F]
    pixel_F = y_R[span_F] * size + x_F
    slope_R = (slope_x_R3 * near_T3[triangle_R]).sum(1)
    near_F = (start_R3 * near_T3[triangle_R]).sum(1)[span_F] + slope_R[span_F] * x_F.astype(
        np.float32
    )

    # The nearest fragment of each pixel: nearness (positive floats are ordered like their bits) and
    # number share one integer, whose maximum is taken.
    key_F = near_F.view(np.int32).astype(np.int64) << _NUMBER_BITS
    key_F |= np.arange(len(key_F))
    best = np.zeros(size * size, np.int64)
    np.maximum.at(best, pixel_F, key_F)
    seen = np.flatnonzero(best)
    winner = best[seen] & ((1 << _NUMBER_BITS) - 1)

    span = span_F[winner]
    triangle = triangle_R[span]
    share_F3 = start_R3[span] + slope_x_R3[span] * x_F[winner][:, None].astype(np.float32)
    share_F3 *= near_T3[triangle]
    near = near_F[winner]
    share_F3 /= near[:, None]
    return Fragments(seen, triangle, share_F3, near)


def _counted(count_N: np.ndarray) -> np.ndarray:
    """Count from 0 within each group: ``[2, 3] -> [0, 1, 0, 1, 2]``."""
    ends_N = np.cumsum(count_N)
    total = int(ends_N[-1]) if len(ends_N) else 0
    return np.arange(total) - np.repeat(ends_N - count_N, count_N)
