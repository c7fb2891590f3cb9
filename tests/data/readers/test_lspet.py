from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from tests.datasets import dot_colour, write_lspet

from posesift.data.pixels import read_image
from posesift.data.readers import read
from posesift.data.readers.lspet import KEYPOINT_OF_JOINT

# The order that the set's README gives, written out by name: an independent reference.
JOINTS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
    *("upper_neck", "head_top"),
)


def joints(folder: Path) -> np.ndarray:
    return scipy.io.loadmat(folder / "joints.mat")["joints"]


def change(folder: Path, values: np.ndarray, name: str = "joints") -> None:
    scipy.io.savemat(folder / "joints.mat", {name: values})


def test_every_joint_arrives_under_its_name_counted_from_zero(tmp_path):
    truth = write_lspet(tmp_path)
    table = read(f"lspet:{tmp_path}")
    assert len(table) == len(truth)
    assert table.problems == []
    assert table.boxes_from == "image"
    np.testing.assert_array_equal(np.column_stack([table.width_N, table.height_N]), truth.size_N2)
    for joint, name in enumerate(JOINTS):
        k = table.skeleton.keypoints.index(name)
        assert KEYPOINT_OF_JOINT[joint] == k
        np.testing.assert_array_equal(table.visible_NK[:, k], truth.visible_NJ[:, joint])
        seen_N = truth.visible_NJ[:, joint]
        np.testing.assert_allclose(
            table.keypoints_NK2[seen_N, k], truth.keypoints_NJ2[seen_N, joint], atol=1e-4
        )
    assert not table.visible_NK[:, [6, 7]].any()
    assert (table.keypoints_NK2[~table.visible_NK] == 0).all()


def test_the_dot_lies_under_the_keypoint(tmp_path):
    write_lspet(tmp_path, n=3)
    table = read(f"lspet:{tmp_path}")
    for row in range(3):
        image_HW3 = read_image(table, row).astype(int)
        for joint, k in enumerate(KEYPOINT_OF_JOINT):
            if table.visible_NK[row, k]:
                x, y = np.round(table.keypoints_NK2[row, k]).astype(int)
                assert np.abs(image_HW3[y, x] - dot_colour(joint)).max() < 60


def test_boxes_from_labels_are_the_same_in_every_split(tmp_path):
    write_lspet(tmp_path)
    whole = read(f"lspet:{tmp_path},boxes=labels")
    test = read(f"lspet:{tmp_path},boxes=labels,split=test")
    assert test.boxes_from == "labels"
    assert test.image_N.tolist() == ["images/im00007.jpg", "images/im00008.jpg"]
    np.testing.assert_array_equal(test.box_N4, whole.box_N4[6:])


def test_visible_joints_off_the_image_become_invisible_and_are_listed(tmp_path):
    truth = write_lspet(tmp_path, n=40)
    values = joints(tmp_path)
    width = truth.size_N2[3, 0]
    values[0, :, 3] = (0.4, 20, 1)  # 0.6 px left of the first pixel's centre: off
    values[1, :, 3] = (width + 0.4, 20, 1)  # 0.4 px right of the last one's: still on it
    values[0, :, 9] = (50, -1.2, 1)
    change(tmp_path, values)
    table = read(f"lspet:{tmp_path}")
    assert not table.visible_NK[3, 0]
    assert table.visible_NK[3, 1]
    assert not table.visible_NK[9, 0]
    assert len(table) == 40
    assert len(table.problems) == 2
    assert re.search(r"im00004\.jpg.* right_ankle at \(-0\.6, 19\.0\)", table.problems[0])


def test_a_sample_without_visible_joints_stays_and_harms_nothing(tmp_path):
    write_lspet(tmp_path)
    values = joints(tmp_path)
    values[:, 2, 4] = 0
    values[:, :2, 4] = np.nan
    change(tmp_path, values)
    table = read(f"lspet:{tmp_path},boxes=labels")
    assert len(table) == 8
    assert not table.visible_NK[4].any()
    assert np.isfinite(table.keypoints_NK2).all()
    assert table.box_N4[4].tolist() == [0, 0, table.width_N[4], table.height_N[4]]


