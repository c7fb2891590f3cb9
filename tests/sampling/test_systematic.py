from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posesift.sampling import systematic

WEIGHTS = arrays(
    np.float64,
    st.integers(1, 40),
    elements=st.one_of(st.just(0.0), st.floats(1e-6, 1e6)),
).filter(lambda weights: weights.sum() > 0)


def capped_slowly(weights, limit):
    """Give the excess of the largest to all others until nobody exceeds the limit."""
    weights = np.array(weights) / np.sum(weights)
    held = np.zeros(len(weights), dtype=bool)
    while (weights > limit * (1 + 1e-12)).any():
        held |= weights > limit
        weights[held] = limit
        free = weights[~held].sum()
        weights[~held] *= (1 - limit * held.sum()) / free
    return weights


@given(WEIGHTS, st.floats(1.0, 20.0))
@settings(max_examples=50)
def test_capped_agrees_with_slow_redistribution(weights, multiple):
    limit = multiple / np.count_nonzero(weights)
    capped = systematic.capped(weights, limit)
    np.testing.assert_allclose(capped, capped_slowly(weights, limit), rtol=1e-9)
    assert capped.max() <= limit
    assert math.isclose(capped.sum(), 1, rel_tol=1e-9)


def test_capped_by_hand():
    # 70 + 20 + 5 + 5: the first is cut to 40, the others share 60 as 40 : 10 : 10; none exceeds.
    np.testing.assert_allclose(systematic.capped([70, 20, 5, 5], 0.4), [0.4, 0.4, 0.1, 0.1])


def test_capped_refuses_a_limit_that_cannot_be_kept():
    with pytest.raises(ValueError, match="at least 1 / 2"):
        systematic.capped([3, 1, 0], 0.4)


@given(WEIGHTS, st.integers(1, 500), st.integers(0, 2**32))
@settings(max_examples=50)
def test_counts_are_floor_or_ceil(weights, draws, seed):
    weights = systematic.normalised(weights)
    counts = systematic.counts(weights, draws, np.random.default_rng(seed))
    assert counts.sum() == draws
    assert (counts >= np.floor(weights * draws)).all()
    assert (counts <= np.ceil(weights * draws)).all()


@pytest.mark.parametrize("samples", [1, 3, 7, 49, 1000])
def test_equal_weights_draw_every_sample_equally(samples):
    weights = np.full(samples, 1 / samples)
    for seed in range(20):
        counts = systematic.counts(weights, 3 * samples, np.random.default_rng(seed))
        assert (np.abs(counts - 3) <= 1).all()
        assert counts.sum() == 3 * samples


def test_counts_are_unbiased():
    weights = systematic.normalised([0.05, 0.15, 0.3, 0.5])
    rng = np.random.default_rng(0)
    mean = np.mean([systematic.counts(weights, 7, rng) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(mean, weights * 7, atol=0.03)


def test_counts_agree_with_exact_arithmetic():
    """The definition: one offset, a mark each unit, counted in the cumulative fractions."""
    weights = systematic.normalised([3, 1, 5, 2, 2])
    for seed in range(50):
        offset = Fraction(np.random.default_rng(seed).random())
        ladder, expected, before = Fraction(0), [], 0
        for weight in weights:
            share = Fraction(float(weight)) * 10
            ladder += share - math.floor(share)
            steps = math.floor(ladder + offset)
            expected.append(math.floor(share) + steps - before)
            before = steps
        counts = systematic.counts(weights, 10, np.random.default_rng(seed))
        assert counts.tolist() == expected


def test_draw_is_shuffled_and_complete():
    drawn = systematic.draw(np.full(200, 1 / 200), 200, np.random.default_rng(1))
    assert (np.diff(drawn) < 0).sum() > 60
    assert sorted(drawn.tolist()) == list(range(200))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.0, 0.0], "all 2 weights of mine are zero"),
        ([1.0, -1.0], "first of them -1.0 at sample 1"),
        ([1.0, np.nan], "first of them nan at sample 1"),
        ([], r"found shape \(0,\) in mine"),
        ([[1.0]], r"found shape \(1, 1\) in mine"),
    ],
)
def test_bad_weights_are_named(weights, message):
    with pytest.raises(ValueError, match=message):
        systematic.normalised(weights, "mine")


def test_normalised_survives_any_unit():
    np.testing.assert_allclose(systematic.normalised([1e308, 1e308, 1e308]), 1 / 3)
    np.testing.assert_allclose(systematic.normalised([5e-324, 0]), [1, 0])


def test_where_rounding_says_that_nothing_fits_all_are_equal():
    """A limit of a hair below 1 / 3 for three samples: each gets it, and none is left behind."""
    limit = 1 / 3 - 1e-10
    assert systematic.capped(np.array([4.0, 3.0, 3.0]), limit).tolist() == [limit] * 3
