"""Figures about a score: its histogram, and how alike its bins are.

N samples, k bins. Bins are counted from 0 in every argument and from 1 in every picture.
"""

from __future__ import annotations

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from posesift.report import theme
from posesift.report.figures.axes import (
    Pairs,
    bars,
    boxes,
    named,
    place_of,
    ticks_of,
    told,
)
from posesift.report.theme import Drawing, Look
from posesift.report.wording import count, number, plural


@theme.styled
def histogram(look: Look, score_N: np.ndarray, edges: list[float], panel: Pairs) -> Drawing:
    """How the scores of N samples spread, each bar in the colour of its bin.

    Args:
        look: the sizes that it is drawn in.
        score_N: (N,) scores, higher = harder.
        edges: the k + 1 edges of the bins.
        panel: first and last bin of each row of images; the first one's number stands above.
    """
    edges_a = np.asarray(edges, dtype=np.float64)
    logarithmic, ends = bars(score_N, edges_a)
    counts, _ = np.histogram(np.clip(score_N, ends[0], ends[-1]), ends)
    middle = np.sqrt(ends[1:] * ends[:-1]) if logarithmic else (ends[1:] + ends[:-1]) / 2
    k = len(edges_a) - 1
    bin_of_bar = np.clip(np.searchsorted(edges_a, middle, side="right") - 1, 0, k - 1)
    colours = theme.ramp(k)

    figure, axis = look.canvas()
    boxes(
        axis, ends[:-1], ends[1:], 0, counts,
        facecolors=[colours[b] for b in bin_of_bar], edgecolors=theme.PAPER,
        linewidths=0.4 * look.line,
    )  # fmt: skip
    if logarithmic:
        theme.logarithmic(axis, "x")
    top = counts.max()
    brackets: list[list[tuple[float, float]]] = []
    grouped = any(first != last for first, last in panel)
    for first, last in panel:
        low, high = max(edges_a[first], ends[0]), min(edges_a[last + 1], ends[-1])
        place = np.sqrt(low * high) if logarithmic else (low + high) / 2
        brackets.append([(low, top * 1.06), (high, top * 1.06)])
        axis.text(place, top * 1.09, f"{first + 1}", ha="center", va="bottom", fontsize=look.small)
    axis.add_collection(
        LineCollection(brackets, colors=theme.MUTED, linewidths=1.2 * look.line, clip_on=False)
    )
    axis.set(xlabel="difficulty score (higher = harder)", ylabel="poses", ylim=(0, top * 1.2))
    axis.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axis.grid(visible=False, axis="x")
    quarter = np.quantile(score_N, [0.5, 0.99])
    return theme.finish(
        figure,
        title="How the scores are spread",
        alt=(
            f"Histogram of the difficulty scores of {plural(len(score_N), 'pose')}. The median is "
            f"{number(quarter[0], 2)}; one in a hundred lies above {number(quarter[1], 2)}."
        ),
        caption=(
            f"Scores of {plural(len(score_N), 'pose')}, coloured by bin"
            f"{', on a logarithmic axis' if logarithmic else ''}. "
            "Numbered brackets are the bins whose images are shown below"
            f"{', by the first of each row' if grouped else ''}."
        ),
    )


SIMILARITY = ("#1a1423", "#5b2440", "#b0493d", "#efa469", "#fdf3dc")  # dark = less similar
DASHED = 25  # rows up to which an undefined cell gets a dash; beyond, dashes would run together


@theme.styled
def similarity(
    look: Look,
    matrix: list[list[float | None]],
    used: int,
    left_out: int,
    pairs: Pairs | None = None,
) -> Drawing:
    """Heatmap of the mean cosine between the angle vectors of two bins; dark = less similar.

    Args:
        look: the sizes that it is drawn in.
        matrix: mean cosines, None = undefined.
        used: poses that took part.
        left_out: poses that did not.
        pairs: first and last bin of each row, from 0; None: each row is one bin.
    """
    values = np.array([[np.nan if v is None else v for v in row] for row in matrix], dtype=float)
    rows = len(values)
    pairs = pairs or [(b, b) for b in range(rows)]
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    if high - low < 1e-6:  # one value has no range of its own
        low, high = low - 0.5, high + 0.5
    figure, axis = look.canvas(0.82 * look.column / look.tall)  # a square and its key
    colours = LinearSegmentedColormap.from_list("similarity", SIMILARITY)
    shown = axis.imshow(
        np.ma.masked_invalid(values),
        cmap=colours,
        vmin=low,
        vmax=high,
        interpolation="none",
        extent=(0.5, rows + 0.5, rows + 0.5, 0.5),
    )
    for row, column in np.argwhere(np.isnan(values)) if rows <= DASHED else ():
        axis.text(column + 1, row + 1, "–", ha="center", va="center", color=theme.MUTED)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    ticks = ticks_of(pairs[-1][1] + 1)
    places, names = [place_of(tick, pairs) for tick in ticks], [str(tick) for tick in ticks]
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(FixedLocator(places))
        side.set_major_formatter(FixedFormatter(names))
    axis.set(xlabel="bin", ylabel="bin")
    axis.tick_params(length=0)
    key = figure.colorbar(shown, cax=axis.inset_axes((1.04, 0.0, 0.05, 1.0)), ticks=MaxNLocator(5))
    key.set_label("mean cosine of standardised angles")
    key.outline.set_visible(False)
    key.ax.tick_params(length=0, labelsize=look.small)
    left = f" {count(left_out)} with an undefined angle are left out." if left_out else ""
    bare = int(np.isnan(values).sum())
    blank = "Dash" if rows <= DASHED else "Blank"
    undefined = f" {blank}: no pair of such poses ({count(bare)} cells)." if bare else ""
    first, last = named(pairs[0]), named(pairs[-1])
    many = plural(rows, "bin")
    if pairs[-1][1] + 1 > rows:
        many = f"{plural(rows, 'group')} of neighbouring bins"
    return theme.finish(
        figure,
        title="How alike the poses of two bins are",
        alt=(
            f"Heatmap of pose similarity between {many}. Poses within {first} have a mean cosine "
            f"of {_cosine(values[0, 0])}, within {last} of {_cosine(values[-1, -1])}, and between "
            f"the two of {_cosine(values[0, -1])}."
        ),
        caption=(
            "Source poses alone; dark = less similar. The diagonal compares poses of one bin with "
            "each other, never a pose with itself. Cosine 0: no more alike than two poses at "
            f"random. From {count(used)} poses with every angle defined.{left}"
            f"{told(pairs, 'row')}{undefined}"
        ),
    )


def _cosine(value: float) -> str:
    return number(None if np.isnan(value) else float(value), 2)
