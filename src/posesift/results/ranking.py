"""Which arm has the highest mean on the target, and whether it is ahead of the next."""

from __future__ import annotations

from dataclasses import dataclass

from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval
from posesift.results.endpoints import CONTROLS

PCK = ("pck", "0.05", "all")
BLIND = tuple(CONTROLS.values())


@dataclass(frozen=True)
class Lead:
    """The arm with the highest mean PCK@0.05 on the target, and the next.

    Attributes:
        best: name of the arm.
        level: its PCK@0.05, with the interval over seeds.
        second: name of the next.
        ahead: best minus second, paired over seeds.
        seeds: how many both have.
        arms: how many were ranked.
        blind: whether the best is a control, which knows nothing of difficulty.
    """

    best: str
    level: Interval
    second: str
    ahead: Interval
    seeds: int
    arms: int
    blind: bool


def ranked(
    comparison: Compared, keys: tuple[str, ...] = PCK, *, higher: bool = True
) -> list[tuple[str, Interval]]:
    """Arms by their mean of a metric on the target, best first; those that lack seeds are left out.

    Where no arm has all seeds, all are ranked.

    Args:
        comparison: of ``comparison.json``.
        keys: of the metric.
        higher: whether more is better.
    """
    fewer = by_seed.with_fewer_seeds(comparison, "arm")
    names = [arm["name"] for arm in by_seed.arms(comparison, "arm")]
    names = [name for name in names if name not in fewer] or names
    found = []
    for name in names:
        values = by_seed.values(comparison, name, "target", *keys)
        if level := by_seed.interval(values.values()):
            found.append((name, level))
    return sorted(found, key=lambda pair: pair[1].mean, reverse=higher)


def lead(comparison: Compared) -> Lead | None:
    """Return the best arm and its lead over the next; None with fewer than two arms to rank."""
    order = ranked(comparison)
    if len(order) < 2:
        return None
    (best, level), (second, _) = order[:2]
    ahead, seeds = methods.change(comparison, best, second)
    if ahead is None:
        return None
    blind = methods.arm(comparison, best).get("sampling") in BLIND
    return Lead(best, level, second, ahead, seeds, len(order), blind)
