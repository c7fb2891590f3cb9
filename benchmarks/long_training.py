"""What minutes of training with worker processes take, and what is left once they end.

Trains the small network on a built-in world until Ctrl-C, looks every few seconds at the memory
and the descriptors of all its processes, and fits a line to the memory. A second, short training
ends by itself. After both it looks for processes, shared memory and temporary files. Linux only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from figures import Figure, main

WORLD = "world:body,poses={},look=synthetic,n={},seed=0,side=64"
SOURCE, TARGET = WORLD.format("source", 256), WORLD.format("target", 16)
ENDLESS = 10**9  # steps
SHARED_MEMORY = Path("/dev/shm")


def train(root: Path, out: str, steps: int, workers: int) -> subprocess.Popen[bytes]:
    """Start a training in a process group of its own."""
    more = (
        f"--source {SOURCE} --target {TARGET} --method source-only --network small --side 64 "
        f"--batch-size 32 --device cpu --precision fp32 --threads 1 --workers {workers} "
        f"--warmup-steps 0 --steps {steps} --scorer score --out {out}"
    )
    return start(root, "train", "world-body", *more.split())


def start(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A command in ``root``, with a cache and a folder for temporary files of its own."""
    environment = {
        **os.environ,
        "POSESIFT_CACHE": str(root / "cache"),
        "TMPDIR": str(root / "temporary"),
        "TORCHINDUCTOR_CACHE_DIR": str(root / "cache" / "torch"),  # PyTorch's own, kept on purpose
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "posesift", *arguments],
        cwd=root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=(root / f"{arguments[-1]}.log").open("wb"),
        start_new_session=True,
    )


def processes(session: int) -> list[Path]:
    """Folders in /proc of the living processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if int(of) == session and state != "Z":
            found.append(folder)
    return found


def look(session: int) -> tuple[float, float, int, int]:
    """MB in memory, the same with shared pages counted once, descriptors, and processes."""
    resident = proportional = descriptors = count = 0
    for folder in processes(session):
        try:
            lines = (folder / "smaps_rollup").read_text().splitlines()
            descriptors += len(os.listdir(folder / "fd"))
        except OSError:
            continue
        sizes = {line.split()[0]: line.split()[1] for line in lines[1:]}
        resident += int(sizes["Rss:"])
        proportional += int(sizes["Pss:"])
        count += 1
    return resident / 1000, proportional / 1000, descriptors, count


def left(name: str, root: Path, session: int, shared: set[str]) -> Figure:
    """How much a training that has ended left: processes, shared memory, temporary files."""
    time.sleep(1)
    hidden = root.rglob(".posesift?*")  # but for the mark of what is unfinished
    found = {
        "processes": [folder.name for folder in processes(session)],
        "files in shared memory": sorted(set(os.listdir(SHARED_MEMORY)) - shared - in_use()),
        "temporary files": sorted(path.name for path in (root / "temporary").rglob("*")),
        "files of PoseSift's own beside the result": sorted(path.name for path in hidden),
    }
    seen = ", ".join(f"{len(names)} {what} {names or ''}".rstrip() for what, names in found.items())
    return Figure(f"left {name}", [sum(map(len, found.values()))], "things", most=0, beside=seen)


def in_use() -> set[str]:
    """Files in shared memory that a living process has in its memory."""
    found = set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            words = maps.read_text().split()
            found |= {Path(word).name for word in words if word.startswith(f"{SHARED_MEMORY}/")}
    return found


def steps_done(root: Path) -> int:
    """Steps that the newest whole line of the journal tells of; 0 before the first."""
    journal = root / "long" / "metrics.jsonl"
    lines = journal.read_text().split("\n")[:-1] if journal.is_file() else []
    return json.loads(lines[-1])["step"] if lines else 0


def rows(
    seconds: float = 60, skip: float = 15, every: float = 5, workers: int = 2
) -> Iterator[Figure]:
    """Memory and descriptors in so many seconds of training, and what is left of it.

    Args:
        seconds: of training.
        skip: seconds before the first look.
        every: seconds between looks.
        workers: processes that load.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells make & jobs ignore
    shared = set(os.listdir(SHARED_MEMORY))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "temporary").mkdir()
        assert start(root, "score", SOURCE, "--method", "pca", "--out", "score").wait() == 0

        training = train(root, "long", ENDLESS, workers)
        while not steps_done(root):  # painting and scoring come first
            assert training.poll() is None, (root / "long.log").read_text()
            time.sleep(0.5)
        began = time.monotonic()
        looks = []
        while (now := time.monotonic() - began) < seconds:
            time.sleep(every if now >= skip else skip - now)
            looks.append((time.monotonic() - began, *look(training.pid)))
        steps = steps_done(root)
        os.killpg(training.pid, signal.SIGINT)  # as the terminal does
        code, took = training.wait(), time.monotonic() - began - looks[-1][0]
        clock, resident, proportional, descriptors, count = zip(*looks, strict=True)
        minutes = np.array(clock) / 60
        length = f"in {seconds:.0f} s"
        beside = f"{steps} steps, {len(looks)} looks at {min(count)} to {max(count)} processes"
        for what, values in (("memory", resident), ("memory, shared once", proportional)):
            (slope, _), covariance_22 = np.polyfit(minutes, values, 1, cov=True)
            error = covariance_22[0, 0] ** 0.5
            yield Figure(f"{what} {length}", values, "MB", beside=beside)
            slopes = [slope - error, slope, slope + error]
            yield Figure(f"slope of {what} {length}", slopes, "MB/min", beside="standard error")
        yield Figure(f"descriptors {length}", descriptors, "open")
        yield Figure("Ctrl-C until the end", [took], "s", beside=f"exit {code}")
        yield left("after Ctrl-C", root, training.pid, shared)

        training = train(root, "short", 3, workers)
        code = training.wait()
        assert code == 0, (root / "short.log").read_text()
        yield left("after a training that ended by itself", root, training.pid, shared)


if __name__ == "__main__":
    main(rows, seconds=12, skip=2, every=2)
