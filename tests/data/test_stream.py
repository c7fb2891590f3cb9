from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.datasets import pose_table

from posesift.data import stream
from posesift.data.readers import poses, read
from posesift.data.stream import PoseStream, opened, read_rows
from posesift.poses.table import PoseTable, joined

COLUMNS = [item.name for item in dataclasses.fields(PoseTable) if "_N" in item.name]


def same(a: PoseTable, b: PoseTable) -> None:
    for name in COLUMNS:
        one, other = getattr(a, name), getattr(b, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_array_equal(one, other, err_msg=name)


def saved(folder: Path, n: int, rows: int) -> Path:
    """A table with all kinds of columns, in row groups that no part ends with."""
    rng = np.random.default_rng(1)
    table = pose_table(n=n, root="images")
    table = dataclasses.replace(
        table,
        mode_N=rng.choice(np.array(["walk", "sit", "kick"], object), n),
        clip_N=np.array([f"clip {row // 9}" for row in range(n)], object),
        box_N4=np.tile(np.array([[1.0, 2, 90, 80]], np.float32), (n, 1)),
        mirrored_N=rng.random(n) < 0.5,
        neg_log_p_N=rng.random(n).astype(np.float32),
        occluded_NK=rng.random((n, 16)) < 0.2,
    )
    path = folder / "poses.parquet"
    with pq.ParquetWriter(path, table.to_arrow().schema) as writer:
        for first in range(0, n, rows):
            writer.write_table(table.select(np.arange(first, min(first + rows, n))).to_arrow())
    return path


@pytest.mark.parametrize(("n", "rows"), [(50, 7), (50, 50), (64, 16), (3, 1)])
@pytest.mark.parametrize("options", ["", ",boxes=labels", ",as=coco17"])
def test_parts_are_the_table_cut_at_even_places(tmp_path, monkeypatch, n, rows, options):
    monkeypatch.setattr(poses, "ROWS", 16)
    path = saved(tmp_path, n, rows)
    parts = list(PoseStream.read(f"poses:{path}{options}").tables(False))
    assert [len(part) for part in parts[:-1]] == [16] * ((n - 1) // 16)
    whole = read(f"poses:{path}{options}")
    same(joined(parts), whole)
    assert {part.address for part in parts} == {whole.address}


def test_bare_parts_are_the_poses_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    found = PoseStream.read(f"poses:{saved(tmp_path, 70, 9)}")
    for (place, bare), (where, whole) in zip(found.parts(bare=True), found.parts(), strict=True):
        assert place == where
        assert bare.image_N is bare.mode_N is bare.occluded_NK is None
        beside = {"image_N", "mode_N", "occluded_NK", "mirrored_N", "neg_log_p_N"}
        same(bare, dataclasses.replace(whole, **dict.fromkeys(beside)))
    sample = {"some": np.array([3, 40])}
    assert found.samples(sample)["some"].image_N is not None
    assert found.samples(sample, bare=True)["some"].image_N is None


def test_what_a_stream_says_of_its_poses(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    path = saved(tmp_path, 70, 9)
    found, table = PoseStream.read(f"poses:{path}"), read(f"poses:{path}")
    assert len(found) == 70
    np.testing.assert_array_equal(found.seen_N, table.visible_NK.sum(1))
    np.testing.assert_array_equal(np.array(found.modes)[found.mode_N], table.mode_N.astype(str))
    assert (found.root, found.address, found.problems) == (table.root, table.address, 0)


def test_samples_are_the_rows_that_were_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    path = saved(tmp_path, 70, 9)
    rng = np.random.default_rng(0)
    wanted = {
        "some": np.sort(rng.permutation(70)[:20]),
        "late": np.array([69]),
        "all": np.arange(70),
        "none": np.empty(0, np.int64),
    }
    table = read(f"poses:{path}")
    for one in (PoseStream.read(f"poses:{path}"), PoseStream.of(table)):
        for name, found in one.samples(wanted).items():
            same(found, table.select(wanted[name]))


@pytest.mark.parametrize("rows", [[], [0], [15, 16, 40, 69], list(range(70))])
def test_some_rows_are_read_with_all_that_is_known_of_them(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(poses, "ROWS", 16)
    address = f"poses:{saved(tmp_path, 70, 9)}"
    found, total = read_rows(address, np.array(rows, np.int64))
    assert total == 70
    same(found, read(address).select(rows))


def test_a_large_table_is_opened_and_a_small_one_read(tmp_path, monkeypatch):
    path = saved(tmp_path, 20, 20)
    assert isinstance(opened(f"poses:{path}"), PoseTable)
    monkeypatch.setattr(stream, "WHOLE", 19)
    assert isinstance(opened(f"poses:{path}"), PoseStream)
    assert isinstance(opened("world:body,n=30"), PoseTable)


def test_keypoints_off_their_images_are_hidden_and_told_by_row(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    table = pose_table(n=60)
    table.keypoints_NK2[37, 0] = 5000
    table.save(tmp_path / "a.parquet")
    whole, parts = read(f"poses:{tmp_path}/a.parquet"), PoseStream.read(
        f"poses:{tmp_path}/a.parquet"
    )  # fmt: skip
    told = [line for part in parts.tables(False) for line in part.problems]
    assert told == whole.problems
    assert "row 37" in told[0]
    assert parts.problems == 1


def test_many_keypoints_off_their_images_are_refused_as_of_the_whole(tmp_path, monkeypatch):
    """Many in one part, few of all: no reason to stop; many of all are one, as when read whole."""
    monkeypatch.setattr(poses, "ROWS", 16)
    for bad, refused in ((2, False), (30, True)):
        table = pose_table(n=80)
        table.keypoints_NK2[:bad] += 5000 * table.visible_NK[:bad, :, None]
        table.save(tmp_path / "a.parquet")
        for reading in (read, PoseStream.read):
            if refused:
                with pytest.raises(ValueError, match="visible keypoints lie off their images"):
                    reading(f"poses:{tmp_path}/a.parquet")
            else:
                assert len(reading(f"poses:{tmp_path}/a.parquet")) == 80


def test_a_split_of_a_stream_is_that_of_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    path = saved(tmp_path, 70, 9)
    for split in ("train", "test"):
        found = PoseStream.read(f"poses:{path},split={split}")
        same(joined(list(found.tables(False))), read(f"poses:{path},split={split}"))


def test_a_file_that_breaks_off_inside_a_row_group(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    path = saved(tmp_path, 300, 100)
    content = bytearray(path.read_bytes())
    middle = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[middle : middle + 400] = bytes(400)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"poses\.parquet is not a readable Parquet file"):
        PoseStream.read(f"poses:{path}")
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"poses\.parquet is not a readable Parquet file"):
        opened(f"poses:{path}")


def test_data_that_change_while_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    path = saved(tmp_path, 70, 9)
    found = PoseStream.read(f"poses:{path}")
    for other in (pose_table(n=71), pose_table(n=60), pose_table(n=70, seed=3)):
        other.save(path)
        with pytest.raises(ValueError, match=r"has changed while it was read: it held 70 poses"):
            list(found.parts())
