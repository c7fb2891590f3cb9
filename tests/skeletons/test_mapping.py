"""Skeletons into each other by the names of keypoints."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telling import assert_told

from posesift import skeletons
from posesift.skeletons.mapping import mapping, mismatch
from posesift.skeletons.skeleton import from_document
from posesift.skeletons.synonyms import TABLE, Synonyms, plain

BODY, PEOPLE = skeletons.load("body16"), skeletons.load("coco17")


def named(*keypoints: str):
    limbs = [{"from": keypoints[0], "to": keypoints[1]}]
    return from_document({"name": "own", "keypoints": list(keypoints), "limbs": limbs}, "own")


def test_people_of_coco_as_the_body():
    random = np.random.default_rng(0)
    keypoints_NJ2 = random.uniform(0, 100, (6, 17, 2)).astype(np.float32)
    visible_NJ = random.random((6, 17)) < 0.7
    keypoints_NK2, visible_NK = mapping(PEOPLE, BODY).move(keypoints_NJ2, visible_NJ)
    assert keypoints_NK2.dtype == np.float32
    middle = {"pelvis": ("left_hip", "right_hip"), "thorax": ("left_shoulder", "right_shoulder")}
    for row in range(6):
        for k, name in enumerate(BODY.keypoints):
            parts = middle.get(name, (name,))
            places = [PEOPLE.keypoints.index(part) for part in parts if part in PEOPLE.keypoints]
            seen = bool(places) and all(visible_NJ[row, place] for place in places)
            assert visible_NK[row, k] == seen, (row, name)
            expected_2 = sum(keypoints_NJ2[row, place] for place in places) / len(places or [1])
            np.testing.assert_allclose(keypoints_NK2[row, k], expected_2 if seen else 0, rtol=1e-6)


def test_what_is_told():
    found = mapping(PEOPLE, BODY)
    assert found.missing == ("upper_neck", "head_top")
    assert_told(
        found.describe(),
        "body16|pelvis|right_hip, left_hip|thorax|right_shoulder, left_shoulder",
        "body16|never visible|data lack|: upper_neck, head_top",
        "body16|dropped|: nose, left_eye, right_eye, left_ear, right_ear",
    )
    assert mapping(BODY, BODY).describe() == []


def test_what_the_data_name_and_no_pose_shows_is_neither_lacking_nor_dropped():
    """By its own name, by a synonym, and in a table of one's own."""
    told = mapping(BODY, BODY, absent=("head_top", "left_shoulder")).describe()
    assert_told(told, "body16|never visible|no pose|: head_top, left_shoulder")
    told = mapping(PEOPLE, BODY, absent=("left_eye", "right_eye", "left_wrist")).describe()
    assert_told(
        told[1:],
        "body16|never visible|data lack|: upper_neck, head_top",
        "body16|never visible|no pose|: left_wrist",
        "body16|dropped|: nose, left_ear, right_ear",
    )
    told = mapping(named("mid_hip", "left_knee", "tail"), BODY, absent=("mid_hip",)).describe()
    assert_told(told[-2:], "never visible|no pose|: pelvis", "dropped|: tail")
    crown = Synonyms("own.toml", {"crown": "head_top"}, {})
    own = named("crown", "left_knee", "right_knee")
    assert mapping(own, BODY, absent=("crown",), own=crown).unlabelled == ("head_top",)


def test_keypoints_that_the_data_never_show_are_computed_where_that_is_known():
    found = mapping(BODY, BODY, absent=("pelvis", "head_top", "left_shoulder"))
    assert [BODY.keypoints[k] for k in found.computed] == ["pelvis"]
    assert found.missing == ("head_top", "left_shoulder")
    without_hip = mapping(BODY, BODY, absent=("pelvis", "left_hip"))
    assert without_hip.missing == ("left_hip", "pelvis")


def test_a_flag_of_a_part_is_a_flag_of_the_mean():
    occluded_NJ = np.zeros((2, 17), bool)
    occluded_NJ[1, PEOPLE.keypoints.index("left_hip")] = True
    occluded_NK = mapping(PEOPLE, BODY).any(occluded_NJ)
    assert not occluded_NK[0].any()
    flagged = {BODY.keypoints[k] for k in np.flatnonzero(occluded_NK[1])}
    assert flagged == {"left_hip", "pelvis"}


def test_other_spellings_and_synonyms():
    hand = skeletons.load("hand21")
    other = named("Wrist", "PINKY_TIP", "Index Finger-MCP", "thumb4", "elbow")
    found = mapping(other, hand)
    given_by = {hand.keypoints[k]: part for k, part in enumerate(found.parts) if part}
    assert given_by == {
        "wrist": (0,),
        "little_tip": (1,),
        "index_mcp": (2,),
        "thumb_tip": (3,),
    }
    both = named("mid_hip", "pelvis", "knee")
    assert mapping(both, BODY).parts[BODY.keypoints.index("pelvis")] == (1,)
    assert mapping(named("pelvis", "mid_hip", "knee"), BODY).parts[6] == (0,)


def test_bodies_of_another_kind():
    with pytest.raises(ValueError, match=r"no keypoint of hand21 is found in body16.*none are"):
        mapping(BODY, skeletons.load("hand21"))


def test_a_mismatch_says_what_to_do_where_something_can_be_done():
    told = mismatch(skeletons.load("animal18"), skeletons.load("animal14"))
    assert "14 are shared" in told
    assert "add as=animal14 to the address" in told
    own = named("left_hip", "right_hip", "tail")
    assert "as=FILE (the .toml file of own)" in mismatch(BODY, own)
    assert "as=" not in mismatch(BODY, skeletons.load("hand21"))


def test_the_difference_names_what_is_shared():
    told = BODY.difference(PEOPLE)
    assert "12 are shared: right_ankle, right_knee" in told
    assert "only in coco17: nose, left_eye" in told


def test_the_table_speaks_of_keypoints_that_there_are():
    table = tomllib.loads(TABLE.read_text())
    known = {name for each in skeletons.names() for name in skeletons.load(each).keypoints}
    others = [other for row in table["synonyms"].values() for other in row]
    assert len(set(others)) == len(others), "one synonym of two keypoints"
    assert not known & set(others), "a synonym that is a keypoint of its own"
    assert all(plain(other) == other for other in others)
    assert set(table["synonyms"]) <= known
    assert set(table["means"]) <= known
    assert all(set(parts) <= known and len(parts) > 1 for parts in table["means"].values())


def test_a_mean_keeps_its_place_when_left_and_right_are_exchanged():
    table = tomllib.loads(TABLE.read_text())
    for keypoint, parts in table["means"].items():
        exchanged = [BODY.keypoints[BODY.mirror[BODY.keypoints.index(part)]] for part in parts]
        assert BODY.mirror[BODY.keypoints.index(keypoint)] == BODY.keypoints.index(keypoint)
        assert sorted(exchanged) == sorted(parts)


@settings(max_examples=40)
@given(st.permutations(list(BODY.keypoints)), st.integers(3, 16))
def test_there_and_back_loses_only_what_was_left_out(order, kept):
    other = named(*order[:kept])
    keypoints_N2 = np.arange(32, dtype=np.float64).reshape(1, 16, 2)
    seen_N = np.ones((1, 16), bool)
    there = mapping(BODY, other)
    back = mapping(other, BODY)
    moved, visible = back.move(*there.move(keypoints_N2, seen_N))
    for k, name in enumerate(BODY.keypoints):
        if name in other.keypoints:
            assert visible[0, k]
            assert moved[0, k].tolist() == keypoints_N2[0, k].tolist()
