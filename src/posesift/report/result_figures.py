"""Figures about results: endpoints with intervals, curves over difficulty, support, losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from posesift.report import theme
from posesift.report.results import Interval
from posesift.report.theme import Chart
from posesift.report.wording import number, part_names, shortened, signed


@theme.styled
def endpoints(rows: list[tuple[str, Interval, bool]], seeds: int, title: str) -> Chart:
    """Differences with their intervals on one axis, zero marked.

    Args:
        rows: label, interval, and whether it is the endpoint named in advance.
        seeds: how many seeds the intervals rest on.
        title: of the figure.
    """
    figure, axis = theme.canvas(4.6, 0.6 + 0.5 * len(rows))
    for place, (name, shown, primary) in enumerate(rows):
        colour = theme.SIGNAL if primary else theme.MUTED
        if shown.low is not None and shown.high is not None:
            axis.plot([shown.low, shown.high], [place, place], color=colour, linewidth=2.4)
        axis.plot(
            shown.mean,
            place,
            marker="D" if primary else "o",
            markersize=8 if primary else 6,
            color=colour if shown.low is not None else theme.PAPER,
            markeredgecolor=colour,
            markeredgewidth=1.5,
            linestyle="none",
        )
        axis.text(
            0,
            place - 0.26,
            shortened(name, 70),
            transform=axis.get_yaxis_transform(),
            va="bottom",
            fontsize=8,
            bbox={"facecolor": theme.PAPER, "edgecolor": "none", "pad": 1.0},
        )
    axis.axvline(0, color=theme.INK, linewidth=1, zorder=0)
    axis.set_yticks([])
    axis.set_ylim(len(rows) - 0.6, -0.85)
    axis.set_xlabel("difference (points; right of the line = better)")
    axis.spines["left"].set_visible(False)
    told = "; ".join(
        f"{name}: {signed(shown.mean)}"
        + ("" if shown.low is None else f" ({signed(shown.low)} to {signed(shown.high)})")
        for name, shown, _ in rows
    )
    how = (
        "Bars: 95 % intervals, paired over seeds."
        if seeds > 1
        else "Hollow marks: one seed, so there is no interval."
    )
    return theme.finish(
        figure,
        title=title,
        alt=f"Differences between arms with intervals. {told}.",
        caption=f"Diamond: the one endpoint named in advance; dots: secondary. {how}",
    )


@theme.styled
def difficulty_curves(
    curves: list[tuple[str, list[Interval | None]]],
    oracle: tuple[str, list[Interval | None]] | None,
    *,
    caption: str,
) -> Chart:
    """PCK@0.05 over the target's difficulty bins, one curve an arm, intervals as bars."""
    figure, axis = theme.canvas(4.6, 3.4)
    bins = max((len(levels) for _, levels in curves), default=0)
    shift = np.linspace(-0.12, 0.12, len(curves)) if len(curves) > 1 else [0.0]
    if oracle:
        xs, means, _ = _curve(oracle[1], 0.0)
        axis.plot(
            xs, means, color=theme.INK, linestyle=":", linewidth=1.3, label=shortened(oracle[0])
        )
    for position, (name, levels) in enumerate(curves):
        xs, means, bars = _curve(levels, shift[position])
        look = theme.series(position)
        axis.errorbar(xs, means, yerr=bars, label=shortened(name), elinewidth=1.2, **look.plot())
    axis.set_xticks(range(1, bins + 1), part_names(bins))
    axis.set(ylabel="PCK@0.05 (%)", xlabel="difficulty of the target's poses")
    axis.set_ylim(bottom=0)
    axis.grid(visible=False, axis="x")
    _legend_below(axis, len(curves) + bool(oracle))
    told = "; ".join(
        f"{name}: {', '.join(number(v.mean if v else None) for v in levels)}"
        for name, levels in curves
    )
    return theme.finish(
        figure,
        title="Accuracy by difficulty",
        alt=f"PCK at 0.05 by difficulty bin from easiest to hardest. {told}.",
        caption=caption,
    )


