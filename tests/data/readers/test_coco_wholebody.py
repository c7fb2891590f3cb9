from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.coco_wholebody import document, save, write_coco_wholebody
from tests.telling import assert_told

from posesift.data.readers import read
from posesift.poses.boxes import around


def address(truth, options: str = "") -> str:
    return f"coco-wholebody:{truth.path},images={truth.path.parent}/val2017{options}"


def test_boxes_are_squares_around_those_of_the_file(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    table = read(address(truth, ",hands=stored"))
    for row in range(len(truth)):
        points_2 = truth.keypoints_NK2[row][truth.v_NK[row] > 0]
        low_2, high_2 = points_2.min(0), points_2.max(0)
        side = 1.5 * (high_2 - low_2).max()
        x, y = (low_2 + high_2) / 2 - side / 2
        np.testing.assert_allclose(table.box_N4[row], [x, y, side, side], rtol=1e-5)


def test_without_images_there_are_poses(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    table = read(f"coco-wholebody:{truth.path}")
    assert not table.has_images
    assert len(table) == 11


def test_crowds_and_valid_hands_without_a_joint_are_skipped_and_counted(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    content = document(truth)
    content["annotations"][0]["iscrowd"] = 1  # a person with a left hand alone
    content["annotations"][2]["lefthand_kpts"] = [0] * 63
    save(truth.path, content)
    table = read(address(truth))
    assert len(table) == 9
    assert_told(table.problems, "skipped|1|crowds", "skipped|4|unclear", "skipped|1|labelled joint")


def test_few_bad_hands_are_left_out_and_named(tmp_path):
    truth = write_coco_wholebody(tmp_path, people=90)
    content = document(truth)
    hand = content["annotations"][2]
    hand["righthand_kpts"] = hand["righthand_kpts"][:60]
    content["annotations"][5]["righthand_kpts"][5] = 7
    content["annotations"][8]["righthand_kpts"][0] = None
    content["annotations"][11]["image_id"] = 3
    save(truth.path, content)
    table = read(address(truth))
    told = "\n".join(table.problems)
    assert "annotation 9002, right hand: expected 63 numbers" in told
    assert "annotation 9005, right hand: a visibility v outside 0 to 2" in told
    assert "annotation 9008, right hand: expected 63 numbers" in told
    assert "annotation 9011, left hand: names the image 3, which the file does not list" in told
    assert len(table) == len(truth) - told.count("left out")


def test_a_box_of_another_form_gives_one_around_the_keypoints(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    content = document(truth)
    content["annotations"][0]["lefthand_box"] = [5, 5, 0, 0]
    del content["annotations"][2]["lefthand_box"]
    save(truth.path, content)
    table = read(address(truth))
    size_N2 = np.column_stack([table.width_N, table.height_N])
    expected_N4 = around(table.keypoints_NK2, table.visible_NK, size_N2)
    np.testing.assert_allclose(table.box_N4[0], expected_N4[0])
    assert np.isclose(table.box_N4, expected_N4).all(1).sum() == 2
    assert_told(table.problems[-2:], "no box|keypoints|1", "no size|keypoints|1")


def test_files_of_another_form(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    content = document(truth)
    plain = [{"id": 1, "image_id": 500, "category_id": 1, "keypoints": [0] * 51}]
    for people, told in (
        (plain, r"plain COCO is read as coco:.*missing required field `lefthand_valid`"),
        ([], "expected valid hands with labelled joints, found none among 0 people"),
    ):
        save(truth.path, content | {"annotations": people})
        with pytest.raises(ValueError, match=told):
            read(address(truth))
    save(truth.path, content | {"images": content["images"][:1] * 2})
    with pytest.raises(ValueError, match="two images have the same id"):
        read(address(truth))
