"""The built-in skeletons are sound; a mistake in one's own is explained."""

import tomllib

import pytest

from posesift import skeletons
from posesift.skeletons import Skeleton
from posesift.skeletons.skeleton import _FOLDER as FOLDER

TINY = """
name = "stick"
keypoints = ["top", "middle", "end"]
limbs = [{ from = "top", to = "middle", length = 1.0 }, { from = "middle", to = "end", length = 2 }]
angles = [{ at = ["top", "middle", "end"], mean = 120, spread = 30 }]
[groups]
all = ["end"]
rest = ["top"]
"""


@pytest.mark.parametrize("name", skeletons.names())
def test_built_in_skeletons_are_consistent(name):
    skeleton = skeletons.load(name)
    count = len(skeleton)
    assert [skeleton.mirror[i] for i in skeleton.mirror] == list(range(count))
    assert list(skeleton.groups)[-1] == "all"
    assert {i for limb in skeleton.limbs for i in limb} == set(range(count))
    assert len(skeleton.colours) == len(skeleton.limbs)
    assert sorted(i for m in skeleton.angle_groups.values() for i in m) == list(
        range(len(skeleton.triplets))
    )
    # A flip maps limbs onto limbs and triplets onto triplets.
    if name != "hand21":
        limbs = {frozenset(limb) for limb in skeleton.limbs}
        assert {frozenset(skeleton.mirror[i] for i in limb) for limb in limbs} == limbs
        ends = {(frozenset((a, c)), b) for a, b, c in skeleton.triplets}
        flip = skeleton.mirror
        assert {(frozenset((flip[a], flip[c])), flip[b]) for a, b, c in skeleton.triplets} == ends
    assert Skeleton.from_json(skeleton.to_json()) == skeleton


def test_published_orders():
    body, hand = skeletons.load("body16"), skeletons.load("hand21")
    assert body.groups["all"] == (12, 13, 11, 14, 10, 15, 2, 3, 1, 4, 0, 5)
    assert (len(body.triplets), len(hand.triplets)) == (12, 19)
    assert hand.groups["PIP"] == (2, 6, 10, 14, 18)
    assert hand.groups["all"] == tuple(range(21))
    flips18 = ((0, 1), (3, 4), (5, 6), (8, 9), (10, 11), (12, 13), (14, 15), (16, 17))
    animal = skeletons.load("animal18")
    assert {(i, j) for i, j in enumerate(animal.mirror) if i < j} == set(flips18)
    assert skeletons.load("animal14").mirror == (1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12)
    # Left before right, the front before the back, in TigDog as in AnimalPose.
    for name, hoof in (("animal18", 3), ("animal14", 2)):
        assert skeletons.load(name).keypoints[hoof : hoof + 4] == (
            *("left_front_hoof", "right_front_hoof", "left_back_hoof", "right_back_hoof"),
        )
    assert animal.keypoints[12:14] == ("left_shoulder", "right_shoulder")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "stick.toml"
    path.write_text(TINY)
    stick = skeletons.load(path)
    assert stick.limb_lengths == (1.0, 2.0)
    assert stick.angle_mean_deg == (120.0,)
    assert list(stick.groups) == ["rest", "all"]
    assert stick.torso == (0, 1, 2)
    assert stick.mirror == (0, 1, 2)
    assert stick.angle_groups == {"middle": (0,)}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "stick"', "", r"expected the field name"),
        ('"middle", "end"]\nlimbs', '"middle", "top"]\nlimbs', r"every name once"),
        (
            'to = "end"',
            'to = "ende"',
            r"limbs\[1\]: expected the name of a keypoint \(is it 'end'\?\)",
        ),
        ("length = 2", "length = -2", r"limbs\[1\]\.length: expected a positive number, found -2"),
        (", length = 2", "", r"a length for every limb or for none, found '1 of 2'"),
        (", spread = 30", "", r"mean and spread for every angle or for none"),
        ("mean = 120", "mean = 720", r"angles\[0\]\.mean: expected degrees"),
        ('all = ["end"]', "all = []", r"groups\.all: expected at least one keypoint"),
        ("[groups]", 'colour = "red"\n[groups]', r"expected no unknown field colour"),
        ("length = 1.0", 'colour = "red"', r"expected a colour like"),
        ('"top", "middle", "end"], mean', '"top", "middle"], mean', r"a list of 3 names"),
        ("limbs = [", "limbs = [[", r"not valid TOML"),
    ],
)
def test_mistakes_are_explained(tmp_path, old, new, message):
    path = tmp_path / "stick.toml"
    assert old in TINY
    path.write_text(TINY.replace(old, new))
    with pytest.raises(ValueError, match=message) as caught:
        skeletons.load(path)
    assert str(path) in str(caught.value)


def test_unknown_names_get_a_hint():
    with pytest.raises(ValueError, match=r"did you mean 'body16'\?.*hand21"):
        skeletons.load("boddy16")
    with pytest.raises(ValueError, match="found none"):
        skeletons.load("nowhere.toml")


def test_files_are_plain_toml():
    for name in skeletons.names():
        path = FOLDER / f"{name}.toml"
        assert tomllib.loads(path.read_text())["name"] == name
