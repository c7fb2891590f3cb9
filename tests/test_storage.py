"""Files are whole or absent; finished results are never lost."""

import json
import os
import stat

import pytest

from posesift import storage


def test_atomic_write_leaves_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / "a.json"
    storage.write_json(path, {"old": 1})
    with pytest.raises(KeyboardInterrupt), storage.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert json.loads(path.read_text()) == {"old": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_is_explained_and_leaves_nothing(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with (
        pytest.raises(ValueError, match="disk is full"),
        storage.atomic_path(tmp_path / "a.bin") as temporary,
        open("/dev/full", "wb", buffering=0) as full,
    ):
        temporary.write_bytes(b"x")
        full.write(b"x")
    assert list(tmp_path.iterdir()) == []


def test_written_files_follow_the_umask(tmp_path):
    storage.write_text(tmp_path / "a.txt", "x")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o666 & ~mask


def test_nan_never_reaches_a_json_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        storage.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_cut_json_file_is_named(tmp_path):
    (tmp_path / "a.json").write_text('{"x": [1, 2')
    with pytest.raises(ValueError, match=r"a\.json is not valid JSON"):
        storage.read_json(tmp_path / "a.json")
    with pytest.raises(ValueError, match="found none"):
        storage.read_json(tmp_path / "b.json")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "..\\x", "\\x", "", "a\0b"])
def test_names_that_climb_are_refused(name):
    with pytest.raises(ValueError, match="leads out of its folder"):
        storage.inside("root", name)
