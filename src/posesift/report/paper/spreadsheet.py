"""Tables as somebody computes with them: CSV, every number in a column of its own."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable

from posesift.report.blocks import Cell, Row, Table
from posesift.report.wording import MISSING

Reader = Callable[[Cell], str]
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_RANGE = re.compile(r"(.+) to (.+)")
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # what a spreadsheet would compute


def csv_text(table: Table) -> str:
    """A table as CSV: a column for its groups, and for what stands beside a value.

    Minus signs are hyphens, thousands are not set apart, a missing value is empty. Text that a
    spreadsheet would take for a formula gets an apostrophe in front.
    """
    grouped = any(row.role == "group" for row in table.rows)
    cells = [row.cells for row in table.rows if row.role != "group"]
    header = [*(["group"] * grouped), table.corner or "row"]
    parts: list[list[Reader]] = []
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


def _parts(title: str, column: list[Cell]) -> tuple[list[str], list[Reader]]:
    """Headings that one column of the page becomes, and how each is read from a cell."""
    names, readers = _split(title, [cell.text for cell in column], lambda cell: cell.text)
    if any(cell.spread for cell in column):
        names.append(f"{title} spread")
        readers.append(lambda cell: _shown(cell.spread))
    if any(cell.range for cell in column):
        more = _split(f"{title} range", [cell.range for cell in column], lambda cell: cell.range)
        names += [
            name.replace(" range low", " low").replace(" range high", " high") for name in more[0]
        ]
        readers += more[1]
    return names, readers


def _split(title: str, texts: list[str], of: Reader) -> tuple[list[str], list[Reader]]:
    """Two columns for ranges of numbers, one without its unit where all have the same."""
    known = [text for text in texts if text.strip() not in ("", MISSING)]
    if known and all(map(_ends, known)):
        return [f"{title} low", f"{title} high"], [
            lambda cell: (_ends(of(cell)) or ("", ""))[0],
            lambda cell: (_ends(of(cell)) or ("", ""))[1],
        ]
    for unit in ("°", "%"):
        if known and all(t.endswith(unit) and as_number(t.removesuffix(unit)) for t in known):
            return [f"{title} ({unit})"], [_without(unit, of)]
    return [title], [lambda cell: _shown(of(cell))]


def _without(unit: str, of: Reader) -> Reader:
    return lambda cell: _shown(of(cell).removesuffix(unit))


def _values(row: Row, parts: list[list[Reader]]) -> list[str]:
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
    """``text`` in one line, with an apostrophe where a spreadsheet would run it."""
    line = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line
