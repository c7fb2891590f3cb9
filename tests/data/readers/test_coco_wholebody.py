from __future__ import annotations

import numpy as np
import pytest
from tests.data.formats.coco_wholebody import WIDTH, document, save, write_coco_wholebody
from tests.data.formats.hand_dots import assert_dots

from posesift.data.readers import read

# The set's order of joints, written out by name: an independent reference.
JOINTS = ["wrist"]
for finger in ("thumb", "index", "middle", "ring", "little"):
    ends = ("cmc", "mcp", "ip", "tip") if finger == "thumb" else ("mcp", "pip", "dip", "tip")
    JOINTS += [f"{finger}_{end}" for end in ends]


def address(truth, options: str = "") -> str:
    return f"coco-wholebody:{truth.path},images={truth.path.parent}/val2017{options}"


def test_every_valid_hand_arrives_with_its_joints(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    table = read(address(truth, ",hands=stored"))
    assert len(table) == len(truth) == 11
    assert list(table.skeleton.keypoints) == JOINTS
    assert table.image_N.tolist() == truth.names
    assert table.mode_N.tolist() == ["right" if right else "left" for right in truth.is_right_N]
    np.testing.assert_array_equal(table.visible_NK, truth.v_NK > 0)
    np.testing.assert_array_equal(table.occluded_NK, truth.v_NK == 1)
    assert ((truth.v_NK > 0) & (truth.v_NK < 1)).any()
    seen_NK = table.visible_NK
    np.testing.assert_allclose(
        table.keypoints_NK2[seen_NK], truth.keypoints_NK2[seen_NK], atol=1e-4
    )
    assert table.mirrored_N is None
    assert table.problems == ["skipped: 5 hands too unclear to label"]


@pytest.mark.parametrize("hands", ["left", "stored"])
def test_the_dots_lie_under_the_keypoints(tmp_path, hands):
    truth = write_coco_wholebody(tmp_path)
    table = read(address(truth, f",hands={hands}"))
    for row, name in enumerate(truth.names):
        first = 21 * truth.names[:row].count(name)  # dots are counted through an image's hands
        assert assert_dots(table, row, range(first, first + 21)) == (truth.v_NK[row] > 0).sum()


def test_boxes_are_squares_around_those_of_the_file_and_mirrored_with_right_hands(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    stored, table = read(address(truth, ",hands=stored")), read(address(truth))
    assert table.boxes_from == "file"
    np.testing.assert_array_equal(table.mirrored_N, truth.is_right_N)
    for row in range(len(truth)):
        points_2 = truth.keypoints_NK2[row][truth.v_NK[row] > 0]
        low_2, high_2 = points_2.min(0), points_2.max(0)
        side = 1.5 * (high_2 - low_2).max()
        x, y = (low_2 + high_2) / 2 - side / 2
        np.testing.assert_allclose(stored.box_N4[row], [x, y, side, side], rtol=1e-5)
        if truth.is_right_N[row]:
            x = WIDTH - x - side
        np.testing.assert_allclose(table.box_N4[row], [x, y, side, side], rtol=1e-5)
    seen_NK = table.visible_NK & truth.is_right_N[:, None]
    np.testing.assert_allclose(
        table.keypoints_NK2[seen_NK][:, 0],
        WIDTH - 1 - truth.keypoints_NK2[seen_NK][:, 0],
        atol=1e-3,
    )


def test_no_image_is_in_both_halves(tmp_path):
    truth = write_coco_wholebody(tmp_path, people=16)
    train, test = (set(read(address(truth, f",split={s}")).image_N) for s in ("train", "test"))
    assert not train & test
    assert train | test == set(truth.names)
    assert max(train) < min(test)


def test_without_images_there_are_poses(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    table = read(f"coco-wholebody:{truth.path}")
    assert not table.has_images
    assert len(table) == 11
    with pytest.raises(ValueError, match="expected the folder of the images at"):
        read(f"coco-wholebody:{truth.path},images={tmp_path}/nowhere")


def test_crowds_and_valid_hands_without_a_joint_are_skipped_and_counted(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    content = document(truth)
    content["annotations"][0]["iscrowd"] = 1  # a person with a left hand alone
    content["annotations"][2]["lefthand_kpts"] = [0] * 63
    save(truth.path, content)
    table = read(address(truth))
    assert len(table) == 9
    assert table.problems == [
        "skipped: 1 annotations of crowds",
        "skipped: 4 hands too unclear to label",
        "skipped: 1 hands without a labelled joint",
    ]


def test_few_bad_hands_are_left_out_and_named(tmp_path):
    truth = write_coco_wholebody(tmp_path, people=90)
    content = document(truth)
    hand = content["annotations"][2]
    hand["righthand_kpts"] = hand["righthand_kpts"][:60]
    content["annotations"][5]["righthand_kpts"][5] = 7
    content["annotations"][8]["righthand_kpts"][0] = None
    content["annotations"][11]["image_id"] = 3
    (tmp_path / "val2017" / truth.names[0]).unlink()
    save(truth.path, content)
    table = read(address(truth))
    told = "\n".join(table.problems)
    assert "annotation 9002, right hand: expected 63 numbers" in told
    assert "annotation 9005, right hand: a visibility v outside 0 to 2" in told
    assert "annotation 9008, right hand: expected 63 numbers" in told
    assert "annotation 9011, left hand: names the image 3, which the file does not list" in told
    assert f"{truth.names[0]}, found no file" in told
    assert len(table) == len(truth) - told.count("left out")


def test_a_box_of_another_form_gives_the_whole_image(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    content = document(truth)
    content["annotations"][0]["lefthand_box"] = [5, 5, 0, 0]
    del content["annotations"][2]["lefthand_box"]
    save(truth.path, content)
    table = read(address(truth))
    assert table.box_N4[0].tolist() == [0, 0, WIDTH, 250]
    assert (table.box_N4[:, 2] == WIDTH).sum() == 2
    assert table.problems[-2:] == [
        "no box, so the whole image: 1 sample",
        "a box of no size, so the whole image: 1 sample",
    ]


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    content = document(truth)
    content["images"][1]["file_name"] = "../../secret.jpg"
    save(truth.path, content)
    with pytest.raises(ValueError, match="leads out of its folder"):
        read(address(truth))


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_file_cut_short(tmp_path, share):
    truth = write_coco_wholebody(tmp_path)
    truth.path.write_bytes(truth.path.read_bytes()[: int(share * truth.path.stat().st_size)])
    with pytest.raises(ValueError, match=r"annotations\.json is not valid JSON.*cut short"):
        read(address(truth))


def test_files_of_another_form(tmp_path):
    truth = write_coco_wholebody(tmp_path)
    content = document(truth)
    plain = [{"id": 1, "image_id": 500, "category_id": 1, "keypoints": [0] * 51}]
    for people, told in (
        (plain, r"plain COCO is read as coco:.*missing required field `lefthand_valid`"),
        ([], "expected valid hands with labelled joints, found none among 0 people"),
        ({}, "Expected `array`"),
    ):
        save(truth.path, content | {"annotations": people})
        with pytest.raises(ValueError, match=told):
            read(address(truth))
    save(truth.path, content | {"images": content["images"][:1] * 2})
    with pytest.raises(ValueError, match="two images have the same id"):
        read(address(truth))
    with pytest.raises(ValueError, match="found no file"):
        read(f"coco-wholebody:{tmp_path}/nowhere.json")
