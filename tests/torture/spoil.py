"""Ways to spoil a true file: bytes, and single values of a document."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import strategies as st


def examples(few: int, many: int) -> int:
    """How many examples a test tries: ``many`` where ``POSESIFT_TORTURE`` is set (5,000 in all)."""
    scale = float(os.environ.get("POSESIFT_TORTURE") or 0)
    return max(few, round(many * scale))


NUMBERS = (0, 1, -1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**32 - 1, 2**63 - 1)

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 99, 2**31, 2**32 - 1, 2**63, -(2**63), 10**30, 10**400),
    *(0.5, -0.0, 1e308, 1e-320, float("nan"), float("inf"), float("-inf")),
    *("", "x", "0", "../x", "/etc/passwd", "a\x00b", "\x1b[2J", "\u202e", "\ud800", "x" * 5000),
    *([], {}, [[]], [None], [0] * 3, ["a", "a"], {"a": {"b": []}}, {"": 0}, [[[[[]]]]]),
)
"""Values that a field may hold instead of its own."""


def edits() -> st.SearchStrategy[list[tuple[str, float, float, int]]]:
    """A few edits of bytes: what, where, how much, and with which number."""
    kinds = st.sampled_from(("flip", "cut", "drop", "repeat", "number", "zeros", "text"))
    share = st.floats(0, 1, exclude_max=True)
    return st.lists(st.tuples(kinds, share, share, st.integers(0, 255)), min_size=1, max_size=4)


def edited(content: bytes, changes: list[tuple[str, float, float, int]]) -> bytes:
    """The content after the edits."""
    out = bytearray(content)
    for kind, where, much, value in changes:
        at = int(where * (len(out) + 1))
        upto = min(len(out), at + 1 + int(much**3 * 200))
        if kind == "cut":
            del out[at:]
        elif kind == "drop":
            del out[at:upto]
        elif kind == "repeat":
            out[at:at] = out[at:upto] * (1 + value % 5)
        elif kind == "zeros":
            out[at:upto] = bytes(upto - at)
        elif kind == "text":
            out[at:upto] = (b'"', b"[", b"{", b"]", b"\n", b",", b"-", b".", b"\xff", b"e9")[
                value % 10
            ]
        elif kind == "number":
            size = (1, 2, 4, 8)[value % 4]
            number = NUMBERS[value % len(NUMBERS)] & (256**size - 1)
            out[at : at + size] = number.to_bytes(size, "little" if value & 64 else "big")
        elif at < len(out):
            out[at] ^= 1 << value % 8
    return bytes(out)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to every value in a document; of a list, to the first two and the last of its items."""
    found = [place]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*place, key))
    elif isinstance(value, list):
        for row in sorted({0, 1, len(value) - 1} & set(range(len(value)))):
            found += places(value[row], (*place, row))
    return found


@st.composite
def spoilt(draw: st.DrawFn, document: Any) -> Any:
    """A document with one to three values of another kind, missing, or of another name."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(document)))
        nasty = draw(st.sampled_from(NASTY))
        if not place:
            document = copy.deepcopy(nasty) if draw(st.booleans()) else document
            continue
        parent = document
        for key in place[:-1]:
            parent = parent[key]
        how = draw(st.sampled_from(("replace", "replace", "replace", "remove", "rename", "deep")))
        if how == "replace":
            parent[place[-1]] = copy.deepcopy(nasty)
        elif how == "remove":
            del parent[place[-1]]
        elif how == "deep":
            parent[place[-1]] = _DEEP
        elif isinstance(parent, dict):
            parent[draw(st.sampled_from(("", "x", "all", "0", "\x07")))] = parent.pop(place[-1])
    return document


_DEEP = "@deep@"  # stands for a list in a list, 100,000 times
_NESTED = "[" * 100_000 + "]" * 100_000


def as_json(document: Any) -> bytes:
    """The document as JSON, with what only Python writes: NaN, numbers of any length."""
    return json.dumps(document).replace(f'"{_DEEP}"', _NESTED).encode()


def as_yaml(document: Any) -> bytes:
    """The document as YAML."""
    text = yaml.safe_dump(document, sort_keys=False)
    return text.replace(_DEEP, _NESTED).encode("utf-8", "surrogatepass")


def as_toml(document: Any) -> bytes:
    """The document as TOML, as far as TOML can say it."""
    if not isinstance(document, dict):
        return as_json(document)
    lines = [f"{_key(key)} = {_toml(value)}" for key, value in document.items()]
    return "\n".join(lines).replace(f'"{_DEEP}"', _NESTED).encode("utf-8", "surrogatepass")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return {"nan": "nan", "inf": "inf", "-inf": "-inf"}.get(str(value), repr(value))
    return "1979-05-27" if value is None else json.dumps(value)


def _key(key: Any) -> str:
    return json.dumps(str(key))


WRITERS: dict[str, Callable[[Any], bytes]] = {
    "json": as_json,
    "yaml": as_yaml,
    "toml": as_toml,
}
