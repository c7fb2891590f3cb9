"""Rotations of many figures at once: (..., 3, 3) float32 matrices.

Names: 3 = (x, y, z); "..." any leading axes.
"""

from __future__ import annotations

import numpy as np


def between(from_3: np.ndarray, to_3: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Give the shortest turn (..., 3, 3) that takes one direction to another.

    Args:
        from_3: (..., 3), of any length but 0.
        to_3: (..., 3), likewise; not opposite to `from_3`, where no turn is the shortest.
        share: of the turn's angle.

    >>> np.allclose(between(np.eye(3)[0], np.eye(3)[1]) @ np.eye(3)[0], np.eye(3)[1], atol=1e-6)
    True
    """
    start = from_3 / np.linalg.norm(from_3, axis=-1, keepdims=True)
    end = to_3 / np.linalg.norm(to_3, axis=-1, keepdims=True)
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, (start * end).sum(-1))
    return about(axis / np.maximum(sine, 1e-6)[..., None], share * angle)


def about(axis_3: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Turn about unit vectors (..., 3) by angles (...) in radians, right-handed.

    >>> about(np.eye(3)[2], np.array(np.pi / 2)).round(3).tolist()[0]
    [0.0, -1.0, 0.0]
    """
    x, y, z = np.moveaxis(axis_3, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    angle = np.asarray(angle)[..., None, None]
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return turn.astype(np.float32)


def twist(turn_33: np.ndarray, axis_3: np.ndarray) -> np.ndarray:
    """Give the angle (...) in radians by which a turn about the unit vector `axis_3` turns."""
    skew = 0.5 * (turn_33 - np.swapaxes(turn_33, -1, -2))
    vector = np.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1)
    cosine = 0.5 * (np.trace(turn_33, axis1=-2, axis2=-1) - 1)
    return np.arctan2((vector * axis_3).sum(-1), cosine)
