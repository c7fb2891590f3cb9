"""Folders from which something was taken: a page comes out all the same, and says what is gone."""

from __future__ import annotations

import copy
import html
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.report.conftest import BODY
from tests.report.reading import as_tested

from posesift import results, storage
from posesift.report import contents, pose_sets
from posesift.report.blocks import Choice, Fold, Gallery, Note, Section, Table
from posesift.report.page import write_report
from posesift.report.sections import examples as example_sections
from posesift.report.sections import failures as nearest_section
from posesift.report.sections import run as run_sections
from posesift.results.comparison import Comparison
from posesift.results.run import Run

Change = Callable[[dict[str, Any]], None]


FEW = ("source-only", "udape", "udape+hard-mining", "oracle target")


@pytest.fixture(scope="module")
def whole(methods_comparison: Path) -> dict[str, Any]:
    """Two methods, of which one has two strategies, and an oracle: few figures to draw."""
    found = json.loads((methods_comparison / "comparison.json").read_text())
    support = found["support"]
    keep_arms(found, *FEW)
    found["support"] = {name: rows for name, rows in support.items() if name in FEW}
    return found


@pytest.fixture
def found(whole: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(whole)


@pytest.fixture
def pair(whole: dict[str, Any]) -> dict[str, Any]:
    """One method with two strategies."""
    found = copy.deepcopy(whole)
    keep_arms(found, *FEW[1:])
    found["support"] = {name: whole["support"][name] for name in FEW[1:3]}
    return found


@pytest.fixture(scope="module")
def said_of_all(whole: dict[str, Any]) -> str:
    return words(contents.came_out(whole))


def words(of: Any) -> str:
    """All text of sections: titles, captions, cells, and what figures show in words."""
    if isinstance(of, str):
        return of
    if isinstance(of, list | tuple):
        return " ".join(map(words, of))
    if is_dataclass(of):
        return " ".join(
            words(getattr(of, f.name)) for f in fields(of) if f.name not in ("uri", "figure")
        )
    return ""


@pytest.fixture
def copied(methods_comparison: Path, whole: dict[str, Any], tmp_path: Path) -> Path:
    """A comparison free to change; its data stay where they are."""
    for name in ("cells", "score"):
        shutil.copytree(methods_comparison / name, tmp_path / name)
    storage.write_json(tmp_path / "comparison.json", whole)
    return tmp_path


@pytest.fixture
def run(copied: Path) -> Path:
    return copied / "cells/udape/seed0"


def edit(path: Path, change: Change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))  # NaN stays NaN, as others would write it


def opened(folder: Path) -> Comparison:
    read = results.read(folder)
    assert isinstance(read, Comparison)
    return read


