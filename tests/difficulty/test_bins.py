from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
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


@given(SCORES, st.data())
def test_quantiles_are_those_of_all_scores_in_order(scores, data):
    in_order = np.sort(scores)
    value, before = np.unique(in_order, return_index=True)
    k = data.draw(st.integers(1, len(value)))
    found = bins.bin_edges(scores, k)
    assert [found[0], found[-1]] == [value[0], value[-1]]
    last = 0  # each bin begins at the nearest distinct score that leaves one to all the others
    for edge in range(1, k):
        wanted = np.searchsorted(before, edge * len(scores) / k)
        last = min(max(wanted, last + 1), len(value) - k + edge)
        assert found[edge] == value[last]


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


def slow_row(b, score, number, points, visible, edges, held_out, rare):
    """One bin's entry, sample by sample and keypoint by keypoint."""
    inside = [i for i in range(len(score)) if number[i] == b]
    scores = [float(score[i]) for i in inside]
    names = ("q05", "q25", "q50", "q75", "q95")
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    row = {"bin": b, "samples": len(inside)}
    row |= {
        n: np.quantile(scores, q) if inside else None for n, q in zip(names, levels, strict=True)
    }
    row["mean"] = sum(scores) / len(scores) if inside else None
    row["low"] = edges[b] if edges is not None else min(scores, default=None)
    row["high"] = edges[b + 1] if edges is not None else max(scores, default=None)
    row["rare_share"] = (
        sum(rare[i] for i in inside) / len(inside) if rare is not None and inside else None
    )
    poses = [i for i in inside if held_out is None or held_out[i]]
    keypoints = range(points.shape[1])
    seen = {k: [i for i in poses if visible is None or visible[i, k]] for k in keypoints}
    row["covariance_trace"] = row["spread"] = None
    if len(poses) < 8:
        return row
    mean = {k: points[seen[k], k].mean(0) if seen[k] else np.zeros(2) for k in keypoints}
    far = {(i, k): ((points[i, k] - mean[k]) ** 2).sum() for k in keypoints for i in seen[k]}
    variances = [np.mean([far[i, k] for i in seen[k]]) for k in keypoints if len(seen[k]) >= 2]
    if variances:
        row["covariance_trace"] = np.mean(variances) * len(keypoints)
    of_pose = {i: [far[i, k] for k in keypoints if (i, k) in far] for i in poses}
    squared = [np.mean(values) * len(keypoints) for values in of_pose.values() if values]
    if squared:
        row["spread"] = np.quantile(squared, levels)
    return row


@given(
    seed=st.integers(0, 10_000),
    given_=st.sets(st.sampled_from(["visible", "edges", "held", "rare"])),
)
@settings(max_examples=40)
def test_variation_is_that_of_a_loop(seed, given_):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(6, 60)), int(rng.integers(1, 5))
    score = rng.lognormal(size=n).astype(np.float32)
    edges = bins.bin_edges(score, k) if "edges" in given_ else None
    number = rng.integers(0, k, n) if edges is None else bins.assign(score, edges)
    points = rng.normal(size=(n, 3, 2)) * 3
    visible = rng.random((n, 3)) < rng.choice([0.05, 0.7]) if "visible" in given_ else None
    held_out = rng.random(n) < 0.7 if "held" in given_ else None
    rare = rng.random(n) < 0.3 if "rare" in given_ else None
    rows = bins.variation(
        score, number, points, visible, edges=edges, held_out_N=held_out, rare_N=rare
    )
    assert len(rows) == (k if edges is not None else number.max() + 1)
    for b, row in enumerate(rows):
        wanted = slow_row(b, score, number, points, visible, edges, held_out, rare)
        assert row.keys() == wanted.keys()
        for name, value in wanted.items():
            if value is None:
                assert row[name] is None, name
            else:
                np.testing.assert_allclose(row[name], value, rtol=1e-9, atol=1e-12, err_msg=name)
                assert isinstance(row[name], (int, float, list)), name  # as JSON takes them


@given(
    rows=st.lists(
        st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=7
    )
)
def test_variation_rises_by_rank_correlation_of_the_bins_that_have_a_value(rows):
    found = bins.variation_spearman([{"q50": a, "covariance_trace": b} for a, b in rows])
    assert found.keys() == {"score", "covariance"}
    columns = {"score": [a for a, _ in rows], "covariance": [b for _, b in rows]}
    for name, values in columns.items():
        known = [(number, value) for number, value in enumerate(values) if value is not None]
        if len(known) < 3:
            assert found[name] is None
        elif len({value for _, value in known}) == 1:
            assert found[name] == 0
        else:
            wanted = scipy.stats.spearmanr(*np.transpose(known)).statistic
            assert found[name] == pytest.approx(wanted)


@given(k=st.integers(1, 60))
def test_a_panel_shows_first_and_last_and_two_evenly_between(k):
    shown = bins.panel_bins(k)
    assert list(shown) == sorted(set(shown))
    assert (shown[0], shown[-1], len(shown)) == (0, k - 1, min(k, 4))
    steps = np.diff(shown)
    assert k <= 4 or steps.max() - steps.min() <= 1


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


def test_variation_has_a_row_for_every_bin_that_edges_name():
    """Also for those that hold nobody; low and high are the edges, not the poses' own scores."""
    score_N, bin_N = np.array([1.0, 2.0, 5.0]), np.array([0, 0, 1])
    points_NK2 = np.zeros((3, 2, 2))
    rows = bins.variation(score_N, bin_N, points_NK2, edges=[0.5, 3.0, 6.0, 9.0])
    assert [row["samples"] for row in rows] == [2, 1, 0]
    assert [(row["low"], row["high"]) for row in rows] == [(0.5, 3.0), (3.0, 6.0), (6.0, 9.0)]
    own = bins.variation(score_N, bin_N, points_NK2)
    assert [(row["low"], row["high"]) for row in own] == [(1.0, 2.0), (5.0, 5.0)]
    assert bins.default_k(35) == 8
    assert isinstance(bins.default_k(35), int)
