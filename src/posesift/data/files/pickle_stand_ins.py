"""What the names in a plain pickle stand for, and the real arrays that are made of it in the end.

While Python's unpickler runs, a file's array is an `_Array`: what the file says of it, each part
checked against the others. `finished` then makes the real ones.
"""

from __future__ import annotations

import collections
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

_CODE = re.compile(r"b1|[iu][1248]|f2|f4|f8|f16|c8|c16|c32|[SU]\d{1,9}|O\d?")


_AXES = 32  # of an array, at most


class RefusedError(ValueError):
    """What a pickle asks for is not given."""


class _Dtype:
    """What a pickle says of an array's elements, believed only as far as `_CODE` goes."""

    __slots__ = ("code", "order")
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, code: str, align: Any = False, copy: Any = True) -> None:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            said = f"{code!r:.40}" if isinstance(code, str) else type(code).__name__
            raise RefusedError(f"refused an array of {said}: only numbers, text and plain objects")
        self.code = "O" if code[0] == "O" else code  # with the size of a pointer behind it
        self.order = "="

    def __setstate__(self, state: tuple) -> None:
        _, order, *compound = state[:5]
        if order not in ("<", ">", "=", "|") or compound != [None, None, None]:
            # what the file says is not shown: to write out nested tuples may never end
            raise RefusedError("refused an array of compound elements")
        self.order = order

    def real(self) -> np.dtype:
        return np.dtype(self.code if self.order == "|" else self.order + self.code)


class _Array:
    """An array while the pickle is being read; `finished` puts the real one in its place."""

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
            and len(shape) <= _AXES
            and all(type(side) is int and 0 <= side < 2**63 for side in shape)
            and order in ("C", "F")
        ):
            raise RefusedError("refused an array whose shape or elements are no such thing")
        if dtype.code == "O":
            fits = isinstance(raw, list) and len(raw) == math.prod(shape)
        else:
            size = math.prod(shape) * dtype.real().itemsize
            fits = isinstance(raw, bytes | bytearray) and len(raw) == size
        if not fits:
            raise RefusedError(
                f"refused an array of shape {shape}: it does not hold as many elements"
            )
        self.state = dtype, shape, raw, order

    def empty(self) -> np.ndarray:
        """Return the array itself; of objects, with its elements still to be set."""
        if self.state is None:
            raise RefusedError("refused an array without content")
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
        raise RefusedError("refused a scalar of objects")
    return one.empty()[()]


def _encode(text: str, encoding: str) -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise RefusedError("refused bytes that are not encoded as Latin-1")
    return text.encode("latin1")


def _no_bytes(*given: Any) -> bytes:
    if given:  # a number would be a size
        raise RefusedError("refused bytes of another making")
    return b""


def check_keys(keys: Iterable[Any]) -> None:
    """Refuse keys other than numbers, text, and short tuples of them.

    Python hashes a key whole, and a tuple that holds another twice, which holds another twice, and
    so on, is a small file and an endless work.
    """
    for key in keys:
        parts = key if type(key) is tuple and len(key) <= _AXES else (key,)
        for part in parts:
            if type(part) not in _ATOMS and not isinstance(part, np.generic):
                raise RefusedError(
                    f"refused a {type(part).__name__} as a key: only numbers, text, and tuples "
                    "of them"
                )


def _pairs(kind: type[dict]) -> Callable[..., dict]:
    def make(pairs: Any = ()) -> dict:
        if type(pairs) not in (list, tuple):
            raise RefusedError("refused a dict of another making")
        pairs = [tuple(pair) if type(pair) is list else pair for pair in pairs]
        if any(type(pair) is not tuple or len(pair) != 2 for pair in pairs):
            raise RefusedError("refused a dict of other things than pairs")
        check_keys(key for key, _ in pairs)
        return kind(pairs)

    return make


def _members(kind: type) -> Callable[..., Any]:
    def make(members: Any = ()) -> Any:
        if type(members) not in (list, tuple):
            raise RefusedError("refused a set of another making")
        check_keys(members)
        return kind(members)

    return make


def _listed(kind: type) -> Callable[..., Any]:
    def make(members: Any = ()) -> Any:
        if type(members) not in (list, tuple):
            raise RefusedError("refused a list of another making")
        return kind(members)

    return make


class _Name:
    """What a pickle gets when it names something; it can be called, and not be changed."""

    __slots__ = ("_make",)
    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, make: Callable[..., Any] | None) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        if self._make is None:
            raise RefusedError("refused to call numpy.ndarray")
        return self._make(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise RefusedError("refused to change what the reader is made of")


NAMES = {
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
    ("collections", "OrderedDict"): _Name(_pairs(collections.OrderedDict)),
    **{
        (module, name): _Name(make)
        for module in ("builtins", "__builtin__")
        for name, make in (
            ("bytes", _no_bytes),
            ("dict", _pairs(dict)),
            ("list", _listed(list)),
            ("tuple", _listed(tuple)),
            ("set", _members(set)),
            ("frozenset", _members(frozenset)),
        )
    },
}
"""All that a pickle may name, as (module, name)."""

_ATOMS = frozenset((str, bytes, int, float, bool, type(None)))
_UNDER_WAY = object()
_CONTAINERS = frozenset((_Array, tuple, list, dict, collections.OrderedDict))


def finished(value: Any, done: dict[int, tuple[Any, Any]]) -> Any:
    """Return the value with every `_Array` in it made real; lists and dicts are changed in place.

    ``done`` holds each container met so far and what it became, so that what was shared stays
    shared (and the container lives, so that no other takes its ``id``).
    """
    kind = type(value)
    if kind not in _CONTAINERS:
        if kind in (_Dtype, _Name):
            raise RefusedError("refused a description of arrays where a value was expected")
        return value
    if id(value) in done:
        found = done[id(value)][1]
        if found is _UNDER_WAY:
            raise RefusedError("refused a tuple that holds itself")
        return found
    if kind is tuple:
        done[id(value)] = value, _UNDER_WAY
        result: Any = tuple([finished(item, done) for item in value])
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
                result[place] = finished(item, done)
        return result
    done[id(value)] = value, value
    for key, item in value.items() if kind in (dict, collections.OrderedDict) else enumerate(value):
        if type(item) in _CONTAINERS:
            value[key] = finished(item, done)
        elif type(item) in (_Dtype, _Name):
            raise RefusedError("refused a description of arrays where a value was expected")
    return value
