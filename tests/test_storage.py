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


def test_a_finished_folder_is_never_overwritten_unasked(tmp_path):
    out = storage.new_folder(tmp_path / "out", kind="run")
    storage.write_text(out / "result.txt", "precious")
    storage.write_manifest(out, "run")
    for resume in (False, True):
        with pytest.raises(ValueError, match="already holds a finished result"):
            storage.new_folder(out, resume=resume)
    assert (out / "result.txt").read_text() == "precious"
    storage.new_folder(out, overwrite=True)
    assert not (out / "result.txt").exists()


def test_foreign_files_are_never_removed(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match=r"did not write, such as thesis\.tex"):
        storage.new_folder(tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_an_unfinished_folder_wants_resume_or_overwrite(tmp_path):
    out = storage.new_folder(tmp_path / "out", kind="run")
    (out / "part").write_text("x")
    with pytest.raises(ValueError, match="--resume"):
        storage.new_folder(out)
    assert storage.new_folder(out, resume=True, kind="run") == out
    assert (out / "part").exists()
    with pytest.raises(ValueError, match="not a score"):
        storage.new_folder(out, resume=True, kind="score")


def test_a_foreign_manifest_is_not_ours(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "a web page"}')
    with pytest.raises(ValueError, match="did not write"):
        storage.new_folder(tmp_path, overwrite=True)
    assert (tmp_path / "manifest.json").exists()


def test_overwrite_never_removes_what_is_read(tmp_path):
    out = storage.new_folder(tmp_path / "out", kind="run")
    storage.write_manifest(out, "run")
    with pytest.raises(ValueError, match="would remove"):
        storage.new_folder(out, overwrite=True, inputs=[None, out / "checkpoints"])
    assert storage.is_finished(out)


def test_resume_and_overwrite_exclude_each_other_and_resume_needs_something(tmp_path):
    with pytest.raises(ValueError, match="give one"):
        storage.new_folder(tmp_path / "out", resume=True, overwrite=True)
    with pytest.raises(ValueError, match="nothing to resume"):
        storage.new_folder(tmp_path / "out", resume=True)
    assert not (tmp_path / "out").exists()


def test_a_file_where_a_folder_is_wanted(tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(ValueError, match="found a file"):
        storage.new_folder(tmp_path / "f")
    with pytest.raises(ValueError, match="a file, not a folder"):
        storage.new_folder(tmp_path / "f" / "g")


def test_manifest_tells_kind_and_files(tmp_path):
    out = storage.new_folder(tmp_path / "out", kind="score")
    storage.write_text(out / "a" / "b.txt", "four")
    assert not storage.is_finished(out)
    with pytest.raises(ValueError, match="not a finished score"):
        storage.read_manifest(out, "score")
    storage.write_manifest(out, "score", samples=3)
    manifest = storage.read_manifest(out, ("run", "score"))
    assert manifest["files"] == {"a/b.txt": 4}
    assert manifest["samples"] == 3
    with pytest.raises(ValueError, match="expected a run"):
        storage.read_manifest(out, "run")
    with pytest.raises(ValueError, match="found no folder"):
        storage.read_manifest(tmp_path / "none", "run")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "..\\x", "\\x", "", "a\0b"])
def test_names_that_climb_are_refused(name):
    with pytest.raises(ValueError, match="leads out of its folder"):
        storage.inside("root", name)


def test_dated_folders_do_not_collide(tmp_path):
    first = storage.dated_folder("demo", tmp_path)
    first.mkdir()
    assert storage.dated_folder("demo", tmp_path) != first


def test_a_finished_folder_can_be_taken_up_again(tmp_path):
    folder = storage.new_folder(tmp_path / "out", kind="comparison")
    (folder / "kept").write_text("a")
    with pytest.raises(ValueError, match="comparison"):
        storage.reopen(folder, "comparison")  # it is not finished yet
    storage.write_manifest(folder, "comparison")
    with pytest.raises(ValueError, match="run"):
        storage.reopen(folder, "run")
    assert storage.is_finished(folder)
    storage.reopen(folder, "comparison")
    assert not storage.is_finished(folder)
    assert storage.new_folder(folder, resume=True, kind="comparison") == folder
    assert (folder / "kept").read_text() == "a"
