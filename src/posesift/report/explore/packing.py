"""Columns and text as JSON that a page can carry: compressed, and safe inside HTML.

M poses.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

_LEVEL = 6  # 9 takes several times as long for a hundredth of the size
_UNSAFE = "<>&\u2028\u2029"
UNDEFINED = 255  # of a column of bytes


def column(values: ArrayLike, kind: str) -> dict[str, Any]:
    """An array as a typed array of JavaScript reads it.

    >>> column([[1, 2]], "u1")
    {'type': 'u1', 'shape': [1, 2], 'data': 'eJxjZAIAAAYABA=='}

    Args:
        values: of any shape.
        kind: ``f4``, ``i4``, ``i2``, ``u2`` or ``u1``, little-endian.
    """
    array = np.ascontiguousarray(np.asarray(values).astype(f"<{kind}"))
    return {"type": kind, "shape": list(array.shape), "data": _deflated(array.tobytes())}


def wholes(values: ArrayLike, high: int) -> np.ndarray:
    """Values rounded to whole numbers of one byte, NaN as `UNDEFINED`.

    >>> wholes([12.6, np.nan, 300.0], 180).tolist()
    [13, 255, 180]
    """
    array = np.asarray(values, np.float64)
    bounded = np.clip(np.nan_to_num(array, nan=0.0), 0, high)
    return np.where(np.isnan(array), UNDEFINED, np.rint(bounded)).astype(np.uint8)


def text(names: Sequence[str]) -> dict[str, str]:
    """A list of names; they may hold anything, lone surrogates of odd file names included."""
    return {"text": _deflated(json.dumps(list(names), separators=(",", ":")).encode("ascii"))}


def levels(values_N: np.ndarray, most: int) -> tuple[list[str], np.ndarray]:
    """Names that repeat, as the sorted list of those in use and the place of each in it.

    >>> names, place = levels(np.array(["walk", None, "kick", "walk"], object), 9)
    >>> names, place.tolist()
    (['kick', 'walk'], [1, -1, 0, 1])

    Args:
        values_N: anything that prints; None, NaN and "" name nothing.
        most: names that are listed: the most frequent, where there are more.

    Returns:
        The names, and (N,) int64, -1 where there is none.
    """
    objects_N = np.asarray(values_N, object)
    known_N = np.array([v is not None and v == v and v != "" for v in objects_N], bool)
    place_N = np.full(len(objects_N), -1, np.int64)
    if not known_N.any():
        return [], place_N
    named = np.array([str(value) for value in objects_N[known_N]], object)
    name_U, inverse, size_U = np.unique(named, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-size_U, kind="stable")[:most])
    new_U = np.full(len(name_U), -1, np.int64)
    new_U[kept] = np.arange(len(kept))
    place_N[known_N] = new_U[inverse]
    return [str(name) for name in name_U[kept]], place_N


def safe_json(value: Any) -> str:
    r"""JSON without a sign that means something to HTML, so that no name ends its element.

    >>> safe_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot say.
    """
    written = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for sign in _UNSAFE:  # far faster than str.translate over megabytes
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


def _deflated(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, _LEVEL)).decode("ascii")
