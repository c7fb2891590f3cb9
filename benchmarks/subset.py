"""A subset of a million annotations: seconds and memory, as ratios to reading them once.

    python benchmarks/subset.py --annotations 1000000

The floor is ``read`` of the same COCO file, whose images lie there; everybody who trains on it pays
that. Measured is the whole command: reading, choosing a fifth by hard mining, writing labels and
weights, and the page. Each measurement is a process of its own that reports its seconds by the
clock and of processor, and by how much its peak of resident memory grew over that before. Two
people share an image; all images are links to a few small pictures, so that the disk holds them.
Poses repeat, so that of near duplicates all but a thousand go. The scores are distances to the mean
pose, which are quick to make.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from figures import Figure, apart, main, over, peak_mb
from reading_coco import write_file

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
        *("--format", "coco", "--images", "keep"),
        *("--min-distance", "5", "--n", "500"),
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


def measure(work: str, folder: Path) -> tuple[float, float, float]:
    """Seconds by the clock and of processor, and MB grown, of one thing done once."""
    address, out = ADDRESS.format(folder), folder / "out"
    read("world:body,n=2")  # imports are not the data's
    before, began, worked = peak_mb(), time.perf_counter(), time.process_time()
    if work == READ:
        read(address)
    else:
        size = () if "--n" in WORKS[work] else ("--fraction", "0.2")
        words = ["subset", str(folder / "scores"), *size, *WORKS[work]]
        with contextlib.redirect_stdout(io.StringIO()):
            assert cli.main([*words, "--json", "--out", str(out)]) == 0
    clock, processor = time.perf_counter() - began, time.process_time() - worked
    shutil.rmtree(out, ignore_errors=True)
    return clock, processor, peak_mb() - before


def rows(annotations: int = 200_000, repeat: int = 1) -> Iterator[Figure]:
    """Seconds and memory of each kind of subset, over those of reading once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        apart(write_set, folder, annotations)
        found: dict[str, list[tuple[float, float, float]]] = {work: [] for work in WORKS}
        for _ in range(repeat):
            for work, taken in found.items():
                taken.append(apart(measure, work, folder))
    read_once = [list(values) for values in zip(*found.pop(READ), strict=True)]
    for work, taken in found.items():
        clocks, seconds, grown = (list(values) for values in zip(*taken, strict=True))
        name = f"a fifth of {annotations:,}, {work}"
        beside = f"{min(clocks):.1f} s by the clock, processor {min(seconds):.1f}"
        yield Figure(f"{name}: over reading", over(clocks, read_once[0]), beside=beside)
        memory = over(grown, read_once[2])
        yield Figure(f"{name}: memory over reading", memory, beside=f"{min(grown):,.0f} MB")


if __name__ == "__main__":
    main(rows, annotations=4_000, repeat=1)
