"""Labels that can be read and mean something else: each kind is told, and sound data are not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.datasets import coco_document, pose_table, save_coco, write_coco

from posesift.data.checks.checking import check
from posesift.data.checks.meaning import misreadings
from posesift.data.readers import read
from posesift.skeletons.skeleton import from_document


def address(truth):
    return f"coco:{truth.path},images={truth.path.parent}/photos"


def checked(tmp_path, change, n=8):
    truth = write_coco(tmp_path, n=n)
    document = coco_document(truth)
    for image, annotation in zip(document["images"], document["annotations"], strict=True):
        change(annotation, image)
    save_coco(truth.path, document)
    return check(read(address(truth)))


def corners(annotation, image):
    points = annotation["keypoints"]
    points[0::3] = [50 + 0.4 * x for x in points[0::3]]
    points[1::3] = [50 + 0.4 * y for y in points[1::3]]
    x, y, width, height = (0.4 * value for value in annotation["bbox"])
    annotation["bbox"] = [50 + x, 50 + y, 50 + x + width, 50 + y + height]


def shares(annotation, image):
    points = annotation["keypoints"]
    points[0::3] = [x / image["width"] for x in points[0::3]]
    points[1::3] = [y / image["height"] for y in points[1::3]]


def at(x, y):
    def change(annotation, image):
        last = image["width"] - 1, image["height"] - 1
        annotation["keypoints"][9:12] = [x * last[0], y * last[1], 2]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (corners, "boxes look like two corners .* bbox=xyxy"),
        (shares, "coordinates lie between 0 and 1 .* coordinates=relative"),
        (at(0, 0), r"lie at \(0, 0\) of the image in 8 of 8 samples \(left_ear\)"),
        (at(1, 0), "in the upper right corner of the image in 8 of 8"),
        (at(0, 1), "in the lower left corner of the image in 8 of 8"),
        (at(1, 1), "in the lower right corner of the image in 8 of 8"),
    ],
)
def test_each_kind_is_told_and_nothing_is_not_wrong(tmp_path, change, told):
    import re

    found = checked(tmp_path, change)
    assert not found["ok"]
    assert [line for line in found["warnings"] if re.search(told, line)]


def test_sound_data_have_no_such_warning(tmp_path):
    assert misreadings(read(address(write_coco(tmp_path)))) == []
    assert misreadings(read("world:body,n=60")) == []
    assert misreadings(dataclasses.replace(pose_table(), visible_NK=np.zeros((8, 16), bool))) == []


def test_a_person_in_the_corner_of_one_image_is_no_kind(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["annotations"][2]["keypoints"][:3] = [0, 0, 2]
    save_coco(truth.path, document)
    assert misreadings(read(address(truth))) == []


def test_boxes_as_sizes_are_never_taken_for_corners():
    """People all over the image, boxes loose and tight, also those near the upper left corner."""
    rng = np.random.default_rng(0)
    for loose in (1.0, 1.3, 2.0):
        table = pose_table(n=200)
        low_N2 = table.keypoints_NK2.min(1, initial=1e9, where=table.visible_NK[..., None])
        high_N2 = table.keypoints_NK2.max(1, initial=0, where=table.visible_NK[..., None])
        shift_N2 = rng.uniform(0, 1, (200, 2)) * low_N2
        keypoints_NK2 = table.keypoints_NK2 - shift_N2[:, None]
        size_N2 = (high_N2 - low_N2) * loose
        box_N4 = np.column_stack([(low_N2 - shift_N2) - size_N2 * (loose - 1) / 4, size_N2])
        given = dataclasses.replace(
            table, keypoints_NK2=keypoints_NK2, box_N4=box_N4.astype(np.float32), boxes_from="file"
        )
        assert misreadings(given) == []


def test_loose_boxes_that_begin_near_the_origin_are_no_corners():
    """One person an image: the box begins a few pixels from the corner of the image."""
    table = pose_table(n=40)
    rng = np.random.default_rng(1)
    low_2, size_2 = np.array([12.0, 14.0]), np.array([70.0, 110.0])
    keypoints_NK2 = low_2 + rng.uniform(0, 1, table.keypoints_NK2.shape) * size_2
    for margin in (1.0, 6.0, 10.0):
        box_4 = np.concatenate([low_2 - margin, size_2 + 2 * margin])
        given = dataclasses.replace(
            table,
            keypoints_NK2=keypoints_NK2.astype(np.float32),
            width_N=np.full(40, 120, np.int32),
            height_N=np.full(40, 160, np.int32),
            box_N4=np.tile(box_4, (40, 1)).astype(np.float32),
            boxes_from="file",
        )
        assert misreadings(given) == []
        corners_4 = np.concatenate([box_4[:2], box_4[:2] + box_4[2:]])
        moved = keypoints_NK2 + np.array([20.0, 25.0])
        corners_4 += np.tile([20.0, 25.0], 2)
        as_corners = dataclasses.replace(
            given,
            keypoints_NK2=moved.astype(np.float32),
            box_N4=np.tile(corners_4, (40, 1)).astype(np.float32),
        )
        (line,) = misreadings(as_corners)
        assert "bbox=xyxy" in line


def test_a_flag_that_hides_everything_is_told():
    table = pose_table()
    table = dataclasses.replace(table, occluded_NK=table.visible_NK.copy())
    (line,) = misreadings(table)
    assert line.startswith("every labelled keypoint counts as hidden")


def test_a_skeleton_with_a_side_and_no_counterpart_is_told():
    names = ["nose", "left_eye", "right_eye", *(f"k{k}" for k in range(12)), "left_toe"]
    skeleton = from_document(
        {"name": "own", "keypoints": names, "limbs": [{"from": "nose", "to": "left_eye"}]}, "here"
    )
    (line,) = misreadings(dataclasses.replace(pose_table(), skeleton=skeleton))
    assert line.startswith("no flips in training: left_eye, right_eye, left_toe")
