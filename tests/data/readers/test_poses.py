from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.datasets import pose_table

from posesift.data.readers import read
from posesift.poses.boxes import around


def test_the_last_quarter_of_the_rows_is_the_test_where_there_is_nothing_else(tmp_path):
    pose_table(n=12).save(tmp_path / "a.parquet")
    assert len(read(f"poses:{tmp_path}/a.parquet,split=test")) == 3
    assert read(f"poses:{tmp_path}/a.parquet,boxes=labels").boxes_from == "labels"


def test_clips_are_not_split(tmp_path):
    clips = np.array(list("aabbccddddee"), dtype=object)
    dataclasses.replace(pose_table(n=12), clip_N=clips).save(tmp_path / "a.parquet")
    test = read(f"poses:{tmp_path}/a.parquet,split=test")
    assert test.clip_N.tolist() == ["e", "e"]


def test_another_skeleton_than_asked(tmp_path):
    pose_table(skeleton="hand21").save(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="the skeleton body16, found hand21: body16 has 16"):
        read(f"poses:{tmp_path}/a.parquet,skeleton=body16")


def test_images_that_have_moved(tmp_path):
    pose_table(root="gone").save(tmp_path / "a.parquet")
    assert read(f"poses:{tmp_path}/a.parquet").root == str(tmp_path / "gone")
    assert read(f"poses:{tmp_path}/a.parquet,images={tmp_path}").root == str(tmp_path)


@pytest.mark.parametrize("root", ["/etc", "..", "photos/../../elsewhere"])
def test_images_outside_the_folder_of_the_table_must_be_named_by_the_user(tmp_path, root):
    (tmp_path / "set").mkdir()
    pose_table(root=root).save(tmp_path / "set" / "a.parquet")
    with pytest.raises(ValueError, match=r"outside of its own folder.*images="):
        read(f"poses:{tmp_path}/set/a.parquet")
    (tmp_path / "elsewhere").mkdir()
    named = read(f"poses:{tmp_path}/set/a.parquet,images={tmp_path}/elsewhere")
    assert named.root == str(tmp_path / "elsewhere")


def test_tables_of_no_poses(tmp_path):
    pose_table().select([]).save(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="holds no poses"):
        read(f"poses:{tmp_path}/b.parquet")
    pose_table().save(tmp_path / "c.parquet")
    pq.write_table(pq.read_table(tmp_path / "c.parquet").drop(["visible"]), tmp_path / "c.parquet")
    with pytest.raises(ValueError, match="missing visible"):
        read(f"poses:{tmp_path}/c.parquet")


def test_a_table_of_one_split_is_that_split_and_not_the_other(tmp_path):
    table = dataclasses.replace(pose_table(n=12), address="surreal:/data/SURREAL,split=train")
    table.save(tmp_path / "train.parquet")
    address = f"poses:{tmp_path / 'train.parquet'}"
    assert len(read(address, default_split="train")) == len(read(address)) == 12
    with pytest.raises(ValueError, match=r"made of surreal:.*has no test split; make one of the"):
        read(address, default_split="test")
    dataclasses.replace(table, address="not an address").save(tmp_path / "own.parquet")
    assert len(read(f"poses:{tmp_path / 'own.parquet'},split=test")) == 3


@pytest.mark.parametrize("root", ["world:body", "world:../x,poses=source,look=photo,seed=0"])
def test_a_root_that_names_no_world(tmp_path, root):
    pose_table(root=root).save(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="built-in world"):
        read(f"poses:{tmp_path}/a.parquet")


@pytest.mark.parametrize("name", ["x", str(10**30), "-"])
def test_images_of_a_world_are_numbers(tmp_path, name):
    root = "world:body,poses=source,look=photo,seed=0,split=train,side=16"
    table = pose_table(root=root)
    table.image_N[:] = name
    table.save(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="sample numbers"):
        read(f"poses:{tmp_path}/a.parquet")


@pytest.mark.parametrize(
    "box", [(0, 0, np.inf, 5), (0, 0, -1, 5), (np.nan, 0, 1, 1), (0, 0, 1e30, 1)]
)
def test_a_box_that_is_none_lies_around_the_keypoints(tmp_path, box):
    table = pose_table(n=3)
    boxes = np.tile(np.float32([1, 2, 30, 40]), (3, 1))
    boxes[1] = box
    dataclasses.replace(table, box_N4=boxes, boxes_from="file").save(tmp_path / "a.parquet")
    back = read(f"poses:{tmp_path}/a.parquet")
    assert back.box_N4[[0, 2]].tolist() == [[1, 2, 30, 40]] * 2
    size_N2 = np.column_stack([back.width_N, back.height_N])
    expected_N4 = around(back.keypoints_NK2, back.visible_NK, size_N2)
    np.testing.assert_allclose(back.box_N4[1], expected_N4[1])
    told = "a box of no size" if np.isfinite(box).all() else "a box that is not four numbers"
    told += ", so one around the labelled keypoints: 1 sample (row 1"
    assert back.problems[:-1] == table.problems
    assert back.problems[-1].startswith(told)


def test_images_without_a_root_lie_beside_the_table(tmp_path):
    dataclasses.replace(pose_table(root="x"), root="").save(tmp_path / "a.parquet")
    assert read(f"poses:{tmp_path}/a.parquet").root == str(tmp_path)
