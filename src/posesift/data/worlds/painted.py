"""Painted worlds, kept on disk: each image is painted once and then read like any other file.

An uncompressed ``.npy`` of uint8 crops, opened as a memory map, is as fast to load as anything can
be. It lies in the cache folder, under a name that holds all that the images depend on. Large sets
are painted by several processes; these import neither torch nor the user's script.

Names: N samples, S side.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
import sys
import types
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import cv2
import numpy as np

from posesift import progress, storage
from posesift.data import worlds
from posesift.data.address import parse
from posesift.poses.table import PoseTable

PAINTER_VERSION = 2
"""Raise it whenever images of the same samples come out otherwise than before."""

POOL_FROM = 600
"""Fewer images are painted in this process: starting others takes a second or two."""

CHUNK = 256
"""Images that a process paints at a time."""


def painted(table: PoseTable, workers: int | None = None) -> np.ndarray:
    """The images of a world's table: (N, S, S, 3) uint8 RGB, read-only, row by row with the table.

    What is on disk already is used, the rest is painted and kept. Interrupted painting leaves
    nothing behind.

    Args:
        table: of a world, or any selection of one (its `root` names the world, its `image_N` the
            samples).
        workers: processes that paint; by default one a core from `POOL_FROM` images on.

    Raises:
        ValueError: the table is not of a world, or the cache folder cannot be written.
    """
    index_N = _sample_numbers(table)
    folder = folder_of(table.root)
    from_start = np.array_equal(index_N, np.arange(len(index_N)))
    storage.sweep(folder)  # what killed processes left there
    kept, kept_count = _longest(folder)
    if len(index_N) and index_N.max() < kept_count:
        images = _open(kept)
        return images[: len(index_N)] if from_start else images[index_N]
    if from_start:
        path = folder / f"first-{len(index_N)}.npy"
    else:
        digest = hashlib.sha256(np.ascontiguousarray(index_N, "<i8").tobytes()).hexdigest()[:16]
        path = folder / f"rows-{digest}.npy"
    if not path.exists():
        _paint_to(path, table.root, index_N, kept if from_start else None, workers)
    return _open(path)


def folder_of(root: str) -> Path:
    """Where the images of the world that `root` names are kept; nothing is created."""
    sample, look = _choices(root)
    return (
        storage.cache_folder()
        / "worlds"
        / f"{sample['name']}-{sample['poses']}-{look}-{sample['side']}px"
        / f"{sample['split']}-seed{sample['seed']}-v{PAINTER_VERSION}"
    )


def _paint_to(
    path: Path, root: str, index_N: np.ndarray, kept: Path | None, workers: int | None
) -> None:
    """Paint the samples `index_N`, of which the first few may be in the file `kept` already."""
    side = _choices(root)[0]["side"]
    shape = (len(index_N), side, side, 3)
    size = storage.size_text(float(np.prod(shape)))
    sample, look = _choices(root)
    progress.note(
        f"painting {len(index_N):,} {sample['name']} images: {sample['poses']} poses, {look} look "
        f"({size}, kept in {storage.cache_folder() / 'worlds'})"
    )
    with storage.atomic_path(path) as temporary:
        images = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        _reserve(temporary)
        begin = 0
        if kept is not None:
            begin = len(_open(kept))
            images[:begin] = _open(kept)
        images.flush()
        del images
        starts = range(begin, len(index_N), CHUNK)
        jobs = [(temporary, root, index_N[at : at + CHUNK], at) for at in starts]
        todo = len(index_N) - begin
        if workers is None:
            workers = _cores() if todo >= POOL_FROM else 1
        with progress.bar("painting", todo) as bar:
            for count in _done(jobs, min(workers, len(jobs))):
                bar.advance(count)


def _done(jobs: list[tuple], workers: int) -> Iterator[int]:
    """Do all jobs, here or in `workers` processes; yields the number of images of each."""
    if workers <= 1:
        yield from (_paint_chunk(*job) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_begin_worker)
    try:
        with _without_main():
            futures = [pool.submit(_paint_chunk, *job) for job in jobs]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_worker() -> None:
    """One thread each; signals are for the first process, which then ends the others."""
    for name in ("SIGINT", "SIGTERM", "SIGUSR1"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    cv2.setNumThreads(1)


def _paint_chunk(path: Path, root: str, index_M: np.ndarray, at: int) -> int:
    """Paint some samples into rows `at`, `at` + 1, .. of an open file; returns how many."""
    sample, look = _choices(root)
    images = np.load(path, mmap_mode="r+")
    images[at : at + len(index_M)] = worlds.paint(worlds.sample(**sample, indices=index_M), look)
    images.flush()
    return len(index_M)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not import the user's script.

    They need nothing of it, and a script without ``if __name__ == "__main__"`` would otherwise
    run once more in each of them.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _choices(root: str) -> tuple[dict, str]:
    """The arguments of `worlds.sample`, and the look, that the root of a table names."""
    address = parse(root) if root.startswith("world:") else None
    if address is None or not {"poses", "look", "seed", "split", "side"} <= set(address.options):
        raise ValueError(
            f"expected a table of a built-in world, found one with images in {root!r}; "
            "read it from an address like world:body,poses=source"
        )
    options = dict(address.options)
    look = options.pop("look")
    known = (worlds.WORLDS, worlds.POSES, worlds.LOOKS, worlds.SPLITS)
    named = (address.path, options["poses"], look, options["split"])
    numbers = (options.pop("seed"), options.pop("side"))
    if not all(map(str.isdecimal, numbers)) or any(
        name not in names for name, names in zip(named, known, strict=True)
    ):  # a root may come from a file; it becomes the name of a folder below
        raise ValueError(f"expected the root of a built-in world's table, found {root!r}")
    seed, side = map(int, numbers)
    return {"name": address.path, **options, "seed": seed, "side": side}, look


def _sample_numbers(table: PoseTable) -> np.ndarray:
    if table.image_N is None:
        raise ValueError(f"expected the sample numbers of {table.root!r} as images, found none")
    return table.image_N.astype(np.int64)


def _longest(folder: Path) -> tuple[Path | None, int]:
    """The file with the most samples from 0 on, and how many it has."""
    counts = [int(path.stem.removeprefix("first-")) for path in folder.glob("first-*.npy")]
    most = max(counts, default=0)
    return (folder / f"first-{most}.npy" if most else None), most


def _cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _open(path: Path | None) -> np.ndarray:
    assert path is not None
    return np.load(path, mmap_mode="r")


def _reserve(path: Path) -> None:
    """Claim the file's blocks now: a disk that fills up under a memory map kills the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
