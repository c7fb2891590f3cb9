"""What people do: 26 joint angles with their limits, and 18 activities as means and spreads.

All angles are in degrees; 0 everywhere is a person standing upright, arms hanging. Signs:

* ``tilt`` falls forward, ``lean`` falls to the own right (both of the whole body);
* ``spine`` and ``neck``: ``_flex`` bows forward, ``_side`` bends to the own right, ``_turn`` looks
  to the own left;
* limbs, per side: ``_flex`` lifts thigh or arm forward, or bends knee, elbow and ankle (toes
  down); ``_out`` takes it away from the midline; ``_rot`` turns it outwards about its own axis.

The means come from looking at people, the limits from ranges of motion that an athletic adult
has. Nothing here was fitted to any data set.

Names: A angles, C components, 2 = (low, high).
"""

from __future__ import annotations

import numpy as np

from posesift.data.worlds.mixture import Mixture

_TRUNK = {
    "tilt": (-200, 200), "lean": (-200, 200),
    "spine_flex": (-35, 95), "spine_side": (-40, 40), "spine_turn": (-50, 50),
    "neck_flex": (-50, 55), "neck_side": (-35, 35), "neck_turn": (-70, 70),
}  # fmt: skip
_LIMB = {
    "hip_flex": (-30, 130), "hip_out": (-20, 80), "hip_rot": (-40, 55),
    "knee_flex": (0, 150), "ankle_flex": (-25, 50),
    "arm_flex": (-55, 180), "arm_out": (-40, 175), "arm_rot": (-80, 95), "elbow_flex": (0, 145),
}  # fmt: skip

ANGLES: tuple[str, ...] = (*_TRUNK, *(f"{side}_{a}" for side in ("left", "right") for a in _LIMB))
"""Names of the 26 angles, in the order of every array of angles."""

LIMITS_A2: np.ndarray = np.array([*_TRUNK.values(), *_LIMB.values(), *_LIMB.values()], np.float64)
"""Lowest and highest value of each angle in degrees."""

_SIDED = len(_TRUNK), len(_LIMB)
MIRROR: np.ndarray = np.r_[: _SIDED[0], np.arange(_SIDED[1]) + sum(_SIDED), _SIDED[0] : sum(_SIDED)]
"""Which angle takes each angle's place when left and right change."""

MIRROR_SIGN: np.ndarray = np.ones(len(ANGLES))
"""-1 for the angles that change sign when left and right change."""
for _name in ("lean", "spine_side", "spine_turn", "neck_side", "neck_turn"):
    MIRROR_SIGN[ANGLES.index(_name)] = -1

# Standing at ease: (mean, spread) of each angle; every activity starts from here. A name without
# a side means both sides, "left_" or "right_" one of them.
_EASE = {
    "tilt": (0, 3), "lean": (0, 3), "spine_flex": (2, 5), "spine_side": (0, 4),
    "spine_turn": (0, 6), "neck_flex": (6, 9), "neck_side": (0, 6), "neck_turn": (0, 18),
    "hip_flex": (3, 5), "hip_out": (4, 4), "hip_rot": (8, 8), "knee_flex": (6, 5),
    "ankle_flex": (0, 5), "arm_flex": (4, 10), "arm_out": (9, 6), "arm_rot": (0, 18),
    "elbow_flex": (18, 12),
}  # fmt: skip

Angles = dict[str, tuple[float, float]]


def _pose(**changes: tuple[float, float]) -> tuple[list[float], list[float]]:
    """One component (mean_A, spread_A): standing at ease with `changes` (mean, spread)."""
    angles: Angles = {}
    for name in ANGLES:
        plain = name.removeprefix("left_").removeprefix("right_")
        angles[name] = changes.get(name, changes.get(plain, _EASE[plain]))
    assert all(name in ANGLES or name in _EASE for name in changes), changes
    return [m for m, _ in angles.values()], [s for _, s in angles.values()]


def _stride(phase: float, run: bool) -> tuple[list[float], list[float]]:
    """One moment of a walk or run; `phase` in [0, 1) is the place within two steps."""
    legs, knees, arms, elbow, lean = (42, 52, 38, 85, 11) if run else (25, 24, 24, 26, 4)
    changes: Angles = {"tilt": (lean, 3), "elbow_flex": (elbow, 12)}
    changes |= {"arm_out": (11, 5), "hip_out": (2, 3), "hip_rot": (3, 5)}
    for side, ahead in (("left", 2 * np.pi * phase), ("right", 2 * np.pi * phase + np.pi)):
        swing, lift = np.sin(ahead), np.cos(ahead)
        changes[f"{side}_hip_flex"] = ((14 if run else 5) + legs * swing, 7)
        # The knee bends most while the leg comes through, and a little under the body's weight.
        bend = max(0.0, np.cos(ahead - 0.5)) ** 1.5
        changes[f"{side}_knee_flex"] = ((18 if run else 7) + knees * 1.6 * bend, 7)
        changes[f"{side}_ankle_flex"] = (-4 - 14 * swing * (1 if run else 0.6), 5)
        changes[f"{side}_arm_flex"] = ((2 if run else 1) - arms * swing, 8)
        if side == "left":
            changes["spine_turn"] = (8 * swing, 4)
        changes["spine_flex"] = (6 + 2 * lift * run, 4)
    return _pose(**changes)


