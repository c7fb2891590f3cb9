"""Coverage: which target poses the source lacks, and which of them to render next.

A target pose is *covered* when at least ``needed`` source poses, or their mirror images, are
similar to it: within 15 degrees in the joint angles, and turned against it by at most 30 in the
picture (`orientation` says how and why); the source *lacks* the others. The turn counts since a
network sees it: a person upside down has the angles of one who stands. `support` looks at the
angles alone. One source pose is enough by default: rendering a lacking pose once is what covers
it, so the list below keeps its promise. Ask for more where single poses are not to be trusted.

What to render next is a maximum cover: choose R poses so that as many lacking ones as possible
come to lie within the radius of one of them. The best choice is hard to find (NP-hard), the greedy
one is not, and reaches at least 1 - 1/e = 63 % of what the best would (Nemhauser, Wolsey and
Fisher, An analysis of approximations for maximizing submodular set functions, 1978). Candidates
are the lacking poses themselves. One stands for another when it defines every angle that the other
defines: a pose of which only an arm is seen cannot be rendered, and must not stand for whole ones
just because little is left to differ in.

Shapes: N target poses, M source poses, A angles, L lacking poses, R ranked ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from posesift.similarity import orientation
from posesift.similarity.neighbours import RADIUS_DEG
from posesift.similarity.orientation import TURN_DEG, Poses

NEEDED = 1
TARGET_CAP = 5_000  # L x L booleans are kept: 25 MB at most
TARGET_LEAST = 1_000  # even beside a large source
SOURCE_CAP = 200_000
PAIRS = 200_000_000  # of target and source


@dataclass(frozen=True)
class Coverage:
    """What a source covers of a target. Rows count in the arrays that `cover` was given.

    Attributes:
        radius_deg: similar poses are at most this far apart in the joint angles.
        turn_deg: and turned against each other by at most this much.
        needed: similar source poses that cover a target pose.
        row_N: rows of the target poses that were looked at, rising.
        undefined: target poses left out, as they define fewer than three angles.
        target_total: poses of the target that define three angles; more than N in a sample.
        source_used: source poses compared with.
        source_total: source poses that define three angles; more than ``source_used`` in a sample.
        distance_deg_N: to the nearest source pose, the turn scaled so that ``turn_deg`` counts as
            ``radius_deg``; infinite where none can be compared.
        nearest_row_N: row of that source pose, -1 where there is none.
        nearest_deg_N: its distance in the joint angles alone, infinite where there is none.
        turned_deg_N: by how much it is turned, NaN where there is none.
        mirrored_N: whether its mirror image is meant.
        covered_N: whether enough source poses are similar.
        by_angles_N: whether they would be if turns did not count.
        ranked_R: places among the N poses of those to render, most useful first; all lacking poses
            are within the radius of one of them.
        stands_for_R: how many lacking poses each is the first of the list to reach, itself among
            them; never rises.
        reached_by_N: place in the list of the pose that stands for each, -1 for covered ones.
    """

    radius_deg: float
    turn_deg: float
    needed: int
    row_N: NDArray[np.int64]
    undefined: int
    target_total: int
    source_used: int
    source_total: int
    distance_deg_N: NDArray[np.float64]
    nearest_row_N: NDArray[np.int64]
    nearest_deg_N: NDArray[np.float64]
    turned_deg_N: NDArray[np.float64]
    mirrored_N: NDArray[np.bool_]
    covered_N: NDArray[np.bool_]
    by_angles_N: NDArray[np.bool_]
    ranked_R: NDArray[np.int64]
    stands_for_R: NDArray[np.int64]
    reached_by_N: NDArray[np.int64]

    @property
    def lacking(self) -> int:
        """How many of the N poses the source lacks."""
        return int((~self.covered_N).sum())

    @property
    def covered_share(self) -> float | None:
        """Share of the N poses that is covered, 0 to 1; None of no poses."""
        return float(self.covered_N.mean()) if len(self.covered_N) else None

    @property
    def share_reached_R(self) -> NDArray[np.float64]:
        """Share of the lacking poses that the list has reached after each entry, 0 to 1."""
        return np.cumsum(self.stands_for_R) / max(self.lacking, 1)


def cover(
    target: Poses,
    source: Poses,
    *,
    radius_deg: float = RADIUS_DEG,
    turn_deg: float = TURN_DEG,
    needed: int = NEEDED,
    target_cap: int = TARGET_CAP,
    source_cap: int = SOURCE_CAP,
) -> Coverage:
    """Which target poses a source covers, and in which order to render those it lacks.

    Work and memory are bounded. Of more than ``target_cap`` target poses, or more than fit
    `PAIRS` beside a large source, a fixed random sample is looked at; of more than ``source_cap``
    source poses likewise, which makes the source look poorer than it is.

    Args:
        target: poses to be covered.
        source: poses that cover; may be empty.
        radius_deg: how far apart similar poses may be in the joint angles.
        turn_deg: by how much they may be turned against each other.
        needed: how many similar source poses cover a target pose.
        target_cap: most target poses to look at.
        source_cap: most source poses to compare with.

    Raises:
        ValueError: ``needed`` is below 1, the radius or the turn not positive, or the angles of
            the two are not the same.
    """
    if needed < 1 or not (radius_deg > 0 and turn_deg > 0):
        raise ValueError(
            "expected a positive radius and turn and at least 1 source pose needed, found "
            f"radius_deg = {radius_deg:g}, turn_deg = {turn_deg:g} and needed = {needed}"
        )
    if len(source) and len(target) and source.angles_NA.shape[1:] != target.angles_NA.shape[1:]:
        raise ValueError(
            "expected the same angles of target and source, found "
            f"{target.angles_NA.shape[1:]} and {source.angles_NA.shape[1:]}; both need the same "
            "skeleton"
        )
    weight = radius_deg / turn_deg
    source_row, source_total = looked_at(source, source_cap)
    room = max(TARGET_LEAST, PAIRS // max(len(source_row), 1))
    row_N, total = looked_at(target, min(target_cap, room))
    one, other = target[row_N], source[source_row]
    distance_N, nearest_N, covered_N = _nearest(one, other, radius_deg, needed, weight)
    angle_N, turn_N, mirrored_N = _of_nearest(one, other, nearest_N, weight)
    lacking_L = np.flatnonzero(~covered_N)
    by_angles_N = covered_N.copy()
    *_, by_angles_N[lacking_L] = _nearest(one[lacking_L], other, radius_deg, needed, 0.0)
    order_L = lacking_L[_farthest_first(distance_N[lacking_L])]
    reach_LL = stands_for(one[order_L], one[order_L], radius_deg, turn_deg)
    np.fill_diagonal(reach_LL, True)
    ranked_R, reached_by_L = greedy(reach_LL)
    reached_by_N = np.full(len(row_N), -1, np.int64)
    reached_by_N[order_L] = reached_by_L
    return Coverage(
        radius_deg=radius_deg,
        turn_deg=turn_deg,
        needed=needed,
        row_N=row_N,
        undefined=len(target) - total,
        target_total=total,
        source_used=len(source_row),
        source_total=source_total,
        distance_deg_N=distance_N,
        nearest_row_N=np.append(source_row, -1)[nearest_N],
        nearest_deg_N=angle_N,
        turned_deg_N=turn_N,
        mirrored_N=mirrored_N,
        covered_N=covered_N,
        by_angles_N=by_angles_N,
        ranked_R=order_L[ranked_R],
        stands_for_R=np.bincount(reached_by_L, minlength=len(ranked_R)),
        reached_by_N=reached_by_N,
    )


def lacks(
    target: Poses,
    source: Poses,
    radius_deg: float = RADIUS_DEG,
    turn_deg: float = TURN_DEG,
    needed: int = NEEDED,
) -> NDArray[np.bool_]:
    """Whether a source lacks each pose, without an order; False for a pose of too few angles."""
    source_row, _ = looked_at(source, SOURCE_CAP)
    weight = radius_deg / turn_deg
    _, _, covered_N = _nearest(target, source[source_row], radius_deg, needed, weight)
    return ~covered_N & target.placed_N


def similar(
    target: Poses, source: Poses, radius_deg: float = RADIUS_DEG, turn_deg: float = TURN_DEG
) -> NDArray[np.int64]:
    """How many source poses are similar to each target pose, as they are or mirrored, (N,)."""
    count_N = np.zeros(len(target), np.int64)
    beyond_N = np.full(len(target), np.nextafter(radius_deg**2, np.inf))
    for rows, _, square in orientation.mean_squares(
        target, source, radius_deg / turn_deg, beyond_N
    ):
        count_N[rows] += (square <= radius_deg**2).sum(axis=1)
    return count_N


def greedy(reach_LL: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cover everything, each time by the row that reaches most of what is left.

    Args:
        reach_LL: whether the row reaches the column; every row reaches itself.

    Returns:
        The rows in the order of choice (ties: the first), and for every column the place in this
        order of the row that reached it first.

    >>> greedy(np.array([[1, 0, 0], [1, 1, 1], [0, 0, 1]], bool))[0].tolist()
    [1]
    """
    gain_L = reach_LL.sum(axis=1)
    reached_by_L = np.full(len(reach_LL), -1, np.int64)
    into_LL = np.ascontiguousarray(reach_LL.T)  # a column of newly reached poses, side by side
    chosen: list[int] = []
    while (reached_by_L < 0).any():
        best = int(gain_L.argmax())
        new = np.flatnonzero(reach_LL[best] & (reached_by_L < 0))
        reached_by_L[new] = len(chosen)
        gain_L -= into_LL[new].sum(axis=0)
        chosen.append(best)
    return np.array(chosen, np.int64), reached_by_L


