from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from tests.difficulty.skeletal import poses

from posesift.difficulty import bins, checks, scorers

TIED = arrays(np.float64, 30, elements=st.integers(0, 6).map(float))


@given(TIED, TIED)
@settings(max_examples=50)
def test_ranks_and_spearman_are_those_of_scipy(a, b):
    np.testing.assert_allclose(checks.average_ranks(a), stats.rankdata(a))
    if np.ptp(a) and np.ptp(b):
        assert checks.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
    else:
        assert checks.spearman(a, b) == 0


@given(TIED, arrays(np.bool_, 30))
@settings(max_examples=50)
def test_auc_counts_the_pairs(score, rare):
    pairs = [(x > y) + 0.5 * (x == y) for x in score[rare] for y in score[~rare]]
    auc = checks.rare_mode_auc(score, rare)
    assert auc is None if not pairs else auc == pytest.approx(np.mean(pairs))


def test_collapse_is_seen():
    table = poses(500, rare_share=0.2)
    mean_distance = scorers.fit(table, "mean-distance").score(table)
    options = {"width": 32, "steps": 150}
    alive = scorers.fit(table, **options).scores(table)["reconstruction"]
    assert checks.collapse(alive, mean_distance) is None
    dead = scorers.fit(table, kl_weight=100, **options).scores(table)["reconstruction"]
    assert "collapsed" in checks.collapse(dead, mean_distance)
    assert checks.collapse(mean_distance, mean_distance) is not None


def test_noise_is_seen():
    assert checks.noise(0.95) is None
    assert "rank correlation of 0.71" in checks.noise(0.71)


@pytest.mark.parametrize("method", scorers.METHODS)
def test_a_score_without_a_seed_is_not_told_to_take_one(method):
    said = checks.noise(0.5, method)
    assert ("--method pca" in said) == (method in ("elbo", "reconstruction"))
    assert (f"{method} does not depend on a seed" in said) == (
        method not in ("elbo", "reconstruction")
    )


def test_fewer_poses_are_warned_about_more_loudly():
    assert checks.few(40, 10, fitted_here=True) is None
    said = [checks.few(n, n // 4, fitted_here=True) for n in (39, 26, 25, 13, 12, 3)]
    assert ["are few for a score" in text for text in said] == [True] * 2 + [False] * 4
    assert ["too few for a score" in text for text in said] == [False] * 2 + [True] * 2 + [
        False
    ] * 2
    assert ["THIS IS NO SCORE" in text for text in said] == [False] * 4 + [True] * 2
    for n, text in zip((39, 26, 25, 13, 12, 3), said, strict=True):
        assert re.search(rf"\b{n} poses\b", text)
        assert "--scorer" in text
    by_another = checks.few(12, 3, fitted_here=False)
    assert "12 poses in 3 bins" in by_another
    assert "--scorer" not in by_another
    assert "1 pose in 1 bin:" in checks.few(1, 1, fitted_here=False)


def test_a_set_is_another_domain_where_most_of_it_is_beyond_the_fit():
    assert checks.beyond_source(50, 100, "a") is None
    said = checks.beyond_source(51, 100, "csv:a.csv")
    assert said.startswith("51 of 100 poses (51 %) are harder than 90 % of csv:a.csv, which the")


def test_the_second_fit_sees_one_half_and_is_compared_on_the_other():
    table = poses(901)
    first = scorers.fit(table, "elbo", steps=60, width=32, seed=5)
    second = checks.second_fit(table, first)
    assert len(second.unseen) == 450
    assert second.scorer.seed == 6
    assert second.scorer.model.facts()["width"] == 32
    assert second.scorer.fitted_on["samples"] == 451
    seen, rows = checks.halves(901, 6)
    assert sorted([*seen, *rows]) == list(range(901))
    rest = table.select(rows)
    np.testing.assert_array_equal(rest.keypoints_NK2, second.unseen.keypoints_NK2)
    for name in ("elbo", "reconstruction"):
        agreement = checks.spearman(first.scores(rest)[name], second.scorer.scores(rest)[name])
        assert second.agreement[name] == agreement
        np.testing.assert_array_equal(second.scores[name], second.scorer.scores(rest)[name])
    assert checks.second_fit(table, scorers.fit(table, "pca")).agreement["pca"] > 0.9


def test_box_side():
    box = np.array([[0, 0, 10, 20], [0, 0, 50, 10], [0, 0, 5, 4]], dtype=np.float32)
    assert checks.box_side_correlation(np.array([2.0, 1.0, 3.0]), box) == 1
    assert checks.box_side_correlation(np.array([2.0, 3.0, 1.0]), box) == -1


def test_both_variations_rise_with_the_bin_of_a_heavy_tail():
    table = poses(3000, rare_share=0.1)
    first = scorers.fit(table, "knn")
    second = checks.second_fit(table, first)
    score = second.scorer.score(table)
    edges = bins.bin_edges(score, 10)
    rows = bins.variation(
        score,
        bins.assign(score, edges),
        second.scorer.points(table),
        table.visible_NK,
        edges=edges,
        held_out_N=np.isin(np.arange(3000), checks.halves(3000, second.scorer.seed)[1]),
        rare_N=table.rare_N,
    )
    assert bins.variation_spearman(rows)["score"] == 1
    assert rows[-1]["covariance_trace"] > 3 * rows[0]["covariance_trace"]
    assert rows[-1]["rare_share"] > 0.5 > rows[0]["rare_share"]
