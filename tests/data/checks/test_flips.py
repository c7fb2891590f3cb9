"""Sides that are mixed up are named; sound data are met with silence."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import numpy as np
import pytest
from tests.datasets import pose_table

from posesift import skeletons
from posesift.data.checks.flips import find_flips
from posesift.data.checks.sides import Sides
from posesift.data.readers import read
from posesift.poses import PoseTable
from posesift.poses.table import joined

PAIRS = ("ankle", "knee", "hip", "wrist", "elbow", "shoulder")
LSPET = os.environ.get("POSESIFT_LSPET", "")


def swapped(table: PoseTable, *names: str) -> PoseTable:
    """The table as a mapping would read it that has left and right of some joints exchanged."""
    keypoints = table.skeleton.keypoints
    order = list(range(len(keypoints)))
    for name in names:
        left, right = keypoints.index(f"left_{name}"), keypoints.index(f"right_{name}")
        order[left], order[right] = right, left
    occluded = table.occluded_NK
    return dataclasses.replace(
        table,
        keypoints_NK2=table.keypoints_NK2[:, order],
        visible_NK=table.visible_NK[:, order],
        occluded_NK=None if occluded is None else occluded[:, order],
    )


def forget_hidden(table: PoseTable) -> PoseTable:
    """The same labels from a format that does not tell what is hidden."""
    return dataclasses.replace(table, occluded_NK=None)


@pytest.fixture(scope="module", params=["source", "target"])
def body(request):
    return read(f"world:body,n=800,poses={request.param}")


def test_sound_worlds_are_met_with_silence(body):
    found = find_flips(body)
    assert found.warnings == []
    assert found.swapped == found.jumps == []
    assert max(entry["disagree_percent"] for entry in found.neighbours) < 10
    assert found.far_side_hidden_percent > 95
    assert find_flips(read("world:hand,n=100")).warnings == []
    assert find_flips(body.select([])).warnings == []


@pytest.mark.parametrize("name", PAIRS)
def test_a_swapped_pair_is_named(body, name):
    found = find_flips(swapped(body, name))
    assert found.swapped == [name]
    assert len(found.warnings) == 1
    assert f"left and right {name} look swapped" in found.warnings[0]


@pytest.mark.parametrize(
    "names", [("hip", "shoulder"), ("wrist", "elbow"), ("ankle", "knee", "hip"), ("knee", "wrist")]
)
def test_several_swapped_pairs_are_named(body, names):
    found = find_flips(swapped(body, *names))
    assert set(found.swapped) == set(names)
    assert len(found.warnings) == 1


def test_all_sides_exchanged_are_told_by_what_is_hidden(body):
    found = find_flips(swapped(body, *PAIRS))
    assert found.swapped == []
    assert found.far_side_hidden_percent < 5
    assert len(found.warnings) == 1
    assert "left and right look exchanged in the whole set" in found.warnings[0]


def test_where_nothing_tells_backs_are_only_a_hint(body):
    table = forget_hidden(body)
    sides = Sides.of(table)
    hip = sides.names_P.index("hip")
    fronts = table.select(np.flatnonzero(sides.across_NP2[:, hip, 0] > 0))
    assert find_flips(fronts).warnings == []
    (line,) = find_flips(swapped(fronts, *PAIRS)).warnings
    assert "may be exchanged" in line
    assert find_flips(swapped(table, *PAIRS)).warnings == []  # as many backs as fronts: unknown


def turned(table: PoseTable, front: bool) -> PoseTable:
    """The people of a table who show their fronts, or their backs; nothing is known of hiding."""
    table = forget_hidden(table)
    hip = Sides.of(table).names_P.index("hip")
    return table.select(np.flatnonzero((Sides.of(table).across_NP2[:, hip, 0] > 0) == front))


def test_one_long_clip_of_a_back_says_nothing_of_the_whole_set(body):
    """Fifty clips of two frames from the front, and one of a person filmed from behind."""
    fronts, backs = turned(body, True), turned(body, False)
    few = fronts.select(np.arange(100))
    both = joined([few, *[backs] * 2])
    clip_N = np.array([f"front{row // 2}" for row in range(100)] + ["back"] * 2 * len(backs))
    assert any("may be exchanged" in line for line in find_flips(both).warnings)
    found = find_flips(dataclasses.replace(both, clip_N=clip_N))
    assert found.warnings == []
    assert found.front_percent > 90


def test_exchanged_sides_are_told_in_clips(body):
    clip_N = np.array([f"clip{row // 8}" for row in range(len(body))])
    wrong = dataclasses.replace(swapped(body, *PAIRS), clip_N=clip_N)
    (line,) = [line for line in find_flips(wrong).warnings if "whole set" in line]
    assert re.search(r"in 100% of \d\d clips", line)
    assert find_flips(dataclasses.replace(body, clip_N=clip_N)).warnings == []
    alone = dataclasses.replace(wrong, clip_N=np.full(len(body), "", object))  # no clip after all
    assert (
        find_flips(alone).far_side_hidden_percent
        == find_flips(swapped(body, *PAIRS)).far_side_hidden_percent
    )


def test_a_pair_swapped_in_a_few_clips_is_no_mapping(body):
    """One of fifty clips holds most frames, and its hips the wrong way round."""
    wrong = swapped(body, "hip")
    both = joined([body.select(np.arange(98)), *[wrong] * 2])
    clip_N = np.array([f"clip{row // 2}" for row in range(98)] + ["long"] * 2 * len(wrong))
    assert find_flips(both).swapped == ["hip"]
    assert find_flips(dataclasses.replace(both, clip_N=clip_N)).swapped == []
    everywhere = dataclasses.replace(wrong, clip_N=np.arange(len(wrong)) // 100)
    assert find_flips(everywhere).swapped == ["hip"]


def test_backs_are_no_fault_where_the_hidden_side_is_the_far_one(body):
    hip = Sides.of(body).names_P.index("hip")
    turned_N = Sides.of(body).across_NP2[:, hip, 0] < 0
    found = find_flips(body.select(turned_N))
    assert found.front_percent < 20
    assert found.warnings == []


def test_mirroring_images_without_exchanging_names_is_told(body):
    mirrored_NK2 = body.keypoints_NK2.copy()
    mirrored_NK2[..., 0] = body.width_N[:, None] - 1 - mirrored_NK2[..., 0]
    found = find_flips(dataclasses.replace(body, keypoints_NK2=mirrored_NK2))
    assert any("exchanged in the whole set" in line for line in found.warnings)


def test_sides_mixed_in_some_samples_are_warned_about(body):
    half_N = np.arange(len(body)) % 5 < 2
    wrong = swapped(body, "hip")
    points_NK2 = np.where(half_N[:, None, None], wrong.keypoints_NK2, body.keypoints_NK2)
    mixed = dataclasses.replace(body, keypoints_NK2=points_NK2)
    found = find_flips(mixed)
    assert found.swapped == []
    assert any("sides are mixed" in line and "hip" in line for line in found.warnings)
    # the samples in which hips and shoulders contradict each other are those
    doubtful = np.flatnonzero(found.doubt_N > 0.5)
    assert len(doubtful) > 50
    assert half_N[doubtful].mean() > 0.98


def test_a_seen_face_tells_fronts_from_backs():
    """COCO's people: nose and eyes are labelled only from the front."""
    names = skeletons.load("coco17").keypoints
    rng = np.random.default_rng(0)
    upright = {"nose": (0, 0), "shoulder": (20, 30), "elbow": (28, 60), "wrist": (30, 85)}
    upright |= {"hip": (13, 90), "knee": (14, 130), "ankle": (15, 170)}
    upright |= {"eye": (5, -6), "ear": (9, -3)}
    points_K2 = np.array([upright[name.split("_")[-1]] for name in names], float)
    points_K2[[name.startswith("right") for name in names], 0] *= -1  # left on the image's right
    points_NK2 = 100 + points_K2 + rng.normal(0, 1.5, (200, len(names), 2))
    visible_NK = np.ones((200, len(names)), bool)
    back_N = np.arange(200) < 120
    points_NK2[back_N, :, 0] = 200 - points_NK2[back_N, :, 0]
    visible_NK[back_N, : names.index("left_ear")] = False
    size_N = np.full(200, 300, np.int32)
    table = PoseTable(skeletons.load("coco17"), points_NK2, visible_NK, size_N, size_N)
    found = find_flips(table)
    assert found.warnings == []
    assert found.face_front_percent == 100
    (line,) = find_flips(swapped(table, *PAIRS, "eye", "ear")).warnings
    assert "where the face is seen" in line
    # the head alone: eyes and ears hang together with the shoulders by nearness only
    assert set(find_flips(swapped(table, "eye", "ear")).swapped) == {"eye", "ear"}


