from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posesift import sampling
from posesift.sampling.rules import log_width_bins

SCORES = arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1e4, width=32))
RISING = ("uniform", "linear", "quadratic", "top")  # never prefer an easier sample
FALLING = ("curriculum", "easy")


def heavy_tail(n=4000, seed=0):
    return np.random.default_rng(seed).lognormal(0, 0.8, n)


# --- what holds for all ---------------------------------------------------------------------------


@given(st.sampled_from(sampling.NAMES), SCORES, st.floats(0, 1), st.integers(1, 12))
@settings(max_examples=50)
def test_weights_are_a_distribution(name, scores, t, k):
    weights = sampling.make(name, scores, k=k, seed=3).weights(t)
    assert weights.dtype == np.float64
    assert weights.shape == scores.shape
    assert (weights >= 0).all()
    assert math.isclose(weights.sum(), 1, rel_tol=1e-9)


@given(st.sampled_from(RISING + FALLING), SCORES, st.floats(0, 1))
@settings(max_examples=50)
def test_weights_follow_the_score(name, scores, t):
    order = np.argsort(scores, kind="stable")
    steps = np.diff(sampling.make(name, scores).weights(t)[order])
    assert (steps <= 1e-15).all() if name in FALLING else (steps >= -1e-15).all()


@given(
    st.sampled_from([n for n in sampling.NAMES if n not in ("shuffled", "random-pacing")]),
    arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, 9.0])),
    st.floats(0, 1),
)
@settings(max_examples=50)
def test_equal_scores_have_equal_weights(name, scores, t):
    weights = sampling.make(name, scores).weights(t)
    for score in np.unique(scores):
        assert np.ptp(weights[scores == score]) < 1e-12


@pytest.mark.parametrize("name", sampling.NAMES)
def test_equal_scores_everywhere_are_drawn_uniformly(name):
    for t in (0.0, 0.5, 1.0):
        np.testing.assert_allclose(sampling.make(name, np.ones(7)).weights(t), 1 / 7)


@pytest.mark.parametrize("name", sampling.NAMES)
def test_the_order_of_the_samples_means_nothing_but_to_the_random_controls(name):
    scores = heavy_tail(300)
    order = np.random.default_rng(1).permutation(300)
    there = sampling.make(name, scores).weights(0.4)[order]
    here = sampling.make(name, scores[order]).weights(0.4)
    assert np.allclose(there, here) != (name in ("shuffled", "random-pacing"))


# --- by hand --------------------------------------------------------------------------------------


def test_bins_by_hand():
    scores = [0.4, 0.1, 0.3, 0.2]  # two bins of equal count: 1, 0, 1, 0

    def weights(name, t=0.0, **options):
        return sampling.make(name, scores, k=2, **options).weights(t).round(6).tolist()

    assert weights("uniform") == [0.25] * 4
    assert weights("linear") == [0.333333, 0.166667, 0.333333, 0.166667]
    assert weights("quadratic") == [0.4, 0.1, 0.4, 0.1]
    assert weights("top") == [0.5, 0, 0.5, 0]
    assert weights("curriculum", 0.0) == [0, 0.5, 0, 0.5]
    assert weights("curriculum", 0.6) == [0.25] * 4


def test_tempered_by_hand():
    # 27 scores of 1, 8 of 10 and 1 of 100: three log-width bins; a = 2/3 gives 1/9, 1/4 and 1.
    scores = np.repeat([1.0, 10.0, 100.0], [27, 8, 1])
    options = {"a": 2 / 3, "width_bins": 3, "winsorise": 1.0}
    raw = np.repeat([1 / 9, 1 / 4, 1.0], [27, 8, 1])  # sums to 3 + 2 + 1
    free = sampling.make("tempered", scores, cap=math.inf, **options).weights()
    np.testing.assert_allclose(free, raw / 6)
    # Mean weight 1/36; a cap of 3 allows 1/12, and the rest share 11/12 as 3 : 2.
    held = sampling.make("tempered", scores, cap=3, **options).weights()
    expected = np.repeat([3 / 5 * 11 / 12 / 27, 2 / 5 * 11 / 12 / 8, 1 / 12], [27, 8, 1])
    np.testing.assert_allclose(held, expected)
    flat = sampling.make("flatten", scores, width_bins=3, winsorise=1.0).weights()
    np.testing.assert_allclose(flat, np.repeat([1 / 81, 1 / 24, 1 / 3], [27, 8, 1]))


