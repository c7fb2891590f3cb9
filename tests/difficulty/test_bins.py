from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posesift.difficulty import bins

SCORES = arrays(
    np.float32, st.integers(1, 80), elements=st.one_of(st.floats(0, 1e3, width=32), st.just(1.0))
)


@given(SCORES, st.data())
@settings(max_examples=50)
def test_quantile_bins_are_never_empty_and_as_even_as_ties_allow(scores, data):
    k = data.draw(st.integers(1, len(np.unique(scores))))
    edges = bins.bin_edges(scores, k)
    assert (np.diff(edges[:-1]) > 0).all()
    assert edges[-1] >= edges[-2]
    number = bins.assign(scores, edges)
    sizes = np.bincount(number, minlength=k)
    assert (sizes > 0).all()
    if len(np.unique(scores)) == len(scores):
        assert sizes.max() - sizes.min() <= 1
    for value in np.unique(scores):
        assert np.ptp(number[scores == value]) == 0
    order = np.argsort(scores)
    assert (np.diff(number[order]) >= 0).all()


@given(SCORES, st.sampled_from(["width", "log-width"]))
@settings(max_examples=30)
def test_width_bins_cover_all_scores(scores, binning):
    edges = bins.bin_edges(scores, 1, binning)
    assert edges.tolist() == [scores.min(), scores.max()]
    if len(np.unique(scores)) >= 4:
        edges = bins.bin_edges(scores, 4, binning)
        assert (np.diff(edges) >= 0).all()
        number = bins.assign(scores, edges)
        assert number[scores.argmin()] == 0
        assert number[scores.argmax()] == 3


