"""The columns of a pose table in Parquet, and back.

`PoseTable.save` and `PoseTable.load` are the way in for a whole table; a table that is larger than
memory is written with `PoseTable.to_arrow`, one row group at a time, and read with
`PoseTable.load_parts`. Here a table is its fields by
name, so that the table knows its file and the file needs no table.

Shapes: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from posesift import documents
from posesift.poses.store import is_remote, local
from posesift.skeletons import Skeleton

_NEEDED = ("keypoints", "visible", "width", "height")
_IDS = ("id", "image_id")
_COLUMNS = (*_NEEDED, "occluded", "box", "image", "clip", "mode", "mirrored", "neg_log_p", *_IDS)

SKELETON, FACTS = b"posesift.skeleton", b"posesift.table"
"""Keys of the schema's metadata: the skeleton, and the fields that are no columns, as JSON."""


class Facts(msgspec.Struct):
    """The fields of a table that are no columns."""

    root: str = ""
    boxes_from: Literal["file", "labels", "image"] = "file"
    share: dict[str, Annotated[float, msgspec.Meta(ge=0, le=1)]] | None = None
    address: str | None = None
    problems: list[str] = []
    notes: list[str] = []
    exif: Literal["apply", "ignore"] = "apply"


def to_arrow(fields: Mapping[str, Any]) -> pa.Table:
    """Return the fields of a `PoseTable` as Arrow columns, the inverse of `read_fields`.

    The skeleton and what is no column travel in the schema's metadata.
    """

    def fixed(values: NDArray, kind: type, size: int) -> pa.Array:
        flat = np.ascontiguousarray(values, kind).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), size)

    joints = len(fields["skeleton"])
    columns: dict[str, pa.Array] = {
        "keypoints": fixed(fields["keypoints_NK2"], np.float32, 2 * joints),
        "visible": fixed(fields["visible_NK"], bool, joints),
        "width": pa.array(fields["width_N"], pa.int32()),
        "height": pa.array(fields["height_N"], pa.int32()),
    }
    if fields["occluded_NK"] is not None:
        columns["occluded"] = fixed(fields["occluded_NK"], bool, joints)
    if fields["box_N4"] is not None:
        columns["box"] = fixed(fields["box_N4"], np.float32, 4)
    for name in ("image", "clip", "mode"):
        if fields[f"{name}_N"] is not None:
            columns[name] = pa.array(fields[f"{name}_N"].tolist(), pa.string())
    if fields["mirrored_N"] is not None:
        columns["mirrored"] = pa.array(fields["mirrored_N"], pa.bool_())
    if fields["neg_log_p_N"] is not None:
        columns["neg_log_p"] = pa.array(fields["neg_log_p_N"], pa.float32())
    for name in _IDS:
        if (ids := fields[f"{name}_N"]) is not None:
            columns[name] = pa.array(ids, pa.string() if ids.dtype == object else pa.int64())
    facts = {
        name: fields[name]
        for name in ("root", "boxes_from", "share", "address", "problems", "notes", "exif")
    }
    metadata = {SKELETON: fields["skeleton"].to_json().encode(), FACTS: json.dumps(facts).encode()}
    return pa.table(columns).replace_schema_metadata(metadata)


def read_fields(file: pq.ParquetFile, path: str | Path) -> dict[str, Any]:
    """Return the fields of a `PoseTable`, read column by column.

    Visible keypoints that are not finite are made invisible, and join the problems.

    Args:
        file: with the columns of `to_arrow`, those of them that must be there or more.
        path: of the file, for messages, and for a root that is relative to its folder.

    Raises:
        ValueError: a column is missing or of another width, or the metadata name no skeleton.
    """
    schema = file.schema_arrow
    _check_schema(schema, path)

    def column(name: str) -> pa.Array | None:
        if name not in schema.names:
            return None
        return file.read(columns=[name]).column(0).combine_chunks()

    return _fields(column, file.metadata.num_rows, schema, path)


