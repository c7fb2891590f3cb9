"""Points that can be told apart in a small picture, and the look whether a dot lies under each.

Shapes: C points, N samples, K keypoints, 2 = (x, y) or (width, height), 3 = (red, green, blue).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tests.datasets import RADIUS, dot_colour

from posesift.data.pixels import read_image
from posesift.poses import PoseTable


def scattered(rng: np.random.Generator, size_2: Sequence[int], count: int) -> np.ndarray:
    """Points (C, 2) 12 px or more from the border and 2 * RADIUS apart: no dot hides another."""
    cell = 2 * RADIUS + 8
    grid = np.stack(np.meshgrid(*[np.arange(12, side - 20, cell) for side in size_2]), -1)
    return rng.choice(grid.reshape(-1, 2), count, replace=False) + rng.uniform(0, 6, (count, 2))


def dots_found(table: PoseTable, row: int, colour_K: Sequence[int]) -> int:
    """How many visible keypoints of a sample have their dot under them; all, or an error.

    Args:
        table: of photographs with dots.
        row: of the table.
        colour_K: for each keypoint the number of its dot's colour.
    """
    image_HW3 = read_image(table, row).astype(int)
    found = 0
    for k in np.flatnonzero(table.visible_NK[row]).tolist():
        x, y = np.round(table.keypoints_NK2[row, k]).astype(int)
        off = np.abs(image_HW3[y, x] - dot_colour(colour_K[k])).max()
        assert off < 60, (row, table.skeleton.keypoints[k], off)
        found += 1
    return found
