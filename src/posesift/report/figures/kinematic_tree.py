"""The kinematic tree: one pose with its joint angles written in degrees.

K keypoints, A angles, N poses, 2 = (x, y).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import Wedge

from posesift.report import theme
from posesift.report.pose_sets import PoseSet
from posesift.report.theme import Chart, Drawing, Look
from posesift.report.wording import count, number, shortened
from posesift.skeletons import Skeleton

NEAR = 25  # poses of about median score among which the clearest is drawn
_FRAME = 0.75  # width of the drawing's frame over its height
_WIDE, _NESTED, _LARGEST = 0.3, 1.35, 0.075  # an arc: of its shorter bone, the next, of the pose


def chosen(poses: PoseSet) -> int | None:
    """Row of the pose to draw; None where no pose has an angle.

    In the hardest bin that holds a pose, of those with the most angles defined, the `NEAR` of
    median score; of these the clearest: joints farthest from their nearest neighbours on average.
    """
    angles_N = np.isfinite(poses.angles_NA).sum(axis=1)
    able_N = (poses.bin_N >= 0) & (angles_N > 0) & np.isfinite(poses.score_N)
    if not able_N.any():
        return None
    hardest_N = able_N & (poses.bin_N == poses.bin_N[able_N].max())
    rows = np.flatnonzero(hardest_N & (angles_N == angles_N[hardest_N].max()))
    away = np.abs(poses.score_N[rows] - np.median(poses.score_N[rows]))
    near = np.sort(rows[np.lexsort((rows, away))][:NEAR])
    table = poses.table
    clear = [_clarity(table.keypoints_NK2[row][table.visible_NK[row]]) for row in near]
    return int(near[np.argmax(clear)])


def _clarity(seen_K2: np.ndarray) -> float:
    """Mean distance of a joint to its nearest neighbour, in heights of the frame it is drawn in."""
    gap_KK = np.hypot(*np.moveaxis(seen_K2[:, None] - seen_K2[None], -1, 0)).astype(np.float64)
    np.fill_diagonal(gap_KK, np.inf)
    width, height = np.ptp(seen_K2, axis=0)
    return float(gap_KK.min(axis=1).mean() / max(width / _FRAME, height, 1e-9))


def of_set(poses: PoseSet) -> Chart | None:
    """Return the tree of the pose that `chosen` finds."""
    row = chosen(poses)
    if row is None:
        return None
    b = int(poses.bin_N[row])
    rule = (
        f"a pose of about median score ({number(poses.score_N[row], 2)}) in bin {count(b + 1)}, "
        f"picked for its clear view (row {count(poses.row_N[row])} of the data)"
    )
    table = poses.table
    return tree(
        table.skeleton,
        np.asarray(table.keypoints_NK2[row], np.float64),
        np.asarray(table.visible_NK[row], bool),
        poses.angles_NA[row],
        rule,
    )


@theme.styled
def tree(
    look: Look,
    skeleton: Skeleton,
    keypoints_K2: np.ndarray,
    visible_K: np.ndarray,
    angles_A: np.ndarray,
    rule: str,
) -> Drawing:
    """One pose, arcs at the vertices of its angles, and a table of the degrees.

    Args:
        look: the sizes that it is drawn in.
        skeleton: of the pose.
        keypoints_K2: any unit, y pointing down.
        visible_K: keypoints that are drawn.
        angles_A: degrees, NaN = undefined.
        rule: which pose it is, for the caption.
    """
    width, pitch = 72 * look.wide, 1.5 * look.tiny
    figure, listing = theme.sheet(
        width, max(72 * 3.8 * look.tall, pitch * len(skeleton.angle_names) + 6)
    )
    axis = figure.add_axes((0.01, 0.02, 0.51, 0.96))
    axis.axis("off")
    seen_K2 = keypoints_K2[visible_K]
    extent = max(float(np.ptp(seen_K2, axis=0).max()), 1e-9)
    points_K2 = (keypoints_K2 - seen_K2.mean(axis=0)) / extent
    drawn = [
        (points_K2[[a, b]], colour)
        for (a, b), colour in zip(skeleton.limbs, skeleton.colours, strict=True)
        if visible_K[a] and visible_K[b]
    ]
    limbs = LineCollection(
        [ends for ends, _ in drawn], colors=[colour for _, colour in drawn],
        linewidths=2.4 * look.line, capstyle="round",
    )  # fmt: skip
    axis.add_collection(limbs)
    known = [i for i in range(len(skeleton.triplets)) if np.isfinite(angles_A[i])]
    _arcs(look, axis, skeleton, points_K2, known)
    axis.plot(
        *points_K2[visible_K].T, "o", color=theme.INK, markeredgecolor=theme.PAPER,
        markersize=4.5 * look.line,
    )  # fmt: skip
    _labels(look, axis, skeleton, points_K2, known)
    axis.set_aspect("equal")
    axis.margins(0.08)
    axis.invert_yaxis()
    _table(look, listing, skeleton, angles_A)
    read = [
        f"{name} {number(float(angles_A[i]))}" for i, name in enumerate(skeleton.angle_names)
        if np.isfinite(angles_A[i])
    ]  # fmt: skip
    dashes = " A dash: a keypoint is missing." if len(known) < len(skeleton.triplets) else ""
    return theme.finish(
        figure,
        title="The joint angles that poses are compared by",
        alt=f"Skeleton of one pose with its joint angles in degrees: {', '.join(read)}.",
        caption=(
            f"Shown on {rule}. Each θ is the angle between two bones. Moving, scaling, turning or "
            "mirroring the whole pose changes none of them. Heatmap and angle error compare poses "
            f"by these angles alone.{dashes}"
        ),
    )


def _arcs(
    look: Look, axis: Axes, skeleton: Skeleton, points_K2: np.ndarray, known: list[int]
) -> None:
    """Draw a wedge at the vertex of each known angle; at one vertex, each outside the last."""
    areas, arcs = [], []
    for i, (way_a, way_c, radius) in _wedges(skeleton, points_K2, known).items():
        start, turn = way_a, (way_c - way_a) % 360
        if turn > 180:
            start, turn = way_c, 360 - turn
        vertex = points_K2[skeleton.triplets[i][1]]
        areas.append(Wedge(vertex, radius, start, start + turn))
        arcs.append(Wedge(vertex, radius, start, start + turn, width=0.0))
    axis.add_collection(
        PatchCollection(areas, facecolor=theme.SIGNAL, linewidth=0, alpha=0.22, zorder=1)
    )
    axis.add_collection(
        PatchCollection(
            arcs, facecolor="none", edgecolor=theme.SIGNAL, linewidth=1.1 * look.line, zorder=3
        )
    )


def _wedges(
    skeleton: Skeleton, points_K2: np.ndarray, known: list[int]
) -> dict[int, tuple[float, float, float]]:
    """Of each known angle the directions of its two bones in degrees, and the arc's radius."""
    found: dict[int, tuple[float, float, float]] = {}
    at_vertex: dict[int, int] = {}
    for i in known:
        a, vertex, c = skeleton.triplets[i]
        u, v = points_K2[a] - points_K2[vertex], points_K2[c] - points_K2[vertex]
        shorter = min(np.hypot(*u), np.hypot(*v))
        inner = at_vertex.get(vertex, 0)
        at_vertex[vertex] = inner + 1
        radius = float(min(_WIDE * shorter, _LARGEST) * _NESTED**inner)
        ways = [float(np.degrees(np.arctan2(w[1], w[0]))) for w in (u, v)]
        found[i] = (ways[0], ways[1], radius)
    return found


