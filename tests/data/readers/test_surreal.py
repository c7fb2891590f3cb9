"""SURREAL as its owners give it out, and cut into crops: what is written is read."""

from __future__ import annotations

import json
import random
import shutil

import numpy as np
import pytest
import scipy.io
from tests.data.formats.surreal import (
    HEIGHT,
    WIDTH,
    moving,
    save_info,
    write_clip,
    write_crops,
    write_surreal,
)

from posesift.data.readers import read, surreal
from posesift.data.readers.surreal import crops as surreal_crops

SMPL = [
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2",
    "left_ankle", "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar",
    "right_collar", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hand", "right_hand",
]  # fmt: skip
REFERENCE = (7, 4, 1, 2, 5, 8, 0, 9, 12, 15, 20, 18, 13, 14, 19, 21)  # collars, and 15 the top


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("surreal")
    return folder, write_surreal(folder)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    return folder, {split: write_crops(folder, split) for split in ("train", "test", "val")}


def test_sides_are_those_of_the_person_in_the_picture(tmp_path):
    # Somebody stands with the back to the owners' camera, projected as their code does it: the
    # right hand of a person seen from behind is on the right.
    left = np.array([("left" in name) - 1.0 * ("right" in name) for name in SMPL])
    height = np.linspace(0.5, -0.5, 24)
    # their world: x towards the camera, y down, z such that (x, y, z) is right-handed; who looks
    # along -x with the head towards -y has the left hand at up x forward = (-y) x (-x) = -z
    up, forward = np.array([0, -1.0, 0]), np.array([-1.0, 0, 0])
    joints_J3 = left[:, None] * 0.3 * np.cross(up, forward) + height[:, None] * up
    location = np.array([7.0, 0, 0])
    world_to_camera = np.array([[0, 0, -1], [0, 1, 0], [-1, 0, 0]])
    camera_J3 = (joints_J3 - location) @ world_to_camera.T
    assert (camera_J3[:, 2] > 0).all()
    joints_J2 = np.round(600 * camera_J3[:, :2] / camera_J3[:, 2:] + [160, 120])
    write_clip(tmp_path, "train", 0, "01_01", 1, joints_J2[None], pictures=False)
    table = read(f"surreal:{tmp_path}")
    x_of = dict(zip(table.skeleton.keypoints, table.keypoints_NK2[0, :, 0], strict=True))
    for joint in ("ankle", "knee", "hip", "wrist", "elbow", "shoulder"):
        assert x_of[f"right_{joint}"] > 159.5 > x_of[f"left_{joint}"]


