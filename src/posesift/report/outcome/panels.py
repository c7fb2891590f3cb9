"""Pairs of panels over parts of the target: levels of the arms, and differences between them.

The same arrangement wherever the target is split, by difficulty or by support: the methods with
uniform sampling first, then each method's sampling strategies, a strategy alike in every panel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from posesift.report.blocks import Charts
from posesift.report.outcome import part_figures
from posesift.report.outcome.part_figures import Curve, Parts
from posesift.report.theme import Chart
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval

ORACLE = "Dotted: trained on the target's labels."


@dataclass(frozen=True)
class Split:
    """One measure of each arm in each part of the target.

    Attributes:
        parts: what the panels' axis shows.
        levels: of an arm, first part first.
        by_seed: the same by seed, for paired differences.
        title: of the panel where no methods are compared.
        caption: how to read the bars of levels.
    """

    parts: Parts
    levels: Callable[[str], list[Interval | None]]
    by_seed: Callable[[str], list[dict[int, float]]]
    title: str
    caption: str


def pairs(comparison: Compared, split: Split) -> list[Charts]:
    """Levels beside differences: of the methods, and of each method's strategies."""
    if methods.several(comparison):
        found = [pair for pair in _by_method(comparison, split) if pair]
        if found and all(len(pair) == 1 for pair in found):  # levels alone stand side by side
            return [Charts([chart for pair in found for chart in pair])]
        return [Charts(pair) for pair in found]
    names = by_seed.shown_arms(comparison)
    pair = _pair(comparison, split, names, split.title, oracle=True)
    return [Charts(pair)] if pair else []


def measured(split: Split, name: str) -> bool:
    """Whether an arm has a number in any part."""
    return any(split.levels(name))


def _by_method(comparison: Compared, split: Split) -> list[list[Chart]]:
    arms = [arm["name"] for arm in by_seed.arms(comparison, "arm")]
    oracle = methods.target_oracle(comparison)
    top = _top(
        [
            level
            for name in (*arms, *([oracle["name"]] if oracle else []))
            for level in split.levels(name)
        ]
    )
    reference = by_seed.reference(comparison)
    plain = [name for m in methods.ordered(comparison) if (name := methods.uniform(comparison, m))]
    plain.sort(key=lambda name: name != reference)
    found = [_pair(comparison, split, plain, "Methods, uniform sampling", oracle=True, top=top)]
    within = [
        (method, [base, *(name for name in names if name != base)])
        for method in methods.ordered(comparison)
        if (base := methods.uniform(comparison, method))
        and len(names := methods.arms_of(comparison, method)) > 1
    ]
    span = _span([gain for _, names in within for gain in _gains(comparison, split, names)])
    for method, names in within:
        title = f"{methods.name(method)}, by sampling"
        found.append(_pair(comparison, split, names, title, strategies=True, top=top, span=span))
    return found


def _pair(
    comparison: Compared,
    split: Split,
    names: list[str],
    title: str,
    *,
    oracle: bool = False,
    strategies: bool = False,
    top: float | None = None,
    span: tuple[float, float] | None = None,
) -> list[Chart]:
    """Levels of ``names``, and differences to the first of them; nothing where none is known."""
    names = [name for name in names if measured(split, name)]
    if not names:
        return []
    looks = _looks(comparison, names) if strategies else list(range(len(names)))
    best = _oracle(comparison, split) if oracle else None
    charts = [
        part_figures.levels(
            [(by_seed.label(comparison, name), split.levels(name)) for name in names],
            best,
            split.parts,
            title=title,
            caption=f"{split.caption} {ORACLE}" if best else split.caption,
            looks=looks,
            top=top,
        )
    ]
    gains = _gains(comparison, split, names)
    if any(level for _, gain in gains for level in gain):
        charts.append(
            part_figures.differences(
                gains,
                by_seed.label(comparison, names[0]),
                split.parts,
                caption=_paired(comparison),
                looks=looks[1:],
                span=span,
            )
        )
    return charts


def _gains(comparison: Compared, split: Split, names: list[str]) -> list[Curve]:
    """Differences of all others to the first of ``names``, paired over seeds."""
    base = split.by_seed(names[0])
    return [
        (
            by_seed.label(comparison, name),
            [
                by_seed.difference(mine, theirs)
                for mine, theirs in zip(split.by_seed(name), base, strict=False)
            ],
        )
        for name in names[1:]
    ]


def _oracle(comparison: Compared, split: Split) -> Curve | None:
    arm = methods.target_oracle(comparison)
    if arm is None or not measured(split, arm["name"]):
        return None
    return arm.get("label") or arm["name"], split.levels(arm["name"])


def _looks(comparison: Compared, names: list[str]) -> list[int]:
    """A strategy looks alike in every panel, unless two arms of a panel share one."""
    places = methods.strategies(comparison)
    found = [places.index(str(methods.arm(comparison, n).get("sampling"))) for n in names]
    return found if len(set(found)) == len(found) else list(range(len(names)))


def _top(known: list[Interval | None]) -> float | None:
    """A common upper end of the axes, with room for the bars."""
    ends = [level.mean if level.high is None else level.high for level in known if level]
    return min(105.0, 1.05 * max(ends)) if ends and max(ends) > 0 else None


def _span(gains: list[Curve]) -> tuple[float, float] | None:
    """Common ends of the axes of differences, zero among them."""
    known = [v for _, levels in gains for v in levels if v]
    ends = [end for v in known for end in (v.mean, v.low, v.high) if end is not None]
    if not ends:
        return None
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _paired(comparison: Compared) -> str:
    if len(comparison["seeds"]) == 1:
        return "One seed: differences without an interval."
    return "Bars: 95 % intervals, paired over seeds. A bar across zero: no clear difference."
