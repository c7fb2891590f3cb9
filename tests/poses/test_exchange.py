"""Pose tables to pandas and supervision and back: exact, whatever the columns."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.data.formats.csv import write_csv
from tests.datasets import pose_table, write_coco

from posesift.data.readers import read
from posesift.poses import PoseTable
from posesift.poses.exchange import from_pandas, from_supervision, to_pandas, to_supervision

FACTS = ("skeleton", "root", "boxes_from", "share", "address", "problems", "notes", "exif")


def tables(folder):
    """A world with all that it knows; COCO with hidden joints and boxes; poses without images."""
    world = read("world:body,n=20")
    truth = write_coco(folder / "coco", 12)
    people = read(f"coco:{truth.path},images={folder}/coco/photos")
    animals = read(f"csv:{write_csv(folder / 'csv', 9).path},images={folder}/csv/photos")
    clips = np.array(["a", None, "b"] * 3, object)
    all_hidden = dataclasses.replace(
        animals,
        occluded_NK=animals.visible_NK,
        clip_N=clips,
        mirrored_N=np.arange(9) % 2 == 0,
    )
    return [world, people, animals, all_hidden, pose_table(7), pose_table(0)]


def same(one: PoseTable, other: PoseTable, facts=FACTS) -> None:
    for column in dataclasses.fields(PoseTable):
        if "_N" not in column.name:
            continue
        found, expected = getattr(one, column.name), getattr(other, column.name)
        assert (found is None) == (expected is None), column.name
        if found is not None:
            assert found.shape == expected.shape
            assert found.tolist() == expected.tolist(), column.name
    for name in facts:
        assert getattr(one, name) == getattr(other, name), name


def test_to_pandas_and_back_is_exact(tmp_path):
    pytest.importorskip("pandas")
    for table in tables(tmp_path):
        same(from_pandas(to_pandas(table)), table)


def test_rows_are_chosen_and_sorted_as_pandas_does(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = tables(tmp_path)[1]
    frame = to_pandas(table)
    assert frame["left_eye_x"].isna().tolist() == (~table.visible_NK[:, 1]).tolist()
    wide = frame[frame.width > frame.width.median()].sort_values("width", ascending=False)
    rows = wide.index.to_numpy()
    same(from_pandas(wide), table.select(rows))
    bare = pandas.DataFrame(dict(frame.items()))  # without what to_pandas noted
    bare.attrs = {}
    with pytest.raises(ValueError, match="name its skeleton="):
        from_pandas(bare)
    again = from_pandas(bare, "coco17")
    same(again, dataclasses.replace(table, boxes_from=again.boxes_from), facts=("skeleton",))
    with pytest.raises(ValueError, match="missing nose_y, left_eye_v"):
        from_pandas(bare.drop(columns=["nose_y", "left_eye_v"]), "coco17")


def test_a_table_of_pandas_is_a_csv_that_is_read(tmp_path):
    pytest.importorskip("pandas")
    table = tables(tmp_path)[1]
    to_pandas(table).to_csv(tmp_path / "labels.csv", index=False)
    again = read(f"csv:{tmp_path}/labels.csv,images={table.root},skeleton=coco17")
    assert again.id_N.tolist() == list(range(2, len(table) + 2)), "its lines, not COCO's ids"
    again = dataclasses.replace(again, id_N=table.id_N, image_id_N=table.image_id_N)
    same(again, table, facts=("root", "boxes_from"))


def test_to_supervision_and_back_is_exact(tmp_path):
    supervision = pytest.importorskip("supervision")
    for table in tables(tmp_path):
        found = to_supervision(table)
        assert isinstance(found, supervision.KeyPoints)
        facts = {name: getattr(table, name) for name in FACTS[1:]}
        same(from_supervision(found, table.skeleton, **facts), table)
    shown = tables(tmp_path / "more")[1]
    image = shown.image_N[3]
    of_image = to_supervision(shown.select(shown.image_N == image))
    assert of_image.data["image"].tolist() == [image]
    assert of_image.xy.shape == (1, 17, 2)


def test_what_a_model_found_is_visible_by_its_confidence():
    supervision = pytest.importorskip("supervision")
    rng = np.random.default_rng(0)
    points_NK2 = rng.uniform(5, 60, (6, 17, 2)).astype(np.float32)
    confidence_NK = rng.random((6, 17)).astype(np.float32)
    size = {"width_N": np.full(6, 64, np.int32), "height_N": np.full(6, 64, np.int32)}
    found = supervision.KeyPoints(xy=points_NK2, keypoint_confidence=confidence_NK)
    table = from_supervision(found, "coco17", threshold=0.5, **size)
    np.testing.assert_array_equal(table.visible_NK, confidence_NK > 0.5)
    points_NK2[0, 3] = 0
    table = from_supervision(supervision.KeyPoints(xy=points_NK2), "coco17", **size)
    assert np.argwhere(~table.visible_NK).tolist() == [[0, 3]]
    with pytest.raises(ValueError, match="give height_N, width_N"):
        from_supervision(found, "coco17")
    with pytest.raises(ValueError, match="expected 16 key points of body16, found 17"):
        from_supervision(found, "body16", **size)


def test_a_package_that_is_not_there_is_told(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ValueError, match="this needs pandas: pip install pandas"):
        to_pandas(pose_table(3))
