"""Ctrl-C in the middle of a subset, twice: nothing is left of it, and the next one is whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.torture.commands import COMMANDS, Server, content, prepared_root

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ends processes as Linux does")


def test_ctrl_c_twice_and_then_to_the_end(server: Server, tmp_path: Path) -> None:
    (command,) = [one for one in COMMANDS if one.name == "subset"]
    server.root = tmp_path
    prepared_root(server, command)
    first = server.run(command.arguments)
    assert first["code"] == 0, first["said"]
    whole, operations = content(tmp_path / "out"), first["operations"]
    assert any(name.startswith("images/") for name in whole)
    (tmp_path / "out").rename(tmp_path / "kept")
    for share in (0.3, 0.7):
        ended = server.run(command.arguments, at=int(share * operations), how="SIGINT")
        assert ended["code"] == 130, ended["said"]
        assert "nothing was left half-written" in ended["said"]
        assert not (tmp_path / "out").exists()
    done = server.run(command.arguments)
    assert done["code"] == 0, done["said"]
    assert content(tmp_path / "out") == whole
    photos = sorted((tmp_path / "raw/photos").iterdir())
    assert len(photos) == 12
    assert all(path.stat().st_size for path in photos), "the originals of removed links stay"
