from __future__ import annotations

import base64
import xml.dom.minidom

import numpy as np
import pytest

from posesift.report import score_figures, similarity_figure
from posesift.report.theme import Chart


def words(chart: Chart) -> list[str]:
    """The texts of a figure, left to right and top to bottom as drawn."""
    svg = base64.b64decode(chart.uri.split(",")[1]).decode()
    document = xml.dom.minidom.parseString(svg)
    return [node.firstChild.data for node in document.getElementsByTagName("text")]


def row(b: int, **changes: object) -> dict:
    quantiles = dict(zip(("q05", "q25", "q50", "q75", "q95"), range(b, b + 5), strict=True))
    known = {"mean": b + 2.0, "covariance_trace": 1.0 + b, "rare_share": b / 10, "samples": 20}
    return {"bin": b, **quantiles, **known} | changes


def test_bins_are_counted_from_one() -> None:
    rows = [row(b) for b in range(10)]
    for chart in (score_figures.score_boxes(rows), score_figures.covariance(rows, True)):
        assert [w for w in words(chart) if w.isdigit()][:10] == [str(i) for i in range(1, 11)]
    hist = score_figures.histogram(np.linspace(1, 2, 50), [1, 1.3, 1.6, 2], [0, 2])
    assert {"1", "3"} <= set(words(hist))


@pytest.mark.parametrize("k", [1, 2, 3, 9, 10, 25, 60])
def test_ticks_name_both_ends_and_are_few(k: int) -> None:
    ticks = score_figures.ticks_of(k)
    assert ticks[0] == 1
    assert ticks[-1] == k
    assert len(ticks) <= 11
    assert ticks == sorted(set(ticks))


def test_a_long_tail_gets_a_logarithmic_axis_in_plain_numbers() -> None:
    tail = np.exp(np.random.default_rng(0).normal(0, 1.5, 500))
    edges = np.quantile(tail, [0, 0.5, 1]).tolist()
    chart = score_figures.histogram(tail, edges, [0, 1])
    assert "logarithmic" in chart.caption
    assert "0.1" in words(chart)
    assert not any("$" in word for word in words(chart))
    flat = score_figures.histogram(np.linspace(1, 2, 50), [1, 1.5, 2], [0])
    assert "logarithmic" not in flat.caption


@pytest.mark.parametrize(
    "score_N",
    [
        np.concatenate([np.full(5, -3.0), [0.0], np.geomspace(1e-6, 1e3, 94)]),
        np.concatenate([[1e-9], np.geomspace(1, 1e3, 2000)]),
        np.ones(3),
    ],
)
def test_every_pose_is_in_a_bar(score_N: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.axes import Axes

    heights = []
    bar = Axes.bar
    monkeypatch.setattr(
        Axes,
        "bar",
        lambda axis, x, height, **k: (heights.extend(height), bar(axis, x, height, **k)),
    )
    score_figures.histogram(score_N, [score_N.min(), 0.5, score_N.max() + 1], [0])
    assert sum(heights) == len(score_N)


def test_empty_and_unknown_bins_are_left_out_or_marked() -> None:
    nothing = dict.fromkeys(("q05", "q25", "q50", "q75", "q95", "mean", "covariance_trace"))
    rows = [row(0), row(1, **nothing, samples=0, rare_share=None), row(2)]
    assert "to 6.00 in bin 3" not in score_figures.score_boxes(rows).alt  # q50 of bin 3 is 4
    assert "to 4.00 in bin 3" in score_figures.score_boxes(rows).alt
    assert "(1 bins)" in score_figures.covariance(rows, False).caption
    assert "held out" not in score_figures.covariance(rows, False).caption
    rare = score_figures.rare_share(rows)
    assert rare is not None
    assert "20.0 % in bin 3" in rare.alt
    assert score_figures.rare_share([row(0, rare_share=None)]) is None


def test_undefined_similarities_are_dashes() -> None:
    chart = similarity_figure.similarity([[0.5, None], [None, 0.25]], used=7, left_out=2)
    assert words(chart).count("–") == 2
    assert "0.50, within bin 2 of 0.25, and between the two of –" in chart.alt
    assert "2 with an undefined angle" in chart.caption
