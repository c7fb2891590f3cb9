"""Loading a batch, against the least it could cost: decode each photograph and warp it once.

    python benchmarks/loading.py

The floor is ``cv2.imdecode`` and one ``cv2.warpAffine`` an image, on bytes that are in memory. Both
are timed in turns in one process, by processor time, on photographs that the script writes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from posesift.data.loading import PoseDataset
from posesift.data.readers import read

BATCH = 32
GOAL = 1.3


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


def measure(count: int, width: int, height: int, side: int) -> float:
    """Print one line; return loading over the floor."""
    with tempfile.TemporaryDirectory() as name:
        write_photographs(Path(name), count, width, height)
        table = read(f"images:{name}")
        dataset = PoseDataset(table, side, keep=False)
        contents = [np.fromfile(Path(name) / image, np.uint8) for image in table.image_N]
        matrices = dataset.to_crop_N23

        def floor() -> None:
            for content, matrix in zip(contents, matrices, strict=True):
                cv2.warpAffine(cv2.imdecode(content, cv2.IMREAD_COLOR), matrix, (side, side))

        def loading() -> None:
            for first in range(0, count, BATCH):
                dataset.batch(np.arange(first, min(first + BATCH, count)))

        kept = PoseDataset(table, side)
        times = {floor: [], loading: []}
        for _ in range(5):
            for work, seconds in times.items():
                began = time.process_time()
                work()
                seconds.append(time.process_time() - began)
        kept.batch(range(count))
        began = time.process_time()
        kept.batch(range(count))
        again = time.process_time() - began
    low, took = min(times[floor]), min(times[loading])
    per_image = [1e3 * seconds / count for seconds in (low, took, again)]
    print(
        f"{width:5d} x {height:<5d}{side:5d} px{per_image[0]:10.3f} ms{per_image[1]:10.3f} ms"
        f"{per_image[2]:10.4f} ms{took / low:8.2f}"
    )
    return took / low


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=96, help="photographs")
    count = parser.parse_args().count
    cv2.setNumThreads(1)
    print(f"{'image':>13s}{'crop':>8s}{'floor':>13s}{'loading':>13s}{'kept':>13s}{'ratio':>8s}")
    cases = [(250, 200, 64), (250, 200, 256), (640, 480, 256), (640, 480, 64), (1280, 960, 256)]
    worst = max(measure(count, *case) for case in cases)
    print(f"worst ratio {worst:.2f}; the goal is at most {GOAL}")


if __name__ == "__main__":
    main()
