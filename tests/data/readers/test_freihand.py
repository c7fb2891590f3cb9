from __future__ import annotations

import json
import random

import numpy as np
import pytest
from tests.data.formats.freihand import save_numbers, write_freihand
from tests.data.formats.hand_dots import assert_dots, shown

from posesift.data.readers import read

VERSIONS = ["gs", "hom", "sample", "auto"]  # the order in which files are numbered
# The set's order of joints, written out by name: an independent reference.
JOINTS = ["wrist"]
for finger in ("thumb", "index", "middle", "ring", "little"):
    ends = ("cmc", "mcp", "ip", "tip") if finger == "thumb" else ("mcp", "pip", "dip", "tip")
    JOINTS += [f"{finger}_{end}" for end in ends]


def numbers(table) -> list[int]:
    return [int(name[-12:-4]) for name in table.image_N]


def test_pixels_are_those_that_points_and_cameras_give(tmp_path):
    truth = write_freihand(tmp_path)
    table = read(f"freihand:{tmp_path},hands=stored")
    assert list(table.skeleton.keypoints) == JOINTS
    assert numbers(table) == list(range(32))
    assert table.image_N[9] == "training/rgb/00000009.jpg"
    assert table.problems == []
    assert table.visible_NK.all()
    assert (table.width_N == 224).all()
    assert table.boxes_from == "image"
    assert table.box_N4 is None
    np.testing.assert_allclose(
        table.keypoints_NK2, np.tile(truth.keypoints_PK2, (4, 1, 1)), atol=1e-3
    )


