from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.io
from tests.data.formats.dots import dots_found
from tests.data.formats.lsp import file_array, save_joints, write_lsp
from tests.datasets import write_lspet

from posesift.data.checks.checking import check
from posesift.data.readers import read

# The order that the set's page gives, written out by name: an independent reference.
JOINTS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
    *("upper_neck", "head_top"),
)


def test_every_joint_arrives_under_its_name_and_occluded_ones_are_used(tmp_path):
    truth = write_lsp(tmp_path)
    table = read(f"lsp:{tmp_path}")
    assert table.skeleton.name == "body16"
    assert table.problems == []
    assert table.boxes_from == "image"
    np.testing.assert_array_equal(np.column_stack([table.width_N, table.height_N]), truth.size_N2)
    assert table.image_N.tolist() == [f"images/{name}" for name in truth.names]
    for joint, name in enumerate(JOINTS):
        k = table.skeleton.keypoints.index(name)
        assert table.visible_NK[:, k].all()
        np.testing.assert_array_equal(table.occluded_NK[:, k], truth.occluded_NJ[:, joint])
        np.testing.assert_allclose(
            table.keypoints_NK2[:, k], truth.keypoints_NJ2[:, joint], atol=1e-4
        )
    assert truth.occluded_NJ.any()
    for name in ("pelvis", "thorax"):
        assert not table.visible_NK[:, table.skeleton.keypoints.index(name)].any()


def test_the_dot_lies_under_every_joint_occluded_or_not(tmp_path):
    write_lsp(tmp_path, n=3)
    table = read(f"lsp:{tmp_path}")
    colour_K = [JOINTS.index(name) if name in JOINTS else -1 for name in table.skeleton.keypoints]
    assert [dots_found(table, row, colour_K) for row in range(3)] == [14, 14, 14]


def test_the_official_halves(tmp_path):
    truth = write_lsp(tmp_path, n=9)
    train, test = (read(f"lsp:{tmp_path},split={split}") for split in ("train", "test"))
    assert train.image_N.tolist() == [f"images/{name}" for name in truth.names[:4]]
    assert test.image_N.tolist() == [f"images/{name}" for name in truth.names[4:]]


def test_the_halves_of_the_whole_set_are_a_thousand_each(tmp_path):
    write_lsp(tmp_path, n=20)
    first = tmp_path / "images" / "im0001.jpg"
    for number in range(21, 2001):
        (tmp_path / "images" / f"im{number:04d}.jpg").symlink_to(first)
    values = scipy.io.loadmat(tmp_path / "joints.mat")["joints"]
    values = np.concatenate([values, np.repeat(values[:, :, :1], 1980, axis=2)], axis=2)
    save_joints(tmp_path, values)
    train, test = (read(f"lsp:{tmp_path},split={split}") for split in ("train", "test"))
    assert (train.image_N[-1], test.image_N[0]) == ("images/im1000.jpg", "images/im1001.jpg")
    assert len(train) == len(test) == 1000


def test_parity_is_transductive_hides_occluded_joints_and_counts_from_one(tmp_path):
    truth = write_lsp(tmp_path)
    for split in ("train", "test", "all"):
        table = read(f"lsp:{tmp_path},parity=true,split={split}")
        assert len(table) == len(truth)
        for joint, name in enumerate(JOINTS):
            k = table.skeleton.keypoints.index(name)
            np.testing.assert_array_equal(table.visible_NK[:, k], ~truth.occluded_NJ[:, joint])
            seen_N = table.visible_NK[:, k]
            np.testing.assert_allclose(
                table.keypoints_NK2[seen_N, k], truth.keypoints_NJ2[seen_N, joint] + 1, atol=1e-4
            )
        assert (table.keypoints_NK2[~table.visible_NK] == 0).all()
        assert not table.occluded_NK.any()


def test_parity_keeps_a_joint_on_the_last_column(tmp_path):
    truth = write_lsp(tmp_path)
    values = file_array(truth)
    values[:, 3, 2] = (truth.size_N2[2, 0], 40, 0)
    save_joints(tmp_path, values)
    table = read(f"lsp:{tmp_path},parity=true")
    assert table.visible_NK[2, 3]
    assert table.keypoints_NK2[2, 3].tolist() == [truth.size_N2[2, 0], 40]