def _sat(**changes: tuple[float, float]) -> tuple[list[float], list[float]]:
    sitting: Angles = {"hip_flex": (84, 9), "knee_flex": (84, 14), "hip_out": (9, 7)}
    return _pose(**(sitting | {"spine_flex": (8, 9), "tilt": (-4, 5)} | changes))


MODES: dict[str, list[tuple[list[float], list[float]]]] = {
    "stand": [
        _pose(),
        _pose(left_hip_out=(10, 4), right_knee_flex=(14, 6), spine_side=(4, 4)),
        _pose(arm_flex=(-6, 6), arm_out=(34, 7), elbow_flex=(88, 10), arm_rot=(-42, 10)),
        _pose(arm_flex=(42, 8), arm_out=(4, 5), elbow_flex=(104, 9), arm_rot=(-52, 9)),
    ],
    "walk": [_stride(phase / 24, run=False) for phase in range(24)],
    "gesture": [
        _pose(left_arm_flex=(62, 18), left_elbow_flex=(62, 20), left_arm_out=(14, 12)),
        _pose(arm_flex=(42, 16), elbow_flex=(70, 20), arm_out=(22, 12), arm_rot=(12, 20)),
        _pose(left_arm_out=(84, 14), left_arm_rot=(62, 18), left_elbow_flex=(78, 22)),
    ],
    "sit": [
        _sat(arm_flex=(24, 10), elbow_flex=(52, 18)),
        _sat(left_arm_flex=(46, 14), left_elbow_flex=(84, 18), spine_flex=(18, 8)),
    ],
    "run": [_stride(phase / 24, run=True) for phase in range(24)],
    "crouch": [
        _pose(hip_flex=(112, 10), knee_flex=(132, 9), hip_out=(18, 10), spine_flex=(26, 11),
              ankle_flex=(-14, 6), tilt=(12, 7), arm_flex=(56, 18), elbow_flex=(38, 20)),
    ],
    "kick": [
        _pose(left_hip_flex=(92, 15), left_knee_flex=(16, 11), left_hip_out=(14, 14),
              right_knee_flex=(12, 7), tilt=(-12, 8), arm_out=(52, 16), spine_turn=(-10, 8)),
        _pose(left_hip_flex=(30, 12), left_hip_out=(68, 8), left_knee_flex=(14, 10),
              lean=(24, 8), arm_out=(44, 15), elbow_flex=(60, 22)),
    ],
    "lunge": [
        _pose(left_hip_flex=(82, 10), left_knee_flex=(84, 11), right_hip_flex=(-22, 6),
              right_knee_flex=(32, 13), spine_flex=(8, 8), arm_flex=(24, 24), arm_out=(26, 16)),
        _pose(left_hip_out=(54, 8), left_hip_flex=(50, 10), left_knee_flex=(88, 12),
              right_hip_out=(34, 7), spine_flex=(20, 9), arm_flex=(40, 18)),
    ],
    "handstand": [
        _pose(tilt=(180, 7), arm_flex=(172, 6), arm_out=(14, 6), elbow_flex=(6, 5),
              hip_flex=(2, 11), hip_out=(12, 10), knee_flex=(12, 11), neck_flex=(-22, 10)),
        _pose(tilt=(180, 8), arm_flex=(170, 6), elbow_flex=(6, 5), left_hip_flex=(56, 15),
              right_hip_flex=(-20, 8), knee_flex=(32, 20), neck_flex=(-22, 10)),
    ],
    "cartwheel": [
        _pose(lean=(104, 16), arm_out=(148, 12), elbow_flex=(8, 6), hip_out=(48, 9),
              hip_flex=(12, 9), knee_flex=(9, 8), neck_side=(10, 8)),
    ],
    "lie": [
        _pose(tilt=(-90, 6), arm_out=(34, 20), knee_flex=(26, 22), hip_flex=(18, 16)),
        _pose(tilt=(90, 6), arm_flex=(120, 26), arm_out=(30, 16), elbow_flex=(62, 24),
              knee_flex=(14, 14), neck_flex=(-18, 10), hip_flex=(2, 6)),
        _pose(lean=(90, 7), hip_flex=(50, 18), knee_flex=(66, 20), arm_flex=(66, 20),
              elbow_flex=(66, 22)),
    ],
    "arms_overhead": [
        _pose(arm_flex=(165, 9), arm_out=(14, 9), elbow_flex=(16, 12), spine_flex=(-6, 6)),
        _pose(arm_out=(142, 12), arm_rot=(20, 14), elbow_flex=(24, 16), hip_out=(13, 7)),
    ],
    "twist": [
        _pose(spine_turn=(42, 5), neck_turn=(38, 12), left_arm_flex=(-28, 10),
              left_arm_out=(52, 14), right_arm_flex=(76, 12), elbow_flex=(52, 20),
              hip_out=(13, 6), knee_flex=(22, 10)),
    ],
    "jump": [
        _pose(arm_out=(104, 22), arm_flex=(20, 14), knee_flex=(92, 16), hip_flex=(38, 15),
              hip_out=(22, 9), ankle_flex=(34, 8)),
        _pose(arm_flex=(158, 12), hip_flex=(-12, 8), knee_flex=(48, 16), spine_flex=(-16, 7),
              ankle_flex=(34, 8), left_hip_flex=(30, 14)),
    ],
    "throw": [
        _pose(left_arm_out=(106, 11), left_arm_rot=(74, 12), left_elbow_flex=(84, 16),
              left_arm_flex=(-14, 9), right_arm_flex=(72, 12), right_elbow_flex=(20, 12),
              spine_turn=(24, 8), spine_flex=(-8, 6), right_hip_flex=(36, 10),
              left_hip_flex=(-14, 7), knee_flex=(26, 11)),
    ],
    "bend": [
        _pose(spine_flex=(78, 9), hip_flex=(46, 10), tilt=(30, 8), arm_flex=(88, 16),
              elbow_flex=(14, 11), knee_flex=(16, 10), neck_flex=(10, 12)),
    ],
    "kneel": [
        _pose(left_hip_flex=(86, 9), left_knee_flex=(92, 10), right_hip_flex=(2, 8),
              right_knee_flex=(92, 9), right_ankle_flex=(32, 8), spine_flex=(12, 9),
              arm_flex=(34, 16), elbow_flex=(56, 20)),
        _pose(hip_flex=(8, 8), knee_flex=(98, 11), ankle_flex=(36, 7), hip_out=(12, 6),
              arm_flex=(30, 18), elbow_flex=(60, 24)),
    ],
    "balance": [
        _pose(left_hip_flex=(46, 9), left_hip_out=(42, 9), left_hip_rot=(44, 7),
              left_knee_flex=(124, 9), arm_flex=(150, 16), arm_out=(22, 12), elbow_flex=(30, 18)),
        _pose(tilt=(72, 8), left_hip_flex=(72, 8), right_hip_flex=(-6, 8), knee_flex=(8, 6),
              arm_out=(80, 14), elbow_flex=(8, 7), neck_flex=(-24, 10)),
    ],
}  # fmt: skip
"""Components (mean_A, spread_A) of each activity."""

