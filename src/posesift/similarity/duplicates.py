"""Near duplicates: poses whose joint angles are nearly the same, of which one is enough.

Two poses are near duplicates when the same angles are defined in both and differ by less than a
distance, in degrees of root mean square difference. Like all of angle space this looks at the pose
alone, not at where it stands, how large it is, or which way up.

Two steps keep the work near linear however many copies there are: of all poses in one cell of a
grid as wide as the distance the first stays (any two in a cell are near duplicates), and among
those that are left, a tree finds the pairs that lie across the borders of cells.

Legend: N poses, A angles, P pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.poses.angles import MINIMUM_ANGLES


def near_duplicates(angles_NA: ArrayLike, distance_deg: float) -> NDArray[np.bool_]:
    """Return which poses have an earlier one that stays within the distance.

    No two of the poses that stay lie within the distance of each other, and each that goes lies
    within twice the distance of one that stays. A pose with fewer than three angles is nobody's
    duplicate.

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

    cell_NA = np.floor(angles_NA / distance_deg).astype(np.int64)
    _, first_C = np.unique(cell_NA, axis=0, return_index=True)
    left = np.sort(first_C)
    radius = distance_deg * np.sqrt(angles_NA.shape[1]) * (1 - 1e-12)  # less than the distance
    pairs_P2 = KDTree(angles_NA[left]).query_pairs(radius, output_type="ndarray")
    gone_N = np.ones(len(angles_NA), bool)
    gone_N[left[_stays(len(left), pairs_P2)]] = False
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
