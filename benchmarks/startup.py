"""How long `posesift --help` takes beyond a bare Python, and what it imports."""

from __future__ import annotations

import subprocess
import sys
import time

RUNS = 10


def best(*arguments: str) -> float:
    """Least seconds of a few runs, so that other processes disturb little."""
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> None:
    bare, helped = best("-c", "pass"), best("-m", "posesift", "--help")
    print(f"python -c pass {bare:.3f} s, posesift --help {helped:.3f} s, ratio {helped / bare:.1f}")


if __name__ == "__main__":
    main()