def _labels(
    look: Look, axis: Axes, skeleton: Skeleton, points_K2: np.ndarray, known: list[int]
) -> None:
    """Write the number of each angle outside the middle of its arc, farther out where one is."""
    ground = {"boxstyle": "round,pad=0.1", "facecolor": theme.PAPER, "edgecolor": "none"}
    taken: list[np.ndarray] = []
    for i, (way_a, way_c, radius) in _wedges(skeleton, points_K2, known).items():
        way = np.exp(1j * np.radians([way_a, way_c])).sum()
        out = np.array([way.real, way.imag]) / max(abs(way), 1e-9)
        place = points_K2[skeleton.triplets[i][1]] + (radius + 0.035) * out
        while any(np.hypot(*((place - other) / (1.4, 1))) < 0.055 for other in taken):
            place = place + 0.02 * (out if out.any() else np.array([0.0, -1.0]))
        taken.append(place)
        how: Any = {"ha": "center", "va": "center", "fontsize": look.tiny, "zorder": 5}
        axis.text(place[0], place[1], f"θ{i + 1}", bbox=ground, **how)


def _table(look: Look, axis: Axes, skeleton: Skeleton, angles_A: np.ndarray) -> None:
    """List number, name and degrees of every angle, one a line, on axes in points."""
    width, height = axis.get_xlim()[1], axis.get_ylim()[0]
    lines = len(skeleton.angle_names)
    pitch = min(height / max(lines, 1), 2.4 * look.tiny)
    how: Any = {"va": "center", "fontsize": look.tiny}
    for i, name in enumerate(skeleton.angle_names):
        y = height / 2 + pitch * (i + 0.5 - lines / 2)
        axis.text(0.53 * width, y, f"θ{i + 1}", color=theme.MUTED, **how)
        axis.text(0.53 * width + 3 * look.tiny, y, shortened(name, 22), **how)
        degrees = None if np.isnan(angles_A[i]) else float(angles_A[i])
        unit = "" if degrees is None else "°"
        axis.text(width - 4, y, f"{number(degrees)}{unit}", ha="right", **how)
