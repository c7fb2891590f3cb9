"""Reading the files of a result: of the kind that is meant, complete, and not damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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


def parquet(path: Path, needed: tuple[str, ...], *, only: bool = False) -> pa.Table:
    """Read a Parquet file that has every needed column.

    Args:
        path: the file.
        needed: names of columns.
        only: read no others.

    Raises:
        ValueError: it is missing, unreadable, or lacks a column.
    """
    if not path.is_file():
        raise ValueError(f"expected {path.name} in {path.parent}, found none; make it again")
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in needed if name not in file.schema_arrow.names]
            table = None if missing else file.read(list(needed) if only else None)
    except Exception as error:
        raise ValueError(f"{path} is not a readable Parquet file: {error}") from error
    if table is None:
        raise ValueError(f"{path} lacks the columns {', '.join(missing)}")
    return table


def column(table: pa.Table, name: str, kind: type, path: Path) -> np.ndarray:
    """Give a column of plain numbers, to read only (see `posesift.poses.parquet.numbers`)."""
    where = f"{path}: column {name!r}"
    return numbers(table[name].combine_chunks(), (len(table),), kind, where, copy=False)
