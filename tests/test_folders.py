"""Folders are claimed by one writer, never lost, and finished only when they say so."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.torture.guard import piped

from posesift import folders, locks, storage
from posesift.folders import layout, replacing

WRITER = """
import sys, time
from posesift import folders, storage
with folders.claim(sys.argv[1], "run", resume=sys.argv[2] == "resume") as claimed:
    storage.write_text(claimed.folder / "experiment.yaml", "x")
    print("filling", flush=True)
    time.sleep(600)
"""


HEART = {"score": "summary.json", "run": "evaluation.json"}  # a file of each kind


def fill(folder: Path, content: str = "precious", kind: str = "score") -> None:
    storage.write_text(folder / HEART[kind], content)
    folders.write_manifest(folder, kind)


def finished(out: Path, content: str = "precious", kind: str = "score") -> Path:
    with folders.claim(out, kind) as claimed:
        fill(claimed.folder, content, kind)
    return out


def everything(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(out: Path, match: str, kind: str = "score", **how) -> None:
    """Claiming is refused, and nothing at all is changed."""
    before = everything(out.parent)
    with pytest.raises(ValueError, match=match), folders.claim(out, kind, **how):
        raise AssertionError
    assert everything(out.parent) == before


@pytest.fixture
def writer(tmp_path):
    """Another process that fills ``tmp_path / "out"``; killed at the end."""
    begun = []

    def begin(how: str = "fresh") -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "out"), how],
            stdout=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        assert process.stdout.readline() == "filling\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def test_a_finished_folder_is_never_overwritten_unasked(tmp_path):
    out = finished(tmp_path / "out")
    refused(out, "already holds a finished result")
    refused(out, "already holds a finished result", resume=True)
    with folders.claim(out, "score", overwrite=True) as claimed:
        fill(claimed.folder, "new")
    assert (out / "summary.json").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["out"]
    assert sorted(os.listdir(out)) == ["manifest.json", "summary.json"]


@pytest.mark.parametrize("end", [ValueError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("kind", ["score", "run"])
def test_the_old_result_is_whole_until_the_new_one_is(tmp_path, end, kind):
    out = finished(tmp_path / "out")
    before = everything(out)
    with pytest.raises(end), folders.claim(out, kind, overwrite=True) as claimed:
        storage.write_text(claimed.folder / "experiment.yaml", "half")
        storage.write_text(claimed.folder / HEART[kind], "half")
        assert {k: v for k, v in everything(out).items() if k in before} == before
        raise end
    assert everything(out) == before
    begun = layout.new_beside(out)
    assert begun.exists() == (kind == "run")  # a score cannot be gone on with
    if kind == "score":
        return
    with folders.claim(out, kind, resume=True) as claimed:
        assert claimed.folder == begun
        fill(claimed.folder, "new", kind)
    assert set(everything(out)) == {"manifest.json", "experiment.yaml", "evaluation.json"}
    assert os.listdir(tmp_path) == ["out"]


def test_a_replacement_that_waits_is_not_forgotten(tmp_path):
    out = finished(tmp_path / "out", kind="run")
    with pytest.raises(KeyboardInterrupt), folders.claim(out, "run", overwrite=True) as claimed:
        storage.write_text(claimed.folder / "experiment.yaml", "half")
        raise KeyboardInterrupt
    refused(out, "--resume goes on with the one that was begun beside it", "run")
    shutil.rmtree(out)  # by its owner
    refused(out, "give --resume to go on with it, or --overwrite to begin anew", "run")
    with folders.claim(out, "run", overwrite=True) as claimed:
        assert not list(layout.files(claimed.folder))
        fill(claimed.folder, "new", "run")
    assert os.listdir(tmp_path) == ["out"]


def test_peoples_own_files_stay_where_they_are(tmp_path):
    out = finished(tmp_path / "out")
    (out / "notes.txt").write_text("mine")
    (out / "drafts").mkdir()
    (out / "drafts" / "a.tex").write_text("mine too")
    (out / "link").symlink_to(out / "notes.txt")
    with folders.claim(out, "score", overwrite=True) as claimed:
        fill(claimed.folder, "new")
        (out / "late.txt").write_text("while it was made")
    assert {k: v for k, v in everything(out).items() if k != "manifest.json"} == {
        "summary.json": "new", "notes.txt": "mine", "drafts/a.tex": "mine too", "link": "mine",
        "late.txt": "while it was made",
    }  # fmt: skip
    assert (out / "link").is_symlink()
    assert folders.read_manifest(out)["files"] == {"summary.json": 3}


def test_peoples_own_files_in_the_way_are_found_before_the_work(tmp_path):
    out = finished(tmp_path / "out")
    (out / "evaluation.json").write_text("mine")
    refused(out, r"holds evaluation\.json, which PoseSift did not write", "run", overwrite=True)
    with (
        pytest.raises(ValueError, match=r"the new result is whole, in .*new"),
        folders.claim(out, "score", overwrite=True) as claimed,
    ):
        (out / "scorer.json").write_text("mine")
        storage.write_text(claimed.folder / "scorer.json", "theirs")
        fill(claimed.folder, "new")
    assert (out / "summary.json").read_text() == "precious"
    assert (out / "scorer.json").read_text() == "mine"
    (out / "scorer.json").rename(tmp_path / "mine.json")
    refused_then_settled = pytest.raises(ValueError, match="already holds a finished result")
    with refused_then_settled, folders.claim(out, "score"):
        raise AssertionError
    assert (out / "summary.json").read_text() == "new"


def test_names_in_a_manifest_lead_nowhere(tmp_path):
    out = finished(tmp_path / "out")
    (tmp_path / "thesis.tex").write_text("mine")
    manifest = storage.read_json(out / "manifest.json")
    manifest["files"] |= {"../thesis.tex": 4, str(tmp_path / "thesis.tex"): 4}
    storage.write_json(out / "manifest.json", manifest)
    with folders.claim(out, "score", overwrite=True) as claimed:
        fill(claimed.folder, "new")
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_foreign_files_are_never_removed(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("mine")
    for mark in (None, "", "anything", "[]", "{"):
        if mark is not None:
            (out / ".posesift").write_text(mark)
        refused(out, r"did not write, such as thesis\.tex", overwrite=True)
    (out / ".posesift").write_text("score")  # as if a score was begun there
    with folders.claim(out, "score", overwrite=True) as claimed:
        fill(claimed.folder)
    assert (out / "thesis.tex").read_text() == "mine"


def test_the_mark_is_not_written_through_a_link(tmp_path):
    victim, out = tmp_path / "victim.txt", tmp_path / "out"
    victim.write_text("mine")
    out.mkdir()
    (out / ".posesift").symlink_to(victim)
    with folders.claim(out, "score") as claimed:
        fill(claimed.folder)
    assert victim.read_text() == "mine"


def test_an_unfinished_folder_wants_resume_or_overwrite(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), folders.claim(out, "run") as claimed:
        storage.write_text(claimed.folder / "experiment.yaml", "x")
        raise KeyboardInterrupt
    assert folders.is_unfinished(out)
    refused(out, "give --resume to go on with it, or --overwrite", "run")
    refused(out, "an unfinished run, not a score", "score", resume=True)
    refused(out, "unfinished result; give --overwrite", "score")  # it knows no --resume
    with pytest.raises(ValueError, match="--resume"):
        folders.read_manifest(out, "run")
    with folders.claim(out, "run", resume=True) as claimed:
        assert (claimed.folder / "experiment.yaml").read_text() == "x"


def test_what_cannot_be_gone_on_with_does_not_say_so(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".posesift").write_text("score")  # of a process that was killed
    (out / "scorer.json").write_text("x")
    refused(out, "unfinished result; give --overwrite to begin anew")
    with pytest.raises(ValueError, match="unfinished") as raised:
        folders.read_manifest(out, "score")
    assert "--resume" not in str(raised.value)
    with folders.claim(out, "score", overwrite=True) as claimed:
        fill(claimed.folder)
    assert sorted(os.listdir(out)) == ["manifest.json", "summary.json"]


@pytest.mark.parametrize("kind", ["score", "run"])
def test_what_ends_before_the_first_file_leaves_nothing(tmp_path, kind):
    for out in (tmp_path / "a", tmp_path / "there"):
        if out.name == "there":
            out.mkdir()
        with pytest.raises(ValueError, match="wrong"), folders.claim(out, kind):
            raise ValueError("wrong")
        assert out.exists() == (out.name == "there")
    assert not list((tmp_path / "there").iterdir())


def test_a_score_that_fails_in_the_middle_can_be_begun_anew(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), folders.claim(out, "score") as claimed:
        storage.write_text(claimed.folder / "scorer.json", "x")
        (out / "notes.txt").write_text("mine")
        raise KeyboardInterrupt
    assert set(everything(out)) == {"notes.txt", ".posesift"}
    with folders.claim(out, "score", overwrite=True) as claimed:
        fill(claimed.folder)
    assert set(everything(out)) == {"notes.txt", "summary.json", "manifest.json"}


def test_overwrite_never_removes_what_is_read(tmp_path):
    out = finished(tmp_path / "out")
    for path in (out, out / "checkpoints", tmp_path / "link"):
        if path.name == "link":
            path.symlink_to(out / "summary.json")
        refused(out, "would remove", overwrite=True, inputs=[None, path])
    with folders.claim(out, "score", overwrite=True, inputs=[tmp_path, "elsewhere"]) as claimed:
        fill(claimed.folder)


def test_resume_and_overwrite_exclude_each_other_and_resume_needs_something(tmp_path):
    out = tmp_path / "out"
    refused(out, "give one", resume=True, overwrite=True)
    with (
        pytest.raises(ValueError, match="nothing to resume"),
        folders.claim(out, "run", resume=True),
    ):
        raise AssertionError


def test_a_file_where_a_folder_is_wanted(tmp_path):
    (tmp_path / "f").write_text("x")
    refused(tmp_path / "f", "found a file")
    with (
        pytest.raises(ValueError, match="a file, not a folder"),
        folders.claim(tmp_path / "f" / "g", "score"),
    ):
        raise AssertionError


def test_manifest_tells_kind_and_files_and_none_of_other_peoples(tmp_path):
    with folders.claim(tmp_path / "out", "score") as claimed:
        out = claimed.folder
        storage.write_text(out / "summary.json", "four")
        (out / "mine.txt").write_text("x")
        (out / ".posesift-0123.json").write_text("of a process that was killed")
        assert not folders.is_finished(out)
        folders.write_manifest(out, "score", samples=3)
    manifest = folders.read_manifest(out, ("run", "score"))
    assert manifest["files"] == {"summary.json": 4}
    assert manifest["samples"] == 3
    with pytest.raises(ValueError, match="expected a run"):
        folders.read_manifest(out, "run")
    with pytest.raises(ValueError, match="found no folder"):
        folders.read_manifest(tmp_path / "none", "run")
    storage.write_text(out / "paper" / "README.txt", "later")
    folders.finish_with(out, ["paper/README.txt", "paper/gone.txt"])
    manifest |= {"files": {"paper/README.txt": 5, "summary.json": 4}}
    assert folders.read_manifest(out) == manifest


def test_dated_folders_do_not_collide(tmp_path):
    first = folders.dated_folder("demo", tmp_path)
    first.mkdir()
    assert folders.dated_folder("demo", tmp_path) != first


def test_a_finished_folder_can_be_taken_up_again(tmp_path):
    out = tmp_path / "out"
    with folders.claim(out, "comparison") as claimed:
        storage.write_text(claimed.folder / "comparison.json", "a")
        folders.write_manifest(claimed.folder, "comparison")
    storage.write_text(out / "paper" / "README.txt", "x")
    folders.finish_with(out, ["paper/README.txt"])
    refused(out, "wrong plan", "comparison", resume=True, again=True, check=_wrong)
    refused(out, "expected a run", "run", resume=True, again=True)
    with folders.claim(out, "comparison", resume=True, again=True) as claimed:
        assert not folders.is_finished(out)
        assert (claimed.folder / "comparison.json").read_text() == "a"
        folders.write_manifest(claimed.folder, "comparison")
    # what a manifest once named stays PoseSift's own
    assert set(folders.read_manifest(out)["files"]) == {"comparison.json", "paper/README.txt"}


def _wrong(folder: Path) -> None:
    raise ValueError("wrong plan")


@pytest.mark.parametrize("how", [{}, {"resume": True}, {"overwrite": True}])
def test_a_second_writer_is_refused_and_told_who_is_there(tmp_path, writer, how):
    process = writer()
    refused(tmp_path / "out", rf"written to by process {process.pid};", "run", **how)
    with (
        pytest.raises(ValueError, match=f"process {process.pid}"),
        folders.writing(tmp_path / "out"),
    ):
        raise AssertionError
    process.kill()
    process.wait()  # gone without a word; so is its lock
    with folders.claim(tmp_path / "out", "run", resume=True) as claimed:
        assert (claimed.folder / "experiment.yaml").exists()


def test_an_overwrite_keeps_others_out_too(tmp_path):
    out = finished(tmp_path / "out")
    with folders.claim(out, "score", overwrite=True) as claimed:
        for how in ({}, {"overwrite": True}):
            with (
                pytest.raises(ValueError, match=f"process {os.getpid()}"),
                folders.claim(out, "score", **how),
            ):
                raise AssertionError
        fill(claimed.folder)


def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    with pytest.raises(KeyboardInterrupt), folders.claim(tmp_path / "out", "run") as claimed:
        storage.write_text(claimed.folder / "experiment.yaml", "x")
        read, write = os.pipe()
        if (child := os.fork()) == 0:  # as a loader's process does
            os.read(read, 1)
            os._exit(0)
        raise KeyboardInterrupt
    with folders.claim(tmp_path / "out", "run", resume=True):
        os.write(write, b"x")
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("how", ["removed", "emptied", "moved", "made anew"])
def test_a_folder_that_goes_away_is_never_finished(tmp_path, how):
    out = tmp_path / "out"
    with (
        pytest.raises(ValueError, match=r"out was removed, emptied or moved"),
        folders.claim(out, "run") as claimed,
    ):
        storage.write_text(claimed.folder / "experiment.yaml", "x")
        if how == "moved":
            out.rename(tmp_path / "elsewhere")
        elif how == "emptied":
            for path in out.iterdir():
                path.unlink()
        else:
            shutil.rmtree(out)
            if how == "made anew":
                out.mkdir()
        with pytest.raises(ValueError, match="was removed"):
            storage.append_text(claimed.folder / "metrics.jsonl", "x")
        fill(claimed.folder, kind="run")
    assert not out.exists() or not list(out.iterdir())
    if how == "moved":  # and can be gone on with where it is
        with folders.claim(tmp_path / "elsewhere", "run", resume=True) as claimed:
            assert (claimed.folder / "experiment.yaml").exists()


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("run", "score"),
        ("comparison", "score-seed1"),
        ("comparison", "cells/a/seed0"),
        ("comparison", "cells/a/seed0/score"),
    ],
)
def test_a_part_of_a_larger_result_is_not_replaced(tmp_path, kind, part, ended):
    larger = tmp_path / "larger"
    with contextlib.suppress(KeyboardInterrupt), folders.claim(larger, kind) as claimed:
        fill(claimed.folder / part)
        if not ended:
            raise KeyboardInterrupt
        folders.write_manifest(claimed.folder, kind)
    refused(
        larger / part, r" is a part of the result in .*larger; choose another --out", overwrite=True
    )
    beside = finished(larger / "beside", "old")  # a folder of its own
    with folders.claim(beside, "score", overwrite=True) as claimed:
        fill(claimed.folder, "new")
    assert (beside / "summary.json").read_text() == "new"


@pytest.mark.parametrize("name", [".posesift", "manifest.json"])
def test_a_pipe_in_a_folder_of_somebody_else_is_not_waited_for(tmp_path, name):
    out = tmp_path / "out"
    finished(out / "score", "old")
    (out / name).write_text("")
    with piped(out / name):
        with (
            pytest.raises(ValueError, match="PoseSift did not write"),
            folders.claim(out, "score", overwrite=True),
        ):
            raise AssertionError
        with folders.claim(out / "score", "score", overwrite=True) as claimed:
            fill(claimed.folder, "new")
    assert (out / "score" / "summary.json").read_text() == "new"


def test_whatever_fails_in_a_folder_that_is_gone_says_so(tmp_path):
    with (
        pytest.raises(ValueError, match=r"out was removed, emptied or moved"),
        folders.claim(tmp_path / "out", "prepared") as claimed,
    ):
        shutil.rmtree(claimed.folder)
        (claimed.folder / "parts" / "poses.parquet").rename(claimed.folder / "poses.parquet")


@pytest.mark.parametrize("step", ["others 2", "rename 1", "rename 2", "others 3", "rmtree 1"])
def test_a_replacement_that_is_cut_short_is_finished_by_the_next(tmp_path, monkeypatch, step):
    """Killed before any of its steps: old or new is whole, and the next command sees to it."""
    out = finished(tmp_path / "out", "old")
    (out / "notes.txt").write_text("mine")
    name, turn = step.split()
    module = {"others": replacing, "rename": locks, "rmtree": shutil}[name]
    real, calls = getattr(module, name), []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == int(turn):
            os._exit(9)
        return real(*arguments)

    if (child := os.fork()) == 0:
        setattr(module, name, killed)
        with folders.claim(out, "score", overwrite=True) as claimed:
            fill(claimed.folder, "new")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    held = [path for path in tmp_path.rglob("summary.json") if path.read_text() == "old"]
    new = [path for path in tmp_path.rglob("summary.json") if path.read_text() == "new"]
    assert held or new == [out / "summary.json"]
    with folders.writing(out):
        pass
    assert everything(out).keys() == {"summary.json", "manifest.json", "notes.txt"}
    assert (out / "summary.json").read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_what_killed_processes_left_is_cleared_away(tmp_path):
    out = finished(tmp_path / "out")
    (out / ".posesift").write_text("score")  # killed between the manifest and the end
    (out / ".posesift.lock").write_text("99999 here")
    (out / ".posesift-paper-new-12").mkdir()
    (out / ".posesift-paper-new-12" / "a.svg").write_text("x")
    (out / ".posesift-ab.json").write_text("x")
    assert folders.is_finished(out)
    assert not folders.is_unfinished(out)
    with pytest.raises(ValueError, match="finished result"), folders.claim(out, "score"):
        raise AssertionError
    assert set(os.listdir(out)) == {"summary.json", "manifest.json"}


def test_a_full_disk_at_the_very_beginning_leaves_nothing_in_the_way(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with (
            pytest.raises(ValueError, match="disk is full"),
            folders.claim(tmp_path / "out", "run"),
        ):
            raise AssertionError
    assert not (tmp_path / "out" / ".posesift").exists()
    with folders.claim(tmp_path / "out", "run") as claimed:
        fill(claimed.folder, kind="run")


def test_threads_do_not_see_each_others_folders(tmp_path):
    problems = []

    def work(number: int) -> None:
        try:
            for _ in range(20):
                finished(tmp_path / f"out{number}")
                shutil.rmtree(tmp_path / f"out{number}")
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_older_folders_are_understood(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".posesift").write_text("run")  # once the mark was the kind alone
    (out / "experiment.yaml").write_text("x")
    with folders.claim(out, "run", resume=True) as claimed:
        fill(claimed.folder, kind="run")
    old = json.loads((out / "manifest.json").read_text())
    old["files"]["mine.txt"] = 1  # and manifests listed whatever lay there
    (out / "mine.txt").write_text("x")
    (out / "score").mkdir()
    (out / "score" / "manifest.json").write_text("{}")  # but not the manifests inside
    (out / "manifest.json").write_text(json.dumps(old))
    with folders.claim(out, "run", overwrite=True) as claimed:
        fill(claimed.folder, kind="run")
    assert set(everything(out)) == {"manifest.json", "evaluation.json"}
