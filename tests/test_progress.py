"""Every line that a terminal gets: what would steer it is written out."""

from __future__ import annotations

import json
import os
import warnings

import pytest

from posesift import cli, progress
from posesift.commands.flags import table_text, warn

EVIL = "\x1b]0;x\x07\x1b[2Jname\u202e\x7f\r\ud800"
SHOWN = r"\x1b]0;x\x07\x1b[2Jname\u202e\x7f\r\ud800"


@pytest.mark.parametrize("out", [progress.say, progress.tell, warn])
def test_what_steers_a_terminal_is_written_out(out, capsys):
    out(f"{EVIL}\nnext line")
    found = "".join(capsys.readouterr())
    assert found.endswith(f"{SHOWN}\nnext line\n")


def test_a_cell_of_a_table_stays_in_its_line():
    text = table_text([[f"{EVIL}\nfaked line", "1"]], ["arm", "PCK"])
    assert text.splitlines()[1] == rf"{SHOWN}\nfaked line    1"
    assert len(text.splitlines()) == 2


def test_json_is_the_same_value_without_what_steers_a_terminal(capsys):
    progress.say_json({"name": EVIL})
    said = capsys.readouterr().out
    assert said.rstrip("\n").isprintable()
    assert json.loads(said) == {"name": EVIL}


def test_errors_and_warnings_of_a_command(monkeypatch, capsys):
    class Failing:
        def run(self) -> None:
            warnings.warn(f"beware {EVIL}", UserWarning, stacklevel=1)
            raise ValueError(f"wrong {EVIL}")

    monkeypatch.setattr(cli, "_parse", lambda arguments: Failing())
    assert cli.main(["x"]) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said == f"posesift: warning: beware {SHOWN}\nposesift: wrong {SHOWN}\n"


def test_a_name_that_is_not_utf8_is_told(monkeypatch, capsys):
    class Failing:
        def run(self) -> None:
            "caf\udce9".encode()

    monkeypatch.setattr(cli, "_parse", lambda arguments: Failing())
    assert cli.main(["x"]) == 2
    assert r"in UTF-8, found 'caf\udce9'; rename it" in capsys.readouterr().err


def test_work_goes_on_when_nobody_watches_it(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    nobody = os.fdopen(writing, "w")
    monkeypatch.setattr("sys.stderr", nobody)
    progress.tell("half of it is done")
    monkeypatch.undo()
    with pytest.raises(BrokenPipeError):
        nobody.close()
