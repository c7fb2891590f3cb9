"""Loading a batch, against the least it could cost: decode each photograph and warp it once.

    python benchmarks/loading.py

The floor is ``cv2.imdecode`` and one ``cv2.warpAffine`` an image, on bytes that are in memory. Both
are timed in turns in one process, by processor time, on photographs that the script writes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from figures import Figure, in_turns, main, over

from posesift.data.loading import PoseDataset
from posesift.data.readers import read

BATCH = 32
GOAL = 1.3
CASES = ((250, 200, 64), (250, 200, 256), (640, 480, 256), (640, 480, 64), (1280, 960, 256))


def write_photographs(folder: Path, count: int, width: int, height: int) -> None:
    """JPEGs with the detail of photographs: noise at every scale."""
    rng = np.random.default_rng(0)
    for number in range(count):
        image = np.zeros((height, width, 3), np.float32)
        for scale in (1, 4, 16, 64):
            noise = rng.normal(0, 10 * scale**0.4, (height // scale + 2, width // scale + 2, 3))
            image += cv2.resize(noise.astype(np.float32), (width, height))
        pixels = np.clip(image + 128, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])


def measure(count: int, width: int, height: int, side: int) -> Figure:
    """Loading over the floor, for one size of photographs and crops."""
    with tempfile.TemporaryDirectory() as name:
        write_photographs(Path(name), count, width, height)
        table = read(f"images:{name}")
        dataset, kept = PoseDataset(table, side, keep=False), PoseDataset(table, side)
        contents = [np.fromfile(Path(name) / image, np.uint8) for image in table.image_N]
        kept.batch(range(count))

        def floor() -> None:
            for content, matrix in zip(contents, dataset.to_crop_N23, strict=True):
                cv2.warpAffine(cv2.imdecode(content, cv2.IMREAD_COLOR), matrix, (side, side))

        def loading() -> None:
            for first in range(0, count, BATCH):
                dataset.batch(np.arange(first, min(first + BATCH, count)))

        works = {"floor": floor, "loading": loading, "kept": lambda: kept.batch(range(count))}
        seconds = in_turns(works, rounds=5)
    each = ", ".join(f"{what} {1e3 * min(took) / count:.4f}" for what, took in seconds.items())
    return Figure(
        f"{width} x {height}, crops of {side} px",
        over(seconds["loading"], seconds["floor"]),
        most=GOAL,
        beside=f"ms an image: {each}",
    )


def rows(count: int = 48) -> Iterator[Figure]:
    """One figure for each size; ``count`` photographs."""
    cv2.setNumThreads(1)
    for case in CASES:
        yield measure(count, *case)


if __name__ == "__main__":
    main(rows, count=8)
