"""The body world: people with the 16 keypoints of body16, in 18 activities.

See `body_modes` for the poses, `body_shape` for the anatomy; `figure.World` says what each name
here is for.

Names: N samples, A angles, P points.
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds import (
    body_modes,
    body_outfit,
    body_rig,
    body_shape,
    mannequin,
)
from posesift.data.worlds.figure import Drawn, Figures, Outfit, Quantity, View

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
    "stout": Quantity("standard deviations", -6, 6, "heavy or thin"),
    "muscle": Quantity("standard deviations", -6, 6, "strong or weak"),
    **{name: mannequin.TRAITS[name] for name in ("sex", "age", "height", "proportions")},
}
VIEW = View(pitch_deg=(4.0, 10.0), roll_deg=(0.0, 5.0), distance=(2.2, 5.0))

MANNEQUIN = "body"
FLESH = (
    0.05, 0.06, 0.1, 0.1, 0.06, 0.05, 0.105, 0.1, 0.09, 0.07,
    0.04, 0.05, 0.09, 0.09, 0.05, 0.04,
)  # fmt: skip


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
    # The third decided on long hair once; what is drawn after it stays what it was.
    stout_N, muscle_N, _ = rng.standard_normal((3, count)).astype(np.float32)
    shape = lengths | {"stout": stout_N, "muscle": muscle_N}
    shape |= _traits(own, lengths["shoulder_width"] / lengths["hip_width"])
    return Drawn(angles_NA, shape, mode_N, neg_log_p(angles_NA))


def figures(angles_NA: np.ndarray, shape: dict[str, np.ndarray]) -> Figures:
    """Make the people with these angles (N, A) in degrees and the builds of `SHAPE`."""
    as_built = {"muscle": 0.1 + 0.35 * shape["muscle"], "weight": 0.4 * shape["stout"]}
    return Figures(
        points_NP3=body_shape.pose(angles_NA, shape),
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
