"""Figures over parts of a set (difficulty, source bins, support): levels, and their differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

from posesift.experiments.methods import label_of
from posesift.report import theme
from posesift.report.blocks import Charts
from posesift.report.figures.axes import boxes
from posesift.report.theme import Chart, Drawing, Look
from posesift.report.wording import number, shortened, signed
from posesift.results import by_seed, methods
from posesift.results.by_seed import Compared, Interval

LEAST = 1.0  # points above and below zero that any axis of differences shows

Curve = tuple[str, list[Interval | None]]
"""A name and its levels or differences, first part first."""


@dataclass(frozen=True)
class Parts:
    """The parts that a set is split into, and what is measured in each.

    Attributes:
        measure: such as "PCK@0.05".
        unit: of the measure.
        names: of the parts, on the axis; "" = a part without room for its name.
        axis: what the parts are parts of.
        counts: samples in each part, drawn as pale bars; empty = not drawn.
    """

    measure: str
    unit: str
    names: list[str]
    axis: str
    counts: list[int] = field(default_factory=list)

    @property
    def ends(self) -> str:
        """The first and the last part, for a text without the picture."""
        named = [" ".join(name.split()) for name in (self.names[0], self.names[-1])]
        return named[0] if len(self.names) == 1 else f"from {named[0]} to {named[1]}"


@theme.styled
def curves(
    look: Look,
    drawn: list[Curve],
    parts: Parts,
    *,
    caption: str,
    title: str = "",
    against: str = "",
    oracle: Curve | None = None,
    looks: Sequence[int] | None = None,
    ends: tuple[float, float] | None = None,
) -> Drawing:
    """Plot a measure over the parts, one curve an arm, intervals as bars.

    Args:
        look: the sizes that it is drawn in.
        drawn: one an arm.
        parts: what lies along the axis.
        caption: of the figure.
        title: of the figure; by default it names ``against``.
        against: the arm that the curves are differences to; "" for levels.
        oracle: dotted, without bars.
        looks: positions in `theme.series`, so that a strategy looks alike in every panel; by
            default in their order, 0 being the reference.
        ends: of the axis, so that panels can be set side by side.
    """
    figure, axis = look.canvas(3.4)
    if oracle:
        xs, means, _ = _curve(oracle[1], 0.0)
        axis.plot(
            xs, means, ":", color=theme.INK, linewidth=1.3 * look.line, label=shortened(oracle[0])
        )
    _draw(look, axis, drawn, looks or range(bool(against), len(drawn) + bool(against)))
    if against:
        axis.axhline(0, color=theme.INK, linewidth=look.line, zorder=1.9)
        axis.set_ylabel(f"difference in {parts.measure} (points)")
        low, high = ends or axis.get_ylim()
        axis.set_ylim(min(low, -LEAST), max(high, LEAST))
        what, form = f"Difference in {parts.measure} to {against},", signed
    else:
        axis.set_ylabel(f"{parts.measure} ({parts.unit})")
        axis.set_ylim(*(ends or (0, None)))
        what, form = parts.measure, number
    _along(axis, parts)
    told = "; ".join(
        f"{name}: {', '.join(form(v.mean if v else None) for v in found)}"
        for name, found in (*drawn, *([oracle] if oracle else []))
    )
    return theme.finish(
        figure,
        title=title or f"Difference to {against}",
        alt=f"{what} by {parts.axis}, {parts.ends}. {told}.{_counted(parts)}",
        caption=caption,
    )


def _draw(look: Look, axis: Axes, curves: list[Curve], looks: Sequence[int]) -> None:
    """Plot curves with their bars, a little apart."""
    shift = np.linspace(-0.12, 0.12, len(curves)) if len(curves) > 1 else [0.0]
    for (name, found), by, place in zip(curves, shift, looks, strict=True):
        xs, means, bars = _curve(found, by)
        how: Any = theme.series(place).plot()
        axis.errorbar(
            xs, means, yerr=bars, label=shortened(name), elinewidth=1.2 * look.line, **how
        )


def _along(axis: Axes, parts: Parts) -> None:
    """Names of the parts, pale bars of their sizes behind the curves, a legend below."""
    places = range(1, len(parts.names) + 1)
    named = [(place, name) for place, name in zip(places, parts.names, strict=True) if name]
    axis.xaxis.set_major_locator(FixedLocator([place for place, _ in named]))
    axis.xaxis.set_major_formatter(FixedFormatter([name for _, name in named]))
    axis.set_xlim(0.6, len(parts.names) + 0.4)
    axis.set_xlabel(parts.axis)
    axis.grid(visible=False, axis="x")
    theme.legend_below(axis)
    if any(parts.counts):
        at, ground = np.array(places), axis.get_xaxis_transform()
        height = np.array(parts.counts) / (4.5 * max(parts.counts))
        boxes(
            axis, at - 0.4, at + 0.4, 0, height, facecolors=theme.RULE, transform=ground, zorder=0
        )


def _counted(parts: Parts) -> str:
    return f" Samples: {', '.join(map(str, parts.counts))}." if any(parts.counts) else ""


def _curve(
    found: list[Interval | None], shift: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Places, means and asymmetric bars of the levels that are known."""
    known = [(i + 1, level) for i, level in enumerate(found) if level is not None]
    xs = np.array([i + shift for i, _ in known])
    means = np.array([level.mean for _, level in known])
    both = [(level.mean, level.ends or (level.mean,) * 2) for _, level in known]
    ends = [(mean - low, high - mean) for mean, (low, high) in both]
    bars = np.maximum(np.array(ends).reshape(-1, 2).T, 0.0)
    return xs, means, bars if bars.any() else None


