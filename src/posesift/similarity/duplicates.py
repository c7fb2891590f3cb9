"""Near duplicates: poses whose joint angles are nearly the same, of which one is enough.

Two poses are near duplicates when the same angles are defined in both and differ by less than a
distance, in degrees of root mean square difference. Like all of angle space this looks at the pose
alone, not at where it stands, how large it is, or which way up.

Poses are gone through in their order, a block at a time: what lies near a pose that stays already
goes, and then what lies near an earlier one of the block. Poses that stay are kept in a few search
trees whose sizes double, so that memory holds the pairs of one block, however many copies there
are.

Legend: N poses, A angles, P pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.poses.angles import MINIMUM_ANGLES

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
    _, group_N = np.unique(np.packbits(known_NA, axis=1), axis=0, return_inverse=True)
    order_N = np.argsort(group_N.reshape(-1), kind="stable")
    borders = np.flatnonzero(np.diff(group_N.reshape(-1)[order_N])) + 1
    for rows in np.split(order_N, borders):  # poses with the same angles, in their order
        if len(rows) < 2 or (used_A := known_NA[rows[0]]).sum() < MINIMUM_ANGLES:
            continue
        gone_N[rows] = _among(angles_NA[rows][:, used_A], distance_deg)
    return gone_N


def _among(angles_NA: NDArray[np.float64], distance_deg: float) -> NDArray[np.bool_]:
    """Do the same for poses of which every angle is defined."""
    from scipy.spatial import KDTree

    radius = distance_deg * np.sqrt(angles_NA.shape[1]) * (1 - 1e-12)  # less than the distance
    gone_N = np.ones(len(angles_NA), bool)
    trees: list[KDTree] = []
    for start in range(0, len(angles_NA), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(angles_NA)))
        for tree in trees:
            near_B, _ = tree.query(angles_NA[rows], distance_upper_bound=radius)
            rows = rows[np.isinf(near_B)]
        if not len(rows):
            continue
        pairs_P2 = KDTree(angles_NA[rows]).query_pairs(radius, output_type="ndarray")
        rows = rows[_stays(len(rows), pairs_P2)]
        gone_N[rows] = False
        points_MA = angles_NA[rows]
        while trees and trees[-1].n <= len(points_MA):
            points_MA = np.concatenate([trees.pop().data, points_MA])
        trees.append(KDTree(points_MA))
    return gone_N


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