def test_joints_off_the_image_become_invisible_and_are_listed(tmp_path):
    truth = write_lsp(tmp_path, n=40)
    values = file_array(truth)
    values[:, 0, 3] = (-12, 20, 1)
    values[:, 13, 9] = (20, truth.size_N2[9, 1] + 1, 0)
    save_joints(tmp_path, values)
    table = read(f"lsp:{tmp_path}")
    assert not table.visible_NK[3, 0]
    assert not table.occluded_NK[3, 0]
    assert not table.visible_NK[9, table.skeleton.keypoints.index("head_top")]
    assert len(table.problems) == 2
    assert re.search(r"im0004\.jpg.* right_ankle at \(-13\.0, 19\.0\)", table.problems[0])
    assert check(table)["off_image"] == 0


def test_boxes_from_labels_are_the_same_in_every_split(tmp_path):
    write_lsp(tmp_path)
    whole = read(f"lsp:{tmp_path},boxes=labels")
    test = read(f"lsp:{tmp_path},boxes=labels,split=test")
    assert test.boxes_from == "labels"
    np.testing.assert_array_equal(test.box_N4, whole.box_N4[4:])


def test_the_extended_set_is_recognised_and_the_way_back_too(tmp_path):
    write_lspet(tmp_path / "extended")
    with pytest.raises(ValueError, match=r"\(14, 3, 8\): this is LSP extended.*lspet: reads it"):
        read(f"lsp:{tmp_path}/extended")
    write_lsp(tmp_path / "original")
    with pytest.raises(
        ValueError, match=r"this is the original LSP set.*\*occluded\*.*lsp: reads it"
    ):
        read(f"lspet:{tmp_path}/original")


def test_a_missing_folder_and_an_empty_one(tmp_path):
    with pytest.raises(ValueError, match=r"expected an LSP folder .* found no folder at"):
        read(f"lsp:{tmp_path}/nowhere")
    with pytest.raises(ValueError, match=r"found no joints\.mat in"):
        read(f"lsp:{tmp_path}")
    save_joints(tmp_path, np.zeros((3, 14, 4)))
    with pytest.raises(ValueError, match=r"im0001\.jpg to im0004\.jpg, but images/ holds 0"):
        read(f"lsp:{tmp_path}")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros((2, 14, 5)), r"\(3, 14, N\).* found float64 of shape \(2, 14, 5\)"),
        (np.zeros((3, 14)), r"found float64 of shape \(3, 14\)"),
        (np.full((3, 14, 2), 2.0), r"every 'occluded' to be 0 or 1, found \[2\.0\]"),
        (np.full((3, 14, 2), np.nan), "every 'occluded' to be 0 or 1"),
        (np.full((3, 14, 2), "a"), "expected 'joints' to be numbers"),
    ],
)
def test_labels_of_another_form(tmp_path, values, told):
    save_joints(tmp_path, values)
    with pytest.raises(ValueError, match=told):
        read(f"lsp:{tmp_path}")


def test_another_variable(tmp_path):
    save_joints(tmp_path, np.zeros((3, 14, 2)), name="annolist")
    with pytest.raises(ValueError, match="expected a variable 'joints', found annolist"):
        read(f"lsp:{tmp_path}")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
def test_a_file_cut_short(tmp_path, share):
    write_lsp(tmp_path)
    path = tmp_path / "joints.mat"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"joints\.mat (is not a MATLAB file|: expected)"):
        read(f"lsp:{tmp_path}")


def test_few_missing_images_are_left_out_and_many_stop_the_reading(tmp_path):
    write_lsp(tmp_path, n=24)
    (tmp_path / "images" / "im0005.jpg").unlink()
    table = read(f"lsp:{tmp_path}")
    assert len(table) == 23
    assert "images/im0005.jpg" not in table.image_N
    (problem,) = table.problems
    assert "im0005.jpg" in problem
    assert len(read(f"lsp:{tmp_path},split=test")) == 12, "the halves do not move"
    (tmp_path / "images" / "im0009.jpg").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"2 of 24 samples are bad") as caught:
        read(f"lsp:{tmp_path}")
    assert "im0009.jpg" in str(caught.value)
