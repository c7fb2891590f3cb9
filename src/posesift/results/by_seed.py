"""Plain numbers out of a comparison: values by seed, means, intervals, the four cells of the gap.

Everything here is read or averaged from ``comparison.json``; percentages run from 0 to 100 and
differences are in points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from posesift.evaluation import intervals

Compared = dict[str, Any]
"""What ``comparison.json`` holds (`posesift.results.schema.Comparison`)."""


@dataclass(frozen=True)
class Spread:
    """A mean over seeds, with its standard deviation (None for one seed)."""

    mean: float
    deviation: float | None
    seeds: int


@dataclass(frozen=True)
class Interval:
    """A mean with a 95 % interval; the ends are None where there is one value only."""

    mean: float
    low: float | None
    high: float | None

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends, where there are any."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def clear(self) -> bool | None:
        """Whether the interval leaves out zero; None where there is no interval."""
        return self.ends and (self.ends[0] > 0 or self.ends[1] < 0)


def lookup(entry: Any, *keys: str) -> float | None:
    """Return the number found by following ``keys``, None where one of them is absent.

    >>> lookup({"pck": {"0.05": {"all": 44.0}}}, "pck", "0.05", "all")
    44.0
    """
    for key in keys:
        if not isinstance(entry, dict) or key not in entry:
            return None
        entry = entry[key]
    if isinstance(entry, dict):
        return lookup(entry, "all")
    return entry


def values(comparison: Compared, arm: str, set_name: str, *keys: str) -> dict[int, float]:
    """One metric of one arm on one set, by seed; seeds without the number are absent."""
    found = {}
    for cell in comparison["cells"]:
        if cell["arm"] == arm:
            value = lookup(cell["sets"].get(set_name), *keys)
            if value is not None:
                found[cell["seed"]] = value
    return found


def level(comparison: Compared, arm: str, set_name: str = "target") -> Interval | None:
    """PCK@0.05 of an arm with its interval: over seeds, or of a single seed over its images."""
    found = interval(values(comparison, arm, set_name, "pck", "0.05", "all").values())
    if found is None or len(comparison["seeds"]) > 1:
        return found
    cells = [c["sets"].get(set_name) or {} for c in comparison["cells"] if c["arm"] == arm]
    ends = cells[0].get("interval")
    return Interval(found.mean, *ends) if ends else found


def baseline_by_seed(
    comparison: Compared, name: str, set_name: str, *keys: str
) -> dict[int, float]:
    """One metric of one free baseline, by seed (a baseline without a seed counts once)."""
    found = {}
    for row in comparison.get("baselines") or []:
        if row["name"] == name:
            value = lookup(row["sets"].get(set_name), *keys)
            if value is not None:
                found[row.get("seed")] = value
    return found


def spread(values: Iterable[float]) -> Spread | None:
    """Mean and standard deviation over seeds; None for no values.

    >>> spread([1.0, 3.0])
    Spread(mean=2.0, deviation=1.4142135623730951, seeds=2)
    """
    a = np.asarray(list(values), dtype=np.float64)
    if len(a) == 0:
        return None
    return Spread(float(a.mean()), float(a.std(ddof=1)) if len(a) > 1 else None, len(a))


def interval(values: Iterable[float]) -> Interval | None:
    """Mean and 95 % Student interval; None for no values, no ends for a single one.

    >>> interval([1.0])
    Interval(mean=1.0, low=None, high=None)
    """
    known = list(values)
    return Interval(*intervals.mean_interval(known)) if known else None


def apart(a: Mapping[int, float], b: Mapping[int, float]) -> dict[int, float]:
    """Return a - b of each seed that both have, in rising order.

    >>> apart({1: 3.0, 0: 2.0}, {0: 0.5, 1: 0.5, 2: 9.0})
    {0: 1.5, 1: 2.5}
    """
    return {seed: a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())}


def difference(a: dict[int, float], b: dict[int, float]) -> Interval | None:
    """Mean and interval of a - b, paired over the seeds that both have."""
    seeds = sorted(a.keys() & b.keys())
    if not seeds:
        return None
    paired = intervals.paired_interval([a[seed] for seed in seeds], [b[seed] for seed in seeds])
    return Interval(paired.mean, paired.low, paired.high)


def endpoint(row: dict[str, Any]) -> Interval | None:
    """Return the interval that an endpoint states, None where nothing was found."""
    if row.get("mean") is None:
        return None
    return Interval(row["mean"], row.get("low"), row.get("high"))


def some_entry(comparison: Compared, set_name: str) -> dict[str, Any]:
    """Any cell's figures of a set, for what all cells have alike."""
    return next((c["sets"][set_name] for c in comparison["cells"] if set_name in c["sets"]), {})


def arms(comparison: Compared, *roles: str) -> list[dict[str, Any]]:
    """Arms of the given roles, in their order."""
    return [arm for arm in comparison["arms"] if arm["role"] in roles]


def seeds_of(comparison: Compared, arm: str) -> set[int]:
    """Return the seeds that an arm was trained for; it may have fewer than the comparison."""
    return {cell["seed"] for cell in comparison["cells"] if cell["arm"] == arm}


def with_fewer_seeds(comparison: Compared, *roles: str) -> dict[str, int]:
    """Arms of the given roles that lack some of the comparison's seeds, and how many they have."""
    wanted = len(comparison["seeds"])
    found = {
        arm["name"]: len(seeds_of(comparison, arm["name"])) for arm in arms(comparison, *roles)
    }
    return {name: seeds for name, seeds in found.items() if 0 < seeds < wanted}


def label(comparison: Compared, name: str) -> str:
    """Return the label of an arm."""
    return next((a.get("label") or name for a in comparison["arms"] if a["name"] == name), name)