def looked_at(poses: Poses, cap: int) -> tuple[NDArray[np.int64], int]:
    """Give the rows that define enough angles, ``cap`` at random (seed 0); and how many do."""
    row = np.flatnonzero(poses.placed_N)
    total = len(row)
    if total > cap:
        row = np.sort(np.random.default_rng(0).choice(row, cap, replace=False))
    return row, total


def _nearest(
    target: Poses, source: Poses, radius_deg: float, needed: int, turn_weight: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Distance and row of the nearest source pose, and whether enough are similar."""
    n = len(target)
    if len(source) == 0 or n == 0:
        return np.full(n, np.inf), np.full(n, -1, np.int64), np.zeros(n, bool)
    distance_Nk, index_Nk = orientation.nearest(target, source, needed, turn_weight)
    enough = distance_Nk.shape[1] == needed
    covered_N = distance_Nk[:, -1] <= radius_deg if enough else np.zeros(n, bool)
    return distance_Nk[:, 0], index_Nk[:, 0], covered_N


def _of_nearest(
    target: Poses, source: Poses, nearest_N: NDArray[np.int64], turn_weight: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Angles, turn and mirroring of the pairs of target and nearest source pose."""
    n = len(nearest_N)
    angle_N, turn_N, mirrored_N = np.full(n, np.inf), np.full(n, np.nan), np.zeros(n, bool)
    known = np.flatnonzero(nearest_N >= 0)
    if len(known):
        pairs = orientation.apart(target[known], source[nearest_N[known]], turn_weight)
        angle_N[known], turn_N[known], mirrored_N[known] = pairs
    return angle_N, turn_N, mirrored_N


def _farthest_first(distance_deg_L: NDArray[np.float64]) -> NDArray[np.int64]:
    """Farther from the source first, then the lower row; equal to what single precision tells."""
    return np.argsort(-distance_deg_L.round(3), kind="stable")


def stands_for(
    rendered: Poses,
    poses: Poses,
    radius_deg: float = RADIUS_DEG,
    turn_deg: float = TURN_DEG,
) -> NDArray[np.bool_]:
    """Whether rendering each of M poses would stand for each of L others, (M, L).

    It does where the two are similar, and no angle of the other is missing.
    """
    known_LA = ~np.isnan(poses.angles_NA)
    into_LM = np.zeros((len(poses), len(rendered)), bool)
    beyond_L = np.full(len(poses), np.nextafter(radius_deg**2, np.inf))
    for seen in rendered.seen_both_ways:
        missing_MA = np.isnan(seen.angles_NA).astype(np.float32)
        once = replace(seen, mirrored=None)
        for rows, columns, square in orientation.mean_squares(
            poses, once, radius_deg / turn_deg, beyond_L
        ):
            near = square <= radius_deg**2
            if missing_MA[columns].any():
                near &= known_LA[rows].astype(np.float32) @ missing_MA[columns].T == 0
            into_LM[rows, columns] |= near
    return np.ascontiguousarray(into_LM.T)
