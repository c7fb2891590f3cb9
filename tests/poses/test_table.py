"""Pose tables survive the disk, keep garbage out, and explain what is wrong with them."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from posesift import skeletons
from posesift.poses import PoseTable
from posesift.poses.table import joined


def make(count=5, **changes):
    rng = np.random.default_rng(0)
    body = skeletons.load("body16")
    table = PoseTable(
        skeleton=body,
        keypoints_NK2=rng.uniform(0, 64, (count, 16, 2)).astype(np.float32),
        visible_NK=rng.random((count, 16)) > 0.2,
        width_N=np.full(count, 64, np.int32),
        height_N=np.full(count, 48, np.int32),
        image_N=np.array([f"im <{i}>.jpg" for i in range(count)], object),
        root="/photos",
        box_N4=rng.uniform(1, 9, (count, 4)).astype(np.float32),
        boxes_from="labels",
        occluded_NK=rng.random((count, 16)) > 0.5,
        clip_N=np.array(["a"] * count, object),
        mode_N=np.array(["kick", "walk"] * count, object)[:count],
        neg_log_p_N=rng.random(count).astype(np.float32),
        share={"walk": 0.5, "kick": 0.01},
        address="made:up",
        problems=["x.jpg: gone"],
    )
    return dataclasses.replace(table, **changes)


def equal(one, other):
    for item in dataclasses.fields(PoseTable):
        a, b = getattr(one, item.name), getattr(other, item.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=item.name)
            assert a.dtype == b.dtype, item.name
        else:
            assert a == b, item.name


def test_round_trip(tmp_path):
    table = make()
    table.save(tmp_path / "t.parquet")
    equal(PoseTable.load(tmp_path / "t.parquet"), table)


def test_round_trip_of_bare_and_empty_tables(tmp_path):
    bare = make(
        image_N=None, box_N4=None, occluded_NK=None, clip_N=None, mode_N=None, neg_log_p_N=None,
        share=None,
    )  # fmt: skip
    for table in (bare, bare.select([])):
        table.save(tmp_path / "t.parquet")
        equal(PoseTable.load(tmp_path / "t.parquet"), table)
    assert bare.rare_N is None
    assert not bare.has_images
    assert bare.crop_boxes_N4()[0].tolist() == [0, 0, 64, 48]


def test_columns_are_the_documented_ones(tmp_path):
    make().save(tmp_path / "t.parquet")
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.field("keypoints").type == pa.list_(pa.float32(), 32)
    assert schema.field("visible").type == pa.list_(pa.bool_(), 16)
    assert schema.field("box").type == pa.list_(pa.float32(), 4)


def test_garbage_behind_invisible_joints_is_dropped():
    visible = np.ones((2, 16), bool)
    visible[0, 3] = False
    points = np.ones((2, 16, 2), np.float32)
    points[0, 3] = [np.nan, -9e9]
    table = make(2, keypoints_NK2=points, visible_NK=visible)
    assert table.keypoints_NK2[0, 3].tolist() == [0, 0]
    points[1, 5, 0] = np.inf
    with pytest.raises(ValueError, match="sample 1 hold NaN"):
        make(2, keypoints_NK2=points, visible_NK=visible)


def test_select_takes_every_column_and_rare_follows_the_mode():
    table = make()
    some = table.select([4, 0])
    assert some.image_N.tolist() == ["im <4>.jpg", "im <0>.jpg"]
    assert len(some) == 2
    assert table.rare_N.tolist() == [True, False, True, False, True]
    assert table.select(table.rare_N).mode_N.tolist() == ["kick"] * 3


def test_wrong_shapes_are_explained():
    with pytest.raises(ValueError, match=r"expected visible of shape \(5, 16\), found \(5, 15\)"):
        make(visible_NK=np.ones((5, 15), bool))


def test_bad_files_are_explained(tmp_path):
    path = tmp_path / "t.parquet"
    with pytest.raises(ValueError, match="found no file"):
        PoseTable.load(path)
    path.write_bytes(b"not parquet")
    with pytest.raises(ValueError, match="not a readable Parquet"):
        PoseTable.load(path)
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(ValueError, match="names no skeleton"):
        PoseTable.load(path)
    metadata = {"posesift.skeleton": skeletons.load("body16").to_json()}
    pq.write_table(pa.table({"keypoints": [[1.0]]}).replace_schema_metadata(metadata), path)
    with pytest.raises(ValueError, match="missing visible, width, height"):
        PoseTable.load(path)
    columns = {"keypoints": [[1.0]], "visible": [[True]], "width": [1], "height": [1]}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    with pytest.raises(ValueError, match="'keypoints': expected 32 values a row for body16"):
        PoseTable.load(path)


def test_nan_in_a_file_costs_the_joint_and_is_said(tmp_path):
    table = make()
    table.visible_NK[:] = True
    table.keypoints_NK2[2, 5] = np.nan
    table.save(tmp_path / "t.parquet")
    loaded = PoseTable.load(tmp_path / "t.parquet")
    assert not loaded.visible_NK[2, 5]
    assert loaded.visible_NK.sum() == 5 * 16 - 1
    assert loaded.problems[-1].startswith("row 2: 1 keypoints made invisible")


def test_a_cut_file_is_explained(tmp_path):
    path = tmp_path / "t.parquet"
    make().save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="not a readable Parquet"):
        PoseTable.load(path)


def test_a_relative_root_counts_from_the_folder_of_the_file(tmp_path, monkeypatch):
    for root, expected in (
        (".", tmp_path / "there"),
        ("images", tmp_path / "there" / "images"),
        ("/photos", "/photos"),
        ("", ""),
        ("world:body,poses=source", "world:body,poses=source"),
    ):
        make(root=root).save(tmp_path / "here" / "t.parquet")
        (tmp_path / "here").rename(tmp_path / "there")
        assert PoseTable.load(tmp_path / "there" / "t.parquet").root == str(expected)
        monkeypatch.chdir(tmp_path / "there")
        assert PoseTable.load("t.parquet").root == str(expected)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "there").rename(tmp_path / "here")


def test_a_mirrored_column_survives(tmp_path):
    table = make(mirrored_N=np.array([True, False, True, True, False]))
    table.save(tmp_path / "t.parquet")
    equal(PoseTable.load(tmp_path / "t.parquet"), table)


def test_tables_are_joined_in_order():
    table = make(mirrored_N=np.array([True, False, True, True, False]))
    parts = [table.select([0, 1]), table.select([]), table.select([2, 3, 4])]
    equal(joined(parts), table)  # a problem that all parts tell is told once
    parts[1].problems, parts[2].problems = ["y.jpg: gone"], ["x.jpg: gone", "z.jpg: gone"]
    assert joined(parts).problems == ["x.jpg: gone", "y.jpg: gone", "z.jpg: gone"]
    parts[2].share, parts[2].address = {"walk": 1.0}, "other:place"
    assert joined(parts).share is None
    assert joined(parts).address == ""
    bare = make(occluded_NK=None, clip_N=None)
    equal(joined([bare.select([0]), bare.select([1, 2, 3, 4])]), bare)


def other_body():
    body = skeletons.load("body16")
    return dataclasses.replace(body, name="x", keypoints=("tail", *body.keypoints[1:]))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"root": "/elsewhere"}, r"one root \(/photos\), found /elsewhere"),
        ({"boxes_from": "file"}, r"one boxes_from \(labels\), found file"),
        ({"clip_N": None, "occluded_NK": None}, "the same columns, found clip_N, occluded_NK in"),
        ({"skeleton": other_body()}, r"one skeleton \(body16\), found x: "),
    ],
)
def test_tables_that_do_not_fit_are_not_joined(changes, told):
    with pytest.raises(ValueError, match=told):
        joined([make(), make(**changes)])


def test_no_tables_are_not_joined():
    with pytest.raises(ValueError, match="found none"):
        joined([])


def test_keypoints_are_kept_as_they_are_where_nothing_hides_behind_them():
    table = make()
    again = dataclasses.replace(table, root="")
    assert again.keypoints_NK2 is table.keypoints_NK2
