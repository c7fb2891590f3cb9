from __future__ import annotations

import base64
import xml.dom.minidom
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posesift import results, skeletons
from posesift.poses.angles import joint_angles
from posesift.report import pose_sets
from posesift.report.figures import kinematic_tree
from posesift.report.pose_sets import PoseSet
from posesift.report.theme import Chart

BODY = skeletons.load("body16")


def words(chart: Chart) -> list[str]:
    svg = base64.b64decode(chart.uri.split(",")[1]).decode()
    document = xml.dom.minidom.parseString(svg)
    return [node.firstChild.data for node in document.getElementsByTagName("text")]


@pytest.fixture(scope="module")
def source(comparison: Path) -> PoseSet:
    found, _ = pose_sets.source_of(results.read_score(comparison / "score"))
    assert found is not None
    return found


def test_the_pose_is_of_the_hardest_bin_near_its_median_and_whole(source: PoseSet) -> None:
    row = kinematic_tree.chosen(source)
    assert row is not None
    hardest = [i for i in range(len(source)) if source.bin_N[i] == 9]
    defined = {i: int(np.isfinite(source.angles_NA[i]).sum()) for i in hardest}
    most = [i for i in hardest if defined[i] == max(defined.values())]
    middle = np.median([source.score_N[i] for i in most])
    nearest = sorted(most, key=lambda i: abs(source.score_N[i] - middle))[:25]
    assert row in nearest

    def spread(i: int) -> float:
        seen = source.table.keypoints_NK2[i][source.table.visible_NK[i]].astype(float)
        gaps = [min(np.hypot(*(a - b)) for b in seen if b is not a) for a in seen]
        width, height = np.ptp(seen, axis=0)
        return float(np.mean(gaps) / max(width / 0.75, height))

    assert spread(row) == pytest.approx(max(spread(i) for i in nearest))


def test_an_unbinned_pose_is_never_chosen(source: PoseSet) -> None:
    empty = replace(source, bin_N=np.full(len(source), pose_sets.UNBINNED))
    assert kinematic_tree.chosen(empty) is None
    assert kinematic_tree.of_set(empty) is None
    bare = replace(source, angles_NA=np.full_like(source.angles_NA, np.nan))
    assert kinematic_tree.chosen(bare) is None


def test_degrees_stand_beside_names_in_figure_and_words(source: PoseSet) -> None:
    chart = kinematic_tree.of_set(source)
    row = kinematic_tree.chosen(source)
    assert chart is not None
    assert row is not None
    shown = words(chart)
    for i, name in enumerate(BODY.angle_names):
        assert name in shown
        assert f"θ{i + 1}" in shown
        value = source.angles_NA[row, i]
        if np.isfinite(value):
            assert f"{value:.1f}°" in shown
            assert shown.count(f"θ{i + 1}") == 2  # beside its arc and in the table
            assert f"{name} {value:.1f}" in chart.alt
    assert "bin 10" in chart.caption


def test_an_angle_without_its_keypoint_is_a_dash_and_has_no_arc() -> None:
    pose = np.random.default_rng(0).normal(size=(16, 2)) * 50
    visible = np.ones(16, bool)
    visible[BODY.keypoints.index("right_wrist")] = False
    angles = joint_angles(pose[None], visible[None], BODY.triplets)[0]
    chart = kinematic_tree.tree(BODY, pose, visible, angles, "a pose")
    assert words(chart).count("–") == 1
    assert words(chart).count("θ1") == 1
    assert "right elbow" not in chart.alt
    assert "A dash: a keypoint is missing." in chart.caption


@pytest.mark.parametrize("name", skeletons.names())
def test_every_built_in_skeleton_is_drawn(name: str) -> None:
    skeleton = skeletons.load(name)
    pose = np.random.default_rng(1).normal(size=(len(skeleton), 2))
    visible = np.ones(len(skeleton), bool)
    angles = joint_angles(pose[None], visible[None], skeleton.triplets)[0]
    chart = kinematic_tree.tree(skeleton, pose, visible, angles, "a pose")
    assert len([w for w in words(chart) if w.endswith("°")]) == len(skeleton.triplets)


def test_the_wedge_spans_the_angle() -> None:
    """Turned to its own place, an arc opens by exactly the degrees that are written."""
    pose = np.random.default_rng(2).normal(size=(16, 2))
    angles = joint_angles(pose[None], np.ones((1, 16), bool), BODY.triplets)[0]
    known = list(range(len(BODY.triplets)))
    for i, (one, other, radius) in kinematic_tree._wedges(BODY, pose, known).items():
        between = abs((one - other + 180) % 360 - 180)
        assert between == pytest.approx(angles[i])
        assert radius > 0
