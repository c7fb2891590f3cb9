"""Sides in every usual spelling, and what a flip exchanges."""

from __future__ import annotations

import pytest

from posesift import skeletons
from posesift.skeletons.mapping import mapping
from posesift.skeletons.sides import all_sided, mirror_pairs, sided, unexchanged
from posesift.skeletons.skeleton import from_document
from posesift.skeletons.synonyms import plain

SPELLINGS = {
    "words": ("left_{}", "right_{}"),
    "words behind": ("{} Left", "{} Right"),
    "letters": ("L_{}", "R_{}"),
    "letters and hyphens": ("l-{}", "r-{}"),
    "letters behind": ("{}_L", "{}_R"),
    "rigs": ("{}.L", "{}.R"),
    "numbered rigs": ("DEF-{}.L.001", "DEF-{}.R.001"),
    "brackets": ("{} (l)", "{} (r)"),
    "joined letters": ("l{}", "r{}"),
    "joined words": ("left{}", "right{}"),
    "animals": ("near_{}", "off_{}"),
    "animals joined": ("Near{}", "Off{}"),
}
PARTS = ("elbow", "hip", "knee")


def spelt(pattern):
    left, right = SPELLINGS[pattern]
    pairs = [side.format(part) for part in PARTS for side in (left, right)]
    return ["nose", *pairs]


@pytest.mark.parametrize("pattern", SPELLINGS)
def test_each_spelling_has_its_pairs(pattern):
    names = spelt(pattern)
    assert mirror_pairs(names) == [(1, 2), (3, 4), (5, 6)]
    assert [one.side for one in all_sided(names)] == ["", *["left", "right"] * 3]


@pytest.mark.parametrize("camel", ["L{}", "left{}", "{}L", "{}Left", "l{}"])
def test_humps_part_words(camel):
    other = camel.replace("L", "R").replace("left", "right").replace("l{", "r{")
    other = other.replace("Reft", "Right")
    names = [side.format("Elbow") for side in (camel, other)]
    assert [one.key for one in all_sided(names)] == ["left_elbow", "right_elbow"]


@pytest.mark.parametrize("pattern", [p for p in SPELLINGS if "numbered" not in p])
def test_every_spelling_is_the_same_keypoint_for_mapping(pattern):
    coco = skeletons.load("coco17")
    left, right = SPELLINGS[pattern]
    names = [
        (left if one.side == "left" else right).format(one.bare) if one.side else one.key
        for one in all_sided(coco.keypoints)
    ]
    own = from_document(
        {"name": "own", "keypoints": names, "limbs": [{"from": names[0], "to": names[1]}]}, "here"
    )
    assert own.mirror == coco.mirror
    assert mapping(own, coco).parts == tuple((k,) for k in range(17))


@pytest.mark.parametrize("name", ["lip", "upright", "L1", "reel", "l", "nose", "off", "near_eye"])
def test_what_only_looks_like_a_side_is_none(name):
    assert sided(name).side == ""
    assert plain(name) == name.lower()


def test_letters_of_an_alphabet_are_no_sides():
    names = [f"point_{letter}" for letter in "abcdelmr"]
    assert mirror_pairs(names) == []
    assert unexchanged(names, range(8)) == []


def test_corners_of_two_eyes_change_both_sides():
    names = [f"{eye}_eye_{end}_corner" for eye in ("left", "right") for end in ("left", "right")]
    assert mirror_pairs(names) == [(0, 3), (1, 2)]


def one(keypoints, **more):
    limbs = [{"from": keypoints[0], "to": keypoints[1]}]
    return from_document({"name": "own", "keypoints": keypoints, "limbs": limbs, **more}, "here")


def test_a_flip_never_leaves_a_side_unexchanged():
    keypoints = ["nose", "left_eye", "right_eye", "elbow_L", "elbow_R"]
    eyes = [["left_eye", "right_eye"]]
    assert one(keypoints).mirror == (0, 2, 1, 4, 3)
    assert one(keypoints, mirror=eyes).mirror == (0, 2, 1, 4, 3)
    assert one(keypoints, mirror=[]).mirror == (0, 1, 2, 3, 4)
    lonely = [*keypoints[:3], "elbow_L", "tail"]
    assert one(lonely, mirror=eyes).mirror == (0, 1, 2, 3, 4)
    told = one([*keypoints[:3], "l_x", "r_y"], mirror=[*eyes, ["l_x", "r_y"]])
    assert told.mirror == (0, 2, 1, 4, 3)  # what somebody writes down counts


def test_the_mirror_of_a_skeleton_survives_being_stored():
    for keypoints in (["nose", "L_eye", "R_eye"], ["nose", "left_eye", "tail"]):
        skeleton = one(keypoints)
        assert skeletons.Skeleton.from_json(skeleton.to_json()) == skeleton
