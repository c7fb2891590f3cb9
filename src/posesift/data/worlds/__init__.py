"""The built-in worlds: procedural people and hands, with their labels, as source and target.

A world separates two things that every real data set confounds: which **poses** are seen (`source`
is heavy-tailed, mostly standing and walking; `target` is flat over activities) and how they
**look** (`synthetic` or `photo`). They are chosen apart, so the domain gap can be taken apart too.

Sample i is a pure function of (world, poses, seed, split, i), its appearance of (look, seed, split,
i): neither depends on how many samples are drawn. Nothing here imports torch.

Names: N samples, K keypoints, P points, G parts, M painted images, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from posesift.poses.table import PoseTable


@dataclass(frozen=True)
class WorldPoses:
    """N samples of a world as the camera sees them: labels, and what the painter needs."""

    name: str
    """World: `"body"` or `"hand"`."""

    table: PoseTable
    """The labels; `table.root` is the canonical address, `table.image_N` the sample numbers."""

    index_N: np.ndarray
    """int64, sample numbers i."""

    points_NP2: np.ndarray
    """float32, all points of the figures, crop px."""

    depth_NP: np.ndarray
    """float32, distance of each point from the camera along its axis, units."""

    scale_NP: np.ndarray
    """float32, px a unit at each point's depth: the radius of a sphere there, in px."""

    girth_NG: np.ndarray
    """float32, thickness factor of each part; 0 = absent."""
