"""Claims: a verdict for each way the numbers can fall, and all that a claim rests on."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from tests.report.methods_comparison import only

from posesift.report import claims, evidence, statement
from posesift.report.answers import comparison as opening
from posesift.report.blocks import Claims, Section
from posesift.results import endpoints, ranking


@pytest.fixture
def found(methods_comparison: Path) -> dict:
    return json.loads((methods_comparison / "comparison.json").read_text())


def block(section: Section | None) -> Claims:
    assert section is not None
    (shown,) = section.blocks
    assert isinstance(shown, Claims)
    return shown


def test_each_claim_has_its_evidence(found: dict) -> None:
    shown = block(claims.of_comparison(found))
    shared = dict(evidence.terms(found))
    assert shared["seeds"].startswith("three seeds (0, 1, 2)")
    assert shared["draw budget of each configuration"].endswith("batches of 32: 19\u202f200 draws")
    assert shared["protocol"] == (
        "PCK pooled over the visible joints of the headline group; "
        "thresholds as shares of the crop's side"
    )
    assert "none of the target's labels" in shared["labels that chose the checkpoint"]
    for claim in shown.claims:
        over_seeds = {"95 % CI", "by seed"} & dict(claim.evidence).keys()
        assert len(over_seeds) == (0 if claim.verdict == statement.SINGLE else 2)
    assert {claim.verdict for claim in shown.claims} == {word for word, _ in shown.rules}
    assert [claim.strong for claim in shown.claims].count(True) == 1


def test_p_is_given_with_the_correction_and_the_primary_without(found: dict) -> None:
    every = block(claims.of_comparison(found)).claims
    start = "UDAPE is better than Source only in PCK@0.05 on the target"
    (adapted,) = (claim for claim in every if claim.sentence.startswith(start))
    row = next(
        r for r in found["secondary"] if (r["arm"], r["endpoint"]) == ("udape", claims.WHOLE)
    )
    assert dict(adapted.evidence)["p"].endswith(
        f"{row['p_holm']:.3f} with Holm's correction for {len(found['secondary'])} endpoints"
    )
    (primary,) = (claim for claim in every if claim.strong)
    assert dict(primary.evidence)["p"].endswith("uncorrected: pre-specified")


def test_a_gain_that_the_correction_takes_is_not_shown(found: dict) -> None:
    row = next(
        r for r in found["secondary"] if (r["arm"], r["endpoint"]) == ("udape", claims.WHOLE)
    )
    row["p_holm"] = 0.07
    first = block(claims.of_comparison(found)).claims[0]
    assert first.verdict == statement.UNCORRECTED
    assert "Holm's correction" in first.sentence


def with_control(found: dict, level: float) -> dict:
    """A shuffled arm beside UDAPE + hard mining, ``level`` points below it in each bin."""
    changed = copy.deepcopy(found)
    mined = next(arm for arm in changed["arms"] if arm["name"] == "udape+hard-mining")
    changed["arms"].append(mined | {"name": "blind", "label": "Blind", "sampling": "shuffled"})
    for cell in [c for c in changed["cells"] if c["arm"] == "udape+hard-mining"]:
        copied = copy.deepcopy(cell) | {"arm": "blind"}
        for row in copied["sets"]["target"]["by_bin"]:
            row["pck"] -= level + [0.1, -0.2, 0.05][cell["seed"]]
        copied["sets"]["target"]["pck"]["0.05"]["all"] -= level
        changed["cells"].append(copied)
    return changed


def test_the_control_stands_beside_a_sampling_claim(found: dict) -> None:
    assert endpoints.beside_control(found, found["primary"]) is None
    (claim,) = (c for c in block(claims.of_comparison(found)).claims if c.strong)
    assert dict(claim.evidence)["its control"].endswith("cannot be attributed to difficulty")
    assert "against its control" not in dict(claim.evidence)
    beaten = with_control(found, 2.0)
    row = endpoints.beside_control(beaten, beaten["primary"])
    assert row is not None
    assert row["against"] == "blind"
    # 2 points and the wobble of each seed, by hand
    assert row["values"] == pytest.approx([2.1, 1.8, 2.05])
    (claim,) = (c for c in block(claims.of_comparison(beaten)).claims if c.strong)
    told = dict(claim.evidence)["against its control"]
    assert told.startswith("+2.0 points (95 % CI +1.6 to +2.4) over Blind, which draws")
    assert "cannot be attributed" not in told
    assert dict(claim.evidence)["the control alone"].endswith(" over UDAPE")
    level = with_control(found, 0.0)
    (claim,) = (c for c in block(claims.of_comparison(level)).claims if c.strong)
    assert "cannot be attributed" in dict(claim.evidence)["against its control"]


def test_a_control_draws_in_the_same_stages_of_the_same_method(found: dict) -> None:
    changed = with_control(found, 1.0)
    assert endpoints.control_of(changed, "udape+hard-mining") == "blind"
    assert endpoints.control_of(changed, "regda+hard-mining") is None
    assert endpoints.control_of(changed, "udape") is None
    changed["arms"][-1]["sample_in"] = "warm-up"
    assert endpoints.control_of(changed, "udape+hard-mining") is None


def test_a_single_seed_has_one_verdict_throughout(found: dict) -> None:
    shown = block(claims.of_comparison(only(found, 1)))
    assert {claim.verdict for claim in shown.claims} == {statement.SINGLE}
    assert not {"95 % CI", "by seed"} & {name for c in shown.claims for name, _ in c.evidence}
    assert [word for word, _ in shown.rules] == [statement.SINGLE]


def test_ranking_leaves_out_arms_that_lack_seeds(found: dict) -> None:
    order = [name for name, _ in ranking.ranked(found)]
    assert order[0] == "udape+hard-mining"
    assert len(order) == 9
    found["cells"] = [
        c for c in found["cells"] if (c["arm"], c["seed"]) != ("udape+hard-mining", 0)
    ]
    assert "udape+hard-mining" not in [name for name, _ in ranking.ranked(found)]
    found["arms"] = [arm for arm in found["arms"] if arm["name"] == "udape"]
    assert ranking.lead(found) is None
    assert opening.of_best(found, "claim-1") is None


def test_the_best_arm_in_words(found: dict) -> None:
    said = opening.of_best(found, "claim-8")
    assert said is not None
    assert said.question == "Which method and strategy is best?"
    assert said.links[0] == ("Evidence", "claim-8")
    assert "+0.6 points (95 % CI" in said.answer
    assert "not significant" in said.answer
    assert "By EvalPose and by angle error no configuration is better" in said.answer
    assert "No shuffled-score control" in said.detail
    assert "picked by its mean after looking" in said.detail
    said = opening.of_best(only(found, 1), "claim-8")
    assert said is not None
    assert "CI" not in said.answer
    for cell in found["cells"]:
        if cell["arm"] == "source-only":
            cell["sets"]["target"]["pck"]["0.05"]["all"] = 90.0 + cell["seed"]
    said = opening.of_best(found, "claim-8")
    assert said is not None
    assert said.answer.startswith("Source only is best by PCK@0.05: 91.0 % on the target")
    assert "nothing that was tried against it does better" in said.answer


def test_a_control_that_wins_is_called_one(found: dict) -> None:
    changed = with_control(found, -5.0)
    said = opening.of_best(changed, "claim-8")
    assert said is not None
    assert said.answer.startswith("Blind is best by PCK@0.05")
    assert "is a control that does not know which poses are hard" in said.detail
    last = block(claims.of_comparison(changed)).claims[-1]
    assert "is a control" in dict(last.evidence)["what it is"]


def test_arms_that_are_best_otherwise_are_named(found: dict) -> None:
    for cell in found["cells"]:
        entry = cell["sets"]["target"]
        entry["evalpose_limbs"] = 90.0 if cell["arm"] == "regda" else 40.0
        entry["angle_error_deg"] = 10.0 if cell["arm"] == "udape" else 30.0
    said = opening.of_best(found, "claim-8")
    assert said is not None
    assert "By EvalPose (90.0 against 40.0 of 100) it is RegDA." in said.answer
    assert "By angle error (10.0 against 30.0 degrees) it is UDAPE." in said.answer
    for cell in found["cells"]:
        cell["sets"]["target"]["evalpose_limbs"] = 90.0 if cell["arm"] == "udape" else 40.0
    said = opening.of_best(found, "claim-8")
    assert said is not None
    both = "By EvalPose (90.0 against 40.0 of 100) and by angle error (10.0 against 30.0 degrees)"
    assert f"{both} it is UDAPE." in said.answer


def test_the_summary_points_to_the_last_claim(found: dict) -> None:
    shown = block(claims.of_comparison(found)).claims
    assert claims.lead_anchor(found, None) == f"claim-{len(shown)}"
    assert shown[3].strong


def test_an_unmeasured_primary_is_no_claim(found: dict) -> None:
    found["primary"] |= {"mean": None, "values": []}
    (claim,) = (c for c in block(claims.of_comparison(found)).claims if c.strong)
    assert claim.value.text == "–"
    assert "not known" in claim.sentence
