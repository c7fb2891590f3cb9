"""What costs nothing: trivial baselines, against which every method has to be read."""

from __future__ import annotations

from dataclasses import dataclass

from posesift.report.facts import NAMES
from posesift.report.statement import amount
from posesift.report.wording import capitalised, listed, number
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared

WARM_UP = "the warm-up network"
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
    """Return the free rows that were measured, baselines first, then the warm-up of `start`."""
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


def over(comparison: Compared, called: str) -> list[tuple[str, str]]:
    """Set an arm beside the best trivial baseline, paired over seeds, as a term of evidence."""
    rows = of(comparison)
    if not rows:
        return []
    best = max(rows, key=lambda row: row.mean)
    mine = by_seed.values(comparison, called, *_KEYS)
    if (shown := by_seed.difference(mine, best.by_seed)) is None:
        return []
    return [(f"over {best.name}, the best trivial baseline ({number(best.mean)})", amount(shown))]


def as_well(comparison: Compared) -> str:
    """Name what does as well as the arm of the endpoint named in advance, at no cost; or ""."""
    arm = by_seed.challenger(comparison)
    mine = by_seed.spread(by_seed.values(comparison, arm, *_KEYS).values())
    names = [row.name for row in of(comparison) if mine and row.mean >= mine.mean]
    if not names:
        return ""
    verb = "does" if len(names) == 1 else "do"
    label = by_seed.label(comparison, arm)
    return f"{capitalised(listed(names))} {verb} as well as {label} in PCK@0.05 on the target."


def _start(comparison: Compared) -> str | None:
    """Return the network that source-only training starts from; where only sampling differs, none.

    There the warm-up is what the page calls source only, and stands beside the arms.
    """
    if not methods.several(comparison):
        return None
    start = methods.arm(comparison, by_seed.reference(comparison)).get("start")
    known = {arm["name"] for arm in by_seed.arms(comparison, "warm-up")}
    return start if start in known else None