def test_curriculum_by_the_printed_formula():
    bins = np.arange(25)
    strategy = sampling.make("curriculum", bins.astype(float), bins=bins)
    for t in np.linspace(0, 1, 41):
        g = min(1, 0.3 + 0.7 * t / 0.6)
        allowed = bins <= math.ceil(round(25 * g, 9)) - 1
        np.testing.assert_allclose(strategy.weights(t), allowed / allowed.sum())
    ten = sampling.make("curriculum", np.arange(10.0))
    assert np.count_nonzero(ten.weights(0.0)) == 3


def test_curriculum_then_hard_changes_over_when_all_bins_are_in():
    scores = heavy_tail(500)
    strategy = sampling.make("curriculum-then-hard", scores)
    easy_first = sampling.make("curriculum", scores)
    np.testing.assert_array_equal(strategy.weights(0.59), easy_first.weights(0.59))
    hard = sampling.make("hard-mining", scores).weights()
    np.testing.assert_allclose(strategy.weights(0.6), hard)
    np.testing.assert_allclose(strategy.weights(1.0), hard)


# --- hard mining and its controls -----------------------------------------------------------------


def test_hard_mining_prefers_the_tail_and_keeps_its_cap():
    scores = heavy_tail()
    weights = sampling.make("hard-mining", scores).weights()
    hardest, typical = scores > np.quantile(scores, 0.97), np.abs(scores - 1) < 0.3
    assert weights[hardest].mean() > 4 * weights[typical].mean()
    assert sampling.largest_weight(weights) <= 5 + 1e-9
    assert sampling.make("tempered", scores).weights().tolist() == weights.tolist()


def test_flatten_gives_each_bin_the_same_mass():
    scores = heavy_tail()
    bins = log_width_bins(scores, 10, 0.995)
    mass = np.bincount(bins, sampling.make("flatten", scores).weights())
    np.testing.assert_allclose(mass, 0.1)


def test_one_outlier_changes_little():
    scores = heavy_tail()
    before = sampling.make("hard-mining", scores).weights()
    scores[0] = 1e9
    after = sampling.make("hard-mining", scores).weights()
    assert np.abs(after - before)[1:].sum() < 0.02


def test_the_controls_have_hard_minings_weights_on_other_samples():
    scores = heavy_tail()
    hard = sampling.make("hard-mining", scores).weights()
    easy = sampling.make("easy", scores).weights()
    shuffled = sampling.make("shuffled", scores, seed=1).weights()
    np.testing.assert_allclose(np.sort(easy), np.sort(hard))
    np.testing.assert_allclose(np.sort(shuffled), np.sort(hard))
    assert abs(np.corrcoef(np.argsort(np.argsort(scores)), shuffled)[0, 1]) < 0.06
    order = np.argsort(scores)
    np.testing.assert_allclose(easy[order], np.sort(hard)[::-1])
    again = sampling.make("shuffled", scores, seed=1).weights()
    np.testing.assert_array_equal(shuffled, again)
    assert (sampling.make("shuffled", scores, seed=2).weights() != shuffled).any()


def test_random_pacing_has_the_pace_of_a_curriculum_on_any_samples():
    scores = heavy_tail(1000)
    for t in (0.0, 0.2, 0.4, 0.7):
        paced = sampling.make("curriculum", scores).weights(t) > 0
        randomly = sampling.make("random-pacing", scores).weights(t) > 0
        assert paced.sum() == randomly.sum()
        if t < 0.6:
            assert abs(np.median(scores[randomly]) - np.median(scores)) < 0.15


def test_zero_scores_count_as_the_smallest():
    assert log_width_bins(np.array([0.0, 1.0, 10.0, 100.0]), 2, 1.0).tolist() == [0, 0, 1, 1]
    assert log_width_bins(np.zeros(3), 4, 0.995).tolist() == [0, 0, 0]


def test_curriculum_begins_with_the_easiest_bin_there_is():
    strategy = sampling.make("curriculum", [1.0, 2.0], bins=[8, 9], k=10)
    assert strategy.weights(0.0).tolist() == [1, 0]
    assert sampling.make("top", [1.0, 2.0], bins=[0, 1], k=10).weights().tolist() == [0, 1]


# --- subsets --------------------------------------------------------------------------------------