def test_joints_outside_the_frame_are_not_visible(tmp_path):
    joints_TJ2 = moving(rng(), 2)
    edges = {
        "left_ankle": (0, 0),
        "left_knee": (320, 240),
        "left_hip": (-1, 5),
        "right_hip": (321, 5),
    }
    edges |= {"right_knee": (5, -1), "right_ankle": (5, 241), "left_wrist": (np.nan, 5)}
    for name, point in edges.items():
        joints_TJ2[1, SMPL.index(name)] = point
    write_clip(tmp_path, "train", 0, "01_01", 1, joints_TJ2, pictures=False)
    table = read(f"surreal:{tmp_path}")
    names = np.array(table.skeleton.keypoints)
    assert names[~table.visible_NK[0]].tolist() == ["head_top"]
    hidden = {"head_top", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist"}
    assert set(names[~table.visible_NK[1]]) == hidden
    assert (table.keypoints_NK2[~table.visible_NK] == 0).all()
    assert table.problems == []


def test_frames_without_a_pose_are_left_out_and_the_others_keep_their_numbers(tmp_path):
    joints_TJ2 = moving(rng(), 5)
    joints_TJ2[1] += 1000  # walked out
    joints_TJ2[3] = (0, 240)  # never labelled
    write_clip(tmp_path, "train", 0, "01_01", 1, joints_TJ2, pictures=False)
    table = read(f"surreal:{tmp_path}")
    assert [name.partition("#")[2] for name in table.image_N] == ["0", "2", "4"]
    assert table.keypoints_NK2[1, 0].tolist() == (joints_TJ2[2, 7] - 0.5).tolist()
    assert len(table.problems) == 1
    assert "01_01_c0001.mp4: 2 of 5 frames, the first #1, have no joint" in table.problems[0]
    write_clip(tmp_path, "train", 0, "01_01", 1, joints_TJ2[[1, 3]], pictures=False)
    with pytest.raises(ValueError, match="found no frame with a joint inside the picture"):
        read(f"surreal:{tmp_path}")


def test_every_nth_frame(tmp_path):
    joints_TJ2 = moving(rng(), 7)
    write_clip(tmp_path, "train", 0, "01_01", 1, joints_TJ2, pictures=False)
    table = read(f"surreal:{tmp_path},every=3")
    assert [name.partition("#")[2] for name in table.image_N] == ["0", "3", "6"]
    assert table.keypoints_NK2[:, 6].tolist() == (joints_TJ2[::3, 0] - 0.5).tolist()
    with pytest.raises(ValueError, match="expected every of at least 1, found 0"):
        read(f"surreal:{tmp_path},every=0")


def test_splits_are_the_owners_and_all_takes_every_clip_once(tree):
    folder, clips = tree
    images = {
        split: read(f"surreal:{folder},split={split}").image_N.tolist()
        for split in ("train", "val", "test", "all")
    }
    frames = [f"{clip.video}#{t}" for clip in clips for t in range(len(clip.joints_TJ2))]
    assert images["train"] == [name for name in sorted(frames) if "/train/" in name]
    assert sorted(images["test"]) == [name for name in sorted(frames) if "/test/" in name]
    assert {name.replace("/val/", "/test/") for name in images["val"]} < set(images["test"])
    assert images["all"] == images["train"] + images["test"]
    performers = {
        split: {name.split("/")[3].removeprefix("ung_")[:2] for name in images[split]}
        for split in images
    }
    assert not performers["train"] & performers["test"]
    some = read(f"surreal:{folder},split=train,run=2").image_N.tolist()
    assert some == [name for name in images["train"] if "/run2/" in name]


def test_val_counts_in_all_where_there_is_no_test(tmp_path):
    for split in ("train", "val"):
        write_clip(tmp_path, split, 0, f"{split}_01", 1, moving(rng(), 1), pictures=False)
    assert set(read(f"surreal:{tmp_path}").clip_N) == {"train_01", "val_01"}


def test_a_sequence_is_one_clip_in_all_runs(tree):
    folder, _ = tree
    table = read(f"surreal:{folder},split=train")
    assert set(table.clip_N) == {"01_01", "ung_01_02"}
    for sequence in set(table.clip_N):
        runs = {name.split("/")[2] for name in table.image_N[table.clip_N == sequence]}
        assert runs == {"run0", "run1", "run2"}


def test_the_folder_may_be_as_the_archive_unpacks(tree, tmp_path):
    folder, _ = tree
    shutil.copytree(folder / "cmu", tmp_path / "SURREAL/data/cmu")
    whole = read(f"surreal:{folder}").image_N.tolist()
    assert read(f"surreal:{tmp_path}").image_N.tolist() == whole


def test_parts_are_the_clips_and_cost_nothing_until_they_are_read(tmp_path):
    for number in range(1, 4):
        joints_TJ2 = moving(rng(number), number)
        write_clip(tmp_path, "train", 0, "01_01", number, joints_TJ2, pictures=False)
    labels = tmp_path / "cmu/train/run0/01_01/01_01_c0002_info.mat"
    content = labels.read_bytes()
    labels.write_bytes(b"")
    parts = list(surreal.parts(str(tmp_path)))
    labels.write_bytes(content)  # nothing has looked at it yet
    tables = [part.read() for part in parts]
    assert [len(table) for table in tables] == [1, 2, 3]
    assert [part.name for part in parts] == [
        f"cmu/train/run0/01_01/01_01_c000{number}.mp4" for number in (1, 2, 3)
    ]
    whole = surreal.read(str(tmp_path))
    points_NK2 = np.concatenate([table.keypoints_NK2 for table in tables])
    np.testing.assert_array_equal(whole.keypoints_NK2, points_NK2)


def test_parity_takes_the_reference_joints_as_they_are_stored(tree):
    folder, clips = tree
    table = read(f"surreal:{folder},parity=true")
    assert table.visible_NK.all()
    row_of = {name: row for row, name in enumerate(table.image_N)}
    for clip in clips:
        for t, joints_J2 in enumerate(clip.joints_TJ2):
            found_K2 = table.keypoints_NK2[row_of[f"{clip.video}#{t}"]]
            np.testing.assert_array_equal(found_K2, joints_J2[list(REFERENCE)])


def test_boxes_of_the_frame(tree):
    folder, _ = tree
    table = read(f"surreal:{folder},boxes=file")
    assert table.box_N4 is None
    assert table.boxes_from == "image"
    assert set(map(tuple, table.crop_boxes_N4().tolist())) == {(0, 0, WIDTH, HEIGHT)}


BAD = {
    "cut short": "is not a MATLAB file that can be read",
    "no labels": "expected a MATLAB file",
    "no video": "expected the video of its labels",
    "empty video": "is empty: download it anew",
    "other variable": "expected a variable 'joints2D'",
    "other shape": r"expected 'joints2D' to be numbers of shape \(2, 24, T\), found .*\(24, 2, 5\)",
    "letters": "expected 'joints2D' to be numbers",
    "no frames": "expected 'joints2D' of at least one frame",
}


def spoil(folder, how):
    labels = folder / "cmu/train/run0/01_01/01_01_c0003_info.mat"
    clip = labels.with_name("01_01_c0003.mp4")
    if how == "cut short":
        labels.write_bytes(labels.read_bytes()[:700])
    elif how == "no labels":
        labels.unlink()
    elif how == "no video":
        clip.unlink()
    elif how == "empty video":
        clip.write_bytes(b"")
    elif how == "other variable":
        save_info(labels, moving(rng(), 2))
        scipy.io.savemat(labels, {"joints3D": np.zeros((3, 24, 5))})
    elif how == "other shape":
        save_info(labels, moving(rng(), 2), joints2D=np.zeros((24, 2, 5)))
    elif how == "letters":
        save_info(labels, moving(rng(), 2), joints2D=np.full((2, 24, 5), "a", dtype=object))
    elif how == "no frames":
        save_info(labels, moving(rng(), 2), joints2D=np.zeros((2, 24, 0)))


@pytest.mark.parametrize("how", BAD)
def test_a_bad_clip_is_named_and_left_out_while_there_are_few(tmp_path, how):
    for number in range(1, 21):
        write_clip(tmp_path, "train", 0, "01_01", number, moving(rng(), 2), pictures=False)
    spoil(tmp_path, how)
    table = read(f"surreal:{tmp_path}")
    assert len(table) == 2 * 19
    assert len(table.problems) == 1
    with pytest.raises(ValueError, match=BAD[how]):
        raise ValueError(table.problems[0])
    assert table.problems[0].startswith("left out: ")
    assert "01_01_c0003" in table.problems[0]
    # a second one is too many, for whoever reads the parts too
    (tmp_path / "cmu/train/run0/01_01/01_01_c0009.mp4").unlink()
    with pytest.raises(ValueError, match="2 of 20 clips are bad so far; at most 5%") as told:
        read(f"surreal:{tmp_path}")
    assert "01_01_c0003" in str(told.value)
    assert "01_01_c0009" in str(told.value)
    read_parts = [part for part in surreal.parts(str(tmp_path)) if "c0003" in part.name]
    assert [len(part.read()) for part in read_parts * 5] == [0] * 5, "one clip counts once"


def test_clips_of_a_split_or_run_that_are_not_there(tmp_path):
    write_clip(tmp_path, "train", 0, "01_01", 1, moving(rng(), 1), pictures=False)
    (tmp_path / "cmu/train/run0/.DS_Store").write_bytes(b"x")
    assert len(read(f"surreal:{tmp_path}")) == 1
    for option in ("split=test", "run=2"):
        with pytest.raises(ValueError, match=f"found none for .*{option}"):
            read(f"surreal:{tmp_path},{option}")


def test_crops_splits_runs_and_clips(crops):
    folder, written = crops
    for split in ("train", "test", "val"):
        assert read(f"surreal:{folder},split={split}").image_N.tolist() == written[split].names
    everything = read(f"surreal:{folder}").image_N.tolist()
    assert everything == [n for split in ("train", "test", "val") for n in written[split].names]
    one = read(f"surreal:{folder},split=test,run=1,every=2")
    assert one.image_N.tolist() == [n for n in written["test"].names if "/run1/" in n][::2]
    assert set(one.clip_N) == {"test_00"}


def test_crops_of_validation_that_are_test_crops_come_once(tmp_path):
    test = write_crops(tmp_path, "test", count=2)
    shutil.copytree(tmp_path / "test", tmp_path / "val")
    assert read(f"surreal:{tmp_path}").image_N.tolist() == test.names
    assert len(read(f"surreal:{tmp_path},split=val")) == 6


def test_crops_parity_split(tmp_path):
    written = {split: write_crops(tmp_path, split, count=7) for split in ("train", "test", "val")}
    for split, truth in written.items():
        # as the reference does it, with the global generator
        state = random.getstate()
        samples = list(zip(truth.names, truth.joints_NJ2, strict=True))
        random.seed(42)
        random.shuffle(samples)
        random.setstate(state)
        count = min(int(len(samples) * 0.2), 3200)
        assert count == 4
        samples = {"train": samples[count:], "test": samples[:count], "val": samples}[split]
        random.seed(7)
        before = random.getstate()
        table = read(f"surreal:{tmp_path},split={split},parity=true")
        assert random.getstate() == before
        assert table.image_N.tolist() == [name for name, _ in samples]
        assert table.visible_NK.all()
        for row, (_, joints_J2) in enumerate(samples):
            for k, joint in enumerate(REFERENCE):
                np.testing.assert_allclose(table.keypoints_NK2[row, k], joints_J2[joint], atol=1e-4)
    whole = read(f"surreal:{tmp_path},parity=true")
    assert len(whole) == 17 + 4 + 21
    with pytest.raises(ValueError, match="shuffles the images of all runs, found run=1"):
        read(f"surreal:{tmp_path},parity=true,run=1")
    (tmp_path / "test/run2.json").unlink()
    with pytest.raises(ValueError, match=r"shuffles the images of all runs, found no .*run2\.json"):
        read(f"surreal:{tmp_path},parity=true,split=test")


def test_at_most_3200_crops_are_held_out():
    assert len(surreal_crops._parity_rows("test", 20_000)) == 3200
    train, test = (surreal_crops._parity_rows(split, 20_000) for split in ("train", "test"))
    assert sorted(train + test) == list(range(20_000))


def test_crops_come_in_parts(crops, monkeypatch):
    folder, written = crops
    monkeypatch.setattr(surreal_crops, "CHUNK", 4)
    parts = list(surreal.parts(str(folder), split="train"))
    assert [part.name for part in parts] == [
        "images 0 to 3", "images 4 to 7", "images 8 to 11", "images 12 to 14",
    ]  # fmt: skip
    tables = [part.read() for part in parts]
    assert [name for table in tables for name in table.image_N] == written["train"].names
    np.testing.assert_array_equal(
        np.concatenate([table.keypoints_NK2 for table in tables]),
        surreal.read(str(folder), split="train").keypoints_NK2,
    )


def change(folder, edit):
    file = folder / "train/run0.json"
    rows = json.loads(file.read_text())
    edit(rows)
    file.write_text(json.dumps(rows))


@pytest.mark.parametrize(
    "joints",
    [[[1.0, 2.0]] * 23, [[1.0, 2.0, 3.0]] * 24, [[1.0, 2.0]] * 23 + [[1.0]], "text", None,
     [[1.0, None]] * 24, [[1.0, float("nan")]] * 24, [[999.0, -5.0]] * 24, []],
)  # fmt: skip
def test_a_crop_with_other_labels_is_left_out(tmp_path, joints):
    truth = write_crops(tmp_path, "train", count=8)
    change(tmp_path, lambda rows: rows[2].update(keypoint2d=joints))
    table = read(f"surreal:{tmp_path}")
    assert table.image_N.tolist() == [name for n, name in enumerate(truth.names) if n != 2]
    others_NJ2 = np.delete(truth.joints_NJ2, 2, axis=0)
    np.testing.assert_allclose(table.keypoints_NK2[:, 6], others_NJ2[:, 0], atol=1e-4)
    assert len(table.problems) == 1
    assert f"{truth.names[2]}: expected keypoint2d to be 24 x 2" in table.problems[0]


def test_lists_that_are_broken(tmp_path):
    write_crops(tmp_path, "train", count=2)
    change(tmp_path, lambda rows: rows[0].pop("name"))
    with pytest.raises(ValueError, match=r"run0\.json is JSON, but not a list of images.*name"):
        read(f"surreal:{tmp_path}")
    with pytest.raises(ValueError, match=r"expected images in test/run0\.json"):
        read(f"surreal:{tmp_path},split=test")
