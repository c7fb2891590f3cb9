"""Prepared data show the same poses, whatever the workers and however often they were stopped."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.data.test_loading import dot_centre
from tests.data.test_pixels import WIDTH, filmed, mirrored
from tests.datasets import RADIUS, pose_table, write_coco, write_images, write_lspet
from tests.patience import PATIENCE

from posesift import folders, storage
from posesift.data import prepare, readers
from posesift.data.pixels import read_image
from posesift.data.prepare import cropping, shards
from posesift.data.prepare import prepare as prepared
from posesift.data.readers.parts import Part
from posesift.poses import PoseTable, boxes


def run(address, folder: Path, **choices) -> PoseTable:
    """Prepare, and read what was prepared."""
    facts = prepared(address, folder, **choices)
    table = readers.read(f"poses:{folder}/poses.parquet")
    assert facts["samples"] == len(table)
    return table


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def dots_found(table: PoseTable, scale: float) -> int:
    """Dots that lie wholly in their crop have their middle at the keypoint, to half a pixel.

    Args:
        table: what was prepared.
        scale: pixels of a crop to one of an image; where it is above 1 the image's pixels count.
    """
    found, least = 0, (RADIUS + 2) * scale
    for row in range(len(table)):
        image_HW3 = read_image(table, row)
        side = len(image_HW3)
        for k in np.flatnonzero(table.visible_NK[row]).tolist():
            point_2 = table.keypoints_NK2[row, k]
            if least < point_2.min() and point_2.max() < side - 1 - least:
                corner_2 = np.maximum(point_2 - least - 1, 0).astype(int)
                x, y = corner_2
                near_HW3 = image_HW3[y : y + int(2 * least) + 4, x : x + int(2 * least) + 4]
                off_2 = dot_centre(near_HW3, point_2 - corner_2, least) + corner_2 - point_2
                assert np.abs(off_2).max() < 0.5 * max(1, scale), (row, k, off_2)
                found += 1
    return found


def registered(monkeypatch, **parts) -> str:
    """A format of its own for a test: the kind."""
    module = types.ModuleType("posesift.data.readers.of_a_test")
    module.__doc__ = "Of a test."
    for name, value in parts.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(readers.READERS, "of-a-test", module.__name__)
    return "of-a-test:anything"


def clips(monkeypatch, folder: Path, count: int = 6, length: int = 5, **changes) -> str:
    """A format that reads videos clip by clip."""
    tables = {
        f"cmu/run0/{c:02d}/a{c}.mp4": filmed(folder, length, c, f"run/{c}.mp4", **changes)
        for c in range(count)
    }

    def parts(path: str, *, every: int = 1):
        for name, table in tables.items():
            rows = np.arange(0, length, every)
            yield Part(name, lambda table=table, rows=rows: table.select(rows))

    def read(path: str, *, every: int = 1) -> PoseTable:
        raise AssertionError("a set that may be larger than memory was read whole")

    return registered(monkeypatch, read=read, parts=parts)


@pytest.mark.parametrize("side", [96, 256])
def test_keypoints_lie_on_their_dots_in_photographs(tmp_path, side):
    truth = write_coco(tmp_path / "raw", n=6, suffix=".png")
    address = f"coco:{truth.path},images={tmp_path}/raw/photos,skeleton=coco17"
    raw = readers.read(address)
    table = run(address, tmp_path / "out", side=side, scale=1.2)
    scale_N = side / boxes.square(raw.box_N4, 1.2)[:, 2]
    assert dots_found(table, scale_N.max()) > 40
    assert (table.width_N == side).all()
    assert (table.height_N == side).all()
    assert table.box_N4 is None
    assert table.boxes_from == raw.boxes_from == "file"
    assert table.root == str(tmp_path / "out")
    assert table.address.startswith("poses:")
    assert (table.visible_NK == raw.visible_NK).all()  # the box holds them all
    assert (table.occluded_NK == raw.occluded_NK).all()


def test_large_images_are_averaged_and_stay_in_place(tmp_path):
    """A crop eight times smaller than its image, of a size that no block divides."""
    import cv2
    from tests.datasets import photograph, save_image

    truth = write_coco(tmp_path / "raw", n=3, suffix=".png")
    address = f"coco:{truth.path},images={tmp_path}/raw/photos,skeleton=coco17,boxes=file"
    table = readers.read(address)
    for row, name in enumerate(truth.names):
        width, height = truth.size_N2[row]
        small_HW3 = photograph(truth.keypoints_NJ2[row], truth.visible_NJ[row], width, height)
        large = cv2.resize(small_HW3, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
        save_image(tmp_path / "raw" / "photos" / name, large[: 5 * height - 3, : 5 * width - 2])
    table = dataclasses.replace(
        table,
        keypoints_NK2=(table.keypoints_NK2 + 0.5) * 5 - 0.5,
        width_N=table.width_N * 5 - 2,
        height_N=table.height_N * 5 - 3,
        box_N4=None,
    )
    for suffix, side in ((".png", 300), (".jpg", 200)):
        for name in truth.names:
            image = cv2.imread(str(tmp_path / "raw" / "photos" / name))
            cv2.imwrite(str(tmp_path / "raw" / "photos" / name.replace(".png", suffix)), image)
        names = [str(name).replace(".png", suffix) for name in table.image_N]
        dataclasses.replace(table, image_N=np.array(names, object)).save(tmp_path / "t.parquet")
        small = run(f"poses:{tmp_path}/t.parquet", tmp_path / f"out{suffix}", side=side)
        assert dots_found(small, 5 * side / table.width_N.max()) > 20


def test_frames_of_videos_and_mirror_images(tmp_path, monkeypatch):
    raw = mirrored(filmed(tmp_path), np.arange(8) % 2 == 0)
    raw = dataclasses.replace(raw, box_N4=np.tile(np.float32([20, 10, 160, 120]), (8, 1)))
    raw.save(tmp_path / "t.parquet")
    table = run(f"poses:{tmp_path}/t.parquet", tmp_path / "out", side=256)
    assert dots_found(table, 256 / 240) > 60
    assert table.mirrored_N is None
    assert len(table) == 8
    assert "mirrored" not in pq.read_schema(tmp_path / "out" / "poses.parquet").names


def test_without_boxes_the_crop_is_the_whole_image(tmp_path):
    write_images(tmp_path / "raw", n=3)
    raw = readers.read(f"images:{tmp_path}/raw")
    table = run(f"images:{tmp_path}/raw", tmp_path / "out", side=64, scale=9.0)
    for row in range(3):
        width, height = raw.width_N[row], raw.height_N[row]
        is_image_HW = read_image(table, row).max(-1) > 20
        assert is_image_HW.mean() == pytest.approx(min(width, height) / max(width, height), abs=0.1)
    assert table.boxes_from == "image"


def test_boxes_from_labels_stay_named_and_cut_keypoints_become_invisible(tmp_path):
    write_lspet(tmp_path / "raw")
    table = run(f"lspet:{tmp_path}/raw,boxes=labels", tmp_path / "out", scale=0.5)
    raw = readers.read(f"lspet:{tmp_path}/raw,boxes=labels")
    assert table.boxes_from == "labels"
    assert 0 < table.visible_NK.sum() < raw.visible_NK.sum()
    assert (table.visible_NK <= raw.visible_NK).all()
    assert (table.keypoints_NK2 >= -0.5).all()
    assert (table.keypoints_NK2 <= 255.5).all()


def test_the_same_bytes_for_any_number_of_workers(tmp_path, monkeypatch):
    address = clips(monkeypatch, tmp_path / "raw")
    run(address, tmp_path / "one", workers=1)
    run(address, tmp_path / "four", workers=4)
    one, four = content(tmp_path / "one"), content(tmp_path / "four")
    assert one == four
    assert len([name for name in one if name.endswith(".jpg")]) == 30
    assert set(one) - {n for n in one if n.endswith(".jpg")} == {
        "manifest.json", "poses.parquet", "prepare.json",
    }  # fmt: skip


def test_clips_are_read_in_their_order_and_sampled(tmp_path, monkeypatch):
    address = clips(monkeypatch, tmp_path / "raw", mode_N=np.array(["a", "b", "c", "d", "e"]))
    table = run(address, tmp_path / "out", every=2)
    assert table.mode_N.tolist() == ["a", "c", "e"] * 6
    assert [name.split("/")[1] for name in table.image_N[::3]] == [
        f"{c:06d}-a{c}" for c in range(6)
    ]
    assert dots_found(table, 256 / WIDTH) > 100
    manifest = folders.read_manifest(tmp_path / "out", "prepared")
    assert manifest["address"] == f"{address},every=2"
    assert manifest["every"] == 2
    with pytest.raises(ValueError, match="says every= already, and --every 3 too"):
        prepared(f"{address},every=2", tmp_path / "other", every=3)


def test_every_nth_sample_where_the_format_has_no_clips(tmp_path, monkeypatch):
    write_lspet(tmp_path / "raw", n=24)
    whole = run(f"lspet:{tmp_path}/raw", tmp_path / "all")
    for size in (prepare._SAMPLES, 10):
        monkeypatch.setattr(prepare, "_SAMPLES", size)
        table = run(f"lspet:{tmp_path}/raw", tmp_path / f"some{size}", every=7)
        np.testing.assert_array_equal(table.keypoints_NK2, whole.keypoints_NK2[::7])
        assert table.clip_N.tolist() == whole.clip_N[::7].tolist()


def test_people_of_one_photograph_stay_on_one_side_of_a_split(tmp_path):
    write_images(tmp_path / "raw", n=4)
    raw = readers.read(f"images:{tmp_path}/raw").select([0, 0, 1, 2, 3, 3])
    raw.visible_NK[:] = True
    raw.save(tmp_path / "t.parquet")
    run(f"poses:{tmp_path}/t.parquet", tmp_path / "out")
    test = readers.read(f"poses:{tmp_path}/out/poses.parquet,split=test")
    assert test.clip_N.tolist() == [raw.image_N[5]] * 2
    assert len(set(test.image_N)) == 2


def test_a_moved_folder_still_finds_its_images(tmp_path, monkeypatch):
    address = clips(monkeypatch, tmp_path / "raw", count=1)
    run(address, tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    table = PoseTable.load(tmp_path / "there" / "poses.parquet")
    assert dots_found(table, 256 / WIDTH) > 20


class Stopped(BaseException):
    """Like Ctrl-C, wherever it falls."""


PLACES = {
    "before the first part": (prepare, "read_parts", 1),
    "while a crop is read": (cropping, "read_crop", 9),
    "before a shard": (shards, "write", 3),
    "before the table": (shards, "gather", 1),
    "while the table is written": (shards, "_stream", 1),
    "before the shards are removed": (shutil, "rmtree", 1),
    "before the manifest": (folders, "write_manifest", 1),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("workers", [1, 3])
def test_stopped_anywhere_and_gone_on_with(tmp_path, monkeypatch, place, workers):
    address = clips(monkeypatch, tmp_path / "raw", length=3)
    run(address, tmp_path / "whole")
    module, name, turn = PLACES[place]
    plain, calls = getattr(module, name), []

    def stopping(*arguments, **options):
        calls.append(1)
        if len(calls) == turn:
            raise Stopped
        return plain(*arguments, **options)

    monkeypatch.setattr(module, name, stopping)
    with pytest.raises(Stopped):
        run(address, tmp_path / "out", workers=workers)
    assert not folders.is_finished(tmp_path / "out")
    begun = (tmp_path / "out").exists()
    assert begun == (name != "read_parts")
    if begun:
        (tmp_path / "out" / ".posesift-x1.json").write_text("left by a kill")
    done = len(calls)
    run(address, tmp_path / "out", resume=begun, workers=workers)
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    if name == "write":  # what was done is not done again
        assert len(calls) - done < 6


def _stopped_by(kill: signal.Signals, arguments: list[str], out: Path) -> str:
    """Run the command until it has written some crops; what it said then."""
    began = time.time_ns()
    process = subprocess.Popen(
        [sys.executable, "-m", "posesift", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        # which shells make & jobs ignore
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and (
        sum(path.stat().st_mtime_ns > began for path in out.glob("images/*/*")) < 3
    ):
        time.sleep(0.005)
    os.kill(process.pid, kill)
    told = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == (130 if kill == signal.SIGINT else -kill)
    assert not folders.is_finished(out)
    return told


def test_a_process_that_is_killed_is_gone_on_with(tmp_path):
    write_coco(tmp_path / "raw", n=80)
    raw = f"{tmp_path}/raw/annotations.json,images={tmp_path}/raw/photos"
    run(f"coco:{raw}", tmp_path / "whole", side=1024)
    out = tmp_path / "out"
    arguments = ["prepare", "coco", raw, "--out", str(out), "--side", "1024", "--workers", "2"]
    _stopped_by(signal.SIGKILL, arguments, out)
    told = _stopped_by(signal.SIGINT, [*arguments, "--resume"], out)
    assert f"--out {out} --resume goes on with it" in told
    run(f"coco:{raw}", out, resume=True, side=1024)
    assert content(out) == content(tmp_path / "whole")


def test_other_arguments_are_not_gone_on_with(tmp_path, monkeypatch):
    address = clips(monkeypatch, tmp_path / "raw", count=2)
    monkeypatch.setattr(shards, "gather", lambda *_: (_ for _ in ()).throw(Stopped))
    with pytest.raises(Stopped):
        run(address, tmp_path / "out", side=64)
    with pytest.raises(ValueError, match=r"begun with side 64, scale 1\.0, and now side 32, scale"):
        run(address, tmp_path / "out", resume=True, side=32, scale=2)
    monkeypatch.undo()
    other = clips(monkeypatch, tmp_path / "raw", count=2)
    parts = sys.modules["posesift.data.readers.of_a_test"].parts
    monkeypatch.setattr(
        sys.modules["posesift.data.readers.of_a_test"],
        "parts",
        lambda path, *, every=1: reversed(list(parts(path, every=every))),
    )
    with pytest.raises(ValueError, match=r"the raw data have changed since .* begin anew"):
        run(other, tmp_path / "out", resume=True, side=64)


def test_bad_samples_are_left_out_and_told(tmp_path, monkeypatch):
    write_lspet(tmp_path / "raw", n=30)
    raw = readers.read(f"lspet:{tmp_path}/raw")
    raw.save(tmp_path / "t.parquet")
    victim = tmp_path / "raw" / raw.image_N[7]
    whole = victim.read_bytes()
    victim.write_bytes(whole[:600])
    monkeypatch.setattr(prepare, "_SAMPLES", 10)
    address = f"poses:{tmp_path}/t.parquet"
    table = run(address, tmp_path / "out")
    assert len(table) == 29
    assert folders.read_manifest(tmp_path / "out")["left_out"] == 1
    told = (tmp_path / "out" / "problems.txt").read_text()
    assert told.startswith("left out: the image ")
    assert victim.name in told
    kept = np.delete(np.arange(30), 7)
    assert table.clip_N.tolist() == raw.image_N[kept].tolist()
    assert table.problems == []  # they are not in the result

    for name in raw.image_N[8:12]:
        (tmp_path / "raw" / name).rename(tmp_path / "raw" / f"{name}.gone")
    with pytest.raises(ValueError, match=r"5 of 30 samples have no readable image; at most 5%"):
        run(address, tmp_path / "bad")
    assert len((tmp_path / "bad" / "problems.txt").read_text().splitlines()) == 5
    assert not folders.is_finished(tmp_path / "bad")
    for name in raw.image_N[8:12]:  # mended, it is gone on with
        (tmp_path / "raw" / f"{name}.gone").rename(tmp_path / "raw" / name)
    run(address, tmp_path / "bad", resume=True)
    assert content(tmp_path / "bad") == content(tmp_path / "out")


def test_no_image_at_all_is_found_soon(tmp_path, monkeypatch):
    table = pose_table(n=4000, root=str(tmp_path / "nowhere"))
    table.save(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"of \d+ samples have no readable image"):
        run(f"poses:{tmp_path}/t.parquet", tmp_path / "out", workers=1)
    assert len(list((tmp_path / "out" / "parts").iterdir())) < 10


def test_only_a_few_parts_are_in_memory(tmp_path, monkeypatch):
    raw = filmed(tmp_path, 2)
    alive, most, lock = 0, 0, threading.Lock()

    def read_part() -> PoseTable:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        return raw

    write = shards.write

    def written(*arguments):
        nonlocal alive
        write(*arguments)
        with lock:
            alive -= 1

    monkeypatch.setattr(shards, "write", written)
    address = registered(
        monkeypatch,
        read=lambda path: raw,
        parts=lambda path: (Part(f"{n}", read_part) for n in range(40)),
    )
    assert len(run(address, tmp_path / "out", workers=3, side=8)) == 80
    assert most <= 3 + 1  # the first is looked at beforehand


def test_large_tables_are_written_in_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_ROWS", 7)
    run(clips(monkeypatch, tmp_path / "raw"), tmp_path / "out")
    found = pq.read_metadata(tmp_path / "out" / "poses.parquet")
    assert [found.row_group(i).num_rows for i in range(found.num_row_groups)] == [10, 10, 10]


def test_hostile_names_stay_in_the_folder(tmp_path, monkeypatch):
    raw = filmed(tmp_path / "raw", 2)
    names = ["../../evil", "/etc/passwd", "a\0b\n|;$(x)", "con.jpg", "é" * 300, ".."]
    address = registered(
        monkeypatch,
        read=lambda path: raw,
        parts=lambda path: (Part(name, lambda: raw) for name in names),
    )
    table = run(address, tmp_path / "in" / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "raw"]
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["out"]
    assert len(set(table.image_N)) == 12
    assert all(len(Path(name).parts) == 3 for name in table.image_N)
    assert table.image_N[2] == "images/000001-passwd/00000-0.jpg"


def test_parts_that_do_not_fit_together(tmp_path, monkeypatch):
    raw = filmed(tmp_path / "raw", 2)
    other = dataclasses.replace(raw, mode_N=np.array(["a", "b"]))
    address = registered(
        monkeypatch,
        read=lambda path: raw,
        parts=lambda path: iter([Part("a", lambda: raw), Part("b", lambda: other)]),
    )
    with pytest.raises(
        ValueError, match=r"expected the columns .* in all parts, found .*mode.* in b"
    ):
        run(address, tmp_path / "out")


def test_empty_parts_are_passed_over(tmp_path, monkeypatch):
    raw = filmed(tmp_path / "raw", 2)
    none = dataclasses.replace(raw.select([]), problems=["left out: b.mp4: nobody in it"])
    parts = [Part("a", lambda: none), Part("b", lambda: raw), Part("c", lambda: none)]
    address = registered(monkeypatch, read=lambda path: raw, parts=lambda path: iter(parts))
    assert len(run(address, tmp_path / "out")) == 2
    problems = (tmp_path / "out" / "problems.txt").read_text()
    assert problems == "left out: b.mp4: nobody in it\n"  # told once, though twice found
    del parts[1]
    with pytest.raises(ValueError, match="expected samples to prepare, found none"):
        run(address, tmp_path / "none")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"side": 4}, "expected side from 8 to 4096 pixels, found 4"),
        ({"side": 100_000}, "from 8 to 4096 pixels, found 100000"),
        ({"every": 0}, "expected every of at least 1, found 0"),
        ({"scale": 0.0}, "expected a scale above 0"),
        ({"scale": float("nan")}, "expected a scale above 0"),
        ({"workers": 0}, "expected workers of at least 1"),
    ],
)
def test_arguments_out_of_range(tmp_path, choice, told):
    write_images(tmp_path / "raw", n=1)
    with pytest.raises(ValueError, match=told):
        prepared(f"images:{tmp_path}/raw", tmp_path / "out", **choice)
    assert not (tmp_path / "out").exists()


def test_poses_without_images(tmp_path):
    pose_table(n=40).save(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="names no images; read it with images=FOLDER"):
        run(f"poses:{tmp_path}/t.parquet", tmp_path / "out")


def test_a_full_disk_ends_it(tmp_path, monkeypatch):
    write_images(tmp_path / "raw", n=3)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(storage, "write_json", lambda *_: None)
    with pytest.raises(ValueError, match=r"cannot write .*the disk is full"):
        run(f"images:{tmp_path}/raw", tmp_path / "out")


def test_what_was_prepared_of_one_split_is_that_split(tmp_path):
    write_lspet(tmp_path / "raw", n=12)
    train = run(f"lspet:{tmp_path}/raw,split=train", tmp_path / "train", side=32)
    address = f"poses:{tmp_path}/train/poses.parquet"
    assert len(train) == len(readers.read(address, default_split="train")) == 9
    with pytest.raises(ValueError, match="so it has no test split"):
        readers.read(address, default_split="test")
    run(f"lspet:{tmp_path}/raw", tmp_path / "all", side=32)
    whole = f"poses:{tmp_path}/all/poses.parquet"
    assert len(readers.read(whole, default_split="test")) == 3
