"""Images on their way into a subset: linked, copied, decoded, never two under one name."""

from __future__ import annotations

import dataclasses
import errno
import os
import string
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.files.test_images import with_exif
from tests.data.formats.surreal import HEIGHT, WIDTH, save_video
from tests.datasets import photograph, pose_table, save_image, write_coco

from posesift.data.pixels import read_image
from posesift.data.readers import read
from posesift.data.writers import WRITERS
from posesift.data.writers.images import place
from posesift.data.writers.names import safe_names
from posesift.poses.table import PoseTable

COCO, YOLO = WRITERS["coco"], WRITERS["yolo"]
ANY = "".join(chr(c) for c in range(1, 256) if chr(c) != "/") + "ﬁ漢\u0301\u202e"
"""All that a file system allows in a name, but for NUL and the slash."""


def source(folder: Path, names: list[str]) -> PoseTable:
    """A photograph of its own grey under every name."""
    table = dataclasses.replace(
        pose_table(len(names), root=str(folder)),
        image_N=np.array(names, object),
        width_N=np.full(len(names), 20, np.int32),
        height_N=np.full(len(names), 16, np.int32),
        keypoints_NK2=np.zeros((len(names), 16, 2), np.float32),
    )
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        save_image(folder / "x.png", np.full((16, 20, 3), number % 251 + 1, np.uint8))
        (folder / "x.png").rename(folder / name)
    return table


def greys(table: PoseTable, folder: Path) -> list[int]:
    placed = dataclasses.replace(table, root=str(folder / table.root))
    return [int(read_image(placed, row)[0, 0, 0]) for row in range(len(placed))]


@given(
    st.lists(st.text(ANY + "aA/.", min_size=1, max_size=12), min_size=1, max_size=30, unique=True)
)
def test_names_are_safe_and_never_alike(names: list[str]) -> None:
    decoded = [Path(name).suffix.lower() not in COCO.suffixes for name in names]
    given_names = safe_names(names, decoded)
    assert given_names == safe_names(names, decoded)
    labels = [name.rpartition(".")[0] or name for name in given_names]
    keys = {unicodedata.normalize("NFD", name).casefold() for name in labels}
    assert len(keys) == len(names), "no two share a file or a label file, whatever the system"
    allowed = set(string.printable) - set("\t\n\r\x0b\x0c/\\:*?\"<>|#,;$`&'!{}[]%^~")
    for name in given_names:
        for part in name.split("/"):
            assert part
            assert part not in (".", "..")
            assert not part.startswith(".")
            assert all(c in allowed or c.isalnum() or c == "_" for c in part if c.isascii())
            assert len(part.encode()) < 255


@pytest.mark.parametrize("form", ["coco", "yolo", "csv", "list"])
def test_every_character_in_a_name(form: str, tmp_path: Path) -> None:
    names = [f"a{c}b.png" for c in ANY if not 0x7F <= ord(c) <= 0x9F]
    table = source(tmp_path / "in", names)
    placed = place(table, tmp_path / "out", "link", WRITERS[form])
    assert len(set(placed.table.image_N)) == len(names)
    assert greys(placed.table, tmp_path / "out") == [n % 251 + 1 for n in range(len(names))]


def test_names_that_differ_by_folder_case_or_suffix(tmp_path: Path) -> None:
    names = ["a/x.png", "b/x.png", "a/X.png", "A/x.png", "a/x.bmp", "a/x-2.png", "a.png/x.png"]
    table = source(tmp_path / "in", names)
    placed = place(table, tmp_path / "out", "copy", COCO)
    assert placed.table.image_N.tolist() == [
        "a/x.png", "b/x.png", "a/X-2.png", "A/x-3.png", "a/x-4.bmp", "a/x-2-2.png", "a.png_/x.png",
    ]  # fmt: skip
    assert greys(placed.table, tmp_path / "out") == [1, 2, 3, 4, 5, 6, 7]


def test_folders_by_which_labels_are_found_are_left_out(tmp_path: Path) -> None:
    table = source(tmp_path / "in", ["train/images/x.png", "images/train/x.png", "Labels/y.png"])
    placed = place(table, tmp_path / "out", "link", YOLO)
    assert placed.table.image_N.tolist() == ["train/x.png", "train/x-2.png", "y.png"]


def test_a_link_is_the_file_itself_and_a_copy_another(tmp_path: Path) -> None:
    table = source(tmp_path / "in", ["a.png", "b.png"])
    linked = place(table, tmp_path / "linked", "link", COCO)
    copied = place(table, tmp_path / "copied", "copy", COCO)
    assert (linked.linked, copied.linked) == ({"link": 2}, {"copy": 2})
    original = tmp_path / "in/a.png"
    assert (tmp_path / "linked/images/a.png").samefile(original)
    copy = tmp_path / "copied/images/a.png"
    assert not copy.samefile(original)
    assert copy.read_bytes() == original.read_bytes()


def test_a_link_in_the_source_is_followed(tmp_path: Path) -> None:
    table = source(tmp_path / "in", ["a.png"])
    (tmp_path / "in/a.png").rename(tmp_path / "real.png")
    (tmp_path / "in/a.png").symlink_to(tmp_path / "real.png")
    place(table, tmp_path / "out", "link", COCO)
    assert not (tmp_path / "out/images/a.png").is_symlink()
    assert (tmp_path / "out/images/a.png").samefile(tmp_path / "real.png")


