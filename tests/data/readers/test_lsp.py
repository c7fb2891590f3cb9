from __future__ import annotations

import numpy as np
import pytest
import scipy.io
from tests.data.formats.lsp import file_array, save_joints, write_lsp
from tests.data.readers.layouts.bodies import LEEDS
from tests.datasets import write_lspet

from posesift.data.readers import read


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
        for joint, name in enumerate(LEEDS):
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


def test_the_extended_set_is_recognised_and_the_way_back_too(tmp_path):
    write_lspet(tmp_path / "extended")
    with pytest.raises(ValueError, match=r"\(14, 3, 8\): this is LSP extended.*lspet: reads it"):
        read(f"lsp:{tmp_path}/extended")
    write_lsp(tmp_path / "original")
    with pytest.raises(
        ValueError, match=r"this is the original LSP set.*\*occluded\*.*lsp: reads it"
    ):
        read(f"lspet:{tmp_path}/original")


def test_labels_of_images_that_are_not_there(tmp_path):
    save_joints(tmp_path, np.zeros((3, 14, 4)))
    with pytest.raises(ValueError, match=r"im0001\.jpg to im0004\.jpg, but images/ holds 0"):
        read(f"lsp:{tmp_path}")
