from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telling import assert_told
from torch.utils.data import DataLoader, Dataset

from posesift import sampling
from posesift.sampling.sampler import StrategySampler

SCORES = np.random.default_rng(0).lognormal(0, 0.8, 97)


def sampler(name="hard-mining", draws=960, batch_size=16, **options):
    return StrategySampler(
        sampling.make(name, SCORES), draws=draws, batch_size=batch_size, **options
    )


@given(st.sampled_from(sampling.NAMES), st.integers(0, 960), st.integers(0, 1000))
@settings(max_examples=50)
def test_resumes_at_any_draw(name, start, seed):
    whole = list(sampler(name, seed=seed))
    assert len(whole) == 960
    rest = sampler(name, seed=seed, start=start)
    assert list(rest) == whole[start:]
    assert len(rest) == 960 - start


@pytest.mark.parametrize("name", ["hard-mining", "curriculum"])
@pytest.mark.parametrize("ranks", [2, 4])
@pytest.mark.parametrize("start", [0, 160])
def test_ranks_share_out_the_same_global_batches(name, ranks, start):
    alone = np.reshape(list(sampler(name, start=start)), (-1, 16))
    shares = [list(sampler(name, rank=r, ranks=ranks, start=start)) for r in range(ranks)]
    together = np.concatenate([np.reshape(s, (-1, 16 // ranks)) for s in shares], axis=1)
    np.testing.assert_array_equal(together, alone)
    assert len(sampler(name, rank=1, ranks=ranks, start=start)) == len(shares[1])


def test_each_round_keeps_floor_or_ceil():
    one = sampler(draws=970)
    assert one.round_length == 97
    expected = one.strategy.weights() * 97
    for number in range(10):
        counts = np.bincount(one.round(number), minlength=97)
        assert (counts >= np.floor(expected)).all()
        assert (counts <= np.ceil(expected)).all()
    uniform = sampler("uniform", draws=291)
    assert (np.bincount(list(uniform)) == 3).all()


def test_a_changing_strategy_is_followed():
    easiest = np.argsort(np.argsort(SCORES)) < 30
    drawn = np.array(list(sampler("curriculum", draws=6400)))
    assert easiest[drawn[:96]].all()
    in_the_middle = drawn[3200:3300]
    assert 0.3 < easiest[in_the_middle].mean() < 0.6
    assert set(drawn[4200:].tolist()) == set(range(97))
    strategy = sampling.make("curriculum", SCORES)
    for done in range(0, 6400, 100):  # never a sample whose bin has not arrived yet
        arrived = strategy.weights((done + 100) / 6400) > 0
        assert arrived[drawn[done : done + 100]].all()


def test_draws_follow_the_weights():
    counts = np.bincount(list(sampler(draws=97_000, batch_size=1)), minlength=97)
    np.testing.assert_allclose(counts / 1000, sampler().strategy.weights() * 97, atol=0.06)


def test_seeds_and_epochs_draw_anew():
    first = list(sampler(seed=1))
    assert first == list(sampler(seed=1))
    assert first != list(sampler(seed=2))
    again = sampler(seed=1)
    again.set_epoch(1)
    assert first != list(again)
    again.set_epoch(0)
    assert first == list(again)


def test_feeds_a_data_loader():
    class Numbers(Dataset):
        def __getitem__(self, index):
            return index

        def __len__(self):
            return 97

    drawn = sampler()
    loader = DataLoader(Numbers(), batch_size=16, sampler=drawn)
    assert len(loader) == 60
    assert [int(i) for batch in loader for i in batch] == list(drawn)


def test_no_more_draws_than_asked_for():
    assert len(list(sampler(draws=5, batch_size=2))) == 5
    assert len(list(sampler(start=960))) == 0
    assert len(list(sampler("curriculum", draws=1, batch_size=1))) == 1


def test_summary_says_what_the_weights_do():
    text = sampler("top").summary()
    assert_told([text], "top|960|49 of 97|51 %|2.0|48 never drawn")
    assert_told([sampler("curriculum").summary()], "start|29 of 97|end|97 of 97|100 %")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 0}, "found draws = 0"),
        ({"start": 961}, "start = 961"),
        ({"rank": 2, "ranks": 2}, "rank = 2, ranks = 2"),
        ({"ranks": 3}, "on 3 ranks.*found batch_size = 16"),
        ({"ranks": 2, "draws": 950}, "draws = 950"),
        ({"ranks": 2, "start": 8}, "start = 8"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        sampler(**options)


def test_weights_that_become_zero_are_refused():
    class Silent:
        name = "silent"
        constant = True

        def weights(self, t=0.0):
            return np.zeros(4)

    with pytest.raises(ValueError, match="all 4 weights of strategy 'silent' are zero"):
        StrategySampler(Silent(), draws=4, batch_size=2)
