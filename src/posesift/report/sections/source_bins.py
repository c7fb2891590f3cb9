"""Errors over the source's own bins: the target binned by the scorer that chose the samples.

The order in which a reader has met the poses on the rest of the page. It is no independent
judge of a strategy that drew its samples by the same score, and the page says so.

N samples, k bins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from posesift.evaluation import intervals
from posesift.report.blocks import Block, Charts, Note
from posesift.report.figures.curves import ORACLE, Curve, Parts, curves
from posesift.report.pose_sets import Outcome, PoseSet
from posesift.report.theme import Chart
from posesift.report.wording import count, percent
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval

MOST = 25  # bins along an axis; more are joined with their neighbours
FEWEST = 10  # samples that a bin needs to be drawn
MUTED_LOOK = 0  # in `theme.series`: what rests on one seed is not drawn in the colour of results
AXIS = "bin of the source's scorer"
POOLED = "PCK of the headline joints of a bin, pooled as in the tables"
MEAN = "Mean over the samples of a bin"
BARS = (
    f"bars: 95 % intervals over images. Bins of fewer than {FEWEST} samples are left out. Pale "
    "bars behind: how many there are."
)
ONE_SEED = "over the images of one seed, not over seeds"


def of_comparison(comparison: Compared, target: PoseSet, measure: str, unit: str) -> list[Block]:
    """Levels of each method and of the primary endpoint's arm, and what that one changed."""
    if not _binned(target):
        return []
    outcomes = {outcome.label: outcome for outcome in target.outcomes}
    arms = {name: by_seed.label(comparison, name) for name in methods.representatives(comparison)}
    shown = [outcomes[label] for label in arms.values() if label in outcomes]
    place_N, parts = _parts(target, measure, unit)
    drawn = [(o.label, _levels(*_values(o, measure), place_N, parts)) for o in shown]
    drawn = [(label, found) for label, found in drawn if any(found)]
    if not drawn:
        return []
    if _drawn(parts) < 3:
        return [Note(_unsplit(target, parts), strong=False)]
    oracle = methods.target_oracle(comparison)
    best = outcomes.get(oracle.get("label") or oracle["name"]) if oracle else None
    dotted: Curve | None = None
    if best:
        dotted = best.label, _levels(*_values(best, measure), place_N, parts)
    title, caption = f"{measure} by the source's bins", f"{_read(measure)} {ORACLE * bool(best)}"
    charts = [curves(drawn, parts, title=title, caption=caption.strip(), oracle=dotted)]
    arm = by_seed.challenger(comparison)
    against = methods.against(comparison, arm)
    named = [by_seed.label(comparison, name) for name in (arm, against) if name]
    pair = [outcomes[label] for label in named if label in outcomes]
    if len(pair) == 2:
        (mine_N, weight_N), (theirs_N, _) = (_values(one, measure) for one in pair)
        gains = [(pair[0].label, _levels(mine_N - theirs_N, weight_N, place_N, parts))]
        if any(gains[0][1]):
            charts.append(
                curves(
                    gains,
                    parts,
                    against=pair[1].label,
                    caption=(
                        f"Bars: 95 % intervals {ONE_SEED}; another training of the same two may "
                        "differ by more. Paired over the samples of a bin."
                    ),
                    title=f"Difference to {pair[1].label}, {ONE_SEED}",
                    looks=[MUTED_LOOK],
                )
            )
    remark = (
        f"By the bins of the source's own scorer ({target.scored_by.split(',')[0]}), in which the "
        f"rest of this page counts; seed {comparison['seeds'][0]} alone. This score also chose "
        "what hard mining and the curriculum draw, so it is no independent judge of them, as the "
        f"difficulty above is.{_unscored(target)}"
    )
    return [Note(remark, strong=False), Charts(charts)]


def of_run(target: PoseSet, measure: str, unit: str) -> Chart | None:
    """Levels of one run; None where the target was not scored by the source's scorer."""
    if not _binned(target) or not target.outcomes:
        return None
    place_N, parts = _parts(target, measure, unit)
    found = _levels(*_values(target.outcomes[0], measure), place_N, parts)
    if not any(found) or _drawn(parts) < 3:
        return None
    return curves(
        [(target.title, found)],
        parts,
        title=f"{measure} by the source's bins",
        caption=(
            f"{_read(measure)} The score may have chosen the training samples.{_unscored(target)}"
        ),
    )


def _binned(target: PoseSet) -> bool:
    """Whether the bins are those of the source's scorer, and not of the evaluation itself."""
    return "scorer" in target.scored_by and bool((target.bin_N >= 0).any())


def _parts(target: PoseSet, measure: str, unit: str) -> tuple[NDArray[np.int64], Parts]:
    """Return the place of each sample along the axis (-1 = none), and the axis."""
    groups = min(target.k, MOST)
    place_N = np.where(target.bin_N < 0, -1, target.bin_N * groups // target.k)
    first = -(-np.arange(groups) * target.k // groups)  # the first bin of each group
    written = set(np.linspace(0, groups - 1, groups if groups <= 12 else 7).round().tolist())
    names = [str(first[i] + 1) if i in written else "" for i in range(groups)]
    counts = np.bincount(place_N[place_N >= 0], minlength=groups).tolist()
    return place_N, Parts(measure, unit, names, AXIS, counts)


def _drawn(parts: Parts) -> int:
    return sum(size >= FEWEST for size in parts.counts)


def _unsplit(target: PoseSet, parts: Parts) -> str:
    """Why nothing is drawn where nearly all samples fall into one bin."""
    fullest = int(np.bincount(target.bin_N[target.bin_N >= 0]).argmax())
    share = 100 * float((target.bin_N == fullest).sum()) / sum(parts.counts)
    return (
        f"The bins of the source's own scorer do not split this target: {percent(share)} of its "
        f"samples that can be scored fall into bin {fullest + 1} of {target.k}."
    )


def _read(measure: str) -> str:
    return f"{POOLED if measure == 'PCK@0.05' else MEAN}; {BARS}"


def _values(outcome: Outcome, measure: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give what was measured on each sample, and by what a mean over samples weighs them."""
    same_N = np.ones(len(outcome.pck_N))
    if measure != "PCK@0.05":
        return outcome.evalpose_N, same_N
    return outcome.pck_N, same_N if outcome.counted_N is None else outcome.counted_N.astype(float)


def _levels(
    value_N: NDArray[np.float64],
    weight_N: NDArray[np.float64],
    place_N: NDArray[np.int64],
    parts: Parts,
) -> list[Interval | None]:
    """Weighted means over the samples of each place, with intervals over images."""
    known_N = np.isfinite(value_N) & (weight_N > 0)
    found: list[Interval | None] = []
    for place in range(len(parts.names)):
        inside_N = known_N & (place_N == place)
        if inside_N.sum() < FEWEST:
            found.append(None)
            continue
        weight = weight_N[inside_N]
        mean, half = intervals.ratio_of_sums(value_N[inside_N] * weight, weight)
        found.append(Interval(mean, mean - half, mean + half))
    return found


def _unscored(target: PoseSet) -> str:
    missing = int((target.bin_N < 0).sum())
    return f" Samples that cannot be scored: {count(missing)}." if missing else ""
