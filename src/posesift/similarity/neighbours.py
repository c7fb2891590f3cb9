"""Support: how many source poses lie near a target pose, and the error where they do.

The poster's central claim is that models fail "despite having support for similar poses in the
source". This is how to look: count each target pose's neighbours among the source poses, report
PCK by that count, and show the nearest source poses of the failures.

Two poses are as far apart as the root mean square difference of the angles that both define, in
degrees; pairs that share fewer than `MINIMUM_ANGLES` are infinitely far apart. Like the
angle error this looks at the pose alone, not at its orientation, position or size.

Shapes: N target samples, M source samples, A angles, k neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.poses.angles import MINIMUM_ANGLES

RADIUS_DEG = 15.0
_QUERIES, _REFERENCES = 256, 2048  # a block of pairs: 4 MB in float64, which caches hold


def nearest(
    angles_NA: ArrayLike, source_MA: ArrayLike, k: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the k nearest source poses of each pose in angle space, exact, in blocks.

    Args:
        angles_NA: angles in degrees of the poses to look from, NaN = undefined.
        source_MA: angles of the source poses.
        k: how many; fewer when there are fewer source poses.

    Returns:
        Distances in degrees, rising, and source indices, both (N, k). Where a pose shares enough
        angles with too few source poses the distance is infinity and the index -1.

    >>> distance, index = nearest([[90, 90, 90]], [[0, 0, 0], [90, 90, 120], [80, 90, 100]], k=2)
    >>> distance.round(2).tolist(), index.tolist()
    ([[8.16, 17.32]], [[2, 1]])
    """
    query, source = np.asarray(angles_NA, np.float64), np.asarray(source_MA, np.float64)
    return nearest_of(mean_squares(query, source), len(query), min(k, len(source)))


def nearest_of(
    blocks: Iterator[tuple[slice, slice, NDArray[np.float64]]],
    queries: int,
    k: int,
    beyond_N: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the k smallest of each row of squared distances that come in blocks, as of `nearest`.

    ``beyond_N``, where given, is kept at the largest of the k so far, for whoever makes the blocks.
    """
    distance_Nk = np.full((queries, k), np.inf)
    index_Nk = np.full((queries, k), -1, np.int64)
    for rows, columns, square in blocks:
        here = _smallest(square, k)  # of the block; then of the block and all before it
        candidate = np.concatenate([distance_Nk[rows], np.take_along_axis(square, here, 1)], 1)
        number = np.concatenate([index_Nk[rows], here + columns.start], 1)
        best = _smallest(candidate, k)
        distance_Nk[rows] = np.take_along_axis(candidate, best, 1)
        index_Nk[rows] = np.take_along_axis(number, best, 1)
        if beyond_N is not None:
            beyond_N[rows] = distance_Nk[rows].max(axis=1)
    order = np.argsort(distance_Nk, axis=1, kind="stable")
    distance_Nk = np.sqrt(np.take_along_axis(distance_Nk, order, 1))
    index_Nk = np.take_along_axis(index_Nk, order, 1)
    return distance_Nk, np.where(np.isinf(distance_Nk), -1, index_Nk)


def count_within(
    angles_NA: ArrayLike, source_MA: ArrayLike, radius_deg: float = RADIUS_DEG
) -> NDArray[np.int64]:
    """How many source poses lie within ``radius_deg`` of each pose in angle space, (N,).

    Fifteen degrees of root mean square difference is a pose that a person would call similar,
    and the tolerance of `evalpose.angle_at`. All source poses are compared, in blocks. A pose
    with fewer than three angles has no place in angle space and gets -1.

    >>> count_within([[90, 90, 90], [np.nan] * 3], [[0, 0, 0], [90, 90, 100], [80, 90, 100]])
    array([ 2, -1])
    """
    query, source = np.asarray(angles_NA, np.float64), np.asarray(source_MA, np.float64)
    count_N = np.zeros(len(query), np.int64)
    for rows, _, square in mean_squares(query, source):
        count_N[rows] += (square <= radius_deg**2).sum(1)
    return np.where((~np.isnan(query)).sum(1) >= MINIMUM_ANGLES, count_N, -1)


def _smallest(value_NM: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Columns of the k smallest values of each row, in no order; all where there are fewer."""
    if k == 1:
        return value_NM.argmin(axis=1)[:, None]  # of equals the first
    k = min(k, value_NM.shape[1])
    return np.argpartition(value_NM, k - 1, axis=1)[:, :k]


def mean_squares(
    query_NA: NDArray[np.float64], source_MA: NDArray[np.float64]
) -> Iterator[tuple[slice, slice, NDArray[np.float64]]]:
    """Blocks of mean squared differences (rows, columns, block), infinite where undefined.

    With m = 1 where an angle is defined and 0 elsewhere, and undefined angles set to 0,
    ``sum m_q m_s (q - s)^2 = (q^2, m_q, -2 q) . (m_s, s^2, s)``: one matrix product. Angles are
    centred at 90 degrees first, so float64 keeps 1e-11 square degrees of what is subtracted.
    """
    query_known = ~np.isnan(query_NA)
    query = np.nan_to_num(query_NA - 90.0)
    left = np.concatenate([np.square(query), query_known, -2 * query], 1)
    angles = query.shape[1]
    for first in range(0, len(source_MA), _REFERENCES):
        columns = slice(first, min(first + _REFERENCES, len(source_MA)))
        source_known = ~np.isnan(source_MA[columns])
        source = np.nan_to_num(source_MA[columns] - 90.0)
        right = np.concatenate([source_known, np.square(source), source], 1).T
        for start in range(0, len(query), _QUERIES):
            rows = slice(start, min(start + _QUERIES, len(query)))
            square = np.maximum(left[rows] @ right, 0)
            if angles >= MINIMUM_ANGLES and query_known[rows].all() and source_known.all():
                yield rows, columns, square / angles
                continue
            shared = query_known[rows].astype(np.float64) @ source_known.T.astype(np.float64)
            mean = square / np.maximum(shared, 1)
            yield rows, columns, np.where(shared >= MINIMUM_ANGLES, mean, np.inf)
