"""Figures about a score: its histogram and the variation inside its bins.

N samples, k bins. Bins are counted from 0 in every argument and from 1 in every picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from posesift.report import theme
from posesift.report.theme import Chart
from posesift.report.wording import count, number


@theme.styled
def histogram(score_N: np.ndarray, edges: list[float], panel: list[int]) -> Chart:
    """How the scores of N samples spread, each bar in the colour of its bin.

    Args:
        score_N: (N,) scores, higher = harder.
        edges: the k + 1 edges of the bins.
        panel: bins whose images are shown; their numbers stand above the bars.
    """
    score_N = np.asarray(score_N, dtype=np.float64)
    edges_a = np.asarray(edges, dtype=np.float64)
    logarithmic = _has_a_tail(score_N)
    bars = _bars(score_N, logarithmic)
    counts, _ = np.histogram(np.clip(score_N, bars[0], bars[-1]), bars)
    middle = np.sqrt(bars[1:] * bars[:-1]) if logarithmic else (bars[1:] + bars[:-1]) / 2
    k = len(edges_a) - 1
    bin_of_bar = np.clip(np.searchsorted(edges_a, middle, side="right") - 1, 0, k - 1)
    colours = theme.ramp(k)

    figure, axis = theme.canvas()
    axis.bar(
        bars[:-1],
        counts,
        width=np.diff(bars),
        align="edge",
        color=[colours[b] for b in bin_of_bar],
        edgecolor=theme.PAPER,
        linewidth=0.4,
    )
    if logarithmic:
        theme.logarithmic(axis, "x")
    top = counts.max()
    for b in panel:
        low, high = max(edges_a[b], bars[0]), min(edges_a[b + 1], bars[-1])
        place = np.sqrt(low * high) if logarithmic else (low + high) / 2
        axis.plot([low, high], [top * 1.06] * 2, color=theme.MUTED, linewidth=1.2, clip_on=False)
        axis.text(place, top * 1.09, f"{b + 1}", ha="center", va="bottom", fontsize=8.5)
    axis.set(xlabel="difficulty score (higher = harder)", ylabel="poses", ylim=(0, top * 1.2))
    axis.grid(visible=False, axis="x")
    quarter = np.quantile(score_N, [0.5, 0.99])
    return theme.finish(
        figure,
        title="How the scores are spread",
        alt=(
            f"Histogram of the difficulty scores of {count(len(score_N))} poses. The median is "
            f"{number(quarter[0], 2)}; one in a hundred lies above {number(quarter[1], 2)}."
        ),
        caption=(
            f"Scores of all {count(len(score_N))} poses, coloured by bin"
            f"{', on a logarithmic axis' if logarithmic else ''}. "
            "Numbered brackets are the bins whose images are shown below."
        ),
    )


@theme.styled
def score_boxes(variation: list[dict[str, Any]]) -> Chart:
    """Box plot of the score inside each bin (quantiles 5, 25, 50, 75, 95 and the mean)."""
    figure, axis = theme.canvas()
    colours = theme.ramp(len(variation))
    rows = [row for row in variation if row["q50"] is not None]  # a bin may be empty
    boxes = [
        {
            "whislo": row["q05"],
            "q1": row["q25"],
            "med": row["q50"],
            "q3": row["q75"],
            "whishi": row["q95"],
            "mean": row["mean"],
            "fliers": [],
        }
        for row in rows
    ]
    drawn = axis.bxp(
        boxes,
        positions=[row["bin"] + 1 for row in rows],
        widths=0.66,
        showmeans=True,
        showcaps=False,
        patch_artist=True,
        medianprops={"color": theme.INK, "linewidth": 1.3},
        meanprops={
            "marker": "o",
            "markersize": 3,
            "markerfacecolor": theme.PAPER,
            "markeredgecolor": theme.INK,
        },
        whiskerprops={"color": theme.MUTED, "linewidth": 1.0},
        boxprops={"edgecolor": theme.MUTED, "linewidth": 0.8},
        manage_ticks=False,
    )
    for box, row in zip(drawn["boxes"], rows, strict=True):
        box.set_facecolor(colours[row["bin"]])
    low, high = min(b["whislo"] for b in boxes), max(b["whishi"] for b in boxes)
    if low > 0 and high / low > 30:
        theme.logarithmic(axis, "y")
    _bin_axis(axis, variation)
    axis.set_ylabel("score of a pose")
    first, last = rows[0], rows[-1]
    return theme.finish(
        figure,
        title="Variation of the score in each bin",
        alt=(
            f"Box plot of the score in {len(variation)} bins. The median rises from "
            f"{number(first['q50'], 2)} in bin 1 to {number(last['q50'], 2)} in bin "
            f"{len(variation)}; the middle half widens from "
            f"{number(first['q75'] - first['q25'], 3)} to {number(last['q75'] - last['q25'], 3)}."
        ),
        caption=(
            "Box: middle half; line: median; dot: mean; whiskers: 5 % to 95 %. "
            "This rises by construction, since bins are cut from the same score."
        ),
    )


@theme.styled
def covariance(variation: list[dict[str, Any]], held_out: bool) -> Chart:
    """Trace of the covariance of normalised poses inside each bin: the evidence.

    Args:
        variation: a score's rows, one a bin.
        held_out: whether the poses were held out of the scorer's fit.
    """
    figure, axis = theme.canvas()
    colours = theme.ramp(len(variation))
    known = [row for row in variation if row["covariance_trace"] is not None]
    values = [row["covariance_trace"] for row in known]
    axis.bar(
        [row["bin"] + 1 for row in known],
        values,
        width=0.72,
        color=[colours[row["bin"]] for row in known],
        edgecolor=theme.MUTED,
        linewidth=0.6,
    )
    unknown = [row["bin"] + 1 for row in variation if row["covariance_trace"] is None]
    axis.plot(unknown, [0] * len(unknown), "x", color=theme.MUTED, clip_on=False)
    _bin_axis(axis, variation)
    axis.set_ylabel("spread of poses (covariance trace)")
    missing = f" Crosses: too few held-out poses ({len(unknown)} bins)." if unknown else ""
    ends = (
        f"from {number(values[0], 2)} in bin {known[0]['bin'] + 1} to "
        f"{number(values[-1], 2)} in bin {known[-1]['bin'] + 1}"
        if known
        else "not known in any bin"
    )
    return theme.finish(
        figure,
        title="Variation of the poses in each bin",
        alt=f"Bar chart of the spread of the poses in {len(variation)} bins, {ends}.",
        caption=(
            "How far the normalised poses of a bin lie from each other"
            f"{', on poses held out of a fit' if held_out else ''}. Nothing in the construction "
            "makes this rise; where it does, the hard bins do hold more varied poses." + missing
        ),
    )


@theme.styled
def rare_share(variation: list[dict[str, Any]]) -> Chart | None:
    """Share of rare modes in each bin; None where the source does not know its modes."""
    rows = [row for row in variation if row.get("rare_share") is not None]
    if not rows:
        return None
    figure, axis = theme.canvas()
    shares = [100 * row["rare_share"] for row in rows]
    colours = [theme.ramp(len(variation))[row["bin"]] for row in rows]
    places = [row["bin"] + 1 for row in rows]
    axis.vlines(places, 0, shares, colors=colours, linewidth=3)
    axis.scatter(places, shares, s=34, c=colours, edgecolors=theme.MUTED, linewidths=0.7, zorder=3)
    _bin_axis(axis, variation)
    axis.set(ylabel="rare modes in the bin (%)", ylim=(0, max(*shares, 1) * 1.1))
    return theme.finish(
        figure,
        title="Rare modes in each bin",
        alt=(
            f"Share of rare modes by bin, from {number(shares[0])} % in bin {places[0]} to "
            f"{number(shares[-1])} % in bin {places[-1]}."
        ),
        caption=(
            "A built-in world knows which of its modes are rare (mixture share below 3 %). "
            "The scorer does not; it saw keypoints only."
        ),
    )


def _has_a_tail(score_N: np.ndarray) -> bool:
    """Whether a logarithmic axis shows these scores better."""
    low, high = np.quantile(score_N, [0.001, 0.999])
    return bool(low > 0 and high / low > 5)


def _bars(score_N: np.ndarray, logarithmic: bool, bars: int = 64) -> np.ndarray:
    """Edges of the bars; the outermost 0.1 % on each side fall into the end bars."""
    low, high = score_N.min(), score_N.max()
    if low == high:
        return np.array([low - 0.5, low + 0.5])
    if logarithmic:
        return np.geomspace(max(low, np.quantile(score_N, 0.001) / 2), high * 1.0001, bars + 1)
    return np.linspace(low, high, bars + 1)


def ticks_of(k: int) -> list[int]:
    """At most about nine whole numbers from 1 to k, both ends among them."""
    step = max(1, round((k - 1) / 8))
    ticks = list(range(1, k + 1, step))
    if ticks[-1] != k:
        ticks = [t for t in ticks if k - t >= step] + [k]
    return ticks


def _bin_axis(axis: Axes, variation: list[dict[str, Any]]) -> None:
    """An x axis over bins, from 1, named at both ends."""
    k = len(variation)
    axis.xaxis.set_major_locator(FixedLocator(ticks_of(k)))
    axis.set_xlim(0.3, k + 0.7)
    axis.set_xlabel("bin (1 = easiest)")
    axis.grid(visible=False, axis="x")
