"""A person's build: bone lengths, forward kinematics, and the points that the crop holds.

Lengths are in units of the person's height. The frame: x to the own left, y up, z to the front;
the pelvis is the origin.

Names: N samples, A angles, P points, J joints, 3 = (x, y, z).
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds.body_modes import ANGLES

# The first 16 are the keypoints of body16; the rest say how far the body reaches, for the crop.
(
    R_ANKLE, R_KNEE, R_HIP, L_HIP, L_KNEE, L_ANKLE, PELVIS, THORAX, NECK, HEAD,
    R_WRIST, R_ELBOW, R_SHOULDER, L_SHOULDER, L_ELBOW, L_WRIST,
    L_TOE, R_TOE, L_HEEL, R_HEEL, L_CALF, R_CALF, L_HAND, R_HAND,
    L_WAIST, R_WAIST, L_CHEST, R_CHEST,
    SKULL, BACK, FACE, CHIN, NOSE, L_EYE, R_EYE, MOUTH, TAIL,
) = range(37)  # fmt: skip
POINTS = 37

BONES: dict[str, float] = {
    "shin": 0.245, "thigh": 0.245, "foot": 0.115, "hip_width": 0.118, "spine": 0.275,
    "neck": 0.058, "head": 0.148, "shoulder_width": 0.238, "upper_arm": 0.176, "forearm": 0.147,
    "hand": 0.085,
}  # fmt: skip
"""Mean length of each bone in body heights."""

# Euler angles about (x, z, y) of each joint: the angle's name and its sign. Left; the right has the
# opposite sign about z and y.
_TRUNK_JOINTS = {
    "root": (("tilt", 1), ("lean", 1), None),
    "spine": (("spine_flex", 0.5), ("spine_side", 0.5), ("spine_turn", 0.5)),
    "neck": (("neck_flex", 1), ("neck_side", 1), ("neck_turn", 1)),
}
_LIMB_JOINTS = {
    "hip": (("hip_flex", -1), ("hip_out", 1), ("hip_rot", 1)),
    "knee": (("knee_flex", 1), None, None),
    "ankle": (("ankle_flex", 1), None, None),
    "arm": (("arm_flex", -1), ("arm_out", 1), ("arm_rot", 1)),
    "elbow": (("elbow_flex", -1), None, None),
}
JOINTS: dict[str, tuple[tuple[str, float] | None, ...]] = dict(_TRUNK_JOINTS)
"""Each joint of `rotations`: the angle that turns it about x, about z and about y, and by how many
degrees a degree; None: nothing does."""
for _side, _mirror in (("left", 1), ("right", -1)):
    for _joint, _turns in _LIMB_JOINTS.items():
        JOINTS[f"{_side}_{_joint}"] = tuple(
            turn and (f"{_side}_{turn[0]}", turn[1] * (_mirror if axis else 1))
            for axis, turn in enumerate(_turns)
        )
_EULER_AJ3 = np.zeros((len(ANGLES), len(JOINTS), 3), np.float32)  # degrees -> radians of joints
for _row, _turns in enumerate(JOINTS.values()):
    for _axis, _turn in enumerate(_turns):
        if _turn:
            _EULER_AJ3[ANGLES.index(_turn[0]), _row, _axis] = np.deg2rad(_turn[1])


HEAD_POINTS = {
    SKULL: (0, 0.66, -0.06), BACK: (0, 0.42, -0.16), FACE: (0, 0.50, 0.17),
    CHIN: (0, 0.13, 0.20), NOSE: (0, 0.40, 0.56), MOUTH: (0, 0.20, 0.46),
    L_EYE: (0.17, 0.52, 0.46), R_EYE: (-0.17, 0.52, 0.46), TAIL: (0, -0.25, -0.32),
}  # fmt: skip
"""Places in the head's frame, in lengths of the head from the upper neck."""


