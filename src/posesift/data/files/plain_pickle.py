"""Pickles and object ``.npy`` files that hold arrays and plain containers, and nothing else.

A pickle is a program, and Python's own unpickler runs whatever it names. Some data sets come as
pickles all the same. Here every name that a pickle may mention stands for a small piece of
`posesift.data.files.pickle_stand_ins`, none of which acts on anything but its arguments; all other
names are refused. NumPy's own unpickling is not called either: it believes whatever a crafted dtype
says of itself, and would read pointers from the file.

Read are pickles of protocol 0 to 5, of Python 2 (its strings as Latin-1) and 3, that hold numbers,
text, bytes, lists, tuples, dicts, ordered dicts, sets, and NumPy arrays and scalars of booleans,
numbers, text, bytes or objects of these kinds. Structured arrays, dates and instances of classes
are refused.
"""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from posesift.data.files.pickle_stand_ins import NAMES, RefusedError, check_keys, finished


def load(path: str | Path) -> Any:
    """Return what a pickle holds.

    Args:
        path: the file.

    Raises:
        ValueError: no such file; it is cut short or no pickle; or it names something that is
            neither an array nor a plain container, which is then not run.
    """
    path = _file(path)
    with path.open("rb") as file:
        return _unpickled(file, path)


def load_npy(path: str | Path) -> np.ndarray:
    """Return the array of a ``.npy`` file, where it holds objects too (``np.load`` refuses those).

    Args:
        path: the file. A dict that was saved comes back as an array of no axes; ``.item()`` gives
            the dict.

    Raises:
        ValueError: as `load`, or the file is no ``.npy``.
    """
    path = _file(path)
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, is_fortran, dtype = header(file)
        except KeyError:
            raise ValueError(f"{path} is a .npy file of a version that is not read") from None
        except Exception as error:  # tokenize, ast and struct each have errors of their own
            raise ValueError(f"{path} is not a .npy file ({error}); it may be cut short") from None
        # no numbers: raw bytes of no length, of which any number fits into nothing, and records
        if not (dtype.kind in "biufcSUO" and dtype.itemsize and _is_shape(shape)):
            raise ValueError(
                f"{path}: expected an array of numbers, text or objects, found {dtype!s:.60} of "
                f"shape {shape!s:.60}"
            )
        if dtype.hasobject:
            array = _unpickled(file, path)
            if not isinstance(array, np.ndarray) or array.shape != shape:
                raise ValueError(f"{path}: expected an array of shape {shape}, found another thing")
            return array
        content = file.read()
    size = math.prod(shape) * dtype.itemsize
    if len(content) != size:
        raise ValueError(
            f"{path}: expected {size} bytes for {dtype} of shape {shape}, found {len(content)}; "
            "the file may be cut short"
        )
    return np.ndarray(shape, dtype, content, order="F" if is_fortran else "C").copy()


def _is_shape(shape: Any) -> bool:
    return len(shape) <= 32 and all(type(side) is int and 0 <= side < 2**63 for side in shape)


def _file(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"expected a file at {path}, found none")
    return path


def _unpickled(file: BinaryIO | io.BufferedReader, path: Path) -> Any:
    try:
        return finished(_Unpickler(_Content(file.read()), encoding="latin1").load(), {})
    except RefusedError as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:  # a broken pickle makes Python raise nearly anything
        raise ValueError(
            f"{path} is not a pickle that can be read ({type(error).__name__}: {error}); it may be "
            "cut short: copy it anew"
        ) from None


class _Content(io.BytesIO):
    """A file's bytes, which end in the middle of nothing."""

    def read(self, size: int | None = -1, /) -> bytes:
        """``size`` bytes and no fewer; room is made for those that are there."""
        content = super().read(size)
        if size is not None and len(content) < size:
            raise EOFError("it ends too soon")
        return content

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a whole line."""
        line = super().readline(size)
        if not line.endswith(b"\n"):
            raise EOFError("it ends too soon")
        return line


# Python's own, in Python: that in C makes room for whatever number of memos a file claims.
_PythonUnpickler: Any = pickle._Unpickler  # pyright: ignore[reportAttributeAccessIssue]


class _Unpickler(_PythonUnpickler):
    dispatch: ClassVar = dict(_PythonUnpickler.dispatch)

    def _bytearray(self) -> None:
        """As long as what follows; Python's own makes room for whatever length a file claims."""
        self.append(bytearray(self.read(int.from_bytes(self.read(8), "little"))))

    dispatch[pickle.BYTEARRAY8[0]] = _bytearray

    def _setitem(self) -> None:
        check_keys(self.stack[-2:-1])
        self.load_setitem()

    def _setitems(self) -> None:
        check_keys(self.stack[::2])
        self.load_setitems()

    def _dict(self) -> None:
        check_keys(self.stack[::2])
        self.load_dict()

    def _additems(self) -> None:
        check_keys(self.stack)
        self.load_additems()

    def _frozenset(self) -> None:
        check_keys(self.stack)
        self.load_frozenset()

    # Since a mark, the stack holds what stands behind it and nothing else.
    dispatch[pickle.SETITEM[0]] = _setitem
    dispatch[pickle.SETITEMS[0]] = _setitems
    dispatch[pickle.DICT[0]] = _dict
    dispatch[pickle.ADDITEMS[0]] = _additems
    dispatch[pickle.FROZENSET[0]] = _frozenset

    def find_class(self, module: str, name: str) -> Any:
        """One of `posesift.data.files.pickle_stand_ins.NAMES`; nothing is ever imported."""
        try:
            return NAMES[module, name]
        except KeyError:
            raise RefusedError(
                f"refused {module}.{name}: a data file needs NumPy arrays and plain containers, "
                "and a pickle that names anything else could run it. It was not run; get the "
                "file from the set's owners"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        """Never: the file must hold what it speaks of."""
        raise RefusedError("refused to look for an object outside the file")