@pytest.mark.parametrize("hands", ["left", "stored"])
def test_the_dots_lie_under_the_keypoints_in_every_version(tmp_path, hands):
    write_freihand(tmp_path, poses=4)
    table = read(f"freihand:{tmp_path},hands={hands}")
    assert [assert_dots(table, row, range(21)) for row in range(16)] == [21] * 16
    for row in range(16):
        assert abs(shown(table, row)[2, 100].mean() - 40 * (row // 4)) < 6


def test_all_hands_are_right_ones_and_mirrored(tmp_path):
    truth = write_freihand(tmp_path)
    table = read(f"freihand:{tmp_path},version=gs")
    assert table.mirrored_N.all()
    np.testing.assert_allclose(
        table.keypoints_NK2[..., 0], 223 - truth.keypoints_PK2[..., 0], atol=1e-3
    )
    np.testing.assert_allclose(table.keypoints_NK2[..., 1], truth.keypoints_PK2[..., 1], atol=1e-3)


@pytest.mark.parametrize("version", VERSIONS)
def test_one_version(tmp_path, version):
    write_freihand(tmp_path, poses=5)
    first = 5 * VERSIONS.index(version)
    assert numbers(read(f"freihand:{tmp_path},version={version}")) == list(range(first, first + 5))


def test_no_pose_is_in_both_halves(tmp_path):
    write_freihand(tmp_path)
    train, test = (read(f"freihand:{tmp_path},split={s}") for s in ("train", "test"))
    assert sorted(numbers(train) + numbers(test)) == list(range(32))
    poses = {n % 8 for n in numbers(train)}, {n % 8 for n in numbers(test)}
    assert poses == ({0, 1, 2, 3, 4, 5}, {6, 7})
    one = read(f"freihand:{tmp_path},split=test,version=auto")
    assert {n % 8 for n in numbers(one)} == {6, 7}


def test_parity_is_the_published_split_leak_included(tmp_path):
    write_freihand(tmp_path)
    # as published: (version, pose) pairs in the order gs, auto, sample, hom; shuffled; cut
    pairs = [(v, p) for v in ("gs", "auto", "sample", "hom") for p in range(8)]
    state = random.getstate()
    random.seed(42)
    random.shuffle(pairs)
    random.setstate(state)
    cut = min(int(0.2 * 32), 3200)
    order = [VERSIONS.index(v) * 8 + p for v, p in pairs]
    address = f"freihand:{tmp_path},parity=true"
    assert numbers(read(f"{address},split=test")) == order[:cut]
    assert numbers(read(f"{address},split=train")) == order[cut:]
    assert numbers(read(address)) == order
    assert random.getstate() == state
    shared = {n % 8 for n in order[:cut]} & {n % 8 for n in order[cut:]}
    assert shared
    table = read(address)
    assert [assert_dots(table, row, range(21)) for row in range(0, 32, 5)] == [21] * 7


def test_boxes_from_labels_are_the_same_in_every_split(tmp_path):
    write_freihand(tmp_path)
    whole = read(f"freihand:{tmp_path},boxes=labels")
    test = read(f"freihand:{tmp_path},boxes=labels,split=test")
    row = numbers(whole).index(numbers(test)[3])
    np.testing.assert_array_equal(test.box_N4[3], whole.box_N4[row])


def test_the_evaluation_photographs_where_their_labels_are(tmp_path):
    write_freihand(tmp_path)
    with pytest.raises(
        ValueError, match=r"FreiHAND folder with evaluation_xyz\.json, found no such"
    ):
        read(f"freihand:{tmp_path},subset=evaluation")
    truth = write_freihand(tmp_path, poses=6, seed=3, subset="evaluation")
    table = read(f"freihand:{tmp_path},subset=evaluation,hands=stored")
    assert table.image_N[5] == "evaluation/rgb/00000005.jpg"
    np.testing.assert_allclose(table.keypoints_NK2, truth.keypoints_PK2, atol=1e-3)
    assert len(read(f"freihand:{tmp_path},subset=evaluation,split=test")) == 1


def test_joints_behind_the_camera_or_off_the_image_are_hidden_and_listed(tmp_path):
    write_freihand(tmp_path, poses=20)
    xyz = np.array(json.loads((tmp_path / "training_xyz.json").read_text()))
    xyz[3, 4, 2] *= -1
    xyz[5, 0, 0] += 0.5
    save_numbers(tmp_path / "training_xyz.json", xyz)
    table = read(f"freihand:{tmp_path},version=gs")
    assert np.argwhere(~table.visible_NK).tolist() == [[3, 4], [5, 0]]
    assert len(table.problems) == 2
    assert "00000003.jpg" in table.problems[0]
    assert "thumb_tip at (nan, nan)" in table.problems[0]


def test_missing_images(tmp_path):
    write_freihand(tmp_path, poses=24)
    gone = tmp_path / "training" / "rgb" / "00000030.jpg"
    gone.unlink()
    table = read(f"freihand:{tmp_path}")
    assert len(table) == 95
    assert table.problems == [f"left out: expected an image at {gone}, found no file"]
    for number in range(24, 96):
        (gone.parent / f"{number:08d}.jpg").unlink(missing_ok=True)
    with pytest.raises(
        ValueError, match=r"labels 24 poses, which makes 96 images .* 72 are missing"
    ):
        read(f"freihand:{tmp_path}")
    assert len(read(f"freihand:{tmp_path},version=gs")) == 24


def test_a_broken_first_image_is_named_and_the_next_tells_the_size(tmp_path):
    write_freihand(tmp_path, poses=8)
    first = tmp_path / "training" / "rgb" / "00000000.jpg"
    first.write_bytes(b"\xff\xd8 nothing")
    table = read(f"freihand:{tmp_path}")
    assert len(table) == 31
    assert str(first) in table.problems[0]


@pytest.mark.parametrize("name", ["training_K.json", "training_xyz.json"])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_label_files_cut_short(tmp_path, name, share):
    write_freihand(tmp_path, images=False)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=rf"{name} is not valid JSON.*cut short"):
        read(f"freihand:{tmp_path}")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "expected a label for each pose, found none"),
        ({"xyz": []}, "is JSON, but not matrices of numbers"),
        ([[1, 2]], "is JSON, but not matrices of numbers"),
        ([[[1, 2, "x"]]], "is JSON, but not matrices of numbers"),
        (np.ones((8, 20, 3)).tolist(), r"expected \(21, 3\) numbers for pose 0"),
        (np.ones((8, 1, 3)).tolist(), r"expected \(21, 3\) numbers for pose 0"),
        ([*np.ones((7, 21, 3)).tolist(), [[1.0]] * 21], "numbers for pose 7"),
        (np.ones((7, 21, 3)).tolist(), "found 7 and 8"),
    ],
)
def test_labels_of_another_form(tmp_path, content, told):
    write_freihand(tmp_path, images=False)
    (tmp_path / "training_xyz.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=told):
        read(f"freihand:{tmp_path}")


def test_a_missing_folder_and_an_empty_one(tmp_path):
    with pytest.raises(ValueError, match="found no folder at"):
        read(f"freihand:{tmp_path}/nowhere")
    with pytest.raises(ValueError, match=r"training_xyz\.json, found no such file in"):
        read(f"freihand:{tmp_path}")
