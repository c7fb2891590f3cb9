"""How fast the built-in worlds draw poses and paint images, on one core.

Run: OMP_NUM_THREADS=1 python benchmarks/worlds.py [--sides 64 128] [--images 300]
Times are of this process (not of the wall), the best of three. Capsules and people are timed in
turn, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable

import cv2

from posesift.data import worlds
from posesift.data.worlds import mannequin

REPEATS = 3


def rate_of(count: int, work: Callable[[], object]) -> float:
    """Pieces of work a second of processor time."""
    began = time.process_time()
    work()
    return count / (time.process_time() - began)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sides", type=int, nargs="+", default=[64, 128])
    options.add_argument("--images", type=int, default=300)
    options.add_argument("--poses", type=int, default=worlds.BLOCK)
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    print(f"the mannequins: {mannequin.DATA.stat().st_size / 1e6:.2f} MB")
    head = "".join(f"{look + ' img/s':>20}" for look in worlds.LOOKS)
    print(f"{'world':8}{'figure':10}{'side':>6}{'poses/s':>12}{head}")
    for name, side in itertools.product(worlds.WORLDS, chosen.sides):
        drawn, rate = {}, {}
        for figure in worlds.FIGURES:
            drawn[figure] = worlds.sample(name, "target", chosen.images, side=side, figure=figure)
            for look in worlds.LOOKS:
                worlds.paint(drawn[figure], look, range(1))  # makes the banks of textures
        for repeat, figure in itertools.product(range(REPEATS), worlds.FIGURES):
            poses = rate_of(
                chosen.poses,
                lambda n=name, f=figure: worlds.sample(n, "source", chosen.poses, figure=f),
            )
            painted = [
                rate_of(chosen.images, lambda s=drawn[figure], k=look: worlds.paint(s, k))
                for look in worlds.LOOKS
            ]
            found = [poses, *painted]
            rate[figure] = found if repeat == 0 else list(map(max, rate[figure], found))
        for figure in worlds.FIGURES:
            poses, *painted = rate[figure]
            images = "".join(f"{images:20,.0f}" for images in painted)
            print(f"{name:8}{figure:10}{side:6}{poses:12,.0f}{images}")


if __name__ == "__main__":
    main()
