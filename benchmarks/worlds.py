"""How fast the built-in worlds draw poses and paint images, on one core.

    OMP_NUM_THREADS=1 python benchmarks/worlds.py --images 200

Times are of this process (not of the wall). ``occluded`` is what a pose costs when somebody looks
at that column of its table, beside the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np
from figures import Figure, in_turns, main

from posesift.data import worlds

LEAST = {64: 150.0, 128: 60.0}
"""Images a second that each side in px is to reach."""


def rows(images: int = 200, poses: int = 2 * worlds.BLOCK) -> Iterator[Figure]:
    """Poses a second of each world, and images a second of each look and side."""
    cv2.setNumThreads(1)
    for name in worlds.WORLDS:
        hide = partial(_look, name, iter(range(1, 4)), images)
        took = in_turns({"drawn": lambda name=name: worlds.sample(name, n=poses)}, 3)
        yield Figure(f"{name}: drawn", [poses / seconds for seconds in took["drawn"]], "poses/s")
        worlds.sample(name, n=1).table.occluded_NK  # noqa: B018  (reads the mannequin)
        took = in_turns({"occluded": hide}, 3)
        found = [images / seconds for seconds in took["occluded"]]
        yield Figure(f"{name}: occluded", found, "poses/s")
        for side, least in LEAST.items():
            sampled = worlds.sample(name, "target", images, side=side)
            for look in worlds.LOOKS:
                worlds.paint(sampled, look, [0])  # makes cloth and backgrounds
            paints = {look: partial(worlds.paint, sampled, look) for look in worlds.LOOKS}
            for look, seconds_R in in_turns(paints, 3).items():
                found = [images / seconds for seconds in seconds_R]
                yield Figure(f"{name}, {look}, {side} px: painted", found, "images/s", least=least)


def _look(name: str, seeds: Iterator[int], count: int) -> np.ndarray | None:
    """Ask which keypoints of poses that nobody has looked at are hidden."""
    return worlds.sample(name, "target", count, seed=next(seeds)).table.occluded_NK


if __name__ == "__main__":
    main(rows, images=20, poses=worlds.BLOCK)
