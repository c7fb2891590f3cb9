from __future__ import annotations

import numpy as np
import pytest
from tests.datasets import write_images

from posesift.data.readers import read


def test_every_image_is_a_pose_without_labels(tmp_path):
    truth = write_images(tmp_path)
    table = read(f"images:{tmp_path},skeleton=hand21")
    assert table.image_N.tolist() == sorted(truth.names)
    assert table.skeleton.name == "hand21"
    assert not table.visible_NK.any()
    assert table.boxes_from == "image"
    sizes = dict(zip(truth.names, truth.size_N2.tolist(), strict=True))
    found_N2 = np.column_stack([table.width_N, table.height_N]).tolist()
    assert found_N2 == [sizes[name] for name in table.image_N]
    assert len(read(f"images:{tmp_path},split=test")) == 2


def test_other_files_are_not_images(tmp_path):
    write_images(tmp_path, n=4)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._photo000.png").write_bytes(b"a shadow that some systems leave")
    assert len(read(f"images:{tmp_path}")) == 4


def test_broken_images_are_left_out_up_to_a_share(tmp_path):
    write_images(tmp_path, n=24)
    (tmp_path / "photo000.png").write_bytes(b"")
    table = read(f"images:{tmp_path}")
    assert len(table) == 23
    assert "photo000.png" in table.problems[0]
    (tmp_path / "photo002.png").write_bytes(b"")
    with pytest.raises(ValueError, match="2 of 24 samples are bad"):
        read(f"images:{tmp_path}")


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(ValueError, match=r"expected a folder of images at .*, found nothing"):
        read(f"images:{tmp_path}/nowhere")
    with pytest.raises(ValueError, match="or the folders in it, found none"):
        read(f"images:{tmp_path}")
    (tmp_path / "a.jpg").write_text("x")
    with pytest.raises(ValueError, match="found a file"):
        read(f"images:{tmp_path}/a.jpg")
