"""The heatmap of how alike the poses of two bins are."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from posesift.report import theme
from posesift.report.score_figures import ticks_of
from posesift.report.theme import Chart
from posesift.report.wording import count, number


@theme.styled
def similarity(matrix: list[list[float | None]], used: int, left_out: int) -> Chart:
    """Heatmap of the mean cosine between the angle vectors of two bins; dark = less similar."""
    values = np.array([[np.nan if v is None else v for v in row] for row in matrix], dtype=float)
    k = len(values)
    figure, axis = theme.canvas(4.6, 3.8)
    colours = LinearSegmentedColormap.from_list(
        "similarity", ["#1a1423", "#5b2440", "#b0493d", "#efa469", "#fdf3dc"]
    )
    shown = axis.imshow(
        values, cmap=colours, interpolation="none", extent=(0.5, k + 0.5, k + 0.5, 0.5)
    )
    for row, column in zip(*np.nonzero(np.isnan(values)), strict=True):
        axis.text(column + 1, row + 1, "–", ha="center", va="center", color=theme.MUTED)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    ticks = ticks_of(k)
    axis.set(xticks=ticks, yticks=ticks, xlabel="bin", ylabel="bin")
    axis.tick_params(length=0)
    bar = figure.colorbar(shown, ax=axis, fraction=0.05, pad=0.03)
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.set_label("mean cosine of joint angles")
    bar.locator = MaxNLocator(5)
    bar.update_ticks()
    first, last = values[0, 0], values[-1, -1]
    left = f" {count(left_out)} with an undefined angle are left out." if left_out else ""
    return theme.finish(
        figure,
        title="How alike the poses of two bins are",
        alt=(
            f"Heatmap of pose similarity between {k} bins. Poses within bin 1 have a mean cosine "
            f"of {_cosine(first)}, within bin {k} of {_cosine(last)}, and between the two of "
            f"{_cosine(values[0, -1])}."
        ),
        caption=(
            "Dark = less similar. The diagonal compares poses of one bin with each other, never a "
            f"pose with itself. From {count(used)} poses with every angle defined.{left}"
        ),
    )


def _cosine(value: float) -> str:
    return number(None if np.isnan(value) else float(value), 2)
