"""Which EvalPose a page shows, in folders of any version; and the constant pose beside angles."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from posesift import results
from posesift.report import contents, facts
from posesift.report.answers import comparison as opening
from posesift.report.blocks import Table
from posesift.report.sections import run as run_sections
from posesift.results import evalpose_form
from posesift.results.run import Run

CONSTANT = {
    "pck": {"0.05": {"all": 1.25}}, "evalpose_limbs": 22.25, "evalpose_100": 5.75,
    "angle_error_deg": 57.5, "angle_error_by_group": {"knee": 54.25},
}  # fmt: skip


def older(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as earlier versions wrote it."""
    bins = [
        {key: value for key, value in row.items() if key != "evalpose_limbs"}
        for row in entry.get("by_bin") or []
    ]
    rest = {key: value for key, value in entry.items() if key != "evalpose_limbs"}
    return {**rest, "by_bin": bins}


@pytest.fixture
def folder(comparison: Path, tmp_path: Path) -> Path:
    """A run with a constant pose, free to change."""
    path = tmp_path / "run"
    shutil.copytree(comparison / "cells/uniform/seed0", path)
    content = json.loads((path / "evaluation.json").read_text())
    content["baselines"] = {"constant pose": {"target": dict(CONSTANT)}}
    (path / "evaluation.json").write_text(json.dumps(content))
    return path


@pytest.fixture
def old(folder: Path) -> Path:
    """The same run as an earlier version left it."""
    content = json.loads((folder / "evaluation.json").read_text())
    content["sets"] = {name: older(entry) for name, entry in content["sets"].items()}
    content["baselines"]["constant pose"]["target"] = older(CONSTANT)
    (folder / "evaluation.json").write_text(json.dumps(content))
    path = folder / "predictions.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["evalpose_limbs"]), path)
    return folder


def opened(path: Path) -> Run:
    found = results.read(path)
    assert isinstance(found, Run)
    return found


def shown(number: float) -> str:
    return f"{number:.1f}"


@pytest.mark.parametrize(
    ("version", "name", "key", "constant"),
    [
        ("folder", "EvalPose", "evalpose_limbs", "22.2"),
        ("old", "EvalPose, standardised", "evalpose_100", "5.8"),
    ],
)
def test_a_run_shows_the_form_that_it_holds_beside_a_constant_pose(
    version: str, name: str, key: str, constant: str, request: pytest.FixtureRequest
) -> None:
    run = opened(request.getfixturevalue(version))
    entry = run.evaluation["sets"]["target"]
    (table,) = run_sections.overall(run).blocks
    assert isinstance(table, Table)
    column = table.columns.index(f"{name} 0–100")
    rows = {row.name: row.cells[column].text for row in table.rows}
    label = run.set_label("target")
    assert rows[label] == shown(entry[key])
    assert rows[f"constant pose, {label}"] == constant
    figures = {figure.what: figure.value for figure in contents.of_run(run).figures}
    assert figures[f"{name} on {label} (a constant pose: {constant})"] == shown(entry[key])
    assert f"mean angle error on {label} (a constant pose: 57.5)" in figures
    page = run._repr_html_()
    assert f">{name}<" in page
    assert f">{constant}<" in page


def test_angle_errors_by_group_have_the_constant_pose_beside_them(folder: Path) -> None:
    section = run_sections.groups(opened(folder))
    assert section is not None
    table = next(t for t in section.blocks if isinstance(t, Table) and "Angle error" in t.title)
    free = next(row for row in table.rows if row.name.startswith("constant pose"))
    assert free.role == "baseline"
    assert free.cells[table.columns.index("knee")].text == "54.2"


def test_without_a_constant_pose_nothing_is_said_of_one(folder: Path) -> None:
    content = json.loads((folder / "evaluation.json").read_text())
    del content["baselines"]
    (folder / "evaluation.json").write_text(json.dumps(content))
    assert facts.beside(opened(folder), "angle_error_deg") == ""


def test_samples_of_older_folders_are_judged_by_limbs_too(old: Path, comparison: Path) -> None:
    now = results.read_predictions(comparison / "cells/uniform/seed0", "target")
    then = results.read_predictions(old, "target")
    assert now is not None
    assert then is not None
    np.testing.assert_allclose(then.evalpose_N, now.evalpose_N, rtol=1e-6)  # kept as float32
    table = pq.read_table(comparison / "cells/uniform/seed0/predictions.parquet")
    table = table.filter(np.array(table["set"].to_pylist()) == "target")
    kept_N = table["evalpose_limbs"].to_numpy().astype(np.float64)
    np.testing.assert_allclose(now.evalpose_N, kept_N, rtol=1e-5)


def test_one_older_cell_decides_for_a_comparison(methods_comparison: Path) -> None:
    found = json.loads((methods_comparison / "comparison.json").read_text())
    assert evalpose_form.of_comparison(found) is evalpose_form.LIMBS
    for cell in found["cells"]:
        cell["sets"]["target"]["evalpose_100"] = 30.0
    first = found["cells"][0]
    first["sets"] = {name: older(entry) for name, entry in first["sets"].items()}
    assert evalpose_form.of_comparison(found).key == "evalpose_100"
    tables = [
        block
        for section in contents.came_out(found)
        for block in section.blocks
        if isinstance(block, Table)
    ]
    columns = [column for table in tables for column in table.columns if "EvalPose" in column]
    assert columns == ["EvalPose, standardised 0–100"]


def test_arms_best_by_angles_are_named_beside_the_constant_pose(methods_comparison: Path) -> None:
    found = json.loads((methods_comparison / "comparison.json").read_text())
    found["baselines"] = [{"name": "constant pose", "seed": 0, "sets": {"target": CONSTANT}}]
    for cell in found["cells"]:
        entry = cell["sets"]["target"]
        entry["evalpose_limbs"] = 90.0 if cell["arm"] == "regda" else 40.0
    said = opening.of_best(found, "claim-8")
    assert said is not None
    assert "By EvalPose (90.0 against 40.0 of 100; a constant pose 22.2) it is RegDA" in said.answer
