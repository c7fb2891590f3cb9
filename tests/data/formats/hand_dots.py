"""Joints far enough apart for dots, and whether a table's keypoints have their dots beneath them.

Shapes: K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import cv2
import numpy as np
from tests.datasets import RADIUS, dot_colour

from posesift import storage
from posesift.poses import PoseTable

CELL = 2 * RADIUS + 8


def spaced(rng: np.random.Generator, count: int, low_2, high_2) -> np.ndarray:
    """Points in a rectangle, 2 * RADIUS apart, (count, 2)."""
    axes = [np.arange(low, high - 6, CELL) for low, high in zip(low_2, high_2, strict=True)]
    grid = np.stack(np.meshgrid(*axes), -1)
    return rng.choice(grid.reshape(-1, 2), count, replace=False) + rng.uniform(0, 6, (count, 2))


def shown(table: PoseTable, row: int) -> np.ndarray:
    """The image of a sample as the table's labels see it, (H, W, 3) RGB; read without PoseSift."""
    path = storage.inside(table.root, table.image_N[row])
    image_HW3 = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1]
    if table.mirrored_N is not None and table.mirrored_N[row]:
        image_HW3 = image_HW3[:, ::-1]
    return image_HW3.astype(int)


def assert_dots(table: PoseTable, row: int, joint_K, which_K=None) -> int:
    """Every visible keypoint (of ``which_K``) lies on the dot of the file's joint ``joint_K[k]``.

    Returns the number of dots that were looked at.
    """
    image_HW3 = shown(table, row)
    looked = table.visible_NK[row] if which_K is None else table.visible_NK[row] & which_K
    for k in np.flatnonzero(looked):
        x, y = np.round(table.keypoints_NK2[row, k]).astype(int)
        assert np.abs(image_HW3[y, x] - dot_colour(joint_K[k])).max() < 70, (row, k)
    return int(looked.sum())
