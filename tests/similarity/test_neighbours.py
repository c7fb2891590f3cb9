"""Neighbours in angle space against loops over pairs; PCK by how many there are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.evaluation.by_bin import pck_by_support
from posesift.similarity import neighbours


def draw(seed, n, missing=0.15):
    rng = np.random.default_rng(seed)
    angles = rng.uniform(0, 180, (n, 5))
    angles[rng.random(angles.shape) < missing] = np.nan
    return angles


def distance(a, b):
    """Root mean square over the angles that both define; infinite below three of them."""
    both = [(x - y) ** 2 for x, y in zip(a, b, strict=True) if not math.isnan(x + y)]
    return math.sqrt(sum(both) / len(both)) if len(both) >= 3 else math.inf


@given(st.integers(0, 2**31), st.integers(1, 6))
@settings(max_examples=20)
def test_equal_the_definition(seed, k):
    angles, source = draw(seed, 9), draw(seed + 1, 30)
    pairs = np.array([[distance(a, b) for b in source] for a in angles])
    found, index = neighbours.nearest(angles, source, k)
    np.testing.assert_allclose(found, np.sort(pairs, 1)[:, :k], atol=1e-6)
    known = index >= 0
    np.testing.assert_array_equal(known, np.isfinite(found))
    rows = np.nonzero(known)[0]
    np.testing.assert_allclose(pairs[rows, index[known]], found[known], atol=1e-6)

    defined = (~np.isnan(angles)).sum(1) >= 3
    want = np.where(defined, (pairs <= 40).sum(1), -1)
    np.testing.assert_array_equal(neighbours.count_within(angles, source, 40), want)


def test_blocks_change_nothing(monkeypatch):
    angles, source = draw(1, 40), draw(2, 90)
    want = neighbours.nearest(angles, source, 4), neighbours.count_within(angles, source, 50)
    monkeypatch.setattr(neighbours, "_QUERIES", 7)
    monkeypatch.setattr(neighbours, "_REFERENCES", 3)  # fewer than k
    np.testing.assert_allclose(neighbours.nearest(angles, source, 4)[0], want[0][0], atol=1e-9)
    np.testing.assert_array_equal(neighbours.nearest(angles, source, 4)[1], want[0][1])
    np.testing.assert_array_equal(neighbours.count_within(angles, source, 50), want[1])


def test_the_same_pose_is_at_distance_zero():
    angles = draw(3, 50, missing=0)
    found, index = neighbours.nearest(angles, angles, 1)
    np.testing.assert_allclose(found, 0, atol=1e-5)
    np.testing.assert_array_equal(index[:, 0], np.arange(50))


def test_the_radius_is_inclusive():
    assert neighbours.count_within([[90.0] * 3], [[105.0] * 3, [105.1] * 3]).tolist() == [1]


def test_fewer_source_poses_than_asked_for():
    found, index = neighbours.nearest(draw(4, 3, 0), draw(5, 2, 0), 10)
    assert found.shape == index.shape == (3, 2)


def test_pck_by_support_by_hand():
    rows = pck_by_support([0, 0, 5, 9, 10, -1], [1, 0, 2, 4, 0, 9], [4, 4, 4, 4, 0, 9])
    assert [row["samples"] for row in rows] == [2, 2, 1, 0, 0]
    assert [row["pck"] for row in rows] == [12.5, 75, None, None, None]
    assert [(row["neighbours_low"], row["neighbours_high"]) for row in rows] == [
        (0, 0),
        (1, 9),
        (10, 99),
        (100, 999),
        (1000, None),
    ]


def test_far_apart_angles_lose_no_precision():
    # Near-copies of an extreme pose: the subtraction of large squares must not drown them.
    extreme = np.array([[180.0, 0.0, 180.0, 0.0, 180.0]])
    found, _ = neighbours.nearest(extreme, extreme + 1e-3, 1)
    assert found[0, 0] == pytest.approx(1e-3, rel=1e-3)
