"""Difficulty of evaluation samples, and their quarters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posesift.evaluation import by_bin
from posesift.poses.table import PoseTable
from posesift.skeletons import load

BODY = load("body16")


def table(seed, n, **columns):
    rng = np.random.default_rng(seed)
    size = np.full(n, 64, np.int32)
    points = rng.uniform(0, 64, (n, 16, 2)).astype(np.float32)
    return PoseTable(BODY, points, np.ones((n, 16), bool), size, size, **columns)


def test_a_world_tells_its_own_density():
    rarity = np.arange(5, dtype=np.float32)
    found = by_bin.evaluation_difficulty(table(0, 5, neg_log_p_N=rarity), table(1, 5))
    np.testing.assert_array_equal(found, rarity)


def test_elsewhere_it_is_the_distance_to_source_poses():
    source = table(1, 200)
    target = source.select(np.arange(20))
    # Ten poses are moved, turned and scaled copies of source poses, the others are new.
    points = target.keypoints_NK2.copy()
    points[:10] = points[:10] @ np.array([[0, 2], [-2, 0]], np.float32) + 7
    points[10:] = table(2, 10).keypoints_NK2
    target = replace(target, keypoints_NK2=points)
    angles = by_bin._angles(target), by_bin._angles(source)
    nearest = by_bin.angle_rarity(*angles, neighbours=1)
    np.testing.assert_allclose(nearest[:10], 0, atol=1e-2)
    assert nearest[10:].min() > 5
    found = by_bin.evaluation_difficulty(target, source)
    np.testing.assert_array_equal(found, by_bin.angle_rarity(*angles))
    assert found[:10].mean() < found[10:].mean()


def test_undefined_poses_have_no_difficulty():
    target = table(0, 3)
    target.visible_NK[1, 2:] = False
    found = by_bin.evaluation_difficulty(target, table(1, 50))
    assert np.isnan(found).tolist() == [False, True, False]


def test_rarity_is_the_mean_over_the_nearest():
    source = [[90.0] * 3, [100.0] * 3, [120.0] * 3, [0.0] * 3]
    assert by_bin.angle_rarity([[90.0] * 3], source, neighbours=3).tolist() == pytest.approx(
        [(0 + 10 + 30) / 3], abs=1e-4
    )


def test_large_sources_are_capped_the_same_way_every_time():
    angles, source = np.random.default_rng(0).uniform(0, 180, (2, 300, 12))
    found = by_bin.angle_rarity(angles, source, cap=100)
    np.testing.assert_array_equal(found, by_bin.angle_rarity(angles, source, cap=100))
    assert (found > by_bin.angle_rarity(angles, source)).mean() > 0.95  # fewer are further away


def test_a_source_without_angles_gives_no_difficulty():
    assert np.isnan(by_bin.angle_rarity(np.ones((2, 12)), np.full((3, 12), np.nan))).all()


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="pass the source's pose table as reference"):
        by_bin.evaluation_difficulty(table(0, 3))
    hand = load("hand21")
    size = np.full(1, 64, np.int32)
    other = PoseTable(hand, np.zeros((1, 21, 2), np.float32), np.ones((1, 21), bool), size, size)
    with pytest.raises(ValueError, match="share a skeleton"):
        by_bin.evaluation_difficulty(table(0, 3), other)


def test_quarters_hold_equal_shares_in_rising_order():
    difficulty = np.random.default_rng(0).normal(size=101)
    difficulty[7] = np.nan
    bin_N, edges = by_bin.quantile_bins(difficulty)
    assert bin_N[7] == -1
    assert np.bincount(bin_N[bin_N >= 0]).tolist() == [25, 25, 25, 25]
    for number in range(3):
        below, above = difficulty[bin_N == number], difficulty[bin_N == number + 1]
        assert below.max() <= edges[number + 1] <= above.min()


def test_too_few_distinct_difficulties_make_no_bins():
    assert by_bin.quantile_bins([1, 1, 2, 3, np.nan]) is None
    assert by_bin.quantile_bins([1, 2, 3, 4]) is not None
