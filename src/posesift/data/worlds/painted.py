"""Painted worlds, kept on disk: each image is painted once and then read like any other file.

An uncompressed ``.npy`` of uint8 crops, opened as a memory map, is as fast to load as anything can
be. It lies in the cache folder, under a name that holds all that the images depend on. Large sets
are painted by several processes; these import neither torch nor the user's script.

Names: N samples, S side.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import numpy as np

from posesift import progress, storage
from posesift.data import worlds
from posesift.data.address import parse
from posesift.data.worlds import processes, references
from posesift.poses.table import PoseTable
from posesift.storage import irregular

PAINTER_VERSION = 3
"""Raise it whenever images of the same samples come out otherwise than before."""

POOL_FROM = 600
"""Fewer images are painted in this process: starting others takes a second or two."""

CHUNK = 256
"""Images that a process paints at a time."""

_FROM_START = re.compile(r"first-([1-9]\d{0,11})\.npy")
_sound: set[tuple] = set()  # files whose images were looked at
_SHADE = 1.0  # mean difference of 8-bit values, up to which two images are the same


def painted(table: PoseTable, workers: int | None = None) -> np.ndarray:
    """Return the images of a world's table, row by row: (N, S, S, 3) uint8 RGB, read-only.

    What is on disk already is used, the rest is painted and kept. Interrupted painting leaves
    nothing behind.

    Args:
        table: of a world, or any selection of one (its `root` names the world, its `image_N` the
            samples); or samples of several (`references`), whose images are then in memory.
        workers: processes that paint; by default one a core from `POOL_FROM` images on.

    Raises:
        ValueError: the table is not of a world, or the cache folder cannot be written.
    """
    found = _parts(table)
    if len(found) == 1:
        return _painted(found[0].root, found[0].number_P, workers)
    side = choices(table.root)[0]["side"]
    images = np.empty((len(table), side, side, 3), np.uint8)
    for part in found:
        images[part.row_P] = _painted(part.root, part.number_P, workers)
    images.flags.writeable = False
    return images


def _painted(root: str, index_N: np.ndarray, workers: int | None) -> np.ndarray:
    """Return the images of samples of one world, (N, S, S, 3)."""
    folder = folder_of(root)
    from_start = np.array_equal(index_N, np.arange(len(index_N)))
    storage.sweep(folder)  # what killed processes left there
    kept = _longest(folder, root)
    if kept is not None and len(index_N) and index_N.max() < len(kept):
        return kept[: len(index_N)] if from_start else kept[index_N]
    if from_start:
        path = folder / f"first-{len(index_N)}.npy"
    else:
        digest = hashlib.sha256(np.ascontiguousarray(index_N, "<i8").tobytes()).hexdigest()[:16]
        path = folder / f"rows-{digest}.npy"
    images = _checked(path, root, index_N)
    if images is None:
        _paint_to(path, root, index_N, kept if from_start else None, workers)
        _sound.add(_identity(path, root))
        images = np.load(path, mmap_mode="r")
    return images


def folder_of(root: str) -> Path:
    """Where the images of the world that `root` names are kept; nothing is created."""
    sample, look = choices(root)
    facing = f"-facing{sample['facing']}" if sample["facing"] else ""
    return (
        storage.cache_folder()
        / "worlds"
        / f"{sample['name']}-{sample['poses']}-{look}-{sample['side']}px{facing}"
        / f"{sample['split']}-seed{sample['seed']}-v{PAINTER_VERSION}"
    )


def _paint_to(
    path: Path, root: str, index_N: np.ndarray, kept: np.ndarray | None, workers: int | None
) -> None:
    """Paint the samples `index_N`, of which the first few may be in `kept` already."""
    side = choices(root)[0]["side"]
    shape = (len(index_N), side, side, 3)
    size = storage.size_text(float(np.prod(shape)))
    sample, look = choices(root)
    progress.note(
        f"rendering {len(index_N):,} {sample['name']} images: {sample['poses']} poses, {look} look "
        f"({size}, kept in {storage.cache_folder() / 'worlds'})"
    )
    with storage.atomic_path(path) as temporary:
        images = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        _reserve(temporary)
        begin = 0
        if kept is not None:
            begin = len(kept)
            images[:begin] = kept
        images.flush()
        del images
        starts = range(begin, len(index_N), CHUNK)
        jobs = [(temporary, root, index_N[at : at + CHUNK], at) for at in starts]
        todo = len(index_N) - begin
        if workers is None:
            workers = processes.cores() if todo >= POOL_FROM else 1
        with progress.bar("rendering", todo) as bar:
            for count in processes.done(_paint_chunk, jobs, workers):
                bar.advance(count)


def _paint_chunk(path: Path, root: str, index_M: np.ndarray, at: int) -> int:
    """Paint some samples into rows `at`, `at` + 1, .. of an open file; returns how many."""
    sample, look = choices(root)
    images = np.load(path, mmap_mode="r+")
    images[at : at + len(index_M)] = worlds.paint(worlds.sample(**sample, indices=index_M), look)
    images.flush()
    return len(index_M)


def choices(root: str) -> tuple[dict, str]:
    """Return the arguments of `worlds.sample`, and the look, that the root of a table names.

    Raises:
        ValueError: it names no world; it may come from a file.
    """
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
    facing = options.pop("facing", None)
    numbers = (options.pop("seed"), options.pop("side"))
    if (
        set(options) != {"poses", "split"}
        or not all(map(str.isdecimal, (*numbers, facing or "0")))
        or any(name not in names for name, names in zip(named, known, strict=True))
    ):  # a root may come from a file; it becomes the name of a folder below
        raise ValueError(f"expected the root of a built-in world's table, found {root!r}")
    seed, side = map(int, numbers)
    known_facing = None if facing is None else int(facing)
    sample = {"name": address.path, **options, "seed": seed, "side": side, "facing": known_facing}
    return sample, look


def check(table: PoseTable) -> None:
    """Refuse a table that says it is of a world, and is of none: it may come from a file.

    Raises:
        ValueError: its root names no world as `posesift.data.worlds` does, or its images are no
            sample numbers.
    """
    choices(table.root)
    if table.image_N is not None:
        _parts(table)


def _parts(table: PoseTable) -> list[references.Part]:
    """Take a table apart by the worlds whose samples it holds."""
    if table.image_N is None:
        raise ValueError(f"expected the sample numbers of {table.root!r} as images, found none")
    found = references.parts(table.root, table.image_N)
    for part in found:
        choices(part.root)
    return found


def _longest(folder: Path, root: str) -> np.ndarray | None:
    """Return the sound file with the most samples from 0 on."""
    named = ((_FROM_START.fullmatch(path.name), path) for path in folder.glob("first-*.npy"))
    counted = [(int(found[1]), path) for found, path in named if found]
    for count, path in sorted(counted, reverse=True):
        if (images := _checked(path, root, np.arange(count))) is not None:
            return images
    return None


def _checked(path: Path, root: str, index_N: np.ndarray) -> np.ndarray | None:
    """Return the images of a file, opened as a memory map; None where there is none, or not these.

    What lies in the cache may be cut short, damaged, or another's. Shape, type and length are
    looked at, and the first and last image are painted again, once in a process: rounding of
    another processor may differ by a shade, other images do by far.
    """
    sample, look = choices(root)
    try:
        images = np.load(path, mmap_mode="r") if irregular(path) is None else None
    except (OSError, ValueError, EOFError, SyntaxError):
        images = None if not path.exists() else np.empty(0, np.uint8)
    if images is None:
        return None
    shape = (len(index_N), sample["side"], sample["side"], 3)
    sound = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.shape == shape
    if sound and len(index_N) and _identity(path, root) not in _sound:
        row_M = np.unique([0, len(index_N) - 1])
        true_MHW3 = worlds.paint(worlds.sample(**sample, indices=index_N[row_M]), look)
        apart_MHW3 = np.abs(images[row_M].astype(np.int16) - true_MHW3)
        sound = bool(apart_MHW3.mean((1, 2, 3)).max() < _SHADE)
    if not sound:
        progress.note(f"{path} holds other images than it should; they are rendered anew")
        return None
    _sound.add(_identity(path, root))
    return images


def _identity(path: Path, root: str) -> tuple:
    """Return a file as it is now."""
    found = path.stat()
    return str(path), root, found.st_mtime_ns, found.st_size, found.st_ino


def _reserve(path: Path) -> None:
    """Claim the file's blocks now: a disk that fills up under a memory map kills the process."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