def reference(comparison: Compared) -> str:
    """Return the arm that others are compared with.

    Where methods are compared, source-only training with uniform sampling; else the primary
    endpoint's; else the first.
    """
    candidates = arms(comparison, "arm") or comparison["arms"]
    if len({arm.get("method") for arm in candidates}) > 1:
        for arm in candidates:
            if (arm.get("method"), arm.get("sampling")) == ("source-only", "uniform"):
                return arm["name"]
    return (comparison.get("primary") or {}).get("against") or candidates[0]["name"]


def challenger(comparison: Compared) -> str:
    """Return the arm that the primary endpoint is about."""
    candidates = arms(comparison, "arm") or comparison["arms"]
    return (comparison.get("primary") or {}).get("arm") or candidates[-1]["name"]


def shown_arms(comparison: Compared) -> list[str]:
    """Arms in the order of a figure: reference first, then the challenger, then the others."""
    first = [reference(comparison), challenger(comparison)]
    rest = [arm["name"] for arm in arms(comparison, "arm") if arm["name"] not in first]
    return list(dict.fromkeys(first)) + rest


def bins_by_seed(
    comparison: Compared, arm: str, set_name: str = "target", metric: str = "pck"
) -> list[dict[int, float]]:
    """For each difficulty bin of a set, easiest first, one metric by seed.

    A bin without a number in any seed has no seeds; it still is a bin.
    """
    found: dict[int, dict[int, float]] = {}
    for cell in comparison["cells"]:
        if cell["arm"] == arm:
            for row in (cell["sets"].get(set_name) or {}).get("by_bin") or []:
                values = found.setdefault(row["bin"], {})
                if row.get(metric) is not None:
                    values[cell["seed"]] = row[metric]
    return [found.get(b, {}) for b in range(max(found, default=-1) + 1)]


def bin_levels(
    comparison: Compared, arm: str, set_name: str = "target", metric: str = "pck"
) -> list[Interval | None]:
    """One metric in each difficulty bin: over seeds; PCK of one seed over its images."""
    found = bins_by_seed(comparison, arm, set_name, metric)
    levels = [interval(values.values()) for values in found]
    if len(comparison["seeds"]) > 1 or metric != "pck":
        return levels
    for cell in comparison["cells"]:
        if cell["arm"] == arm:
            for row in (cell["sets"].get(set_name) or {}).get("by_bin") or []:
                level, ends = levels[row["bin"]], row.get("interval")
                if level is not None and ends:
                    levels[row["bin"]] = Interval(level.mean, *ends)
    return levels


@dataclass(frozen=True)
class Supported:
    """Target samples that have so many source poses close to theirs, and an arm's PCK on them.

    Attributes:
        low: fewest source poses.
        high: most, included; None = no end.
        samples: in the group, over all seeds.
        pck: pooled over all seeds, in percent; None = nothing to count.
        by_seed: the same of each seed; empty where only the pooled figure was kept.
    """

    low: int
    high: int | None
    samples: int
    pck: float | None
    by_seed: dict[int, float]

    @property
    def level(self) -> Interval | None:
        """The pooled figure between the ends of the interval of its mean over seeds."""
        if self.pck is None:
            return None
        over_seeds = interval(self.by_seed.values())
        return Interval(
            self.pck, *((over_seeds.low, over_seeds.high) if over_seeds else (None,) * 2)
        )


def support(comparison: Compared, arm: str) -> list[Supported]:
    """Return an arm's PCK@0.05 by support in the source, least first; empty = not measured."""
    seeds: dict[int, dict[int, float]] = {}
    for cell in comparison["cells"]:
        if cell["arm"] == arm:
            for row in (cell["sets"].get("target") or {}).get("by_support") or []:
                if row.get("pck") is not None:
                    seeds.setdefault(row["neighbours_low"], {})[cell["seed"]] = row["pck"]
    return [
        Supported(
            row["neighbours_low"],
            row["neighbours_high"],
            row["samples"],
            row["pck"],
            seeds.get(row["neighbours_low"], {}),
        )
        for row in (comparison.get("support") or {}).get(arm) or []
    ]


@dataclass(frozen=True)
class Gap:
    """The four cells of one model, poses by look, and what it regrets in each.

    Attributes:
        cells: 2 x 2 PCK@0.05, rows poses (source, target), columns look (synthetic, photo).
        regret: oracle of equal budget on that cell's labels, minus the model, paired over the
            seeds that have both; None where there is no oracle.
        interaction: points by which both changes together cost more (negative) or less than the
            sum of each alone.
    """

    cells: list[list[float | None]]
    regret: list[list[float | None]]
    interaction: float | None


def gap(comparison: Compared, arm: str) -> Gap | None:
    """Return the four cells of ``arm``; None where the comparison has no such square."""
    square = comparison.get("gap")
    if not square:
        return None
    oracles = {a["trained_on"]: a["name"] for a in arms(comparison, "oracle")}

    def known(of: str | None, set_name: str) -> dict[int, float]:
        return values(comparison, of, set_name, "pck", "0.05", "all") if of else {}

    def mean(found: Spread | Interval | None) -> float | None:
        return found.mean if found else None

    cells = [[mean(spread(known(arm, name).values())) for name in row] for row in square["sets"]]
    regret = [
        [mean(difference(known(oracles.get(name), name), known(arm, name))) for name in row]
        for row in square["sets"]
    ]
    (a, b), (c, d) = cells
    complete = None not in (a, b, c, d)
    interaction = (d - c) - (b - a) if complete else None  # type: ignore[operator]
    return Gap(cells, regret, interaction)
