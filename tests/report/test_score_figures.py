from __future__ import annotations

import base64
import xml.dom.minidom

import numpy as np
import pytest

from posesift.report.figures import axes as bin_axis
from posesift.report.figures import score
from posesift.report.figures import score as score_figures
from posesift.report.figures import variation as variation_figures
from posesift.report.figures.shares import target_share
from posesift.report.theme import Chart


def words(chart: Chart) -> list[str]:
    """The texts of a figure, left to right and top to bottom as drawn."""
    svg = base64.b64decode(chart.uri.split(",")[1]).decode()
    document = xml.dom.minidom.parseString(svg)
    return [node.firstChild.data for node in document.getElementsByTagName("text")]


def row(b: int, **changes: object) -> dict:
    quantiles = dict(zip(("q05", "q25", "q50", "q75", "q95"), range(b, b + 5), strict=True))
    known = {"mean": b + 2.0, "covariance_trace": 1.0 + b, "rare_share": b / 10, "samples": 20}
    return {"bin": b, **quantiles, **known, "spread": [b, b + 0.5, b + 1, b + 2, b + 3]} | changes


def test_bins_are_counted_from_one() -> None:
    rows = [row(b) for b in range(10)]
    shares = target_share(np.full(10, 20), np.arange(10))
    boxes = variation_figures.pose_boxes(rows, True)
    for chart in (boxes, shares):
        assert chart is not None
        assert [w for w in words(chart) if w.isdigit()][:10] == [str(i) for i in range(1, 11)]
    hist = score_figures.histogram(np.linspace(1, 2, 50), [1, 1.3, 1.6, 2], [(0, 0), (2, 2)])
    assert {"1", "3"} <= set(words(hist))


@pytest.mark.parametrize("k", [1, 2, 3, 9, 10, 25, 60, 100, 10_000])
def test_ticks_name_both_ends_and_are_few(k: int) -> None:
    ticks = bin_axis.ticks_of(k)
    assert ticks[0] == 1
    assert ticks[-1] == k
    assert len(ticks) <= 11
    assert ticks == sorted(set(ticks))


@pytest.mark.parametrize("k", [1, 7, 50, 51, 101, 10_000])
def test_every_bin_has_its_place_in_order(k: int) -> None:
    pairs = bin_axis.pairs_for(k)
    assert len(pairs) <= bin_axis.SHOWN
    places = [bin_axis.place_of(b, pairs) for b in range(1, k + 1)]
    assert places == sorted(set(places))
    assert all(
        row + 0.5 < places[b] < row + 1.5
        for row, (first, last) in enumerate(pairs)
        for b in (first, last)
    )
    if k <= bin_axis.SHOWN:
        assert places == list(range(1, k + 1))


def test_a_long_tail_gets_a_logarithmic_axis_in_plain_numbers() -> None:
    tail = np.exp(np.random.default_rng(0).normal(0, 1.5, 500))
    edges = np.quantile(tail, [0, 0.5, 1]).tolist()
    chart = score_figures.histogram(tail, edges, [(0, 0), (1, 1)])
    assert "logarithmic" in chart.caption
    assert "0.1" in words(chart)
    assert not any("$" in word for word in words(chart))
    flat = score_figures.histogram(np.linspace(1, 2, 50), [1, 1.5, 2], [(0, 0)])
    assert "logarithmic" not in flat.caption


