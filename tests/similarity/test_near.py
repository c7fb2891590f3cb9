"""Neighbours by products against a search tree, with pairs that float32 cannot tell apart.

Legend: N points, M others, A axes.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree

from posesift.similarity import near

RADIUS = 17.0


def points(axes: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Clumps far from the origin, and for each point another just inside or outside the radius."""
    rng = np.random.default_rng(seed)
    clumps = rng.normal(500, 90, (12, axes))[rng.integers(0, 12, count)]
    points_NA = clumps + rng.normal(0, 9, (count, axes))
    way_NA = rng.normal(size=(count, axes))
    way_NA /= np.linalg.norm(way_NA, axis=1, keepdims=True)
    length_N1 = RADIUS * (1 + 1e-9 * rng.choice([-1, 1], (count, 1)))
    return points_NA, (points_NA + length_N1 * way_NA)[rng.permutation(count)[: count // 3]]


@pytest.mark.parametrize("tile", [1, 7, 512])
@pytest.mark.parametrize("axes", [1, 4, 12])
def test_a_point_has_one_near_where_a_tree_finds_it(
    axes: int, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "_TILE", tile)
    monkeypatch.setattr(near, "_PRODUCTS", 5000)
    points_NA, others_MA = points(axes, 400, seed=axes)
    expected_N = KDTree(others_MA).query(points_NA)[0] <= RADIUS
    found_N = near.have_near(points_NA, others_MA, RADIUS)
    np.testing.assert_array_equal(found_N, expected_N)
    assert expected_N.any()
    assert axes == 1 or not expected_N.all()


@pytest.mark.parametrize("axes", [1, 4, 12])
def test_the_pairs_are_those_of_a_tree(axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_PRODUCTS", 20_000)
    all_NA = np.concatenate(points(axes, 200, seed=axes))
    expected = KDTree(all_NA).query_pairs(RADIUS)
    found_P2 = near.near_pairs(all_NA, RADIUS)
    assert sorted(map(tuple, found_P2.tolist())) == sorted(expected)


def test_a_point_alone_has_no_pair_and_nothing_is_near_to_it() -> None:
    assert near.near_pairs(np.zeros((1, 3)), 1.0).shape == (0, 2)
    assert near.have_near(np.zeros((1, 3)), np.full((1, 3), 9.0), 1.0).tolist() == [False]
