"""The page of one training: how it was trained, which labels chose it, what it warns of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from posesift import results, storage
from posesift.report import contents, evidence
from posesift.report.page import render, write_report
from posesift.results.run import Run


@pytest.mark.parametrize("said", ["Leak: by the test set.", "chosen by best-on-target-test"])
def test_a_leak_is_named_at_the_top(said: str) -> None:
    chosen, notes = evidence.of_comparison({"checkpoint": said})
    assert notes[0].startswith("Leak: ")
    assert said in notes[0]
    assert "best-on-target-test" in chosen


@pytest.fixture
def run(methods_comparison: Path, tmp_path: Path) -> Path:
    return shutil.copytree(methods_comparison / "cells/udape/seed0", tmp_path / "run")


def test_the_page_of_a_run_says_how_it_was_trained(run: Path) -> None:
    settings = {
        "method": "udape", "style": "statistics", "parity": True, "sampling": "hard-mining",
        "sample_in": "adaptation", "choose_by": "agreement", "seed": 3,
    }  # fmt: skip
    (run / "experiment.yaml").write_text(yaml.safe_dump(settings))
    opened = results.read(run)
    assert isinstance(opened, Run)
    terms = dict(contents.of_run(opened).terms)
    assert terms["method"] == "UDAPE, reference formulation (parity)"
    assert terms["style"] == "statistics"
    assert terms["sampling"] == "hard-mining (adaptation)"
    assert terms["checkpoint"].startswith("agreement on unlabelled target images")


def test_a_run_chosen_by_the_test_set_warns_first(run: Path) -> None:
    settings = {"method": "regda", "choose_by": "best-on-target-test", "notes": ["A note."]}
    (run / "experiment.yaml").write_text(yaml.safe_dump(settings))
    evaluation = json.loads((run / "evaluation.json").read_text())
    warning = "the teacher has collapsed"
    storage.write_json(run / "evaluation.json", evaluation | {"warnings": [warning]})
    with (run / "metrics.jsonl").open("a") as log:
        log.write(json.dumps({"step": 99, "warning": warning}) + "\n")
    opened = results.read(run)
    assert isinstance(opened, Run)
    page = contents.of_run(opened)
    assert page.notes[0].startswith("Leak: ")
    assert page.notes[1:] == ["A note.", "The teacher has collapsed."]
    assert dict(page.terms)["checkpoint"].startswith("a leak")
    assert "Leak: " in render(page)


def test_the_first_number_of_a_run_has_its_interval_over_images(run: Path) -> None:
    evaluation = json.loads((run / "evaluation.json").read_text())
    for entry in evaluation["sets"].values():
        entry["interval"] = [12.34, 56.78]
    storage.write_json(run / "evaluation.json", evaluation)
    opened = results.read(run)
    assert isinstance(opened, Run)
    first, *others = contents.of_run(opened).figures
    samples = opened.headline[1]["samples"]
    said = f"; 95 % CI 12.3 to 56.8 over {samples} images, single seed"
    assert first.what.endswith(said)
    assert not any("CI" in figure.what for figure in others)


def test_many_notes_do_not_push_the_numbers_down(run: Path) -> None:
    settings = {"method": "regda", "notes": [f"Note {i}." for i in range(8)]}
    (run / "experiment.yaml").write_text(yaml.safe_dump(settings))
    opened = results.read(run)
    assert isinstance(opened, Run)
    total = len(contents.of_run(opened).notes)
    assert total >= 8
    text = write_report(run).read_text()
    summary = f"<summary>Further notes ({total - 2})</summary>"
    assert summary in text
    assert text.split(summary)[0].count('<p class="note">') == 2
    assert all(text.count(f'<p class="note">Note {i}.</p>') == 1 for i in range(8))
