"""Which way people and animals face: what tells whether *all* sides of a set are exchanged.

Shapes: N samples, K keypoints, P mirror pairs, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from posesift.data.checks.sides import Sides, lateral
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton
from posesift.skeletons.sides import all_sided

_CLEAR = 0.2  # of the trunk: how far knees or a nose must stand out to one side
_HIDDEN = 2  # keypoints more on one side than on the other
_WIDE = 0.15  # of the trunk: a trunk seen from the front or from behind


def from_front(table: PoseTable, sides: Sides, order_P: np.ndarray) -> np.ndarray:
    """1 for people seen from the front, -1 from behind, by the order of their hips and shoulders.

    Left stands on the right-hand side of the image when somebody upright faces the camera; here
    upright means from hips to shoulders, so turned images and handstands count alike.

    Args:
        table: the poses.
        sides: its pairs.
        order_P: -1 for pairs that are known to be swapped.

    Returns:
        (N,) float; 0 where that cannot be told: a narrow trunk, or no person.
    """
    up_N2 = _up(table, "hip", "shoulder")
    width_PN = [
        lateral(up_N2, order_P[p] * sides.across_NP2[:, p])
        for p, name in enumerate(sides.names_P)
        if name in ("hip", "shoulder")
    ]
    if not width_PN:
        return np.zeros(len(table))
    known_NP = sides.known_NP[:, [name in ("hip", "shoulder") for name in sides.names_P]]
    width_N = np.sum(width_PN, axis=0) / np.maximum(known_NP.sum(1), 1)
    return np.where(np.abs(width_N) > _WIDE * np.hypot(*up_N2.T), np.sign(width_N), 0)


def far_side_hidden(table: PoseTable, sides: Sides, order_P: np.ndarray) -> np.ndarray:
    """1 where the hidden side is the far one, -1 where it is the near one, 0 where nobody can tell.

    Somebody who faces the right-hand side of the image has their left away from the camera, so
    what is hidden is mostly on the left. Knees bend forward, noses are in front of ears, and an
    animal's head is ahead of its back legs: that tells the direction without knowing any side.

    Args:
        table: the poses. A keypoint counts as hidden when it is occluded or not visible.
        sides: its pairs.
        order_P: -1 for pairs that are known to be swapped.
    """
    ahead_N = _ahead(table)
    hidden_NK = ~table.visible_NK
    if table.occluded_NK is not None:
        hidden_NK |= table.occluded_NK
    left_P, right_P = sides.pairs_P2.T
    more_NP = hidden_NK[:, left_P].astype(int) - hidden_NK[:, right_P]
    more_N = more_NP @ order_P
    tells_N = (np.abs(ahead_N) > _CLEAR) & (np.abs(more_N) >= _HIDDEN)
    return np.where(tells_N, np.sign(ahead_N * more_N), 0)


def face_seen(table: PoseTable) -> np.ndarray:
    """Whether a person's nose and both eyes are seen, which they only are from the front; (N,)."""
    names = ("nose", "left_eye", "right_eye")
    given = _names(table.skeleton)
    if not set(names) <= set(given):
        return np.zeros(len(table), bool)
    face = [given.index(name) for name in names]
    seen_NK = table.visible_NK[:, face]
    if table.occluded_NK is not None:
        seen_NK = seen_NK & ~table.occluded_NK[:, face]
    return np.logical_and.reduce(seen_NK, axis=1)


def _ahead(table: PoseTable) -> np.ndarray:
    """How far a pose faces the right-hand side of the image (negative: left), in trunk lengths."""
    names = _names(table.skeleton)
    if {"left_hip", "left_shoulder", "left_knee", "left_ankle"} <= set(names):
        up_N2 = _up(table, "hip", "shoulder")
        ahead_N = np.zeros(len(table))
        for side in ("left", "right"):
            leg = [names.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle")]
            hip_N2, knee_N2, ankle_N2 = np.moveaxis(table.keypoints_NK2[:, leg], 1, 0)
            bend_N = lateral(up_N2, knee_N2 - (hip_N2 + ankle_N2) / 2)
            ahead_N += np.where(table.visible_NK[:, leg].all(1), bend_N, 0)
        nose_N2, ears_N2 = _mean(table, "nose".__eq__), _mean(table, lambda name: "ear" in name)
        ahead_N += np.nan_to_num(lateral(up_N2, nose_N2 - ears_N2))
    else:  # an animal; the trunk is as long as the legs, near enough
        up_N2 = _mean(table, lambda name: "elbow" in name)
        up_N2 = up_N2 - _mean(table, lambda name: "hoof" in name or "paw" in name)
        head_N2 = _mean(table, lambda name: "eye" in name or name in ("nose", "chin"))
        ahead_N = lateral(up_N2, head_N2 - _mean(table, lambda name: "back_" in name))
    length_N = np.hypot(*up_N2.T)
    return np.nan_to_num(np.where(length_N > 1, ahead_N / np.maximum(length_N, 1), 0))


def _up(table: PoseTable, low: str, high: str) -> np.ndarray:
    """From the middle of one pair to that of another, (N, 2); NaN where one is not visible."""
    ends = [_mean(table, [f"left_{name}", f"right_{name}"].__contains__) for name in (low, high)]
    return ends[1] - ends[0]


def _mean(table: PoseTable, wanted: Callable[[str], bool]) -> np.ndarray:
    """Return the mean of the visible ones among some keypoints, (N, 2); NaN where none is."""
    chosen = _indices(table.skeleton, wanted)
    visible_NK = table.visible_NK[:, chosen]
    total_N2 = (table.keypoints_NK2[:, chosen] * visible_NK[..., None]).sum(1)
    count_N1 = visible_NK.sum(1)[:, None]
    return np.where(count_N1 > 0, total_N2 / np.maximum(count_N1, 1), np.nan)


def _indices(skeleton: Skeleton, wanted: Callable[[str], bool]) -> list[int]:
    return [k for k, name in enumerate(_names(skeleton)) if wanted(name)]


def _names(skeleton: Skeleton) -> list[str]:
    """Return the keypoints in one spelling of their sides."""
    return [one.key for one in all_sided(skeleton.keypoints)]
