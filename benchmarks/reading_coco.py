"""Reading a million COCO annotations: seconds, and memory as a multiple of the file's size.

    python benchmarks/reading_coco.py [--annotations 1000000]

The floor is ``msgspec.json.decode`` of the same bytes: into plain Python objects, and into typed
Structs. Each measurement is a process of its own that reports its wall and processor seconds and by
how much its peak of resident memory grew over that before reading; the best of a few is shown.
Keypoints are whole numbers and there are no outlines, as that is the smallest file for its numbers:
real ones are larger, and so is what they may take.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from posesift.data.readers import read
from posesift.skeletons import load

GOAL_SECONDS, GOAL_TIMES = 30, 5
PLAIN, TYPED, POSESIFT = "msgspec, plain objects", "msgspec, typed", "posesift coco:"


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


def measure(work: str, path: str) -> None:
    """Do one thing in this process, and print what it took as JSON."""
    read("world:body,n=2")  # imports are not the file's
    before, began, worked = peak(), time.perf_counter(), time.process_time()
    if work == POSESIFT:
        count = len(read(f"coco:{path},skeleton=coco17"))
    elif work == TYPED:
        count = len(msgspec.json.decode(Path(path).read_bytes(), type=File).annotations)
    else:
        count = len(msgspec.json.decode(Path(path).read_bytes())["annotations"])
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    row = {"count": count, "wall": seconds, "processor": processor, "grown": peak() - before}
    print(json.dumps(row))


def peak() -> int:
    """The greatest resident memory of this process so far, in bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--annotations", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many is shown")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "annotations.json")
        write_file(path, options.annotations)
        size = path.stat().st_size
        rows: dict[str, list[dict]] = {work: [] for work in (PLAIN, TYPED, POSESIFT)}
        for _ in range(options.repeat):
            for work, found in rows.items():
                command = [sys.executable, __file__, "--measure", work, str(path)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found.append(json.loads(done.stdout))
                assert found[-1]["count"] == options.annotations
    print(f"{options.annotations:,} annotations of 17 keypoints, a file of {size / 1e6:,.0f} MB")
    print(f"{'':24s}{'wall':>9s}{'processor':>11s}{'memory':>11s}{'x file':>8s}")
    for work, found in rows.items():
        wall, processor, grown = (min(r[k] for r in found) for k in ("wall", "processor", "grown"))
        print(f"{work:24s}{wall:8.1f}s{processor:10.1f}s{grown / 1e6:8,.0f} MB{grown / size:8.2f}")
    print(f"the goal: {GOAL_SECONDS} s and {GOAL_TIMES} times the file")


if __name__ == "__main__":
    main()