def test_another_disk_is_linked_symbolically_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_disk(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    table = source(tmp_path / "in", ["a.png"])
    monkeypatch.setattr(os, "link", other_disk)
    placed = place(table, tmp_path / "out", "link", COCO)
    assert placed.linked == {"symbolic link": 1}
    assert greys(placed.table, tmp_path / "out") == [1]


def test_people_of_one_image_share_it(tmp_path: Path) -> None:
    table = source(tmp_path / "in", ["a.png", "b.png"]).select([0, 1, 0])
    placed = place(table, tmp_path / "out", "link", COCO)
    assert placed.table.image_N.tolist() == ["a.png", "b.png", "a.png"]
    assert placed.linked == {"link": 2}


def test_frames_mirrors_and_unknown_kinds_are_decoded(tmp_path: Path) -> None:
    table = source(tmp_path, ["a.png", "a.png", "b.mystery", "clip.mp4#1"])
    (tmp_path / "clip.mp4#1").unlink()
    frames = [photograph(np.zeros((1, 2)), np.zeros(1, bool), WIDTH, HEIGHT) for _ in range(3)]
    table.width_N[3], table.height_N[3] = WIDTH, HEIGHT
    frames[1][:] = 200
    save_video(tmp_path / "clip.mp4", frames)
    half_HW3 = np.zeros((16, 20, 3), np.uint8)
    half_HW3[:, 10:] = 90
    save_image(tmp_path / "a.png", half_HW3)
    table = dataclasses.replace(table, mirrored_N=np.array([False, True, False, False]))
    placed = place(table, tmp_path / "out", "link", COCO)
    assert placed.linked == {"link": 1, "decoded": 3}
    assert placed.table.image_N.tolist() == ["a.png", "a-2.png", "b.png", "clip-000001.png"]
    assert placed.table.mirrored_N is None
    there = dataclasses.replace(placed.table, root=str(tmp_path / "out/images"))
    for row in range(4):
        np.testing.assert_array_equal(read_image(there, row), read_image(table, row))


def test_yolo_gets_no_kind_that_ultralytics_passes_over(tmp_path: Path) -> None:
    table = source(tmp_path / "in", ["a.png", "b.png"])
    (tmp_path / "in/b.png").rename(tmp_path / "in/b.jfif")
    table.image_N[1] = "b.jfif"
    assert place(table, tmp_path / "c", "link", COCO).table.image_N.tolist() == ["a.png", "b.jfif"]
    assert place(table, tmp_path / "y", "link", YOLO).table.image_N.tolist() == ["a.png", "b.png"]


@pytest.mark.parametrize("exif", ["apply", "ignore"])
def test_what_exif_turns_against_its_labels_is_written_upright(exif: str, tmp_path: Path) -> None:
    truth = write_coco(tmp_path, n=4)
    for row in (0, 1):
        path = tmp_path / "photos" / truth.names[row]
        path.write_bytes(with_exif(path.read_bytes(), 3 if row else 1))
    table = read(f"coco:{truth.path},images={tmp_path}/photos,exif={exif}")
    placed = place(table, tmp_path / "out", "link", COCO)
    assert placed.linked == ({"link": 4} if exif == "apply" else {"link": 3, "decoded": 1})
    assert placed.table.exif == "apply"
    there = dataclasses.replace(placed.table, root=str(tmp_path / "out/images"))
    for row in range(4):
        np.testing.assert_array_equal(read_image(there, row), read_image(table, row))


def test_pictures_of_a_world_are_painted_as_training_sees_them(tmp_path: Path) -> None:
    table = read("world:hand,n=70,side=32")
    placed = place(table, tmp_path, "link", COCO)
    assert placed.table.image_N[[0, 69]].tolist() == ["00.png", "69.png"]
    there = dataclasses.replace(placed.table, root=str(tmp_path / "images"))
    for row in (0, 63, 64, 69):
        np.testing.assert_array_equal(read_image(there, row), read_image(table, row))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"root": "world:body"}, "a world renders its images"),
        ({"mirrored_N": np.array([True])}, "some are seen in a mirror"),
        ({"image_N": np.array(["a.mp4#3"], object)}, "some are frames of videos"),
    ],
)
def test_what_is_no_plain_file_cannot_stay(change: dict, why: str, tmp_path: Path) -> None:
    table = dataclasses.replace(source(tmp_path, ["a.png"]), **change)
    with pytest.raises(ValueError, match=f"cannot stay where they are: {why}"):
        place(table, tmp_path, "keep", COCO)


def test_images_that_stay_are_named_from_their_whole_folder(tmp_path: Path) -> None:
    table = source(tmp_path / "in", ["a/ü, #.png"])
    kept = place(table, tmp_path / "out", "keep", COCO).table
    assert (kept.root, kept.image_N.tolist()) == (str(tmp_path / "in"), ["a/ü, #.png"])
    assert not (tmp_path / "out").exists()


def test_an_image_that_has_gone_is_named(tmp_path: Path) -> None:
    table = source(tmp_path / "in", ["a.png", "b.png"])
    (tmp_path / "in/b.png").unlink()
    for how in ("link", "copy"):
        with pytest.raises(ValueError, match=r"expected an image at .*in/b.png, found no file"):
            place(table, tmp_path / how, how, COCO)


def test_poses_without_images_are_poses_alone(tmp_path: Path) -> None:
    table = dataclasses.replace(pose_table(3), address="coco:a.json")
    with pytest.raises(ValueError, match=r"coco:a.json have no images here.*--data ADDRESS,images"):
        place(table, tmp_path, "link", COCO)
    assert place(table, tmp_path, "link", WRITERS["poses"]).table is table
