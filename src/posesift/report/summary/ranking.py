"""Which arm has the highest mean on the target, and whether it is ahead of the next."""

from __future__ import annotations

from dataclasses import dataclass

from posesift.experiments.differences import CONTROLS
from posesift.report.outcome import methods, results
from posesift.report.outcome.results import Comparison, Interval

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
    comparison: Comparison, keys: tuple[str, ...] = PCK, *, higher: bool = True
) -> list[tuple[str, Interval]]:
    """Arms by their mean of a metric on the target, best first; those that lack seeds are left out.

    Where no arm has all seeds, all are ranked.

    Args:
        comparison: of ``comparison.json``.
        keys: of the metric.
        higher: whether more is better.
    """
    fewer = results.with_fewer_seeds(comparison, "arm")
    names = [arm["name"] for arm in results.arms(comparison, "arm")]
    names = [name for name in names if name not in fewer] or names
    found = []
    for name in names:
        values = results.by_seed(comparison, name, "target", *keys)
        if level := results.interval(values.values()):
            found.append((name, level))
    return sorted(found, key=lambda pair: pair[1].mean, reverse=higher)


def lead(comparison: Comparison) -> Lead | None:
    """The best arm and its lead over the next; None with fewer than two arms to rank."""
    order = ranked(comparison)
    if len(order) < 2:
        return None
    (best, level), (second, _) = order[:2]
    ahead, seeds = methods.change(comparison, best, second)
    if ahead is None:
        return None
    blind = methods.arm(comparison, best).get("sampling") in BLIND
    return Lead(best, level, second, ahead, seeds, len(order), blind)
