"""What is said of methods: for each way the numbers can fall, never more than the interval."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from tests.report.methods_comparison import only

from posesift.report import claims, trivial
from posesift.report.blocks import Claim
from posesift.results import by_seed


@pytest.fixture
def found(methods_comparison: Path) -> dict:
    return json.loads((methods_comparison / "comparison.json").read_text())


def claim(found: dict, *parts: str) -> Claim:
    """The one claim with these words."""
    (shown,) = (c for c in claims.headlines(found, None) if all(p in c.sentence for p in parts))
    return shown


ADAPTED = ("UDAPE", "Source only", "in PCK@0.05 on the target: ")
CLOSED = ("UDAPE", "share of the gap")
LATER = ("on the hardest quarter of the target", "itself on the easiest")


def test_adaptation_in_one_sentence(found: dict) -> None:
    said = claim(found, *ADAPTED)
    assert said.sentence.startswith("UDAPE is better than Source only in PCK@0.05 on the target: ")
    assert "+19.8 points (95 % CI +18.4" in said.sentence
    rows = {row.name: row.mean for row in trivial.of(found)}
    best = max(rows, key=lambda name: rows[name])
    over = dict(said.evidence)[f"over {best}, the best trivial baseline ({rows[best]:.1f})"]
    assert over.startswith("+")
    flat = copy.deepcopy(found)
    for cell in flat["cells"]:
        if cell["arm"] == "udape":
            value = [29.0, 31.0, 30.5][cell["seed"]]
            cell["sets"]["target"]["pck"]["0.05"]["all"] = value
    flat["secondary"] = [row for row in flat["secondary"] if row["arm"] != "udape"]
    assert "do not differ significantly" in claim(flat, *ADAPTED).sentence
    said = claim(only(found, 1), *ADAPTED)
    assert "single seed" in said.sentence
    assert "CI" not in said.sentence


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ({"mean": 61.4, "low": 50, "high": 72, "values": [60, 62]}, ["+61.4 %", "+50.0 to +72.0"]),
        ({"mean": 5.0, "low": -4, "high": 14, "values": [1, 9]}, ["+5.0 %", "not significant"]),
        ({"mean": -5.0, "low": -7, "high": -3, "values": [-4, -6]}, ["−5.0 %", "−7.0 to −3.0"]),
        ({"mean": 61.4, "low": None, "high": None, "values": [61.4]}, ["+61.4 %"]),
    ],
)
def test_shares_claim_no_more_than_the_interval(found: dict, row: dict, parts: list[str]) -> None:
    found["gap_closed"] = [{"arm": "udape", **row}]
    said = claim(found, *CLOSED).sentence
    assert all(part in said for part in parts)
    assert ("CI" in said) == (row["low"] is not None)


def test_a_share_that_is_not_known_is_no_claim(found: dict) -> None:
    found["gap_closed"] = [{"arm": "udape", "mean": None, "low": None, "high": None, "values": []}]
    assert not any("share of the gap" in c.sentence for c in claims.headlines(found, None))


def test_the_headline_leads_with_adaptation(found: dict) -> None:
    shown = claims.headlines(found, None)
    assert [claim.value.text for claim in shown[:4]] == ["+19.8", "20", "50", "+2.5"]
    assert "UDAPE is better than Source only in PCK@0.05 on the target: +19.8" in shown[0].sentence
    assert "UDAPE" in shown[2].sentence
    assert "share of the gap to the oracle" in shown[2].sentence
    assert [claim.strong for claim in shown[:4]] == [False, False, False, True]


def test_a_primary_endpoint_of_adaptation_is_said_once(found: dict) -> None:
    """Methods with uniform sampling alone: nothing is said of sampling."""
    found["primary"] = next(r for r in found["secondary"] if r["arm"] == "udape")
    shown = [claim.sentence for claim in claims.headlines(found, None)]
    assert sum("than Source only in" in text and "gap" not in text for text in shown) == 1
    (primary,) = (claim for claim in claims.headlines(found, None) if claim.strong)
    assert any("the best trivial baseline" in name for name, _ in primary.evidence)


def test_later_bins_are_compared_within_seeds(found: dict) -> None:
    bins = [by_seed.bins_by_seed(found, arm) for arm in ("udape+hard-mining", "udape")]
    easy, hard = ({s: bins[0][b][s] - bins[1][b][s] for s in range(3)} for b in (0, -1))
    more = by_seed.difference(hard, easy)
    assert more is not None
    said = claim(found, *LATER)
    assert "is better than itself on the easiest" in said.sentence
    assert f"{more.mean:+.1f} points (95 % CI" in said.sentence
    ends = (f"{sum(gain.values()) / 3:+.1f} points".replace("-", "−") for gain in (easy, hard))
    for (name, told), end in zip(said.evidence[-2:], ends, strict=True):
        assert name.startswith("gain on the ")
        assert told.startswith(end.replace("+0.0", "0.0"))
    for cell in found["cells"]:
        cell["sets"]["target"]["by_bin"][-1]["pck"] = [20.0, 40.0, 20.0][cell["seed"]]
        if cell["arm"] == "udape":
            cell["sets"]["target"]["by_bin"][-1]["pck"] = 30.0
    assert "do not differ significantly" in claim(found, *LATER).sentence
    assert "single seed" in claim(only(found, 0), *LATER).sentence


def test_the_warm_up_is_a_free_row(found: dict) -> None:
    reference = next(arm for arm in found["arms"] if arm["name"] == "source-only")
    assert reference["start"] == "warm-up"
    for cell in list(found["cells"]):
        if cell["arm"] == "source-only":
            copied = copy.deepcopy(cell) | {"arm": "warm-up"}
            copied["sets"]["target"]["pck"]["0.05"]["all"] = 48.0
            found["cells"].append(copied)
    levels = [
        cell["sets"]["target"]["pck"]["0.05"]["all"]
        for cell in found["cells"]
        if cell["arm"] == "udape"
    ]
    over = sum(levels) / len(levels) - 48.0
    told = dict(claim(found, *ADAPTED).evidence)
    free = "over the warm-up network, the best trivial baseline (48.0)"
    assert told[free].startswith(f"+{over:.1f} points")


def test_a_row_that_no_seed_changes_is_compared_with_every_seed(found: dict) -> None:
    entry = {"pck": {"0.05": {"all": 12.0}}}
    found["baselines"] = [{"name": "constant pose", "seed": None, "sets": {"target": entry}}]
    found["cells"] = [cell for cell in found["cells"] if cell["arm"] != "warm-up"]
    ((name, told),) = trivial.over(found, "udape")
    assert name == "over a constant pose, the best trivial baseline (12.0)"
    assert "95 % CI" in told
