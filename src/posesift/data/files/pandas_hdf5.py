"""A table of numbers that pandas saved to HDF5, read without pandas or PyTables.

``DataFrame.to_hdf`` (format ``fixed``) writes a group: each axis as an array of labels, or as
levels and, for every row or column, its number in each level; the numbers as blocks of columns.

Shapes: R rows, C columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posesift.data.files import hdf5

_LEVELS = 8
_BLOCKS = 8

Label = tuple[str, ...]


@dataclass
class Frame:
    """Labels of rows and columns, one text a level, and the (R, C) numbers, NaN where empty."""

    rows: list[Label]
    columns: list[Label]
    values_RC: np.ndarray


def load(path: Path, told: str) -> Frame:
    """Read the first table of a file.

    Args:
        path: the file.
        told: what the file is, for messages.

    Raises:
        ValueError: h5py is not installed, the file is broken, holds links, or no such table.
    """
    _, groups = hdf5.arrays(path, (), told)
    for group in groups:
        names = [f"{group}/{name}" for name in _names()]
        found, _ = hdf5.arrays(path, tuple(names), told)
        if f"{group}/block0_values" in found:
            return _frame(
                {name.removeprefix(f"{group}/"): array for name, array in found.items()},
                f"{path}, {group}",
            )
    raise ValueError(
        f"expected {told} at {path}, as pandas' to_hdf(format='fixed') writes it, found "
        f"{', '.join(groups) or 'nothing'} without such a table"
    )


def _names() -> list[str]:
    axes = ["axis0", "axis1", *(f"block{b}_items" for b in range(_BLOCKS))]
    parts = [f"_{kind}{level}" for level in range(_LEVELS) for kind in ("level", "label")]
    return [f"{axis}{part}" for axis in axes for part in ("", *parts)] + [
        f"block{b}_values" for b in range(_BLOCKS)
    ]


def _frame(found: dict[str, np.ndarray], where: str) -> Frame:
    columns, rows = (_labels(found, axis, where) for axis in ("axis0", "axis1"))
    place = {label: column for column, label in enumerate(columns)}
    if len(place) < len(columns):
        raise ValueError(f"{where}: expected columns of different names, found some twice")
    values_RC = np.full((len(rows), len(columns)), np.nan)
    for block in range(_BLOCKS):
        name = f"block{block}_values"
        if name not in found:
            continue
        items, values = _labels(found, f"block{block}_items", where), found[name]
        if values.shape != (len(rows), len(items)) or values.dtype.kind not in "biuf":
            raise ValueError(
                f"{where}, {name}: expected {len(rows)} rows of {len(items)} numbers, found "
                f"{values.shape}"
            )
        if strangers := [item for item in items if item not in place]:
            raise ValueError(f"{where}, {name}: {strangers[0]} is no column of the table")
        values_RC[:, [place[item] for item in items]] = values
    return Frame(rows, columns, values_RC)


def _labels(found: dict[str, np.ndarray], axis: str, where: str) -> list[Label]:
    if axis in found:
        return [(word,) for word in _words(found[axis], f"{where}, {axis}")]
    levels: list[list[str]] = []
    for level in range(_LEVELS):
        names, numbers = (found.get(f"{axis}_{kind}{level}") for kind in ("level", "label"))
        if names is None or numbers is None:
            break
        words = _words(names, f"{where}, {axis}_level{level}")
        if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
            raise ValueError(f"{where}, {axis}_label{level}: expected a list of whole numbers")
        if numbers.size and not -1 <= numbers.min() <= numbers.max() < len(words):
            raise ValueError(f"{where}, {axis}_label{level}: expected numbers below {len(words)}")
        levels.append([words[n] if n >= 0 else "" for n in numbers.tolist()])
    if not levels or len({len(level) for level in levels}) > 1:
        raise ValueError(f"{where}: expected the labels of {axis}, found none that fit together")
    return list(zip(*levels, strict=True))


def _words(array: np.ndarray, where: str) -> list[str]:
    if array.ndim != 1 or array.dtype.kind not in "SOiu":
        raise ValueError(f"{where}: expected a list of names, found {array.dtype} {array.shape}")
    return [
        word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)
        for word in array.tolist()
    ]
