"""Plain arrays of HDF5 files, and of nothing but that file.

An HDF5 file may hold a link to another file, an array whose content is taken from another file as
it stands, or one that is put together from arrays of others: whoever reads it then reads files of
the user that its writer chose. All of these are refused.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

_DENSEST = 1100  # bytes that a byte of a file stands for at most, in HDF5's own compression
_SMALL = 2**20  # bytes of an array that are never too many
_AT_ONCE = 256  # texts
_LARGEST = 2**30  # bytes of a row


def arrays(
    path: Path,
    names: tuple[str, ...],
    told: str = "an HDF5 file",
    advice: str = "",
    *,
    records: bool = False,
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the arrays of these names, those that are there, and the names of all that is there.

    Args:
        path: the file.
        names: of the arrays, such as ``joints`` or ``group/joints``; only they are read.
        told: what the file is, for messages.
        advice: what to do about a value that is no plain array, for messages.
        records: arrays may be of records whose fields are numbers.

    Raises:
        ValueError: h5py is not installed, the file is broken, or one of the names is a link, no
            plain array of numbers or text, kept elsewhere, or far larger than the file.
    """
    with _opened(path, told) as file:
        present = [name for name in map(str, file) if not name.startswith("#")]
        items = {name: _item(path, file, name, told) for name in names}
        found = {
            name: _array(path, name, item, told, advice, records)
            for name, item in items.items()
            if item is not None
        }
        return found, present


def attribute(path: Path, name: str, key: str, told: str = "an HDF5 file") -> str | float | None:
    """Return a text or number that is noted at a group or array; None where there is none.

    Args:
        path: the file.
        name: of the group or array; ``""`` for the file itself.
        key: of what is noted.
        told: what the file is, for messages.

    Raises:
        ValueError: as for `arrays`.
    """
    with _opened(path, told) as file:
        item = _item(path, file, name, told) if name else file
        value = item.attrs.get(key) if item is not None else None
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, np.generic):
            value = value.item()
        return value if isinstance(value, str | int | float) else None


def row(path: Path, name: str, index: int, told: str = "an HDF5 file") -> np.ndarray:
    """Return one row of an array of bytes or of lists of bytes, such as images one after the other.

    Args:
        path: the file.
        name: of the array.
        index: of the row.
        told: what the file is, for messages.

    Raises:
        ValueError: as for `arrays`; there is no such row, or it is larger than any image.
    """
    import h5py

    with _opened(path, told) as file:
        item = _item(path, file, name, told)
        if not isinstance(item, h5py.Dataset) or not 0 <= index < (item.shape or (0,))[0]:
            raise ValueError(f"{path}: expected a row {index} of {name!r}, found none")
        kind = np.dtype(h5py.check_vlen_dtype(item.dtype) or item.dtype)
        if item.external or item.is_virtual or kind not in (np.int8, np.uint8):
            raise ValueError(f"{path}: expected bytes in {name!r}, found {item.dtype} or a link")
        if math.prod(item.shape[1:]) * kind.itemsize > _LARGEST:
            raise ValueError(f"{path}: the rows of {name!r} are said to be of {item.shape[1:]}")
        return np.asarray(item[index]).view(np.uint8)


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does."""
    try:
        with path.open("rb") as file:
            return file.read(8) == b"\x89HDF\r\n\x1a\n"
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def _opened(path: Path, told: str) -> Iterator[Any]:
    try:
        import h5py
    except ImportError:
        raise ValueError(
            f"{path} is {told}, which needs h5py: pip install 'posesift[h5]'"
        ) from None
    try:
        with h5py.File(path, "r") as file:
            yield file
    except Exception as error:  # a broken byte makes h5py raise nearly anything, ValueErrors too
        if type(error) is ValueError and str(path) in str(error):
            raise  # what is said here
        raise ValueError(f"{path} cannot be read ({error}); it may be cut short") from None


def _item(path: Path, file: Any, name: str, told: str) -> Any:
    """Return the group or array of a name, None where there is none; links are not followed."""
    import h5py

    item: Any = file
    for part in name.split("/"):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(
                f"{path} is {told} and holds {name!r} as a link to another place, which is "
                "not followed; save the array itself"
            )
        item = item[part]
    return item


def _array(path: Path, name: str, item: Any, told: str, advice: str, records: bool) -> np.ndarray:
    import h5py

    is_plain = isinstance(item, h5py.Dataset) and (
        h5py.check_string_dtype(item.dtype) is not None
        or item.dtype.kind in "biufc"
        or (records and _is_record(item.dtype))
    )
    if not is_plain:  # a structure of MATLAB is a group, a cell array one of references
        raise ValueError(
            f"{path} is {told} and holds {name!r} as a structure or cell array, which is not read"
            + advice
        )
    if item.external or item.is_virtual:
        raise ValueError(
            f"{path} is {told} and keeps the content of {name!r} in other files, which are not "
            "opened; save the array itself"
        )
    size = path.stat().st_size
    if item.size is None or item.size * item.dtype.itemsize > max(_SMALL, _DENSEST * size):
        raise ValueError(
            f"{path}: {name!r} is said to be of shape {item.shape}, which is more than a file of "
            f"{size} bytes holds"
        )
    if item.dtype.kind != "O" or not item.shape:
        return np.asarray(item)
    # Many texts may be one and the same place of the file.
    texts, taken = [], 0
    for first in range(0, len(item), _AT_ONCE):
        texts.append(np.asarray(item[first : first + _AT_ONCE]))
        taken += sum(map(len, texts[-1].reshape(-1).tolist()))
        if taken > max(_SMALL, _DENSEST * size):
            raise ValueError(f"{path}: the texts of {name!r} are more than the file holds")
    return np.concatenate(texts) if texts else np.empty(item.shape, object)


def _is_record(kind: np.dtype) -> bool:
    fields = kind.fields or {}
    return bool(fields) and all(field[0].kind in "biuf" for field in fields.values())
