"""Reading the labels of a million video frames, against the least that it could cost.

    python benchmarks/reading.py

The data are a SURREAL tree with the owners' variables, all of them, in compressed MATLAB files: 500
clips of 100 frames with labels of their own, and each of them under 20 names (hard links), which
makes 10,000 files and a million frames. Every file is opened and decoded each time it is met, but
comes from memory, not from a disk. Videos are a few bytes: labels are read without opening them.

The floor is ``scipy.io.loadmat`` of the one variable that is needed, of the same files. Both are
timed clip by clip in one process, in turns of a tenth of the set, by processor time. Memory is the
process's resident set, looked at after every part: the most in the last tenth less the most in the
first tenth must be nothing to speak of, however many clips there are.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.io
from figures import Figure, main, over

from posesift.data.readers import surreal

CLIPS, FRAMES = 500, 100
GOAL_SECONDS = 60  # for a million labels on one core
GOAL_GROWTH = 16  # MB


def write_tree(folder: Path, links: int) -> int:
    """Returns the number of frames."""
    rng = np.random.default_rng(0)
    for clip in range(CLIPS):
        sequence = folder / f"cmu/train/run0/{clip:03d}_01"
        sequence.mkdir(parents=True)
        first = sequence / f"{sequence.name}_c0001"
        write_labels(Path(f"{first}_info.mat"), rng)
        Path(f"{first}.mp4").write_bytes(b"no video")
        for number in range(2, links + 1):
            for ending in ("_info.mat", ".mp4"):
                os.link(f"{first}{ending}", sequence / f"{sequence.name}_c{number:04d}{ending}")
    return CLIPS * FRAMES * links


def write_labels(path: Path, rng: np.random.Generator) -> None:
    """Someone wanders through the picture, and now and then out of it."""
    start_21T = rng.uniform(100, 220, (2, 1, 1)) * [[[1]], [[0.75]]]
    walk_21T = np.cumsum(rng.normal(0, 2, (2, 1, FRAMES)), axis=2)
    body_24T = rng.normal(0, 30, (2, 24, 1)) + np.cumsum(rng.normal(0, 1, (2, 24, FRAMES)), axis=2)
    joints2D = np.round(start_21T + walk_21T + body_24T).astype(np.float32)
    names = np.array([f"/lsun/bedroom_{n:06d}.jpg" for n in range(FRAMES)], dtype=object)[None]
    scipy.io.savemat(
        path,
        {
            "sequence": path.name.removesuffix("_info.mat"),
            "clipNo": np.uint8(1),
            "source": "cmu",
            "bg": names,
            "gender": np.zeros((FRAMES, 1), np.uint8),
            "light": rng.normal(size=(9, FRAMES)).astype(np.float32),
            "stride": np.uint8(50),
            "camDist": np.float32(6.7),
            "camLoc": rng.normal(size=(3, 1)).astype(np.float32),
            "joints2D": joints2D,
            "joints3D": rng.normal(size=(3, 24, FRAMES)).astype(np.float32),
            "pose": rng.normal(size=(72, FRAMES)).astype(np.float32),
            "zrot": np.full((FRAMES, 1), 2.7, np.float32),
            "cloth": names,
            "shape": rng.normal(size=(10, FRAMES)).astype(np.float32),
        },
        do_compression=True,
    )


def resident_mb() -> float:
    """Memory of this process now (Linux; elsewhere the most it ever had)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return pages * resource.getpagesize() / 1e6


def rows(links: int = 20) -> Iterator[Figure]:
    """Time over the floor, seconds, and growth of memory; ``links`` names for each clip."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        frames = write_tree(folder, links)
        began = time.process_time()
        parts = list(surreal.parts(str(folder)))
        finding = time.process_time() - began
        tenth = -(-len(parts) // 10)
        floor, reading, highest, poses = [], [], [], 0
        for first in range(0, len(parts), tenth):
            some = parts[first : first + tenth]
            began = time.process_time()
            for part in some:
                labels = folder / (part.name.removesuffix(".mp4") + "_info.mat")
                scipy.io.loadmat(labels, variable_names=["joints2D"])
            floor.append(time.process_time() - began)
            most, took = 0.0, 0.0
            for part in some:
                began = time.process_time()
                poses += len(part.read())
                took += time.process_time() - began
                most = max(most, resident_mb())
            reading.append(took + finding * len(some) / len(parts))
            highest.append(most)
    yield Figure(
        f"{frames:,} frames, over loadmat",
        over(reading, floor),
        beside=f"{len(parts)} clips, {poses} frames show a joint; finding {finding:.1f} s",
    )
    million = [took * len(reading) * 1e6 / frames for took in reading]
    yield Figure(f"a million frames, of {frames:,}", million, "s", most=GOAL_SECONDS)
    growth, begun = highest[-1] - highest[0], f"{highest[0]:.1f} MB in the first tenth"
    yield Figure(f"growth over {frames:,}", [growth], "MB", most=GOAL_GROWTH, beside=begun)


if __name__ == "__main__":
    main(rows, links=1)
