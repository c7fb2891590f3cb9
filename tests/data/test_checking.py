from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from tests.datasets import pose_table, write_coco, write_lspet

from posesift.data.checking import check, contact_sheet
from posesift.data.readers import read


def test_a_sound_set(tmp_path):
    truth = write_lspet(tmp_path)
    report = check(read(f"lspet:{tmp_path}"))
    assert report["ok"]
    assert report["problems"] == []
    assert report["samples"] == report["images"] == 8
    assert report["never_visible"] == ["pelvis", "thorax"]
    assert report["occluded_percent"] is None
    share = 100 * truth.visible_NJ[:, 12].mean()
    assert report["visible_percent"]["upper_neck"] == pytest.approx(share, abs=0.01)
    counts = truth.visible_NJ.sum(1)
    assert report["keypoints_per_sample"] == {
        "least": counts.min(),
        "median": np.median(counts),
        "greatest": counts.max(),
    }
    assert report["image_side"]["greatest"] == truth.size_N2.max()
    json.dumps(report, allow_nan=False)


def test_what_is_wrong_is_counted_and_listed(tmp_path):
    truth = write_coco(tmp_path)
    table = read(f"coco:{truth.path},images={tmp_path}/photos,skeleton=coco17")
    path = tmp_path / "photos" / truth.names[0]
    path.write_bytes(path.read_bytes()[:500])
    (tmp_path / "photos" / truth.names[1]).unlink()
    table.visible_NK[2] = False
    table.keypoints_NK2[3, 0] = (-40, 5)
    table.problems.append("left out: something")
    report = check(table)
    assert not report["ok"]
    assert report["bad_images"] == 2
    assert report["without_labels"] == 1
    assert report["off_image"] == 1
    assert len(report["problems"]) == 4
    assert "row 3: a visible keypoint lies off its image" in report["problems"]
    expected = table.occluded_NK[table.visible_NK].mean()
    assert report["occluded_percent"] == pytest.approx(100 * expected, abs=0.01)


def test_poses_without_images_or_labels():
    table = pose_table(n=3)
    assert check(table)["images"] == 0
    table.visible_NK[:] = False
    report = check(table)
    assert report["never_visible"] == list(table.skeleton.keypoints)
    assert check(table.select([]))["samples"] == 0
    json.dumps(report, allow_nan=False)


def test_a_contact_sheet_shows_crops_and_poses(tmp_path):
    truth = write_lspet(tmp_path, n=10)
    table = read(f"lspet:{tmp_path}")
    path = contact_sheet(table, tmp_path / "sheet.png", n=9)
    image_HW3 = cv2.imread(str(path))
    assert image_HW3.shape == (2 * 198 + 6, 8 * 198 + 6, 3)
    assert len(truth) == 10
    again = contact_sheet(table, tmp_path / "again.png", n=9)
    assert again.read_bytes() == path.read_bytes()
    other = contact_sheet(table, tmp_path / "other.png", n=9, seed=1)
    assert other.read_bytes() != path.read_bytes()


def test_a_contact_sheet_without_images_and_with_broken_ones(tmp_path):
    assert contact_sheet(pose_table(n=3), tmp_path / "a.jpg").stat().st_size > 1000
    write_lspet(tmp_path / "set", n=3)
    table = read(f"lspet:{tmp_path}/set")
    (tmp_path / "set" / "images" / "im00002.jpg").unlink()
    assert contact_sheet(table, tmp_path / "b.png").exists()


def test_a_contact_sheet_of_a_world(tmp_path):
    path = contact_sheet(read("world:hand,n=2,side=32"), tmp_path / "c.png")
    assert cv2.imread(str(path)).shape == (204, 402, 3)


def test_no_poses_and_no_picture_format(tmp_path):
    with pytest.raises(ValueError, match="the table is empty"):
        contact_sheet(pose_table().select([]), tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"expected a picture's ending such as \.png"):
        contact_sheet(pose_table(), tmp_path / "a.docx")
