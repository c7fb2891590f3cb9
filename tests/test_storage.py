"""Files are whole or absent; finished results are never lost."""

import json
import os
import stat
import threading

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


def test_rights_of_other_threads_files_are_left_alone(tmp_path):
    """The process's mask is never touched, not even for a moment."""
    mask = os.umask(0o077)
    done, wide = threading.Event(), []

    def make_files() -> None:
        while not done.is_set():
            path = tmp_path / "other"
            path.touch()
            wide.append(stat.S_IMODE(path.stat().st_mode))
            path.unlink()

    other = threading.Thread(target=make_files)
    other.start()
    try:
        for number in range(200):
            storage.write_text(tmp_path / f"{number}.txt", "x")
            assert stat.S_IMODE((tmp_path / f"{number}.txt").stat().st_mode) == 0o600
    finally:
        done.set()
        other.join()
        os.umask(mask)
    assert set(wide) == {0o600}


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "a.txt").symlink_to(tmp_path / "victim")
    storage.write_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "a.txt").is_symlink()


def test_files_of_killed_processes_are_swept_away_and_no_others(tmp_path):
    (tmp_path / "in").mkdir()
    if (child := os.fork()) == 0:
        with storage.atomic_path(tmp_path / "in" / "a.npy") as temporary:
            temporary.write_bytes(b"x" * 100)
            os._exit(9)
    os.waitpid(child, 0)
    (left,) = (tmp_path / "in").iterdir()
    assert left.suffix == ".npy"
    (tmp_path / "mine").write_text("x")
    with storage.atomic_path(tmp_path / "b.json") as alive:
        alive.write_text("{}")
        storage.sweep(tmp_path, below=False)
        assert left.exists()
        storage.sweep(tmp_path)
        assert alive.exists()  # for somebody is writing it
    storage.sweep(tmp_path / "not there")
    assert {path.name for path in tmp_path.rglob("*")} == {"in", "mine", "b.json"}


def test_lines_are_added_and_a_full_disk_is_explained(tmp_path):
    storage.append_text(tmp_path / "new" / "a.jsonl", "1\n")
    storage.append_text(tmp_path / "new" / "a.jsonl", "2\n")
    assert (tmp_path / "new" / "a.jsonl").read_text() == "1\n2\n"
    if os.path.exists("/dev/full"):
        with pytest.raises(ValueError, match="disk is full"):
            storage.append_text("/dev/full", "x")
