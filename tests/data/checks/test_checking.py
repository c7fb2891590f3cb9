from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from tests.datasets import pose_table, write_coco, write_images, write_lspet

from posesift.data.address import parse
from posesift.data.checks.checking import check, images_of_test
from posesift.data.readers import read


def test_a_sound_set(tmp_path):
    truth = write_lspet(tmp_path)
    report = check(read(f"lspet:{tmp_path}"))
    assert report["unusable"] == report["warnings"] == []
    assert report["samples"] == report["images"] == report["looked_at"] == 8
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
    assert sum(count for *_, count in report["image_sizes"]) <= 8
    assert report["clips"] is report["modes"] is report["cut_by_box"] is None
    json.dumps(report, allow_nan=False)


def test_nothing_is_wrong_with_a_world():
    report = check(read("world:body,n=300"))
    assert report["ok"]
    assert report["verdict"] == "These data can be trained on: nothing suspicious found."
    assert report["problems"] == report["suspects"] == []
    assert sum(report["modes"].values()) == 300
    assert list(report["modes"].values()) == sorted(report["modes"].values(), reverse=True)
    assert report["occluded_percent"] > 5


def test_what_is_wrong_is_counted_and_listed(tmp_path):
    truth = write_coco(tmp_path, n=60)
    table = read(f"coco:{truth.path},images={tmp_path}/photos,skeleton=coco17")
    path = tmp_path / "photos" / truth.names[0]
    path.write_bytes(path.read_bytes()[:500])
    (tmp_path / "photos" / truth.names[1]).unlink()
    table.visible_NK[2] = False
    table.keypoints_NK2[3, 0] = (-40, 5)
    table.keypoints_NK2[4] = (20, 21)
    table.problems.append("left out: something")
    report = check(table)
    assert not report["ok"]
    assert report["unusable"] == []
    count = len(report["warnings"]) + 3  # off the image, in one point, and what the reader tells
    told = f"trained on; {count} kinds of finding, the first to look at: {report['warnings'][0]}."
    assert report["verdict"] == f"These data can be {told}"
    assert report["bad_images"] == 2
    assert report["without_labels"] == 1
    assert report["off_image"] == 1
    assert report["one_point"] == 1
    lines = "\n".join(report["problems"])
    assert f"row 3 ({table.image_N[3]}): a visible keypoint lies off its image" in lines
    assert f"row 4 ({table.image_N[4]}): all visible keypoints lie in one point" in lines
    assert "left out: something" in lines
    assert truth.names[0] in lines
    suspects = {suspect["row"]: suspect["why"] for suspect in report["suspects"]}
    assert suspects[3] == "keypoints off the image"
    assert suspects[4] == "all in one point"
    expected = table.occluded_NK[table.visible_NK].mean()
    assert report["occluded_percent"] == pytest.approx(100 * expected, abs=0.01)
    json.dumps(report, allow_nan=False)


def test_boxes_of_no_size_are_counted():
    table = read("world:body,n=50")
    box_N4 = table.crop_boxes_N4().copy()
    box_N4[3, 2] = 0
    box_N4[[4, 9], 3] = (-2, 0)
    report = check(dataclasses.replace(table, box_N4=box_N4))
    assert report["boxes_of_no_size"] == 3
    assert "3 samples have a box of no size: there is nothing to crop" in report["warnings"]
    assert check(table)["boxes_of_no_size"] == 0


def test_limbs_that_are_too_long_are_named():
    table = read("world:body,n=100,side=400")
    wrist, elbow = (table.skeleton.keypoints.index(f"left_{name}") for name in ("wrist", "elbow"))
    table.keypoints_NK2[9, wrist] = table.keypoints_NK2[9, elbow] + [600, 0]
    table.width_N[:] = 2000
    report = check(table)
    assert report["long_limbs"] == 1
    assert any("the limb left_wrist - left_elbow is" in line for line in report["problems"])
    assert any("too long for the person" in line for line in report["warnings"])
    assert any("x left_wrist-left_elbow" in suspect["why"] for suspect in report["suspects"])


