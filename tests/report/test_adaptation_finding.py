"""What is said of methods: for each way the numbers can fall, never more than the interval."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from tests.report.methods_comparison import only

from posesift.report import claims
from posesift.report.answers import adaptation, comparison
from posesift.report.answers import adaptation as adaptation_finding
from posesift.results import by_seed


@pytest.fixture
def found(methods_comparison: Path) -> dict:
    return json.loads((methods_comparison / "comparison.json").read_text())


def test_adaptation_in_one_sentence(found: dict) -> None:
    said = adaptation_finding.adapted(found)
    assert said is not None
    assert said.answer.startswith("UDAPE is better than Source only in PCK@0.05 on the target: ")
    assert "+19.8 points (95 % CI +18.4" in said.answer
    assert "RegDA minus Source only: +7.9 points (95 % CI" in said.detail
    rows = {row.name: row.mean for row in adaptation.of(found)}
    best = max(rows, key=lambda name: rows[name])
    assert f"Over the best trivial baseline, {best} ({rows[best]:.1f}): +" in said.answer
    flat = copy.deepcopy(found)
    for cell in flat["cells"]:
        if cell["arm"] == "udape":
            value = [29.0, 31.0, 30.5][cell["seed"]]
            cell["sets"]["target"]["pck"]["0.05"]["all"] = value
    said = adaptation_finding.adapted(flat)
    assert said is not None
    assert "do not differ significantly" in said.answer
    said = adaptation_finding.adapted(only(found, 1))
    assert said is not None
    assert "single seed" in said.answer
    assert "CI" not in said.answer + said.detail


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ({"mean": 61.4, "low": 50, "high": 72, "values": [60, 62]}, ["+61.4 %", "+50.0 to +72.0"]),
        ({"mean": 5.0, "low": -4, "high": 14, "values": [1, 9]}, ["+5.0 %", "not significant"]),
        ({"mean": -5.0, "low": -7, "high": -3, "values": [-4, -6]}, ["−5.0 %", "−7.0 to −3.0"]),
        ({"mean": 61.4, "low": None, "high": None, "values": [61.4]}, ["+61.4 %"]),
        ({"mean": None, "low": None, "high": None, "values": []}, ["not known"]),
    ],
)
def test_shares_claim_no_more_than_the_interval(found: dict, row: dict, parts: list[str]) -> None:
    found["gap_closed"] = [{"arm": "udape", **row}]
    said = adaptation_finding.told_share(found, "udape")
    assert all(part in said for part in parts)
    assert ("CI" in said) == (row["low"] is not None)


def test_the_headline_leads_with_adaptation(found: dict) -> None:
    shown = [headline.claim for headline in claims.headlines(found, None)]
    assert [claim.value.text for claim in shown[:4]] == ["+19.8", "20", "50", "+2.5"]
    assert "UDAPE is better than Source only in PCK@0.05 on the target: +19.8" in shown[0].sentence
    assert "UDAPE" in shown[2].sentence
    assert "share of the gap to the oracle" in shown[2].sentence
    assert [claim.strong for claim in shown[:4]] == [False, False, False, True]


def test_a_primary_endpoint_of_adaptation_is_said_once(found: dict) -> None:
    """Methods with uniform sampling alone: nothing is said of sampling."""
    found["primary"] = next(r for r in found["secondary"] if r["arm"] == "udape")
    shown = [headline.claim.sentence for headline in claims.headlines(found, None)]
    assert sum("than Source only in" in text and "gap" not in text for text in shown) == 1
    told = {finding.question: finding for finding in comparison.further(found, None)}
    assert "What did the sampling change?" not in told
    assert "Pre-specified primary endpoint" in told["What did adaptation change?"].detail


def test_later_bins_are_compared_within_seeds(found: dict) -> None:
    gains = adaptation_finding.bin_gains(found, "udape+hard-mining", "udape")
    said = adaptation_finding.later_bins(found)
    assert said is not None
    more = by_seed.difference(gains[-1], gains[0])
    assert more is not None
    assert "is better than itself on the easiest" in said.answer
    assert f"{more.mean:+.1f} points (95 % CI" in said.answer
    for cell in found["cells"]:
        cell["sets"]["target"]["by_bin"][-1]["pck"] = [20.0, 40.0, 20.0][cell["seed"]]
        if cell["arm"] == "udape":
            cell["sets"]["target"]["by_bin"][-1]["pck"] = 30.0
    said = adaptation_finding.later_bins(found)
    assert said is not None
    assert "do not differ significantly" in said.answer
    said = adaptation_finding.later_bins(only(found, 0))
    assert said is not None
    assert "single seed" in said.answer


def test_shares_with_other_sampling_carry_their_intervals(found: dict) -> None:
    row = next(row for row in found["gap_closed"] if row["arm"] == "udape+hard-mining")
    row |= {"mean": 51.2, "low": -3.0, "high": 105.4}
    said = adaptation_finding.closed(found)
    assert said is not None
    assert "UDAPE + hard mining +51.2 % (95 % CI −3.0 to +105.4, not significant)" in said.detail


def test_the_warm_up_is_a_free_row(found: dict) -> None:
    reference = next(arm for arm in found["arms"] if arm["name"] == "source-only")
    assert reference["start"] == "warm-up"
    for cell in list(found["cells"]):
        if cell["arm"] == "source-only":
            copied = copy.deepcopy(cell) | {"arm": "warm-up"}
            copied["sets"]["target"]["pck"]["0.05"]["all"] = 48.0
            found["cells"].append(copied)
    said = adaptation_finding.adapted(found)
    assert said is not None
    levels = [
        cell["sets"]["target"]["pck"]["0.05"]["all"]
        for cell in found["cells"]
        if cell["arm"] == "udape"
    ]
    over = sum(levels) / len(levels) - 48.0
    assert (
        f"Over the best trivial baseline, the warm-up network (48.0): +{over:.1f} points"
        in said.answer
    )
    assert "The warm-up is the first stage of training" in said.detail
    told = adaptation.free(found)
    assert told is not None
    assert "the warm-up network reaches 48.0" in told.answer


def test_a_row_that_no_seed_changes_is_compared_with_every_seed(found: dict) -> None:
    entry = {"pck": {"0.05": {"all": 12.0}}}
    found["baselines"] = [{"name": "constant pose", "seed": None, "sets": {"target": entry}}]
    found["cells"] = [cell for cell in found["cells"] if cell["arm"] != "warm-up"]
    over = adaptation.over_best(found, "udape")
    assert over is not None
    row, change, seeds = over
    assert (row.name, row.mean, seeds) == ("a constant pose", 12.0, 3)
    assert change.low is not None
