"""The body world: people with the 16 keypoints of body16, in 18 activities.

See `body_modes` for the poses, `body_shape` for the anatomy; `figure.World` says what each name
here is for.

Names: N samples, A angles, P points, G parts.
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds import (
    body_modes,
    body_outfit,
    body_rig,
    body_shape,
    mannequin,
    palette,
)
from posesift.data.worlds.figure import Drawn, Figures, Outfit, Quantity, Surface, View

SKELETON = "body16"
MODES: tuple[str, ...] = tuple(body_modes.MODES)
SHARES = body_modes.SHARES
UNIT = "body heights"
ANGLES = body_modes.ANGLES
LIMITS_A2 = body_modes.LIMITS_A2
ROOT = body_shape.PELVIS
SHAPE: dict[str, Quantity] = {
    **{
        name: Quantity(UNIT, 0.3 * length, 3 * length, f"bone {name.replace('_', ' ')}")
        for name, length in body_shape.BONES.items()
    },
    "stout": Quantity("standard deviations", -6, 6, "trunk and limbs thicker or thinner"),
    "muscle": Quantity("standard deviations", -6, 6, "limbs a little thicker or thinner"),
    "long_hair": Quantity("0 or 1", 0, 1, "whether hair hangs down the back", bool),
    **{name: mannequin.TRAITS[name] for name in ("sex", "age", "height", "proportions")},
}
MATERIALS = body_shape.MATERIALS
PARTS = body_shape.PARTS
VIEW = View(pitch_deg=(4.0, 10.0), roll_deg=(0.0, 5.0), distance=(2.2, 5.0))

MANNEQUIN = "body"
FLESH = (
    0.05, 0.06, 0.1, 0.1, 0.06, 0.05, 0.105, 0.1, 0.09, 0.07,
    0.04, 0.05, 0.09, 0.09, 0.05, 0.04,
)  # fmt: skip

_HAIR = [part.name == "long hair" for part in PARTS]
_TRUNK = [part.name in ("shirt", "trousers") for part in PARTS]
_HEAD = [bool(set(part.points) & set(body_shape.HEAD_POINTS)) for part in PARTS]


def draw(rng: np.random.Generator, poses: str, count: int) -> Drawn:
    """Draw `count` people from the mixture `poses` (`"source"` or `"target"`).

    Half of them are mirrored. Angles are cut off at the anatomical limits.
    """
    own = rng.spawn(1)[0]  # leaves what is drawn from `rng` as it is
    drawn_NA, mode_N = body_modes.MIXTURES[poses].draw(rng, count)
    mirror_N = rng.random(count) < 0.5
    drawn_NA[mirror_N] = body_modes.mirrored(drawn_NA[mirror_N])
    angles_NA = np.clip(drawn_NA, *body_modes.LIMITS_A2.T)

    lengths = body_shape.build(rng, count)
    stout_N, muscle_N, long_N = rng.standard_normal((3, count)).astype(np.float32)
    shape = lengths | {"stout": stout_N, "muscle": muscle_N, "long_hair": long_N > 0.5}
    shape |= _traits(own, lengths["shoulder_width"] / lengths["hip_width"])
    return Drawn(angles_NA, shape, mode_N, neg_log_p(angles_NA))


def figures(angles_NA: np.ndarray, shape: dict[str, np.ndarray]) -> Figures:
    """Make the people with these angles (N, A) in degrees and the builds of `SHAPE`."""
    stout_N, muscle_N = shape["stout"], shape["muscle"]
    girth_NG = np.repeat(np.exp(0.10 * stout_N + 0.03 * muscle_N)[:, None], len(PARTS), axis=1)
    girth_NG[:, _TRUNK] *= np.exp(0.05 * stout_N)[:, None]
    girth_NG[:, _HEAD] = (shape["head"] / body_shape.BONES["head"])[:, None]
    girth_NG[:, _HAIR] *= shape["long_hair"][:, None]
    as_built = {"muscle": 0.1 + 0.35 * muscle_N, "weight": 0.4 * stout_N}
    return Figures(
        points_NP3=body_shape.pose(angles_NA, shape),
        girth_NG=girth_NG,
        angles_NA=angles_NA.astype(np.float32),
        traits_NT=mannequin.traits(shape | as_built),
        mirrored_N=np.zeros(len(angles_NA), bool),
    )


def _traits(own: np.random.Generator, broad_N: np.ndarray) -> dict[str, np.ndarray]:
    """Draw what bodies are like: men are mostly those with broad shoulders and narrow hips."""
    usual = body_shape.BONES["shoulder_width"] / body_shape.BONES["hip_width"]
    age_N, height_N, proportions_N, sex_N = own.standard_normal((4, len(broad_N)))
    drawn = {
        "sex": np.sign(broad_N - usual) * (0.75 + 0.15 * sex_N),
        "age": np.abs(age_N) - 1,  # the young are the most
        "height": 0.4 * height_N,
        "proportions": 0.3 + 0.35 * proportions_N,
    }
    return {name: np.clip(value_N, -1, 1).astype(np.float32) for name, value_N in drawn.items()}


def root_turn(angles_NA: np.ndarray) -> np.ndarray:
    """Return how tilt and lean turn the pelvis, (N, 3, 3)."""
    return body_shape.rotations(angles_NA)["root"]


def neg_log_p(angles_NA: np.ndarray) -> np.ndarray:
    """Return -log density (N,) float32 of angles in degrees under the source, nats."""
    return body_modes.neg_log_p(angles_NA).astype(np.float32)


def bones(figures: Figures, joint_NJ3: np.ndarray) -> np.ndarray:
    """Where the mannequin's bones lie in the figures' frames: (N, B, 3, 4)."""
    return body_rig.bones(figures.points_NP3, figures.angles_NA, joint_NJ3)


def outfit(rng: np.random.Generator, look: str) -> Outfit:
    """Choose what one person wears."""
    return body_outfit.draw(rng, look)


def dress(rng: np.random.Generator, look: str) -> list[Surface]:
    """Choose skin, hair and clothes of one person; in `"photo"` clothes may have patterns."""
    skin = palette.skin_tone(rng)
    shirt, trousers = palette.cloth_colour(rng), palette.cloth_colour(rng)
    if sum(abs(a - b) for a, b in zip(shirt, trousers, strict=True)) < 90:  # tell them apart
        dark = sum(shirt) > 300
        trousers = palette.shade(shirt, 0.5) if dark else palette.mix(shirt, (230, 225, 215), 0.6)
    pattern, short, shorts = rng.random(3)
    weave = "stripes" if pattern < 0.15 else "checks" if pattern < 0.3 else "cloth"
    bare = Surface(skin, "skin")
    top, bottom = Surface(shirt, weave), Surface(trousers, "cloth")
    shoe = Surface(palette.hsv(rng.random(), 0.3, rng.choice([0.2, 0.35, 0.9])))
    white_sock = Surface((225, 225, 222), "cloth")
    chosen = {
        "skin": bare,
        "hair": Surface(palette.hair_colour(rng), "hair"),
        "shirt": top,
        "sleeve": bare if short < 0.15 else top,
        "cuff": bare if short < 0.6 else top,
        "trousers": bottom,
        "leg": bare if shorts < 0.4 else bottom,
        "sock": white_sock if shorts < 0.2 else bare if shorts < 0.4 else bottom,
        "shoe": shoe,
        "dark": Surface((32, 26, 26)),
        "lip": Surface(palette.mix(skin, (150, 50, 50), 0.45)),
    }
    return [chosen[material] for material in MATERIALS]
