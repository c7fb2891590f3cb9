"""How fast the built-in worlds draw poses and paint images, on one core.

    OMP_NUM_THREADS=1 python benchmarks/worlds.py --side 64 --images 300

Times are of this process (not of the wall).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
from figures import Figure, in_turns, main

from posesift.data import worlds


def rates(count: int, work: Callable[[], object]) -> list[float]:
    """Pieces of work a second of processor time, three times."""
    return [count / took for took in in_turns({"": work}, rounds=3)[""]]


def rows(side: int = 64, images: int = 300, poses: int = 10 * worlds.BLOCK) -> Iterator[Figure]:
    """Poses a second of each world, and images a second of each look."""
    cv2.setNumThreads(1)
    for name in worlds.WORLDS:
        drawn = rates(poses, lambda name=name: worlds.sample(name, "source", poses))
        yield Figure(f"{name}: drawn", drawn, "poses/s")
        sample = worlds.sample(name, "target", images, side=side)
        for look in worlds.LOOKS:
            worlds.paint(sample, look, range(1))  # makes the banks of textures
            painted = rates(images, lambda look=look, s=sample: worlds.paint(s, look))
            yield Figure(f"{name}, {look}, {side} px: painted", painted, "images/s")


if __name__ == "__main__":
    main(rows, images=20, poses=worlds.BLOCK)
