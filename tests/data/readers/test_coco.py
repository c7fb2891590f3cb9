from __future__ import annotations

import json
import re

import numpy as np
import pytest
from tests.datasets import coco_document, save_coco, write_coco
from tests.telling import assert_told

from posesift import skeletons
from posesift.data.pixels import read_image
from posesift.data.readers import read
from posesift.data.readers.coco import packed


def address(truth, more=",skeleton=coco17"):
    return f"coco:{truth.path},images={truth.path.parent}/photos{more}"


def test_people_read_as_body16_meet_by_name(tmp_path):
    truth = write_coco(tmp_path)
    table = read(address(truth, ",skeleton=body16"))
    body, people = skeletons.load("body16"), skeletons.load("coco17")
    k, j = body.keypoints.index("left_wrist"), people.keypoints.index("left_wrist")
    np.testing.assert_array_equal(table.visible_NK[:, k], truth.visible_NJ[:, j])
    assert not table.visible_NK[:, body.keypoints.index("head_top")].any()
    assert [problem.partition(",")[0] for problem in table.problems] == ["never visible", "dropped"]


def test_keypoints_that_are_named_and_labelled_nowhere_are_not_called_dropped(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    eyes = [skeletons.load("coco17").keypoints.index(f"{side}_eye") for side in ("left", "right")]
    for annotation in document["annotations"]:
        for k in eyes:
            annotation["keypoints"][3 * k : 3 * k + 3] = [0, 0, 0]
    save_coco(truth.path, document)
    (dropped,) = [
        line
        for line in read(address(truth, ",skeleton=body16")).problems
        if line.startswith("dropped")
    ]
    assert_told([dropped], "body16|: nose, left_ear, right_ear")
    mapped = read(address(truth, ",as=body16")).problems
    assert "as body16: dropped: nose, left_ear, right_ear" in mapped


def test_hands(tmp_path):
    truth = write_coco(tmp_path, skeleton="hand21")
    table = read(address(truth, ",skeleton=hand21"))
    assert table.skeleton.name == "hand21"
    np.testing.assert_array_equal(table.visible_NK, truth.visible_NJ)


def test_a_split_keeps_the_people_of_an_image_together(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["annotations"].append(document["annotations"][0] | {"id": 2000})
    save_coco(truth.path, document)  # the first image's second person comes last in the file
    train, test = (read(address(truth) + f",split={split}").image_N for split in ("train", "test"))
    assert train.tolist() == [*truth.names[:6], truth.names[0]]
    assert test.tolist() == truth.names[6:]


def test_crowds_empty_and_foreign_annotations_are_skipped_and_counted(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["categories"].append({"id": 2, "name": "dog"})
    crowd, empty, nothing, dog = document["annotations"][:4]
    crowd["iscrowd"] = 1
    empty["keypoints"] = [0] * 51
    del nothing["keypoints"]
    dog["category_id"] = 2
    save_coco(truth.path, document)
    table = read(address(truth))
    assert len(table) == 4
    assert_told(table.problems, "skipped|1|other categories", "skipped|1|crowds", "skipped|2|label")


def spoil_nan(annotation):
    annotation["keypoints"][6:9] = [float("nan"), 3, 2]


def spoil_count(annotation):
    annotation["keypoints"].pop()


def spoil_visibility(annotation):
    annotation["keypoints"][2] = 7


def spoil_image(annotation):
    annotation["image_id"] = 999


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (spoil_nan, "annotation 1004: null, NaN or infinity in its keypoints"),
        (spoil_count, "annotation 1004: expected 51 values in keypoints .* found 50"),
        (spoil_visibility, "annotation 1004: a visibility v other than 0, 1 or 2"),
        (spoil_image, "annotation 1004: names the image 999, which the file does not list"),
    ],
)
def test_a_bad_annotation_is_named_and_few_are_left_out(tmp_path, spoil, told):
    few, many = write_coco(tmp_path / "few", n=8), write_coco(tmp_path / "many", n=24)
    for truth, rows in ((few, (4, 5)), (many, (4,))):
        document = coco_document(truth)
        for row in rows:
            spoil(document["annotations"][row])
        save_coco(truth.path, document)
    with pytest.raises(ValueError, match=f"2 of 8 samples are bad(.|\n)*{told}"):
        read(address(few))
    table = read(address(many))
    assert len(table) == 23
    assert re.search("left out: " + told, table.problems[0])
    assert np.isfinite(table.keypoints_NK2).all()


def test_nan_behind_an_unlabelled_keypoint_is_no_problem(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["annotations"][0]["keypoints"][9:12] = [float("nan"), float("nan"), 0]
    save_coco(truth.path, document)
    table = read(address(truth))
    assert table.problems == []
    assert not table.visible_NK[0, 3]


def test_without_a_folder_of_images_there_are_poses_only(tmp_path):
    truth = write_coco(tmp_path)
    table = read(f"coco:{truth.path},skeleton=coco17")
    assert not table.has_images
    with pytest.raises(ValueError, match="read it with images=FOLDER"):
        read_image(table, 0)
    beside = truth.path.rename(tmp_path / "photos" / "labels.json")
    assert read(f"coco:{beside},skeleton=coco17").has_images


def test_sizes_that_the_file_lacks_come_from_the_images(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    for image in document["images"]:
        del image["width"], image["height"]
    save_coco(truth.path, document)
    table = read(address(truth))
    np.testing.assert_array_equal(table.width_N, truth.size_N2[:, 0])
    with pytest.raises(ValueError, match="the file gives no width and height"):
        read(f"coco:{truth.path},skeleton=coco17")


def around(truth, row):
    """A tenth wider than the labelled keypoints on each side, a pixel at least, on the image."""
    seen = truth.visible_NJ[row]
    low, high = truth.keypoints_NJ2[row, seen].min(0), truth.keypoints_NJ2[row, seen].max(0)
    margin = np.maximum((high - low) / 10, 1)
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, truth.size_N2[row])
    return np.r_[low, high - low]


def test_boxes_that_are_absent_or_flat_are_drawn_around_the_keypoints(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    del document["annotations"][0]["bbox"]
    document["annotations"][1]["bbox"] = [5, 5, 0, 10]
    save_coco(truth.path, document)
    table = read(address(truth))
    for row in (0, 1):
        np.testing.assert_allclose(table.box_N4[row], around(truth, row), rtol=1e-5)
    assert_told(
        table.problems,
        "no box|around the labelled keypoints|1 sample (annotation 1000)",
        "no size|around the labelled keypoints|1 sample (annotation 1001)",
    )


@pytest.mark.parametrize(
    ("bbox", "what"),
    [
        ([5, 5, 0, 10], "no size"),
        ([5, 5, 9, -1], "no size"),
        ([1, 2, 3], "not four numbers"),
        ([0, 0, None, 4], "not four numbers"),
    ],
)
def test_boxes_of_no_size_are_counted_where_there_are_no_others(tmp_path, bbox, what):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    for annotation in document["annotations"]:
        annotation["bbox"] = bbox
    save_coco(truth.path, document)
    table = read(address(truth))
    assert table.boxes_from == "image"
    assert_told(table.problems, f"box|{what}|whole image|8")


def test_another_skeleton_than_asked(tmp_path):
    truth = write_coco(tmp_path, skeleton="hand21")
    with pytest.raises(ValueError, match="expected the keypoints of the skeleton body16"):
        read(address(truth, ",skeleton=body16"))


def test_several_categories_need_a_choice(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["categories"].append({"id": 2, "name": "robot", "keypoints": ["a", "b"]})
    save_coco(truth.path, document)
    with pytest.raises(ValueError, match="found 'person', 'robot'; choose one with category=NAME"):
        read(address(truth))
    assert len(read(address(truth) + ",category=person")) == 8
    with pytest.raises(ValueError, match=r"a category named 'cat' .* found 'person', 'robot'"):
        read(address(truth) + ",category=cat")


def test_a_file_of_boxes_only(tmp_path):
    save_coco(tmp_path / "x.json", {"images": [], "annotations": [], "categories": []})
    with pytest.raises(ValueError, match="found none; is this an `instances` file"):
        read(f"coco:{tmp_path}/x.json")


def test_no_labelled_annotation_at_all(tmp_path):
    truth = write_coco(tmp_path, n=4)
    document = coco_document(truth)
    for annotation in document["annotations"]:
        annotation["iscrowd"] = 1
    save_coco(truth.path, document)
    with pytest.raises(ValueError, match="found none among 4; skipped: 4 annotations of crowds"):
        read(address(truth))


def test_two_images_with_one_id(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["images"][1]["id"] = document["images"][0]["id"]
    save_coco(truth.path, document)
    with pytest.raises(ValueError, match="two images have the same id"):
        read(address(truth))


def test_annotations_are_read_in_parts_and_stay_in_order(tmp_path, monkeypatch):
    truth = write_coco(tmp_path, n=23)
    document = coco_document(truth)
    document["annotations"].insert(3, document["annotations"][0] | {"iscrowd": 1})
    document["annotations"].insert(9, document["annotations"][0] | {"keypoints": [0] * 51})
    save_coco(truth.path, document)
    whole = read(address(truth))
    monkeypatch.setattr(packed, "_CHUNK", 4)
    parts = read(address(truth))
    np.testing.assert_array_equal(parts.keypoints_NK2, whole.keypoints_NK2)
    np.testing.assert_array_equal(parts.box_N4, whole.box_N4)
    assert parts.image_N.tolist() == truth.names
    assert parts.problems == whole.problems
    np.testing.assert_array_equal(parts.visible_NK, truth.visible_NJ)
    spoil_nan(document["annotations"][17])
    save_coco(truth.path, document)
    number = document["annotations"][17]["id"]
    assert f"annotation {number}: null, NaN" in read(address(truth)).problems[-1]
    document["annotations"][17]["image_id"] = None
    save_coco(truth.path, document)
    assert f"annotation {number}: null, NaN" in read(address(truth)).problems[-1]


def test_what_other_programs_write_is_read(tmp_path):
    truth = write_coco(tmp_path)
    plain = read(address(truth))
    document = coco_document(truth)
    document["info"] = {"description": 'said "NaN", or Infinity, and \\"'}
    document["annotations"][0]["bbox"] = [float("nan"), 0, float("inf"), 5]
    document["annotations"][1]["iscrowd"] = False
    document["annotations"][2]["segmentation"] = {"size": [3, 4], "counts": "a]}[{\\u0020"}
    truth.path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document, indent=2).encode())
    table = read(address(truth))
    np.testing.assert_array_equal(table.keypoints_NK2, plain.keypoints_NK2)
    np.testing.assert_allclose(table.box_N4[0], around(truth, 0), rtol=1e-5)
    truth.path.write_text(json.dumps(coco_document_of(document)), encoding="utf-16")
    np.testing.assert_array_equal(read(address(truth)).visible_NK, plain.visible_NK)


def coco_document_of(document):
    """Without the words that JSON does not have."""
    document["annotations"][0]["bbox"] = []
    return document


def test_a_mistake_in_a_long_file_has_its_line(tmp_path):
    truth = write_coco(tmp_path)
    lines = json.dumps(coco_document(truth), indent=1).splitlines()
    spoilt = next(n for n, line in enumerate(lines) if '"bbox"' in line)
    lines[spoilt] = lines[spoilt].replace(":", ";")
    truth.path.write_text("\n".join(lines))
    column = lines[spoilt].index(";") + 1
    with pytest.raises(ValueError, match=f"line {spoilt + 1} column {column}\\)"):
        read(address(truth))


def test_a_coordinate_beyond_all_numbers_is_hidden(tmp_path):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    document["annotations"][0]["keypoints"][0] = 1e300
    save_coco(truth.path, document)
    table = read(address(truth))
    assert not table.visible_NK[0, 0]
    assert "made invisible, off the image: annotation 1000" in table.problems[0]


@pytest.mark.parametrize("past", [0.0, 0.4, 0.5])
def test_a_keypoint_up_to_the_edge_of_the_image_is_on_it(tmp_path, past):
    truth = write_coco(tmp_path)
    document = coco_document(truth)
    width, height = truth.size_N2[0].tolist()
    document["annotations"][0]["keypoints"][:6] = [width - past, 9.5, 2, 9.5, height - past, 2]
    document["annotations"][1]["keypoints"][:3] = [truth.size_N2[1, 0] + 0.1, 9, 2]
    save_coco(truth.path, document)
    table = read(address(truth))
    assert table.visible_NK[0, :2].all()
    assert table.keypoints_NK2[0, :2].tolist() == [[width - 0.5, 9.5], [9.5, height - 0.5]]
    assert not table.visible_NK[1, 0]
    assert len(table.problems) == 1
