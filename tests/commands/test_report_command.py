"""posesift report: the page, the paper's files beside it, and what it says when it cannot."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from posesift import cli

WORLD = "world:body,n=60,seed=0"
TARGET = "world:body,poses=target,look=photo,n=30,seed=1"


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A score folder; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("report") / "score"
    arguments = ["score", WORLD, "--method", "pca", "--bins", "3", "--out", str(folder)]
    assert cli.main(arguments) == 0
    return folder


@pytest.fixture
def score(scored, tmp_path):
    return Path(shutil.copytree(scored, tmp_path / "score"))


def test_the_last_lines_name_the_paper_and_the_page(score, capsys):
    (score / "report.html").unlink()
    assert cli.main(["report", str(score)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        f"Figures and tables: {score / 'paper'}", f"Report: {score / 'report.html'}",
    ]  # fmt: skip
    assert (score / "report.html").is_file()
    assert (score / "paper/README.txt").is_file()
    assert list((score / "paper/figures").glob("*.pdf"))
    assert list((score / "paper/figures").glob("*.svg"))


def test_a_target_stands_beside_the_score(score, capsys):
    assert cli.main(["report", str(score), "--no-paper"]) == 0
    alone = (score / "report.html").read_text()
    assert cli.main(["report", str(score), "--no-paper", "--target", TARGET]) == 0
    both = (score / "report.html").read_text()
    assert len(both) > len(alone)
    assert "target poses" in both
    assert not (score / "paper").exists()
    assert cli.main(["report", str(score), "--target", "coco:nowhere.json"]) == 2
    assert "nowhere.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "split test"),  # not named by the address, so it must be said
        (",split=train", "split train"),
    ],
)
def test_which_split_a_target_is_stands_in_the_terminal_and_on_the_page(
    given: str, told: str, score, capsys
):
    target = f"world:body,poses=target,n=30,seed=1{given}"
    assert cli.main(["report", str(score), "--no-paper", "--target", target]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Target:")]
    assert line.startswith(f"Target: 30 poses, {told}: world:body,")
    page = (score / "report.html").read_text(encoding="utf-8")
    assert f"30 poses, {told}: world:body," in page
    assert cli.main(["report", str(score), "--no-paper"]) == 0
    assert "Target:" not in capsys.readouterr().out


def test_mistakes_are_one_message_and_change_nothing(score, tmp_path, capsys):
    def told(*arguments):
        assert cli.main(["report", *map(str, arguments)]) == 2
        return capsys.readouterr().err

    assert "found no folder" in told(tmp_path / "none")
    half = tmp_path / "half"
    half.mkdir()
    (half / ".posesift").write_text("run")
    assert "--resume" in told(half)
    (half / ".posesift").unlink()
    assert "found nothing" in told(half)

    page = (score / "report.html").read_bytes()
    (score / "paper").write_text("mine")
    assert "--no-paper" in told(score)
    assert (score / "report.html").read_bytes() == page
    (score / "paper").unlink()
    (score / "difficulty.parquet").unlink()
    assert "difficulty.parquet" in told(score)
    assert (score / "report.html").read_bytes() == page
    assert not (score / "paper").exists()


def test_a_read_only_folder_is_explained(score):
    """As a user who is not root, for whom everything can be written."""
    with tempfile.TemporaryDirectory() as outside:
        os.chmod(outside, 0o755)
        folder = Path(shutil.copytree(score, Path(outside) / "score"))
        folder.chmod(0o555)
        code = (  # this Python may be root's own, so all is imported before
            "import os, sys; from pathlib import Path; from posesift.commands.report import Report;"
            "from posesift.report import contents, page; "
            "from posesift.report.export import export as paper;"
            "os.geteuid() or os.setuid(65534); Report(folder=Path(sys.argv[1])).run()"
        )
        command = [sys.executable, "-c", code, str(folder)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        folder.chmod(0o755)
    said = done.stderr.splitlines()[-1]
    assert said.startswith("ValueError: cannot write report.html")
    assert "read-only" in said
