"""Some of many, the same number from each group.

N rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fair_share(
    group_N: NDArray, most: int, each: int | None = None, place_N: NDArray | None = None
) -> NDArray[np.int64]:
    """Chosen rows, the same number from each group as far as it has them.

    >>> chosen = fair_share(np.array([0] * 50 + [1] * 3 + [2] * 50), 21)
    >>> np.bincount(np.array([0] * 50 + [1] * 3 + [2] * 50)[chosen]).tolist()
    [9, 3, 9]

    Args:
        group_N: the group of each row.
        most: rows in all.
        each: rows of one group, at most.
        place_N: a group gives the rows of its lowest values; without it, rows at random (seed 0).

    Returns:
        Rising rows; all of them where ``most`` and ``each`` allow.
    """
    if len(group_N) <= most and each is None:
        return np.arange(len(group_N))
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(group_N))
    if place_N is not None:
        shuffled = shuffled[np.argsort(place_N[shuffled], kind="stable")]
    order = shuffled[np.argsort(group_N[shuffled], kind="stable")]
    _, start, size = np.unique(group_N[order], return_index=True, return_counts=True)
    turn = np.arange(len(order)) - np.repeat(start, size)  # first of its group, second, ..
    if each is not None:
        order, turn = order[turn < each], turn[turn < each]
    # Who comes last in the round that is cut short is left to chance, not to the group's number.
    return np.sort(order[np.lexsort((rng.random(len(order)), turn))[:most]])
