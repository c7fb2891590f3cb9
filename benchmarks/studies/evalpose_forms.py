"""Which angle measure says most about a pose? The forms of EvalPose, measured side by side.

    python benchmarks/studies/evalpose_forms.py runs/a runs/b runs/c

Runs are folders that ``posesift train`` or ``compare`` left, tested on the same images. For each
form, from 0 to 100 and higher = better, it prints

* the rank correlation of a sample's value with the same sample's PCK@0.1, mean over the runs;
* whether the runs and the constant pose (the source's median) stand in the order of their PCK@0.1
  (rank correlation), and how many points the constant pose stays below the run with the best one;
* what it makes of true poses that were spoilt: left and right exchanged, mirrored in the picture,
  upside down, another sample's pose, all joints in one point, noise in each joint.

Nothing is trained; seconds a run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from posesift import results
from posesift.data.readers import read
from posesift.evaluation import evalpose, pck
from posesift.evaluation.baselines import constant_pose
from posesift.poses.angles import MINIMUM_ANGLES, joint_angles, limb_directions, statistics_of
from posesift.skeletons import Skeleton

NOISE = (0.01, 0.02, 0.04, 0.08, 0.16)  # standard deviation, of the crop's side


class Judged(NamedTuple):
    """Predictions beside labels: N samples, K keypoints, 2 = (x, y) in pixels of the crop."""

    predicted_NK2: np.ndarray
    true_NK2: np.ndarray
    visible_NK: np.ndarray
    side: float
    skeleton: Skeleton

    def pck_N(self, threshold: float = 0.1) -> np.ndarray:
        """Each sample's PCK over the headline keypoints, NaN = none visible."""
        errors_NK = pck.relative_errors(
            self.predicted_NK2, self.true_NK2, self.visible_NK, self.side
        )
        return pck.percent_or_nan(*pck.hits(errors_NK, threshold, self.skeleton.groups["all"]))

    def angles(self) -> tuple[np.ndarray, np.ndarray]:
        """Unsigned angles (N, A) of predictions and labels."""
        triplets = self.skeleton.triplets
        return (
            joint_angles(self.predicted_NK2, self.visible_NK, triplets),
            joint_angles(self.true_NK2, self.visible_NK, triplets),
        )

    def limbs(self) -> tuple[np.ndarray, np.ndarray]:
        """Limb directions (N, L) of predictions and labels."""
        limbs = self.skeleton.limbs
        return (
            limb_directions(self.predicted_NK2, self.visible_NK, limbs),
            limb_directions(self.true_NK2, self.visible_NK, limbs),
        )

    def unsigned_NA(self) -> np.ndarray:
        """Differences of the unsigned angles, degrees."""
        found_NA, label_NA = self.angles()
        return np.abs(found_NA - label_NA)

    def directed_NA(self) -> np.ndarray:
        """Differences of the angles with their sense of turning (-180 to 180), 0 to 180."""
        sides = []
        for points_NK2 in (self.predicted_NK2, self.true_NK2):
            bones = [(b, end) for a, b, c in self.skeleton.triplets for end in (a, c)]
            bone_NA2 = limb_directions(points_NK2, self.visible_NK, bones)
            sides.append(bone_NA2[:, 1::2] - bone_NA2[:, ::2])
        return wrapped(sides[0] - sides[1])

    def limb_NL(self) -> np.ndarray:
        """Differences of the limb directions, 0 to 180, which is what a limb without one gets."""
        found_NL, label_NL = self.limbs()
        lost_NL = np.isnan(found_NL) & ~np.isnan(label_NL)
        return np.where(lost_NL, 180.0, wrapped(found_NL - label_NL))

    def aligned_NL(self) -> np.ndarray:
        """The same once the prediction as a whole was turned onto the label as well as it goes."""
        found_NL, label_NL = self.limbs()
        turn_NL = np.radians(found_NL - label_NL)
        whole_N1 = np.arctan2(
            np.nansum(np.sin(turn_NL), 1, keepdims=True),
            np.nansum(np.cos(turn_NL), 1, keepdims=True),
        )
        return wrapped(np.degrees(turn_NL - whole_N1))


def wrapped(turn: np.ndarray) -> np.ndarray:
    """Size of a turn in degrees, 0 to 180."""
    turn = np.abs(turn) % 360
    return np.minimum(turn, 360 - turn)


def mean_N(value_NA: np.ndarray) -> np.ndarray:
    """Mean over what is defined, clipped at 0, in percent; NaN under three values."""
    known_NA = ~np.isnan(value_NA)
    count_N = np.where(known_NA.sum(1) >= MINIMUM_ANGLES, known_NA.sum(1), np.nan)
    return 100 * np.maximum(0, np.nansum(value_NA, 1) / count_N)


def ramp(error: np.ndarray, limit: float) -> np.ndarray:
    """1 for no error, falling evenly to 0 at ``limit`` degrees."""
    return np.maximum(0, 1 - error / limit)


def within(error: np.ndarray, limit: float) -> np.ndarray:
    return np.where(np.isnan(error), np.nan, error <= limit)


def cosine(error: np.ndarray) -> np.ndarray:
    return np.cos(np.radians(error))


def standardised(judged: Judged) -> np.ndarray:
    return evalpose.evalpose_100(*judged.angles(), *statistics_of(judged.skeleton))


