"""Figures of source and target in angle space: one map of both, and every joint angle alone.

N target poses, M source poses, A angles, P pictured poses, G cells of a grid, 2 = coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from posesift.report import theme
from posesift.report.theme import Drawing, Look
from posesift.report.wording import count, listed, number, shortened
from posesift.similarity.coverage import Coverage
from posesift.similarity.plane import density, shared_plane, shift_deg

DOTS = 1_500  # drawn of the target; more would only grow the page
CELLS = 96  # along each side of the source's density
HELD = (0.5, 0.8, 0.95, 0.99)  # shares of the source inside the shaded areas
PANELS = 24  # angles shown; of larger skeletons those that differ most
TICKS = [0, 90, 180]


@theme.styled
def pose_map(
    look: Look,
    source_MA: NDArray,
    target_NA: NDArray,
    found: Coverage,
    shown_P: NDArray,
    names: tuple[str, ...],
) -> Drawing | None:
    """Source and target in their common principal plane; None where that does not exist.

    Args:
        look: the sizes that it is drawn in.
        source_MA: angles in degrees, NaN = undefined.
        target_NA: likewise.
        found: the coverage of these target poses.
        shown_P: ranks of the poses to number from 1.
        names: of the angles.
    """
    if len(source_MA) == 0 or len(target_NA) == 0 or source_MA.shape[1] < 2:
        return None
    plane = shared_plane(source_MA, target_NA)
    covered_N, numbered_P2 = found.covered_N, plane.second_M2[found.ranked_R[shown_P]]
    turned_N = found.by_angles_N & ~covered_N
    held = _Density.of(plane.first_N2)
    figure, axis = look.canvas(4.7)
    _shade(axis, held)
    drawn = np.arange(len(target_NA))
    if len(drawn) > DOTS:
        drawn = np.sort(np.random.default_rng(0).choice(drawn, DOTS, replace=False))
    near, far, round_ = theme.series(2), theme.series(1), theme.series(3)
    for which_N, marker, size, colour, label in (
        (covered_N, "o", 3.2, near.colour, "target, covered"),
        (~covered_N & ~turned_N, "^", 4.0, far.colour, "lacking"),
        (turned_N, "s", 3.6, round_.colour, "lacking, only turned"),
    ):
        x, y = plane.second_M2[drawn[which_N[drawn]]].round(3).T
        (marks,) = axis.plot(
            x, y, marker, linestyle="", ms=size * look.line, color=colour, label=label
        )
        if marker == "o":
            marks.set(markerfacecolor="none", markeredgewidth=0.8 * look.line, alpha=0.8)
        else:
            marks.set_markeredgewidth(0)
    area = Patch(color=theme.series(0).colour, alpha=0.4, linewidth=0, label="source")
    across, up = (_leading(axis_A, names) for axis_A in plane.axes_2A)
    axis.set(xlabel=across, ylabel=up)
    axis.set(xlim=axis.get_xlim(), ylim=axis.get_ylim())
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(NullFormatter())
    _number(look, axis, numbered_P2)
    theme.legend_below(axis, [area, *axis.get_legend_handles_labels()[0]])
    one, two = (100 * plane.explained_2).tolist()
    sampled = f" {count(DOTS)} of them are drawn." if len(target_NA) > DOTS else ""
    outside = held.share_outside(plane.second_M2[~covered_N], held.levels[1])
    numbered = f" Numbers 1 to {len(shown_P)}: the poses pictured above." if len(shown_P) else ""
    where = (
        f"Of the lacking poses {number(outside, 0)} % lie outside the area that holds 95 % of the "
        "source: kinds of pose that it does not have. The others lie among its poses and differ in "
        "what a plane does not show, or are only turned. "
        if found.lacking
        else ""
    )
    return theme.finish(
        figure,
        title="Source and target on one map",
        alt=(
            f"Map of {count(len(source_MA))} source poses, as shaded areas, and "
            f"{count(len(target_NA))} target poses, as marks: {count(covered_N.sum())} covered "
            f"(rings) and {count(found.lacking)} lacking (triangles), {count(turned_N.sum())} of "
            f"them only turned (squares). {number(outside, 0)} % of the lacking ones lie outside "
            "the area that holds 95 % of the source."
        ),
        caption=(
            f"Whether the source lacks kinds of pose, or single poses of kinds that it has. {where}"
            f"Shaded: the areas that hold {listed([f'{100 * h:.0f}' for h in HELD])} % of the "
            f"source poses.{sampled}{numbered} Axes: the first two principal components of the "
            "standardised joint angles, source and target counting alike, named after the angles "
            f"that weigh most; they show {number(one, 0)} % and {number(two, 0)} % of the variance."
        ),
    )


@theme.styled
def angle_densities(
    look: Look, source_MA: NDArray, target_NA: NDArray, names: tuple[str, ...]
) -> Drawing:
    """How each joint angle spreads in source and target, those that differ most first.

    All panels stand on one pair of axes in points: 24 pairs would take most of a page's time.
    """
    shift_A = shift_deg(source_MA, target_NA)
    order = np.argsort(-np.nan_to_num(shift_A, nan=-1.0).round(9), kind="stable")[:PANELS].tolist()
    columns, line, edge = 3, 1.2 * look.tiny, 10.0
    tall = 42.0 * look.tall
    pitch_y = tall + 2.9 * line
    width = 72 * look.wide
    height = 2.2 * line + 1.6 * look.small + pitch_y * -(-len(order) // columns)
    figure, axis = theme.sheet(width, height)
    pitch_x = (width - 2 * edge) / columns
    grid_G = np.linspace(0.0, 180.0, 61)
    across_G = grid_G / 180 * (pitch_x - 1.5 * edge)
    low, high = theme.series(0), theme.series(1)
    areas, curves, grounds, rules = [], [], [], []
    for place, a in enumerate(order):
        left, base = edge + place % columns * pitch_x, pitch_y * (place // columns + 1)
        source_G, target_G = (
            np.sqrt(density(angles[:, a], grid_G)) for angles in (source_MA, target_NA)
        )
        scale = tall / (1.05 * max(source_G.max(), target_G.max(), 1e-6))
        x_G = left + across_G
        outline_G2 = np.stack([x_G, base - scale * source_G], axis=1)
        areas.append([(x_G[0], base), *outline_G2, (x_G[-1], base)])
        curves.append(np.stack([x_G, base - scale * target_G], axis=1))
        grounds.append([(x_G[0], base), (x_G[-1], base)])
        ticks = [float(np.interp(tick, grid_G, x_G)) for tick in TICKS]
        rules += [[(x, base), (x, base - tall)] for x in ticks]
        told = f"{number(float(shift_A[a]))}°" if np.isfinite(shift_A[a]) else "undefined"
        axis.text(left, base - tall - 2, f"{shortened(names[a], 18)}\n{told}", fontsize=look.tiny)
        if place >= len(order) - columns:
            for tick, x, side in zip(TICKS, ticks, ("left", "center", "right"), strict=True):
                axis.text(x, base + 2, f"{tick}°", fontsize=look.tiny, ha=side, va="top")
    for lines, colour, thick in (
        (rules, theme.RULE, 0.8),
        (grounds, theme.MUTED, 0.8),
        (curves, high.colour, 1.5),
    ):
        axis.add_collection(
            LineCollection(lines, colors=colour, linewidths=thick * look.line), autolim=False
        )
    axis.add_collection(
        PolyCollection(areas, facecolors=low.colour, alpha=0.4, linewidths=0), autolim=False
    )
    marks = [
        Patch(color=low.colour, alpha=0.4, linewidth=0, label="source"),
        Line2D([], [], color=high.colour, linewidth=1.5 * look.line, label="target"),
    ]
    theme.legend_below(axis, marks)
    told = [f"{names[a]} ({number(float(shift_A[a]))}°)" for a in order if np.isfinite(shift_A[a])]
    ends = (
        f"most in {listed(told[:3])} and least in {told[-1]}" if told else "in none that is known"
    )
    left_out = len(names) - len(order)
    return theme.finish(
        figure,
        title="Every joint angle, those that differ most first",
        alt=(f"Densities of {len(order)} joint angles in source and target. They differ {ends}."),
        caption=(
            "Grey area: source; line: target. Heights are square roots of the density, so that "
            "rare angles are seen too. The number is how far the two lie apart: by how many "
            "degrees the angle would have to change on average to spread like the other "
            "(1-Wasserstein distance)."
            + (f" {left_out} angles that differ less are not shown." if left_out else "")
        ),
    )


@dataclass(frozen=True)
class _Density:
    """Where a set of points is dense, over a grid.

    ``density_GG`` is per cell, x first; ``edges_2G`` are the cells' edges; ``levels`` the densities
    above which the shares `HELD` of the points lie, rising.
    """

    density_GG: NDArray[np.float64]
    edges_2G: NDArray[np.float64]
    levels: list[float]

    @staticmethod
    def of(points_M2: NDArray[np.float64], wide: float = 2.0) -> _Density:
        """Return a histogram of the points, smoothed by ``wide`` cells."""
        low_2, high_2 = points_M2.min(axis=0), points_M2.max(axis=0)
        pad_2 = np.maximum(0.1 * (high_2 - low_2), 0.05)
        edges_2G = np.linspace(low_2 - pad_2, high_2 + pad_2, CELLS + 1, axis=1)
        cells_GG, *_ = np.histogram2d(*points_M2.T, bins=list(edges_2G))
        off = np.subtract.outer(np.arange(CELLS), np.arange(CELLS))
        kernel_GG = np.exp(-0.5 * (off / wide) ** 2)
        density_GG = kernel_GG @ cells_GG @ kernel_GG
        falling = np.sort(density_GG, axis=None)[::-1]
        held = np.cumsum(falling) / falling.sum()
        at = [min(int(np.searchsorted(held, share)), falling.size - 1) for share in HELD]
        return _Density(density_GG, edges_2G, sorted(float(falling[i]) for i in at))

    def share_outside(self, points_N2: NDArray[np.float64], level: float) -> float:
        """Percent of some points where the density is below ``level``."""
        if len(points_N2) == 0:
            return 0.0
        x, y = (
            np.searchsorted(edges, points, side="right") - 1
            for edges, points in zip(self.edges_2G, points_N2.T, strict=True)
        )
        inside = (x >= 0) & (x < CELLS) & (y >= 0) & (y < CELLS)
        dense = self.density_GG[np.clip(x, 0, CELLS - 1), np.clip(y, 0, CELLS - 1)] >= level
        return float(100 * (~(inside & dense)).mean())


def _leading(axis_A: NDArray[np.float64], names: tuple[str, ...]) -> str:
    """Return an axis of the plane in words: the angles that weigh most, and which way they grow."""
    heaviest = np.argsort(-np.abs(axis_A).round(9), kind="stable")[:2]
    told = [
        f"{shortened(names[a], 18)} {'wider' if axis_A[a] > 0 else 'narrower'}" for a in heaviest
    ]
    return f"{', '.join(told)} →"


def _shade(axis: Axes, held: _Density) -> None:
    """Draw the source as nested areas of highest density, each laid over the last."""
    x, y = (held.edges_2G[:, 1:] + held.edges_2G[:, :-1]) / 2
    colour = theme.series(0).colour
    for level in dict.fromkeys(held.levels):
        axis.contourf(x, y, held.density_GG.T, [level, np.inf], colors=[colour], alpha=0.17)


def _number(look: Look, axis: Axes, at_R2: NDArray[np.float64]) -> None:
    """Numbered discs at some points, pushed apart where they would hide each other."""
    if len(at_R2) == 0:
        return
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    size_2 = np.array([right - left, top - bottom])
    place_R2 = (at_R2 - [left, bottom]) / size_2
    target_R2 = place_R2.copy()
    apart = 0.052  # of the axes' side, a little more than a disc
    # Equal points first part along a spiral, so that there is a direction to push in.
    turn = 2.4 * np.arange(len(place_R2))
    place_R2 += 1e-4 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for _ in range(200):
        off_RR2 = place_R2[:, None] - place_R2[None]
        far_RR = np.hypot(*off_RR2.transpose(2, 0, 1))
        push_RR = np.clip(apart - far_RR, 0, None) / np.maximum(far_RR, 1e-9) / 2
        np.fill_diagonal(push_RR, 0)
        place_R2 += (push_RR[:, :, None] * off_RR2).sum(axis=1)
        place_R2 = np.clip(place_R2, 0.03, 0.97)
    from_R2, to_R2 = (share_R2 * size_2 + [left, bottom] for share_R2 in (target_R2, place_R2))
    leads = LineCollection(
        list(np.stack([from_R2, to_R2], axis=1)), colors=theme.INK, linewidths=0.9 * look.line,
        zorder=4,
    )  # fmt: skip
    axis.add_collection(leads, autolim=False)
    axis.plot(*to_R2.T, "o", color=theme.INK, markersize=1.45 * look.tiny, zorder=5)
    for rank, (x, y) in enumerate(to_R2.tolist(), 1):
        axis.text(
            x, y, f"{rank}", color=theme.PAPER, fontsize=look.tiny, fontweight="bold",
            ha="center", va="center_baseline", zorder=6,
        )  # fmt: skip
