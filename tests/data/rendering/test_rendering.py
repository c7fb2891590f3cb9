"""Renderings on disk: read back and rendered again they are the same, however they came about."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import cv2
import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from posesift.commands.render import Render
from posesift.data import worlds
from posesift.data.readers import read
from posesift.data.rendering import FORMATS, angle_table, pictures, render
from posesift.data.rendering.world_address import WorldAddress
from posesift.data.writers import WRITERS
from posesift.poses.table import PoseTable

BODY = "world:body,poses=target,look=photo,seed=4,side=32"
HAND = "world:hand,poses=target,look=photo,seed=4,side=32"
ADDRESSES = {"body": BODY, "hand": HAND}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> dict[str, Path]:
    """Seven images of each world."""
    root = tmp_path_factory.mktemp("rendered")
    for name, address in ADDRESSES.items():
        render(address, root / name, n=7, workers=1)
    return {name: root / name for name in ADDRESSES}


def content(folder: Path, *without: str) -> dict[str, bytes]:
    """What a rendering holds, without what says how it was asked for."""
    skipped = {"manifest.json", *without}
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in skipped]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def images(folder: Path) -> dict[str, bytes]:
    found = {n: data for n, data in content(folder).items() if n.endswith(".png")}
    assert len(found) > 1
    return found


@pytest.mark.parametrize("name", ADDRESSES)
def test_images_and_labels_are_the_worlds_own(rendered, name):
    folder = rendered[name]
    sampled = worlds.sample(name, "target", n=7, seed=4, side=32)
    painted = worlds.paint(sampled, "photo")
    for row, image_HW3 in enumerate(painted):
        found = cv2.imread(str(folder / f"images/{row:06d}.png"))
        assert np.array_equal(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), image_HW3)
    table = PoseTable.load(folder / "poses.parquet")
    for column in ("keypoints_NK2", "visible_NK", "occluded_NK", "mode_N", "neg_log_p_N"):
        found, true = getattr(table, column), getattr(sampled.table, column)
        visible = sampled.table.visible_NK[..., None] if column == "keypoints_NK2" else True
        assert np.array_equal(found, np.where(visible, true, 0) if visible is not True else true)
    assert (folder / "smpl.npz").is_file() == (name == "body")
    assert (folder / "contact-sheet.jpg").stat().st_size > 10_000
    assert not (folder / pictures.MARKS).exists()


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("file", [angle_table.PARQUET, angle_table.CSV])
def test_a_table_that_was_written_gives_the_same_result_to_the_last_byte(
    rendered, tmp_path, name, file
):
    facts = render(ADDRESSES[name], tmp_path / "again", angles=rendered[name] / file, workers=1)
    assert (facts["samples"], facts["clipped"], facts["lacking"]) == (7, 0, [])
    own = (angle_table.PARQUET,)  # names the address
    assert content(tmp_path / "again", *own) == content(rendered[name], *own)
    again, first = (pq.read_table(f / own[0]) for f in (tmp_path / "again", rendered[name]))
    assert again.equals(first)


def test_rows_keep_their_pictures_in_another_order_and_without_camera_and_build(rendered, tmp_path):
    """What a table lacks is that of the sample whose number the row has."""
    table = pq.read_table(rendered["body"] / angle_table.PARQUET)
    kept = [name for name in table.column_names if not name.startswith(("shape_", "camera_"))]
    rows = [5, 2, 2]
    pyarrow.csv.write_csv(table.select(kept).take(rows), tmp_path / "some.csv")
    facts = render(BODY, tmp_path / "out", angles=tmp_path / "some.csv", workers=1)
    assert facts["lacking"] == ["shape_*", "camera_*"]
    before, after = images(rendered["body"]), images(tmp_path / "out")
    assert [after[f"images/{row:06d}.png"] for row in range(3)] == [
        before[f"images/{row:06d}.png"] for row in rows
    ]


def test_chosen_samples_are_rendered(rendered, tmp_path):
    chosen = WorldAddress.of(BODY).scene([6, 1])
    facts = render(BODY, tmp_path / "out", chosen=chosen, workers=1)
    assert facts["samples"] == 2
    before, after = images(rendered["body"]), images(tmp_path / "out")
    assert list(after.values()) == [before[f"images/00000{i}.png"] for i in (6, 1)]


def test_the_flag_knows_every_format():
    assert get_args(get_type_hints(Render)["format"]) == FORMATS
    assert set(FORMATS) == set(WRITERS) - {"list"}


@pytest.mark.parametrize("form", ["coco", "yolo"])
def test_formats_give_the_labels_back(tmp_path, form):
    facts = render(BODY, tmp_path / "out", n=2, form=form, workers=1)
    table = read(facts["address"])
    true = worlds.sample("body", "target", n=2, seed=4, side=32).table
    np.testing.assert_allclose(
        table.keypoints_NK2[table.visible_NK], true.keypoints_NK2[true.visible_NK], atol=1e-4
    )
    assert np.array_equal(table.visible_NK, true.visible_NK)
    assert np.array_equal(table.occluded_NK, true.occluded_NK & true.visible_NK)
    if form == "coco":
        (annotation, _) = json.loads((tmp_path / "out/annotations.json").read_text())["annotations"]
        v_K = np.array(annotation["keypoints"][2::3])
        assert np.array_equal(v_K == 1, true.visible_NK[0] & true.occluded_NK[0])
        assert (v_K == 2).any()
        assert (v_K == 1).any()


@pytest.mark.parametrize("name", ADDRESSES)
def test_root_and_focal_length_put_the_root_where_its_label_is(rendered, name):
    table = pq.read_table(rendered[name] / angle_table.PARQUET).to_pydict()
    column = {key: np.array(table[key]) for key in table}
    root = worlds.world_module(name).ROOT
    truth = worlds.sample(name, "target", n=7, seed=4, side=32).table.keypoints_NK2[:, root]
    for axis, letter in enumerate("xy"):
        at_N = column["focal"] * column[f"root_{letter}"] / column["root_z"]
        found_N = at_N + column[f"principal_{letter}"]
        np.testing.assert_allclose(found_N, truth[:, axis], atol=1e-3)


def ended(monkeypatch, end) -> None:
    """Do something instead of painting the third part, once."""
    paint, calls = pictures._paint_part, []

    def painted(*job):
        calls.append(job)
        if len(calls) == 3:
            end()
        return paint(*job)

    monkeypatch.setattr(pictures, "PART", 2)
    monkeypatch.setattr(pictures, "_paint_part", painted)


def test_an_interrupted_rendering_goes_on_to_the_same_bytes(rendered, tmp_path, monkeypatch):
    def stop():
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        ended(patched, stop)
        with pytest.raises(KeyboardInterrupt):
            render(BODY, tmp_path / "out", n=7, workers=1)
    assert not (tmp_path / "out/manifest.json").exists()
    assert len(list((tmp_path / "out/parts").iterdir())) == 2
    with pytest.raises(ValueError, match="unfinished result; give --resume to go on with it"):
        render(BODY, tmp_path / "out", n=7)
    with pytest.raises(
        ValueError, match=r"begun with samples \d+, poses \w+, and now samples \d+, poses \w+"
    ):
        render(BODY, tmp_path / "out", n=6, resume=True)
    with pytest.raises(ValueError, match="begun with look photo, and now look synthetic"):
        render(BODY.replace("photo", "synthetic"), tmp_path / "out", n=7, resume=True)
    kept = tmp_path / "out/images/000000.png"
    painted_at = kept.stat().st_mtime_ns
    monkeypatch.setattr(pictures, "PART", 2)
    render(BODY, tmp_path / "out", n=7, workers=2, resume=True)  # in other processes, too
    assert kept.stat().st_mtime_ns == painted_at
    assert content(tmp_path / "out") == content(rendered["body"])


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files as Linux does")
def test_a_disk_that_is_full_in_the_middle_is_one_message_and_what_was_done_stays(
    rendered, tmp_path, monkeypatch
):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with monkeypatch.context() as patched:
        ended(patched, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1])))
        try:
            with pytest.raises(ValueError, match=r"cannot write .*images.*: the file would be"):
                render(BODY, tmp_path / "out", n=7, workers=1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(list((tmp_path / "out/parts").iterdir())) == 2
    monkeypatch.setattr(pictures, "PART", 2)
    render(BODY, tmp_path / "out", n=7, workers=1, resume=True)
    assert content(tmp_path / "out") == content(rendered["body"])


def test_people_keep_their_files(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(ValueError, match=r"holds files that PoseSift did not write.*notes.txt"):
            render(BODY, tmp_path / "mine", n=2, overwrite=overwrite)
    render(BODY, tmp_path / "out", n=2, workers=1)
    (tmp_path / "out/notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"would remove .*angles.csv, which is read here"):
        render(BODY, tmp_path / "out", angles=tmp_path / "out/angles.csv", overwrite=True)
    facts = render(BODY, tmp_path / "out", n=3, workers=1, overwrite=True)
    assert facts["samples"] == 3
    assert (tmp_path / "out/notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("address", "given", "message"),
    [
        ("coco:a.json", {}, "expected a world to render, such as world:body.*found coco:a.json"),
        ("worlds/body", {}, "expected a data address"),
        ("world:boddy", {}, "did you mean 'body'"),
        ("world:body,looks=photo", {}, "no option 'looks'; did you mean 'look'"),
        ("world:body,as=coco17", {}, "as= is for reading"),
        ("world:body,facing=181", {}, "facing of 1 to 180 degrees, found 181"),
        (BODY, {"n": 0}, "expected n from 1 to 1,000,000,000, found 0"),
        (BODY, {"n": 10**9 + 1}, "expected n from 1 to 1,000,000,000, found 1000000001"),
        (BODY, {"n": 1_000_001}, "expected 1 to 1,000,000 images, found 1,000,001; more of them"),
        (
            BODY,
            {"chosen": WorldAddress.of(BODY).scene([])},
            "expected 1 to 1,000,000 images, found 0",
        ),
        (
            BODY,
            {"chosen": WorldAddress.of(HAND).scene([1])},
            "samples of world:body, found some of hand",
        ),
        ("world:body", {"side": 4000}, "expected side from 16 to 2,048, found 4000"),
        ("world:body,n=3", {"n": 4}, "says n already, and --n too"),
        (BODY, {"workers": 0}, "workers of at least 1, found 0"),
        (BODY, {"form": "list"}, "expected a format of coco, yolo"),
        (BODY, {"n": 3, "angles": "a.csv"}, "says how many images there are: leave out n"),
        ("world:body,n=3", {"angles": "a.csv"}, "says how many images there are: leave out n"),
        (BODY, {"angles": "none.csv"}, "expected a table of angles .* at none.csv, found none"),
    ],
)
def test_mistakes_are_named_before_anything_is_written(tmp_path, address, given, message):
    with pytest.raises(ValueError, match=message):
        render(address, tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()