def test_few_missing_images_are_left_out_and_listed(tmp_path):
    write_lspet(tmp_path, n=24)
    (tmp_path / "images" / "im00005.jpg").unlink()
    table = read(f"lspet:{tmp_path}")
    assert len(table) == 23
    assert "images/im00005.jpg" not in table.image_N
    assert table.image_N[4] == "images/im00006.jpg"
    (problem,) = table.problems
    assert problem.startswith("left out: expected an image at")
    assert "im00005.jpg" in problem


def test_many_broken_images_stop_the_reading_and_some_are_named(tmp_path):
    write_lspet(tmp_path, n=24)
    for number in range(3, 12):
        (tmp_path / "images" / f"im{number:05d}.jpg").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"9 of 24 samples are bad; at most 5%") as caught:
        read(f"lspet:{tmp_path}")
    assert "im00003.jpg" in str(caught.value)
    assert "and 4 more" in str(caught.value)


@pytest.mark.parametrize("count", [10, 6])
def test_labels_and_images_must_be_equally_many(tmp_path, count):
    write_lspet(tmp_path, n=8)
    values = joints(tmp_path)
    change(tmp_path, np.resize(values.transpose(2, 0, 1), (count, 14, 3)).transpose(1, 2, 0))
    with pytest.raises(ValueError, match=rf"labels {count} images, .* holds 8 of that form"):
        read(f"lspet:{tmp_path}")


def test_a_missing_folder_and_an_empty_one(tmp_path):
    with pytest.raises(ValueError, match="found no folder at"):
        read(f"lspet:{tmp_path}/nowhere")
    with pytest.raises(ValueError, match=r"found no joints\.mat in"):
        read(f"lspet:{tmp_path}")
    change(tmp_path, np.zeros((14, 3, 4)))
    with pytest.raises(ValueError, match="holds 0 of that form"):
        read(f"lspet:{tmp_path}")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros((14, 2, 5)), r"\(14, 3, N\).* found float64 of shape \(14, 2, 5\)"),
        (np.zeros((14, 3)), r"found float64 of shape \(14, 3\)"),
        (np.full((14, 3, 2), 2.0), r"every 'visible' to be 0 or 1, found \[2\.0\]"),
        (np.full((14, 3, 2), np.nan), "every 'visible' to be 0 or 1"),
    ],
)
def test_labels_of_another_form(tmp_path, values, told):
    change(tmp_path, values)
    with pytest.raises(ValueError, match=told):
        read(f"lspet:{tmp_path}")


def test_another_variable(tmp_path):
    change(tmp_path, np.zeros((14, 3, 2)), name="annolist")
    with pytest.raises(ValueError, match="expected a variable 'joints', found annolist"):
        read(f"lspet:{tmp_path}")


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
def test_a_truncated_mat_file(tmp_path, share, compress):
    write_lspet(tmp_path)
    path = tmp_path / "joints.mat"
    scipy.io.savemat(path, {"joints": joints(tmp_path)}, do_compression=compress)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"joints\.mat (is not a MATLAB file|: expected)"):
        read(f"lspet:{tmp_path}")


def test_text_called_mat(tmp_path):
    (tmp_path / "joints.mat").write_text("x,y,visible\n" * 50)
    with pytest.raises(ValueError, match="is not a MATLAB file that can be read"):
        read(f"lspet:{tmp_path}")


@pytest.mark.lspet
@pytest.mark.skipif("POSESIFT_LSPET" not in os.environ, reason="POSESIFT_LSPET is not set")
def test_the_real_photographs():
    table = read(f"lspet:{os.environ['POSESIFT_LSPET']}")
    assert len(table) >= 4000
    assert 0.35 < (table.visible_NK.sum(1) == 14).mean() < 0.45
    assert len(table.problems) < 0.01 * len(table)
    # Right side up on average: heads above necks above hips above ankles.
    y_K = [table.keypoints_NK2[table.visible_NK[:, k], k, 1].mean() for k in (9, 8, 2, 0)]
    assert y_K == sorted(y_K)
