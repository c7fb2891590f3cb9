"""The perspective camera of the worlds, and the square crop around a figure.

The crop is cut around the figure and scaled to its side, so of a camera only the viewing direction
and the distance (the strength of perspective) are chosen; focal length and principal point follow.

Names: N samples, P points, 3 = (x, y, z), 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from posesift.data.worlds.figure import Quantity, View

MARGIN = (1.10, 1.30)
"""Side of the crop over the longer side of the box of all points: uniform range."""

JITTER = 0.05
"""The crop's centre is off by up to this share of the box, each way, in x and in y."""

NEAREST = 0.5
"""No point counts as nearer to the camera: a reach towards it must not pass through it, units."""

CAMERA: dict[str, Quantity] = {
    "yaw": Quantity("degrees", -1e4, 1e4, "0 looks the figure in the face, 90 at its left side",
                    np.float64),
    "pitch": Quantity("degrees", -1e4, 1e4, "positive looks down on the figure", np.float64),
    "roll": Quantity("degrees", -1e4, 1e4, "positive turns the picture clockwise", np.float64),
    "distance": Quantity("units", 1, 1e4, "to the middle of the figure"),
    "margin": Quantity("", 0.5, 10, "side of the crop over the longer side of all points' box"),
    "shift_x": Quantity("", -1, 1, "of the crop to the right, in longer sides of that box"),
    "shift_y": Quantity("", -1, 1, "of the crop downwards, in longer sides of that box"),
}  # fmt: skip
"""What is drawn of a camera: the columns that `draw` gives and `aim` takes."""


class Pinhole(NamedTuple):
    """N cameras as computer vision writes them: x right, y down, z away from the camera.

    A point p of the figure is at ``q = rotation @ p + translation``, and is seen at
    ``focal * (q_x, q_y) / q_z + principal`` px, the centre of the top-left pixel at (0, 0).
    """

    rotation_N33: np.ndarray
    translation_N3: np.ndarray
    focal_N: np.ndarray
    principal_N2: np.ndarray


@dataclass(frozen=True)
class Cameras:
    """One camera a figure, and the square crop of its picture."""

    turn_N33: np.ndarray
    """float32, from the figure's frame to the camera's: x right, y up, z towards the camera."""

    centre_N3: np.ndarray
    """float32, what the camera looks at, in the figure's frame, units."""

    distance_N: np.ndarray
    """float32, from there to the camera, units."""

    corner_N2: np.ndarray
    """float32, the crop's outer corner in the picture plane at distance 1."""

    zoom_N: np.ndarray
    """float32, px of the crop a unit of that plane."""

    def __getitem__(self, rows: np.ndarray | slice) -> Cameras:
        return Cameras(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def joined(cameras: Sequence[Cameras]) -> Cameras:
        """Put the cameras of several figures into one."""
        columns = ([getattr(c, field.name) for c in cameras] for field in fields(Cameras))
        return Cameras(*map(np.concatenate, columns))

    def see(self, points_NP3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Photograph points of the figures' frames: crop px (N, P, 2), depth (N, P) in units.

        x leads right and y down; the centre of the crop's top-left pixel is (0, 0).
        """
        seen_NP3 = (points_NP3 - self.centre_N3[:, None]) @ self.turn_N33.swapaxes(1, 2)
        depth_NP = _depth(seen_NP3, self.distance_N)
        # The crop's corner is the outer corner of its first pixel, half a pixel before its centre.
        points_NP2 = (_plane(seen_NP3, depth_NP) - self.corner_N2[:, None]) * self.zoom_N[
            :, None, None
        ] - 0.5
        return points_NP2, depth_NP

    def pinholes(self) -> Pinhole:
        """Return the same cameras as computer vision writes them, float32; units and px."""
        turn_N33 = self.turn_N33 * np.array([[1], [-1], [-1]], np.float32)
        away_N3 = -np.einsum("nij,nj->ni", turn_N33, self.centre_N3)
        away_N3[:, 2] += self.distance_N
        return Pinhole(turn_N33, away_N3, self.zoom_N, -self.corner_N2 * self.zoom_N[:, None] - 0.5)


def draw(
    rng: np.random.Generator, view: View, count: int, facing: float | None = None
) -> dict[str, np.ndarray]:
    """Draw cameras: (count,) of each name in `CAMERA`.

    Args:
        rng: where viewing angles, distances and crops are drawn from.
        view: their ranges.
        count: N.
        facing: how far figures turn away from facing the camera: spread of a normal distribution,
            degrees. None: ``view.yaw_deg``. Nothing else that is drawn depends on it.
    """
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
    drawn = (yaw_N, pitch_N, roll_N, distance_N, margin_N, *shift_N2.T)
    return dict(zip(CAMERA, drawn, strict=True))


def aim(cameras: dict[str, np.ndarray], points_NP3: np.ndarray, side: int) -> Cameras:
    """Point each camera at its figure, and crop its picture to the figure.

    Args:
        cameras: (N,) of each name in `CAMERA`.
        points_NP3: the figures, units, x to their left, y up, z to their front.
        side: side of the crop, px.
    """
    low_N3, high_N3 = _bounds(points_NP3)
    centre_N3 = 0.5 * (low_N3 + high_N3)
    turn_N33 = rotation(cameras["yaw"], cameras["pitch"], cameras["roll"])
    seen_NP3 = (points_NP3 - centre_N3[:, None]) @ turn_N33.swapaxes(1, 2)
    low_N2, high_N2 = _bounds(_plane(seen_NP3, _depth(seen_NP3, cameras["distance"])))
    extent_N = (high_N2 - low_N2).max(1)
    margin_N, shift_N2 = cameras["margin"], np.stack([cameras["shift_x"], cameras["shift_y"]], 1)
    corner_N2 = 0.5 * (low_N2 + high_N2) + extent_N[:, None] * (shift_N2 - 0.5 * margin_N[:, None])
    zoom_N = side / (extent_N * margin_N)
    return Cameras(turn_N33, centre_N3, cameras["distance"], corner_N2, zoom_N)


def _depth(seen_NP3: np.ndarray, distance_N: np.ndarray) -> np.ndarray:
    # A reach towards the camera must not pass through it; no figure comes nearer than this.
    return np.maximum(distance_N[:, None] - seen_NP3[..., 2], NEAREST)


def _plane(seen_NP3: np.ndarray, depth_NP: np.ndarray) -> np.ndarray:
    """Project onto the plane at distance 1, y down."""
    plane_NP2 = seen_NP3[..., :2] / depth_NP[..., None]
    plane_NP2[..., 1] *= -1
    return plane_NP2


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
