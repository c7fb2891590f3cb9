"""Splits that published code keeps beside itself as lists of row numbers, one ``.npy`` a half.

Shapes: N rows of a data set, M numbers of a list.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from posesift.data.files import plain_pickle


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
