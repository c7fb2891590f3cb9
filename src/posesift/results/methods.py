"""Which arms a comparison has, by method: what is compared with what, and in which order.

A comparison of one method (sampling strategies only) has no such story; `several` says which.
"""

from __future__ import annotations

from typing import Any

from posesift.results import by_seed
from posesift.results.by_seed import Compared, Interval


def several(comparison: Compared) -> bool:
    """Whether arms of more than one method are compared."""
    return len(ordered(comparison)) > 1


def ordered(comparison: Compared) -> list[str]:
    """Methods of the arms: source-only, then the others as they come."""
    found = dict.fromkeys(of(arm) for arm in by_seed.arms(comparison, "arm"))
    return sorted(found, key=lambda name: name != "source-only")


def of(arm: dict[str, Any]) -> str:
    """Return the method of an arm."""
    return str(arm.get("method") or "source-only")


def arm(comparison: Compared, called: str) -> dict[str, Any]:
    """Return the arm of that name."""
    return next((a for a in comparison["arms"] if a["name"] == called), {"name": called})


def arms_of(comparison: Compared, method: str) -> list[str]:
    """Arms of a method, uniform sampling first, then as they come."""
    found = [a for a in by_seed.arms(comparison, "arm") if of(a) == method]
    return [a["name"] for a in sorted(found, key=lambda a: a.get("sampling") != "uniform")]


def uniform(comparison: Compared, method: str) -> str | None:
    """Return the arm of a method that samples uniformly."""
    for a in by_seed.arms(comparison, "arm"):
        if of(a) == method and a.get("sampling") == "uniform":
            return a["name"]
    return None


def adapted(comparison: Compared) -> list[str]:
    """Methods that adapt, in order."""
    return [method for method in ordered(comparison) if method != "source-only"]


def leading(comparison: Compared) -> str | None:
    """Return the adaptation method of the headline: the primary endpoint's, else the last."""
    found = adapted(comparison)
    chosen = of(arm(comparison, by_seed.challenger(comparison)))
    return chosen if chosen in found else found[-1] if found else None


def against(comparison: Compared, called: str) -> str | None:
    """Return the arm that an arm is compared with; None for the one that all rests on."""
    this = arm(comparison, called)
    if "against" in this:
        return this["against"]
    other = by_seed.reference(comparison)
    return None if other == called else other


def strategies(comparison: Compared) -> list[str]:
    """Return sampling strategies of the arms, uniform first: a strategy's place is its look."""
    found = dict.fromkeys(str(a.get("sampling")) for a in by_seed.arms(comparison, "arm"))
    return sorted(found, key=lambda strategy: strategy != "uniform")


def representatives(comparison: Compared) -> list[str]:
    """Each method with uniform sampling, and the arm of the primary endpoint.

    What is shown where all arms would be too many; all arms where only sampling differs.
    """
    if not several(comparison):
        return by_seed.shown_arms(comparison)
    found = [uniform(comparison, method) for method in ordered(comparison)]
    return list(dict.fromkeys([*filter(None, found), by_seed.challenger(comparison)]))


def samples_differently(comparison: Compared) -> bool:
    """Whether the primary endpoint is of sampling: two arms of one method."""
    primary = comparison["primary"]
    mine, theirs = (arm(comparison, primary[key]) for key in ("arm", "against"))
    return of(mine) == of(theirs)


def target_oracle(comparison: Compared) -> dict[str, Any] | None:
    """Return the oracle that was trained on the target's own labels."""
    found = [a for a in by_seed.arms(comparison, "oracle") if a.get("trained_on") == "target"]
    return found[0] if found else None


def change(
    comparison: Compared, one: str, other: str, set_name: str = "target"
) -> tuple[Interval | None, int]:
    """PCK@0.05 of ``one`` minus ``other`` on a set, paired, and over how many seeds."""
    a, b = (
        by_seed.values(comparison, called, set_name, "pck", "0.05", "all")
        for called in (one, other)
    )
    return by_seed.difference(a, b), len(a.keys() & b.keys())


def gap_closed(comparison: Compared, called: str) -> tuple[Interval | None, int]:
    """Share of the way from source-only to the oracle, in percent, and over how many seeds."""
    for row in comparison.get("gap_closed") or []:
        if row["arm"] == called:
            return by_seed.endpoint(row), len(row.get("values") or [])
    return None, 0
