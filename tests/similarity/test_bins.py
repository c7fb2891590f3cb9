"""Bin similarity in one pass against the mean over all pairs."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.evaluation.evalpose import evalpose_100
from posesift.poses.angles import AngleStatistics
from posesift.similarity import bins as similarity

STATISTICS = AngleStatistics(np.linspace(80, 140, 6), np.linspace(20, 50, 6))


def draw(seed, n=24, bins=3, missing=0.03):
    rng = np.random.default_rng(seed)
    angles = rng.uniform(0, 180, (n, 6))
    angles[rng.random(angles.shape) < missing] = np.nan
    return angles, rng.integers(0, bins, n)


def by_pairs(angles, bin_N, bins):
    """Mean cosine over all pairs of two different poses, one pair at a time."""
    matrix = np.full((bins, bins), np.nan)
    vectors = (angles - STATISTICS.mean_A) / STATISTICS.spread_A
    for a in range(bins):
        for b in range(bins):
            cosines = []
            for i in np.flatnonzero(bin_N == a):
                for j in np.flatnonzero(bin_N == b):
                    u, v = vectors[i], vectors[j]
                    if i != j and not (np.isnan(u).any() or np.isnan(v).any()):
                        cosines.append(u @ v / math.sqrt(u @ u) / math.sqrt(v @ v))
            if cosines:
                matrix[a, b] = np.mean(cosines)
    return matrix


@given(st.integers(0, 2**31))
@settings(max_examples=15)
def test_equals_the_mean_over_pairs(seed):
    angles, bin_N = draw(seed)
    found = similarity.bin_similarity(angles, bin_N, 4, STATISTICS)  # bin 3 is empty
    np.testing.assert_allclose(found.matrix_GG, by_pairs(angles, bin_N, 4), atol=1e-12)
    whole = ~np.isnan(angles).any(1)
    np.testing.assert_array_equal(found.used_G, np.bincount(bin_N[whole], minlength=4))
    np.testing.assert_array_equal(found.left_out_G, np.bincount(bin_N[~whole], minlength=4))


@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 12))
@settings(max_examples=15)
def test_many_bins_share_rows_that_are_as_exact(seed, k, most):
    angles, bin_N = draw(seed, n=40, bins=k)
    before, similarity.MOST = similarity.MOST, most
    try:
        found = similarity.bin_similarity(angles, bin_N, k, STATISTICS)
    finally:
        similarity.MOST = before
    pairs = found.to_json()["bins"]
    assert len(pairs) <= most
    assert [b for first, last in pairs for b in range(first, last + 1)] == list(range(k))
    row_N = np.array([next(r for r, (a, z) in enumerate(pairs) if a <= b <= z) for b in bin_N])
    np.testing.assert_allclose(found.matrix_GG, by_pairs(angles, row_N, len(pairs)), atol=1e-12)
    assert found.used_G.sum() + found.left_out_G.sum() == 40


def test_ten_thousand_bins_stay_small():
    angles, bin_N = draw(5, 30_000, bins=10_000)
    entry = similarity.bin_similarity(angles, bin_N, 10_000, STATISTICS).to_json()
    assert len(entry["matrix"]) == len(entry["bins"]) == 100
    assert entry["bins"][0] == [0, 99]
    assert entry["bins"][-1] == [9_900, 9_999]
    assert len(json.dumps(entry)) < 400_000


def test_up_to_a_hundred_bins_each_has_a_row():
    angles, bin_N = draw(6, 300, bins=100)
    found = similarity.bin_similarity(angles, bin_N, 100, STATISTICS)
    assert found.bins_G2.tolist() == [[b, b] for b in range(100)]


def test_chunks_change_nothing(monkeypatch):
    angles, bin_N = draw(1, 100)
    want = similarity.bin_similarity(angles, bin_N, 3, STATISTICS)
    monkeypatch.setattr(similarity, "_CHUNK", 7)
    found = similarity.bin_similarity(angles, bin_N, 3, STATISTICS)
    np.testing.assert_allclose(found.matrix_GG, want.matrix_GG, atol=1e-12)
    assert found.used_G.sum() == want.used_G.sum()


def test_the_cosine_is_that_of_evalpose():
    angles, _ = draw(2, 2, missing=0)
    found = similarity.bin_similarity(angles, [0, 1], 2, STATISTICS).matrix_GG[0, 1]
    assert 100 * max(0, found) == pytest.approx(
        evalpose_100(angles[:1], angles[1:], *STATISTICS)[0]
    )


def test_a_lone_pose_is_similar_to_nothing_known():
    angles, _ = draw(3, 3, missing=0)
    angles[2] = STATISTICS.mean_A  # no direction
    found = similarity.bin_similarity(angles, [0, 1, 1], 2, STATISTICS)
    assert np.isnan(np.diag(found.matrix_GG)).all()
    entry = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert entry["matrix"][0][0] is None
    assert entry["matrix"][0][1] == entry["matrix"][1][0]
    assert (entry["used"], entry["left_out"]) == (2, 1)


def test_copies_of_one_pose_are_wholly_alike():
    angles = np.repeat(draw(4, 1, missing=0)[0], 5, axis=0)
    found = similarity.bin_similarity(angles, [0, 0, 0, 1, 1], 2, STATISTICS)
    np.testing.assert_allclose(found.matrix_GG, 1)


@pytest.mark.parametrize("wrong", [-1, 2])
def test_a_bin_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="expected bins 0 to 1"):
        similarity.bin_similarity(np.ones((2, 6)), [0, wrong], 2, STATISTICS)
