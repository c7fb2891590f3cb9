"""Coverage: which target poses the source lacks, and which of them to render next.

A target pose is *covered* when at least ``needed`` source poses lie within `RADIUS_DEG` of it in
angle space (`support` says how far two poses are apart); the source *lacks* the others. One source
pose is enough by default: "lacks" then means what it says, it is the first group of the support
table ("no similar source pose"), and rendering a lacking pose once is what covers it, so the list
below keeps its promise. Ask for more where single poses are not to be trusted.

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

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.evaluation import support
from posesift.evaluation.evalpose import MINIMUM_ANGLES

NEEDED = 1
TARGET_CAP = 5_000  # L x L booleans are kept: 25 MB at most
TARGET_LEAST = 1_000  # even beside a large source
SOURCE_CAP = 200_000
PAIRS = 200_000_000  # of target and source; about two seconds of one core


@dataclass(frozen=True)
class Coverage:
    """What a source covers of a target. Rows count in the arrays that `cover` was given.

    Attributes:
        radius_deg: two poses closer than this are similar.
        needed: similar source poses that cover a target pose.
        row_N: rows of the target poses that were looked at, rising.
        undefined: target poses left out, as they define fewer than three angles.
        target_total: poses of the target that define three angles; more than N in a sample.
        source_used: source poses compared with.
        source_total: source poses that define three angles; more than ``source_used`` in a sample.
        nearest_deg_N: to the nearest source pose; infinite where none can be compared.
        nearest_row_N: row of that source pose, -1 where there is none.
        covered_N: whether enough source poses are similar.
        ranked_R: places among the N poses of those to render, most useful first; all lacking poses
            are within the radius of one of them.
        stands_for_R: how many lacking poses each is the first of the list to reach, itself among
            them; never rises.
        reached_by_N: place in the list of the pose that stands for each, -1 for covered ones.
    """

    radius_deg: float
    needed: int
    row_N: NDArray[np.int64]
    undefined: int
    target_total: int
    source_used: int
    source_total: int
    nearest_deg_N: NDArray[np.float64]
    nearest_row_N: NDArray[np.int64]
    covered_N: NDArray[np.bool_]
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
    target_NA: ArrayLike,
    source_MA: ArrayLike,
    *,
    radius_deg: float = support.RADIUS_DEG,
    needed: int = NEEDED,
    target_cap: int = TARGET_CAP,
    source_cap: int = SOURCE_CAP,
) -> Coverage:
    """Which target poses a source covers, and in which order to render those it lacks.

    Work and memory are bounded. Of more than ``target_cap`` target poses, or more than fit
    `PAIRS` beside a large source, a fixed random sample is looked at; of more than ``source_cap``
    source poses likewise, which makes the source look poorer than it is.

    Args:
        target_NA: angles in degrees, NaN = undefined.
        source_MA: of the source; may be empty.
        radius_deg: how far apart similar poses may be.
        needed: how many similar source poses cover a target pose.
        target_cap: most target poses to look at.
        source_cap: most source poses to compare with.

    Raises:
        ValueError: ``needed`` is below 1, the radius not positive, or the angles of the two are
            not the same.

    >>> target = [[90, 90, 90], [150, 90, 90], [152, 92, 90], [20, 20, 20]]
    >>> found = cover(target, [[95, 90, 90]])
    >>> found.covered_N.tolist(), found.ranked_R.tolist(), found.stands_for_R.tolist()
    ([True, False, False, False], [2, 3], [2, 1])
    """
    target, source = (np.asarray(a, np.float64) for a in (target_NA, source_MA))
    if needed < 1 or not radius_deg > 0:
        raise ValueError(
            f"expected a positive radius and at least 1 source pose needed, found radius_deg = "
            f"{radius_deg:g} and needed = {needed}"
        )
    if len(source) and len(target) and source.shape[1:] != target.shape[1:]:
        raise ValueError(
            f"expected the same angles of target and source, found {target.shape[1:]} and "
            f"{source.shape[1:]}; both need the same skeleton"
        )
    source_row, source_total = _looked_at(source, source_cap)
    room = max(TARGET_LEAST, PAIRS // max(len(source_row), 1))
    row_N, total = _looked_at(target, min(target_cap, room))
    nearest_deg_N, nearest_row_N, covered_N = _nearest(
        target[row_N], source[source_row], radius_deg, needed
    )
    lacking_L = np.flatnonzero(~covered_N)
    order_L = lacking_L[_farthest_first(nearest_deg_N[lacking_L])]
    ranked_R, reached_by_L = greedy(_reach(target[row_N[order_L]], radius_deg))
    reached_by_N = np.full(len(row_N), -1, np.int64)
    reached_by_N[order_L] = reached_by_L
    return Coverage(
        radius_deg=radius_deg,
        needed=needed,
        row_N=row_N,
        undefined=len(target) - total,
        target_total=total,
        source_used=len(source_row),
        source_total=source_total,
        nearest_deg_N=nearest_deg_N,
        nearest_row_N=np.append(source_row, -1)[nearest_row_N],
        covered_N=covered_N,
        ranked_R=order_L[ranked_R],
        stands_for_R=np.bincount(reached_by_L, minlength=len(ranked_R)),
        reached_by_N=reached_by_N,
    )


def lacks(
    target_NA: ArrayLike,
    source_MA: ArrayLike,
    radius_deg: float = support.RADIUS_DEG,
    needed: int = NEEDED,
) -> NDArray[np.bool_]:
    """Whether a source lacks each pose, without an order; a pose of too few angles is not lacking.

    >>> lacks([[90, 90, 90], [150, 90, 90], [150, np.nan, 90]], [[95, 90, 90]]).tolist()
    [False, True, False]
    """
    target, source = (np.asarray(a, np.float64) for a in (target_NA, source_MA))
    source_row, _ = _looked_at(source, SOURCE_CAP)
    _, _, covered_N = _nearest(target, source[source_row], radius_deg, needed)
    return ~covered_N & ((~np.isnan(target)).sum(1) >= MINIMUM_ANGLES)


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


def _looked_at(angles_NA: NDArray[np.float64], cap: int) -> tuple[NDArray[np.int64], int]:
    """Rows that define enough angles, at most ``cap`` at random (seed 0); and how many do."""
    if not angles_NA.size:
        return np.zeros(0, np.int64), 0
    row = np.flatnonzero((~np.isnan(angles_NA)).sum(1) >= MINIMUM_ANGLES)
    total = len(row)
    if total > cap:
        row = np.sort(np.random.default_rng(0).choice(row, cap, replace=False))
    return row, total


def _nearest(
    target_NA: NDArray[np.float64], source_MA: NDArray[np.float64], radius_deg: float, needed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Distance and row of the nearest source pose, and whether enough are similar."""
    if len(source_MA) == 0 or len(target_NA) == 0:
        n = len(target_NA)
        return np.full(n, np.inf), np.full(n, -1, np.int64), np.zeros(n, bool)
    distance_Nk, index_Nk = support.nearest(target_NA, source_MA, needed)
    enough = distance_Nk.shape[1] == needed
    covered_N = distance_Nk[:, -1] <= radius_deg if enough else np.zeros(len(target_NA), bool)
    return distance_Nk[:, 0], index_Nk[:, 0], covered_N


def _farthest_first(nearest_deg_L: NDArray[np.float64]) -> NDArray[np.int64]:
    """Farther from the source first, then the lower row; equal to what rounding can tell."""
    return np.argsort(-nearest_deg_L.round(6), kind="stable")


def _reach(angles_LA: NDArray[np.float64], radius_deg: float) -> NDArray[np.bool_]:
    """Whether each row stands for each column: similar, and no angle of the column is missing."""
    known_LA = ~np.isnan(angles_LA)
    reach_LL = np.zeros((len(angles_LA), len(angles_LA)), bool)
    for rows, columns, square in support.mean_squares(angles_LA, angles_LA):
        lost = (~known_LA[rows]).astype(np.float32) @ known_LA[columns].T.astype(np.float32)
        reach_LL[rows, columns] = (square <= radius_deg**2) & (lost == 0)
    np.fill_diagonal(reach_LL, True)
    return reach_LL
