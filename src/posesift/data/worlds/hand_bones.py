"""The skeleton of the hand world in three dimensions: from joint angles to points in space.

Legend: N samples, A angles (`hand_modes.ANGLES`), F = 5 fingers (thumb first), J = 4 joints a
finger (base to tip), B = 3 bones a finger, K = 21 keypoints, 3 = (x, y, z).

The frame is a right hand's: the wrist at the origin, x towards the thumb, y towards the fingers,
z out of the palm; the unit is the length from the wrist to the middle knuckle. Each finger bends
in a plane of its own, so its joints follow from one frame a finger and running sums of flexion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posesift.data.worlds.hand_modes import DEVIATION, DIP, FLEXION, PIP, THUMB

#: Base of each finger: the thumb's saddle joint, then the four knuckles.
BASE_F3 = np.array(
    [
        (0.22, 0.20, 0.06),
        (0.265, 0.985, 0.0),
        (0.045, 1.0, -0.02),
        (-0.165, 0.945, -0.01),
        (-0.345, 0.85, 0.02),
    ],
    dtype=np.float32,
)

#: Lengths of the three bones of each finger (the thumb's first is its metacarpal).
LENGTH_FB = np.array(
    [
        (0.50, 0.37, 0.30),
        (0.45, 0.27, 0.23),
        (0.50, 0.31, 0.24),
        (0.46, 0.29, 0.24),
        (0.37, 0.21, 0.22),
    ],
    dtype=np.float32,
)

#: How far each knuckle rises out of the palm's plane per sine of cupping.
_CUPPING_F = np.array([0.0, 0.0, 0.0, 0.18, 0.42], dtype=np.float32)
#: Fingers that bend converge on the base of the thumb: twist in degrees at a right angle.
_CONVERGENCE = np.array([-6.0, 0.0, 7.0, 14.0], dtype=np.float32)
#: The thumb lies across: its pulp is turned from the palm's normal towards the fingers, degrees.
_PRONATION = 42.0


@dataclass(frozen=True)
class Bones:
    """Points and directions of N hands in the hand's own frame.

    Attributes:
        keypoints_NK3: The keypoints of hand21, wrist first.
        along_NFB3: Unit vectors along the bones, base to tip.
        palmar_NFB3: Unit vectors across the bones, out of the side that touches things.
    """

    keypoints_NK3: np.ndarray
    along_NFB3: np.ndarray
    palmar_NFB3: np.ndarray


def draw_proportions(rng: np.random.Generator, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Bone proportions of N people: slim and broad palms, long and short fingers.

    Args:
        rng: Source of randomness.
        samples: N.

    Returns:
        How broad the palm is (N,), as a factor, and bone lengths (N, F, B) in palm lengths;
        float32.
    """
    broad_N1 = 1 + 0.06 * rng.standard_normal((samples, 1), dtype=np.float32)
    long_N11 = 1 + 0.05 * rng.standard_normal((samples, 1, 1), dtype=np.float32)
    own_NFB = 1 + 0.03 * rng.standard_normal((samples, *LENGTH_FB.shape), dtype=np.float32)
    length_NFB = LENGTH_FB * np.clip(long_N11, 0.87, 1.13) * np.clip(own_NFB, 0.92, 1.08)
    return np.clip(broad_N1[:, 0], 0.85, 1.15), length_NFB


def bases(broad_N: np.ndarray) -> np.ndarray:
    """Return the bases of the fingers (N, F, 3) float32 on flat palms of these breadths."""
    base_NF3 = np.tile(BASE_F3, (len(broad_N), 1, 1))
    base_NF3[..., 0] *= broad_N[:, None]
    return base_NF3


def pose(angles_NA: np.ndarray, base_NF3: np.ndarray, length_NFB: np.ndarray) -> Bones:
    """Forward kinematics.

    Args:
        angles_NA: Joint angles in degrees, in the order of `hand_modes.ANGLES`.
        base_NF3: Bases of the fingers on a flat palm.
        length_NFB: Lengths of the bones.

    Returns:
        The points and directions of the hands.
    """
    samples = len(angles_NA)
    bend_NFB = np.zeros((samples, 5, 3), dtype=np.float32)  # summed flexion at each bone
    bend_NFB[:, 0, 1:] = np.cumsum(angles_NA[:, THUMB][:, 2:], axis=1)
    knuckle_N4 = angles_NA[:, FLEXION]
    bend_NFB[:, 1:, 0] = knuckle_N4
    bend_NFB[:, 1:, 1] = knuckle_N4 + angles_NA[:, PIP]
    bend_NFB[:, 1:, 2] = bend_NFB[:, 1:, 1] + angles_NA[:, DIP]

    # A bent knuckle's ligaments are tight and leave little room for going sideways.
    bent_N4 = np.clip(knuckle_N4 / 90, 0, 1)
    deviation_N4 = angles_NA[:, DEVIATION] * (1 - 0.7 * bent_N4)
    frame_NF33 = np.empty((samples, 5, 3, 3), dtype=np.float32)
    frame_NF33[:, 1:] = _turn("z", -deviation_N4) @ _turn("y", _CONVERGENCE * bent_N4)
    opposition_N, abduction_N = angles_NA[:, THUMB][:, :2].T
    swing_N33 = _turn("y", -opposition_N) @ _turn("z", -abduction_N)
    frame_NF33[:, 0] = swing_N33 @ _PRONATED_33

    sine_NFB1, cosine_NFB1 = (f(np.deg2rad(bend_NFB))[..., None] for f in (np.sin, np.cos))
    up_NF13, out_NF13 = frame_NF33[..., None, :, 1], frame_NF33[..., None, :, 2]
    along_NFB3 = cosine_NFB1 * up_NF13 + sine_NFB1 * out_NF13
    palmar_NFB3 = cosine_NFB1 * out_NF13 - sine_NFB1 * up_NF13

    keypoints_NK3 = np.zeros((samples, 21, 3), dtype=np.float32)
    joints_NFJ3 = keypoints_NK3[:, 1:].reshape(samples, 5, 4, 3)  # a view: wrist stays at 0
    joints_NFJ3[:, :, 0] = base_NF3
    joints_NFJ3[:, :, 0, 2] += np.sin(np.deg2rad(angles_NA[:, :1])) * _CUPPING_F
    steps_NFB3 = length_NFB[..., None] * along_NFB3
    joints_NFJ3[:, :, 1:] = joints_NFJ3[:, :, :1] + np.cumsum(steps_NFB3, axis=2)
    return Bones(keypoints_NK3, along_NFB3, palmar_NFB3)


def _turn(axis: str, degrees: np.ndarray) -> np.ndarray:
    """Rotations (..., 3, 3) float32 about a coordinate axis, right-handed."""
    angle = np.deg2rad(degrees)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn = np.zeros((*angle.shape, 3, 3), dtype=np.float32)
    turn[..., range(3), range(3)] = 1.0
    turn[..., first, first] = turn[..., second, second] = np.cos(angle)
    turn[..., second, first] = np.sin(angle)
    turn[..., first, second] = -turn[..., second, first]
    return turn


_PRONATED_33 = _turn("y", np.array(-_PRONATION))
