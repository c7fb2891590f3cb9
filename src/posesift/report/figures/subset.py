"""The figure about a subset: what it takes of each bin, beside uniform draws.

k bins, counted from 0 in every argument and from 1 in every picture.
"""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import MaxNLocator

from posesift.report import theme
from posesift.report.figures.axes import beside, named, pairs_for, told
from posesift.report.theme import Drawing, Look
from posesift.report.wording import number, plural


@theme.styled
def taken_by_bin(look: Look, taken_k: np.ndarray, uniform_k: np.ndarray, strategy: str) -> Drawing:
    """How many poses of each bin are taken, beside the uniform subset of the same size.

    Args:
        look: the sizes that it is drawn in.
        taken_k: poses that are taken of each of k bins.
        uniform_k: the same of the uniform subset.
        strategy: that took them.
    """
    pairs = pairs_for(len(taken_k))
    starts = [first for first, _ in pairs]
    taken, uniform = (np.add.reduceat(np.asarray(part), starts) for part in (taken_k, uniform_k))
    figure, axis = beside(look, taken, uniform, pairs, "uniform")
    axis.set(ylabel="poses taken", ylim=(0, 1.15 * max(taken.max(), uniform.max(), 1)))
    axis.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axis.legend(loc="best")
    last = named(pairs[-1])
    return theme.finish(
        figure,
        title="What is taken of each bin",
        alt=(
            f"Bar chart of the poses that {strategy} takes of each bin: {number(taken[0], 0)} of "
            f"{named(pairs[0])}, {number(taken[-1], 0)} of {last}; uniform draws take "
            f"{number(uniform[0], 0)} and {number(uniform[-1], 0)}."
        ),
        caption=(
            f"Bars: {plural(int(taken.sum()), 'pose')} that {strategy} takes, from easy (1) to "
            "hard. Dashed: the subset of the same size that uniform draws take."
            f"{told(pairs, 'bar')}"
        ),
    )