def test_boxes_against_labels(tmp_path):
    truth = write_coco(tmp_path, n=20)
    table = read(f"coco:{truth.path},images={tmp_path}/photos,skeleton=coco17")
    report = check(table)
    assert report["cut_by_box"] == 0
    assert 1 < report["box_over_labels"]["median"] < 1.6
    half_N4 = table.box_N4 * [1, 1, 0.5, 1]
    halved = check(dataclasses.replace(table, box_N4=half_N4.astype(np.float32)))
    points_NK2, low_N12 = table.keypoints_NK2, half_N4[:, None, :2] - 0.5
    inside_NK = (points_NK2 <= low_N12 + half_N4[:, None, 2:]).all(-1)
    share = (table.visible_NK & ~inside_NK).sum() / table.visible_NK.sum()
    assert halved["cut_by_box"] == pytest.approx(100 * share, abs=0.01)
    assert 20 < halved["cut_by_box"] < 80


def test_what_cannot_be_trained_on(tmp_path):
    truth = write_lspet(tmp_path, n=12)
    table = read(f"lspet:{tmp_path}")
    (few,) = check(table.select([0, 1]))["unusable"]
    assert "expected at least 4 samples, found 2" in few
    (tmp_path / "images" / truth.names[5]).write_bytes(b"not an image")
    (broken,) = check(table)["unusable"]
    assert "1 of 12 images are missing or broken, more than 5%" in broken
    table.visible_NK[:] = False
    reasons = check(table)["unusable"]
    assert len(reasons) == 2
    assert "no sample has a visible keypoint" in reasons[0]
    json.dumps(check(table.select([])), allow_nan=False)


def test_a_target_without_labels_misses_none(tmp_path):
    write_images(tmp_path)
    table = read(f"images:{tmp_path}")
    assert check(table, labelled=False)["unusable"] == []
    assert check(table)["unusable"] != []


def test_poses_without_images():
    report = check(pose_table(n=5))
    assert report["images"] == 0
    assert report["unusable"] == []
    assert any("scored, and not trained on" in line for line in report["warnings"])


def test_duplicates_and_leaks(tmp_path):
    truth = write_lspet(tmp_path, n=8)
    images = tmp_path / "images"
    address = f"lspet:{tmp_path}"
    table = read(address)
    # the first picture again as the last, which is in the test split
    (images / truth.names[7]).write_bytes((images / truth.names[0]).read_bytes())
    table.width_N[7], table.height_N[7] = table.width_N[0], table.height_N[0]
    names = images_of_test(parse(address), seconds=0)
    assert names == {f"images/{name}" for name in truth.names[6:]}
    report = check(table, test_images=names)
    assert report["duplicates"]["same_names"] == [[f"images/{truth.names[i]}" for i in (0, 7)]]
    assert report["duplicates"]["in_both_splits"] == 1
    assert any("training and test share 1 pictures" in line for line in report["warnings"])
    alone = check(table)
    assert alone["duplicates"]["in_both_splits"] == 0
    assert any("have the pixels of another one" in line for line in alone["warnings"])
    clips = dataclasses.replace(table, clip_N=np.full(8, "one", object))
    (line,) = check(clips)["warnings"]
    assert "stand still" in line


def test_the_split_of_every_image_is_asked_where_that_is_cheap(tmp_path):
    write_lspet(tmp_path, n=8)
    assert images_of_test(parse(f"lspet:{tmp_path}"), seconds=1000) is None
    assert images_of_test(parse(f"lspet:{tmp_path},split=train"), seconds=0) is None
    assert images_of_test(parse("world:body"), seconds=0) is None
    assert len(images_of_test(parse(f"lspet:{tmp_path},split=all"), seconds=0)) == 2
