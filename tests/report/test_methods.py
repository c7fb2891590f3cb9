"""Pages of methods: numbers that can be checked in the head, order, what is compared with what."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.report.methods_comparison import only
from tests.report.reading import as_tested

from posesift import results, storage
from posesift.report import claims, method_table
from posesift.report.blocks import Charts, Choice, Fold, Gallery, Note, Table
from posesift.report.figures import curves
from posesift.report.page import write_report
from posesift.report.sections import difficulty as difficulty_section
from posesift.report.sections import examples as example_sections
from posesift.report.sections import outcome as outcome_sections
from posesift.report.sections import support as support_section
from posesift.report.theme import Chart
from posesift.results import by_seed, methods
from posesift.results.comparison import Comparison

EVIL = "<script>alert('x')</script>"


def row_of(table: Table, name: str) -> list[str]:
    cells = next(row.cells for row in table.rows if row.name == name and row.role != "group")
    return [cell.text for cell in cells]


@pytest.fixture
def found(methods_comparison: Path) -> dict:
    return json.loads((methods_comparison / "comparison.json").read_text())


def differences(found: dict) -> tuple[list[Chart], Table]:
    """The figures and the table of all differences, out of the section on results."""
    blocks = outcome_sections.results(found).blocks
    charts = [chart for block in blocks if isinstance(block, Charts) for chart in block.charts]
    (fold,) = (b for b in blocks if isinstance(b, Fold) and b.anchor == "differences")
    table = fold.blocks[-1]
    assert isinstance(table, Table)
    return charts, table


def by_group(found: dict) -> Table:
    """The table of PCK by joint group."""
    (table,) = (
        block for block in outcome_sections.groups(found)
        if isinstance(block, Table) and block.title.startswith("PCK")
    )  # fmt: skip
    return table


def test_what_is_compared_with_what(found: dict) -> None:
    assert methods.ordered(found) == ["source-only", "regda", "udape"]
    assert methods.adapted(found) == ["regda", "udape"]
    assert methods.leading(found) == "udape"
    assert by_seed.reference(found) == "source-only"
    assert methods.against(found, "udape+hard-mining") == "udape"
    assert methods.against(found, "udape") == "source-only"
    assert methods.against(found, "source-only") is None
    assert methods.representatives(found) == [
        "source-only", "regda", "udape", "udape+hard-mining",
    ]  # fmt: skip
    assert methods.strategies(found) == ["uniform", "curriculum", "hard-mining"]


def test_a_comparison_of_sampling_has_no_story_of_methods(comparison: Path) -> None:
    old = json.loads((comparison / "comparison.json").read_text())
    assert not methods.several(old)
    said = " ".join(claim.sentence for claim in claims.headlines(old, None))
    assert "gap to the oracle" not in said
    assert "itself on the easiest" not in said
    assert method_table.published(old) == []
    assert methods.against(old, "hard-mining") == "uniform"


def test_an_arm_of_fewer_seeds_is_counted_apart(found: dict) -> None:
    """Best where it was trained, but not trained where the others were."""
    table = by_group(found)
    assert "over three seeds. " in table.caption
    found["cells"] = [
        cell for cell in found["cells"]
        if cell["arm"] != "udape+hard-mining" or cell["seed"] == 0
    ]  # fmt: skip
    fewer = by_group(found)
    assert "over three seeds (fewer: UDAPE + hard mining 1). " in fewer.caption
    assert "oracles and configurations of fewer seeds apart." in fewer.caption
    best = [
        {row.name for row in t.rows if any(cell.best for cell in row.cells)} for t in (table, fewer)
    ]
    assert "UDAPE + hard mining" in best[0]
    assert best[1] == {"UDAPE"}
    section = outcome_sections.results(found)
    assert section.lead.startswith(
        "Nine configurations, three seeds (fewer: UDAPE + hard mining 1)."
    )


def test_the_table_of_results(found: dict) -> None:
    table = method_table.results(found)
    assert [row.name for row in table.rows] == [
        "a constant pose", "Source only", "Source only + curriculum", "Source only + hard mining",
        "RegDA", "RegDA + curriculum", "RegDA + hard mining",
        "UDAPE", "UDAPE + curriculum", "UDAPE + hard mining", "Oracle",
    ]  # fmt: skip
    mean = sum(by_seed.values(found, "udape", "target", "pck", "0.05", "all").values()) / 3
    place = table.columns.index("gap closed %")
    assert row_of(table, "UDAPE")[0] == f"{mean:.1f}"
    assert abs(float(row_of(table, "UDAPE")[place]) - 50) <= 2  # 20 of 40 points
    assert row_of(table, "Source only")[place] == "–"


def test_the_table_of_joint_groups(found: dict) -> None:
    table = by_group(found)
    assert table.columns == ["all", "shoulder", "elbow", "wrist", "hip", "knee", "ankle"]
    bold = [row.name for row in table.rows for cell in row.cells if cell.best]
    assert set(bold) == {"UDAPE + hard mining"}
    assert len(bold) == 7


def test_every_arm_contends_and_the_oracle_does_not(found: dict) -> None:
    for cell in found["cells"]:
        if cell["arm"] == "source-only":
            cell["sets"]["target"]["pck"]["0.05"]["wrist"] = 98.0
        if cell["arm"].startswith("oracle") and "target" in cell["sets"]:
            cell["sets"]["target"]["pck"]["0.05"]["wrist"] = 99.0
    table = by_group(found)
    place = table.columns.index("wrist")
    best = [row.name for row in table.rows if row.cells and row.cells[place].best]
    assert best == ["Source only"]


def test_one_seed_shows_intervals_over_images_where_there_are_any(found: dict) -> None:
    one = only(found, 0)
    cell = next(cell for cell in one["cells"] if cell["arm"] == "udape")
    cell["sets"]["target"]["interval"] = [47.0, 53.5]
    table = method_table.results(one)
    ranges = {row.name: row.cells[0].interval for row in table.rows if row.cells}
    assert ranges["UDAPE"] == "47.0 to 53.5"
    assert ranges["RegDA"] == ""
    assert "over images" in table.caption


def test_published_rows_stand_apart(found: dict) -> None:
    table, *notes = method_table.published(found)
    assert isinstance(table, Table)
    assert [row.name for row in table.rows] == ["UDAPE", "UDAPE, rerun", "Oracle"]
    assert [cell.text for cell in table.rows[0].cells] == ["82.0", "69.2", "84.9", "–", "paper"]
    assert not any(cell.best for row in table.rows for cell in row.cells)
    said = [note.text for note in notes if isinstance(note, Note)]
    assert said == [
        "UDAPE; UDAPE, rerun: Checkpoint chosen by the target's test labels.",
        "Oracle: Copied from another task there.",
    ]


def test_differences_are_grouped_by_method(found: dict) -> None:
    charts, table = differences(found)
    assert [chart.title for chart in charts] == [
        "Adaptation: method − source only",
        "Sampling: PCK@0.05 on the hardest quarter of the target",
        "Sampling: PCK@0.05, target",
    ]
    assert "Diamond" in charts[1].caption
    assert "Diamond" not in charts[0].caption + charts[2].caption
    assert "UDAPE + hard mining − UDAPE: +2.5" in charts[1].alt
    assert [row.name for row in table.rows if row.role == "group"] == [
        "Source only", "RegDA", "UDAPE",
    ]  # fmt: skip
    primary = [row for row in table.rows if row.role == "primary"]
    assert [row.cells[-1].text for row in primary] == ["pre-specified"]
    assert len([row for row in table.rows if row.role == "arm"]) == len(found["secondary"])


def test_small_p_values_are_bounds(found: dict) -> None:
    _, table = differences(found)
    shown = {cell.text for row in table.rows for cell in row.cells}
    assert "< 0.001" in shown
    assert "0.000" not in shown


def test_panels_by_difficulty(found: dict) -> None:
    choice, fold = difficulty_section.difficulty(found).blocks
    assert isinstance(choice, Choice)
    assert isinstance(fold, Fold)
    (further,) = fold.blocks
    assert isinstance(further, Choice)
    assert [label for label, _ in choice.options] == ["PCK@0.05", "EvalPose"]
    for (_, first), (_, rest) in zip(choice.options, further.options, strict=True):
        pairs = [[c.title for c in b.charts] for b in (*first, *rest) if isinstance(b, Charts)]
        assert pairs == [
            ["Methods, uniform sampling", "Difference to Source only"],
            ["Source only, by sampling", "Difference to Source only"],
            ["RegDA, by sampling", "Difference to RegDA"],
            ["UDAPE, by sampling", "Difference to UDAPE"],
        ]
    (by_pck, *_), (by_evalpose, *_) = (blocks for _, blocks in choice.options)
    assert isinstance(by_pck, Charts)
    assert isinstance(by_evalpose, Charts)
    assert "Oracle: 79" in by_pck.charts[0].alt
    assert "Oracle: 70.1, 70.1, 70.1, 70.1" in by_evalpose.charts[0].alt
    assert "images" not in by_evalpose.charts[0].caption


def test_panels_by_support(found: dict) -> None:
    section = support_section.support(found)
    pairs = [[c.title for c in b.charts] for b in section.blocks if isinstance(b, Charts)]
    assert pairs == [  # no figures by seed, so no paired differences
        [
            "Methods, uniform sampling", "Source only, by sampling", "RegDA, by sampling",
            "UDAPE, by sampling",
        ]
    ]  # fmt: skip
    first = next(block for block in section.blocks if isinstance(block, Charts))
    assert "from 0 n = 40 to ≥ 10 n = 40. Source only: 30.0, 35.0, 40.0; " in first.charts[0].alt


def test_a_strategy_looks_alike_in_every_panel(found: dict) -> None:
    """Hard mining is the third strategy, also where curriculum was not trained."""
    assert curves._looks(found, ["regda", "regda+curriculum", "regda+hard-mining"]) == [0, 1, 2]
    assert curves._looks(found, ["udape", "udape+hard-mining"]) == [0, 2]
    assert curves._looks(found, ["regda", "udape"]) == [0, 1]


def test_examples_are_of_each_arm_beside_what_it_is_compared_with(
    methods_comparison: Path, methods_page: Path
) -> None:
    opened = results.read(methods_comparison)
    assert isinstance(opened, Comparison)
    assert example_sections.pairs_of(opened.comparison)[:3] == [
        ("udape+hard-mining", "udape"), ("regda", "source-only"), ("udape", "source-only"),
    ]  # fmt: skip
    said, choice = example_sections.of_comparison(*as_tested(opened)).blocks
    assert isinstance(said, Note)
    assert said.text.startswith("Predictions that are not available: RegDA, ")
    assert isinstance(choice, Choice)
    assert [label for label, _ in choice.options] == [
        "UDAPE + hard mining against UDAPE",
        "UDAPE against Source only",
    ]
    for (_, (gallery,)), names in zip(
        choice.options, (["UDAPE", "UDAPE + hard mining"], ["Source only", "UDAPE"]), strict=True
    ):
        assert isinstance(gallery, Gallery)
        assert gallery.columns == ["ground truth", *names]
        assert f"of {names[1]} over {names[0]} (ties" in gallery.caption
        assert "There was no loss." in gallery.caption  # the same noise, only smaller
        assert [strip.name for strip in gallery.strips][::3] == ["Largest gain 1", "Random 1"]
        before, after = gallery.strips[0].pictures[1:]
        change = int(gallery.strips[0].detail.split("PCK +")[1])
        shown = [int(p.caption[0].split()[1]) for p in (before, after)]
        assert abs(shown[1] - shown[0] - change) <= 1  # each is rounded
    text = methods_page.read_text()
    anchors = re.findall(r'<section id="(\w+)"', text)
    first = anchors.index("results")
    assert anchors[first : first + 2] == ["results", "difficulty"]
    assert len(text) < 5e6


def test_names_are_text(found: dict, tmp_path: Path) -> None:
    for arm in found["arms"]:
        arm["label"] = f"{arm['name']} {EVIL}"
        arm["method"] += EVIL if arm["method"] == "regda" else ""
    found["published"][0] |= {"method": EVIL, "trust": EVIL, "note": EVIL, "groups": {EVIL: 1.0}}
    found["checkpoint"] = f"Leak: {EVIL}"
    found["secondary"][0]["endpoint"] = EVIL
    storage.write_json(tmp_path / "comparison.json", found)
    assert "<script" not in write_report(tmp_path).read_text()


def test_one_seed_has_a_table_of_differences_and_no_forest(found: dict) -> None:
    one = only(found, 0)
    for row in (one["primary"], *one["secondary"]):
        row |= {"low": None, "high": None, "half_width": None, "p": None, "p_holm": None}
    charts, table = differences(one)
    assert not charts
    assert table.columns == ["points"]
    assert {len(row.cells) for row in table.rows if row.role != "group"} == {1}
    assert sum(row.role == "primary" for row in table.rows) == 1
    charts, table = differences(found)
    assert charts
    assert len(table.columns) == 5
