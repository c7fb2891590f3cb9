"""SMPL's 24 joints: which of the body world's angles turn each of them.

SMPL's rest pose is a T: arms held out sideways. Ours lets them hang. A joint of an arm therefore
counts from another frame: with L a joint's own rotation in the body world, and Q the quarter turn
about z that lowers the arm from the T (unity elsewhere), SMPL's rotation of the joint is
``Q(parent)^T L Q(joint)``. Axes are the same in both: x to the own left, y up, z to the front.

Both are trees of rotations, so directions of bones agree exactly; places differ by how SMPL's own
bones are long, and by where it has joints (three of the spine to two here).

Shapes: N samples, A angles, J = 24 joints, 3 = (x, y, z).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from posesift.data.worlds import body_shape


@dataclass(frozen=True)
class Joint:
    """One of SMPL's joints."""

    name: str
    parent: int
    """Number of the joint that it hangs on; -1 of the first."""

    turn: str = ""
    """The joint of `posesift.data.worlds.body_shape.JOINTS` that turns it; "" where none does."""

    lowered: int = 0
    """Degrees about z from SMPL's rest pose to ours, of what hangs on the joint."""

    @property
    def formula(self) -> str:
        """How the angles turn it, counted in our rest pose.

        >>> JOINTS[1].formula
        'Rx(-left_hip_flex) Rz(left_hip_out) Ry(left_hip_rot)'
        >>> JOINTS[3].formula
        'Rx(spine_flex / 2) Rz(spine_side / 2) Ry(spine_turn / 2)'
        """
        turns = zip("xzy", body_shape.JOINTS.get(self.turn, ()), strict=False)
        return " ".join(
            f"R{axis}({'-' * (turn[1] < 0)}{turn[0]}{' / 2' * (abs(turn[1]) == 0.5)})"
            for axis, turn in turns
            if turn
        )


JOINTS: tuple[Joint, ...] = (
    Joint("pelvis", -1, "root"),
    Joint("left_hip", 0, "left_hip"),
    Joint("right_hip", 0, "right_hip"),
    Joint("spine1", 0, "spine"),
    Joint("left_knee", 1, "left_knee"),
    Joint("right_knee", 2, "right_knee"),
    Joint("spine2", 3, "spine"),
    Joint("left_ankle", 4, "left_ankle"),
    Joint("right_ankle", 5, "right_ankle"),
    Joint("spine3", 6),
    Joint("left_foot", 7),
    Joint("right_foot", 8),
    Joint("neck", 9),
    Joint("left_collar", 9),
    Joint("right_collar", 9),
    Joint("head", 12, "neck"),
    Joint("left_shoulder", 13, "left_arm", -90),
    Joint("right_shoulder", 14, "right_arm", 90),
    Joint("left_elbow", 16, "left_elbow", -90),
    Joint("right_elbow", 17, "right_elbow", 90),
    Joint("left_wrist", 18, "", -90),
    Joint("right_wrist", 19, "", 90),
    Joint("left_hand", 20, "", -90),
    Joint("right_hand", 21, "", 90),
)
"""In SMPL's order."""


def pose(angles_NA: np.ndarray) -> np.ndarray:
    """Return SMPL's pose parameters (N, J, 3) float32: rotation vectors, radians.

    The first joint's is how the body is turned in its own frame, before any camera; see
    `posesift.data.worlds.camera.Pinhole` for that.

    >>> standing = pose(np.zeros((1, 26)))[0]
    >>> np.rad2deg(standing[16]).round().tolist(), np.abs(standing[:16]).max().item()
    ([0.0, 0.0, -90.0], 0.0)

    Args:
        angles_NA: of the body world, degrees.
    """
    turns = body_shape.rotations(angles_NA)
    lowered_J = [Rotation.from_euler("z", joint.lowered, degrees=True) for joint in JOINTS]
    still = Rotation.identity()
    vectors_NJ3 = np.empty((len(angles_NA), len(JOINTS), 3), np.float32)
    for j, joint in enumerate(JOINTS):
        own = Rotation.from_matrix(turns[joint.turn]) if joint.turn else still
        before = lowered_J[joint.parent].inv() if joint.parent >= 0 else still
        vectors_NJ3[:, j] = (before * own * lowered_J[j]).as_rotvec()
    return vectors_NJ3
