"""How fast the built-in worlds draw poses and paint images, on one core.

Run: OMP_NUM_THREADS=1 python benchmarks/worlds.py [--side 64] [--images 300]
Times are of this process (not of the wall), the best of three.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import cv2

from posesift.data import worlds


def best_rate(count: int, work: Callable[[], object], repeats: int = 3) -> float:
    """Pieces of work a second of processor time."""
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return count / min(seconds)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--side", type=int, default=64)
    options.add_argument("--images", type=int, default=300)
    options.add_argument("--poses", type=int, default=10 * worlds.BLOCK)
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    print(
        f"{'world':8}{'poses/s':>12}" + "".join(f"{look + ' img/s':>20}" for look in worlds.LOOKS)
    )
    for name in worlds.WORLDS:
        poses = best_rate(chosen.poses, lambda n=name: worlds.sample(n, "source", chosen.poses))
        sample = worlds.sample(name, "target", chosen.images, side=chosen.side)
        rates = []
        for look in worlds.LOOKS:
            worlds.paint(sample, look, range(1))  # makes the banks of textures
            rates.append(best_rate(len(sample), lambda s=sample, w=look: worlds.paint(s, w)))
        print(f"{name:8}{poses:12,.0f}" + "".join(f"{rate:20,.0f}" for rate in rates))


if __name__ == "__main__":
    main()
