"""Names out of data and files, hostile ones, on whole pages: shown as text, the same each time."""

from __future__ import annotations

import functools
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.report.reading import Reading

from posesift import storage
from posesift.poses.table import PoseTable
from posesift.report.page import write_report

EVIL = "</script><script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp;\u2028{{ 7*7 }}"
HOOKS = ("onerror", "onload", "onclick", "onmouseover")


def hostile(table: PoseTable) -> PoseTable:
    """Modes and clips called by their worst names."""
    assert table.mode_N is not None
    names = {mode: f"{EVIL} {mode}" for mode in set(table.mode_N)}
    mode_N = np.array([names[mode] for mode in table.mode_N], dtype=object)
    mode_N[: len(table) // 36] = f"{EVIL} odd"  # so few that they are rare
    clip_N = np.array([f"{EVIL}{i % 3}" for i in range(len(table))], dtype=object)
    share = {f"{EVIL} jump": 0.001, f"{EVIL} odd": 0.001}
    # the images lie beside the table, wherever both are copied to
    return replace(table, mode_N=mode_N, clip_N=clip_N, share=share, root=".")


@pytest.fixture(scope="module")
def folder(comparison: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison, its score and one of its runs with a hostile name wherever there is one."""
    made = tmp_path_factory.mktemp("hostile") / "a <b> & 'c'"
    for name in ("score", "data/scored", "data/target", "cells/uniform", "cells/hard-mining"):
        shutil.copytree(comparison / name, made / name)
    for name in ("scored", "target"):
        path = made / f"data/{name}/table.parquet"
        hostile(PoseTable.load(path)).save(path)
    text = (comparison / "comparison.json").read_text()
    found = json.loads(text.replace(str(comparison), str(made)))
    for arm in found["arms"]:
        arm["label"] = f"{arm['name']} {EVIL}"
    for entry in found["sets"].values():
        entry["label"] = EVIL
    found["primary"]["endpoint"] = EVIL
    found["secondary"][0]["endpoint"] = EVIL
    found["baselines"][0]["name"] = EVIL
    found |= {"title": EVIL, "notes": [EVIL], "command": EVIL, "checkpoint": EVIL}
    found |= {"environment": {EVIL: EVIL}, "recipe": EVIL}
    storage.write_json(made / "comparison.json", found)
    summary = json.loads((made / "score/summary.json").read_text())
    address = summary["address"].replace(str(comparison), str(made))
    summary |= {"address": address, "warnings": [EVIL]}
    storage.write_json(made / "score/summary.json", summary)
    run = made / "cells/uniform/seed0"
    settings = {"title": EVIL, "method": EVIL, "sampling": EVIL, "command": EVIL, "seed": 0}
    settings |= {"labels": {"target": EVIL}, "notes": [EVIL], "choose_by": EVIL}
    storage.write_json(run / "experiment.yaml", settings)  # JSON is YAML
    return made


@pytest.fixture(scope="module")
def page_of(folder: Path) -> Callable[[str], str]:
    """The page of a part of it, written once."""
    return functools.cache(lambda part: write_report(folder / part).read_text(encoding="utf-8"))


@pytest.mark.parametrize("part", ["", "cells/uniform/seed0"])
def test_hostile_names_are_text_and_the_page_is_the_same_twice(
    folder: Path, page_of: Callable[[str], str], part: str
) -> None:
    text = page_of(part)
    shown = Reading(text)  # every tag is closed in its order
    scripts = [attributes for tag, attributes in shown.tags if tag == "script"]
    assert len(scripts) <= 2  # the explorer's data, and what reads it
    assert all(attributes.get("src") is None for attributes in scripts)
    for tag, attributes in shown.tags:
        assert not set(attributes) & set(HOOKS)
        assert attributes.get("src", "data:,") != "x", tag
    counted = Counter(tag for tag, _ in shown.tags)
    assert counted["iframe"] == counted["object"] == counted["base"] == counted["form"] == 0
    assert "<img src=x" not in text
    assert "<script>alert" not in text
    assert "7*7" in text
    assert "{{ 7*7 }}" in text  # a template within a name is not filled in
    assert write_report(folder / part).read_text(encoding="utf-8") == text


def test_the_new_parts_show_hostile_names(page_of: Callable[[str], str]) -> None:
    shown = Reading(page_of(""))
    assert all("<script>alert('x')" in claim.sentence for claim in shown.claims[:2])
    rare = next(told for asked, told in shown.findings.items() if "rare in the source" in asked)
    best = next(told for asked, told in shown.findings.items() if "is best?" in asked)
    assert "<img src=x onerror=alert(1)>" in rare
    assert "<img src=x onerror=alert(1)>" in best
