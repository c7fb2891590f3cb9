"""From a figure of the body world to the bones of the mannequin that stands in its place.

Each segment of the mannequin is turned as the figure's segment is, stretched along itself to its
length, and put where the figure's joint lies: the mannequin's joints are the figure's keypoints.
An upper arm or thigh that turns about its own axis takes half of the turn at its root and all of it
farther on, and the shoulder a third of the arm's lift, as flesh does.

Names: N figures, P points, A angles, T traits, B bones, J joints, 3 = (x, y, z).
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds import body_shape, mannequin, turns
from posesift.data.worlds.body_shape import (
    HEAD,
    L_ANKLE,
    L_ELBOW,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_WRIST,
    NECK,
    PELVIS,
    R_ANKLE,
    R_ELBOW,
    R_HIP,
    R_KNEE,
    R_SHOULDER,
    R_WRIST,
    THORAX,
)  # fmt: skip

_DOWN = np.array([0, -1, 0], np.float32)
_UNDER_CROWN = 0.005
"""How deep in the head its topmost keypoint lies, units."""

_FRONT = np.array([0, 0, 1], np.float32)


def bones(points_NP3: np.ndarray, angles_NA: np.ndarray, joint_NJ3: np.ndarray) -> np.ndarray:
    """Map the mannequin's bones onto figures: (N, B, 3, 4) float32, in `Mannequin.bones`' order.

    Args:
        points_NP3: the figures' points, as `body_shape.pose` gives them.
        angles_NA: the angles they were posed with, degrees.
        joint_NJ3: the mannequins' joints at rest, as `Mannequin.shaped` gives them.
    """
    model = mannequin.load("body")
    rest = dict(zip(model.joints, joint_NJ3.swapaxes(0, 1), strict=True))
    turn = body_shape.rotations(angles_NA)
    placed: dict[str, np.ndarray] = {}

    def put(bone: str, map_N33: np.ndarray, from_N3: np.ndarray, to_N3: np.ndarray) -> None:
        """Place a bone so that the point `from_N3` at rest comes to lie at `to_N3`."""
        shift_N3 = to_N3 - (map_N33 @ from_N3[..., None])[..., 0]
        placed[bone] = np.concatenate([map_N33, shift_N3[..., None]], axis=2)

    root, chest = turn["root"], turn["root"] @ turn["spine"] @ turn["spine"]
    middle = root @ turn["spine"]
    head = chest @ turn["neck"]
    point = dict(enumerate(points_NP3.swapaxes(0, 1)))

    wide_hip = _wider(rest, "hip", point[L_HIP] - point[R_HIP])
    wide_chest = np.sqrt(_wider(rest, "shoulder", point[L_SHOULDER] - point[R_SHOULDER]))
    waist_N3 = 0.5 * (rest["pelvis"] + rest["thorax"])
    # The trunk is as long as its two halves, however it bends.
    half_N3 = point[THORAX] - point[PELVIS]
    long = _height(middle, chest, half_N3) / rest["thorax"][:, 1]
    put("pelvis", root * _scale(wide_hip, long), rest["pelvis"], point[PELVIS])
    at_waist_N3 = point[PELVIS] + 0.5 * (rest["thorax"][:, 1] * long)[:, None] * middle[:, :, 1]
    put("waist", middle * _scale(0.5 * (wide_hip + wide_chest), long), waist_N3, at_waist_N3)
    put("chest", chest * _scale(wide_chest, long), rest["thorax"], point[THORAX])

    neck_N3 = rest["neck"] - rest["thorax"]
    long = np.linalg.norm(point[NECK] - point[THORAX], axis=1) / neck_N3[:, 1]
    put("neck", chest * _scale(1.0, long), rest["neck"], point[NECK])
    high_N = rest["top"][:, 1] - rest["neck"][:, 1] - _UNDER_CROWN
    size = np.linalg.norm(point[HEAD] - point[NECK], axis=1) / high_N
    half_turn = chest @ turns.between(_DOWN, -turn["neck"][:, :, 1], 0.5)
    put(
        "nape", half_turn * _scale(0.5 + 0.5 * size, 0.5 * (long + size)), rest["neck"], point[NECK]
    )
    put("head", head * _scale(size, size, size), rest["neck"], point[NECK])

    for side, of in (
        ("left", (L_SHOULDER, L_ELBOW, L_WRIST, L_HIP, L_KNEE, L_ANKLE)),
        ("right", (R_SHOULDER, R_ELBOW, R_WRIST, R_HIP, R_KNEE, R_ANKLE)),
    ):
        shoulder, elbow, wrist, hip, knee, ankle = (point[p] for p in of)
        at = {j: rest[f"{side} {j}"] for j in ("shoulder", "elbow", "wrist", "knuckle")}
        arm = chest @ turn[f"{side}_arm"]
        whole, half, third = _limb(at["shoulder"], at["elbow"], arm, shoulder, elbow, chest)
        put(f"{side} shoulder", third * _scale(wide_chest, 1.0), at["shoulder"], shoulder)
        put(f"{side} upper arm", half, at["shoulder"], shoulder)
        put(f"{side} lower upper arm", whole, at["shoulder"], shoulder)
        forearm = arm @ turn[f"{side}_elbow"]
        put(f"{side} forearm", _limb(at["elbow"], at["wrist"], forearm, elbow, wrist)[0],
            at["elbow"], elbow)  # fmt: skip
        lie = turns.between(at["knuckle"] - at["wrist"], np.broadcast_to(_DOWN, wrist.shape))
        put(f"{side} hand", forearm @ lie, at["wrist"], wrist)

        at = {j: rest[f"{side} {j}"] for j in ("hip", "knee", "ankle", "toe")}
        thigh = root @ turn[f"{side}_hip"]
        whole, half, _ = _limb(at["hip"], at["knee"], thigh, hip, knee, root)
        put(f"{side} thigh", half, at["hip"], hip)
        put(f"{side} lower thigh", whole, at["hip"], hip)
        shin = thigh @ turn[f"{side}_knee"]
        put(f"{side} shin", _limb(at["knee"], at["ankle"], shin, knee, ankle)[0], at["knee"], knee)
        forward = (at["toe"] - at["ankle"]) * np.array([1, 0, 1], np.float32)
        straight = turns.between(forward, np.broadcast_to(_FRONT, forward.shape))
        put(f"{side} foot", shin @ turn[f"{side}_ankle"] @ straight, at["ankle"], ankle)
    return np.stack([placed[bone] for bone in model.bones], axis=1).astype(np.float32)


def _limb(
    from_N3: np.ndarray, to_N3: np.ndarray, frame_N33: np.ndarray, start_N3: np.ndarray,
    end_N3: np.ndarray, parent_N33: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Turn and stretch a limb from its rest onto start and end.

    Returns the map (N, 3, 3) of the whole limb; that with half of its turn about itself; and a
    third of the turn that lifts it, against `parent_N33`.
    """
    rest_N3 = to_N3 - from_N3
    length_N = np.linalg.norm(rest_N3, axis=1)
    axis_N3 = rest_N3 / length_N[:, None]
    stretch_N = np.linalg.norm(end_N3 - start_N3, axis=1) / length_N
    stretch_N33 = np.eye(3, dtype=np.float32) + (stretch_N - 1)[:, None, None] * (
        axis_N3[:, :, None] * axis_N3[:, None]
    )
    whole_N33 = frame_N33 @ turns.between(axis_N3, np.broadcast_to(_DOWN, axis_N3.shape))
    if parent_N33 is None:
        return whole_N33 @ stretch_N33, whole_N33, whole_N33
    relative_N33 = parent_N33.swapaxes(1, 2) @ whole_N33
    posed_N3 = (relative_N33 @ axis_N3[..., None])[..., 0]
    lift_N33 = turns.between(axis_N3, posed_N3)
    twist_N = turns.twist(lift_N33.swapaxes(1, 2) @ relative_N33, axis_N3)
    half_N33 = parent_N33 @ lift_N33 @ turns.about(axis_N3, 0.5 * twist_N)
    third_N33 = parent_N33 @ turns.between(axis_N3, posed_N3, 1 / 3)
    return whole_N33 @ stretch_N33, half_N33 @ stretch_N33, third_N33


def _wider(rest: dict[str, np.ndarray], joint: str, across_N3: np.ndarray) -> np.ndarray:
    """How much farther apart the left and right of a joint are than at rest, (N,)."""
    width_N = rest[f"left {joint}"][:, 0] - rest[f"right {joint}"][:, 0]
    return np.linalg.norm(across_N3, axis=1) / width_N


def _height(middle_N33: np.ndarray, chest_N33: np.ndarray, along_N3: np.ndarray) -> np.ndarray:
    """Length (N,) of a trunk of two equal halves along the y axes, from its two ends."""
    both_N3 = 0.5 * (middle_N33[:, :, 1] + chest_N33[:, :, 1])
    return np.linalg.norm(along_N3, axis=1) / np.linalg.norm(both_N3, axis=1)


def _scale(x, y, z=1.0) -> np.ndarray:
    """Factors (N or 1, 1, 3) on the columns of a map: how it stretches x, y and z at rest."""
    return np.stack(np.broadcast_arrays(np.float32(x), np.float32(y), np.float32(z)), -1)[
        ..., None, :
    ]
