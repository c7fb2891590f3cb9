"""The hand world: 21 keypoints, a palm, a forearm, skin and nails.

Names: N samples, P points, G parts, F = 5 fingers (thumb first), B = 3 bones a finger,
3 = (x, y, z). The frame is a right hand's: x towards the thumb, y towards the fingers, z out of the
palm, so that the camera at yaw 0 looks into the palm and at 180 on the back. Half of the hands are
mirrored into left hands. One unit is a hand's length, from the wrist to the tip of the middle
finger; the tables in this file count in palms, from the wrist to the middle knuckle.
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds import hand_bones, hand_modes, hand_outfit, hand_rig, mannequin, palette
from posesift.data.worlds.figure import Figures, Outfit, Part, Surface, View

SKELETON = "hand21"
MODES = tuple(hand_modes.MODES)
SHARES = hand_modes.SHARES
MATERIALS = ("skin", "palm", "nail", "crease", "sleeve")

#: From all sides, and turned in the image by more than a wrist would: hands hang, reach and lie.
VIEW = View(yaw_deg=(-180.0, 180.0), pitch_deg=(0.0, 24.0), roll_deg=(0.0, 40.0))

MANNEQUIN = "hand"
FLESH = (
    0.145, 0.165, 0.115, 0.08, 0.06, 0.12, 0.085, 0.075, 0.055, 0.13, 0.09, 0.08, 0.055,
    0.125, 0.085, 0.08, 0.055, 0.115, 0.075, 0.065, 0.05,
)  # fmt: skip

_PALMS_A_UNIT = 2.05
_FOREARM = 0.6  # how much of it there is, in palms
_FINGERS = ("thumb", *hand_modes.FINGERS)

# Helper points, after the 21 keypoints.
_WRIST = 21, 22  # the two sides of the wrist, the thumb's first
_CUFF = 23, 24
_ELBOW = 25
_PAD = tuple(range(26, 31))  # the palm's pale side
_LINES = tuple(range(31, 37))  # three creases across it, two ends each
_NAILS = tuple(range(37, 47))  # root and edge of five nails
_POINTS = 47

#: Radii of each finger at its four joints, in palms.
_RADIUS_FJ = (
    (0.17, 0.125, 0.115, 0.085),
    (0.125, 0.105, 0.09, 0.072),
    (0.125, 0.108, 0.092, 0.075),
    (0.12, 0.1, 0.086, 0.07),
    (0.108, 0.088, 0.076, 0.062),
)

#: Where the wrist, the pad and the creases lie: x, y, z in palms.
_PALM_XYZ = (
    (0.12, 0.02, 0.0), (-0.12, 0.02, 0.0),
    (0.0, 0.14, 0.1), (0.2, 0.8, 0.09), (-0.04, 0.84, 0.08), (-0.26, 0.7, 0.11), (0.18, 0.42, 0.12),
    (0.27, 0.7, 0.16), (0.05, 0.34, 0.17),
    (0.25, 0.64, 0.17), (-0.2, 0.5, 0.18),
    (-0.34, 0.66, 0.18), (0.06, 0.82, 0.15),
)  # fmt: skip


def _parts() -> tuple[Part, ...]:
    """Forearm, palm and its pad, thumb's web, fingers, nails, creases; radii in palms."""

    def part(
        name: str,
        points: tuple[int, ...],
        radii: tuple[float, ...],
        material: str = "skin",
        joins: tuple[str, ...] = (),
        rim: bool = True,
        hides: bool = True,
    ) -> Part:
        # What is drawn on the palm is drawn only where the palm clearly faces the camera; a sleeve
        # goes over the arm from all sides.
        units = tuple(radius / _PALMS_A_UNIT for radius in radii)
        lift = {"palm": -0.02, "crease": -0.02, "sleeve": 0.1}.get(material, 0.0)
        return Part(name, points, units, material, joins, lift, rim, hides)

    knuckles = (1, 5, 9, 13, 17)
    parts = [
        part("forearm", (0, *_WRIST, _ELBOW), (0.15, 0.15, 0.15, 0.25), joins=("palm",)),
        # Sleeve and web hide hardly anything that forearm, palm and thumb do not hide already.
        part("sleeve", (*_CUFF, _ELBOW), (0.2, 0.2, 0.28), "sleeve", hides=False),
        part("palm", (*_WRIST, *knuckles), (0.15, 0.15, 0.13, 0.13, 0.14, 0.135, 0.115)),
        part("pad", _PAD, (0.07, 0.06, 0.06, 0.055, 0.06), "palm", (), False, False),
        part("web", (1, 2, 5), (0.12, 0.07, 0.08), joins=("palm", "thumb 1"), hides=False),
    ]
    for f, (finger, radii) in enumerate(zip(_FINGERS, _RADIUS_FJ, strict=True)):
        base = 1 + 4 * f
        for bone in range(3):
            before = "palm" if bone == 0 else f"{finger} {bone}"
            ends, girth = (base + bone, base + bone + 1), radii[bone : bone + 2]
            parts.append(part(f"{finger} {bone + 1}", ends, girth, joins=(before,)))
        root = _NAILS[2 * f]
        width = 0.62 * radii[3]
        parts.append(
            part(f"{finger} nail", (root, root + 1), (width, width), "nail", (), False, False)
        )
    for line in range(3):
        ends = _LINES[2 * line], _LINES[2 * line + 1]
        parts.append(part(f"crease {line + 1}", ends, (0.012, 0.012), "crease", (), False, False))
    return tuple(parts)


