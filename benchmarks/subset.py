"""A subset of a million annotations: seconds and memory, as ratios to reading them once.

    python benchmarks/subset.py [--annotations 1000000]

The floor is ``read`` of the same COCO file, whose images lie there; everybody who trains on it pays
that. Measured is the whole command: reading, choosing a fifth by hard mining, writing labels and
weights, and the page. Each measurement is a process of its own that reports its wall and processor
seconds and by how much its peak of resident memory grew over that before; the best of a few is
shown. Two people share an image; all images are links to a few small pictures, so that the disk
holds them. Poses repeat, so that of near duplicates all but a thousand go. The scores are distances
to the mean pose, which are quick to make.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from reading_coco import peak, write_file

from posesift import cli
from posesift.data.readers import read
from posesift.experiments.score import ScoreSettings, score_poses

LINKS = 30_000  # of one file: file systems limit them
ADDRESS = "coco:{0}/annotations.json,images={0}/photos,skeleton=coco17"
READ = "read once"
WORKS = {
    READ: (),
    "COCO, images stay": ("--format", "coco", "--images", "keep"),
    "COCO, images linked": ("--format", "coco", "--images", "link"),
    "YOLO, images linked": ("--format", "yolo", "--images", "link"),
    "without near duplicates": (
        "--format",
        "coco",
        "--images",
        "keep",
        "--min-distance",
        "5",
        "--n",
        "500",
    ),
}


def write_set(folder: Path, count: int) -> None:
    """A COCO file with its images, and its scores beside it."""
    write_file(folder / "annotations.json", count)
    photos = folder / "photos"
    photos.mkdir()
    picture = np.full((480, 640, 3), 90, np.uint8)
    for number in range(-(-count // 2)):
        path = photos / f"{number:012d}.jpg"
        if number % LINKS == 0:
            first = path
            cv2.imwrite(str(path), picture)
        else:
            path.hardlink_to(first)
    (folder / "scores").mkdir()
    settings = ScoreSettings(method="mean-distance", check=False)
    score_poses(read(ADDRESS.format(folder)), folder / "scores", settings)


def measure(work: str, folder: Path, address: str) -> None:
    """Do one thing in this process, and print what it took as JSON."""
    read("world:body,n=2")  # imports are not the data's
    out = folder / "out"
    before, began, worked = peak(), time.perf_counter(), time.process_time()
    if work == READ:
        read(address)
    else:
        size = () if "--n" in WORKS[work] else ("--fraction", "0.2")
        words = ["subset", str(folder / "scores"), *size, *WORKS[work]]
        assert cli.main([*words, "--json", "--out", str(out)]) == 0
    seconds, processor = time.perf_counter() - began, time.process_time() - worked
    row = {"wall": seconds, "processor": processor, "grown": peak() - before}
    print(json.dumps(row))
    shutil.rmtree(out, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--annotations", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many is shown")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_set(options.write, options.annotations)
        return
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]), options.measure[2])
        return
    rows: dict[str, list[dict]] = {work: [] for work in WORKS}
    with tempfile.TemporaryDirectory() as name:
        # a process of its own: a child's peak of memory begins with that of its parent
        asked = ["--write", name, "--annotations", str(options.annotations)]
        subprocess.run([sys.executable, __file__, *asked], check=True)
        address = ADDRESS.format(name)
        for _ in range(options.repeat):
            for work, found in rows.items():
                command = [sys.executable, __file__, "--measure", work, name, address]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found.append(json.loads(done.stdout.splitlines()[-1]))
    best = {
        work: {key: min(row[key] for row in found) for key in found[0]}
        for work, found in rows.items()
    }
    print(f"{options.annotations:,} annotations, two an image; a fifth of them taken")
    print(f"{'':26s}{'wall':>9s}{'processor':>11s}{'x read':>8s}{'memory':>11s}{'x read':>8s}")
    for work, row in best.items():
        times, more = (row[key] / best[READ][key] for key in ("wall", "grown"))
        print(
            f"{work:26s}{row['wall']:8.1f}s{row['processor']:10.1f}s{times:8.2f}"
            f"{row['grown'] / 1e6:8,.0f} MB{more:8.2f}"
        )


if __name__ == "__main__":
    main()
