"""Triangles to pixels one triangle after the other: what `rasterizer` must agree with."""

from __future__ import annotations

import numpy as np


def rasterize_slowly(
    points_V2: np.ndarray, near_V: np.ndarray, corners_T3: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Nearness (P,) and triangle (P,) seen at each pixel, row by row; 0 and -1 where none is."""
    best, triangle = np.zeros((side, side)), np.full((side, side), -1)
    for t, corners in enumerate(corners_T3):
        (ax, ay), (bx, by), (cx, cy) = points_V2[corners].astype(float)
        twice = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(twice) < 1e-6:
            continue
        left, top = np.clip(np.floor(points_V2[corners].min(0)), 0, side).astype(int)
        right, bottom = np.clip(np.ceil(points_V2[corners].max(0)) + 1, 0, side).astype(int)
        y, x = np.mgrid[top:bottom, left:right].astype(float)
        box = np.s_[top:bottom, left:right]
        first = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / twice
        second = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / twice
        third = 1 - first - second
        near = first * near_V[corners[0]] + second * near_V[corners[1]] + third * near_V[corners[2]]
        wins = (first >= 0) & (second >= 0) & (third >= 0) & (near > best[box])
        best[box][wins], triangle[box][wins] = near[wins], t
    return best.ravel(), triangle.ravel()