PARTS = _parts()


def sample_block(rng: np.random.Generator, poses: str, count: int) -> Figures:
    """Draw `count` hands; `poses` is `"source"` or `"target"`."""
    own = rng.spawn(1)[0]  # leaves what is drawn from `rng` as it is
    angles_NA, mode_N, neg_log_p_N = hand_modes.draw_angles(rng, poses, count)
    base_NF3, length_NFB = hand_bones.draw_proportions(rng, count)
    bones = hand_bones.pose(angles_NA, base_NF3, length_NFB)
    stout_N1 = np.clip(1 + 0.09 * rng.standard_normal((count, 1)), 0.8, 1.25)
    sleeved_N = rng.random(count) < 0.5

    points_NP3 = np.empty((count, _POINTS, 3), dtype=np.float32)
    points_NP3[:, :21] = bones.keypoints_NK3
    points_NP3[:, (*_WRIST, *_PAD, *_LINES)] = _on_the_palm(base_NF3)
    points_NP3[:, (*_CUFF, _ELBOW)] = _forearms(rng, points_NP3[:, _WRIST])
    points_NP3[:, _NAILS] = _nails(bones, length_NFB[:, :, 2], stout_N1)
    points_NP3 /= _PALMS_A_UNIT
    left_N = rng.random(count) < 0.5
    points_NP3[left_N, :, 0] *= -1

    girth_NG = np.tile(stout_N1, (1, len(PARTS))).astype(np.float32)
    girth_NG[~sleeved_N, [part.name for part in PARTS].index("sleeve")] = 0
    traits_NT = np.clip(0.5 * own.standard_normal((count, len(mannequin.TRAITS))), -1, 1)
    traits_NT[:, mannequin.TRAITS.index("weight")] = np.clip((stout_N1[:, 0] - 1) / 0.12, -1, 1)
    return Figures(
        points_NP3=points_NP3,
        girth_NG=girth_NG,
        angles_NA=angles_NA,
        traits_NT=traits_NT.astype(np.float32),
        mirrored_N=left_N,
        mode_N=mode_N,
        neg_log_p_N=neg_log_p_N,
    )


def _on_the_palm(base_NF3: np.ndarray) -> np.ndarray:
    """Sides of the wrist, pad and creases (N, ., 3) of palms as broad as the knuckles say."""
    broad_N11 = (base_NF3[:, 1:2, :1] - base_NF3[:, 4:5, :1]) / (
        hand_bones.BASE_F3[1, 0] - hand_bones.BASE_F3[4, 0]
    )
    stretch_N13 = np.concatenate([broad_N11, np.ones_like(broad_N11), np.ones_like(broad_N11)], 2)
    return np.array(_PALM_XYZ, dtype=np.float32) * stretch_N13


def _forearms(rng: np.random.Generator, wrist_N23: np.ndarray) -> np.ndarray:
    """Return the two sides of a cuff and the middle of the forearm's far end, (N, 3, 3)."""
    count = len(wrist_N23)
    bend_N, aside_N = np.deg2rad(rng.normal((8.0, 3.0), (18.0, 9.0), (count, 2))).T
    along_N3 = np.stack(
        [np.sin(aside_N), -np.cos(aside_N) * np.cos(bend_N), -np.cos(aside_N) * np.sin(bend_N)], 1
    )
    cuff_N1 = rng.uniform(0.12, 0.4, (count, 1))
    cuff_N23 = 1.1 * wrist_N23 + (cuff_N1 * along_N3)[:, None]
    return np.concatenate([cuff_N23, (_FOREARM * along_N3)[:, None]], axis=1)


def _nails(bones: hand_bones.Bones, length_NF: np.ndarray, stout_N1: np.ndarray) -> np.ndarray:
    """Root and edge of the five nails, just under the skin of the fingers' backs, (N, 10, 3)."""
    radius_F = np.array(_RADIUS_FJ, dtype=np.float32)[:, 3]
    rise_NF3 = -(0.62 * radius_F * stout_N1)[..., None] * bones.palmar_NFB3[:, :, 2]
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


def dress(rng: np.random.Generator, look: str) -> list[Surface]:
    """Choose one image's surfaces, in the order of `MATERIALS`."""
    skin = palette.skin_tone(rng)
    pink = palette.mix(skin, (246, 190, 170), rng.uniform(0.25, 0.5))
    nail = palette.mix(skin, (255, 214, 204), rng.uniform(0.5, 0.75))
    if rng.random() < 0.12:  # varnish
        nail = palette.cloth_colour(rng)
    pattern = ("plain", "cloth", "stripes", "checks")[int(rng.integers(4))]
    return [
        Surface(skin, "skin"),
        Surface(pink, "skin"),
        Surface(nail),
        Surface(palette.shade(skin, 0.72)),
        Surface(palette.cloth_colour(rng), pattern),
    ]
