"""The commands that write, each on the least data that it can do its work with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.datasets import write_coco

from posesift.data.readers import read
from posesift.data.worlds import SPLITS

WORLD = "world:body,poses={},look=synthetic,seed=0,side=32,n={}"
SOURCE, TARGET = WORLD.format("source", 24) + ",split=train", WORLD.format("target", 16)
SMALL = (
    "--network", "small", "--side", "32", "--batch-size", "4", "--device", "cpu",
    "--precision", "fp32", "--threads", "1", "--warmup-steps", "2", "--steps", "2",
)  # fmt: skip
DATA = ("--source", SOURCE, "--target", TARGET)


@dataclass(frozen=True)
class Command:
    """A command as people type it.

    Attributes:
        name: of the case.
        arguments: of a fresh start.
        again: the flag by which the same command goes on with what is unfinished; empty where it
            needs none.
        needs: results that are made before, by folder: their commands' arguments.
        out: what it writes, in the working folder.
        adds: whether it adds to a result that is there.
    """

    name: str
    arguments: tuple[str, ...]
    again: str = ""
    needs: tuple[tuple[str, ...], ...] = ()
    out: str = "out"
    adds: bool = False


SCORED = ("score", SOURCE, "--method", "pca", "--bins", "3", "--out", "scored")
TRAINED = ("train", "world-body", *DATA, *SMALL, "--scorer", "scored", "--out", "trained")
PEOPLE = "coco:raw/annotations.json,images=raw/photos,skeleton=coco17"
PEOPLE_SCORED = ("score", PEOPLE, "--method", "pca", "--bins", "2", "--out", "people")
COMMANDS = (
    Command("check", ("check", WORLD.format("source", 4), "--sheet", "out.png"), out="out.png"),
    Command("prepare", ("prepare", "coco", "raw/annotations.json,images=raw/photos,skeleton=coco17",
                        "--side", "32", "--workers", "2", "--out", "out"), "--resume"),
    Command("score", ("score", SOURCE, "--method", "pca", "--bins", "3", "--out", "out"),
            "--overwrite"),
    Command("score ray", ("score", "poses:table.parquet", "--method", "pca", "--bins", "3",
                          "--engine", "ray", "--out", "out"), "--overwrite"),
    Command("subset", ("subset", "people", "--fraction", "0.5", "--format", "yolo",
                       "--out", "out"), "--overwrite", (PEOPLE_SCORED,)),
    Command("render", ("render", "world:hand,side=32", "--n", "12", "--workers", "1", "--out",
                       "out"), "--resume"),
    Command("train", (*TRAINED[:-1], "out", "--method", "source-only"), "--resume", (SCORED,)),
    Command("train udape", (*TRAINED[:-1], "out", "--method", "udape", "--sampling", "hard-mining"),
            "--resume", (SCORED,)),
    Command("compare", ("compare", "world-body", *DATA, *SMALL, "--methods", "source-only",
                        "--samplings", "uniform,easy", "--seeds", "1", "--no-oracle",
                        "--out", "out"), "--resume"),
    Command("compare rendered", ("compare", "world-body", *DATA, *SMALL, "--methods", "source-only",
                                 "--samplings", "rendered-like-target", "--rendered", "4",
                                 "--looks-at", "labels", "--seeds", "1", "--no-oracle",
                                 "--out", "out"), "--resume"),
    Command("evaluate", ("evaluate", "trained", TARGET, "--device", "cpu", "--out", "out"),
            "--overwrite", (SCORED, (*TRAINED, "--method", "source-only"))),
    Command("predict", ("predict", "trained", "raw/photos", "--boxes", "raw/annotations.json",
                        "--overlays", "--device", "cpu", "--out", "out"),
            "--resume", (SCORED, (*TRAINED, "--method", "source-only"))),
    Command("report", ("report", "out"), "", ((*SCORED[:-1], "out"),), adds=True),
)  # fmt: skip


class Server:
    """Runs commands in processes that can be ended at will; see ``server.py``.

    Args:
        environment: what they find there beside what is there already.
    """

    def __init__(self, **environment: str):
        self.root = Path()  # where commands run, with their cache
        self.seconds = 0.0  # of processor time, of all commands
        program = Path(__file__).with_name("server.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program), SOURCE, *(f"{TARGET},split={s}" for s in SPLITS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        self._read()

    def run(
        self,
        arguments: tuple[str, ...],
        *,
        at: int = -1,
        how: str = "nothing",
        target: str = "",
        limit: int | None = None,
        obedient: bool = False,
        seconds: float | None = None,
    ) -> dict[str, Any]:
        """Run one command; at its ``at``-th file operation, or after ``seconds``, do ``how``."""
        asked = {
            "root": str(self.root), "arguments": arguments, "at": at, "how": how,
            "target": target, "limit": limit, "obedient": obedient, "seconds": seconds,
        }  # fmt: skip
        return self._ask(asked)

    def go_on(self, child: int) -> dict[str, Any]:
        """Let a stopped command go on to its end."""
        return self._ask({"go_on": child})

    def close(self) -> None:
        """End the server."""
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        self.seconds += answer.get("seconds", 0.0)
        return answer

    def _read(self) -> dict[str, Any]:
        return json.loads(self._process.stdout.readline())


def prepared_root(server: Server, command: Command) -> None:
    """Make what a command reads, and fill the cache."""
    if command.name in ("prepare", "subset", "predict"):
        write_coco(server.root / "raw", n=12)
    if command.name == "score ray":
        read(SOURCE).save(server.root / "table.parquet")
    for arguments in command.needs:
        done = server.run(arguments)
        assert done["code"] == 0, done["said"]


def content(path: Path) -> dict[str, Any]:
    """What a result holds, by file, without what no two runs have in common.

    That is the page, the measured times, and the sizes of the files with either.
    """
    if not path.is_dir():
        return {"": path.read_bytes()} if path.exists() else {}
    found: dict[str, Any] = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_dir():
            continue
        if file.name == "report.html":
            found[name] = "a page"
        elif file.name == "summary.json":
            found[name] = json.loads(file.read_text()) | {"seconds": 0}
        elif file.name == "metrics.jsonl":
            lines = map(json.loads, file.read_text().splitlines())
            found[name] = [line | {"steps_per_second": 0} for line in lines]
        elif file.name == "manifest.json":
            found[name] = json.loads(file.read_text())
            timed = ("report.html", "summary.json", "metrics.jsonl")
            files = found[name]["files"]
            found[name]["files"] = {k: None if k.endswith(timed) else v for k, v in files.items()}
        else:
            found[name] = file.read_bytes()
    return found


def clear(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
