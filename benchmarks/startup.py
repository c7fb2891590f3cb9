"""How long `posesift --help` and a small score take beyond a bare Python, in processor time.

Goals: 0.3 s for the help, which imports neither torch nor matplotlib, and 6 s for a score of 1,000
poses.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 5
WORK = "import posesift.experiments.score, posesift.report.page"


def spent(*arguments: str) -> float:
    """Processor seconds of one run of Python."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen([sys.executable, *arguments], stdout=quiet, stderr=quiet) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"python {' '.join(arguments)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def best(*arguments: str) -> float:
    """Least processor seconds of a few runs, so that other processes disturb little."""
    return min(spent(*arguments) for _ in range(RUNS))


def main() -> None:
    bare, helped = best("-c", "pass"), best("-m", "posesift", "--help")
    print(f"python -c pass {bare:.3f} s, posesift --help {helped:.3f} s, ratio {helped / bare:.1f}")
    print(f"imports of posesift score {best('-c', WORK):.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "score")
        took = spent("-m", "posesift", "score", "world:body,n=1000", "--out", out)
    print(f"posesift score of 1,000 poses {took:.1f} s")


if __name__ == "__main__":
    main()
