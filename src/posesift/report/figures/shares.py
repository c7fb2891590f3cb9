"""Figures of bars over bins, beside a dashed reference: where a target falls, what is taken.

k bins in G places. Bins are counted from 0 in every argument and from 1 in every picture.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from posesift.report import theme
from posesift.report.figures.axes import Pairs, bin_axis, boxes, named, pairs_for, told
from posesift.report.theme import Drawing, Look
from posesift.report.wording import number, plural


@theme.styled
def target_share(
    look: Look,
    source_k: np.ndarray,
    target_k: np.ndarray,
    called: tuple[str, str] = ("target", "source"),
) -> Drawing:
    """How the poses of a target spread over the bins of the source.

    Args:
        look: the sizes that it is drawn in.
        source_k: poses of the source in each of k bins.
        target_k: poses of the target in each of them, at least one in all.
        called: what the two sets are for the reader, where they are not target and source.
    """
    of, beside = called
    mine_k, theirs_k = (100 * part / max(np.sum(part), 1) for part in (target_k, source_k))
    figure, axis, pairs, mine_G, theirs_G = _beside(look, mine_k, theirs_k, beside)
    if len(pairs) <= 12:
        for place, value in enumerate(mine_G, 1):
            text = f"{value:.0f}" if value >= 1 or value == 0 else "<1"
            ground = {"boxstyle": "round,pad=0.1", "facecolor": theme.PAPER, "edgecolor": "none"}
            axis.annotate(
                text, (place, value), (0, 3), textcoords="offset points", ha="center",
                fontsize=look.tiny, bbox=ground,
            )  # fmt: skip
    axis.set(ylabel=f"{of} poses in the bin (%)", ylim=(0, 1.2 * max(mine_G.max(), theirs_G.max())))
    axis.legend(loc="upper left")
    last = named(pairs[-1])
    return theme.finish(
        figure,
        title=f"Where the {of}'s poses fall",
        alt=(
            f"Bar chart of the share of {of} poses in each bin of the {beside}: "
            f"{number(mine_G[0])} % in {named(pairs[0])}, {number(mine_G[-1])} % in {last}; "
            f"of the {beside} {number(theirs_G[0])} % and {number(theirs_G[-1])} %."
        ),
        caption=(
            f"Share of {plural(int(np.sum(target_k)), f'{of} pose')} in each bin of the {beside}, "
            f"scored by the {beside}'s scorer. Dashed: the {beside} itself. A bar far above the "
            f"line is a kind of pose that the {of} has more of.{told(pairs, 'bar')}"
        ),
    )


@theme.styled
def taken_by_bin(look: Look, taken_k: np.ndarray, uniform_k: np.ndarray, strategy: str) -> Drawing:
    """How many poses of each bin are taken, beside the uniform subset of the same size.

    Args:
        look: the sizes that it is drawn in.
        taken_k: poses that are taken of each of k bins.
        uniform_k: the same of the uniform subset.
        strategy: that took them.
    """
    figure, axis, pairs, taken, uniform = _beside(look, taken_k, uniform_k, "uniform")
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


def _beside(
    look: Look, value_k: np.ndarray, line_k: np.ndarray, label: str
) -> tuple[Figure, Axes, Pairs, np.ndarray, np.ndarray]:
    """Draw one set in bars over the places of k bins, and dashed what it is read against.

    Returns:
        The figure, its axes, the places, and what both sets hold in each of them.
    """
    figure, axis = look.canvas()
    pairs = pairs_for(len(value_k))
    starts = [first for first, _ in pairs]
    value_G, line_G = (np.add.reduceat(part, starts) for part in (value_k, line_k))
    places, reference = np.arange(1, len(pairs) + 1), theme.series(0)
    boxes(
        axis, places - 0.36, places + 0.36, 0, value_G,
        facecolors=theme.ramp(len(pairs)), edgecolors=theme.MUTED, linewidths=0.6 * look.line,
    )  # fmt: skip
    axis.stairs(
        line_G, np.append(places - 0.5, len(pairs) + 0.5), baseline=None, color=reference.colour,
        linestyle=reference.dash, linewidth=1.6 * look.line, label=label,
    )  # fmt: skip
    bin_axis(axis, pairs)
    return figure, axis, pairs, value_G, line_G
