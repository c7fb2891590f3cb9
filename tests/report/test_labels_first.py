"""The hardest dozen of a labelled set, with what the check would mark."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.report.conftest import build_score, save_table

from posesift import results
from posesift.data.checks.suspects import marked
from posesift.report import pose_sets
from posesift.report.answers import rare_poses
from posesift.report.blocks import Gallery, Section
from posesift.report.pose_sets import PoseSet
from posesift.report.sections.labels_first import labels_first


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> PoseSet:
    folder = tmp_path_factory.mktemp("labels")
    score = build_score(folder / "score", *save_table(folder / "data", 120, 3))
    found, _ = pose_sets.source_of(results.read_score(score))
    assert found is not None
    return found


def captions(section: Section) -> list[list[str]]:
    (gallery,) = [block for block in section.blocks if isinstance(block, Gallery)]
    return [picture.caption for strip in gallery.strips for picture in strip.pictures]


def test_the_hardest_dozen_is_shown_hardest_first(source: PoseSet) -> None:
    found = labels_first(source)
    assert found is not None
    assert found.title == "Look at these labels first"
    hardest = sorted(range(len(source)), key=lambda row: -source.score_N[row])[:12]
    shown = captions(found)
    assert [lines[0] for lines in shown] == [f"row {row}" for row in hardest]
    assert [lines[1] for lines in shown] == [f"{row:04d}.png" for row in hardest]
    assert f"posesift check {source.table.address}" in found.lead.replace("'", "")


def test_what_the_check_would_mark_is_said_of_each(source: PoseSet) -> None:
    row = int(np.argmax(source.score_N))
    keypoints_NK2 = source.table.keypoints_NK2.copy()
    keypoints_NK2[row] = 30 + 0.01 * np.arange(32).reshape(16, 2)  # all in one point
    visible_NK = source.table.visible_NK.copy()
    visible_NK[row] = True
    table = replace(source.table, keypoints_NK2=keypoints_NK2, visible_NK=visible_NK)
    assert marked(table, [row]) == {row: "all in one point"}
    found = labels_first(replace(source, table=table))
    assert found is not None
    assert captions(found)[0][-1] == "all in one point"
    suspects = sum(len(lines) == 4 for lines in captions(found))
    assert f"By the rules of the check {suspects} of 12 " in found.lead


def test_a_world_makes_no_mistakes(source: PoseSet) -> None:
    made = replace(source, table=replace(source.table, share={"stand": 1.0}))
    assert labels_first(made) is None
    assert labels_first(replace(source, table=replace(source.table, root="world:body"))) is None
    assert labels_first(None) is None
    silent = replace(source, score_N=np.full(len(source), np.nan))
    assert labels_first(silent) is None


def test_the_answer_on_rare_poses_points_there(source: PoseSet) -> None:
    said = rare_poses.rarest(source, None)
    assert said is not None
    assert ("Look at these labels first", "labels") in said.links
    assert "a part of the hardest are mistakes of the labels" in said.detail