ORACLE = "Dotted: trained on the target's labels."
PAIRED = "Bars: 95 % intervals, paired over seeds. A bar across zero: no clear difference."


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
        [v for name in [*arms, *([oracle["name"]] if oracle else [])] for v in split.levels(name)]
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
        title = f"{label_of(method)}, by sampling"
        found.append(_pair(comparison, split, names, title, top=top, span=span))
    return found


def _pair(
    comparison: Compared,
    split: Split,
    names: list[str],
    title: str,
    *,
    oracle: bool = False,
    top: tuple[float, float] | None = None,
    span: tuple[float, float] | None = None,
) -> list[Chart]:
    """Levels of ``names``, and differences to the first of them; nothing where none is known.

    Beside an ``oracle`` stand methods, which look as they come; without one, strategies.
    """
    names = [name for name in names if measured(split, name)]
    if not names:
        return []
    looks = list(range(len(names))) if oracle else _looks(comparison, names)
    best = _oracle(comparison, split) if oracle else None
    levels = [(by_seed.label(comparison, name), split.levels(name)) for name in names]
    caption = f"{split.caption} {ORACLE}" if best else split.caption
    charts = [
        curves(
            levels, split.parts, caption=caption, title=title, oracle=best, looks=looks, ends=top
        )
    ]
    gains = _gains(comparison, split, names)
    if len(comparison["seeds"]) > 1 and any(level for _, gain in gains for level in gain):
        against = by_seed.label(comparison, names[0])
        charts.append(
            curves(gains, split.parts, caption=PAIRED, against=against, looks=looks[1:], ends=span)
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
    """Give a strategy one look in every panel, unless two arms of a panel share one."""
    places = methods.strategies(comparison)
    found = [places.index(str(methods.arm(comparison, n).get("sampling"))) for n in names]
    return found if len(set(found)) == len(found) else list(range(len(names)))


def _top(known: list[Interval | None]) -> tuple[float, float] | None:
    """Return common ends of the axes, with room for the bars."""
    ends = [level.mean if level.high is None else level.high for level in known if level]
    return (0.0, min(105.0, 1.05 * max(ends))) if ends and max(ends) > 0 else None


def _span(gains: list[Curve]) -> tuple[float, float] | None:
    """Return common ends of the axes of differences, zero among them."""
    known = [v for _, levels in gains for v in levels if v]
    ends = [end for v in known for end in (v.mean, v.low, v.high) if end is not None]
    if not ends:
        return None
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room