def test_by_hand():
    assert bins.bin_edges([1, 2, 3, 4, 5, 6], 3).tolist() == [1, 3, 5, 6]
    assert bins.bin_edges([1, 1, 1, 1, 2, 3], 3).tolist() == [1, 2, 3, 3]
    assert bins.bin_edges([1, 2, 3, 3, 3, 3], 3).tolist() == [1, 2, 3, 3]
    assert bins.bin_edges([0, 1, 2, 10], 2, "width").tolist() == [0, 5, 10]
    np.testing.assert_allclose(bins.bin_edges([0, 1, 10, 100], 2, "log-width"), [0, 10, 100])
    assert bins.assign(np.float32([-5, 1, 3, 4.9, 5, 99]), [1, 3, 5, 6]).tolist() == [
        0,
        0,
        1,
        1,
        2,
        2,
    ]
    assert bins.assign([1.0], [1, 2]).dtype == np.int16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bins.bin_edges([1, 1, 2], 3), "expected 1 to 2 bins.*found k = 3"),
        (lambda: bins.bin_edges([1, 2], 0), "found k = 0"),
        (lambda: bins.bin_edges([1, 2], -3), "found k = -3. Ask for at least one bin"),
        (lambda: bins.bin_edges(np.arange(40_000), 32_768), "at most 32767 bins"),
        (lambda: bins.bin_edges([1, np.nan], 1), "1 values not finite"),
        (lambda: bins.bin_edges([], 1), r"shape \(0,\)"),
        (lambda: bins.bin_edges([1, 2], 1, "equal"), "quantile, width, log-width; found 'equal'"),
        (lambda: bins.bin_edges([-1, 2], 1, "log-width"), "of 0 or more, found -1"),
        (lambda: bins.assign([np.inf], [0, 1]), "1 values not finite"),
    ],
)
def test_mistakes_are_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_bins_by_default_never_hold_fewer_than_four_poses_where_there_are_four():
    default = [bins.default_k(n) for n in range(60_000)]
    assert all(n // k >= 4 for n, k in enumerate(default) if n >= 4)
    assert default == sorted(default)
    assert default[:4] == [1] * 4
    assert default[40:50_000] == [10] * 49_960
    assert default[50_000] == 25


def test_covariance_trace_is_that_of_numpy():
    points = np.random.default_rng(0).normal(size=(50, 4, 2))
    expected = np.trace(np.cov(points.reshape(50, -1), rowvar=False, ddof=0))
    assert bins.covariance_trace(points) == pytest.approx(expected)
    assert bins.covariance_trace(points[:7]) is None
    visible = np.random.default_rng(1).random((50, 4)) < 0.7
    visible[:, 3] = False  # a keypoint never seen counts as the average of the others
    spoilt = np.where(visible[..., None], points, 0)
    known = [points[visible[:, j], j].var(0).sum() for j in range(3)]
    assert bins.covariance_trace(spoilt, visible) == pytest.approx(np.mean(known) * 4)


@given(st.integers(1, 400), st.integers(1, 60))
@settings(max_examples=40)
def test_groups_cover_all_bins_in_order_and_evenly(k, most):
    pairs = bins.groups(k, most).tolist()
    assert [b for first, last in pairs for b in range(first, last + 1)] == list(range(k))
    sizes = [last - first + 1 for first, last in pairs]
    assert max(sizes) - min(sizes) <= 1
    assert len(pairs) <= most
    assert len(pairs) == k or k > most


def test_squared_distances_one_pose_at_a_time():
    rng = np.random.default_rng(3)
    points, visible = rng.normal(size=(20, 4, 2)), rng.random((20, 4)) < 0.7
    visible[0] = False  # says nothing, so it has no distance
    expected = []
    for pose, seen in zip(points[1:], visible[1:], strict=True):
        parts = [
            ((pose[j] - points[visible[:, j], j].mean(0)) ** 2).sum() for j in np.flatnonzero(seen)
        ]
        if parts:
            expected.append(np.mean(parts) * 4)
    np.testing.assert_allclose(bins.squared_distances(points, visible), expected)
    assert bins.squared_distances(points).mean() == pytest.approx(bins.covariance_trace(points))
    assert bins.squared_distances(points[:7]) is None
    assert bins.squared_distances(points, np.zeros((20, 4), bool)) is None


def test_variation_by_bin():
    rng = np.random.default_rng(0)
    score = np.sort(rng.lognormal(size=400)).astype(np.float32)
    edges = bins.bin_edges(score, 4)
    number = bins.assign(score, edges)
    points = rng.normal(size=(400, 5, 2)) * (1 + number[:, None, None])
    held_out = np.arange(400) % 2 == 0
    rare = number == 3
    rows = bins.variation(score, number, points, edges=edges, held_out_N=held_out, rare_N=rare)
    assert [row["bin"] for row in rows] == [0, 1, 2, 3]
    assert [row["samples"] for row in rows] == [100] * 4
    assert [row["rare_share"] for row in rows] == [0, 0, 0, 1]
    for b, row in enumerate(rows):
        inside = score[number == b].astype(float)
        assert row["q75"] == pytest.approx(np.quantile(inside, 0.75))
        assert row["mean"] == pytest.approx(inside.mean())
        assert (row["low"], row["high"]) == (edges[b], edges[b + 1])
        seen = points[(number == b) & held_out]
        expected = np.trace(np.cov(seen.reshape(50, -1), rowvar=False, ddof=0))
        assert row["covariance_trace"] == pytest.approx(expected)
        squared = ((seen - seen.mean(0)) ** 2).sum((1, 2))
        quantiles = np.quantile(squared, [0.05, 0.25, 0.5, 0.75, 0.95])
        np.testing.assert_allclose(row["spread"], quantiles)
    assert bins.variation_spearman(rows) == {"score": 1.0, "covariance": 1.0}
    falling = bins.variation(score, 3 - number, points)
    assert bins.variation_spearman(falling) == {"score": -1.0, "covariance": -1.0}


def test_an_empty_bin_has_no_statistics():
    rows = bins.variation(np.float32([1, 2]), np.array([0, 2]), np.zeros((2, 3, 2)))
    assert rows[1]["samples"] == 0
    assert rows[1]["q50"] is None
    assert rows[1]["mean"] is None
    assert rows[1]["covariance_trace"] is None
    assert rows[1]["spread"] is None
    assert bins.variation_spearman(rows) == {"score": None, "covariance": None}


@pytest.mark.parametrize("n", [7, 8])
def test_a_spread_of_poses_needs_eight(n):
    points_NK2 = np.random.default_rng(0).normal(size=(n, 3, 2))
    assert (bins.covariance_trace(points_NK2) is None) == (n < 8)
    assert (bins.squared_distances(points_NK2) is None) == (n < 8)


@pytest.mark.parametrize("seen", [0, 1, 2])
def test_a_keypoint_counts_from_two_poses_on(seen):
    """One that is seen less often counts as the average of the others."""
    points_NK2 = np.random.default_rng(1).normal(size=(9, 3, 2))
    visible_NK = np.ones((9, 3), bool)
    visible_NK[seen:, 2] = False
    variance_K = [
        points_NK2[visible_NK[:, k], k].var(axis=0).sum() for k in range(3) if seen or k < 2
    ]
    known = variance_K if seen >= 2 else variance_K[:2]
    assert bins.covariance_trace(points_NK2, visible_NK) == pytest.approx(3 * np.mean(known))
