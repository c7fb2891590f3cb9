from __future__ import annotations

import numpy as np
import pytest

from posesift.difficulty import bins, sketch

pytest.importorskip("datasketches")


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(0).lognormal(size=300_000).astype(np.float32)


def rank_errors(edges: np.ndarray, score_N: np.ndarray) -> np.ndarray:
    """By how large a share of all scores the inner edges miss their ranks."""
    k = len(edges) - 1
    below = np.searchsorted(np.sort(score_N), edges[1:-1]) / len(score_N)
    return np.abs(below - np.arange(1, k) / k)


@pytest.mark.parametrize("pieces", [1, 7])
def test_edges_are_scores_and_off_by_no_more_than_the_stated_rank_error(scores, pieces):
    whole = sketch.ScoreSketch()
    for part in np.array_split(scores, pieces):
        one = sketch.ScoreSketch()
        one.add(part)
        whole.merge(one)
    edges = whole.edges(25)
    assert np.isin(edges, scores).all()
    assert (edges[0], edges[-1]) == (scores.min(), scores.max())
    assert 0 < whole.rank_error < 0.001
    # 99 % confidence is of one quantile; three times the error is never met
    assert rank_errors(edges, scores).max() < 3 * whole.rank_error
    # the exact edges pass the same measure by one score at most
    assert rank_errors(bins.bin_edges(scores, 25), scores).max() <= 1 / len(scores)


def test_many_scores_are_cut_by_the_sketch_and_few_exactly(scores, monkeypatch):
    exact = bins.bin_edges(scores, 10)
    monkeypatch.setattr(bins, "EXACT_SCORES", len(scores) - 1)
    cut = bins.bin_edges(scores, 10)
    assert not np.array_equal(cut, exact)
    assert rank_errors(cut, scores).max() < 0.003
    monkeypatch.setattr(bins, "EXACT_SCORES", len(scores))
    np.testing.assert_array_equal(bins.bin_edges(scores, 10), exact)


def test_scores_that_repeat_are_cut_exactly(monkeypatch):
    scores = np.repeat(np.arange(30, dtype=np.float32), 1000)
    scores[:20_000] = 0
    exact = bins.bin_edges(scores, 10)
    monkeypatch.setattr(bins, "EXACT_SCORES", 100)
    np.testing.assert_array_equal(bins.bin_edges(scores, 10), exact)
    with pytest.raises(ValueError, match="as many as there are distinct scores"):
        bins.bin_edges(scores[:25_000], 90)


def test_without_the_package_quantiles_are_exact(scores, monkeypatch):
    exact = bins.bin_edges(scores, 10)
    monkeypatch.setattr(bins, "EXACT_SCORES", 100)
    monkeypatch.setattr(sketch, "available", lambda: False)
    np.testing.assert_array_equal(bins.bin_edges(scores, 10), exact)
