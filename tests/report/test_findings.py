"""Each sentence for each way the numbers can fall."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from posesift.report import claims, trivial
from posesift.report.answers import comparison, score
from posesift.report.blocks import Claim, Note
from posesift.report.sections import outcome
from posesift.results import by_seed


@pytest.fixture
def found(comparison: Path) -> dict:
    return json.loads((comparison / "comparison.json").read_text())


@pytest.fixture
def summary(comparison: Path) -> dict:
    return json.loads((comparison / "score/summary.json").read_text())


ONLY_POSES = "where only the poses are new"


def pre_specified(found: dict) -> Claim:
    """The claim of the endpoint that was named in advance."""
    (shown,) = (claim for claim in claims.headlines(found, None) if claim.strong)
    return shown


@pytest.mark.parametrize(
    ("knn", "begins"),
    [
        (0.99, "Yes. The k-NN distance finds rare modes better than the VAE"),
        (0.971, "Yes. The k-NN distance finds rare modes as well as the VAE"),
        (0.96, "Not in finding rare modes: the best cheap score, the k-NN distance"),
    ],
)
def test_a_cheap_score_gets_its_due(summary: dict, knn: float, begins: str) -> None:
    summary["rare_mode_auc"]["knn"] = knn
    said = comparison.cheaper(summary)
    assert said is not None
    assert said.answer.startswith(begins)


def test_nothing_is_said_of_scores_that_were_not_measured(summary: dict) -> None:
    assert comparison.cheaper(summary | {"rare_mode_auc": None}) is None
    assert comparison.cheaper(summary | {"method": "knn"}) is None


def test_what_the_source_lacks_is_counted(summary: dict) -> None:
    for row in summary["variation"]:
        row.update(samples=100, rare_share=0.0)
    summary["variation"][-1]["rare_share"] = 0.5
    summary["variation"][0]["rare_share"] = 0.25
    said = score.lacks(summary)
    assert said is not None
    # 50 + 25 rare of 1,000 poses; 50 of the 75 in the last bin
    assert said.answer == (
        "Rare modes make up 7.5 % of the source and 50.0 % of its hardest tenth, "
        "which holds 67 % of them all."
    )


def test_a_source_without_modes_speaks_of_spread_or_not_at_all(summary: dict) -> None:
    for row in summary["variation"]:
        row["rare_share"] = None
    said = score.lacks(summary)
    assert said is not None
    assert said.answer.startswith("Poses of the hardest tenth are 2.7 times as varied")
    for row in summary["variation"]:
        row["covariance_trace"] = None
    assert score.lacks(summary) is None


def with_falls(found: dict, mine: list[float], oracle: list[float]) -> dict:
    """PCK of 40 in the easiest quarter, and so much less in the hardest, by seed."""
    changed = copy.deepcopy(found)
    for cell in changed["cells"]:
        falls = {"uniform": mine, "oracle target": oracle}.get(cell["arm"])
        for row in cell["sets"]["target"]["by_bin"] if falls else ():
            row["pck"] = 40.0 - (falls[cell["seed"]] if row["bin"] == 3 else 0.0)
    return changed


@pytest.mark.parametrize(
    ("mine", "oracle", "begins"),
    [
        ([9, 10, 11], [4, 5, 6], "Yes: "),
        ([9, 10, 11], [-2, -1, 0], "Yes: "),
        ([9, 10, 11], [8, 11, 10], "Yes, but so does an oracle: "),
        ([9, 10, 11], [14, 15, 16], "Yes, but no more than an oracle: "),
        ([-9, -10, -11], [4, 5, 6], "No: "),
        ([-9, 0, 9], [4, 5, 6], "Not significantly: "),
    ],
)
def test_failing_is_measured_against_an_oracle(found: dict, mine, oracle, begins) -> None:
    said = comparison.fails(with_falls(found, mine, oracle))
    assert said is not None
    assert said.answer.startswith(begins)
    fall, theirs = float(np.mean(mine)), float(np.mean(oracle))
    if begins.startswith("Yes"):
        assert f"drops by {fall:.1f} points" in said.answer
        assert f"{abs(fall - theirs):.1f} points (95 % CI" in said.answer
    assert f"{40 - fall:.1f} in the hardest" in said.detail
    assert "40.0 in the easiest" in said.detail


def test_without_an_oracle_nothing_tells_why(found: dict) -> None:
    alone = with_falls(found, [9, 10, 11], [4, 5, 6])
    alone["arms"] = [arm for arm in alone["arms"] if arm["role"] != "oracle"]
    said = comparison.fails(alone)
    assert said is not None
    assert said.answer.startswith("Yes: ")
    assert "Without an oracle" in said.answer
    for cell in alone["cells"]:
        cell["sets"]["target"]["by_bin"] = []
    assert comparison.fails(alone) is None


@pytest.mark.parametrize(
    ("low", "mean", "high", "difficulty"),
    [
        (-9.0, -5.0, -1.0, False),
        (0.5, 2.0, 3.5, True),
        (-1.0, 2.0, 5.0, False),
        (-5.0, -2.0, 1.0, False),
        (None, -2.0, None, None),
    ],
)
def test_a_control_is_judged_by_its_interval(found, low, mean, high, difficulty) -> None:
    primary = found["primary"]
    primary |= {"mean": 3.0, "low": 1.0, "high": 5.0}
    row = {"endpoint": primary["endpoint"], "arm": primary["arm"], "against": "shuffled"}
    row |= {"mean": mean, "low": low, "high": high, "values": [mean, mean] if low else [mean]}
    other = row | {"endpoint": "PCK@0.05, target", "mean": 77.0}
    # not stated, so it is taken from the cells: hard mining is far better there
    assert "so difficulty makes the difference" in pre_specified(found).sentence
    found["secondary"] = [*found["secondary"], other, row]
    answer = pre_specified(found).sentence
    assert f"{abs(mean):.1f} points" in answer
    assert "77" not in answer
    assert ("so difficulty makes the difference" in answer) == (difficulty is True)
    assert ("cannot be attributed to difficulty" in answer) == (difficulty is False)
    primary |= {"mean": -3.0, "low": -5.0, "high": -1.0}  # a loss is attributed to nothing
    assert "difficulty" not in pre_specified(found).sentence.replace("of difficulty", "")


def test_headroom_is_of_the_cell_where_only_poses_are_new(found: dict) -> None:
    for cell in found["cells"]:
        level = {"hard-mining": 52.0, "uniform": 50.0}.get(cell["arm"], 60.0)
        cell["sets"]["target_poses"]["pck"]["0.05"]["all"] = level
    told = "PCK@0.05 +2.0 points (95 % CI +2.0 to +2.0): 52.0 against 50.0 %"
    for headroom, more in (
        ({"mean": 8.0, "values": [8.0]}, ", 25 % of the headroom of 8.0"),
        ({"mean": -1.0, "values": [-1.0]}, "; the headroom is −1.0, so no sampler had anything"),
        (None, "; no oracle was trained there"),
    ):
        found["headroom"] = headroom
        assert dict(pre_specified(found).evidence)[ONLY_POSES].startswith(told + more)
    assert ONLY_POSES not in dict(pre_specified(found | {"gap": None}).evidence)


def test_an_unmeasured_primary_endpoint_is_said(found: dict) -> None:
    found["primary"] |= {"mean": None, "values": []}
    assert pre_specified(found).sentence.endswith("not known.")
    assert pre_specified(found).value.text == "–"


def test_a_baseline_that_does_as_well_is_said(found: dict) -> None:
    assert trivial.as_well(found) == ""
    for row in found["baselines"]:
        row["sets"]["target"]["pck"]["0.05"]["all"] = 99.0
    said = trivial.as_well(found)
    assert "unlabelled target images do as well as hard mining in PCK@0.05" in said
    assert said in [
        block.text for block in outcome.results(found).blocks if isinstance(block, Note)
    ]


def test_the_gap_names_the_larger_part(found: dict) -> None:
    section = outcome.gap(found)
    assert section is not None
    said = " ".join(block.text for block in section.blocks if isinstance(block, Note))
    assert "the larger part is the look" in said
    square = by_seed.gap(found, "uniform")
    assert square is not None
    assert square.interaction is not None
    assert f"together cost {abs(square.interaction):.1f} points " in said
    assert outcome.gap(found | {"gap": None}) is None


def test_a_gain_without_a_control_is_not_attributed_to_difficulty(found: dict) -> None:
    said = "No shuffled-score control was run"
    found["primary"] |= {"mean": 3.0, "low": 1.0, "high": 5.0}
    assert said not in pre_specified(found).sentence
    found["arms"] = [arm for arm in found["arms"] if arm["name"] != "shuffled"]
    assert said in pre_specified(found).sentence
    primary = next(arm for arm in found["arms"] if arm["name"] == found["primary"]["arm"])
    primary["sampling"] = "uniform"  # two methods: nothing is said of difficulty
    assert said not in pre_specified(found).sentence
