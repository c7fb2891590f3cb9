"""YOLO pose, read back from a tiny true tree as Ultralytics documents it."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from tests.data.formats.yolo import write_yolo
from tests.telling import assert_told

from posesift import skeletons
from posesift.data.pixels import read_image
from posesift.data.readers import read

COCO = skeletons.load("coco17")


def same(table, rows):
    assert table.image_N.tolist() == [row[0] for row in rows]
    seen_NK = np.array([row[2] for row in rows])
    np.testing.assert_array_equal(table.visible_NK, seen_NK > 0)
    points_NK2 = np.array([row[1] for row in rows])
    np.testing.assert_allclose(  # six digits of a share
        table.keypoints_NK2[table.visible_NK], points_NK2[seen_NK > 0], atol=2e-4
    )


def test_poses_boxes_classes_and_hidden_keypoints(tmp_path):
    rows = write_yolo(tmp_path, flip_idx=list(COCO.mirror))
    table = read(f"yolo:{tmp_path}/data.yaml")
    same(table, rows)
    assert table.skeleton.name == "coco17"
    np.testing.assert_array_equal(table.occluded_NK, np.array([row[2] for row in rows]) == 1)
    centre_N4 = np.array([row[3] for row in rows])
    corner_N2 = centre_N4[:, :2] - centre_N4[:, 2:] / 2
    np.testing.assert_allclose(table.box_N4, np.c_[corner_N2, centre_N4[:, 2:]], atol=1e-3)
    assert set(table.mode_N) == {"person", "child"}
    image_HW3 = read_image(table, 0)
    x, y = np.round(table.keypoints_NK2[0, 0]).astype(int)
    assert np.ptp(image_HW3[y, x].astype(int)) > 60


def test_splits(tmp_path):
    rows = write_yolo(tmp_path, flip_idx=list(COCO.mirror))
    for split, part in (("train", "train"), ("test", "val")):
        same(read(f"yolo:{tmp_path}/data.yaml,split={split}"), [r for r in rows if part in r[0]])
    rows = write_yolo(tmp_path / "one", parts=("train",), images=8)
    train, test = (read(f"yolo:{tmp_path}/one/data.yaml,split={s}") for s in ("train", "test"))
    assert sorted(set(test.image_N)) == ["images/train/6.png", "images/train/7.png"]
    assert len(train) + len(test) == len(rows)


def test_keypoints_by_name_by_order_and_without_either(tmp_path):
    names = [name.replace("left_", "L_").replace("right_", "R_") for name in COCO.keypoints]
    rows = write_yolo(tmp_path / "a", kpt_names={0: names})
    same(read(f"yolo:{tmp_path}/a/data.yaml"), rows)
    assert read(f"yolo:{tmp_path}/a/data.yaml").skeleton == COCO
    rows = write_yolo(tmp_path / "b", joints=5, flip_idx=[0, 2, 1, 3, 4])
    table = read(f"yolo:{tmp_path}/b/data.yaml")
    same(table, rows)
    assert table.skeleton.mirror == (0, 2, 1, 3, 4)
    assert any("names no keypoints" in note for note in table.notes)
    rows = write_yolo(tmp_path / "c", joints=21)
    table = read(f"yolo:{tmp_path}/c/data.yaml,skeleton=hand21")
    same(table, rows)
    with pytest.raises(ValueError, match="kpt_shape says 21 keypoints, and coco17 has 17"):
        read(f"yolo:{tmp_path}/c/data.yaml,skeleton=coco17")


def test_two_dimensions_say_nothing_of_what_is_hidden(tmp_path):
    rows = write_yolo(tmp_path, dimensions=2)
    table = read(f"yolo:{tmp_path}/data.yaml")
    same(table, rows)
    assert table.occluded_NK is None


def test_roboflow_and_lists(tmp_path):
    rows = write_yolo(tmp_path, train="../images/train", val="./images/val", path="/nowhere")
    same(read(f"yolo:{tmp_path}/data.yaml"), rows)
    listed = [row[0] for row in rows if "train" in row[0]]
    (tmp_path / "train.txt").write_text("\n".join(f"./{name}" for name in dict.fromkeys(listed)))
    data = yaml.safe_load((tmp_path / "data.yaml").read_text()) | {"train": "train.txt"}
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(data))
    assert read(f"yolo:{tmp_path}/data.yaml,split=train").image_N.tolist() == listed


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0 0.5 0.5 0.1", "line 1: expected 56 numbers .* found 4 words"),
        ("0 " + "x " * 55, "line 1: expected 56 numbers"),
        ("0 " + "0.5 " * 4 + "0.5 0.5 7 " * 17, "a visibility v other than"),
    ],
)
def test_one_bad_line_costs_itself(tmp_path, line, told):
    rows = write_yolo(tmp_path)
    (tmp_path / "labels" / "train" / "0.txt").write_text(line)
    (tmp_path / "labels" / "train" / "2.txt").unlink()
    table = read(f"yolo:{tmp_path}/data.yaml")
    assert len(table) == len(rows) - 2
    import re

    assert re.search(told, table.problems[-1])
    assert "images without a line of labels, and not read: 1" in table.notes


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"kpt_shape": [17]}, "kpt_shape: expected"),
        ({"kpt_shape": "17"}, "as a data YAML"),
        ({"flip_idx": [1, 2, 0]}, "flip_idx: expected the numbers of 17 keypoints"),
        ({"train": "images/nowhere"}, "train: expected a folder of images or a list"),
        ({"train": "/etc"}, "leads out of its folder"),
        ({"train": "images/../../x"}, "leads out of its folder"),
    ],
)
def test_a_spoilt_yaml_is_one_message(tmp_path, more, told):
    write_yolo(tmp_path, **more) if "kpt_shape" not in more else write_yolo(tmp_path)
    data = yaml.safe_load((tmp_path / "data.yaml").read_text()) | more
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(ValueError, match=told):
        read(f"yolo:{tmp_path}/data.yaml")


def test_images_that_are_in_training_and_validation_count_once(tmp_path):
    rows = write_yolo(tmp_path, parts=("train",), images=6, val="images/train")
    table = read(f"yolo:{tmp_path}/data.yaml")
    assert len(table) == len(rows)
    assert_told(table.problems, "train and val share 6 of 6 images|read once")
    assert read(f"yolo:{tmp_path}/data.yaml,split=train").problems == []
    lines = np.concatenate([np.arange(1, 2 + number % 2) for number in range(6)])
    assert table.id_N.tolist() == lines.tolist(), "lines of the label files"


def test_a_share_of_one_is_the_edge_of_the_image(tmp_path):
    write_yolo(tmp_path, parts=("train",))
    file = tmp_path / "labels/train/0.txt"
    words = file.read_text().split()
    words[5:8] = ["1.0", "0.5", "2"]
    file.write_text(" ".join(words))
    table = read(f"yolo:{tmp_path}/data.yaml,split=train")
    row = table.image_N.tolist().index("images/train/0.png")
    size_2 = np.array([table.width_N[row], table.height_N[row]])
    assert table.visible_NK[row, 0]
    np.testing.assert_allclose(table.keypoints_NK2[row, 0], [size_2[0] - 0.5, size_2[1] / 2])


def test_validation_images_that_lie_elsewhere_are_told_and_not_read(tmp_path):
    rows = write_yolo(tmp_path / "hard", parts=("train",), val=str(tmp_path / "real"))
    table = read(f"yolo:{tmp_path}/hard/data.yaml")
    assert len(table) == len(rows)
    assert any(f"val lies elsewhere ({tmp_path}/real)" in note for note in table.notes)
    with pytest.raises(ValueError, match="leads out of its folder"):
        read(f"yolo:{tmp_path}/hard/data.yaml,split=test")
