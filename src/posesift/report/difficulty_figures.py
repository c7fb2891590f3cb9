"""Figures over the target's difficulty: levels of each curve, and differences to one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posesift.report import theme
from posesift.report.results import Interval
from posesift.report.theme import Chart
from posesift.report.wording import number, part_names, shortened, signed

Curve = tuple[str, list[Interval | None]]
"""A name and its levels or differences, easiest bin first."""


@theme.styled
def difficulty_curves(
    curves: list[Curve],
    oracle: Curve | None,
    *,
    caption: str,
    title: str = "Accuracy by difficulty",
    looks: Sequence[int] | None = None,
    top: float | None = None,
) -> Chart:
    """PCK@0.05 over the target's difficulty bins, one curve an arm, intervals as bars.

    Args:
        curves: one an arm.
        oracle: dotted, without bars.
        caption: of the figure.
        title: of the figure.
        looks: positions in `theme.series`, so that a strategy looks alike in every panel.
        top: upper end of the axis, so that panels can be set side by side.
    """
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
        look = theme.series(looks[position] if looks else position)
        axis.errorbar(xs, means, yerr=bars, label=shortened(name), elinewidth=1.2, **look.plot())
    axis.set_xticks(range(1, bins + 1), part_names(bins))
    axis.set(ylabel="PCK@0.05 (%)", xlabel="difficulty of the target's poses")
    axis.set_ylim(bottom=0, top=top)
    axis.grid(visible=False, axis="x")
    theme.legend_below(axis, len(curves) + bool(oracle))
    told = "; ".join(
        f"{name}: {', '.join(number(v.mean if v else None) for v in levels)}"
        for name, levels in (*curves, *([oracle] if oracle else []))
    )
    return theme.finish(
        figure,
        title=title,
        alt=f"PCK at 0.05 by difficulty bin from easiest to hardest. {told}.",
        caption=caption,
    )


@theme.styled
def difficulty_gains(
    gains: list[Curve],
    against: str,
    *,
    caption: str,
    looks: Sequence[int] | None = None,
    span: tuple[float, float] | None = None,
) -> Chart:
    """Differences to the reference arm in each difficulty bin, paired over seeds.

    Args:
        gains: one an arm.
        against: the reference arm's name.
        caption: of the figure.
        looks: as in `difficulty_curves`; by default from 1 on, 0 being the reference.
        span: ends of the axis, so that panels can be set side by side.
    """
    figure, axis = theme.canvas(4.6, 3.4)
    bins = max((len(levels) for _, levels in gains), default=0)
    shift = np.linspace(-0.15, 0.15, len(gains)) if len(gains) > 1 else [0.0]
    axis.axhline(0, color=theme.INK, linewidth=1)
    for position, (name, levels) in enumerate(gains):
        xs, means, bars = _curve(levels, shift[position])
        look = theme.series(looks[position] if looks else position + 1)
        axis.errorbar(xs, means, yerr=bars, label=shortened(name), elinewidth=1.2, **look.plot())
    axis.set_xticks(range(1, bins + 1), part_names(bins))
    axis.set(ylabel="difference in PCK@0.05 (points)", xlabel="difficulty of the target's poses")
    if span:
        axis.set_ylim(span)
    axis.grid(visible=False, axis="x")
    theme.legend_below(axis, len(gains))
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