FORMS: dict[str, Callable[[Judged], np.ndarray]] = {
    "printed cosine": lambda j: 100 * evalpose.evalpose_cosine(*j.angles()),
    "standardised cosine": standardised,
    "angle error, 0 at 90°": lambda j: mean_N(1 - j.unsigned_NA() / 90),
    "cosine of differences": lambda j: mean_N(cosine(j.unsigned_NA())),
    "angles within 15°": lambda j: mean_N(within(j.unsigned_NA(), 15)),
    "angles, ramp to 45°": lambda j: mean_N(ramp(j.unsigned_NA(), 45)),
    "directed, cosine": lambda j: mean_N(cosine(j.directed_NA())),
    "directed, within 15°": lambda j: mean_N(within(j.directed_NA(), 15)),
    "directed, ramp to 45°": lambda j: mean_N(ramp(j.directed_NA(), 45)),
    "limbs aligned, ramp to 45°": lambda j: mean_N(ramp(j.aligned_NL(), 45)),
    "limbs, cosine": lambda j: mean_N(cosine(j.limb_NL())),
    "limbs, within 15°": lambda j: mean_N(within(j.limb_NL(), 15)),
    "limbs, ramp to 30°": lambda j: mean_N(ramp(j.limb_NL(), 30)),
    "limbs, ramp to 45°": lambda j: mean_N(ramp(j.limb_NL(), 45)),
    "limbs, ramp to 90°": lambda j: mean_N(ramp(j.limb_NL(), 90)),
}


def read_run(folder: Path, set_name: str) -> Judged:
    found = results.read_predictions(folder, set_name)
    if found is None:
        raise SystemExit(f"{folder} holds no predictions on the set {set_name!r}")
    return Judged(
        found.predicted_NK2.astype(np.float64),
        found.keypoints_NK2.astype(np.float64),
        found.visible_NK,
        found.side,
        found.skeleton,
    )


def constant(folder: Path, run: Judged) -> Judged:
    """The source's median pose for every sample."""
    settings = results.read(folder).settings  # pyright: ignore[reportAttributeAccessIssue]
    pose_K2 = constant_pose(read(settings["source"]), round(run.side))
    return run._replace(predicted_NK2=np.broadcast_to(pose_K2, run.true_NK2.shape))


def spoilt(run: Judged) -> dict[str, Judged]:
    """True poses, spoilt; a joint counts only where all that it takes is labelled."""
    rng = np.random.default_rng(0)
    true_NK2, visible_NK, mirror = run.true_NK2, run.visible_NK, list(run.skeleton.mirror)
    other_N = rng.permutation(len(true_NK2))
    reflected_NK2 = true_NK2 * [-1, 1] + [run.side - 1, 0]
    both_NK = visible_NK & visible_NK[:, mirror]
    found = {
        "left-right exchange": run._replace(predicted_NK2=true_NK2[:, mirror], visible_NK=both_NK),
        "mirrored": run._replace(predicted_NK2=reflected_NK2),
        "upside down": run._replace(predicted_NK2=run.side - 1 - true_NK2),
        "another's pose": run._replace(
            predicted_NK2=true_NK2[other_N], visible_NK=visible_NK & visible_NK[other_N]
        ),
        "one point": run._replace(predicted_NK2=np.full_like(true_NK2, (run.side - 1) / 2)),
    }
    for size in NOISE:
        noise_NK2 = rng.normal(0, size * run.side, true_NK2.shape)
        found[f"noise {100 * size:.0f} %"] = run._replace(predicted_NK2=true_NK2 + noise_NK2)
    return found


def rank(a: np.ndarray, b: np.ndarray) -> float:
    known = ~(np.isnan(a) | np.isnan(b))
    return float(spearmanr(a[known], b[known]).statistic)


def level(value_N: np.ndarray) -> float:
    return float(np.nanmean(value_N)) if (~np.isnan(value_N)).any() else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, help="run folders, the same test images")
    parser.add_argument("--set", default="target", help="name of the test set")
    given = parser.parse_args()
    runs = [read_run(folder, given.set) for folder in given.runs]
    flat = constant(given.runs[0], runs[0])
    accuracy_RN = [run.pck_N() for run in runs]
    accuracy_R = np.array([level(found) for found in accuracy_RN])
    best, free = int(accuracy_R.argmax()), level(flat.pck_N())
    print(f"{len(runs)} runs, {len(flat.true_NK2)} samples. PCK@0.1, mean over samples:")
    print(f"{accuracy_R.min():.1f} to {accuracy_R.max():.1f}, constant pose {free:.1f}.\n")
    print("| form | per sample | of runs | best run | constant pose |")
    print("|---|---|---|---|---|")
    for name, form in FORMS.items():
        value_RN = [form(run) for run in runs]
        levels = np.array([*map(level, value_RN), level(form(flat))])
        sample = np.mean([rank(*pair) for pair in zip(value_RN, accuracy_RN, strict=True)])
        order = rank(levels, np.append(accuracy_R, free))
        print(f"| {name} | {sample:.2f} | {order:.2f} | {levels[best]:.1f} | {levels[-1]:.1f} |")
    cases = spoilt(runs[0])
    print(f"\n| true poses, spoilt | {' | '.join(cases)} |\n|---{'|---' * len(cases)}|")
    for name, form in {"PCK@0.1": Judged.pck_N, **FORMS}.items():
        levels = [level(form(case)) for case in cases.values()]
        shown = " | ".join("–" if np.isnan(value) else f"{value:.1f}" for value in levels)
        print(f"| {name} | {shown} |")


if __name__ == "__main__":
    main()
