"""A CSV file as columns of numbers and words; what is wrong in it is told by line and column.

Shapes: N lines, C columns asked for.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class Columns:
    """The cells below a header.

    Attributes:
        file: where they are from.
        header: the names in the first line.
        rows: an Arrow table of the columns that were asked for.
    """

    file: Path
    header: list[str]
    rows: Any

    def __len__(self) -> int:
        """Return the number of lines N; the first is line 2 of the file."""
        return self.rows.num_rows

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """(N, C) float32 of some columns, NaN for empty cells and absent columns."""
        out_NC = np.full((len(self), len(names)), np.nan, np.float32)
        for place, name in enumerate(names):
            if name in self.rows.column_names:
                out_NC[:, place] = self.rows.column(name).to_numpy()
        return out_NC

    def words(self, name: str) -> np.ndarray | None:
        """(N,) texts of a column, empty for empty cells; None if it is not there."""
        if name not in self.rows.column_names:
            return None
        # equal texts are one object: a million frames of a clip hold its name once
        codes = self.rows.column(name).combine_chunks().dictionary_encode()
        return np.array(codes.dictionary.to_pylist(), dtype=object)[codes.indices.to_numpy()]


def header(file: Path) -> tuple[list[str], str]:
    """Return the names in the first line, and the character between them: comma, semicolon or tab.

    Raises:
        ValueError: there is no such file, it is empty or not UTF-8, or a name comes twice.
    """
    if not file.is_file():
        raise ValueError(f"expected a CSV file at {file}, found no file")
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            line = opened.readline()
    except UnicodeDecodeError as error:
        raise _not_utf8(file) from error
    delimiter = max(",;\t", key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if not any(names):
        raise ValueError(f"{file}: expected the names of the columns in line 1, found nothing")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{file}, line 1: the column {', '.join(map(repr, repeated))} comes twice")
    return names, delimiter


def load(
    file: Path, numbers: Collection[str], words: Collection[str], *, double: bool = False
) -> Columns:
    """Read the columns that are asked for.

    Args:
        file: the file.
        numbers: columns of numbers; ones that the file lacks are none.
        words: columns of text.
        double: numbers are float64, not float32.

    Raises:
        ValueError: as `header`; there is nothing below it; a cell is no number, or a line has
            more or fewer cells than the header: line and column are named.
    """
    import pyarrow as pa
    import pyarrow.csv

    names, delimiter = header(file)
    with file.open("rb") as opened:
        opened.readline()
        if not opened.read(1):
            raise ValueError(f"{file}: expected lines below the header, found none")
    kinds = {name: pa.float64() if double else pa.float32() for name in names if name in numbers}
    kinds |= {name: pa.string() for name in names if name in words}
    uneven = []

    def skip(row: Any) -> str:
        uneven.append(row)
        return "skip"

    try:
        rows = pyarrow.csv.read_csv(
            file,
            # one thread, as only then lines have numbers
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, skip_rows_after_names=1, column_names=names
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, ignore_empty_lines=False, invalid_row_handler=skip
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=kinds, include_columns=list(kinds), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise _explained(file, names, str(error)) from None
    if uneven:
        first = uneven[0]
        raise ValueError(
            f"{file}, line {first.number}: expected {first.expected_columns} cells as in the "
            f"header, found {first.actual_columns}: {first.text[:60]}"
        )
    return Columns(file, names, rows)


def _explained(file: Path, names: Sequence[str], said: str) -> ValueError:
    """Arrow's complaint with the line and the column's name."""
    found = re.search(r"CSV column #(\d+): Row #(\d+): .*invalid value '(.*)'", said)
    if found:
        column, line, value = names[int(found[1])], found[2], found[3]
        hint = "; write the decimal point as a point" if "," in value else ""
        return ValueError(
            f"{file}, line {line}, column {column}: expected a number, found {value!r}{hint}"
        )
    if "UTF8" in said or "UTF-8" in said:
        return _not_utf8(file)
    return ValueError(f"{file} cannot be read as CSV: {said}")


def _not_utf8(file: Path) -> ValueError:
    return ValueError(f"{file} is not UTF-8 text; save it as `CSV UTF-8`")
