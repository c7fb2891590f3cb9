"""Splits of published code: shuffled by a known seed, or lists of row numbers, a ``.npy`` a half.

Shapes: N rows of a data set, M numbers of a list.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from posesift.data.files import plain_pickle
from posesift.data.labels.splits import Split


def shuffled(count: int) -> tuple[list[int], np.ndarray]:
    """Return ``count`` rows in the published order, and which of these (N,) are the test.

    The rows are shuffled with seed 42; the first fifth, at most 3,200, is the test.
    """
    order = list(range(count))
    random.Random(42).shuffle(order)
    return order, np.arange(count) < min(count // 5, 3200)


def place(folder: Path, inner: Iterable[str], names: Iterable[str], told: str) -> Path:
    """Where all of ``names`` lie: in ``folder`` or one of the two above it, at one of ``inner``.

    Args:
        folder: of the data set.
        inner: folders that published code keeps them in, such as ``cached_data/real_animal/horse``.
        names: of the files, all of which must be there.
        told: what the files are, for the message.

    Raises:
        ValueError: they are nowhere; the message names the files and the first places.
    """
    inner, names = tuple(inner), tuple(names)
    places = [above / each for above in (folder, *folder.parents[:2]) for each in inner]
    for found in places:
        if all((found / name).is_file() for name in names):
            return found
    raise ValueError(
        f"parity=true needs {told}: {' and '.join(names)} in {places[0]} or "
        f"{places[len(inner)]}, found neither. They come with the published code; without them, "
        "leave parity out"
    )


def rows_of_halves(
    folder: Path, inner: Iterable[str], name: str, split: Split, count: int, of: str
) -> np.ndarray:
    """Return the row numbers in the lists of a split, whose test half is called ``valid``.

    Args:
        folder: as for `place`.
        inner: as for `place`.
        name: of the lists, ``{}`` in the place of the half.
        split: the address's option.
        count: as for `rows`.
        of: as for `rows`.

    Raises:
        ValueError: as `place` and `rows`.
    """
    halves = {"train": ("train",), "test": ("valid",), "all": ("train", "valid")}[split]
    names = [name.format(half) for half in halves]
    found = place(folder, inner, names, f"the published lists of {of}")
    return np.concatenate([rows(found / each, count, of) for each in names])


def rows(path: Path, count: int, of: str) -> np.ndarray:
    """Return the row numbers of a list, (M,) int64.

    Args:
        path: the ``.npy`` file.
        count: N; every number must be below it.
        of: what is counted, for the message.

    Raises:
        ValueError: the file is cut short, or holds other things.
    """
    found_M = plain_pickle.load_npy(path)
    if found_M.ndim != 1 or found_M.dtype.kind not in "iu" or not len(found_M):
        raise ValueError(
            f"{path}: expected a list of whole numbers, found {found_M.dtype} of shape "
            f"{found_M.shape}"
        )
    if found_M.min() < 0 or found_M.max() >= count:
        raise ValueError(
            f"{path}: expected numbers of the {count} {of}, found {found_M.min()} to "
            f"{found_M.max()}; does a part of the set lack?"
        )
    return found_M.astype(np.int64)
