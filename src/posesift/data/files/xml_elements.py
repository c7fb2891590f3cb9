"""XML read element by element, and never what it could make a parser do.

A document type may define entities: words that stand for a billion others, or for a file of the
user. None of the formats that are read has one, so a document that has is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

_AT_ONCE = 1 << 16  # bytes
_DEEPEST = 64  # elements in one another


@dataclass(slots=True)
class Element:
    """An element: its name, attributes, the elements in it, and the text in it."""

    name: str
    attributes: dict[str, str]
    parts: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> Iterator[Element]:
        """Yield the elements of a name that lie directly in this one."""
        return (part for part in self.parts if part.name == name)

    def said(self, name: str) -> str:
        """Return the text of the first element of a name, "" where there is none."""
        return next((part.text.strip() for part in self.all(name)), "")


def elements(path: Path, wanted: tuple[str, ...], told: str) -> Iterator[tuple[int, Element]]:
    """Yield the elements of some names, whole, in the order of the file, with their lines.

    Args:
        path: the file.
        wanted: names of elements; those that lie in another wanted one come as a part of it.
        told: what the file is, for messages.

    Raises:
        ValueError: there is no such file, it is no XML, has a document type, or is nested deeply.
    """
    if not path.is_file():
        raise ValueError(f"expected {told} at {path}, found no file")
    open_elements: list[Element] = []
    line_of: list[int] = []
    done: list[tuple[int, Element]] = []
    depth = 0
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ValueError(f"{path}: expected {told}, found elements {_DEEPEST} deep and more")
        if open_elements or name in wanted:
            element = Element(name, attributes)
            if open_elements:
                open_elements[-1].parts.append(element)
            else:
                line_of.append(parser.CurrentLineNumber)
            open_elements.append(element)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1
        if open_elements:
            element = open_elements.pop()
            if not open_elements:
                done.append((line_of.pop(), element))

    def text(characters: str) -> None:
        if open_elements:
            open_elements[-1].text += characters

    def document_type(*_: object) -> None:
        raise ValueError(
            f"{path}: expected {told}, found a document type (<!DOCTYPE ...>), which is not read; "
            "remove it"
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, document_type
    try:
        with path.open("rb") as file:
            while content := file.read(_AT_ONCE):
                parser.Parse(content, False)
                yield from done
                done.clear()
        parser.Parse(b"", True)
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        raise ValueError(f"{path} is not XML ({error}); it may be cut short") from None
    yield from done