def text_of(page: Path) -> str:
    """What a reader sees, without the markup."""
    shown = re.sub(r"<(script|style).*?</\1>", " ", page.read_text(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", shown)).replace("\u00a0", " ").split())


def notes(section: Section | None) -> str:
    assert section is not None
    return " ".join(block.text for block in section.blocks if isinstance(block, Note))


def set_all(of: dict[str, Any], key: str, value: Any) -> None:
    """Set ``key`` of every cell's entry of the target."""
    for cell in of["cells"]:
        cell["sets"]["target"][key] = copy.deepcopy(value)


def blank_bins(of: dict[str, Any], *keys: str) -> None:
    for cell in of["cells"]:
        for row in cell["sets"]["target"]["by_bin"]:
            row.update(dict.fromkeys(keys))


def keep_arms(of: dict[str, Any], *names: str) -> None:
    of["arms"] = [arm for arm in of["arms"] if arm["name"] in names]
    of["cells"] = [cell for cell in of["cells"] if cell["arm"] in names]
    of["gap_closed"], of["secondary"], of["support"] = [], [], {}


NOT_SPLIT = "Nothing is shown by difficulty: too few samples of a known difficulty"
NO_SUPPORT = "How much support the target's poses have in the source was not measured."


@pytest.mark.parametrize(
    ("change", "says", "silent"),
    [
        pytest.param(lambda c: set_all(c, "by_bin", []), NOT_SPLIT, "Measured by", id="no bins"),
        pytest.param(lambda c: set_all(c, "by_bin", None), NOT_SPLIT, "Measured by", id="null"),
        pytest.param(
            lambda c: blank_bins(c, "pck", "evalpose_limbs", "interval"),
            NOT_SPLIT, "Measured by", id="bins without numbers",
        ),
        pytest.param(
            lambda c: blank_bins(c, "evalpose_limbs"), "Accuracy by difficulty", "Measured by",
            id="no EvalPose by bin",
        ),
        pytest.param(lambda c: c.update(support={}), NO_SUPPORT, "n = 40", id="no support"),
        pytest.param(lambda c: c.pop("support"), NO_SUPPORT, "n = 40", id="no support at all"),
        pytest.param(
            lambda c: c.update(support={"udape": []}), NO_SUPPORT, "n = 40", id="empty support"
        ),
        pytest.param(
            lambda c: c["primary"].update(mean=None, low=None, high=None, p=None, values=[]),
            "no seed has both", "Diamond", id="no primary",
        ),
        pytest.param(
            lambda c: set_all(c, "pck", {"0.05": {"all": None}, "0.1": {"all": None}}),
            "By joint group", "shoulder elbow wrist", id="no PCK",
        ),
        pytest.param(
            lambda c: set_all(c, "pck", None),
            "By joint group", "shoulder elbow wrist", id="null PCK",
        ),
        pytest.param(
            lambda c: [cell["sets"].pop("target") for cell in c["cells"]],
            NOT_SPLIT, "Measured by", id="target without labels",
        ),
    ],
)  # fmt: skip
def test_what_was_not_measured_is_said(
    pair: dict[str, Any], said_of_all: str, change: Change, says: str, silent: str
) -> None:
    assert silent in said_of_all
    change(pair)
    said = words(contents.came_out(pair))
    assert says in said
    assert silent not in said


def test_a_missing_part_does_not_move_the_others(found: dict[str, Any]) -> None:
    """The hardest quarter without a number is still a quarter, and the third is not called it."""
    for cell in found["cells"]:
        cell["sets"]["target"]["by_bin"][3]["pck"] = None
    found["seeds"] = [0]
    found["cells"] = [cell for cell in found["cells"] if cell["seed"] == 0]
    (section,) = [s for s in contents.came_out(found) if s.anchor == "difficulty"]
    choice = section.blocks[0]
    assert isinstance(choice, Choice)
    chart = choice.options[0][1][0].charts[0]  # type: ignore[union-attr]
    assert "from easiest quarter to hardest quarter" in chart.alt
    assert re.search(r"UDAPE: [\d.]+, [\d.]+, [\d.]+, –", chart.alt)


def leaves(of: Any) -> list[tuple[Any, Any]]:
    """Every place in ``of`` that holds a float, as its container and key."""
    inside = of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ()
    found = []
    for key, value in inside:
        found += [(of, key)] if isinstance(value, float) else leaves(value)
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("seeds", [1, 3])
def test_any_numbers_may_be_missing(found: dict[str, Any], seed: int, seeds: int) -> None:
    """Each number is undefined with a chance of a tenth to nearly all, wherever it stands."""
    rng = np.random.default_rng(seed)
    found["seeds"] = found["seeds"][:seeds]
    found["cells"] = [cell for cell in found["cells"] if cell["seed"] in found["seeds"]]
    share = [0.1, 0.5, 1.0][seed]
    for container, key in leaves(found):
        if rng.random() < share:
            container[key] = None
    results_, split = contents.came_out(found)
    assert (results_.anchor, split.anchor) == ("results", "difficulty")
    assert "support" in {block.anchor for block in split.blocks if isinstance(block, Fold)}


@pytest.mark.parametrize("undefined", [float("nan"), float("inf"), None])
def test_numbers_that_are_none_are_dashes(run: Path, undefined: float | None) -> None:
    def change(content: dict[str, Any]) -> None:
        content["sets"]["target"].update(evalpose_limbs=undefined, pck_auc=undefined)

    edit(run / "evaluation.json", change)
    read = results.read(run)
    assert isinstance(read, Run)
    (table,) = run_sections.overall(read).blocks
    assert isinstance(table, Table)
    row = dict(zip(table.columns, table.rows[0].cells, strict=True))
    assert row["EvalPose 0–100"].text == row["PCK AUC %"].text == "–"
    assert row["PCK@0.05 %"].text != "–"


def test_no_number_of_a_run(run: Path) -> None:
    """Its page comes out with dashes, and calls nothing by the name that a program has for it."""

    def blank(content: dict[str, Any]) -> None:
        for container, key in leaves(content):
            container[key] = float("nan")

    edit(run / "evaluation.json", blank)
    said = text_of(write_report(run))
    assert NOT_SPLIT in said
    assert NO_SUPPORT in said
    assert not re.search(r"\b(nan|inf|None)\b", said)


def test_one_arm(copied: Path) -> None:
    """Nothing to compare: no difference, no bold, its own best and worst."""
    edit(copied / "comparison.json", lambda c: keep_arms(c, "udape"))
    edit(
        copied / "comparison.json",
        lambda c: c.update(primary={"endpoint": "none", "arm": "udape", "against": "udape",
                                    "values": [], "mean": None}),
    )  # fmt: skip
    gallery = example_sections.of_comparison(*as_tested(opened(copied))).blocks[-1]
    assert isinstance(gallery, Gallery)
    assert [strip.name for strip in gallery.strips][::3] == ["Best 1", "Worst 1", "Random 1"]
    assert gallery.columns == ["ground truth", "UDAPE"]
    said = words(contents.came_out(opened(copied).comparison))
    assert "One configuration, three seeds." in said
    assert "Difference to UDAPE" not in said
    assert "In no column" not in said


def test_one_seed_says_so_wherever_an_interval_would_stand(found: dict[str, Any]) -> None:
    from tests.report.methods_comparison import only

    sections = {s.anchor: s for s in contents.came_out(only(found, 0))}
    choice = sections["difficulty"].blocks[0]
    assert isinstance(choice, Choice)
    captions = [c.caption for _, (block, *_) in choice.options for c in block.charts]  # type: ignore[union-attr]
    assert captions[0].startswith("Bars: 95 % intervals over images (one seed).")
    assert not any("paired" in caption for caption in captions)  # no difference without an interval
    table = sections["results"].blocks[0]
    assert isinstance(table, Table)
    assert not any(cell.best for row in table.rows for cell in row.cells)


def test_one_sample(copied: Path) -> None:
    """One target image: nothing can be split, the image itself is shown."""
    for arm in ("source-only", "udape", "udape+hard-mining"):
        path = copied / f"cells/{arm}/seed0/predictions.parquet"
        pq.write_table(pq.read_table(path).slice(0, 1), path)
    edit(copied / "comparison.json", lambda c: set_all(c, "by_bin", []))
    folder = opened(copied)
    assert folder.score is not None
    failed = nearest_section.nearest_sources(*as_tested(folder), *pose_sets.source_of(folder.score))
    assert "too few samples have a PCK" in notes(failed)
    (choice,) = example_sections.of_comparison(*as_tested(folder)).blocks
    assert isinstance(choice, Choice)
    gallery = choice.options[0][1][0]
    assert isinstance(gallery, Gallery)
    assert len(gallery.strips) == 1
    target = pose_sets.target_of(folder)
    assert NOT_SPLIT in words(contents.came_out(folder.comparison, target))


def test_predictions_that_are_gone(copied: Path) -> None:
    (copied / "cells/udape/seed0/predictions.parquet").unlink()
    blocks = example_sections.of_comparison(*as_tested(opened(copied))).blocks
    assert isinstance(blocks[0], Note)
    assert "the predictions are not available" in blocks[0].text
    for arm in ("source-only", "udape+hard-mining"):
        (copied / f"cells/{arm}/seed0/predictions.parquet").unlink()
    anchors = {section.anchor for section in contents.of(opened(copied)).sections}
    assert "examples" in anchors
    assert "failures" not in anchors


def test_predictions_of_other_samples_are_not_set_side_by_side(copied: Path) -> None:
    path = copied / "cells/udape+hard-mining/seed0/predictions.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    section = example_sections.of_comparison(*as_tested(opened(copied)))
    note, gallery = section.blocks
    assert isinstance(gallery, Gallery)
    assert gallery.columns == ["ground truth", "Source only", "UDAPE"]
    assert isinstance(note, Note)
    assert "UDAPE + hard mining" in note.text


def test_undefined_errors_are_never_shown_as_failures(copied: Path) -> None:
    for arm in ("source-only", "udape", "udape+hard-mining"):
        path = copied / f"cells/{arm}/seed0/predictions.parquet"
        table = pq.read_table(path)
        visible_NK = np.stack(table["visible"].to_pylist())
        visible_NK[:, list(BODY.groups["all"])] = False  # no joint that the headline counts
        unknown = pa.nulls(len(table), pa.float32())
        changed = {"visible": list(visible_NK), "pck": unknown, "evalpose_limbs": unknown}
        for name, values in changed.items():
            table = table.set_column(table.column_names.index(name), name, [values])
        pq.write_table(table, path)
    folder = opened(copied)
    assert folder.score is not None
    assert "no measure is defined" in notes(example_sections.of_comparison(*as_tested(folder)))
    failed = nearest_section.nearest_sources(*as_tested(folder), *pose_sets.source_of(folder.score))
    assert "too few samples have a PCK" in notes(failed)
    alone = results.read(copied / "cells/udape/seed0")
    assert isinstance(alone, Run)
    assert "no measure is defined" in notes(
        example_sections.of_run(alone, pose_sets.target_of(alone))
    )


def test_images_that_have_moved_are_skeletons_and_counted(
    copied: Path, methods_comparison: Path
) -> None:
    images = sorted((methods_comparison / "data/target").glob("*.png"))
    hidden = images[0].parent.with_name("moved")
    images[0].parent.rename(hidden)
    try:
        hidden.joinpath("table.parquet").rename(_back(images[0].parent) / "table.parquet")
        section = example_sections.of_comparison(*as_tested(opened(copied)))
    finally:
        (images[0].parent / "table.parquet").rename(hidden / "table.parquet")
        images[0].parent.rmdir()
        hidden.rename(images[0].parent)
    assert re.search(r"Skeletons without images: (\d+) of \1 images are not", notes(section))
    choice = section.blocks[-1]
    assert isinstance(choice, Choice)
    gallery = choice.options[0][1][0]
    assert isinstance(gallery, Gallery)
    assert all(p.image is None and p.joints for strip in gallery.strips for p in strip.pictures)


def _back(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_run_without_a_labelled_test_set(run: Path) -> None:
    edit(run / "evaluation.json", lambda e: e.update(sets={}, baselines={}))
    said = text_of(write_report(run))
    assert "Nothing was measured: no labelled test set was named." in said
    assert "By difficulty" not in said


def test_a_run_that_kept_no_predictions(run: Path) -> None:
    (run / "predictions.parquet").unlink()
    read = results.read(run)
    assert isinstance(read, Run)
    said = notes(example_sections.of_run(read, pose_sets.target_of(read)))
    assert "No single predictions are shown: predictions.parquet has none of the set" in said


def test_a_run_without_evaluation_is_refused_in_words(run: Path) -> None:
    (run / "evaluation.json").unlink()
    with pytest.raises(ValueError, match=r"expected summary\.json .* evaluation\.json \(a run\)"):
        write_report(run)


@pytest.mark.parametrize("key", ["arms", "cells", "seeds"])
def test_a_comparison_of_nothing_is_refused_in_words(copied: Path, key: str) -> None:
    changes = {"cells": []} if key == "arms" else {}
    edit(copied / "comparison.json", lambda c: c.update({key: [], **changes}))
    with pytest.raises(ValueError, match=f"has no {key}: nothing was compared"):
        results.read(copied)
