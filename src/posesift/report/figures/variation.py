"""Figures about what varies inside each bin of a score: box plots of score and poses, rare modes.

Rows are those of ``summary.json``: one a bin, or one a group of neighbouring bins where there are
too many to be drawn side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from posesift.report import theme
from posesift.report.figures.axes import bin_axis, boxes, named, pairs_of, told
from posesift.report.theme import Drawing, Look
from posesift.report.wording import number, plural

HELD_OUT = ", measured on poses that the scorer was not fitted on"
HOW = "Box: middle half; line: median; dot: mean; whiskers: 5 % to 95 %."


@theme.styled
def pose_boxes(look: Look, rows: list[dict[str, Any]], held_out: bool) -> Drawing | None:
    """How far the poses of a bin lie from their mean pose: the evidence.

    None where no bin has poses enough to say.

    Box plots of the squared distances; their mean is the trace of the poses' covariance. Folders
    of old know the trace alone.

    Args:
        look: the sizes that it is drawn in.
        rows: of a score's variation.
        held_out: whether the poses were held out of the scorer's fit.
    """
    known = [i for i, row in enumerate(rows) if row["covariance_trace"] is not None]
    if not known:
        return None
    figure, axis = look.canvas()
    pairs = pairs_of(rows)
    values = [rows[i]["covariance_trace"] for i in known]
    spreads = [rows[i].get("spread") for i in known]
    boxed, thin = all(spreads), look.line * (0.7 if len(rows) > 25 else 1.0)
    if boxed:
        _boxes(axis, len(rows), known, [five or [] for five in spreads], thin)
    axis.plot(
        np.array(known) + 1, values, "o", markersize=3 * thin, markerfacecolor=theme.PAPER,
        markeredgecolor=theme.INK, markeredgewidth=thin, zorder=3,
    )  # fmt: skip
    axis.set_ylabel("squared distance to the mean pose")
    unknown = [i + 1 for i, row in enumerate(rows) if row["covariance_trace"] is None]
    ground = axis.get_xaxis_transform()
    axis.plot(unknown, [0] * len(unknown), "x", color=theme.MUTED, clip_on=False, transform=ground)
    bin_axis(axis, pairs)
    poses = "held-out poses" if held_out else "poses"
    missing = f" Crosses: too few {poses} ({plural(len(unknown), _noun(rows))})." if unknown else ""
    ends = (
        f"{number(values[0], 2)} in {named(pairs[known[0]])}, {number(values[-1], 2)} in "
        f"{named(pairs[known[-1]])}"
    )
    return theme.finish(
        figure,
        title="Variation of the poses in each bin",
        alt=(
            f"{'Box plot' if boxed else 'Means'} of the spread of the poses in {_many(rows)}. "
            f"Mean squared distance to the bin's mean pose: {ends}."
        ),
        caption=(
            "How different the poses within a bin are from each other: squared distance of each to "
            f"the bin's mean pose, in units of body size{HELD_OUT * held_out}. "
            f"{HOW if boxed else 'Dot: mean.'} The score does not make this rise by construction: "
            "where it rises, hard bins do hold more varied poses."
            f"{told(pairs, 'box' if boxed else 'dot')}{missing}"
        ),
    )


def _boxes(
    axis: Axes, rows: int, known: list[int], quantiles: list[list[float]], thin: float
) -> None:
    """Boxes of quantiles 5, 25, 50, 75 and 95 at the places ``known`` of ``rows``, from 0."""
    colours, places = [theme.ramp(rows)[i] for i in known], np.array(known) + 1
    least, low, median, high, most = np.transpose(quantiles)
    for one, other in ((least, low), (high, most)):
        axis.vlines(places, one, other, colors=theme.MUTED, linewidths=thin)
    boxes(
        axis, places - 0.33, places + 0.33, low, high,
        facecolors=colours, edgecolors=theme.MUTED, linewidths=0.8 * thin,
    )  # fmt: skip
    logarithmic = least.min() > 0 and most.max() / least.min() > 30
    if logarithmic:
        theme.logarithmic(axis, "y")
    at = np.log(quantiles) if logarithmic else np.asarray(quantiles)
    # strong colours hide a line of ink
    pale = (at[:, 3] - at[:, 1] > 0.04 * np.ptp(at)) & (np.array(known) > 0.6 * (rows - 1))
    axis.hlines(
        median, places - 0.33, places + 0.33,
        colors=[theme.PAPER if one else theme.INK for one in pale], linewidths=1.3 * thin,
    )  # fmt: skip


def _noun(rows: list[dict[str, Any]]) -> str:
    return "group" if "bins" in rows[0] else "bin"


def _many(rows: list[dict[str, Any]]) -> str:
    """How much is drawn, in words."""
    return (
        f"{plural(len(rows), 'group')} of neighbouring bins"
        if "bins" in rows[0]
        else (plural(len(rows), "bin"))
    )