@pytest.mark.parametrize(
    "score_N",
    [
        np.concatenate([np.full(5, -3.0), [0.0], np.geomspace(1e-6, 1e3, 94)]),
        np.concatenate([[1e-9], np.geomspace(1, 1e3, 2000)]),
        np.ones(3),
        np.zeros(1),
    ],
)
def test_every_pose_is_in_a_bar(score_N: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    heights = []
    boxes = score_figures.boxes
    monkeypatch.setattr(
        score_figures,
        "boxes",
        lambda axis, left, right, low, high, **how: (
            heights.extend(high), boxes(axis, left, right, low, high, **how)
        ),
    )  # fmt: skip
    score_figures.histogram(score_N, [score_N.min(), 0.5, score_N.max() + 1], [(0, 0)])
    assert sum(heights) == len(score_N)


def test_empty_and_unknown_bins_are_left_out_or_marked() -> None:
    keys = ("q05", "q25", "q50", "q75", "q95", "mean", "covariance_trace", "spread")
    nothing = dict.fromkeys(keys)
    rows = [row(0), row(1, **nothing, samples=0, rare_share=None), row(2)]
    spread = variation_figures.pose_boxes(rows, False)
    assert spread is not None
    assert "(one bin)" in spread.caption
    assert "held out" not in spread.caption
    assert "1.00 in bin 1, 3.00 in bin 3" in spread.alt
    assert variation_figures.pose_boxes([row(0, **nothing)], True) is None


def test_folders_of_old_have_means_and_no_boxes_of_poses() -> None:
    rows = [row(b) for b in range(3)]
    for one in rows:
        del one["spread"]
    chart = variation_figures.pose_boxes(rows, True)
    assert chart is not None
    assert chart.alt.startswith("Means of")
    assert "whiskers" not in chart.caption
    boxes = variation_figures.pose_boxes([row(b) for b in range(3)], True)
    assert boxes is not None
    assert boxes.alt.startswith("Box plot")


def test_groups_of_bins_are_named() -> None:
    rows = [row(i, bins=[100 * i, 100 * i + 99]) for i in range(40)]
    chart = variation_figures.pose_boxes(rows, True)
    assert chart is not None
    assert "40 groups of neighbouring bins" in chart.alt
    assert "bins 3\u202f901 to 4\u202f000" in chart.alt
    assert "Each box stands for 100 neighbouring bins." in chart.caption
    assert {"1", "4000"} <= set(words(chart))


def test_one_bin_and_equal_scores_are_drawn() -> None:
    chart = score_figures.histogram(np.ones(4), [1.0, 1.0], [(0, 0)])
    assert "four poses" in chart.alt


def test_shares_of_a_target_are_of_its_own_poses() -> None:
    chart = target_share(np.array([50, 50, 100]), np.array([1, 0, 3]))
    assert "25.0 % in bin 1, 75.0 % in bin 3; of the source 25.0 % and 50.0 %" in chart.alt
    assert [w for w in words(chart) if w in ("25", "0", "75")][-3:] == ["25", "0", "75"]
    many = target_share(np.ones(200), np.repeat([0, 1], [160, 40]))
    assert "100.0 %" not in many.alt
    assert "10.0 % in bins 197 to 200" in many.alt
    assert "Each bar stands for 4 neighbouring bins." in many.caption


def test_undefined_similarities_are_dashes() -> None:
    chart = score.similarity([[0.5, None], [None, 0.25]], used=7, left_out=2)
    assert words(chart).count("–") == 2
    assert "0.50, within bin 2 of 0.25, and between the two of –" in chart.alt
    assert "2 with an undefined angle" in chart.caption


def test_a_similarity_of_groups_says_so_and_leaves_unknown_cells_blank() -> None:
    matrix = np.full((30, 30), 0.5).tolist()
    matrix[0][1] = matrix[1][0] = None
    pairs = [(10 * i, 10 * i + 9) for i in range(30)]
    chart = score.similarity(matrix, 100, 0, pairs)
    assert "–" not in words(chart)
    assert "Blank: no pair of such poses (2 cells)." in chart.caption
    assert "Each row stands for 10 neighbouring bins." in chart.caption
    assert "between 30 groups of neighbouring bins" in chart.alt
    assert {"1", "300"} <= set(words(chart))


def test_nothing_known_is_still_a_heatmap() -> None:
    chart = score.similarity([[None, None], [None, None]], 0, 5)
    assert words(chart).count("–") == 4
