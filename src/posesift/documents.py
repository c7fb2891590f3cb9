"""Documents as they are taken in: JSON, TOML and YAML, checked against a type, within bounds.

A small file may be made to fill the memory or to never end: by nesting, by YAML's aliases, by a
TOML key of ten thousand dots, by numbers of a million digits. Here all of that is one `ValueError`.
What a document must hold is written as a type (a `msgspec.Struct`, a `TypedDict`), in the place of
checks by hand. Nothing here opens a file: see `posesift.storage`.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, TypeVar

import msgspec
import yaml
from yaml.composer import ComposerError

Document = TypeVar("Document")

LARGEST = 256 * 1024
"""Characters of a TOML or YAML file; people write these, and Python reads them slowly."""

_DOTS = 64  # of a line of TOML: reading a dotted key takes time and memory as their square
_WORDS = {
    "array": "a list",
    "object": "an object",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}


def converted(value: Any, kind: type[Document], where: str) -> Document:
    """Return the plain values of a document as a type.

    Args:
        value: what a parser made of the text.
        kind: what it should be.
        where: the file, for messages.

    Raises:
        ValueError: it is something else; the message names the entry.

    >>> converted({"limbs": [["a", "b"], 5]}, dict[str, list[tuple[str, str]]], "my.toml")
    Traceback (most recent call last):
    ...
    ValueError: my.toml: [...][1]: expected a list, found a whole number
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{where}: {_said(error)}") from None
    except RecursionError:
        raise ValueError(f"{where}: expected a document, found one nested too deeply") from None
    except UnicodeError:  # half of a pair of surrogates, which YAML's escapes can name
        raise ValueError(f"{where}: expected text in Unicode, found half a character") from None


def from_json(content: bytes | str, kind: Any, where: str) -> Any:
    """Read JSON; ``NaN`` and infinite numbers, which Python writes though JSON has none, are null.

    Args:
        content: the text; UTF-8 with or without a byte order mark, or UTF-16.
        kind: what it should hold.
        where: the file, for messages.

    Raises:
        ValueError: it is not JSON (the message tells line and column), is nested too deeply, or
            holds something else (the message names the entry).

    >>> from_json('{"loss": NaN}', dict[str, float | None], "a.json")
    {'loss': None}
    """
    try:
        return decoded(content.encode() if isinstance(content, str) else content, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{where}: {_said(error)}") from None
    except ValueError as error:
        raise ValueError(f"{where} is not valid JSON ({error}); it may be cut short") from None


def decoded(content: bytes, kind: type[Document]) -> Document:
    """As `from_json`, for those who explain mistakes themselves.

    Raises:
        msgspec.ValidationError: it is JSON of another kind.
        ValueError: it is not JSON; the message ends with line and column.
    """
    read: bytes | bytearray = content
    try:
        try:
            return msgspec.json.decode(read, type=kind)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # perhaps it is as Python or Windows writes it
            if (encoding := json.detect_encoding(content)) != "utf-8":
                read = content.decode(encoding).encode()
            read = _without_nan(read)
            return msgspec.json.decode(read, type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(_placed(str(error), read)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def from_toml(text: str, where: str) -> dict[str, Any]:
    """Read TOML.

    Raises:
        ValueError: it is not valid, too large, nested too deeply, or has keys of very many parts;
            the message says where.
    """
    _small(text, where)
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _DOTS:
            raise ValueError(
                f"{where}, line {number}: expected at most {_DOTS} dots in a line, found "
                f"{line.count('.')}; break the line"
            )
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise ValueError(f"{where} is not valid TOML: {error}") from None
    except RecursionError:
        raise ValueError(f"{where} is nested too deeply to be read") from None


def from_yaml(text: str, where: str) -> Any:
    r"""Read YAML; no object is ever made of it, and aliases (``*name``) are refused.

    Raises:
        ValueError: it is not valid, too large, nested too deeply, or has an alias.

    >>> from_yaml("a: &x [1, 2]\nb: *x", "my.yaml")
    Traceback (most recent call last):
    ...
    ValueError: my.yaml is not valid YAML: an alias, which is not read: write out what it stands for
      in "<unicode string>", line 2, column 4:
        b: *x
           ^
    """
    _small(text, where)
    try:
        return yaml.load(text, _Loader)
    except RecursionError:
        raise ValueError(f"{where} is nested too deeply to be read") from None
    except Exception as error:  # dates and numbers that are none make PyYAML raise nearly anything
        raise ValueError(f"{where} is not valid YAML: {error}") from None


class _Loader(yaml.SafeLoader):
    """PyYAML's, without aliases: nine lines of them stand for a billion values, or for a circle."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """As PyYAML's; see above."""
        if self.check_event(yaml.AliasEvent):
            raise ComposerError(
                None,
                None,
                "an alias, which is not read: write out what it stands for",
                self.peek_event().start_mark,
            )
        return super().compose_node(parent, index)


def _small(text: str, where: str) -> None:
    if len(text) > LARGEST:
        raise ValueError(
            f"{where}: expected at most {LARGEST} characters, found {len(text)}; this is no such "
            "file"
        )


def _without_nan(content: bytes | bytearray) -> bytearray:
    """Return the text with null in place of NaN and infinite numbers; what is quoted stays."""
    out, done = bytearray(), 0
    for found in re.finditer(rb'"(?:[^"\\]|\\.)*+"|-?(?:NaN|Infinity)', content, re.DOTALL):
        if content[found.start()] != ord('"'):
            out += content[done : found.start()]
            out += b"null"
            done = found.end()
    out += content[done:]
    return out


def _placed(said: str, content: bytes | bytearray) -> str:
    """Return a parser's message, with line and column in place of the byte."""
    found = re.search(r" \(byte (\d+)\)", said)
    place = int(found[1]) if found else len(content)
    line = content.count(b"\n", 0, place) + 1
    column = place - content.rfind(b"\n", 0, place)
    return f"{said.replace(found[0], '') if found else said}, line {line} column {column}"


def _said(error: msgspec.ValidationError) -> str:
    """Give a complaint in words, the entry before it: ``limbs[1]: expected text, found a list``."""
    said, _, entry = str(error).partition(" - at ")
    said = re.sub(r"`([^`]*)`", lambda found: _in_words(found[1]), said)
    said = said.replace("got ", "found ").replace("Object contains", "expected no")
    said = said.replace("Object missing required field", "expected the field")
    entry = entry.replace("`", "").replace("$.", "").replace("$", "")
    said = said[:1].lower() + said[1:]
    return f"{entry}: {said}" if entry else said


def _in_words(kinds: str) -> str:
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds.split(" | "))