_COMMON = {"stand": 0.46, "walk": 0.32, "gesture": 0.10, "sit": 0.045, "run": 0.037}

SHARES: dict[str, dict[str, float]] = {
    "source": {m: _COMMON.get(m, 0.038 / (len(MODES) - len(_COMMON))) for m in MODES},
    "target": dict.fromkeys(MODES, 1 / len(MODES)),
}
"""The source is heavy-tailed: the 13 rare activities make up 3.8 % in all. The target is flat."""

MIXTURES: dict[str, Mixture] = {poses: Mixture.of(MODES, share) for poses, share in SHARES.items()}
"""The generators themselves."""


def mirrored(angles_NA: np.ndarray) -> np.ndarray:
    """Return the same poses with left and right changed."""
    return angles_NA[:, MIRROR] * MIRROR_SIGN


def neg_log_p(angles_NA: np.ndarray) -> np.ndarray:
    """How unlikely poses are under the source: ``-log p`` (N,), nats (angles in degrees).

    p is the density of the source mixture at these angles, averaged over the pose and its mirror
    image since the generator mirrors half of what it draws. Angles that met a limit count with
    the density of the unlimited Gaussian there, so the value is always finite.
    """
    source = MIXTURES["source"]
    pair_2N = source.neg_log_p(np.concatenate([angles_NA, mirrored(angles_NA)])).reshape(2, -1)
    return np.log(2) - np.logaddexp(-pair_2N[0], -pair_2N[1])
