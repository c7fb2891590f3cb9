"""JSON as it is found: with Python's NaN, a byte order mark, or cut short somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode(file: Path, kind: type[T], what: str) -> T:
    """A JSON file as a msgspec type.

    ``NaN`` and ``Infinity``, which Python writes though JSON has no such words, are read as null.
    Files that begin with a byte order mark, or are UTF-16 or UTF-32, are read too.

    Args:
        file: there must be such a file.
        kind: what the content is, as msgspec takes it.
        what: the same for people, in the plural.

    Raises:
        ValueError: the file is not JSON, with line and column; or JSON of another form, with the
            place in it.
    """
    content: bytes | bytearray = file.read_bytes()
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{file} is JSON, but not {what}: {error}") from None
    except msgspec.DecodeError:
        pass  # perhaps it is as Python or Windows writes it
    try:
        if (encoding := json.detect_encoding(content)) != "utf-8":
            content = content.decode(encoding).encode()
        content = _without_nan(content)
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{file} is JSON, but not {what}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{file} is not valid JSON: {_placed(str(error), content)}; it may be cut short"
        ) from None


def _without_nan(content: bytes) -> bytearray:
    """The text with null in place of NaN and infinite numbers; what is quoted stays."""
    out, done = bytearray(), 0
    for found in re.finditer(rb'"(?:[^"\\]|\\.)*+"|-?(?:NaN|Infinity)', content, re.DOTALL):
        if content[found.start()] != ord('"'):
            out += content[done : found.start()]
            out += b"null"
            done = found.end()
    out += content[done:]
    return out


def _placed(said: str, content: bytes | bytearray) -> str:
    """A parser's message, with line and column in place of the byte."""
    found = re.search(r" \(byte (\d+)\)", said)
    place = int(found[1]) if found else len(content)
    line = content.count(b"\n", 0, place) + 1
    column = place - content.rfind(b"\n", 0, place)
    return f"{said.replace(found[0], '') if found else said}, line {line} column {column}"
