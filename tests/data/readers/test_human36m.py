"""The JSON re-release of Human3.6M and the folder that the reference code makes of it."""

from __future__ import annotations

import json
import random
import shutil

import numpy as np
import pytest
from tests.data.formats.human36m import (
    JOINTS,
    KEYPOINTS,
    Human36M,
    by_keypoint,
    save_json,
    write_human36m,
    write_human36m_crops,
)

from posesift.data.readers import help_text, options, read
from posesift.data.readers.human36m import ABOUT, parts
from posesift.poses.table import PoseTable, joined

ALL = (1, 5, 6, 7, 8, 9, 11)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Human36M:
    return write_human36m(tmp_path_factory.mktemp("human36m"))


def same(table: PoseTable, truth: Human36M, rows: list[int]) -> None:
    """The table holds these samples of the truth, in this order."""
    assert table.image_N.tolist() == [truth.names[row] for row in rows]
    for place, row in enumerate(rows):
        expected_2 = by_keypoint(truth.points[row])["pelvis"]
        found_2 = table.keypoints_NK2[place, KEYPOINTS.index("pelvis")]
        np.testing.assert_allclose(found_2, expected_2, atol=1e-3)


def test_sides_are_the_persons_not_the_pictures(written):
    """One camera sees people from the front, the other from behind."""
    table = read(f"human36m:{written.path}")
    x_NK = table.keypoints_NK2[..., 0]
    right, left = KEYPOINTS.index("right_wrist"), KEYPOINTS.index("left_wrist")
    faced_N = np.array(["ca_01" in clip for clip in table.clip_N])
    assert (x_NK[faced_N, right] < x_NK[faced_N, left]).all()
    assert (x_NK[~faced_N, right] > x_NK[~faced_N, left]).all()


def test_the_thorax_is_the_mean_of_the_shoulders_in_the_room(written):
    table = read(f"human36m:{written.path},subjects=9")
    folder = written.path / "annotations"
    camera = json.loads((folder / "Human36M_subject9_camera.json").read_text())["2"]
    joints = json.loads((folder / "Human36M_subject9_joint_3d.json").read_text())["16"]["1"]["3"]
    names = list(JOINTS)
    ends = joints[names.index("L_Shoulder")], joints[names.index("R_Shoulder")]
    middle = [(a + b) / 2 for a, b in zip(*ends, strict=True)]
    seen = [sum(camera["R"][i][j] * middle[j] for j in range(3)) + camera["t"][i] for i in range(3)]
    expected = [camera["f"][i] * seen[i] / seen[2] + camera["c"][i] for i in range(2)]
    found_2 = table.keypoints_NK2[-1, KEYPOINTS.index("thorax")]
    assert table.image_N[-1].endswith("ca_02_000004.jpg")
    np.testing.assert_allclose(found_2, expected, atol=1e-3)


def test_cameras_whose_t_is_their_place_give_the_same(written, tmp_path):
    truth = write_human36m(tmp_path, position=True, photographs=False)
    found, expected = read(f"human36m:{tmp_path}"), read(f"human36m:{written.path}")
    assert len(truth) == len(expected)
    np.testing.assert_allclose(found.keypoints_NK2, expected.keypoints_NK2, atol=1e-3)


def test_splits_hold_different_people(written):
    train = read(f"human36m:{written.path},split=train")
    test = read(f"human36m:{written.path},split=test")
    assert {clip[:4] for clip in train.clip_N} == {"s_01"}
    assert {clip[:4] for clip in test.clip_N} == {"s_09"}
    same(test, written, [row for row, subject in enumerate(written.subjects) if subject == 9])
    assert test.problems == [f"subject 11 is not in {written.path}"]
    one = read(f"human36m:{written.path},split=test,subjects=9+1")
    assert one.image_N.tolist() == test.image_N.tolist()
    assert one.problems == []
    np.testing.assert_array_equal(one.box_N4, test.box_N4)


def test_every_nth_frame_of_each_video(written):
    table = read(f"human36m:{written.path},every=3")
    rows = [row for row, name in enumerate(written.names) if name[-5] in "14"]
    same(table, written, rows)


def test_parts_are_videos_in_a_fixed_order(written):
    found = list(parts(str(written.path), subjects="9"))
    assert [part.name for part in found] == list(dict.fromkeys(written.clips[16:]))
    assert len(found) == 4
    again = joined([part.read() for part in reversed(found)][::-1])
    whole = read(f"human36m:{written.path},subjects=9")
    assert again.image_N.tolist() == whole.image_N.tolist()
    np.testing.assert_array_equal(again.keypoints_NK2, whole.keypoints_NK2)
    np.testing.assert_array_equal(again.box_N4, whole.box_N4)


@pytest.fixture(scope="module")
def seven(tmp_path_factory) -> Human36M:
    """All subjects; 7 frames a video, so that every 5th entry is no round number of them."""
    folder = tmp_path_factory.mktemp("seven")
    return write_human36m(folder, ALL, frames=7, photographs=False)


