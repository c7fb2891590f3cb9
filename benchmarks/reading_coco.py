"""Reading a million COCO annotations: seconds, and memory as a multiple of the file's size.

    python benchmarks/reading_coco.py [--annotations 1000000]

The floor is ``msgspec.json.decode`` of the same bytes: into plain Python objects, and into typed
Structs. Each measurement is a process of its own that reports its wall and processor seconds and by
how much its peak of resident memory grew over that before reading; the best of a few is shown.
Keypoints are whole numbers and there are no outlines, as that is the smallest file for its numbers:
real ones are larger, and so is what they may take.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from figures import Figure, apart, main, peak_mb

from posesift.data.readers import read
from posesift.skeletons import load

GOAL_SECONDS, GOAL_TIMES = 30, 5
PLAIN, TYPED, POSESIFT = "msgspec, plain objects", "msgspec, typed", "posesift"


class Annotation(msgspec.Struct, gc=False):
    """What a reader needs of an annotation."""

    id: int
    image_id: int
    category_id: int
    keypoints: list[float]
    bbox: list[float]


class File(msgspec.Struct):
    """The file, typed."""

    images: list[dict]
    annotations: list[Annotation]


def write_file(path: Path, count: int, people: int = 2) -> None:
    """A file of ``count`` annotations, ``people`` an image; the poses repeat, the ids do not."""
    rng = np.random.default_rng(0)
    poses = []
    for _ in range(1000):
        joints_K3 = np.column_stack(
            [rng.integers(0, 640, 17), rng.integers(0, 480, 17), rng.choice([0, 1, 2, 2, 2], 17)]
        )
        joints_K3[joints_K3[:, 2] == 0] = 0
        joints_K3[0] = (320, 240, 2)
        corner, size = rng.uniform(0, 100, 2).round(2), rng.uniform(50, 300, 2).round(2)
        annotation = {
            "category_id": 1,
            "iscrowd": 0,
            "num_keypoints": int((joints_K3[:, 2] > 0).sum()),
            "area": round(float(size.prod()), 4),
            "bbox": [*corner.tolist(), *size.tolist()],
            "keypoints": joints_K3.reshape(-1).tolist(),
        }
        poses.append(json.dumps(annotation, separators=(",", ":"))[1:])
    category = {"id": 1, "name": "person", "keypoints": list(load("coco17").keypoints)}
    with path.open("w") as file:
        file.write(f'{{"categories":[{json.dumps(category)}],"images":[')
        file.writelines(
            f'{"," * (i > 0)}{{"id":{i},"file_name":"{i:012d}.jpg","width":640,"height":480}}'
            for i in range(-(-count // people))
        )
        file.write('],"annotations":[')
        file.writelines(
            f'{"," * (i > 0)}{{"id":{i},"image_id":{i // people},{poses[i % len(poses)]}'
            for i in range(count)
        )
        file.write("]}")


def measure(work: str, path: Path) -> tuple[int, float, float, float]:
    """Annotations, seconds by the clock and of processor, and MB grown, of one thing done once."""
    read("world:body,n=2")  # imports are not the file's
    before, began, worked = peak_mb(), time.perf_counter(), time.process_time()
    if work == POSESIFT:
        count = len(read(f"coco:{path},skeleton=coco17"))
    elif work == TYPED:
        count = len(msgspec.json.decode(path.read_bytes(), type=File).annotations)
    else:
        count = len(msgspec.json.decode(path.read_bytes())["annotations"])
    clock, processor = time.perf_counter() - began, time.process_time() - worked
    return count, clock, processor, peak_mb() - before


def rows(annotations: int = 1_000_000, repeat: int = 1) -> Iterator[Figure]:
    """Seconds, and memory over the file's size, of each way to read it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "annotations.json")
        write_file(path, annotations)
        size = path.stat().st_size / 1e6
        found: dict[str, list] = {work: [] for work in (PLAIN, TYPED, POSESIFT)}
        for _ in range(repeat):
            for work, taken in found.items():
                taken.append(apart(measure, work, path))
                assert taken[-1][0] == annotations
    for work, taken in found.items():
        _, clocks, seconds, grown = zip(*taken, strict=True)
        bounds = (GOAL_SECONDS, GOAL_TIMES) if work == POSESIFT else (None, None)
        name, beside = f"{annotations:,}, {work}", f"{min(clocks):.1f} s by the clock"
        yield Figure(f"{name}: processor", seconds, "s", most=bounds[0], beside=beside)
        times = [mb / size for mb in grown]
        beside = f"{min(grown):,.0f} MB, of a file of {size:,.0f} MB"
        yield Figure(f"{name}: memory over the file", times, most=bounds[1], beside=beside)


if __name__ == "__main__":
    main(rows, annotations=2_000, repeat=1)
