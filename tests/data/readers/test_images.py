from __future__ import annotations

import os
import socket

import pytest
from tests.datasets import write_images

from posesift.data.files import images
from posesift.data.readers import read


def test_every_image_is_a_pose_without_labels(tmp_path):
    write_images(tmp_path)
    table = read(f"images:{tmp_path},skeleton=hand21")
    assert table.skeleton.name == "hand21"
    assert not table.visible_NK.any()
    assert len(read(f"images:{tmp_path},split=test")) == 2


def test_other_files_are_not_images(tmp_path):
    write_images(tmp_path, n=4)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._photo000.png").write_bytes(b"a shadow that some systems leave")
    assert len(read(f"images:{tmp_path}")) == 4


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a.jpg").write_text("x")
    with pytest.raises(ValueError, match="found a file"):
        read(f"images:{tmp_path}/a.jpg")


def test_pipes_devices_and_sockets_are_never_opened(tmp_path, monkeypatch):
    write_images(tmp_path, n=4)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # a socket's path may not be long
        listening.bind("socket.png")
    (tmp_path / "folder.jpg").mkdir()
    table = read(f"images:{tmp_path}")
    assert len(table) == 4
    assert sorted(problem.split(" is ")[1] for problem in table.problems) == [
        "a device",
        "a named pipe",
        "a socket",
    ]
    os.remove(tmp_path / "photo000.png")
    os.mkfifo(tmp_path / "photo000.png")  # between the listing and the reading
    with pytest.raises(ValueError, match=r"cannot read the image .* it is a named pipe"):
        images.decode(tmp_path / "photo000.png")


def test_a_name_that_is_not_utf8_costs_that_image_and_is_told_safely(tmp_path):
    write_images(tmp_path, n=4)
    folder = os.fsencode(tmp_path)
    for name in (b"caf\xe9.png", b"esc\x1b[2J.png"):
        with open(folder + b"/photo000.png", "rb") as one, open(folder + b"/" + name, "wb") as two:
            two.write(one.read())
    table = read(f"images:{tmp_path}")
    assert len(table) == 5  # what steers a terminal may be a name all the same
    (problem,) = table.problems
    assert problem.endswith(r"caf\udce9.png")
    table.save(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("width", "height"), [(2**32 - 1, 1), (2**31, 2**31), (40_000, 40_000), (0, 5)]
)
def test_sizes_that_no_image_has(tmp_path, width, height):
    write_images(tmp_path, n=30)
    header = bytearray((tmp_path / "photo000.png").read_bytes())
    header[16:24] = width.to_bytes(4) + height.to_bytes(4)
    (tmp_path / "photo000.png").write_bytes(header)
    table = read(f"images:{tmp_path}")
    assert len(table) == 29
    assert f"says that it is {width} x {height} px" in table.problems[0]
    with pytest.raises(ValueError, match="says that it is"):
        images.decode(tmp_path / "photo000.png")