def published_box(points: dict, width: int, height: int) -> list[float]:
    """The reference code's square, step by step."""
    xs, ys = [[p[axis] for p in by_keypoint(points).values()] for axis in (0, 1)]
    side = min(round(1.5 * max(max(xs) - min(xs), max(ys) - min(ys))), min(width, height))
    left = round((min(xs) + max(xs)) / 2 - side / 2)
    upper = round((min(ys) + max(ys)) / 2 - side / 2)
    left = min(max(left, 0), width - side)
    upper = min(max(upper, 0), height - side)
    return [left, upper, side, side]


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_parity_takes_every_fifth_entry_and_draws_the_test(seven, split):
    subjects = {"train": (1, 5, 6, 7, 8), "test": (9, 11), "all": ALL}[split]
    samples = []
    for subject in subjects:
        entries = [row for row, of in enumerate(seven.subjects) if of == subject]
        samples += [row for number, row in enumerate(entries) if number % 5 == 0]
    if split == "test":
        samples = random.Random(42).choices(samples, k=3200)
    table = read(f"human36m:{seven.path},parity=true,split={split}")
    assert table.image_N.tolist() == [seven.names[row] for row in samples]
    assert table.boxes_from == "labels"
    for place in range(0, len(samples), 97):
        points, size = seven.points[samples[place]], seven.sizes[samples[place]]
        assert table.box_N4[place].tolist() == published_box(points, *size)
    # The published order of joints, written as they write it.
    order = [3, 2, 1, 4, 5, 6, 0, 11, 8, 10, 16, 15, 14, 11, 12, 13]
    joints_J2 = np.array(list(seven.points[samples[-1]].values()))
    wanted_K2 = joints_J2[order]
    wanted_K2[7] = (wanted_K2[12] + wanted_K2[13]) / 2
    np.testing.assert_allclose(table.keypoints_NK2[-1], wanted_K2, atol=0.6)
    by_part = joined([part.read() for part in parts(str(seven.path), parity=True, split=split)])
    assert sorted(by_part.image_N) == sorted(table.image_N)


def test_parity_refuses_what_it_fixes(seven, written):
    with pytest.raises(ValueError, match=r"has its own frames \(every=5\) and subjects"):
        read(f"human36m:{seven.path},parity=true,every=2")
    said, unsaid = (
        read(f"human36m:{seven.path},parity=true{more},split=train") for more in (",every=5", "")
    )
    assert said.image_N.tolist() == unsaid.image_N.tolist()
    with pytest.raises(ValueError, match=r"needs all subjects.*subject 5 is not in"):
        read(f"human36m:{written.path},parity=true")


def test_parity_draws_from_the_folder_of_the_reference_code_too(tmp_path):
    truth = write_human36m_crops(tmp_path, ALL, frames=2)
    assert read(f"human36m:{tmp_path}").box_N4 is None
    drawn = read(f"human36m:{tmp_path},parity=true,split=test")
    numbers = random.Random(42).choices(range(10, 14), k=3200)
    assert drawn.image_N.tolist() == [truth.names[row] for row in numbers]


def test_whole_images_are_preferred_to_crops(written, tmp_path):
    shutil.copytree(written.path, tmp_path, dirs_exist_ok=True)
    write_human36m_crops(tmp_path, frames=2)
    assert len(read(f"human36m:{tmp_path}")) == len(written)
    shutil.rmtree(tmp_path / "images")
    assert len(read(f"human36m:{tmp_path}")) == 4


def test_joints_off_the_image_are_invisible(tmp_path):
    write_human36m(tmp_path, (9,), photographs=False)
    path = tmp_path / "annotations" / "Human36M_subject9_joint_3d.json"
    joints = json.loads(path.read_text())
    joints["2"]["1"]["1"][list(JOINTS).index("L_Wrist")] = [-4000.0, 0.0, 1300.0]
    path.write_text(json.dumps(joints))
    table = read(f"human36m:{tmp_path},subjects=9")
    lost = np.argwhere(~table.visible_NK).tolist()
    wrist = KEYPOINTS.index("left_wrist")
    assert lost == [[1, wrist], [5, wrist]]
    assert table.problems == []


def test_whole_image_boxes_and_the_registry(written):
    table = read(f"human36m:{written.path},subjects=1,boxes=file")
    assert table.boxes_from == "image"
    assert table.crop_boxes_N4()[0].tolist() == [0, 0, 1000, 1002]
    assert set(options("human36m")) >= {"split", "every", "subjects", "boxes", "parity"}
    assert "human36m:PATH  Human3.6M" in help_text()
    assert "vision.imar.ro" in ABOUT.text()


# Bad input


