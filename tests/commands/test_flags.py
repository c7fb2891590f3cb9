"""How a command ends: the last line names the page, and --open shows it in a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from posesift.cli import _parse
from posesift.commands.flags import ResultFlags

FINISH = (
    "import sys, pathlib; from posesift.commands.flags import ResultFlags; "
    "ResultFlags(open=True, json=sys.argv[2] == 'json')"
    ".finish(pathlib.Path(sys.argv[1]), {'a': 1}, 'text')"
)


def finish(folder: Path, how: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command's end in a process of its own, as `webbrowser` reads its settings once."""
    kept = {key: value for key, value in os.environ.items() if key not in ("BROWSER", "DISPLAY")}
    command = [sys.executable, "-c", FINISH, str(folder), how]
    return subprocess.run(
        command, env=kept | environment, capture_output=True, text=True, check=True
    )


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A browser that notes what it was asked to open."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path / "opened"}\n')
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("how", ["text", "json"])
def test_open_shows_the_page(tmp_path: Path, browser: Path, how: str) -> None:
    folder = tmp_path / "a folder # with ? signs"
    folder.mkdir()
    page = folder / "report.html"
    page.write_text("<p>hello")
    ended = finish(folder, how, BROWSER=str(browser))
    assert (tmp_path / "opened").read_text().split() == [page.as_uri()]
    if how == "json":
        assert json.loads(ended.stdout) == {"folder": str(folder), "a": 1}
    else:
        assert ended.stdout.splitlines() == ["text", f"Report: {page}"]


def test_without_a_browser_it_is_said(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    ended = finish(tmp_path, "text", PATH=str(tmp_path))
    assert ended.stdout.splitlines()[-1] == f"Report: {page}"
    assert f"found no browser to open {page} in" in ended.stderr


@pytest.mark.parametrize(
    "words", [["demo"], ["compare", "world-body"], ["score", "world:body"], ["train", "world-body"]]
)
def test_commands_that_make_a_page_can_open_it(words: list[str]) -> None:
    command = _parse([*words, "--open"])
    assert isinstance(command, ResultFlags)
    assert command.open
    assert not _parse(words).open  # type: ignore[attr-defined]
