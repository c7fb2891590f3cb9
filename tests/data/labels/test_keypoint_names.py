from __future__ import annotations

import pytest
from tests.telling import assert_told

from posesift import skeletons
from posesift.data.labels.keypoint_names import places, skeleton_of


def test_any_order_and_spelling_finds_its_place():
    hand = skeletons.load("hand21")
    names = [name.replace("_", " ").title() for name in reversed(hand.keypoints)]
    place_J, told = places(names, hand, "x.json")
    assert place_J.tolist() == list(range(20, -1, -1))
    assert told == []


def test_what_is_missing_or_too_much_is_told():
    place_J, told = places(skeletons.load("coco17").keypoints, skeletons.load("body16"), "x.json")
    assert (place_J == -1).sum() == 5
    lacking = "never visible|file|: pelvis, thorax, upper_neck, head_top"
    assert_told(told, lacking, "dropped|body16|: nose, left_eye")


def test_a_missing_headline_keypoint_is_an_error_with_the_closest_name():
    names = [n.replace("left_wrist", "left_wirst") for n in skeletons.load("body16").keypoints]
    with pytest.raises(ValueError, match=r"missing left_wrist \(is it 'left_wirst'\?\)"):
        places(names, skeletons.load("body16"), "x.json")


def test_a_name_twice_is_an_error():
    with pytest.raises(ValueError, match="names the keypoint wrist twice"):
        places(["wrist", "Wrist"], skeletons.load("hand21"), "x.json")


def test_another_keypoint_is_no_guess():
    """The other side, another number, and a word that is only a little alike."""
    body = skeletons.load("body16")
    for other in ("right_wrist_2", "left_waist_line", "l_hand"):
        names = [n.replace("left_wrist", other) for n in body.keypoints]
        with pytest.raises(ValueError, match=r"missing left_wrist\. Choose") as error:
            places(names, body, "x.json")
        assert "is it" not in str(error.value)


def test_what_the_file_labels_nowhere_is_not_dropped():
    people, body = skeletons.load("coco17"), skeletons.load("body16")
    labelled_J = [name not in ("nose", "left_ear") for name in people.keypoints]
    _, told = places(people.keypoints, body, "x.json", labelled_J)
    assert_told(told[1:], "dropped|body16|: left_eye, right_eye, right_ear")
    _, told = places(
        people.keypoints, body, "x.json", [n in body.keypoints for n in people.keypoints]
    )
    assert not any(line.startswith("dropped") for line in told)


FINGERS = {"thumb": ("cmc", "mcp", "ip", "tip")} | dict.fromkeys(
    ("index", "middle", "ring", "little"), ("mcp", "pip", "dip", "tip")
)
NUMBERED = {"index": "forefinger", "middle": "middle_finger", "ring": "ring_finger"} | {
    "thumb": "thumb",
    "little": "pinky_finger",
}


def numbered_hand():
    """The keypoints of hand21 as another tool calls them, the finger tips first."""
    order = [(finger, place) for place in (3, 2, 1, 0) for finger in FINGERS]
    theirs = [f"{NUMBERED[finger]}{place + 1}" for finger, place in order]
    ours = [f"{finger}_{FINGERS[finger][place]}" for finger, place in order]
    return [*theirs, "wrist"], [*ours, "wrist"]


def test_the_whole_set_by_its_usual_synonyms_is_the_built_in_skeleton():
    theirs, ours = numbered_hand()
    hand = skeletons.load("hand21")
    assert skeleton_of(theirs) == "hand21"
    place_J, told = places(theirs, hand, "x.json")
    assert place_J.tolist() == [hand.keypoints.index(name) for name in ours]
    assert told == []


def test_synonyms_that_do_not_fit_one_to_one_are_no_guess():
    theirs, _ = numbered_hand()
    for names in (theirs[1:], [*theirs, "thumb_tip"], [*theirs, "elbow"]):
        assert skeleton_of(names) is None
    with pytest.raises(ValueError, match="expected the keypoints of the skeleton hand21"):
        places(theirs[1:], skeletons.load("hand21"), "x.json")
