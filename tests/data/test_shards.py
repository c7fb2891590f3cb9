"""A pose table in several files is the table in one; a shard that is wrong is named."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.data.test_stream import same, saved
from tests.datasets import pose_table

from posesift.data.readers import poses, read
from posesift.data.stream import PoseStream, opened, read_rows
from posesift.poses import store
from posesift.poses.shards import Shards
from posesift.poses.table import PoseTable, joined

CUTS = (0, 7, 16, 17, 48, 70)  # before, at and behind the ends of blocks, and a shard of one row


def shards(folder: Path, name: str = "part-{}-of-5.parquet") -> tuple[Path, PoseTable]:
    """A folder of shards, and the table that they are."""
    path = saved(folder, 70, 9)
    whole = PoseTable.load(path)
    out = folder / "shards"
    out.mkdir()
    for number, rows in enumerate(np.split(np.arange(70), CUTS[1:-1])):
        part = dataclasses.replace(whole.select(rows), root="images")
        part.save(out / name.format(number))
    return out, read(f"poses:{path}")


def test_shards_are_the_table_that_they_were_cut_of(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    folder, whole = shards(tmp_path)
    (folder / "_SUCCESS.parquet").write_bytes(b"")
    (folder / ".posesift-a.parquet").write_bytes(b"")
    (folder / "notes.txt").write_text("not of the table")
    for where in (folder, f"{folder}/part-*.parquet", f"file://{folder}"):
        found = read(f"poses:{where},images={tmp_path}")
        same(found, whole)
        parts = list(PoseStream.read(f"poses:{where}").tables(False))
        assert [len(part) for part in parts] == [16, 16, 16, 16, 6]
        same(joined(parts), whole)
    assert found.root == str(tmp_path)
    assert read(f"poses:{folder}").root == str(folder / "images")
    rows = np.array([3, 16, 47, 69])
    some, total = read_rows(f"poses:{folder}", rows)
    assert total == 70
    same(some, whole.select(rows))
    for split in ("train", "test"):
        same(
            read(f"poses:{folder},split={split}"),
            read(f"poses:{tmp_path}/poses.parquet,split={split}"),
        )


@pytest.mark.parametrize("first", [0, 16, 48])
@pytest.mark.parametrize("last", [16, 64, 70])
def test_a_stretch_is_those_rows(tmp_path, first, last):
    folder, whole = shards(tmp_path)
    found = list(PoseTable.load_parts(Shards.of(folder), 16, (), first, last))
    rows = np.arange(first, last)
    assert [len(part) for part in found] == [
        len(rows[at : at + 16]) for at in range(0, len(rows), 16)
    ]
    if len(rows):
        same(joined(found), whole.select(rows))


class Here:
    """An engine that is this process, three pieces at a time."""

    cores = 3

    def map(self, work, items):
        return map(work, items)


@pytest.mark.parametrize("options", ["", ",as=coco17"])
def test_a_stream_in_pieces_says_what_the_stream_says(tmp_path, monkeypatch, options):
    monkeypatch.setattr(poses, "ROWS", 16)
    folder, _ = shards(tmp_path)
    one = PoseStream.read(f"poses:{folder}{options}")
    many = PoseStream.read(f"poses:{folder}{options}", Here())
    assert [len(piece) for piece in many.pieces] == [16, 16, 16, 16, 6]
    for name in ("address", "skeleton", "modes", "share", "problems", "root"):
        assert getattr(one, name) == getattr(many, name), name
    for name in ("seen_N", "mode_N"):
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))
    rows = {"some": np.array([0, 15, 16, 66]), "none": np.empty(0, np.int64)}
    for name, table in many.samples(rows).items():
        same(table, one.samples(rows)[name])
        assert table.address == one.address
    with pytest.raises(ValueError, match=r"reads pose tables .*found world:body"):
        opened("world:body,n=5", Here())
    with pytest.raises(ValueError, match=r"cut into its splits as a whole"):
        opened(f"poses:{folder},split=test", Here())


def test_impossible_keypoints_of_all_pieces_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    for bad, refused in ((2, False), (30, True)):
        table = pose_table(n=80)
        table.keypoints_NK2[:bad] += 5000 * table.visible_NK[:bad, :, None]
        table.save(tmp_path / "a.parquet")
        if refused:
            with pytest.raises(ValueError, match="visible keypoints lie off their images"):
                PoseStream.read(f"poses:{tmp_path}/a.parquet", Here())
        else:
            assert PoseStream.read(f"poses:{tmp_path}/a.parquet", Here()).problems == bad


def spoil_missing(folder: Path) -> str:
    (folder / "part-3-of-5.parquet").unlink()
    return r"expected 5 shards part-\*-of-5\.parquet .* found 4; number 3 is missing"


def spoil_short(folder: Path) -> str:
    path = folder / "part-3-of-5.parquet"
    path.write_bytes(path.read_bytes()[:-2000])
    return r"part-3-of-5\.parquet is not a readable Parquet file"


def spoil_skeleton(folder: Path) -> str:
    pose_table(n=4, skeleton="hand21").save(folder / "part-4-of-5.parquet")
    return r"part-4-of-5\.parquet has another skeleton than .*part-0-of-5\.parquet: expected body16"


def spoil_columns(folder: Path) -> str:
    path = folder / "part-1-of-5.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["clip"]), path)
    return r"part-1-of-5\.parquet and .* differ in the columns clip"


def spoil_other(folder: Path) -> str:
    path = folder / "part-2-of-5.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata({}), path)
    return r"part-2-of-5\.parquet names no skeleton"


@pytest.mark.parametrize(
    "spoil", [spoil_missing, spoil_short, spoil_skeleton, spoil_columns, spoil_other]
)
def test_a_wrong_shard_is_named(tmp_path, spoil):
    folder, _ = shards(tmp_path)
    told = spoil(folder)
    for reading in (read, opened):
        with pytest.raises(ValueError, match=told) as error:
            reading(f"poses:{folder}")
        assert "\n" not in str(error.value)


def test_a_shard_that_goes_or_changes_while_the_table_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(poses, "ROWS", 16)
    folder, whole = shards(tmp_path)
    found = PoseStream.read(f"poses:{folder}", Here())
    late = folder / "part-3-of-5.parquet"
    dataclasses.replace(whole.select(np.arange(5)), root="images").save(late)
    with pytest.raises(ValueError, match=r"part-3-of-5\.parquet has changed while it was read"):
        list(found.map(len_of, found.pieces))
    late.unlink()
    with pytest.raises(ValueError, match=r"part-3-of-5\.parquet, found no file"):
        list(found.map(len_of, found.pieces))


def len_of(piece) -> int:
    return sum(len(table) for _, table in piece.parts(bare=True))


@pytest.fixture
def bucket(tmp_path, monkeypatch) -> Iterator[str]:
    """The shards in an S3-compatible store on this machine: options behind an address."""
    localbucket = pytest.importorskip("localbucket")
    monkeypatch.setattr(localbucket.S3Handler, "data_root", tmp_path, raising=False)
    monkeypatch.setattr(localbucket.S3Handler, "disable_nagle_algorithm", True)  # else 40 ms each
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    server = ThreadingHTTPServer(("127.0.0.1", 0), localbucket.S3Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = f"?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{server.server_port}"
    monkeypatch.setattr(store, "_trusted", set())
    monkeypatch.setenv(store.TRUSTED, f"s3://other s3://bucket{options}")
    yield options
    server.shutdown()
    server.server_close()


def test_shards_in_an_object_store(tmp_path, monkeypatch, bucket):
    monkeypatch.setattr(poses, "ROWS", 64)
    (tmp_path / "bucket").mkdir()
    folder, whole = shards(tmp_path / "bucket")
    for where in ("bucket/shards", "bucket/shards/part-*-of-5.parquet"):
        table = read(f"poses:s3://{where}{bucket}")
        assert table.image_N is None
        assert "images=FOLDER names a copy" in table.notes[-1]
        same(table, dataclasses.replace(whole, image_N=None))
    near = read(f"poses:s3://bucket/shards{bucket},images={tmp_path}")
    same(near, whole)
    assert (
        sum(map(len, PoseStream.read(f"poses:s3://bucket/poses.parquet{bucket}").tables(True)))
        == 70
    )
    for where, told in (
        ("bucket/none", r"at s3://bucket/none\?.* found no file"),
        ("bucket/shards/x*", "found none that fits"),
    ):
        with pytest.raises(ValueError, match=told):
            read(f"poses:s3://{where}{bucket}")
    short = folder / "part-3-of-5.parquet"
    short.write_bytes(short.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"shards/part-3-of-5\.parquet\?.* not a readable Parquet"):
        read(f"poses:s3://bucket/shards{bucket}")
    with pytest.raises(ValueError, match="without a user or a key"):
        read("poses:s3://key:secret@bucket/shards")
    for strange in (f"s3://theirs/shards{bucket}", "s3://bucket/shards", f"gs://bucket/x{bucket}"):
        with pytest.raises(ValueError, match=r"only where you name it: .*set POSESIFT_STORES="):
            read(f"poses:{strange}")


def test_a_store_that_never_answers_or_is_not_there(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setattr(store, "SILENCE", 1.0)
    monkeypatch.setattr(store, "TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (silent.getsockname()[1], 1):
            where = f"s3://b/x.parquet?region=r&scheme=http&endpoint_override=127.0.0.1:{port}"
            store.trust(f"--source=poses:{where},images=photos")
            with pytest.raises(ValueError, match=r"asked 1 times, with 1 s for an answer"):
                read(f"poses:{where}")
