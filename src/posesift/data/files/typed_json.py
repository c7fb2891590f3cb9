"""JSON label files as they are found, checked against the types that a reader expects.

Python writes ``NaN`` and ``Infinity``, though JSON has no such words; Windows begins a file with a
byte order mark, or writes UTF-16. All of that is read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TypeVar

import msgspec

Document = TypeVar("Document")


def load(path: Path, kind: type[Document], told: str) -> Document:
    """The content of a JSON file; ``NaN`` and infinite numbers are null.

    Args:
        path: the file.
        kind: what it holds.
        told: what the file is, for messages, such as "AP-10K's annotations".

    Raises:
        ValueError: no such file, not JSON (with line and column), or JSON of another kind; the
            message says where.
    """
    if not path.is_file():
        raise ValueError(f"expected {told} at {path}, found no file")
    content: bytes | bytearray = path.read_bytes()
    try:
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # perhaps it is as Python or Windows writes it
            if (encoding := json.detect_encoding(content)) != "utf-8":
                content = content.decode(encoding).encode()
            content = _without_nan(content)
            return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{path} is JSON, but not {told}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is not valid JSON ({_placed(str(error), content)}); it may be cut short"
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
