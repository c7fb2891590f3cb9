"""The heatmap of how alike the poses of two bins are."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from posesift.report import theme
from posesift.report.scores.bin_axis import Pairs, named, place_of, ticks_of, told
from posesift.report.theme import Chart
from posesift.report.wording import count, number, plural

DASHED = 25  # rows up to which an undefined cell gets a dash; beyond, dashes would run together


@theme.styled
def similarity(
    matrix: list[list[float | None]], used: int, left_out: int, pairs: Pairs | None = None
) -> Chart:
    """Heatmap of the mean cosine between the angle vectors of two bins; dark = less similar.

    Args:
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
    figure, axis = theme.canvas(4.6, 3.8)
    figure.set_layout_engine("compressed")  # for a square in a page-wide figure
    colours = LinearSegmentedColormap.from_list(
        "similarity", ["#1a1423", "#5b2440", "#b0493d", "#efa469", "#fdf3dc"]
    )
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
    axis.set_xticks(places, names)
    axis.set_yticks(places, names)
    axis.set(xlabel="bin", ylabel="bin")
    axis.tick_params(length=0)
    bar = figure.colorbar(shown, ax=axis, fraction=0.05, pad=0.03)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.set_label("mean cosine of standardised angles")
    bar.locator = MaxNLocator(5)
    bar.update_ticks()
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
