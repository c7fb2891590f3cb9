"""How fast the built-in worlds draw poses and paint images, on one core.

    OMP_NUM_THREADS=1 python benchmarks/worlds.py --side 64 --images 300

Times are of this process (not of the wall). Capsules and skinned people take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import cv2
from figures import Figure, in_turns, main

from posesift.data import worlds

CALLED = {"capsules": "", "people": ", people"}
"""How each of `worlds.FIGURES` is called in a figure's name."""


def rates(count: int, works: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Pieces of each work a second of processor time, three times."""
    seconds = in_turns(works, rounds=3)
    return {name: [count / took for took in seconds[name]] for name in works}


def rows(side: int = 64, images: int = 300, poses: int = 2 * worlds.BLOCK) -> Iterator[Figure]:
    """Poses a second of each world, and images a second of each look."""
    cv2.setNumThreads(1)
    for name in worlds.WORLDS:
        draws = {
            figure: lambda name=name, figure=figure: worlds.sample(
                name, "source", poses, figure=figure
            )
            for figure in worlds.FIGURES
        }
        for figure, drawn in rates(poses, draws).items():
            yield Figure(f"{name}{CALLED[figure]}: drawn", drawn, "poses/s")
        samples = {
            figure: worlds.sample(name, "target", images, side=side, figure=figure)
            for figure in worlds.FIGURES
        }
        for look in worlds.LOOKS:
            for sample in samples.values():
                worlds.paint(sample, look, range(1))  # makes the banks of textures
            paints = {
                figure: lambda look=look, sample=sample: worlds.paint(sample, look)
                for figure, sample in samples.items()
            }
            for figure, painted in rates(images, paints).items():
                called = f"{name}{CALLED[figure]}, {look}, {side} px: painted"
                yield Figure(called, painted, "images/s")


if __name__ == "__main__":
    main(rows, images=20, poses=worlds.BLOCK)
