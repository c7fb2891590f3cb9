"""Several sources in one batch: the same parts in every batch, resumable, shared by ranks."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

from posesift import MixSampler
from posesift.sampling import fixed, make
from posesift.sampling.shares import checked_ratios, shares

SIZES = {"synthetic": 40, "real": 10, "drawn": 7}
RATIOS = {"synthetic": 0.5, "real": 0.3, "drawn": 0.2}


def parts():
    rng = np.random.default_rng(0)
    hard = make("hard-mining", rng.lognormal(size=40))
    return {"synthetic": hard, "real": make("uniform", np.ones(10)), "drawn": fixed([1] * 6 + [0])}


def mixed(**more) -> MixSampler:
    return MixSampler(parts(), RATIOS, **{"draws": 400, "batch_size": 10, "seed": 3, **more})


def batches(sampler: MixSampler, size: int = 10) -> list[list[int]]:
    drawn = list(sampler)
    return [drawn[i : i + size] for i in range(0, len(drawn), size)]


def source_of(index: int) -> str:
    ends = np.cumsum(list(SIZES.values()))
    return list(SIZES)[int(np.searchsorted(ends, index, side="right"))]


def test_every_batch_holds_the_same_parts():
    found = batches(mixed())
    assert len(found) == 40
    for batch in found:
        names = [source_of(index) for index in batch]
        assert {name: names.count(name) for name in SIZES} == {
            "synthetic": 5, "real": 3, "drawn": 2,
        }  # fmt: skip
    assert 56 not in itertools.chain(*found), "a weight of 0"
    orders = {tuple(source_of(index) for index in batch) for batch in found}
    assert len(orders) > 20, "the order within a batch is shuffled"


def test_each_source_is_drawn_by_its_own_strategy():
    """A sample of weight w is drawn floor or ceil of its share in every round of the set's size."""
    draws = np.bincount([*mixed(draws=4000)], minlength=57)
    strategies = parts()
    begin = 0
    for name, size in SIZES.items():
        each = 4000 * RATIOS[name]
        expected = each * strategies[name].weights()
        rounds = np.ceil(each / size)
        assert (np.abs(draws[begin : begin + size] - expected) <= rounds).all()
        begin += size


@pytest.mark.parametrize("start", [0, 10, 37, 390, 400])
def test_it_goes_on_from_any_draw(start):
    whole = list(mixed())
    sampler = mixed(start=start)
    assert list(sampler) == whole[start:]
    assert len(sampler) == 400 - start


def test_ranks_share_out_the_same_batches():
    whole = batches(mixed())
    ranks = [batches(mixed(rank=rank, ranks=2), 5) for rank in range(2)]
    assert [a + b for a, b in zip(*ranks, strict=True)] == whole
    for start in (0, 100):
        assert [*mixed(rank=1, ranks=2, start=start)] == [*itertools.chain(*ranks[1])][start // 2 :]


def test_seeds_and_epochs_draw_anew():
    sampler = mixed()
    first = list(sampler)
    assert first == list(mixed())
    assert first != list(mixed(seed=4))
    sampler.set_epoch(1)
    assert first != list(sampler)


def test_sources_do_not_share_their_chance():
    """Two sources with the same strategy are not drawn in step."""
    alike = {"a": make("uniform", np.ones(50)), "b": make("uniform", np.ones(50))}
    sampler = MixSampler(alike, {"a": 0.5, "b": 0.5}, draws=100, batch_size=2)
    pairs = [sorted(batch) for batch in batches(sampler, 2)]
    assert any(b - 50 != a for a, b in pairs)


def test_it_counts_as_concatenated_sets_do():
    import torch

    sets = [TensorDataset(torch.full((size, 1), n)) for n, size in enumerate(SIZES.values())]
    loader = DataLoader(ConcatDataset(sets), batch_size=10, sampler=mixed())
    for (batch,) in loader:
        assert torch.bincount(batch.flatten()).tolist() == [5, 3, 2]


def test_a_curriculum_among_them_follows_the_stage():
    rising = make("curriculum", np.arange(40.0))
    sampler = MixSampler(
        {"a": rising, "b": make("uniform", [1.0])}, {"a": 0.9, "b": 0.1}, draws=1000, batch_size=10
    )
    found = [index for index in sampler if index < 40]
    assert max(found[:100]) < max(found[-100:]) == 39


@pytest.mark.parametrize(
    ("ratios", "more", "told"),
    [
        ({"synthetic": 0.5, "real": 0.5}, {}, "a ratio for each of synthetic, real, drawn"),
        ({**RATIOS, "drawn": 0.3}, {}, "sum to 1, found .* sum 1.1"),
        ({**RATIOS, "real": -0.3, "drawn": 0.8}, {}, "ratios above 0"),
        (RATIOS, {"batch_size": 2, "draws": 4}, "holds none of drawn at drawn = 0.2.* of 5 or"),
        (RATIOS, {"draws": 401}, "draws that batch_size divides"),
        (RATIOS, {"ranks": 3}, "a batch_size that 3 divides"),
        (RATIOS, {"start": 500}, "0 <= start <= draws"),
    ],
)
def test_what_does_not_fit_is_told(ratios, more, told):
    with pytest.raises(ValueError, match=told):
        MixSampler(parts(), ratios, **{"draws": 400, "batch_size": 10, **more})


def test_the_summary_says_what_a_batch_holds():
    lines = mixed().summary().splitlines()
    assert lines[0] == "each batch of 10: 5 synthetic, 3 real, 2 drawn"
    assert "1 never drawn" in lines[3]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6), st.integers(0, 10_000))
def test_shares_add_up_and_are_off_by_less_than_one(parts_S, total):
    whole = sum(parts_S)
    ratios = {str(i): part / whole for i, part in enumerate(parts_S)}
    found = shares(checked_ratios(ratios, list(ratios)), total)
    assert sum(found.values()) == total
    for name, part in zip(ratios, parts_S, strict=True):
        assert abs(found[name] - Fraction(part * total, whole)) < 1