def test_subjects_that_are_not_there_and_photographs_that_are_not(tmp_path):
    with pytest.raises(ValueError, match=r"subjects 9, 11: S9/MyPose.* found neither"):
        read(f"human36m:{tmp_path},split=test")
    write_human36m(tmp_path, photographs=False)
    shutil.rmtree(tmp_path / "images")
    with pytest.raises(ValueError, match=r"expected the photographs of Human3\.6M in"):
        read(f"human36m:{tmp_path}")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("subjects=2", r"subjects among 1, 5, 6, 7, 8, 9, 11, joined by \+"),
        ("subjects=9-11", "subjects among"),
        ("subjects=1,split=test", "no subject of 1 is in split=test"),
        ("every=0", "every of at least 1"),
    ],
)
def test_options_that_do_not_fit(written, options, told):
    with pytest.raises(ValueError, match=told):
        read(f"human36m:{written.path},{options}")


def test_a_few_missing_photographs_are_listed_and_many_stop(tmp_path):
    write_human36m(tmp_path, (9,), frames=20, photographs=False)
    folder = tmp_path / "images" / "s_09_act_02_subact_01_ca_01"
    (folder / "s_09_act_02_subact_01_ca_01_000005.jpg").unlink()
    table = read(f"human36m:{tmp_path},subjects=9")
    assert len(table) == 79
    (problem,) = table.problems
    assert problem.startswith("left out: expected an image at")
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match=r"1 of 4 videos are bad so far.*\n.*20 of 20"):
        read(f"human36m:{tmp_path},subjects=9")


def test_one_bad_video_of_many_is_left_out(tmp_path):
    truth = write_human36m(tmp_path, (9,), (2,), (1,), 2, photographs=False)
    file = tmp_path / "annotations" / "Human36M_subject9_data.json"
    joints_file = tmp_path / "annotations" / "Human36M_subject9_joint_3d.json"
    images, joints = json.loads(file.read_text())["images"], json.loads(joints_file.read_text())
    more = []
    for take in range(1, 31):
        joints["2"][str(take)] = joints["2"]["1"]
        for image in images:
            name = image["file_name"].replace("subact_01", f"subact_{take:02}")
            more.append(image | {"subaction_idx": take, "file_name": name})
            (tmp_path / "images" / name).parent.mkdir(exist_ok=True)
            if take > 1:
                shutil.copy(tmp_path / "images" / truth.names[0], tmp_path / "images" / name)
    save_json(tmp_path, file.stem, {"images": more})
    save_json(tmp_path, joints_file.stem, joints)
    shutil.rmtree(tmp_path / "images" / "s_09_act_02_subact_07_ca_01")
    table = read(f"human36m:{tmp_path},subjects=9")
    assert len(table) == 58
    (problem,) = table.problems
    assert problem.startswith("left out: s_09_act_02_subact_07_ca_01: 2 of 2 photographs are bad")


@pytest.mark.parametrize(
    ("what", "change", "told"),
    [
        ("joint_3d", lambda d: d["2"].pop("1"), "expected joints of action 2, subaction 1"),
        ("joint_3d", lambda d: d["2"]["1"].pop("1"), "expected joints of frame 1 of action 2"),
        ("joint_3d", lambda d: d["2"]["1"]["1"].pop(), "17 joints in every frame, found 16, 17"),
        ("joint_3d", lambda d: d["2"]["1"]["1"][3].pop(), "action 2, subaction 1: expected 17 x 3"),
        ("camera", lambda d: d.pop("2"), "expected camera 2, which .* names; found 1"),
        ("camera", lambda d: d["1"]["R"].pop(), r"camera 1 to have R \(3 x 3\)"),
        ("data", lambda d: d["images"][0].pop("frame_idx"), "not Human3.6M's annotations"),
    ],
)
def test_annotations_of_another_form(tmp_path, what, change, told):
    write_human36m(tmp_path, (9,), frames=2, photographs=False)
    path = tmp_path / "annotations" / f"Human36M_subject9_{what}.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=told):
        read(f"human36m:{tmp_path},subjects=9")


def test_cameras_of_another_set_are_refused(tmp_path):
    write_human36m(tmp_path, (9,), frames=2, photographs=False)
    path = tmp_path / "annotations" / "Human36M_subject9_camera.json"
    cameras = json.loads(path.read_text())
    for camera in cameras.values():
        camera["t"][2] = -9000.0
    path.write_text(json.dumps(cameras))
    with pytest.raises(ValueError, match=r"of the joints of s_09_act_02.* lie on its images"):
        read(f"human36m:{tmp_path},subjects=9")


def test_crops_of_another_form(tmp_path):
    write_human36m_crops(tmp_path, (9,), frames=2)
    path = tmp_path / "annotations" / "keypoints2d_9.json"
    crops = json.loads(path.read_text())
    crops[1]["keypoint2d"].pop()
    path.write_text(json.dumps(crops))
    with pytest.raises(ValueError, match=r"expected 16 keypoints for each photograph.*found 15"):
        read(f"human36m:{tmp_path},subjects=9")
