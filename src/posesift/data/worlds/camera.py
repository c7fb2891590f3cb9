"""The perspective camera of the worlds, and the square crop around a figure.

The focal length is of no consequence: the crop is cut around the figure and scaled to its side, so
only the viewing direction and the distance (the strength of perspective) remain.

Names: N samples, P points, 3 = (x, y, z), 2 = (x, y).
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds.figure import View

MARGIN = (1.10, 1.30)
"""Side of the crop over the longer side of the box of all points: uniform range."""

JITTER = 0.05
"""The crop's centre is off by up to this share of the box, each way, in x and in y."""


def photograph(
    rng: np.random.Generator,
    view: View,
    points_NP3: np.ndarray,
    side: int,
    facing: float | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Look at figures, each with a camera of its own, and crop them.

    Args:
        rng: where viewing angles, distances and crops are drawn from.
        view: their ranges.
        points_NP3: the figures, units, x to their left, y up, z to their front.
        side: side of the crop, px.
        facing: how far figures turn away from facing the camera: spread of a normal distribution,
            degrees. None: ``view.yaw_deg``. Nothing else that is drawn depends on it.

    Returns:
        points (N, P, 2) in crop px (x right, y down, the centre of the top-left pixel at (0, 0));
        their depth (N, P) from the camera, units; and the px a unit has at each depth (N, P).
    """
    count = len(points_NP3)
    yaw_N = rng.uniform(*view.yaw_deg, count)
    if facing is not None:
        from scipy.special import ndtri  # slow to import, and seldom needed

        low, high = view.yaw_deg
        yaw_N = facing * ndtri((yaw_N - low) / (high - low))
    pitch_N = rng.normal(*view.pitch_deg, count)
    roll_N = rng.normal(*view.roll_deg, count)
    distance_N = rng.uniform(*view.distance, count).astype(np.float32)
    margin_N = rng.uniform(*MARGIN, count).astype(np.float32)
    shift_N2 = rng.uniform(-JITTER, JITTER, (count, 2)).astype(np.float32)

    low_N3, high_N3 = _bounds(points_NP3)
    seen_NP3 = (points_NP3 - 0.5 * (low_N3 + high_N3)[:, None]) @ rotation(
        yaw_N, pitch_N, roll_N
    ).swapaxes(1, 2)
    depth_NP = distance_N[:, None] - seen_NP3[..., 2]
    # A reach towards the camera must not pass through it; no figure comes nearer than this.
    depth_NP = np.maximum(depth_NP, 0.5)
    plane_NP2 = seen_NP3[..., :2] / depth_NP[..., None]
    plane_NP2[..., 1] *= -1

    low_N2, high_N2 = _bounds(plane_NP2)
    extent_N = (high_N2 - low_N2).max(1)
    corner_N2 = 0.5 * (low_N2 + high_N2) + extent_N[:, None] * (shift_N2 - 0.5 * margin_N[:, None])
    zoom_N = side / (extent_N * margin_N)
    # The crop's corner is the outer corner of its first pixel, half a pixel before its centre.
    points_NP2 = (plane_NP2 - corner_N2[:, None]) * zoom_N[:, None, None] - 0.5
    return points_NP2, depth_NP, zoom_N[:, None] / depth_NP


def rotation(yaw_N: np.ndarray, pitch_N: np.ndarray, roll_N: np.ndarray) -> np.ndarray:
    """From the figure's frame to the camera's: (N, 3, 3), x right, y up, z towards the camera.

    Degrees. Yaw 0 looks the figure in the face and yaw 90 at its left side; positive pitch looks
    down on it; positive roll turns the picture clockwise.

    >>> left, one = np.array([1.0, 0.0, 0.0]), np.ones(1)
    >>> np.allclose(rotation(90 * one, 0 * one, 0 * one) @ left, [0, 0, 1], atol=1e-6)
    True
    """
    (sy, sp, sr), (cy, cp, cr) = (
        trig(np.deg2rad([yaw_N, pitch_N, roll_N]).astype(np.float32)) for trig in (np.sin, np.cos)
    )
    # roll @ pitch @ yaw, written out.
    upper = (cy, np.zeros_like(cy), -sy)
    middle = (-sp * sy, cp, -sp * cy)
    rows = (
        [cr * u + sr * m for u, m in zip(upper, middle, strict=True)],
        [cr * m - sr * u for u, m in zip(upper, middle, strict=True)],
        [cp * sy, sp, cp * cy],
    )
    return np.array(rows, np.float32).transpose(2, 0, 1)


def _bounds(points_NPd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest coordinate (N, d); points first, as numpy is slow along short rows."""
    points_PNd = np.ascontiguousarray(points_NPd.swapaxes(0, 1))
    return points_PNd.min(0), points_PNd.max(0)
