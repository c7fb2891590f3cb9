"""MATLAB files, of every version; what is wrong with one is said in one line.

Structures come as objects whose fields are attributes, cells and structure arrays as arrays of
objects, as ``scipy.io.loadmat(squeeze_me=True, struct_as_record=False)`` gives them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from posesift.data.files import hdf5


def load(path: str | Path, *names: str, squeeze: bool = False) -> tuple[Any, ...]:
    """Return the variables of a ``.mat`` file.

    Args:
        path: the file.
        names: of the variables; only they are read.
        squeeze: drop axes of length one and give structures as objects.

    Returns:
        One value for each name.

    Raises:
        ValueError: no such file, a broken one, a variable is missing, or the file is of version
            7.3 (HDF5) and h5py is not installed or the variable is no plain array of numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"expected a MATLAB file at {path}, found no file")
    with path.open("rb") as file:
        is_hdf5 = file.read(128).startswith(b"MATLAB 7.3")
    if is_hdf5:
        content, present = _hdf5(path, names, squeeze)
    else:
        content, present = _up_to_7(path, names, squeeze)
    if missing := [name for name in names if name not in content]:
        raise ValueError(
            f"{path}: expected a variable {missing[0]!r}, found {', '.join(present) or 'none'}"
        )
    return tuple(content[name] for name in names)


def _up_to_7(path: Path, names: tuple[str, ...], squeeze: bool) -> tuple[dict[str, Any], list[str]]:
    """Return the variables that are there, and the names of all where one is not."""
    try:
        content = scipy.io.loadmat(
            path, variable_names=names, squeeze_me=squeeze, struct_as_record=not squeeze
        )
        if all(name in content for name in names):
            return content, list(names)
        return content, [name for name, *_ in scipy.io.whosmat(path)]
    except Exception as error:  # a broken .mat makes SciPy raise nearly anything
        raise ValueError(
            f"{path} is not a MATLAB file that can be read ({error}); it may be cut short: "
            "copy it anew"
        ) from None


def _hdf5(path: Path, names: tuple[str, ...], squeeze: bool) -> tuple[dict[str, Any], list[str]]:
    """Plain arrays of a version 7.3 file, which keeps them with their axes reversed."""
    told = "a MATLAB 7.3 file"
    found, present = hdf5.arrays(path, names, told, "; save it in MATLAB with -v7")
    values = {name: value.T for name, value in found.items()}
    return {name: np.squeeze(v) if squeeze else v for name, v in values.items()}, present
