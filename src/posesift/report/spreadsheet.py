"""Tables as somebody computes with them: CSV, every number in a column of its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from posesift.report.blocks import Cell, Row, Table
from posesift.report.wording import MISSING

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_RANGE = re.compile(r"(.+) to (.+)")
_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")  # what a spreadsheet would compute


def csv_text(table: Table) -> str:
    """A table as CSV: a column for its groups, and for what stands beside a value.

    Minus signs are hyphens, thousands are not set apart, a missing value is empty. Text that a
    spreadsheet would take for a formula gets an apostrophe in front.
    """
    grouped = any(row.role == "group" for row in table.rows)
    cells = [row.cells for row in table.rows if row.role != "group"]
    header = [*(["group"] * grouped), table.corner or "row"]
    parts: list[list[Callable[[Cell], str]]] = []
    for place, title in enumerate(table.columns):
        column = [row[place] for row in cells if place < len(row)]
        names, readers = _parts(title, column)
        header += names
        parts.append(readers)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(_harmless, header))
    group = ""
    for row in table.rows:
        if row.role == "group":
            group = row.name
            continue
        lead = [group] * grouped + [row.name]
        writer.writerow([*map(_harmless, lead), *_values(row, parts)])
    return buffer.getvalue()


def as_number(text: str) -> str | None:
    r"""A number as computers write it, or None for anything else.

    >>> as_number("\u22120.3"), as_number("12\u202f000"), as_number("+1.3"), as_number("2 of 3")
    ('-0.3', '12000', '1.3', None)
    """
    bare = re.sub("[\u202f\u2009\u00a0]", "", text.strip()).replace("\u2212", "-")
    return bare.removeprefix("+") if _NUMBER.fullmatch(bare) else None


def _parts(title: str, column: list[Cell]) -> tuple[list[str], list[Callable[[Cell], str]]]:
    """Headings that one column of the page becomes, and how each is read from a cell."""
    names, readers = [title], [lambda cell: _shown(cell.text)]
    if any(cell.spread for cell in column):
        names.append(f"{title} spread")
        readers.append(lambda cell: _shown(cell.spread))
    ranges = [cell.range for cell in column if cell.range]
    if ranges and all(_ends(text) for text in ranges):
        names += [f"{title} low", f"{title} high"]
        readers += [lambda cell: (_ends(cell.range) or ("", ""))[0]]
        readers += [lambda cell: (_ends(cell.range) or ("", ""))[1]]
    elif ranges:
        names.append(f"{title} range")
        readers.append(lambda cell: _shown(cell.range))
    return names, readers


def _values(row: Row, parts: list[list[Callable[[Cell], str]]]) -> list[str]:
    padded = [*row.cells, *[Cell("")] * (len(parts) - len(row.cells))]
    return [read(cell) for cell, some in zip(padded, parts, strict=True) for read in some]


def _ends(text: str) -> tuple[str, str] | None:
    """Both ends of a range of numbers."""
    found = _RANGE.fullmatch(text)
    ends = [as_number(end) for end in found.groups()] if found else [None]
    return (ends[0], ends[1]) if None not in ends else None  # type: ignore[return-value]


def _shown(text: str) -> str:
    if text.strip() == MISSING:
        return ""
    number = as_number(text)
    return _harmless(text) if number is None else number


def _harmless(text: str) -> str:
    """``text``, with an apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
