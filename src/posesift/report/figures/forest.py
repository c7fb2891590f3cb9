"""Figures about results: differences with intervals, and what a training logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from posesift.report import theme
from posesift.report.theme import Chart, Drawing, Look
from posesift.report.wording import shortened, signed
from posesift.results.by_seed import Interval

LOSSES = ("supervised", "consistency")
TRUST = ("confidence", "trusted", "head_agreement")

Shown = tuple[str, Interval, bool]
"""A difference's name, its interval, and whether it is the endpoint named in advance."""


@theme.styled
def forest(look: Look, groups: list[tuple[str, list[Shown]]], seeds: int, title: str) -> Drawing:
    """Differences with their intervals on one axis, zero marked, under headings.

    Args:
        look: the sizes that it is drawn in.
        groups: heading (or "") and rows.
        seeds: how many seeds the intervals rest on.
        title: of the figure.
    """
    lines: list[tuple[str, Interval | None, bool]] = []
    for heading, rows in groups:
        lines += [(heading, None, False), *rows] if heading else rows
    figure, axis = look.canvas(0.6 + 0.5 * len(lines))
    for place, (name, shown, primary) in enumerate(lines):
        heading = shown is None
        axis.text(
            0,
            place + 0.3 if heading else place - 0.26,
            shortened(name, 70),
            transform=axis.get_yaxis_transform(),
            va="bottom",
            fontsize=look.text if heading else look.tiny,
            fontweight="bold" if heading else "normal",
            bbox={"facecolor": theme.PAPER, "edgecolor": "none", "pad": 1.0},
            wrap=True,
            in_layout=False,
        )
        if shown is None:
            continue
        colour = theme.SIGNAL if primary else theme.MUTED
        if shown.ends:
            axis.plot(shown.ends, [place, place], color=colour, linewidth=2.4 * look.line)
        axis.plot(
            shown.mean,
            place,
            marker="D" if primary else "o",
            markersize=(8 if primary else 6) * look.line,
            color=colour if shown.ends else theme.PAPER,
            markeredgecolor=colour,
            markeredgewidth=1.5 * look.line,
            linestyle="none",
        )
    axis.axvline(0, color=theme.INK, linewidth=look.line, zorder=0)
    axis.set_yticks([])
    axis.set_ylim(len(lines) - 0.6, -0.85)
    axis.set_xlabel("difference (points; right of the line = better)")
    axis.spines["left"].set_visible(False)
    flat = [row for _, rows in groups for row in rows]
    told = "; ".join(
        f"{name}: {signed(shown.mean)}"
        + ("" if shown.low is None else f" ({signed(shown.low)} to {signed(shown.high)})")
        for name, shown, _ in flat
    )
    how = (
        "Bars: 95 % intervals, paired over seeds."
        if seeds > 1
        else "Hollow marks: one seed, so there is no interval."
    )
    marks = (
        "Diamond: the pre-specified primary endpoint; dots: secondary. "
        if any(primary for _, _, primary in flat)
        else "All of these are secondary. "
    )
    return theme.finish(
        figure,
        title=title,
        alt=f"Differences with intervals. {told}.",
        caption=marks + how,
    )


def losses(metrics: list[dict[str, Any]]) -> Chart | None:
    """Plot the losses that a run logged, over its steps; None where it logged none."""
    return _logged(
        metrics,
        lambda key: "loss" in key or key in LOSSES or key.endswith("disparity"),
        axis_label="loss",
        title="Losses while training",
        alt="Training losses over steps",
        caption="As logged; a new stage begins where a curve begins.",
    )


def trust(metrics: list[dict[str, Any]]) -> Chart | None:
    """Plot what adaptation logged of itself without labels; None where it logged nothing."""
    return _logged(
        metrics,
        TRUST.__contains__,
        axis_label="share or confidence",
        title="What adaptation trusts",
        alt="Quantities logged without labels over steps",
        caption=(
            "Confidence: height of the teacher's peaks. Trusted: share of its pseudo-labels that "
            "are used. Head agreement: of RegDA's two heads. No labels of the target go in, so "
            "high values alone do not mean that it is right."
        ),
    )


@theme.styled
def _logged(
    look: Look,
    metrics: list[dict[str, Any]],
    wanted: Callable[[str], bool],
    *,
    axis_label: str,
    title: str,
    alt: str,
    caption: str,
) -> Drawing | None:
    """Plot some of the logged quantities over the steps; None where none has two values."""
    rows = [row for row in metrics if isinstance(row.get("step"), int | float)]
    names = sorted({key for row in rows for key in row if wanted(key)})
    curves = {
        name: [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]
        for name in names
    }
    curves = {name: curve for name, curve in curves.items() if len(curve) > 1}
    if not curves:
        return None
    figure, axis = look.canvas(3.2)
    for position, (name, curve) in enumerate(curves.items()):
        steps, values = zip(*curve, strict=True)
        line = theme.series(position)
        axis.plot(
            steps, values, line.dash,
            color=line.colour, label=shortened(name), linewidth=1.4 * look.line,
        )  # fmt: skip
    if axis_label == "loss" and all(v > 0 for curve in curves.values() for _, v in curve):
        theme.logarithmic(axis, "y")
    axis.set(xlabel="step", ylabel=axis_label)
    theme.legend_below(axis)
    return theme.finish(figure, title=title, alt=f"{alt}: {', '.join(curves)}.", caption=caption)
