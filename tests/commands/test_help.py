"""What ``--help`` shows, and what a mistyped command is told."""

from __future__ import annotations

import re

import pytest

from posesift import cli
from posesift.commands import COMMANDS
from posesift.sampling import strategies


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_values_in_words_and_no_none(capsys, command):
    assert cli.main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert "posesift " + command in said
    unsaid = (r"\bNone\b", r"\(default: False\)", r"\(default: ?\)", r"\bSTR\b", r"\bINT\b", r"\{")
    for word in (*unsaid, r"\] TEXT|^│ TEXT"):
        assert not re.search(word, said, re.MULTILINE), word


def test_help_shows_choices_and_one_default(capsys):
    cli.main(["compare", "--help"])
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "--sample-in warm-up|adaptation|both" in said
    assert "--source DATA" in said
    assert "--seeds N" in said
    assert said.count("(default: 3)") == 1


def test_every_strategy_of_a_subset_is_explained_in_a_line(capsys):
    cli.main(["subset", "--help"])
    lines = [line.strip("│ ") for line in capsys.readouterr().out.splitlines()]
    for name in strategies.NAMES:
        assert [line for line in lines if re.match(rf"([a-z-]+, )*{name}(, [a-z-]+)*: \w+ ", line)]


def test_a_mistyped_command_gets_one_line_with_the_nearest(capsys):
    assert cli.main(["trian", "world-body"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "found 'trian'; did you mean 'train'?" in said
    assert cli.main(["xyz"]) == 2
    said = capsys.readouterr().err
    assert "did you mean" not in said
    assert all(command in said for command in COMMANDS)
