"""The guide to a new format, run as it stands: its file, its line, its use and its test."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from posesift import cli
from posesift.data import readers

PAGE = Path(__file__).parents[1] / "docs" / "add_a_reader.md"
FILE, LINE, USE, TEST = re.findall(
    r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)


@pytest.fixture
def yard(tmp_path, monkeypatch):
    """A tiny set, and PoseSift with the page's reader among its own."""
    package = tmp_path / "readers"
    package.mkdir()
    (package / "cranes.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(package)])
    monkeypatch.setattr(readers, "READERS", readers.READERS | eval(f"{{{LINE}}}"))
    written: dict = {}
    exec(TEST, written)
    written["write_cranes"](tmp_path / "yard")
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path / "yard"
    sys.modules.pop("posesift.data.readers.cranes", None)
    vars(readers).pop("cranes", None)


@pytest.mark.usefixtures("yard")
def test_the_use_runs(capsys):
    names: dict = {}
    exec(USE, names)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "12 ['as', 'boxes', 'map', 'split']"
    assert said[1:] == [f"{clip} 4" for clip in ("monday", "thursday", "tuesday", "wednesday")]
    assert "cranes:PATH  Cranes on a building site" in readers.help_text()


@pytest.mark.usefixtures("yard")
def test_the_test_of_the_page_passes(tmp_path):
    names: dict = {}
    exec(TEST, names)
    names["test_cranes"](tmp_path / "again")


def test_check_knows_the_format(yard, capsys):
    assert cli.main(["check", f"cranes:{yard}"]) == 0
    assert "16 samples of crane" in capsys.readouterr().out
    assert Path("contact-sheet.jpg").stat().st_size > 5000
    assert cli.main(["check", "cranes"]) == 0
    told = capsys.readouterr().out
    assert "https://example.org/cranes" in told
    assert "research only" in told


def test_its_errors_say_what_is_wrong(yard):
    with pytest.raises(
        ValueError, match=r"cranes data have no option 'splt'; did you mean 'split'"
    ):
        readers.read(f"cranes:{yard},splt=test")
    with pytest.raises(ValueError, match=r"expected folders with points.npy each in .*nowhere"):
        readers.read(f"cranes:{yard}/nowhere")
    np.save(yard / "monday" / "points.npy", np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"points.npy: expected the shape \(T, 4, 3\).*\(3, 4\)"):
        readers.read(f"cranes:{yard}")


def test_a_missing_image_is_told(yard):
    (yard / "tuesday" / "00002.png").unlink()
    with pytest.raises(ValueError, match=r"1 of 4 samples are bad(.|\n)*tuesday/00002.png"):
        readers.read(f"cranes:{yard}")