@given(SCORES, st.data())
@settings(max_examples=40)
def test_a_subset_has_n_different_samples_that_have_a_weight(scores, data):
    strategy = sampling.make(data.draw(st.sampled_from(sampling.NAMES)), scores)
    weights = strategy.weights(0.0)
    n = data.draw(st.integers(1, int((weights > 0).sum())))
    chosen = sampling.subset(strategy, n, seed=data.draw(st.integers(0, 99)))
    assert len(np.unique(chosen)) == n
    assert (weights[chosen] > 0).all()


def test_a_subset_follows_the_weights():
    scores = heavy_tail(3000)
    strategy = sampling.make("quadratic", scores)
    chosen = np.mean(
        [np.isin(np.arange(3000), sampling.subset(strategy, 300, seed)) for seed in range(200)], 0
    )
    bins = np.searchsorted(np.quantile(scores, np.arange(1, 10) / 10), scores, side="right")
    expected = 300 * strategy.weights()
    for b in range(10):
        drawn, mean = 200 * chosen[bins == b].sum(), 200 * expected[bins == b].sum()
        assert abs(drawn - mean) < 5 * math.sqrt(mean), "five deviations of independent draws"


@pytest.mark.parametrize("name", ["uniform", "hard-mining", "quadratic"])
def test_a_subset_does_not_follow_the_order_of_the_samples(name):
    """Five cameras in turn: each gets its share give or take chance, in every subset."""
    cameras, n = np.arange(2000) % 5, 400
    strategy = sampling.make(name, np.repeat(heavy_tail(400), 5))
    for seed in range(5):
        drawn = np.bincount(cameras[sampling.subset(strategy, n, seed)], minlength=5)
        deviation = math.sqrt(n * 0.2 * 0.8)  # of independent draws, which is more
        assert (np.abs(drawn - n / 5) < 5 * deviation).all(), drawn


def test_a_subset_is_a_function_of_its_seed():
    strategy = sampling.make("hard-mining", heavy_tail(300))
    one, same, other = (sampling.subset(strategy, 40, seed).tolist() for seed in (3, 3, 4))
    assert one == same != other
    assert sampling.subset(strategy, 40).tolist() == sampling.subset(strategy, 40, 0).tolist()


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sampling.make("hardmining", [1.0]), "did you mean 'hard-mining'"),
        (lambda: sampling.make("tempered", [1.0], alpha=1), "options a, width_bins, .*found alpha"),
        (lambda: sampling.make("linear", [1.0], a=1), r"options \(none\)"),
        (lambda: sampling.make("linear", [1.0, np.nan]), "1 values not finite"),
        (lambda: sampling.make("linear", []), r"found shape \(0,\)"),
        (lambda: sampling.make("tempered", [-1.0, 2.0]), "scores of 0 or more, found -1"),
        (lambda: sampling.make("linear", [1.0, 2.0], bins=[0]), "each of the 2 samples"),
        (lambda: sampling.make("linear", [1.0], bins=[3], k=2), "bin of 0 to 1"),
        (lambda: sampling.make("curriculum", [1.0], b=0), "found b = 0"),
        (lambda: sampling.make("uniform", [1.0]).weights(1.5), r"t in \[0, 1\], found 1.5"),
        (lambda: sampling.fixed([0, 0]), "all 2 weights of strategy 'fixed' are zero"),
        (lambda: sampling.subset(sampling.fixed([1, 1, 0]), 3), "subset of 1 to 2 samples"),
    ],
)
def test_mistakes_are_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_fixed_weights_stay_as_they_are():
    """What a caller writes into its weights changes neither the next ones nor those behind them."""
    own_N = np.array([1.0, 3.0])
    strategy = sampling.strategies.fixed(own_N)
    strategy.weights(0.0)[0] = 1.0
    own_N[0] = 9.0
    assert strategy.weights(0.0).tolist() == [0.25, 0.75]
    assert not np.asarray(strategy._weights(0.0)).flags.writeable


def test_a_strategy_says_what_it_is_and_begins_at_the_beginning():
    made = sampling.make("curriculum", [0.1, 0.2, 0.3, 0.4], k=4)
    assert (made.name, made.constant) == ("curriculum", False)
    np.testing.assert_array_equal(made.weights(), made.weights(0.0))
    assert not np.array_equal(made.weights(), made.weights(1.0))


def test_a_bin_beyond_the_last_is_refused():
    with pytest.raises(ValueError, match="bin"):
        sampling.make("linear", [0.1, 0.2], bins=[0, 2], k=2)
    sampling.make("linear", [0.1, 0.2], bins=[0, 1], k=2)
