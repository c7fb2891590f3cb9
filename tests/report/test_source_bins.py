"""Errors over the source's own bins: means by hand, what is left out, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.report.conftest import BODY

from posesift import storage
from posesift.poses.table import PoseTable
from posesift.report import pose_sets, theme
from posesift.report.blocks import Charts, Note
from posesift.report.figures.curves import Parts
from posesift.report.pose_sets import Outcome, PoseSet
from posesift.report.sections import source_bins
from posesift.results.comparison import Comparison
from posesift.results.predictions import read_predictions
from posesift.results.read import read as read_folder

COMPARISON: dict[str, Any] = {
    "seeds": [7, 8],
    "arms": [
        {"name": "a", "label": "A", "role": "arm", "sampling": "uniform"},
        {"name": "b", "label": "B", "role": "arm", "sampling": "hard-mining"},
        {"name": "o", "label": "Best", "role": "oracle", "trained_on": "target"},
    ],
    "primary": {"arm": "b", "against": "a"},
}


def target(bin_N: list[int], k: int, **pck: list[float]) -> PoseSet:
    n = len(bin_N)
    table = PoseTable(
        skeleton=BODY,
        keypoints_NK2=np.zeros((n, 16, 2), np.float32),
        visible_NK=np.ones((n, 16), bool),
        width_N=np.full(n, 9, np.int32),
        height_N=np.full(n, 9, np.int32),
    )
    return PoseSet(
        which="target",
        title="photos",
        table=table,
        row_N=np.arange(n),
        score_N=np.arange(n, dtype=np.float64),
        bin_N=np.array(bin_N),
        edges=np.arange(k + 1, dtype=np.float64),
        scored_by="elbo, by the scorer of the source",
        angles_NA=np.full((n, 12), 90.0),
        outcomes=[Outcome(label, np.array(of), np.array(of) / 2) for label, of in pck.items()],
    )


@pytest.fixture
def three_bins() -> PoseSet:
    """Ten samples in each of three bins, and five that cannot be scored."""
    bin_N = [0] * 10 + [1] * 10 + [2] * 10 + [-1] * 5
    a = [50.0] * 10 + [40.0, 20.0] * 5 + [10.0] * 9 + [np.nan] + [99.0] * 5
    b = [52.0] * 10 + [40.0, 30.0] * 5 + [10.0] * 9 + [99.0] + [99.0] * 5
    return target(bin_N, 3, A=a, B=b, Best=[90.0] * 35)


def test_levels_and_differences_by_hand(three_bins: PoseSet) -> None:
    said, charts = source_bins.of_comparison(COMPARISON, three_bins, "PCK@0.05", "%")
    assert isinstance(said, Note)
    assert "scorer (elbo)" in said.text
    assert "seed 7 alone" in said.text
    assert "no independent judge" in said.text
    assert said.text.endswith("Samples that cannot be scored: 5.")
    assert isinstance(charts, Charts)
    levels, gain = charts.charts
    # The third bin has nine samples with a figure of A, which are too few, and ten of B.
    assert "A: 50.0, 30.0, –; B: 52.0, 35.0, 18.9; Best: 90.0, 90.0, 90.0." in levels.alt
    assert "Samples: 10, 10, 10." in levels.alt
    assert "B: +2.0, +5.0, –." in gain.alt


def test_evalpose_has_its_own_figures(three_bins: PoseSet) -> None:
    _, charts = source_bins.of_comparison(COMPARISON, three_bins, "EvalPose", "0–100")
    assert isinstance(charts, Charts)
    assert "A: 25.0, 15.0, –;" in charts.charts[0].alt


def test_a_target_in_one_bin_is_said_in_words(three_bins: PoseSet) -> None:
    crowded = replace(three_bins, bin_N=np.array([2] * 27 + [1] * 3 + [-1] * 5))
    (said,) = source_bins.of_comparison(COMPARISON, crowded, "PCK@0.05", "%")
    assert isinstance(said, Note)
    assert "90 % of its samples that can be scored fall into bin 3 of 3" in said.text
    assert source_bins.of_run(crowded, "PCK@0.05", "%") is None


def test_bins_of_the_evaluation_itself_are_not_shown_twice(three_bins: PoseSet) -> None:
    own = replace(three_bins, scored_by="difficulty of the evaluation")
    assert source_bins.of_comparison(COMPARISON, own, "PCK@0.05", "%") == []
    assert source_bins.of_run(own, "PCK@0.05", "%") is None


@pytest.mark.parametrize(("k", "groups"), [(25, 25), (40, 25), (10_000, 25), (12, 12), (1, 1)])
def test_many_bins_are_joined_and_none_is_lost(k: int, groups: int) -> None:
    bin_N = np.arange(k).tolist()
    place_N, parts = source_bins._parts(target(bin_N, k, A=[1.0] * k), "PCK@0.05", "%")
    assert len(parts.names) == groups
    assert sum(parts.counts) == k
    assert (np.diff(place_N) >= 0).all()
    assert max(parts.counts) - min(parts.counts) <= 1
    for place, name in enumerate(parts.names):  # a group is called by the first of its bins
        assert name in ("", str(np.flatnonzero(place_N == place)[0] + 1))
    assert parts.names[0] == "1"


def test_of_one_run(three_bins: PoseSet) -> None:
    chart = source_bins.of_run(three_bins, "PCK@0.05", "%")
    assert chart is not None
    assert "photos: 50.0, 30.0, –." in chart.alt
    assert "cannot be scored: 5" in chart.caption


def test_the_pck_of_bins_is_the_headline_s(comparison: Path) -> None:
    folder = read_folder(comparison)
    assert isinstance(folder, Comparison)
    found = pose_sets.target_of(folder)
    assert found is not None
    labels = {arm["label"]: arm["name"] for arm in folder.comparison["arms"]}
    for outcome in found.outcomes:
        place_N = np.zeros(len(found), np.int64)
        value_N, weight_N = source_bins._values(outcome, "PCK@0.05")
        parts = Parts("PCK@0.05", "%", ["all"], "")
        (level,) = source_bins._levels(value_N, weight_N, place_N, parts)
        cell = folder.cell(labels[outcome.label], folder.comparison["seeds"][0])
        assert cell is not None
        measured = storage.read_json(cell / "evaluation.json")["sets"]["target"]
        assert level is not None
        # Percentages of single samples are kept as float32: half a unit in the last place of 100.
        assert level.mean == pytest.approx(measured["pck"]["0.05"]["all"], abs=100 * 2**-24)


def test_joints_are_pooled_and_not_their_samples(comparison: Path) -> None:
    folder = read_folder(comparison)
    assert isinstance(folder, Comparison)
    found = pose_sets.target_of(folder)
    assert found is not None
    found = replace(found, bin_N=np.arange(len(found)) % 3, edges=np.arange(4.0))
    outcome = found.outcomes[0]
    cell = folder.cell("uniform", folder.comparison["seeds"][0])
    assert cell is not None
    of = read_predictions(cell, "target")
    assert of is not None
    assert outcome.label == "uniform"
    expected = []
    for place in range(3):
        correct = counted = 0
        for i in np.flatnonzero(found.bin_N == place):
            for joint in BODY.groups["all"]:
                if of.visible_NK[i, joint]:
                    away = np.linalg.norm(of.predicted_NK2[i, joint] - of.keypoints_NK2[i, joint])
                    correct += away < 0.05 * of.side
                    counted += 1
        expected.append(100 * correct / counted)
    place_N, parts = source_bins._parts(found, "PCK@0.05", "%")
    levels = source_bins._levels(*source_bins._values(outcome, "PCK@0.05"), place_N, parts)
    assert [level.mean for level in levels if level] == pytest.approx(expected)


def test_the_difference_is_of_one_seed_and_looks_it(three_bins: PoseSet) -> None:
    _, charts = source_bins.of_comparison(COMPARISON, three_bins, "PCK@0.05", "%")
    assert isinstance(charts, Charts)
    levels, gain = charts.charts
    assert "over the images of one seed, not over seeds" in gain.title
    assert "over the images of one seed, not over seeds" in gain.caption
    strong, muted = theme.series(1).colour, theme.series(0).colour
    drawn = {line.get_color() for line in gain.draw(theme.PAGE).axes[0].get_lines()}
    assert muted in drawn
    assert strong not in drawn
    assert strong in {line.get_color() for line in levels.draw(theme.PAGE).axes[0].get_lines()}
