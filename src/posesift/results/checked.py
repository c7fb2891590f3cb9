"""Reading the files of a result: of the kind that is meant, complete, and not damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from posesift import documents, storage
from posesift.poses.parquet import numbers


def document(path: Path, needed: tuple[str, ...], kind: Any) -> dict[str, Any]:
    """Read a JSON object that has every needed key, all of it of the type that is meant.

    What is no number, NaN or infinity as others may write them, is null.

    Raises:
        ValueError: it is missing, cut short, or of another type.
    """
    content = storage.read_json(path)
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(map(repr, missing))}; it was cut short, or written by "
            "something else. Make the folder again"
        )
    documents.converted(content, kind, str(path))
    return content


def parquet(path: Path, needed: tuple[str, ...]) -> pa.Table:
    """Read a Parquet file that has every needed column.

    Raises:
        ValueError: it is missing, unreadable, or lacks a column.
    """
    with _opened(path, needed) as file:
        return file.read()


def columns(path: Path, kinds: dict[str, Any]) -> dict[str, NDArray]:
    """Read columns of plain numbers alone, a row group at a time: there may be millions of rows.

    Args:
        path: the file.
        kinds: name of a column to the type of its array.

    Raises:
        ValueError: it is missing, unreadable, lacks a column, or holds something else in one.
    """
    with _opened(path, tuple(kinds)) as file:
        found = {name: np.empty(file.metadata.num_rows, kind) for name, kind in kinds.items()}
        first = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, list(kinds))
            for name, kind in kinds.items():
                found[name][first : first + len(table)] = column(table, name, kind, path)
            first += len(table)
    return found


@contextmanager
def _opened(path: Path, needed: tuple[str, ...]) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file that has every needed column; errors as of `parquet`."""
    if not path.is_file():
        raise ValueError(f"expected {path.name} in {path.parent}, found none; make it again")
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            missing = [name for name in needed if name not in file.schema_arrow.names]
            if not missing:
                yield file
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise ValueError(f"{path} is not a readable Parquet file: {error}") from error
    if missing:
        raise ValueError(f"{path} lacks the columns {', '.join(missing)}")


def column(table: pa.Table, name: str, kind: type, path: Path) -> np.ndarray:
    """Give a column of plain numbers, to read only (see `posesift.poses.parquet.numbers`)."""
    where = f"{path}: column {name!r}"
    return numbers(table[name].combine_chunks(), (len(table),), kind, where, copy=False)
