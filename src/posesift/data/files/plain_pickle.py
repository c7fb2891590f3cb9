"""Pickles and object ``.npy`` files that hold arrays and plain containers, and nothing else.

A pickle is a program, and Python's own unpickler runs whatever it names. Some data sets come as
pickles all the same. Here every name that a pickle may mention stands for a small piece of this
file, none of which acts on anything but its arguments; all other names are refused. NumPy's own
unpickling is not called either: it believes whatever a crafted dtype says of itself, and would
read pointers from the file.

Read are pickles of protocol 0 to 5, of Python 2 (its strings as Latin-1) and 3, that hold numbers,
text, bytes, lists, tuples, dicts, ordered dicts, sets, and NumPy arrays and scalars of booleans,
numbers, text, bytes or objects of these kinds. Structured arrays, dates and instances of classes
are refused.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

_CODE = re.compile(r"b1|[iu][1248]|f2|f4|f8|f16|c8|c16|c32|[SU]\d{1,9}|O\d?")


def load(path: str | Path) -> Any:
    """What a pickle holds.

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
    """The array of a ``.npy`` file, where it holds objects too (``np.load`` refuses those).

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


def _file(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"expected a file at {path}, found none")
    return path


def _unpickled(file: BinaryIO | io.BufferedReader, path: Path) -> Any:
    try:
        return _finished(_Unpickler(_Content(file.read()), encoding="latin1").load(), {})
    except _RefusedError as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:  # a broken pickle makes Python raise nearly anything
        raise ValueError(
            f"{path} is not a pickle that can be read ({type(error).__name__}: {error}); it may be "
            "cut short: copy it anew"
        ) from None


class _RefusedError(ValueError):
    """What a pickle asks for is not given."""


class _Dtype:
    """What a pickle says of an array's elements, believed only as far as `_CODE` goes."""

    __slots__ = ("code", "order")
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, code: str, align: Any = False, copy: Any = True) -> None:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise _RefusedError(
                f"refused an array of {code!r}: only numbers, text and plain objects"
            )
        self.code = "O" if code[0] == "O" else code  # with the size of a pointer behind it
        self.order = "="

    def __setstate__(self, state: tuple) -> None:
        _, order, *compound = state[:5]
        if order not in ("<", ">", "=", "|") or compound != [None, None, None]:
            raise _RefusedError(f"refused an array of compound elements, {state!r:.80}")
        self.order = order

    def real(self) -> np.dtype:
        return np.dtype(self.code if self.order == "|" else self.order + self.code)


class _Array:
    """An array while the pickle is being read; `_finished` puts the real one in its place."""

    __slots__ = ("state",)
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self) -> None:
        self.state: tuple[_Dtype, tuple[int, ...], Any, str] | None = None

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, is_fortran, raw = state
        self.fill(raw, dtype, shape, "F" if is_fortran else "C")

    def fill(self, raw: Any, dtype: Any, shape: Any, order: str) -> None:
        """Keep what the array is to be made of, its parts checked against each other."""
        if isinstance(raw, str):
            raw = raw.encode("latin1")  # a string of Python 2
        if not (
            isinstance(dtype, _Dtype)
            and isinstance(shape, tuple)
            and all(type(side) is int and side >= 0 for side in shape)
            and order in ("C", "F")
        ):
            raise _RefusedError("refused an array whose shape or elements are no such thing")
        if dtype.code == "O":
            fits = isinstance(raw, list) and len(raw) == math.prod(shape)
        else:
            size = math.prod(shape) * dtype.real().itemsize
            fits = isinstance(raw, bytes | bytearray) and len(raw) == size
        if not fits:
            raise _RefusedError(
                f"refused an array of shape {shape}: it does not hold as many elements"
            )
        self.state = dtype, shape, raw, order

    def empty(self) -> np.ndarray:
        """The array itself; of objects, with its elements still to be set."""
        if self.state is None:
            raise _RefusedError("refused an array without content")
        dtype, shape, raw, order = self.state
        if dtype.code == "O":
            return np.empty(shape, object, order="F" if order == "F" else "C")
        flat = np.frombuffer(raw, dtype.real()) if raw else np.empty(0, dtype.real())
        return flat.reshape(shape, order="F" if order == "F" else "C").copy("K")


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    return _Array()


