"""Figures over parts of a set (difficulty, source bins, support): levels, and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes

from posesift.report import theme
from posesift.report.theme import Chart
from posesift.report.wording import number, shortened, signed
from posesift.results.by_seed import Interval

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
def levels(
    curves: list[Curve],
    oracle: Curve | None,
    parts: Parts,
    *,
    title: str,
    caption: str,
    looks: Sequence[int] | None = None,
    top: float | None = None,
) -> Chart:
    """A measure over the parts, one curve an arm, intervals as bars.

    Args:
        curves: one an arm.
        oracle: dotted, without bars.
        parts: what lies along the axis.
        title: of the figure.
        caption: of the figure.
        looks: positions in `theme.series`, so that a strategy looks alike in every panel.
        top: upper end of the axis, so that panels can be set side by side.
    """
    figure, axis = theme.canvas(4.6, 3.4)
    shift = np.linspace(-0.12, 0.12, len(curves)) if len(curves) > 1 else [0.0]
    if oracle:
        xs, means, _ = _curve(oracle[1], 0.0)
        axis.plot(
            xs, means, color=theme.INK, linestyle=":", linewidth=1.3, label=shortened(oracle[0])
        )
    for position, (name, found) in enumerate(curves):
        xs, means, bars = _curve(found, shift[position])
        look = theme.series(looks[position] if looks else position)
        axis.errorbar(xs, means, yerr=bars, label=shortened(name), elinewidth=1.2, **look.plot())
    axis.set_ylabel(f"{parts.measure} ({parts.unit})")
    axis.set_ylim(bottom=0, top=top)
    _along(axis, parts, len(curves) + bool(oracle))
    told = "; ".join(
        f"{name}: {', '.join(number(v.mean if v else None) for v in found)}"
        for name, found in (*curves, *([oracle] if oracle else []))
    )
    return theme.finish(
        figure,
        title=title,
        alt=f"{parts.measure} by {parts.axis}, {parts.ends}. {told}.{_counted(parts)}",
        caption=caption,
    )


@theme.styled
def differences(
    gains: list[Curve],
    against: str,
    parts: Parts,
    *,
    caption: str,
    title: str = "",
    looks: Sequence[int] | None = None,
    span: tuple[float, float] | None = None,
) -> Chart:
    """Differences to the arm ``against`` in each part.

    Args:
        gains: one an arm.
        against: the reference arm's name.
        parts: what lies along the axis.
        caption: of the figure.
        title: of the figure; by default it names ``against``.
        looks: as in `levels`; by default from 1 on, 0 being the reference.
        span: ends of the axis, so that panels can be set side by side.
    """
    figure, axis = theme.canvas(4.6, 3.4)
    shift = np.linspace(-0.15, 0.15, len(gains)) if len(gains) > 1 else [0.0]
    axis.axhline(0, color=theme.INK, linewidth=1)
    for position, (name, found) in enumerate(gains):
        xs, means, bars = _curve(found, shift[position])
        look = theme.series(looks[position] if looks else position + 1)
        axis.errorbar(xs, means, yerr=bars, label=shortened(name), elinewidth=1.2, **look.plot())
    axis.set_ylabel(f"difference in {parts.measure} (points)")
    low, high = span or axis.get_ylim()
    axis.set_ylim(min(low, -LEAST), max(high, LEAST))
    _along(axis, parts, len(gains))
    told = "; ".join(
        f"{name}: {', '.join(signed(v.mean) if v else '–' for v in found)}" for name, found in gains
    )
    return theme.finish(
        figure,
        title=title or f"Difference to {against}",
        alt=f"Difference in {parts.measure} to {against}, by {parts.axis}, {parts.ends}. {told}."
        + _counted(parts),
        caption=caption,
    )


def _along(axis: Axes, parts: Parts, entries: int) -> None:
    """Names of the parts, pale bars of their sizes behind the curves, a legend below."""
    places = range(1, len(parts.names) + 1)
    named = [(place, name) for place, name in zip(places, parts.names, strict=True) if name]
    axis.set_xticks([place for place, _ in named], [name for _, name in named])
    axis.set_xlim(0.6, len(parts.names) + 0.4)
    axis.set_xlabel(parts.axis)
    axis.grid(visible=False, axis="x")
    theme.legend_below(axis, entries)
    if any(parts.counts):
        behind = axis.twinx()
        behind.bar(places, parts.counts, width=0.8, color=theme.RULE)
        behind.set_ylim(0, 4.5 * max(parts.counts))
        behind.axis("off")
        axis.set_zorder(behind.get_zorder() + 1)


def _counted(parts: Parts) -> str:
    return f" Samples: {', '.join(map(str, parts.counts))}." if any(parts.counts) else ""


def _curve(
    found: list[Interval | None], shift: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Places, means and asymmetric bars of the levels that are known."""
    known = [(i + 1, level) for i, level in enumerate(found) if level is not None]
    xs = np.array([i + shift for i, _ in known])
    means = np.array([level.mean for _, level in known])
    ends = [
        (0.0, 0.0)
        if level.low is None or level.high is None
        else (level.mean - level.low, level.high - level.mean)
        for _, level in known
    ]
    bars = np.maximum(np.array(ends).reshape(-1, 2).T, 0.0)
    return xs, means, bars if bars.any() else None
