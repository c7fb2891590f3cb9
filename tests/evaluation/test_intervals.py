"""Intervals: against scipy and by hand; coverage over images; what cannot be known is None."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from posesift.evaluation import intervals

VALUES = st.lists(st.floats(-100, 100), min_size=3, max_size=10)


@given(VALUES)
@settings(max_examples=30)
def test_mean_interval_is_the_t_interval(values):
    found = intervals.mean_interval(values)
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    if error > 1e-9:
        want = stats.t.interval(0.95, len(values) - 1, np.mean(values), error)
        assert (found.low, found.high) == pytest.approx(want)
    assert found.mean == pytest.approx(np.mean(values))


def test_paired_interval_by_hand():
    # Differences 1, 2, 3: mean 2, standard error 1 / sqrt(3), t(0.975, 2) = 4.302653.
    found = intervals.paired_interval([3.0, 4.0, 6.0], [2.0, 2.0, 3.0])
    assert found.mean == 2
    assert found.half_width == pytest.approx(4.302653 / np.sqrt(3), abs=1e-6)
    assert found.low == pytest.approx(2 - found.half_width)
    assert found.high == pytest.approx(2 + found.half_width)
    # P(|T| > 2 sqrt(3)) with 2 degrees of freedom has the closed form 1 - t / sqrt(2 + t^2).
    t = 2 * np.sqrt(3)
    assert found.p == pytest.approx(1 - t / np.sqrt(2 + t * t))


def test_pairing_removes_what_the_seeds_share():
    seeds = np.array([0.0, 10.0, 20.0, 30.0])
    found = intervals.paired_interval(seeds + np.array([1.0, 1.1, 0.9, 1.0]), seeds)
    assert found.low > 0.8
    assert found.high < 1.2
    assert found.p < 0.001


def test_one_seed_has_no_bounds():
    assert intervals.mean_interval([4.0]) == (4, None, None)
    assert intervals.paired_interval([4.0], [3.0]) == (1, None, None, None, None)


def test_equal_differences_leave_no_spread():
    assert intervals.paired_interval([1.0, 2.0], [1.0, 2.0]) == (0, 0, 0, 0, 1)
    assert intervals.paired_interval([2.0, 3.0], [1.0, 2.0]) == (1, 1, 1, 0, 0)


def test_holm_by_hand():
    # Sorted 0.005, 0.011, 0.02, 0.04 times 4, 3, 2, 1 = 0.02, 0.033, 0.04, 0.04.
    found = intervals.holm([0.011, 0.02, 0.04, 0.005])
    assert found == pytest.approx([0.033, 0.04, 0.04, 0.02])
    assert intervals.holm([0.6, 0.5, None]) == [1, 1, None]
    assert intervals.holm([0.01, 0.011, 0.5]) == pytest.approx([0.03, 0.03, 0.5])  # monotone
    assert intervals.holm([]) == []


def images(rng, n, share=0.7, spread=0.25):
    """Keypoints of one image share a chance of being right, as they do in life."""
    counted = rng.integers(0, 13, n)
    chance = np.clip(rng.normal(share, spread, n), 0, 1)
    return rng.binomial(counted, chance), counted


def test_ratio_interval_keeps_the_images_together():
    correct, counted = images(np.random.default_rng(0), 300)
    low, high = intervals.ratio_interval(correct, counted)
    share = 100 * correct.sum() / counted.sum()
    naive = 100 * 1.96 * np.sqrt(share / 100 * (1 - share / 100) / counted.sum())
    assert low < share < high
    assert (high - low) / 2 > 1.3 * naive  # the binomial formula takes keypoints for images
    resampled = intervals.bootstrap_interval(correct, counted)
    assert (low, high) == pytest.approx(resampled, abs=0.7)


def test_the_bootstrap_is_that_of_images_drawn_one_by_one():
    correct, counted = images(np.random.default_rng(2), 40)
    correct, counted = correct[counted > 0], counted[counted > 0]
    rng, n = np.random.default_rng(3), len(counted)
    index_DN = rng.integers(0, n, (40_000, n))
    share_D = 100 * correct[index_DN].sum(1) / counted[index_DN].sum(1)
    found = intervals.bootstrap_interval(correct, counted, draws=40_000)
    # a 2.5 % quantile of 40,000 draws has a standard error of 0.013 spreads
    assert found == pytest.approx(np.quantile(share_D, [0.025, 0.975]), abs=0.08 * share_D.std())


def test_ratio_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    correct, counted = images(rng, 400_000)
    truth = 100 * correct.sum() / counted.sum()
    hits = 0
    for _ in range(400):
        low, high = intervals.ratio_interval(*images(rng, 60))
        hits += low <= truth <= high
    assert 0.91 <= hits / 400 <= 0.985


def test_bounds_where_all_or_none_are_right():
    # Exact binomial for 10 images: 0.025 ** (1 / 10) = 69.15 %.
    assert intervals.ratio_interval([3] * 10, [3] * 10) == pytest.approx((69.15, 100), abs=0.01)
    assert intervals.ratio_interval([0] * 10, [3] * 10) == pytest.approx((0, 30.85), abs=0.01)


def test_too_few_images_have_no_interval():
    assert intervals.ratio_interval([2, 0, 0], [3, 0, 0]) is None
    assert intervals.bootstrap_interval([2], [3]) is None
    assert intervals.ratio_interval([], []) is None


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="found 3 and 2"):
        intervals.paired_interval([1, 2, 3], [1, 2])
    for values in ([], [1.0, np.nan]):
        with pytest.raises(ValueError, match="at least one value, all of them finite"):
            intervals.mean_interval(values)