ANIMAL = {  # x ahead, y to the left, z up; y > 0 for what is on the left
    "left_eye": (1.3, 0.1, 1.6), "chin": (1.4, 0, 1.4), "nose": (1.5, 0, 1.45),
    "left_shoulder": (0.6, 0.22, 1.2), "left_front_elbow": (0.6, 0.2, 0.9),
    "left_front_knee": (0.6, 0.2, 0.5), "left_front_hoof": (0.6, 0.2, 0),
    "left_front_paw": (0.6, 0.2, 0), "left_back_paw": (-0.6, 0.2, 0),
    "left_back_elbow": (-0.6, 0.2, 0.9), "left_back_knee": (-0.6, 0.2, 0.5),
    "left_back_hoof": (-0.6, 0.2, 0), "hip": (-0.8, 0, 1.2), "neck": (0.9, 0, 1.3),
    "tail_root": (-0.8, 0, 1.2), "left_hip": (-0.6, 0.2, 1.0),
}  # fmt: skip


def trotting(skeleton: str, count: int = 400, spread: float = np.pi) -> PoseTable:
    """Animals at a trot, seen from a little above, turned by up to ``spread`` from a side view."""
    target = skeletons.load(skeleton)
    rng = np.random.default_rng(0)
    turn_N = rng.uniform(-spread, spread, count) + rng.choice([0, np.pi], count)
    swing_N = 0.4 * np.sin(rng.uniform(0, 2 * np.pi, count))
    points_NK3 = np.empty((count, len(target), 3))
    for k, name in enumerate(target.keypoints):
        x, y, z = ANIMAL[name.replace("right", "left")]
        side = -1 if name.startswith("right") else 1
        phase = side * (1 if "front" in name else -1)  # left front goes with right back
        swing = swing_N * phase * (max(0, 1.2 - z) if abs(x) == 0.6 else 0)
        points_NK3[:, k] = np.stack([x + swing, np.full(count, y * side), np.full(count, z)], -1)
    x_NK, y_NK, z_NK = np.moveaxis(points_NK3, -1, 0)
    cos_N1, sin_N1 = np.cos(turn_N)[:, None], np.sin(turn_N)[:, None]
    across_NK, depth_NK = x_NK * cos_N1 - y_NK * sin_N1, x_NK * sin_N1 + y_NK * cos_N1
    points_NK2 = 250 + 100 * np.stack([across_NK, -z_NK - 0.15 * depth_NK], -1)
    points_NK2 += rng.normal(0, 1, points_NK2.shape)
    depth_NK -= depth_NK.mean(1, keepdims=True)
    hidden_NK = (depth_NK > 0.1) & (rng.random(depth_NK.shape) < 0.5)
    size_N = np.full(count, 500, np.int32)
    return PoseTable(target, points_NK2, ~hidden_NK, size_N, size_N)


