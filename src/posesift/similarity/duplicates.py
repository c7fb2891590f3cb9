"""Near duplicates: poses whose joint angles are nearly the same, of which one is enough.

Two poses are near duplicates when the same angles are defined in both and differ by less than a
distance, in degrees of root mean square difference. Like all of angle space this looks at the pose
alone, not at where it stands, how large it is, or which way up.

Poses with the same angles are halved in their order until few are left, which are compared pair by
pair; what stays of a first half takes what lies near it out of the second, before that is gone
through itself. So memory holds the pairs of a few poses, however many copies there are.

Legend: N poses, M of them, A angles, P pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.poses.angles import MINIMUM_ANGLES
from posesift.similarity.near import have_near, near_pairs

_BLOCK = 2048  # poses: at most two million pairs


def near_duplicates(angles_NA: ArrayLike, distance_deg: float) -> NDArray[np.bool_]:
    """Return which poses have an earlier one that stays within the distance.

    No two of the poses that stay lie within the distance of each other. A pose with fewer than
    three angles is nobody's duplicate.

    >>> near_duplicates([[90, 90, 90], [91, 90, 90], [120, 90, 90]], 5.0).tolist()
    [False, True, False]

    Args:
        angles_NA: angles in degrees, NaN = undefined.
        distance_deg: above 0.

    Raises:
        ValueError: the distance is not above 0.
    """
    if not (np.isfinite(distance_deg) and distance_deg > 0):
        raise ValueError(f"expected a distance above 0 degrees, found {distance_deg:g}")
    angles_NA = np.asarray(angles_NA, np.float64)
    known_NA = np.isfinite(angles_NA)
    gone_N = np.zeros(len(angles_NA), bool)
    order_N, borders = _by_known(known_NA)
    for rows in np.split(order_N, borders):  # poses with the same angles, in their order
        if len(rows) < 2 or (used_A := known_NA[rows[0]]).sum() < MINIMUM_ANGLES:
            continue
        gone_N[rows] = _among(angles_NA[rows][:, used_A], distance_deg)
    return gone_N


def _by_known(known_NA: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return an order of the poses, those with the same angles together, and where others begin."""
    bit_NA = np.zeros((len(known_NA), -(-known_NA.shape[1] // 64) * 64), bool)
    bit_NA[:, : known_NA.shape[1]] = known_NA
    word_NW = np.packbits(bit_NA, axis=1).view(np.uint64)
    order_N = np.lexsort(word_NW.T)  # stable
    sorted_NW = word_NW[order_N]
    return order_N, np.flatnonzero((sorted_NW[1:] != sorted_NW[:-1]).any(axis=1)) + 1


def _among(angles_NA: NDArray[np.float64], distance_deg: float) -> NDArray[np.bool_]:
    """Do the same for poses of which every angle is defined."""
    radius = distance_deg * np.sqrt(angles_NA.shape[1]) * (1 - 1e-12)  # less than the distance
    gone_N = np.ones(len(angles_NA), bool)
    gone_N[_staying(_turned(angles_NA), np.arange(len(angles_NA)), radius)] = False
    return gone_N


def _turned(angles_NA: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn to the principal axes: distances stay, and boxes around neighbours get smaller."""
    centred_NA = angles_NA - angles_NA.mean(0)
    return centred_NA @ np.linalg.eigh(centred_NA.T @ centred_NA)[1][:, ::-1]


def _staying(
    points_NA: NDArray[np.float64], row_M: NDArray[np.int64], radius: float
) -> NDArray[np.int64]:
    """Return which of these rising rows stay: of the first half, then of what it leaves over."""
    if len(row_M) <= _BLOCK:
        return row_M[_stays(len(row_M), near_pairs(points_NA[row_M], radius))]
    first_M, second_M = np.split(row_M, [len(row_M) // 2])
    first_M = _staying(points_NA, first_M, radius)
    near_M = have_near(points_NA[second_M], points_NA[first_M], radius)
    return np.concatenate([first_M, _staying(points_NA, second_M[~near_M], radius)])


def _stays(count: int, pairs_P2: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return what stays where, in order, each stays that no earlier one that stays is paired with.

    In rounds over all pairs: whoever has no undecided partner before it stays, its partners go.
    """
    stays_N, open_N = np.zeros(count, bool), np.ones(count, bool)
    first_P, second_P = np.sort(pairs_P2, axis=1).T if len(pairs_P2) else pairs_P2.reshape(2, 0)
    while open_N.any():
        waits_N = np.zeros(count, bool)
        waits_N[second_P] = True
        now_N = open_N & ~waits_N
        stays_N |= now_N
        open_N &= ~now_N
        open_N[second_P[now_N[first_P]]] = False
        kept_P = open_N[first_P] & open_N[second_P]
        first_P, second_P = first_P[kept_P], second_P[kept_P]
    return stays_N
