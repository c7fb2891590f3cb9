"""Tables as CSV, in which no spreadsheet finds a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass

from posesift.report.blocks import Cell, Table
from posesift.report.wording import MISSING, written

_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # what a spreadsheet would compute


def csv_text(table: Table) -> str:
    """Return a table as CSV: a column for its groups, and for what stands beside a value.

    Minus signs are hyphens, thousands are not set apart, a missing value is empty. Text that a
    spreadsheet would take for a formula gets an apostrophe in front.
    """
    grouped = any(row.role == "group" for row in table.rows)
    rows = [row for row in table.rows if row.role != "group"]
    parts = [
        _Parts.of(title, [row.cells[place] for row in rows if place < len(row.cells)])
        for place, title in enumerate(table.columns)
    ]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    lead = [*(["group"] * grouped), table.corner or "row"]
    writer.writerow(map(harmless, [*lead, *(name for part in parts for name in part.names)]))
    group = ""
    for row in table.rows:
        if row.role == "group":
            group = row.name
            continue
        cells = [*row.cells, *[Cell()] * (len(parts) - len(row.cells))]
        values = [value for part, cell in zip(parts, cells, strict=True) for value in part(cell)]
        writer.writerow([*map(harmless, [group] * grouped + [row.name]), *values])
    return buffer.getvalue()


@dataclass(frozen=True)
class _Parts:
    """The columns of a CSV file that one of the page becomes: what any of its cells has."""

    title: str
    valued: bool
    spread: bool
    ends: bool

    @staticmethod
    def of(title: str, cells: list[Cell]) -> _Parts:
        known = [cell for cell in cells if cell.text != MISSING]
        return _Parts(
            title,
            valued=not known or any(cell.value is not None for cell in known),
            spread=any(cell.spread is not None for cell in cells),
            ends=any(cell.ends for cell in cells),
        )

    @property
    def names(self) -> list[str]:
        return [
            *[self.title] * self.valued,
            *[f"{self.title} spread"] * self.spread,
            *[f"{self.title} low", f"{self.title} high"] * self.ends,
        ]

    def __call__(self, cell: Cell) -> list[str]:
        """Write what one cell has of these columns."""
        if isinstance(cell.value, str):
            value = harmless(cell.value)
        else:
            value = _plain(cell.number, cell.form)
        low, high = cell.ends or (None, None)
        return [
            *[value] * self.valued,
            *[_plain(cell.spread, cell.form)] * self.spread,
            *[_plain(end, cell.form) for end in (low, high)] * self.ends,
        ]


def _plain(value: float | None, form: str) -> str:
    """Write a number as computers do, or nothing."""
    if value is None:
        return ""
    return written(value, form.replace(",", "").removeprefix("+")).replace("−", "-")


def harmless(text: str) -> str:
    """``text`` in one line, with an apostrophe where a spreadsheet would run it.

    >>> harmless("=1+1"), harmless("walk-1.png")
    ("'=1+1", 'walk-1.png')
    """
    line = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line
