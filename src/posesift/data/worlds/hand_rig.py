"""From a figure of the hand world to the bones of the hand that stands in its place.

The palm is stretched to the breadth of the figure's knuckles; each bone of a finger is turned,
stretched along itself and put so that it leads from keypoint to keypoint.

Names: N figures, P points, A angles, B bones, J joints, F = 5 fingers, 3 = (x, y, z).
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds import hand_bones, mannequin, turns
from posesift.data.worlds.hand_modes import FINGERS

ELBOW = 25
"""The figure's point at the far end of the forearm."""

_PALMS_A_UNIT = 2.05
_SLENDER = 0.96  # the mannequin's fingers against the figure's
_THUMB_TURN = np.deg2rad(-75.0)  # of the thumb's ball at rest about its bone, from the palm's front


def bones(
    points_NP3: np.ndarray,
    angles_NA: np.ndarray,
    mirrored_N: np.ndarray,
    joint_NJ3: np.ndarray,
) -> np.ndarray:
    """Map the mannequin's bones onto figures: (N, B, 3, 4) float32, in `Mannequin.bones`' order.

    Args:
        points_NP3: the figures' points: the keypoints of hand21 first.
        angles_NA: the angles they were posed with, degrees.
        mirrored_N: which of them are left hands.
        joint_NJ3: the mannequins' joints at rest, as `Mannequin.shaped` gives them.
    """
    model = mannequin.load("hand")
    rest = dict(zip(model.joints, joint_NJ3.swapaxes(0, 1), strict=True))
    point_NP3 = points_NP3 * _PALMS_A_UNIT
    point_NP3[mirrored_N, :, 0] *= -1
    count = len(point_NP3)
    flat = np.broadcast_to(hand_bones.LENGTH_FB, (count, *hand_bones.LENGTH_FB.shape))
    base = np.broadcast_to(hand_bones.BASE_F3, (count, *hand_bones.BASE_F3.shape))
    palmar_NFB3 = hand_bones.pose(angles_NA, base, flat).palmar_NFB3
    placed: dict[str, np.ndarray] = {}

    def put(bone: str, map_N33: np.ndarray, from_N3: np.ndarray, to_N3: np.ndarray) -> None:
        """Place a bone so that the point `from_N3` at rest comes to lie at `to_N3`."""
        shift_N3 = to_N3 - (map_N33 @ from_N3[..., None])[..., 0]
        placed[bone] = np.concatenate([map_N33, shift_N3[..., None]], axis=2)

    wrist_N3 = point_NP3[:, 0]
    breadth = (point_NP3[:, 5] - point_NP3[:, 17])[:, 0]
    wide_N = breadth / (rest["index 1"] - rest["little 1"])[:, 0]
    palm_N33 = np.zeros((count, 3, 3), np.float32)
    palm_N33[:, 0, 0], palm_N33[:, 1, 1], palm_N33[:, 2, 2] = wide_N, 1.0, 1.0
    put("palm", palm_N33, rest["wrist"], wrist_N3)

    arm_N3 = rest["elbow"] - rest["wrist"]
    put("forearm", turns.between(arm_N3, point_NP3[:, ELBOW] - wrist_N3), rest["wrist"], wrist_N3)

    for f, finger in enumerate(("thumb", *FINGERS)):
        for b in range(3):
            start, end = rest[f"{finger} {b + 1}"], rest[f"{finger} {b + 2}"]
            to_start, to_end = point_NP3[:, 1 + 4 * f + b], point_NP3[:, 2 + 4 * f + b]
            front_N3 = np.broadcast_to(np.array([0, 0, 1], np.float32), start.shape)
            if finger == "thumb":
                axis_N3 = (end - start) / np.linalg.norm(end - start, axis=1, keepdims=True)
                front_N3 = (
                    turns.about(axis_N3, np.full(count, _THUMB_TURN)) @ front_N3[..., None]
                )[..., 0]
            frame_N33 = _frame(to_end - to_start, palmar_NFB3[:, f, b])
            rest_N33 = _frame(end - start, front_N3)
            long_N = np.linalg.norm(to_end - to_start, axis=1) / np.linalg.norm(end - start, axis=1)
            scale_N3 = np.stack([long_N, np.full(count, _SLENDER), np.full(count, _SLENDER)], 1)
            map_N33 = (frame_N33 * scale_N3[:, None]) @ rest_N33.swapaxes(1, 2)
            put(f"{finger} {b + 1}", map_N33.astype(np.float32), start, to_start)
        if finger != "thumb":
            put(f"{finger} root", palm_N33, rest[f"{finger} 1"], point_NP3[:, 1 + 4 * f])
    found_NB34 = np.stack([placed[bone] for bone in model.bones], axis=1).astype(np.float32)
    found_NB34 /= _PALMS_A_UNIT
    found_NB34[mirrored_N, :, 0] *= -1
    return found_NB34


def _frame(along_N3: np.ndarray, across_N3: np.ndarray) -> np.ndarray:
    """Give unit columns (N, 3, 3): along, what of `across` is at right angles to it, a third."""
    x = along_N3 / np.linalg.norm(along_N3, axis=1, keepdims=True)
    y = across_N3 - (across_N3 * x).sum(1, keepdims=True) * x
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=2)
