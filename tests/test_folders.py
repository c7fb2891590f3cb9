"""Folders are claimed once, never lost, and finished only when they say so."""

from __future__ import annotations

import pytest

from posesift import folders, storage


def test_a_finished_folder_is_never_overwritten_unasked(tmp_path):
    out = folders.new_folder(tmp_path / "out", kind="run")
    storage.write_text(out / "result.txt", "precious")
    folders.write_manifest(out, "run")
    for resume in (False, True):
        with pytest.raises(ValueError, match="already holds a finished result"):
            folders.new_folder(out, resume=resume)
    assert (out / "result.txt").read_text() == "precious"
    folders.new_folder(out, overwrite=True)
    assert not (out / "result.txt").exists()


def test_foreign_files_are_never_removed(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match=r"did not write, such as thesis\.tex"):
        folders.new_folder(tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_an_unfinished_folder_wants_resume_or_overwrite(tmp_path):
    out = folders.new_folder(tmp_path / "out", kind="run")
    (out / "part").write_text("x")
    with pytest.raises(ValueError, match="--resume"):
        folders.new_folder(out)
    assert folders.new_folder(out, resume=True, kind="run") == out
    assert (out / "part").exists()
    with pytest.raises(ValueError, match="not a score"):
        folders.new_folder(out, resume=True, kind="score")


def test_a_foreign_manifest_is_not_ours(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "a web page"}')
    with pytest.raises(ValueError, match="did not write"):
        folders.new_folder(tmp_path, overwrite=True)
    assert (tmp_path / "manifest.json").exists()


def test_overwrite_never_removes_what_is_read(tmp_path):
    out = folders.new_folder(tmp_path / "out", kind="run")
    folders.write_manifest(out, "run")
    with pytest.raises(ValueError, match="would remove"):
        folders.new_folder(out, overwrite=True, inputs=[None, out / "checkpoints"])
    assert folders.is_finished(out)


def test_resume_and_overwrite_exclude_each_other_and_resume_needs_something(tmp_path):
    with pytest.raises(ValueError, match="give one"):
        folders.new_folder(tmp_path / "out", resume=True, overwrite=True)
    with pytest.raises(ValueError, match="nothing to resume"):
        folders.new_folder(tmp_path / "out", resume=True)
    assert not (tmp_path / "out").exists()


def test_a_file_where_a_folder_is_wanted(tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(ValueError, match="found a file"):
        folders.new_folder(tmp_path / "f")
    with pytest.raises(ValueError, match="a file, not a folder"):
        folders.new_folder(tmp_path / "f" / "g")


def test_manifest_tells_kind_and_files(tmp_path):
    out = folders.new_folder(tmp_path / "out", kind="score")
    storage.write_text(out / "a" / "b.txt", "four")
    assert not folders.is_finished(out)
    with pytest.raises(ValueError, match="not a finished score"):
        folders.read_manifest(out, "score")
    folders.write_manifest(out, "score", samples=3)
    manifest = folders.read_manifest(out, ("run", "score"))
    assert manifest["files"] == {"a/b.txt": 4}
    assert manifest["samples"] == 3
    with pytest.raises(ValueError, match="expected a run"):
        folders.read_manifest(out, "run")
    with pytest.raises(ValueError, match="found no folder"):
        folders.read_manifest(tmp_path / "none", "run")


def test_dated_folders_do_not_collide(tmp_path):
    first = folders.dated_folder("demo", tmp_path)
    first.mkdir()
    assert folders.dated_folder("demo", tmp_path) != first


def test_a_finished_folder_can_be_taken_up_again(tmp_path):
    folder = folders.new_folder(tmp_path / "out", kind="comparison")
    (folder / "kept").write_text("a")
    with pytest.raises(ValueError, match="comparison"):
        folders.reopen(folder, "comparison")  # it is not finished yet
    folders.write_manifest(folder, "comparison")
    with pytest.raises(ValueError, match="run"):
        folders.reopen(folder, "run")
    assert folders.is_finished(folder)
    folders.reopen(folder, "comparison")
    assert not folders.is_finished(folder)
    assert folders.new_folder(folder, resume=True, kind="comparison") == folder
    assert (folder / "kept").read_text() == "a"