def build(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Draw the bone lengths (N,) of `count` people, the same on the left and on the right.

    Everybody is of height 1 but not alike: long or short legs, arms and head (5 %), shoulders
    and hips that are wide or narrow against each other.
    """
    spread_N = rng.standard_normal((len(BONES) + 2, count)).astype(np.float32)
    legs_N, sex_N = spread_N[-2], spread_N[-1]
    lengths = {
        name: length * np.exp(0.045 * spread_N[row])
        for row, (name, length) in enumerate(BONES.items())
    }
    for name in ("shin", "thigh"):
        lengths[name] *= np.exp(0.03 * legs_N)
    lengths["shoulder_width"] *= np.exp(0.05 * sex_N)
    lengths["hip_width"] *= np.exp(-0.06 * sex_N)
    return lengths


def rotations(angles_NA: np.ndarray) -> dict[str, np.ndarray]:
    """Return the rotation matrix (N, 3, 3) of each joint against its parent: ``Rx Rz Ry``."""
    euler_N3J = np.einsum("na,ajx->nxj", angles_NA.astype(np.float32), _EULER_AJ3, optimize=True)
    sine_N3J, cosine_N3J = np.sin(euler_N3J), np.cos(euler_N3J)
    (sx, sz, sy), (cx, cz, cy) = sine_N3J.swapaxes(0, 1), cosine_N3J.swapaxes(0, 1)
    matrix = np.empty((3, 3, *sx.shape), np.float32)
    matrix[0] = cz * cy, -sz, cz * sy
    middle, last = (sz * cy, cz, sz * sy), (-sy, np.zeros_like(cy), cy)
    for column in range(3):
        matrix[1, column] = cx * middle[column] - sx * last[column]
        matrix[2, column] = sx * middle[column] + cx * last[column]
    matrix_JN33 = np.ascontiguousarray(matrix.transpose(3, 2, 0, 1))
    return dict(zip(JOINTS, matrix_JN33, strict=True))


def pose(angles_NA: np.ndarray, lengths: dict[str, np.ndarray]) -> np.ndarray:
    """Forward kinematics: all points (N, P, 3) of people with these angles and bone lengths."""
    turn = rotations(angles_NA)
    points_NP3 = np.zeros((len(angles_NA), POINTS, 3), np.float32)

    def place(point: int, frame_N33: np.ndarray, start_N3: np.ndarray, x, y, z) -> np.ndarray:
        """Put a point at (x, y, z) of a frame whose origin is `start_N3`."""
        end_N3 = points_NP3[:, point]
        end_N3[:] = start_N3
        for axis, length in enumerate((x, y, z)):
            if not (isinstance(length, int) and length == 0):
                end_N3 += frame_N33[:, :, axis] * np.asarray(length)[..., None]
        return end_N3

    root = turn["root"]
    middle = root @ turn["spine"]
    chest = middle @ turn["spine"]
    head = chest @ turn["neck"]
    half_hip, half_shoulder = lengths["hip_width"] / 2, lengths["shoulder_width"] / 2
    half_spine, size = lengths["spine"] / 2, lengths["head"]

    pelvis = points_NP3[:, PELVIS]  # the origin
    waist = middle[:, :, 1] * half_spine[:, None]
    thorax = place(THORAX, chest, waist, 0, half_spine, 0)
    neck = place(NECK, chest, thorax, 0, lengths["neck"], 0.006)
    place(HEAD, head, neck, 0, size, 0)
    for point, (x, y, z) in HEAD_POINTS.items():
        place(point, head, neck, x * size, y * size, z * size)

    for side, sign in (("left", 1), ("right", -1)):
        left = side == "left"
        hip = place(L_HIP if left else R_HIP, root, pelvis, sign * half_hip, 0, 0)
        place(
            L_WAIST if left else R_WAIST, middle, waist, sign * (0.5 * half_hip + 0.012), -0.02, 0
        )
        place(
            L_CHEST if left else R_CHEST,
            chest,
            thorax,
            sign * (0.42 * half_shoulder),
            -0.075,
            0.008,
        )

        thigh = root @ turn[f"{side}_hip"]
        shin = thigh @ turn[f"{side}_knee"]
        foot = shin @ turn[f"{side}_ankle"]
        knee = place(L_KNEE if left else R_KNEE, thigh, hip, 0, -lengths["thigh"], 0)
        place(L_CALF if left else R_CALF, shin, knee, 0, -0.32 * lengths["shin"], -0.012)
        ankle = place(L_ANKLE if left else R_ANKLE, shin, knee, 0, -lengths["shin"], 0)
        place(L_HEEL if left else R_HEEL, foot, ankle, 0, -0.026, -0.022)
        place(L_TOE if left else R_TOE, foot, ankle, 0, -0.03, lengths["foot"])

        shoulder = place(
            L_SHOULDER if left else R_SHOULDER, chest, thorax, sign * half_shoulder, -0.022, 0
        )  # fmt: skip
        arm = chest @ turn[f"{side}_arm"]
        forearm = arm @ turn[f"{side}_elbow"]
        elbow = place(L_ELBOW if left else R_ELBOW, arm, shoulder, 0, -lengths["upper_arm"], 0)
        wrist = place(L_WRIST if left else R_WRIST, forearm, elbow, 0, -lengths["forearm"], 0)
        place(L_HAND if left else R_HAND, forearm, wrist, 0, -0.62 * lengths["hand"], 0.008)
    return points_NP3
