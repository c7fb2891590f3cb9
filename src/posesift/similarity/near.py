"""Which points have a neighbour within a radius, exactly, by matrix products over tiles of space.

A search tree visits a point's surroundings one by one; in ten dimensions these are thousands of
points, of which a matrix product looks at a thousand in the time of a few visits. So points that
lie together are looked at together: queries in tiles, each beside what lies within the radius of
its box. Products are of float32; whatever they cannot tell from a neighbour is measured exactly.

Legend: N points, M others, C some of these, A axes, P pairs, T tiles.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_TILE = 512  # points
_PRODUCTS = 1 << 20  # held at a time: 4 MB
_ROUNDING = 2.0**-23  # of float32, twice: that of an operand and of an operation


def near_pairs(points_NA: NDArray[np.float64], radius: float) -> NDArray[np.int64]:
    """Return all pairs of points that lie within the radius, (P, 2), the first below the second.

    >>> near_pairs(np.array([[0.0], [5.0], [0.5]]), 1.0).tolist()
    [[0, 2]]
    """
    found = [
        np.stack([first_P, second_P], axis=1)[first_P < second_P]
        for first_P, second_P in _pairs(points_NA, points_NA, radius)
    ]
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def have_near(
    points_NA: NDArray[np.float64], others_MA: NDArray[np.float64], radius: float
) -> NDArray[np.bool_]:
    """Return which points (N,) have one of the others within the radius.

    Args:
        points_NA: the points; the first axes are best those along which they differ most.
        others_MA: others, on the same axes.
        radius: Euclidean.

    >>> have_near(np.array([[0.0], [5.0]]), np.array([[0.5], [9.0]]), 1.0).tolist()
    [True, False]
    """
    near_N = np.zeros(len(points_NA), bool)
    row_M, start_T = _tiles(others_MA)
    others_MA = others_MA[row_M]
    boxes = [(part.min(0), part.max(0)) for part in np.split(others_MA, start_T[1:])]
    low_TA, high_TA = (np.array(ends) for ends in zip(*boxes, strict=True))
    end_T = np.append(start_T[1:], len(others_MA))
    row_N, start_Q = _tiles(points_NA)
    for rows in np.split(row_N, start_Q[1:]):
        here_CA = points_NA[rows]
        low_A, high_A = here_CA.min(0), here_CA.max(0)
        gap_TA = np.maximum(np.maximum(low_TA - high_A, low_A - high_TA), 0)
        tiles = np.flatnonzero(np.square(gap_TA).sum(1) <= radius**2)
        if not len(tiles):
            continue
        there_CA = np.concatenate([others_MA[start_T[t] : end_T[t]] for t in tiles])
        gap_CA = np.maximum(np.maximum(low_A - there_CA, there_CA - high_A), 0)
        there_CA = there_CA[np.einsum("ca,ca->c", gap_CA, gap_CA) <= radius**2]
        for first_P, _ in _pairs(here_CA, there_CA, radius):
            near_N[rows[first_P]] = True
    return near_N


def _pairs(
    points_NA: NDArray[np.float64], others_MA: NDArray[np.float64], radius: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the numbers of points and of others that lie within the radius, all pairs compared.

    With ``-|p|^2 / 2`` and 1 beside a point, and the two swapped beside another, the product is
    minus half their squared distance.
    """
    if not len(others_MA):
        return
    centre_A = others_MA.mean(0)
    left, right = (_beside_squares(part - centre_A) for part in (points_NA, others_MA))
    right = right[:, [*range(right.shape[1] - 2), -1, -2]].T
    greatest = max(-float(left[:, -2].min()), -float(right[-1].min()))  # half a squared norm
    doubt = 4 * (len(right) + 2) * _ROUNDING * greatest
    least = np.float32(-(radius**2 / 2 + doubt))
    step = max(1, _PRODUCTS // len(points_NA))
    for first in range(0, len(others_MA), step):
        close = left @ right[:, first : first + step] >= least
        row_P, column_P = np.divmod(np.flatnonzero(close), close.shape[1])  # nonzero takes longer
        column_P += first
        apart_PA = points_NA[row_P] - others_MA[column_P]
        near_P = np.einsum("pa,pa->p", apart_PA, apart_PA) <= radius**2
        yield row_P[near_P], column_P[near_P]


def _beside_squares(points_NA: NDArray[np.float64]) -> NDArray[np.float32]:
    half_N1 = -np.einsum("na,na->n", points_NA, points_NA)[:, None] / 2
    return np.concatenate([points_NA, half_N1, np.ones_like(half_N1)], axis=1).astype(np.float32)


def _tiles(points_NA: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the points, those of a tile together, and where each tile begins.

    Halved, always across the axis of the longest side of what is left.
    """
    parts, done = [np.arange(len(points_NA))], []
    while parts:
        rows = parts.pop()
        if len(rows) <= _TILE:
            done.append(rows)
            continue
        here_CA = points_NA[rows]
        axis, half = int(np.argmax(np.ptp(here_CA, axis=0))), len(rows) // 2
        order_C = np.argpartition(here_CA[:, axis], half)
        parts += [rows[order_C[half:]], rows[order_C[:half]]]
    sizes = [len(rows) for rows in done]
    return np.concatenate(done), np.cumsum([0, *sizes[:-1]])
