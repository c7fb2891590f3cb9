from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from tests.datasets import write_lspet

from posesift.data.readers import read


def joints(folder: Path) -> np.ndarray:
    return scipy.io.loadmat(folder / "joints.mat")["joints"]


def change(folder: Path, values: np.ndarray, name: str = "joints") -> None:
    scipy.io.savemat(folder / "joints.mat", {name: values})


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


@pytest.mark.parametrize("count", [10, 6])
def test_labels_and_images_must_be_equally_many(tmp_path, count):
    write_lspet(tmp_path, n=8)
    values = joints(tmp_path)
    change(tmp_path, np.resize(values.transpose(2, 0, 1), (count, 14, 3)).transpose(1, 2, 0))
    with pytest.raises(ValueError, match=rf"labels {count} images, .* holds 8 of that form"):
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
