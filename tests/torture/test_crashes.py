"""Every command that writes, ended at every kind of moment: nothing is lost, nothing lies.

The moments are file operations drawn by a seed, so that a busy machine changes none of them. Each
case ends commands by signals, takes their folder away, fills the disk, forbids to write, and
starts two at once; after each the same command must finish and leave what an undisturbed one does.
``POSESIFT_TORTURE=5`` draws five times as often, and adds signals at moments of the clock.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.torture.commands import COMMANDS, Command, Server, clear, content, prepared_root

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="ends processes as Linux does"),
    pytest.mark.xdist_group("crashes"),  # one server to fork commands from
]

ROUNDS = int(os.environ.get("POSESIFT_TORTURE", "1"))
SIGNALS = {"SIGKILL": -9, "SIGTERM": 143, "SIGINT": 130}
CHEAP = ("check", "prepare", "score", "subset", "evaluate")
LIMITS = (0, 100, 3_000, 30_000, 200_000)  # bytes of a file


class Case:
    """One command, its undisturbed result, and the counts of what was done to it."""

    def __init__(self, server: Server, command: Command, seed: int):
        self.server, self.command = server, command
        self.random = random.Random(f"{command.name} {seed}")
        self.out = server.root / command.out
        self.counts: Counter[str] = Counter()
        prepared_root(server, command)
        self.before = self._copy("before") if command.adds else None
        first = self._run()
        assert first["code"] == 0, first["said"]
        self.reference, self.operations = content(self.out), first["operations"]
        self.kept = self._copy("kept")
        self.beside = set(os.listdir(server.root))

    def _copy(self, name: str) -> Path:
        goal = self.server.root / "copies" / name
        goal.parent.mkdir(exist_ok=True)
        copy = shutil.copytree if self.out.is_dir() else shutil.copy2
        copy(self.out, goal)
        return goal

    def reset(self, old: bool = False) -> None:
        """As before the first start; ``old``: with a finished result, and somebody's notes."""
        for name in set(os.listdir(self.server.root)) - self.beside:
            clear(self.server.root / name)
        clear(self.out)
        source = self.kept if old else self.before
        if source is not None:
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, self.out)
        if old and self.out.is_dir():
            (self.out / "notes.txt").write_text("mine")

    def _run(self, *more: str, **how: Any) -> dict[str, Any]:
        answer = self.server.run((*self.command.arguments, *more), **how)
        assert "Traceback" not in answer.get("said", ""), answer["said"]
        return answer

    def moment(self, going_on: bool = False) -> int:
        """A file operation of the command; one of its first half where it goes on with a part."""
        return self.random.randint(1, self.operations // (2 if going_on else 1))

    def flags(self) -> tuple[str, ...]:
        """How a person goes on with what lies there."""
        unfinished = [p for p in self._places() if p.is_dir() and not self._is_finished(p)]
        unfinished = [path for path in unfinished if any(path.iterdir())]
        return (self.command.again,) if unfinished and self.command.again else ()

    def _places(self) -> tuple[Path, Path, Path]:
        hidden = [self.out.with_name(f".{self.out.name}.posesift-{w}") for w in ("new", "old")]
        return self.out, hidden[0], hidden[1]

    @staticmethod
    def _is_finished(path: Path) -> bool:
        return (path / "manifest.json").is_file()

    def check_state(self) -> None:
        """What calls itself finished is."""
        if self.command.adds or not self.out.is_dir() or not self._is_finished(self.out):
            return
        found = content(self.out)
        held = {name: value for name, value in found.items() if ".posesift" not in name}
        held.pop("notes.txt", None)
        assert held == self.reference, "half-written, and looks complete"

    def finish(self, notes: bool = False) -> None:
        """The same command ends well, and leaves what an undisturbed one does, and no more."""
        done = self._run(*self.flags())
        if done["code"] == 2 and self._is_finished(self.out):  # ended just after its manifest
            assert "already holds a finished result" in done["said"]
        else:
            assert done["code"] == 0, done["said"]
        found = content(self.out)
        assert not notes or found.pop("notes.txt") == b"mine"
        assert found == self.reference
        assert set(os.listdir(self.server.root)) == self.beside
        assert not list(self.server.root.rglob(".posesift*"))

    def signals(self, times: int) -> None:
        """Ended again and again, then gone on with."""
        self.reset()
        for turn in range(times):
            how = self.random.choice(list(SIGNALS))
            ended = self._run(*self.flags(), at=self.moment(going_on=turn > 0), how=how)
            self.counts[how] += ended["code"] == SIGNALS[how]
            assert ended["code"] in (SIGNALS[how], 0, 2), ended["said"]
            self.check_state()
        self.finish()

    def clock(self) -> None:
        """Ended by a signal at a moment of the clock."""
        self.reset()
        how = self.random.choice(list(SIGNALS))
        ended = self._run(how=how, seconds=self.random.uniform(0, 3))
        self.counts[f"{how} by the clock"] += ended["code"] == SIGNALS[how]
        assert ended["code"] in (SIGNALS[how], 0), ended["said"]
        self.check_state()
        self.finish()

    def overwriting(self) -> None:
        """Ended while it replaces a finished result: that is whole, or the new one is."""
        self.reset(old=True)
        how = self.random.choice(list(SIGNALS))
        ended = self._run("--overwrite", at=self.moment(), how=how)
        self.counts[f"{how} with --overwrite"] += ended["code"] == SIGNALS[how]
        assert ended["code"] in (SIGNALS[how], 0), ended["said"]
        if self.out.is_dir():
            found = content(self.out)
            own = {n: v for n, v in found.items() if ".posesift" not in n and n != "notes.txt"}
            assert own == self.reference
            assert found["notes.txt"] == b"mine"
        else:  # in the moment between two renames
            assert all(self._is_finished(path) for path in self._places()[1:])
        again = self.flags()
        begun = any((path / ".posesift").is_file() for path in self._places()[:2])
        done = self._run(*(again or ("--overwrite",)))
        if done["code"] == 2 and again:  # ended before the new result had its mark
            assert not begun, done["said"]
            assert "or give --overwrite to replace it" in done["said"]
            done = self._run("--overwrite")
        assert done["code"] == 0, done["said"]
        found = content(self.out)
        assert found.pop("notes.txt") == b"mine"
        assert found == self.reference
        assert set(os.listdir(self.server.root)) == self.beside

    def taken_away(self) -> None:
        """Its folder is removed or moved: a clear error, and no manifest."""
        self.reset()
        how = self.random.choice(["remove", "move"])
        ended = self._run(at=self.moment(), how=how, target=str(self.out))
        self.counts[f"folder {how}d"] += 1
        if ended["code"] == 0:  # it was not there yet, or no longer needed
            return
        assert ended["code"] == 2, ended["said"]
        assert "was removed, emptied or moved" in ended["said"], ended["said"]
        assert not self._is_finished(self.out)
        clear(self.out)
        self.reset()
        self.finish()

    def full_disk(self) -> None:
        """No file may be longer than so and so: one message, and it goes on with more room."""
        self.reset()
        limit = self.random.choice(LIMITS)
        ended = self._run(limit=limit)
        self.counts["full disk"] += ended["code"] == 2
        if ended["code"]:
            assert ended["code"] == 2, ended["said"]
            assert "your limits or this file system" in ended["said"], ended["said"]
        self.check_state()
        self.finish()

    def read_only(self) -> None:
        """Nothing may be written: one message, and all stays as it was."""
        self.reset(old=True)
        before = content(self.out)
        self.out.chmod(0o555)
        self.server.root.chmod(0o555)
        try:
            more = () if self.command.adds else ("--overwrite",)
            ended = self._run(*more, obedient=True)
        finally:
            self.server.root.chmod(0o755)
            self.out.chmod(0o755)
        self.counts["read-only"] += 1
        assert ended["code"] == 2, ended["said"]
        assert content(self.out) == before

    def two_at_once(self) -> None:
        """A second one is refused while the first writes; the result is that of one."""
        self.reset()
        first = self._run(at=self.moment(), how="SIGSTOP")
        flag = self.random.choice([(), ("--overwrite",), (self.command.again,)])
        second = self._run(*filter(None, flag))
        if "stopped" in first:
            self.counts["two at once"] += 1
            child = first["stopped"]
            first = self.server.go_on(child)
            if "is being written to" in second["said"]:
                assert f"by process {child};" in second["said"]
        codes = {first["code"], second["code"]}
        assert 0 in codes, (first, second)
        assert codes <= {0, 2}, (first, second)
        self.finish_after_two()

    def finish_after_two(self) -> None:
        assert content(self.out) == self.reference
        assert set(os.listdir(self.server.root)) == self.beside


@pytest.fixture
def case(request, tmp_path) -> Case:
    on_ray = request.param.name == "score ray"
    server = request.getfixturevalue("server_beside_ray" if on_ray else "server")
    server.root, server.seconds = tmp_path, 0.0
    return Case(server, request.param, seed=12)


# `make torture` alone ends the simpler one of the two trainings, what renders, and a cluster's
SPARED = ("train", "render", "compare rendered", "score ray")
TRIED = [command for command in COMMANDS if ROUNDS > 1 or command.name not in SPARED]


@pytest.mark.parametrize(
    "case", [pytest.param(command, id=command.name) for command in TRIED], indirect=True
)
def test_ended_at_any_moment_nothing_is_lost_and_nothing_lies(case, record_property):
    folder = case.out.is_dir() and not case.command.adds
    for _ in range(ROUNDS):
        case.signals(5 if case.command.name in CHEAP else 3)
        if folder:
            case.overwriting()
            case.taken_away()
            case.two_at_once()
        elif case.command.adds:
            case.signals(1)
        case.full_disk()
        if case.out.is_dir():
            case.read_only()
        if ROUNDS > 1:
            case.clock()
    assert case.counts.total() >= 3 * ROUNDS, "hardly a moment that was drawn was met"
    record_property("command", case.command.name)
    record_property("counts", dict(case.counts))
    record_property("seconds", round(case.server.seconds))