def read_batches(
    file: pq.ParquetFile,
    path: str | Path,
    rows: int,
    without: Sequence[str] = (),
    *,
    offset: int = 0,
    first: int = 0,
    last: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the fields of one `PoseTable` after another, of ``rows`` rows each, the last of fewer.

    Together they are what `read_fields` gives; but for the problems that the file itself tells,
    which only that with its first row repeats. No more than one is in memory.

    Args:
        file: as for `read_fields`.
        path: as for `read_fields`.
        rows: of a table. It ends where ``rows`` divides the number of the next row.
        without: columns that are not read, of those that a table may lack.
        offset: number of the file's first row, where it is a shard of a larger table.
        first: number of the row to begin with.
        last: number of the row to end before; None: the end of the file.

    Raises:
        ValueError: as `read_fields`; some of it only when the rows are come to.
    """
    schema = file.schema_arrow
    _check_schema(schema, path)
    names = [name for name in _COLUMNS if name in schema.names and name not in without]
    last = offset + file.metadata.num_rows if last is None else last
    row = first = max(first, offset)
    for table in _cut(file, names, rows, offset, first, last):
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        yield _fields(columns.get, len(table), schema, path, row, offset)
        row += len(table)


def _cut(
    file: pq.ParquetFile, columns: list[str], rows: int, offset: int, first: int, last: int
) -> Iterator[pa.Table]:
    """Yield rows ``first`` to ``last`` of a file from ``offset`` on, wherever row groups end."""
    waiting: list[pa.RecordBatch] = []
    held, row = 0, offset
    wanted = rows - first % rows  # of the next table
    for group in range(file.num_row_groups):  # asked for all at once, it keeps all that it read
        size = file.metadata.row_group(group).num_rows
        if row + size <= first or row >= last:
            row += size
            continue
        for read in file.iter_batches(rows, [group], columns, use_threads=False):
            start, stop = max(first - row, 0), min(last - row, read.num_rows)
            row += read.num_rows
            if start >= stop:
                continue
            batch = read.slice(start, stop - start)
            waiting.append(batch)
            held += batch.num_rows
            while held >= wanted:
                table = pa.Table.from_batches(waiting)
                yield table.slice(0, wanted)
                waiting, held, wanted = table.slice(wanted).to_batches(), held - wanted, rows
    if held:
        yield pa.Table.from_batches(waiting)


def _check_schema(schema: pa.Schema, path: str | Path) -> None:
    """Refuse a file that is no pose table.

    Raises:
        ValueError: its metadata name no skeleton, or a column is missing.
    """
    described(schema, path)
    if missing := [name for name in _NEEDED if name not in schema.names]:
        raise ValueError(
            f"{path}: expected the columns {', '.join(_NEEDED)}, "
            f"found {', '.join(schema.names)}; missing {', '.join(missing)}"
        )


def _fields(
    read: Callable[[str], pa.Array | None],
    count: int,
    schema: pa.Schema,
    path: str | Path,
    first: int = 0,
    offset: int = 0,
) -> dict[str, Any]:
    """Return the fields of ``count`` rows from ``first`` on, of a file from ``offset`` on."""
    skeleton, facts = described(schema, path)
    joints = len(skeleton)

    def column(name: str, shape: tuple[int, ...], kind: type) -> NDArray | None:
        found = read(name)
        if found is None:
            return None
        if kind is object:
            return _texts(found, f"{path}: column {name!r}")
        return numbers(found, shape, kind, f"{path}: column {name!r}", f" for {skeleton.name}")

    def ids(name: str) -> NDArray | None:
        found = read(name)
        if found is None or not pa.types.is_integer(found.type):
            return None if found is None else _texts(found, f"{path}: column {name!r}")
        return numbers(found, (count,), np.int64, f"{path}: column {name!r}")

    columns = {
        "keypoints_NK2": column("keypoints", (count, joints, 2), np.float32),
        "visible_NK": column("visible", (count, joints), np.bool_),
        "width_N": column("width", (count,), np.int32),
        "height_N": column("height", (count,), np.int32),
        "occluded_NK": column("occluded", (count, joints), np.bool_),
        "box_N4": column("box", (count, 4), np.float32),
        "image_N": column("image", (count,), object),
        "clip_N": column("clip", (count,), object),
        "mode_N": column("mode", (count,), object),
        "mirrored_N": column("mirrored", (count,), np.bool_),
        "neg_log_p_N": column("neg_log_p", (count,), np.float32),
        **{f"{name}_N": ids(name) for name in _IDS},
    }
    return {
        "skeleton": skeleton,
        "root": _resolved(facts.root, path),
        "boxes_from": facts.boxes_from,
        "share": facts.share,
        "address": facts.address or f"poses:{path}",
        "problems": [*(facts.problems if first == offset else []), *_hide_lost(columns, first)],
        "notes": facts.notes,
        "exif": facts.exif,
        **columns,
    }


def described(schema: pa.Schema, path: str | Path) -> tuple[Skeleton, Facts]:
    """Return the skeleton and the facts in a schema's metadata.

    Raises:
        ValueError: they name no skeleton, or cannot be read.
    """
    metadata = schema.metadata or {}
    if SKELETON not in metadata:
        raise ValueError(
            f"{path} names no skeleton: expected the key 'posesift.skeleton' in the schema's "
            "metadata; PoseTable.save writes it"
        )
    try:
        skeleton = Skeleton.from_json(metadata[SKELETON].decode())
        facts = documents.from_json(metadata.get(FACTS, b"{}"), Facts, "'posesift.table'")
    except ValueError as error:
        raise ValueError(f"{path}: in the schema's metadata, {error}") from None
    return skeleton, facts


def numbers(
    found: pa.Array,
    shape: tuple[int, ...],
    kind: Any,
    where: str,
    of: str = "",
    *,
    copy: bool = True,
) -> NDArray:
    """Return a column of numbers, checked for its kind, its width, its range, and empty cells.

    Args:
        found: the column.
        shape: of the array; all axes but the first are the values of a row.
        kind: bool, an integer, or float32, which whole numbers become too.
        where: file and column, for messages.
        of: what the width comes from, for messages.
        copy: the array can be written to; else it may be the column itself, which cannot.

    Raises:
        ValueError: the column is another one.
    """
    width, wanted = int(np.prod(shape[1:])), np.dtype(kind)
    if len(shape) > 1:
        fixed = pa.types.is_fixed_size_list(found.type)
        if not (fixed or pa.types.is_list(found.type) or pa.types.is_large_list(found.type)):
            raise ValueError(f"{where}: expected lists of {width} values, found {found.type}")
        if found.null_count:
            raise ValueError(f"{where} holds empty rows")
        widths = [found.type.list_size] if fixed else np.unique(np.diff(found.offsets)).tolist()
        if wrong := [count for count in widths if count != width]:
            raise ValueError(f"{where}: expected {width} values a row{of}, found {wrong[0]}")
        found = found.flatten()
    is_whole = pa.types.is_boolean(found.type) or pa.types.is_integer(found.type)
    if not (is_whole or (pa.types.is_floating(found.type) and kind is np.float32)):
        expected = "numbers" if kind is np.float32 else "whole numbers"
        raise ValueError(f"{where}: expected {expected}, found {found.type}")
    if found.null_count and kind is not np.float32:
        raise ValueError(f"{where} holds empty cells")
    values = _in_memory(found)
    if np.issubdtype(kind, np.integer) and len(values):
        least, greatest = np.iinfo(wanted).min, np.iinfo(wanted).max
        if not least <= int(values.min()) <= int(values.max()) <= greatest:
            raise ValueError(
                f"{where}: expected {least} to {greatest}, found {values.min()} to {values.max()}"
            )
    with np.errstate(over="ignore"):  # beyond float32 is as far off the image as infinity
        return values.astype(kind, copy=copy).reshape(shape)


def _in_memory(found: pa.Array) -> NDArray:
    """Give numbers as they lie in memory: `to_numpy` first imports pandas, and goes bit by bit."""
    if found.null_count or not len(found):
        return np.asarray(found.to_numpy(zero_copy_only=False))
    if not pa.types.is_boolean(found.type):
        return np.from_dlpack(found)
    bits = np.frombuffer(found.buffers()[1], np.uint8)
    until = found.offset + len(found)
    return np.unpackbits(bits, count=until, bitorder="little")[found.offset :].view(np.bool_)


def _texts(column: pa.Array, where: str) -> NDArray:
    """Texts as Python's own, each different one once: a clip's name stands in many rows."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        if not pa.types.is_dictionary(column.type):
            raise ValueError(f"{where}: expected text, found {column.type}")
        column = column.cast(pa.string())
    if column.null_count:
        raise ValueError(f"{where} holds empty cells")
    coded = column.dictionary_encode(null_encoding="encode")
    return np.array(coded.dictionary.to_pylist(), object)[coded.indices]


def _hide_lost(columns: dict[str, Any], first: int) -> list[str]:
    finite_NK2 = np.isfinite(columns["keypoints_NK2"])
    if finite_NK2.all():  # as a rule; all that follows goes row by row
        return []
    lost_NK = columns["visible_NK"] & ~(finite_NK2[..., 0] & finite_NK2[..., 1])
    columns["visible_NK"] &= ~lost_NK
    return [
        f"row {first + row}: {lost_NK[row].sum()} keypoints made invisible, NaN or infinite"
        for row in np.flatnonzero(lost_NK.any(axis=1)).tolist()
    ]


def _resolved(root: str, path: str | Path) -> str:
    """Return the root with a relative one counted from the file's folder, wherever that is now."""
    if not root or root.startswith("world:") or Path(root).is_absolute() or is_remote(path):
        return root
    return str((local(path).parent / root).resolve())
