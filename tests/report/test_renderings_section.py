"""What renderings gained, on the page of a comparison: numbers, one sentence, its evidence."""

import numpy as np
import pytest

from posesift import skeletons
from posesift.report import evidence, statement
from posesift.report.blocks import Note, Section
from posesift.report.sections import coverage, renderings
from posesift.report.wording import count
from posesift.results import by_seed, endpoints
from posesift.results.by_seed import Interval

LIKE, RANDOM = "rendered-like-target", "rendered-at-random"
BEFORE, AFTER = {0: 40.0, 1: 36.0, 2: 38.0}, {0: 12.0, 1: 10.0, 2: 11.0}


def compared(seeds=(0, 1, 2), control=True) -> dict:
    """A comparison with renderings; the arm is 3 points above uniform, its control 1."""
    gains = {"uniform": 0.0, LIKE: 3.0} | ({RANDOM: 1.0} if control else {})
    cells = [
        {"arm": arm, "seed": seed, "sets": {"target": {"pck": {"0.05": {"all": level}}}}}
        for arm, gain in gains.items()
        for seed in seeds
        for level in [30 + seed + gain + 0.1 * seed * (arm == LIKE)]
    ]
    rows = [
        {"arm": arm, "seed": s, "rendering": arm, "asked": 1000, "rendered": 1000,
         "looked_at": f"predictions on t{s}" if arm == LIKE else None,
         "test_samples": 500, "test_lacked_before": BEFORE[s],
         "test_lack_after": AFTER[s] if arm == LIKE else BEFORE[s] - 1,
         "classes": {"sit_floor": 600, "crouch": 400}}
        for arm in gains if arm != "uniform" for s in seeds
    ]  # fmt: skip
    arms = [
        {"name": arm, "label": arm.replace("-", " "), "role": "arm", "method": "source-only",
         "sampling": arm, "sample_in": "adaptation",
         "against": None if arm == "uniform" else "uniform"}
        for arm in gains
    ]  # fmt: skip
    primary = {"endpoint": endpoints.ENDPOINTS["target"], "arm": LIKE, "against": "uniform"}
    shown = by_seed.difference(
        *({c["seed"]: c["sets"]["target"]["pck"]["0.05"]["all"] for c in cells if c["arm"] == a}
          for a in (LIKE, "uniform"))
    )  # fmt: skip
    primary |= {
        "values": [0.0] * len(seeds),
        "mean": shown.mean,
        "low": shown.low,
        "high": shown.high,
    }
    return {"arms": arms, "cells": cells, "seeds": list(seeds), "renderings": rows,
            "primary": primary, "sets": {"target": {"samples": 500}},
            "budget": {"steps": 2, "batch_size": 4}}  # fmt: skip


def test_the_sentence_and_the_table_say_what_the_seeds_say():
    comparison = compared()
    note, table = renderings.gained(comparison)
    change = np.array([BEFORE[s] - AFTER[s] for s in BEFORE])
    assert isinstance(note, Note)
    assert note.text.startswith(
        f"The source with {count(1000)} renderings (rendered like target) is better than the "
        f"source as it was in the share of target poses that it covers: +{change.mean():.1f} points"
    )
    rows = {row.name: [cell.text for cell in row.cells] for row in table.rows}
    assert list(rows) == ["rendered like target", "rendered at random"]
    like = rows["rendered like target"]
    assert like[0] == count(1000)
    assert like[1].startswith("38")
    assert like[2].startswith("11")
    assert like[3].startswith(f"−{change.mean():.1f} points")
    assert like[4] == "sit floor and crouch"
    assert rows["rendered at random"][3].startswith("−1.0 points")
    assert "500 poses" in table.caption


def test_a_single_seed_has_no_interval_and_no_renderings_no_section():
    (note, _) = renderings.gained(compared(seeds=(0,)))
    assert "single seed" in note.text
    assert "CI" not in note.text
    assert renderings.gained(compared() | {"renderings": []}) == []
    assert renderings.gained({key: v for key, v in compared().items() if key != "renderings"}) == []
    assert renderings.measured(compared() | {"renderings": []}) == ""
    unknown = compared()
    for row in unknown["renderings"]:
        row["test_lacked_before"] = None
    assert renderings.gained(unknown) == []


def test_where_the_student_fails_is_a_table_with_the_middle_pose_of_each_cell():
    body = skeletons.load("body16")
    pose = [[float(i), float(i % 3)] if i != 4 else None for i in range(16)]
    cells = [
        {"joint": name, "share": 25.0, "error": 40.0 - i, "part": 7.5, "pose": pose}
        for i, name in enumerate(("left_wrist", "right_ankle"))
    ]
    comparison = compared()
    comparison["renderings"][1]["failing"] = cells
    *_, table = renderings.gained(comparison, body)
    assert table.title == "Where the student fails"
    assert [row.name for row in table.rows] == ["left wrist", "right ankle"]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["25.0", "40.0", "7.5"], ["25.0", "39.0", "7.5"],
    ]  # fmt: skip
    assert "predictions on t1; seed 1" in table.caption
    drawn = table.rows[0].picture
    assert drawn is not None
    assert len(drawn.joints) == 15
    (ringed,) = drawn.missed
    seen = [i for i in range(16) if i != 4]
    assert ringed == drawn.joints[seen.index(body.keypoints.index("left_wrist"))]
    *_, bare = renderings.gained(comparison)
    assert bare.rows[0].picture is None
    *_, other = renderings.gained(comparison, skeletons.load("hand21"))
    assert other.rows[0].picture is None


def test_the_section_holds_them_without_a_map_of_poses():
    blocks = renderings.gained(compared())
    section = coverage.coverage("", blocks)
    assert isinstance(section, Section)
    assert section.blocks == blocks
    assert coverage.coverage("") is None


def test_a_gain_is_credited_to_the_choice_only_over_its_control():
    comparison = compared()
    said = evidence.statement(comparison, comparison["primary"])
    assert said.credit is endpoints.CHOICE
    assert statement.verdict(said) == statement.BETTER
    assert "random-rendering control" in statement.sentence(said)
    assert "the choice of poses makes the difference" in statement.sentence(said)
    alone = compared(control=False)
    said = evidence.statement(alone, alone["primary"])
    assert statement.verdict(said) == statement.UNCHOSEN
    assert "No random-rendering control was run" in statement.sentence(said)
    assert "hard" not in statement.sentence(said)
    other = statement.Statement("a", "b", "c", Interval(1.0, 0.5, 1.5), 3, "not run")
    assert statement.verdict(other) == statement.UNATTRIBUTED


def test_evidence_names_what_was_looked_at_and_the_finding_what_was_measured():
    comparison = compared()
    shared = dict(evidence.terms(comparison))
    assert shared["what chose the renderings"] == "rendered like target: predictions on t0"
    told = renderings.measured(comparison)
    assert told.startswith(f"{count(1000)} renderings chosen for that")
    assert f"{comparison['primary']['mean']:+.1f} points" in told
    assert "what chose the renderings" not in dict(evidence.terms(compared() | {"renderings": []}))


@pytest.mark.parametrize("counts", [(1000, 900, 1000)])
def test_seeds_with_fewer_renderings_are_told(counts):
    comparison = compared()
    for row, number in zip(comparison["renderings"], counts, strict=False):
        row["rendered"] = number
    note, table = renderings.gained(comparison)
    assert f"900 to {count(1000)} renderings" in note.text
    assert table.rows[0].cells[0].text == f"900 to {count(1000)}"