def _frombuffer(raw: Any, dtype: Any, shape: Any, order: Any, *rest: Any) -> _Array:
    array = _Array()
    array.fill(raw, dtype, shape, order)
    return array


def _scalar(dtype: Any, raw: Any) -> Any:
    one = _Array()
    one.fill(raw, dtype, (), "C")
    if dtype.code == "O":
        raise _RefusedError("refused a scalar of objects")
    return one.empty()[()]


def _encode(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise _RefusedError(f"refused bytes encoded as {encoding!r}")
    return text.encode("latin1")


def _no_bytes(*given: Any) -> bytes:
    if given:  # a number would be a size
        raise _RefusedError("refused bytes of another making")
    return b""


class _Name:
    """What a pickle gets when it names something; it can be called, and not be changed."""

    __slots__ = ("_make",)
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, make: Callable[..., Any] | None) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        if self._make is None:
            raise _RefusedError("refused to call numpy.ndarray")
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("refused to change what the reader is made of")


_NAMES = {
    **{
        (f"numpy.{core}.{module}", name): _Name(make)
        for core in ("core", "_core")
        for module, name, make in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _frombuffer),
        )
    },
    ("numpy", "ndarray"): _Name(None),
    ("numpy", "dtype"): _Name(_Dtype),
    ("_codecs", "encode"): _Name(_encode),
    ("collections", "OrderedDict"): _Name(collections.OrderedDict),
    **{
        (module, name): _Name(make)
        for module in ("builtins", "__builtin__")
        for name, make in (
            ("bytes", _no_bytes),
            ("dict", dict),
            ("list", list),
            ("tuple", tuple),
            ("set", set),
            ("frozenset", frozenset),
        )
    },
}


class _Content(io.BytesIO):
    """A file's bytes, which end in the middle of nothing."""

    def read(self, size: int | None = -1, /) -> bytes:
        """``size`` bytes and no fewer; room is made for those that are there."""
        content = super().read(size)
        if size is not None and len(content) < size:
            raise EOFError("it ends too soon")
        return content

    def readline(self, size: int | None = -1, /) -> bytes:
        """A whole line."""
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

    def find_class(self, module: str, name: str) -> Any:
        """One of `_NAMES`; nothing is ever imported."""
        try:
            return _NAMES[module, name]
        except KeyError:
            raise _RefusedError(
                f"refused {module}.{name}: a data file needs NumPy arrays and plain containers, "
                "and a pickle that names anything else could run it. It was not run; get the "
                "file from the set's owners"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        """Never: the file must hold what it speaks of."""
        raise _RefusedError(f"refused to look for the outside object {pid!r:.40}")


def _finished(value: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    """The value with every `_Array` in it made real; lists and dicts are changed in place.

    ``done`` holds each container met so far and what it became, so that what was shared stays
    shared (and the container lives, so that no other takes its ``id``).
    """
    kind = type(value)
    if kind not in _CONTAINERS:
        if kind in (_Dtype, _Name):
            raise _RefusedError("refused a description of arrays where a value was expected")
        return value
    if id(value) in done:
        found = done[id(value)][1]
        if found is _UNDER_WAY:
            raise _RefusedError("refused a tuple that holds itself")
        return found
    if kind is tuple:
        done[id(value)] = value, _UNDER_WAY
        result: Any = tuple([_finished(item, done) for item in value])
        done[id(value)] = value, result
        return result
    if kind is _Array:
        result = value.empty()
        done[id(value)] = value, result
        dtype, _, raw, _ = value.state
        if dtype.code == "O":
            # One by one, since a list must not be spread over the array; NumPy lists them in C
            # order, whatever the array's own.
            for place, item in zip(np.ndindex(result.shape), raw, strict=True):
                result[place] = _finished(item, done)
        return result
    done[id(value)] = value, value
    for key, item in value.items() if kind in (dict, collections.OrderedDict) else enumerate(value):
        if type(item) in _CONTAINERS:
            value[key] = _finished(item, done)
        elif type(item) in (_Dtype, _Name):
            raise _RefusedError("refused a description of arrays where a value was expected")
    return value


_UNDER_WAY = object()
_CONTAINERS = frozenset((_Array, tuple, list, dict, collections.OrderedDict))