@theme.styled
def difficulty_gains(
    gains: list[tuple[str, list[Interval | None]]], against: str, *, caption: str
) -> Chart:
    """Differences to the reference arm in each difficulty bin, paired over seeds."""
    figure, axis = theme.canvas(4.6, 3.4)
    bins = max((len(levels) for _, levels in gains), default=0)
    shift = np.linspace(-0.15, 0.15, len(gains)) if len(gains) > 1 else [0.0]
    axis.axhline(0, color=theme.INK, linewidth=1)
    for position, (name, levels) in enumerate(gains):
        xs, means, bars = _curve(levels, shift[position])
        look = theme.series(position + 1)
        axis.errorbar(xs, means, yerr=bars, label=shortened(name), elinewidth=1.2, **look.plot())
    axis.set_xticks(range(1, bins + 1), part_names(bins))
    axis.set(ylabel="difference in PCK@0.05 (points)", xlabel="difficulty of the target's poses")
    axis.grid(visible=False, axis="x")
    _legend_below(axis, len(gains))
    told = "; ".join(
        f"{name}: {', '.join(signed(v.mean) if v else '–' for v in levels)}"
        for name, levels in gains
    )
    return theme.finish(
        figure,
        title=f"Difference to {against}",
        alt=f"Difference in PCK at 0.05 to {against}, by difficulty bin. {told}.",
        caption=caption,
    )


@theme.styled
def support(rows_of_arm: dict[str, list[dict[str, Any]]], *, caption: str) -> Chart:
    """PCK@0.05 of target samples over how many source poses are close to theirs."""
    figure, axis = theme.canvas(4.6, 3.4)
    told, ticks = [], []
    for position, (name, rows) in enumerate(rows_of_arm.items()):
        known = [(i, row) for i, row in enumerate(rows) if row["pck"] is not None]
        look = theme.series(position)
        axis.plot(
            [i for i, _ in known],
            [r["pck"] for _, r in known],
            label=shortened(name),
            **look.plot(),
        )
        told.append(f"{name}: {', '.join(number(row['pck']) for row in rows)}")
        if len(rows) > len(ticks):
            ticks = [f"{_range(row)}\nn = {row['samples']}" for row in rows]
    axis.set_xticks(range(len(ticks)), ticks)
    axis.set(ylabel="PCK@0.05 (%)", xlabel="source poses close to the target pose")
    axis.set_ylim(bottom=0)
    axis.grid(visible=False, axis="x")
    _legend_below(axis, len(rows_of_arm))
    return theme.finish(
        figure,
        title="Accuracy by support in the source",
        alt="PCK at 0.05 from few to many similar source poses. " + "; ".join(told) + ".",
        caption=caption,
    )


@theme.styled
def losses(metrics: list[dict[str, Any]]) -> Chart | None:
    """The losses that a run logged, over its steps; None where it logged none."""
    rows = [row for row in metrics if isinstance(row.get("step"), int | float)]
    names = sorted({key for row in rows for key in row if "loss" in key})
    curves = {
        name: [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]
        for name in names
    }
    curves = {name: curve for name, curve in curves.items() if len(curve) > 1}
    if not curves:
        return None
    figure, axis = theme.canvas(4.6, 3.2)
    for position, (name, curve) in enumerate(curves.items()):
        steps, values = zip(*curve, strict=True)
        look = theme.series(position)
        axis.plot(
            steps,
            values,
            color=look.colour,
            linestyle=look.dash,
            label=shortened(name),
            linewidth=1.4,
        )
    if all(value > 0 for curve in curves.values() for _, value in curve):
        theme.logarithmic(axis, "y")
    axis.set(xlabel="step", ylabel="loss")
    _legend_below(axis, len(curves))
    return theme.finish(
        figure,
        title="Losses while training",
        alt="Training losses over steps: " + ", ".join(curves) + ".",
        caption="As logged; a new stage begins where a curve begins.",
    )


def _curve(
    levels: list[Interval | None], shift: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Places, means and asymmetric bars of the levels that are known."""
    known = [(i + 1, level) for i, level in enumerate(levels) if level is not None]
    xs = np.array([i + shift for i, _ in known])
    means = np.array([level.mean for _, level in known])
    if any(level.low is None or level.high is None for _, level in known):
        return xs, means, None
    ends = [(level.mean - level.low, level.high - level.mean) for _, level in known]  # type: ignore[operator]
    return xs, means, np.maximum(np.array(ends).T, 0.0) if ends else None


def _legend_below(axis: Any, entries: int) -> None:
    """A legend under the axes, so that it never covers a curve."""
    axis.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.27),
        ncols=2 if entries > 1 else 1,
        handlelength=2.6,
        columnspacing=1.2,
    )


def _range(row: dict[str, Any]) -> str:
    low, high = row["neighbours_low"], row["neighbours_high"]
    if high is None:
        return f"≥ {low:.0f}"
    return f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"
