"""The hand world: hands with the 21 keypoints of hand21, in 14 modes, seen from all sides.

Names: N samples, P points, F = 5 fingers (thumb first), B = 3 bones a finger,
3 = (x, y, z). The frame is a right hand's: x towards the thumb, y towards the fingers, z out of the
palm, so that the camera at yaw 0 looks into the palm and at 180 on the back. Half of the hands are
mirrored into left hands. One unit is a hand's length, from the wrist to the tip of the middle
finger; the tables in this file count in palms, from the wrist to the middle knuckle.
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds import hand_bones, hand_modes, hand_outfit, hand_rig, mannequin
from posesift.data.worlds.figure import Drawn, Figures, Outfit, Quantity, View

SKELETON = "hand21"
MODES = tuple(hand_modes.MODES)
SHARES = hand_modes.SHARES

#: From all sides, and turned in the image by more than a wrist would: hands hang, reach and lie.
VIEW = View(yaw_deg=(-180.0, 180.0), pitch_deg=(0.0, 24.0), roll_deg=(0.0, 40.0))

UNIT = "hand lengths"
ANGLES = hand_modes.ANGLES
LIMITS_A2 = hand_modes.LIMITS_A2
ROOT = 0  # the wrist

MANNEQUIN = "hand"
FLESH = (
    0.145, 0.165, 0.115, 0.08, 0.06, 0.12, 0.085, 0.075, 0.055, 0.13, 0.09, 0.08, 0.055,
    0.125, 0.085, 0.08, 0.055, 0.115, 0.075, 0.065, 0.05,
)  # fmt: skip

_PALMS_A_UNIT = 2.05
_FOREARM = 0.6  # how much of it there is, in palms
_FINGERS = ("thumb", *hand_modes.FINGERS)

_BONES = tuple(f"{finger}_{bone}" for finger in _FINGERS for bone in (1, 2, 3))
SHAPE: dict[str, Quantity] = {
    "breadth": Quantity("", 0.5, 2, "of the palm, as a factor"),
    **{
        name: Quantity("palms", 0.3 * length, 3 * length, f"bone {name.replace('_', ' ')}")
        for name, length in zip(_BONES, hand_bones.LENGTH_FB.ravel().tolist(), strict=True)
    },
    "stout": Quantity("", 0.3, 3, "how thick the hand is, as a factor", np.float64),
    "forearm_bend": Quantity("degrees", -90, 90, "the wrist's flexion", np.float64),
    "forearm_aside": Quantity("degrees", -60, 60, "the wrist's deviation", np.float64),
    "cuff": Quantity(
        "palms", 0, 0.6, "from the wrist to where the crop holds the forearm's sides", np.float64
    ),
    "left": Quantity("0 or 1", 0, 1, "whether it is a left hand", bool),
    **{name: mannequin.TRAITS[name] for name in mannequin.TRAITS if name != "weight"},
}

# After the 21 keypoints, places on the skin: with them the crop holds all of a hand.
_WRIST = 21, 22  # the two sides of the wrist, the thumb's first
_CUFF = 23, 24
_ELBOW = 25
_PALM = tuple(range(26, 37))
_NAILS = tuple(range(37, 47))  # root and edge of five nails
_POINTS = 47

_TIP_RADIUS_F = np.array((0.085, 0.072, 0.075, 0.07, 0.062), np.float32)
"""Of each finger at its end, palms."""

#: The sides of the wrist, then places on the palm: x, y, z in palms.
_PALM_XYZ = (
    (0.12, 0.02, 0.0), (-0.12, 0.02, 0.0),
    (0.0, 0.14, 0.1), (0.2, 0.8, 0.09), (-0.04, 0.84, 0.08), (-0.26, 0.7, 0.11), (0.18, 0.42, 0.12),
    (0.27, 0.7, 0.16), (0.05, 0.34, 0.17),
    (0.25, 0.64, 0.17), (-0.2, 0.5, 0.18),
    (-0.34, 0.66, 0.18), (0.06, 0.82, 0.15),
)  # fmt: skip


def draw(rng: np.random.Generator, poses: str, count: int) -> Drawn:
    """Draw `count` hands; `poses` is `"source"` or `"target"`."""
    own = rng.spawn(1)[0]  # leaves what is drawn from `rng` as it is
    angles_NA, mode_N, neg_log_p_N = hand_modes.draw_angles(rng, poses, count)
    broad_N, length_NFB = hand_bones.draw_proportions(rng, count)
    length_LN = length_NFB.reshape(count, -1).T
    shape = {"breadth": broad_N, **dict(zip(_BONES, length_LN, strict=True))}
    shape["stout"] = np.clip(1 + 0.09 * rng.standard_normal(count), 0.8, 1.25)
    rng.random(count)  # decided on sleeves once; what is drawn after it stays what it was
    bend_aside_N2 = rng.normal((8.0, 3.0), (18.0, 9.0), (count, 2))
    shape["forearm_bend"], shape["forearm_aside"] = bend_aside_N2.T
    shape["cuff"] = rng.uniform(0.12, 0.4, count)
    shape["left"] = rng.random(count) < 0.5
    traits_NT = np.clip(0.5 * own.standard_normal((count, len(mannequin.TRAITS))), -1, 1)
    traits = dict(zip(mannequin.TRAITS, traits_NT.astype(np.float32).T, strict=True))
    shape |= {name: trait_N for name, trait_N in traits.items() if name in SHAPE}
    return Drawn(angles_NA, shape, mode_N, neg_log_p_N)


def figures(angles_NA: np.ndarray, shape: dict[str, np.ndarray]) -> Figures:
    """Make the hands with these angles (N, A) in degrees and the builds of `SHAPE`."""
    count = len(angles_NA)
    base_NF3 = hand_bones.bases(shape["breadth"])
    length_NFB = np.stack([shape[name] for name in _BONES], 1).reshape(count, 5, 3)
    bones = hand_bones.pose(angles_NA.astype(np.float32), base_NF3, length_NFB)

    points_NP3 = np.empty((count, _POINTS, 3), dtype=np.float32)
    points_NP3[:, :21] = bones.keypoints_NK3
    points_NP3[:, (*_WRIST, *_PALM)] = _palms(base_NF3)
    points_NP3[:, (*_CUFF, _ELBOW)] = _forearms(points_NP3[:, _WRIST], shape)
    points_NP3[:, _NAILS] = _nails(bones, length_NFB[:, :, 2], shape["stout"])
    points_NP3 /= _PALMS_A_UNIT
    points_NP3[shape["left"], :, 0] *= -1
    return Figures(
        points_NP3=points_NP3,
        angles_NA=angles_NA.astype(np.float32),
        traits_NT=mannequin.traits(shape | {"weight": (shape["stout"] - 1) / 0.12}),
        mirrored_N=shape["left"],
    )


def root_turn(angles_NA: np.ndarray) -> np.ndarray:
    """Return unit matrices (N, 3, 3): the hand's own frame is the palm's."""
    return np.tile(np.eye(3, dtype=np.float32), (len(angles_NA), 1, 1))


neg_log_p = hand_modes.neg_log_p


def _palms(base_NF3: np.ndarray) -> np.ndarray:
    """Return the places of `_PALM_XYZ` (N, 13, 3) on palms as broad as the knuckles say."""
    broad_N11 = (base_NF3[:, 1:2, :1] - base_NF3[:, 4:5, :1]) / (
        hand_bones.BASE_F3[1, 0] - hand_bones.BASE_F3[4, 0]
    )
    stretch_N13 = np.concatenate([broad_N11, np.ones_like(broad_N11), np.ones_like(broad_N11)], 2)
    return np.array(_PALM_XYZ, dtype=np.float32) * stretch_N13


def _forearms(wrist_N23: np.ndarray, shape: dict[str, np.ndarray]) -> np.ndarray:
    """Return the two sides of a cuff and the middle of the forearm's far end, (N, 3, 3)."""
    bend_N, aside_N = np.deg2rad(shape["forearm_bend"]), np.deg2rad(shape["forearm_aside"])
    along_N3 = np.stack(
        [np.sin(aside_N), -np.cos(aside_N) * np.cos(bend_N), -np.cos(aside_N) * np.sin(bend_N)], 1
    )
    cuff_N23 = 1.1 * wrist_N23 + (shape["cuff"][:, None] * along_N3)[:, None]
    return np.concatenate([cuff_N23, (_FOREARM * along_N3)[:, None]], axis=1)


def _nails(bones: hand_bones.Bones, length_NF: np.ndarray, stout_N: np.ndarray) -> np.ndarray:
    """Root and edge of the five nails, just under the skin of the fingers' backs, (N, 10, 3)."""
    rise_NF = 0.62 * _TIP_RADIUS_F * stout_N[:, None]
    rise_NF3 = -rise_NF[..., None] * bones.palmar_NFB3[:, :, 2]
    tip_NF3 = bones.keypoints_NK3[:, 4::4] + rise_NF3
    step_NF3 = length_NF[..., None] * bones.along_NFB3[:, :, 2]
    ends = [tip_NF3 - 0.5 * step_NF3, tip_NF3 - 0.1 * step_NF3]
    return np.stack(ends, axis=2).reshape(len(tip_NF3), 10, 3)


def bones(figures: Figures, joint_NJ3: np.ndarray) -> np.ndarray:
    """Where the mannequin's bones lie in the figures' frames: (N, B, 3, 4)."""
    return hand_rig.bones(figures.points_NP3, figures.angles_NA, figures.mirrored_N, joint_NJ3)


def outfit(rng: np.random.Generator, look: str) -> Outfit:
    """Choose what one hand looks like."""
    return hand_outfit.draw(rng, look)
