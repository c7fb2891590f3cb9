"""What costs no adaptation: a constant pose, re-estimated BatchNorm, the warm-up's network.

Every method has to be read against the best of these rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from posesift.report.blocks import Finding
from posesift.report.facts import NAMES
from posesift.report.wording import capitalised, listed, number
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval

WARM_UP = "the warm-up network"
WARM_UP_IS = (
    "The warm-up is the first stage of training, on source images alone, from which the arms start"
)
_KEYS = ("target", "pck", "0.05", "all")


@dataclass(frozen=True)
class FreeRow:
    """PCK@0.05 on the target without adaptation.

    Attributes:
        name: what is done, in words.
        by_seed: in percent.
        mean: over seeds.
    """

    name: str
    by_seed: dict[int, float]
    mean: float


def of(comparison: Compared) -> list[FreeRow]:
    """The free rows that were measured, baselines first, then the warm-up of `start`."""
    found: list[tuple[str, dict[int, float]]] = []
    for name in dict.fromkeys(row["name"] for row in comparison.get("baselines") or []):
        values = by_seed.baseline_by_seed(comparison, name, *_KEYS)
        if None in values:  # one that no seed changes
            values = dict.fromkeys(comparison["seeds"], next(iter(values.values())))
        found.append((NAMES.get(name, str(name)), values))
    if start := _start(comparison):
        found.append((WARM_UP, by_seed.values(comparison, start, *_KEYS)))
    return [
        FreeRow(name, values, level.mean)
        for name, values in found
        if (level := by_seed.spread(values.values()))
    ]


def over_best(comparison: Compared, called: str) -> tuple[FreeRow, Interval, int] | None:
    """The best free row, an arm minus it (paired), and over how many seeds."""
    rows = of(comparison)
    if not rows:
        return None
    best = max(rows, key=lambda row: row.mean)
    mine = by_seed.values(comparison, called, *_KEYS)
    shown = by_seed.difference(mine, best.by_seed)
    return (best, shown, len(mine.keys() & best.by_seed.keys())) if shown else None


def free(comparison: Compared) -> Finding | None:
    """What costs nothing, beside the arm of the endpoint named in advance."""
    arm = by_seed.challenger(comparison)
    mine = by_seed.spread(by_seed.values(comparison, arm, *_KEYS).values())
    rows = of(comparison)
    if not rows or mine is None:
        return None
    told = listed([f"{row.name} reaches {number(row.mean)}" for row in rows])
    over = [row.name for row in rows if row.mean >= mine.mean]
    warning = ""
    if over:
        warning = f" {capitalised(listed(over))} {'does' if len(over) == 1 else 'do'} as well."
    return Finding(
        "What comes for free?",
        f"{capitalised(told)}; the {by_seed.label(comparison, arm)} arm {number(mine.mean)}."
        f"{warning}",
        "PCK@0.05 on the target. Every method has to be read against these rows.",
    )


def _start(comparison: Compared) -> str | None:
    """The network that source-only training starts from; where only sampling differs, none.

    There the warm-up is what the page calls source only, and stands beside the arms.
    """
    if not methods.several(comparison):
        return None
    start = methods.arm(comparison, by_seed.reference(comparison)).get("start")
    known = {arm["name"] for arm in by_seed.arms(comparison, "warm-up")}
    return start if start in known else None
