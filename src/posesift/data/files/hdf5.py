"""Plain arrays of HDF5 files, and of nothing but that file.

An HDF5 file may hold a link to another file, an array whose content is taken from another file as
it stands, or one that is put together from arrays of others: whoever reads it then reads files of
the user that its writer chose. All of these are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

_DENSEST = 1100  # bytes that a byte of a file stands for at most, in HDF5's own compression
_SMALL = 2**20  # bytes of an array that are never too many
_AT_ONCE = 256  # texts


def arrays(
    path: Path, names: tuple[str, ...], told: str = "an HDF5 file", advice: str = ""
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the arrays of these names, those that are there, and the names of all that is there.

    Args:
        path: the file.
        names: of the arrays; only they are read.
        told: what the file is, for messages.
        advice: what to do about a value that is no plain array, for messages.

    Raises:
        ValueError: h5py is not installed, the file is broken, or one of the names is a link, no
            plain array of numbers or text, kept elsewhere, or far larger than the file.
    """
    try:
        import h5py
    except ImportError:
        raise ValueError(
            f"{path} is {told}, which needs h5py: pip install 'posesift[h5]'"
        ) from None
    try:
        with h5py.File(path, "r") as file:
            present = [name for name in map(str, file) if not name.startswith("#")]
            found = {name: file.get(name, getlink=True) for name in names}
            for name, link in found.items():
                if link is not None and not isinstance(link, h5py.HardLink):
                    raise ValueError(
                        f"{path} is {told} and holds {name!r} as a link to another place, which is "
                        "not followed; save the array itself"
                    )
            items = {name: file[name] for name, link in found.items() if link is not None}
            return {name: _array(path, name, item, told, advice) for name, item in items.items()}, (
                present
            )
    except ValueError:
        raise
    except Exception as error:  # a broken byte makes h5py raise nearly anything
        raise ValueError(f"{path} cannot be read ({error}); it may be cut short") from None


def _array(path: Path, name: str, item: Any, told: str, advice: str) -> np.ndarray:
    import h5py

    is_text = isinstance(item, h5py.Dataset) and h5py.check_string_dtype(item.dtype) is not None
    # a structure of MATLAB is a group, a cell array one of references
    if not isinstance(item, h5py.Dataset) or not (is_text or item.dtype.kind in "biufc"):
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
    if item.dtype.kind != "O":
        return np.asarray(item)
    # Many texts may be one and the same place of the file.
    texts, taken = [], 0
    for first in range(0, len(item), _AT_ONCE):
        texts.append(np.asarray(item[first : first + _AT_ONCE]))
        taken += sum(map(len, texts[-1].reshape(-1).tolist()))
        if taken > max(_SMALL, _DENSEST * size):
            raise ValueError(f"{path}: the texts of {name!r} are more than the file holds")
    return np.concatenate(texts) if texts else np.empty(item.shape, object)