@pytest.mark.parametrize("skeleton", ["animal14", "animal18", "ap10k17"])
@pytest.mark.parametrize("spread", [0.3, np.pi])
def test_animals_at_a_trot(skeleton, spread):
    """Their legs swing against each other, which must not look like exchanged sides."""
    table = trotting(skeleton, spread=spread)
    found = find_flips(table)
    assert found.warnings == []
    assert found.far_side_hidden_percent > 75
    knee = "front_knee" if "left_front_knee" in table.skeleton.keypoints else "front_elbow"
    assert find_flips(swapped(table, knee)).swapped == [knee]
    every = [name.removeprefix("left_") for name in table.skeleton.keypoints if "left_" in name]
    assert "exchanged in the whole set" in find_flips(swapped(table, *every)).warnings[-1]


def clip(frames: int = 120, step: float = 0.01) -> PoseTable:
    """Somebody who sways in front of the camera."""
    one = read("world:body,n=200").select([58])  # stands upright, seen from the front
    sway_N2 = np.stack([20 * np.sin(step * np.arange(frames)), np.zeros(frames)], -1)
    table = one.select(np.zeros(frames, int))
    return dataclasses.replace(
        table,
        keypoints_NK2=(table.keypoints_NK2 + sway_N2[:, None]).astype(np.float32),
        visible_NK=np.ones_like(table.visible_NK),
        clip_N=np.array(["a"] * (frames // 2) + ["b"] * (frames - frames // 2), object),
    )


def test_frames_that_exchange_sides_are_found():
    table = clip()
    assert find_flips(table).jumps == []
    wrong = swapped(table, *PAIRS)
    at = [20, 90]
    points_NK2 = table.keypoints_NK2.copy()
    points_NK2[at] = wrong.keypoints_NK2[at]
    found = find_flips(dataclasses.replace(table, keypoints_NK2=points_NK2))
    assert found.jumps == [20, 21, 90, 91]
    assert any("between neighbouring frames 4 times" in line for line in found.warnings)


def test_another_clip_and_frames_far_apart_are_no_jumps():
    table = clip()
    second_N = np.arange(len(table)) >= 60
    wrong = swapped(table, *PAIRS)
    points_NK2 = np.where(second_N[:, None, None], wrong.keypoints_NK2, table.keypoints_NK2)
    turned = dataclasses.replace(table, keypoints_NK2=points_NK2)
    assert find_flips(turned).jumps == []  # exactly where the clip ends
    one_clip = dataclasses.replace(turned, clip_N=np.full(len(table), "a", object))
    assert find_flips(one_clip).jumps == [60]
    thinned = clip(step=2.5)
    points_NK2 = thinned.keypoints_NK2.copy()
    points_NK2[20] = swapped(thinned, *PAIRS).keypoints_NK2[20]
    assert find_flips(dataclasses.replace(thinned, keypoints_NK2=points_NK2)).jumps == []


def test_too_few_samples_say_nothing():
    found = find_flips(pose_table(n=8))
    assert found.warnings == []
    assert {entry["disagree_percent"] for entry in found.neighbours} == {None}


@pytest.mark.lspet
@pytest.mark.skipif(not LSPET, reason="POSESIFT_LSPET names no folder")
def test_photographs_are_sound_and_their_swapped_pairs_named():
    table = read(f"lspet:{Path(LSPET)}")
    assert find_flips(table).warnings == []
    for name in PAIRS:
        assert find_flips(swapped(table, name)).swapped == [name]
    (line,) = find_flips(swapped(table, *PAIRS)).warnings
    assert "exchanged in the whole set" in line
