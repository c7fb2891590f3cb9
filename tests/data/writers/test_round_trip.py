"""What is written is read back: every coordinate, every box, and what is hidden.

Legend: N poses, M images, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posesift import skeletons
from posesift.data.readers import read
from posesift.data.writers import WRITERS, write
from posesift.data.writers.labels import Labels
from posesift.poses.table import PoseTable

EXACT = ("coco", "mmpose", "csv", "poses")
NAMES = ("coco17", "hand21", "body16", "animal18")


@st.composite
def tables(draw: st.DrawFn, boxes: bool = True) -> PoseTable:
    """Poses that a reader may give: several of an image, anything hidden, any place in it."""
    skeleton = skeletons.load(draw(st.sampled_from(NAMES)))
    count, joints = draw(st.integers(1, 5)), len(skeleton)
    sizes = draw(st.lists(st.tuples(*[st.integers(10, 300)] * 2), min_size=3, max_size=3))
    image_N = np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    size_N2 = np.array(sizes)[image_N]
    share_NK2 = draw(arrays(np.float64, (count, joints, 2), elements=st.floats(0, 1)))
    points_NK2 = (share_NK2 * size_N2[:, None] - 0.5).astype(np.float32)
    # half a pixel outside of an image counts as on it; rounding to float32 must not lead further
    points_NK2 = np.clip(points_NK2, -0.5, (size_N2 - 0.5)[:, None].astype(np.float32))
    visible_NK = draw(arrays(bool, (count, joints)))
    visible_NK[:, 0] = True  # a pose without a label is skipped
    hidden_NK = None
    if draw(st.booleans()):
        hidden_NK = draw(arrays(bool, (count, joints))) & visible_NK
        hidden_NK[0, 0] = False  # where nothing is seen, no format can tell that from not knowing
    box_N4 = None
    if boxes:
        at_N4 = draw(arrays(np.float32, (count, 4), elements=st.floats(0.125, 150, width=32)))
        box_N4 = at_N4
    return PoseTable(
        skeleton=skeleton,
        keypoints_NK2=points_NK2,
        visible_NK=visible_NK,
        width_N=size_N2[:, 0].astype(np.int32),
        height_N=size_N2[:, 1].astype(np.int32),
        image_N=np.array([f"{'ab'[m % 2]}/{m}.png" for m in image_N], object),
        root="images",
        box_N4=box_N4,
        boxes_from="file" if boxes else "image",
        occluded_NK=hidden_NK,
    )


def written(table: PoseTable, folder: Path, form: str) -> str:
    """Write blank images of the right sizes, and the labels; return the address of both."""
    root = WRITERS[form].images
    for name, width, height in zip(table.image_N, table.width_N, table.height_N, strict=True):
        path = folder / root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
    table = dataclasses.replace(table, root=root)
    return write(form, Labels(table, np.arange(1, len(table) + 1), folder), folder)


def in_order_of(table: PoseTable, other: PoseTable, form: str) -> PoseTable:
    """YOLO is read image by image, in the order of their names."""
    return table.select(np.argsort(table.image_N, kind="stable")) if form == "yolo" else table


def same_hidden(found: PoseTable, table: PoseTable) -> None:
    np.testing.assert_array_equal(found.visible_NK, table.visible_NK)
    if table.occluded_NK is None:
        assert found.occluded_NK is None
    else:
        np.testing.assert_array_equal(found.occluded_NK, table.occluded_NK)


@pytest.mark.parametrize("form", EXACT)
@given(table=tables())
@settings(max_examples=30)
def test_a_table_comes_back_to_the_last_bit(form: str, table: PoseTable) -> None:
    with tempfile.TemporaryDirectory() as name:
        found = read(written(table, Path(name), form))
        again = read(written(dataclasses.replace(found, root="images"), Path(name) / "2", form))
    for back in (found, again):
        assert back.skeleton.keypoints == table.skeleton.keypoints
        np.testing.assert_array_equal(back.keypoints_NK2, table.keypoints_NK2)
        np.testing.assert_array_equal(back.box_N4, table.box_N4)
        np.testing.assert_array_equal(back.image_N, table.image_N)
        np.testing.assert_array_equal(back.width_N, table.width_N)
        same_hidden(back, table)
        assert back.boxes_from == "file"


@given(table=tables())
@settings(max_examples=30)
def test_yolo_comes_back_to_the_digits_of_its_text(table: PoseTable) -> None:
    with tempfile.TemporaryDirectory() as name:
        found = read(written(table, Path(name), "yolo"))
    table = in_order_of(table, found, "yolo")
    size_N12 = np.column_stack([table.width_N, table.height_N])[:, None]
    assert found.skeleton.keypoints == table.skeleton.keypoints
    same_hidden(found, table)
    expected_NK2 = np.clip(table.keypoints_NK2, 0, size_N12)  # Ultralytics takes none below 0
    text = 1e-9 * size_N12.max() + 1e-6  # its last digit, which is never rounded off the image
    np.testing.assert_allclose(found.keypoints_NK2, expected_NK2, rtol=1.2e-7, atol=text)
    low_N2 = np.clip(table.box_N4[:, :2], 0, size_N12[:, 0])
    high_N2 = np.clip(table.box_N4[:, :2] + table.box_N4[:, 2:], 0, size_N12[:, 0])
    inside_N = ((high_N2 - low_N2) > 1e-3).all(1)  # a box off its image becomes the whole image
    corners_N4 = np.concatenate([low_N2, high_N2 - low_N2], 1)
    np.testing.assert_allclose(found.box_N4[inside_N], corners_N4[inside_N], atol=1e-4)
    assert [name.removeprefix("images/train/") for name in found.image_N] == list(table.image_N)


@pytest.mark.parametrize("form", ["coco", "yolo", "csv"])
@given(table=tables(boxes=False))
@settings(max_examples=15)
def test_boxes_that_are_made_hold_all_labels_and_lie_on_the_image(
    form: str, table: PoseTable
) -> None:
    with tempfile.TemporaryDirectory() as name:
        found = read(written(table, Path(name), form))
    low_N2, high_N2 = found.box_N4[:, :2], found.box_N4[:, :2] + found.box_N4[:, 2:]
    size_N2 = np.column_stack([found.width_N, found.height_N])
    assert (low_N2 >= -1e-3).all()
    assert (high_N2 <= size_N2 + 1e-3).all()
    assert (high_N2 > low_N2).all()
    for row in range(len(found)):
        points_J2 = found.keypoints_NK2[row][found.visible_NK[row]]
        assert (points_J2 >= low_N2[row] - 0.5 - 1e-3).all()  # the half pixel outside is no pixel
        assert (points_J2 <= high_N2[row] + 1e-3).all()


@pytest.mark.parametrize("side", [2, 3, 7, 200, 255, 256, 333, 641, 1920, 4001, 9999])
def test_yolo_keeps_what_lies_at_the_end_of_an_image(tmp_path: Path, side: int) -> None:
    """At the outer edge of the last pixel, which rounding must not carry off the image."""
    table = PoseTable(
        skeleton=skeletons.load("coco17"),
        keypoints_NK2=np.full((1, 17, 2), side - 0.5, np.float32),
        visible_NK=np.ones((1, 17), bool),
        width_N=np.array([side], np.int32),
        height_N=np.array([side], np.int32),
        image_N=np.array(["a.png"], object),
        root="images",
        box_N4=np.array([[0, 0, side, side]], np.float32),
        boxes_from="file",
    )
    found = read(written(table, tmp_path, "yolo"))
    assert found.visible_NK.all()
    np.testing.assert_allclose(found.keypoints_NK2, side - 0.5, rtol=1.2e-7, atol=1e-9 * side)


def test_numbers_are_as_short_as_they_can_be_and_v_is_whole(tmp_path: Path) -> None:
    table = PoseTable(
        skeleton=skeletons.load("coco17"),
        keypoints_NK2=np.full((1, 17, 2), 12.1, np.float32),
        visible_NK=np.ones((1, 17), bool),
        width_N=np.array([64], np.int32),
        height_N=np.array([48], np.int32),
        image_N=np.array(["a.png"], object),
        root="images",
        box_N4=np.array([[1.3, 2, 30, 40.7]], np.float32),
        boxes_from="file",
        occluded_NK=np.arange(17)[None] % 2 == 1,
    )
    written(table, tmp_path, "coco")
    (one,) = json.loads((tmp_path / "annotations.json").read_text())["annotations"]
    assert one["keypoints"][:6] == [12.1, 12.1, 2, 12.1, 12.1, 1]
    assert isinstance(one["keypoints"][2], int)
    assert one["bbox"] == [1.3, 2, 30, 40.7]
    assert one["num_keypoints"] == 17


@pytest.mark.parametrize("form", ["coco", "yolo"])
def test_categories_of_a_data_set_stay_categories(form: str, tmp_path: Path) -> None:
    kinds = ["cow", "sheep", "cow"]
    table = PoseTable(
        skeleton=skeletons.load("ap10k17"),
        keypoints_NK2=np.full((3, 17, 2), 9, np.float32),
        visible_NK=np.ones((3, 17), bool),
        width_N=np.full(3, 64, np.int32),
        height_N=np.full(3, 48, np.int32),
        image_N=np.array(["a.png", "b.png", "c.png"], object),
        mode_N=np.array(kinds, object),
        address=f"{form}:elsewhere",
    )
    address = written(table, tmp_path, form) + (",category=all" if form == "coco" else "")
    assert read(address).mode_N.tolist() == kinds
    world = dataclasses.replace(table, address="world:body")  # there a mode is what somebody does
    assert read(written(world, tmp_path, form)).mode_N is None


def test_a_line_break_in_a_name_is_refused_where_lines_count(tmp_path: Path) -> None:
    table = PoseTable(
        skeleton=skeletons.load("coco17"),
        keypoints_NK2=np.full((1, 17, 2), 9, np.float32),
        visible_NK=np.ones((1, 17), bool),
        width_N=np.array([64], np.int32),
        height_N=np.array([48], np.int32),
        image_N=np.array(["a\nb.png"], object),
        root=str(tmp_path),
    )
    for form in ("csv", "list"):
        with pytest.raises(ValueError, match=r"'a\\nb.png' holds a line break.*--images link"):
            write(form, Labels(table, np.array([1]), tmp_path), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found 'cocoo'; did you mean 'coco'"):
        write("cocoo", None, tmp_path)  # pyright: ignore[reportArgumentType]
