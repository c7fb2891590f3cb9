"""Ticks and labels of axes as few artists, and the room that they need, measured once."""

from __future__ import annotations

import math
import textwrap
from typing import Any, Literal

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, MarkerStyle
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox


def rule(axis: Axes, which: Literal["x", "y"]) -> None:
    """Draw an axis as one artist for its grid, one for its ticks, and its texts.

    The axis' own way, five artists a tick that are each laid out three times, takes more time than
    all that a figure shows.
    """
    across, ruled = which == "x", axis.xaxis if which == "x" else axis.yaxis
    low, high = sorted(ruled.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [t for t in ruled.get_majorticklocs() if low - slack <= t <= high + slack]
    ground = axis.get_xaxis_transform() if across else axis.get_yaxis_transform()
    if ruled.get_tick_params()["gridOn"]:
        ends = [[(t, 0), (t, 1)] if across else [(0, t), (1, t)] for t in ticks]
        grid = LineCollection(
            ends,
            colors=rcParams["grid.color"],
            linewidths=rcParams["grid.linewidth"],
            transform=ground,
            zorder=0.5,
        )
        axis.add_collection(grid, autolim=False)
    depth = ruled.get_tick_params().get(
        "length", rcParams["xtick.major.size" if across else "ytick.major.size"]
    )
    if depth and across:
        marks = Line2D(
            ticks, [0] * len(ticks), linestyle="none",
            marker=MarkerStyle(TICKDOWN), markersize=depth,
            color=rcParams["xtick.color"], markeredgewidth=rcParams["axes.linewidth"],
            transform=ground, clip_on=False, zorder=2.5,
        )  # fmt: skip
        axis.add_artist(marks)
    below = {"ha": "center", "va": "top"} if across else {"ha": "right", "va": "center"}

    def write(x: float, y: float, text: str, away: float, how: dict[str, Any]) -> Annotation:
        at = (0, -away) if across else (-away, 0)
        return axis.annotate(
            text, (x, y), at, xycoords=how.pop("on"), textcoords="offset points",
            annotation_clip=False, zorder=2.5, **how,
        )  # fmt: skip

    said = ruled.get_major_formatter().format_ticks(ticks)
    small = {"fontsize": rcParams["xtick.labelsize"], "on": ground, **below}
    texts = [
        write(*((t, 0) if across else (0, t)), text, depth + 3.5, {**small})
        for t, text in zip(ticks, said, strict=True)
        if text
    ]
    sizes = [text.get_window_extent() for text in texts]
    depth += 3.5 + max((box.height if across else box.width for box in sizes), default=0.0) + 3.5
    if name := ruled.label.get_text():
        turned: dict[str, Any] = {"on": "axes fraction", **below}
        if not across:
            turned |= {"va": "bottom", "ha": "center", "rotation": 90, "rotation_mode": "anchor"}
        label = write(*((0.5, 0) if across else (0, 0.5)), name, depth, turned)
        box, whole = label.get_window_extent(), axis.figure.bbox
        lines = math.ceil(
            box.width / (0.9 * whole.width) if across else box.height / (0.7 * whole.height)
        )
        label.set_text(textwrap.fill(name, math.ceil(1.05 * len(name) / max(lines, 1))))
    ruled.set_visible(False)


def make_room(figure: Figure, axis: Axes) -> None:
    """Make the axes as large as their texts and the legend below leave room for."""
    width, height = figure.bbox.size
    inner, pad = axis.bbox, 3.0
    parts = [text.get_window_extent() for text in axis.texts if text.get_in_layout()]
    parts += [box for inset in axis.child_axes if (box := inset.get_tightbbox())]
    outer = Bbox.union([inner, *parts])
    below = sum(legend.get_window_extent().height + pad for legend in figure.legends)
    figure.subplots_adjust(
        left=(inner.x0 - outer.x0 + pad) / width,
        right=1 - (outer.x1 - inner.x1 + pad) / width,
        bottom=(inner.y0 - outer.y0 + pad + below) / height,
        top=1 - (outer.y1 - inner.y1 + pad) / height,
    )
