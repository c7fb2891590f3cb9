"""What minutes of training with worker processes take, and what is left once they end.

Trains the small network on a built-in world until Ctrl-C, looks every few seconds at the memory
and the descriptors of all its processes, and fits a line to the memory. A second, short training
ends by itself. After both it looks for processes, shared memory and temporary files. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

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


def left(root: Path, session: int, shared: set[str]) -> str:
    """What a training that has ended left: processes, shared memory, temporary files."""
    time.sleep(1)
    hidden = root.rglob(".posesift?*")  # but for the mark of what is unfinished
    found = {
        "processes": [folder.name for folder in processes(session)],
        "files in shared memory": sorted(set(os.listdir(SHARED_MEMORY)) - shared - in_use()),
        "temporary files": sorted(path.name for path in (root / "temporary").rglob("*")),
        "files of PoseSift's own beside the result": sorted(path.name for path in hidden),
    }
    return ", ".join(f"{len(names)} {what} {names or ''}".rstrip() for what, names in found.items())


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="of training")
    parser.add_argument("--skip", type=float, default=30, help="seconds before the first look")
    parser.add_argument("--every", type=float, default=5, help="seconds between looks")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells make & jobs ignore
    shared = set(os.listdir(SHARED_MEMORY))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "temporary").mkdir()
        assert start(root, "score", SOURCE, "--method", "pca", "--out", "score").wait() == 0

        training = train(root, "long", ENDLESS, chosen.workers)
        while not steps_done(root):  # painting and scoring come first
            assert training.poll() is None, (root / "long.log").read_text()
            time.sleep(0.5)
        began = time.monotonic()
        rows = []
        while (now := time.monotonic() - began) < chosen.seconds:
            time.sleep(chosen.every if now >= chosen.skip else chosen.skip - now)
            rows.append((time.monotonic() - began, *look(training.pid)))
        os.killpg(training.pid, signal.SIGINT)  # as the terminal does
        code, took = training.wait(), time.monotonic() - began - rows[-1][0]
        minutes, resident, proportional, descriptors, count = zip(
            *((row[0] / 60, *row[1:]) for row in rows), strict=True
        )
        print(
            f"{rows[-1][0]:.0f} s, {steps_done(root)} steps, {len(rows)} looks at "
            f"{min(count)} to {max(count)} processes"
        )
        for what, values in (("memory", resident), ("shared once", proportional)):
            (slope, _), covariance_22 = np.polyfit(minutes, values, 1, cov=True)
            print(
                f"{what}: {min(values):.0f} to {max(values):.0f} MB, slope {slope:+.2f} MB a "
                f"minute, standard error {covariance_22[0, 0] ** 0.5:.2f}"
            )
        print(f"descriptors: {min(descriptors)} to {max(descriptors)}")
        print(f"Ctrl-C: exit {code} after {took:.1f} s; left: {left(root, training.pid, shared)}")

        training = train(root, "short", 3, chosen.workers)
        code = training.wait()
        print(f"ended by itself: exit {code}; left: {left(root, training.pid, shared)}")


if __name__ == "__main__":
    main()
