"""The pieces of a prepared table on disk, and how they become one.

A shard is a Parquet file for each part of the raw data, written when all of the part's crops are;
so its presence means that the part is done. `posesift.data.prepare` makes them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from posesift import documents, progress, storage
from posesift.data.labels.cleaning import BAD_FRACTION
from posesift.poses.parquet import FACTS, SKELETON
from posesift.poses.table import PoseTable

TABLE, PROBLEMS, FOLDER = "poses.parquet", "problems.txt", "parts"

_PREPARED = b"posesift.prepared"  # key of the schema's metadata
_ROWS = 50_000  # of a row group of the whole table
_SHOWN = 5  # bad samples named in a message


class _About(msgspec.Struct):
    """What a shard says of itself."""

    part: str
    left_out: list[str]


def write(folder: Path, number: int, part: str, table: PoseTable, left_out: Sequence[str]) -> None:
    """Write a part's shard, atomically.

    Args:
        folder: of the preparation.
        number: of the part, counted from 0.
        part: its name.
        table: its samples as their crops show them.
        left_out: what is wrong with samples whose image could not be read.
    """
    arrow = table.to_arrow()
    about = {"part": part, "left_out": list(left_out)}
    metadata = arrow.schema.metadata | {_PREPARED: json.dumps(about).encode()}
    with storage.atomic_path(_place(folder, number)) as temporary:
        pq.write_table(arrow.replace_schema_metadata(metadata), temporary)


def whole(folder: Path, number: int, part: str) -> int:
    """Return samples of a part that is done; 0 where it is not, or may have been mended since.

    Raises:
        ValueError: the shard is that of another part, so the raw data have changed.
    """
    shard = _place(folder, number)
    if not shard.is_file():
        return 0
    found = pq.read_metadata(shard)
    about = _about(found.metadata, shard)
    if about.part != part:
        raise ValueError(
            f"the raw data have changed since {folder} was begun: expected {about.part}, found "
            f"{part}; begin anew with --overwrite"
        )
    return 0 if about.left_out else found.num_rows


def gather(folder: Path, count: int) -> None:
    """Write one table of all shards, in their order, and what was wrong in ``problems.txt``.

    Raises:
        ValueError: more than 5 % of the samples were left out, none is left, or the parts have
            different columns.
    """
    schema, problems, left_out, samples = None, [], [], 0
    for number in range(count):
        shard = pq.ParquetFile(_place(folder, number))
        about = _about(shard.schema_arrow.metadata, _place(folder, number))
        facts = json.loads(shard.schema_arrow.metadata[FACTS])
        problems += [*facts["problems"], *(f"left out: {why}" for why in about.left_out)]
        left_out += about.left_out
        samples += shard.metadata.num_rows
        if shard.metadata.num_rows:
            schema = _common(schema, shard.schema_arrow, about.part)
    if problems:
        lines = "".join(f"{line}\n" for line in dict.fromkeys(problems))
        _put(folder, PROBLEMS, lines.encode())
    if len(left_out) > BAD_FRACTION * (samples + len(left_out)):
        raise too_many(left_out, samples + len(left_out))
    if schema is None:
        raise ValueError(f"expected samples to prepare, found none; see {folder / PROBLEMS}")
    metadata = {**schema.metadata, _PREPARED: json.dumps({"left_out": len(left_out)}).encode()}
    with storage.atomic_path(folder / FOLDER / TABLE) as temporary:
        _stream(folder, count, schema.with_metadata(metadata), temporary)
    (folder / FOLDER / TABLE).replace(folder / TABLE)


def counts(table: Path) -> tuple[int, int]:
    """How many samples a gathered table has, and how many were left out."""
    found = pq.read_metadata(table)
    return found.num_rows, json.loads(found.metadata[_PREPARED])["left_out"]


def too_many(left_out: Sequence[str], samples: int) -> ValueError:
    """Return the error that ends a preparation with many bad samples."""
    lines = "".join(f"\n  {why}" for why in left_out[:_SHOWN])
    more = len(left_out) - _SHOWN
    return ValueError(
        f"{len(left_out)} of {samples} samples have no readable image; at most "
        f"{BAD_FRACTION:.0%} are left out without asking. Mend them and go on with the same "
        f"command and --resume:{lines}" + (f"\n  and {more} more" if more > 0 else "")
    )


def _about(metadata: dict[bytes, bytes] | None, shard: Path) -> _About:
    if not metadata or not {_PREPARED, FACTS, SKELETON} <= metadata.keys():
        raise ValueError(f"{shard} was not written by PoseSift; remove it, and go on with --resume")
    return documents.from_json(metadata[_PREPARED], _About, str(shard))


def _place(folder: Path, number: int) -> Path:
    return folder / FOLDER / f"{number:06d}.parquet"


def _put(folder: Path, name: str, content: bytes) -> None:
    """Write a file so that a killed process leaves no half of it beside the result."""
    storage.write_bytes(folder / FOLDER / name, content)
    (folder / FOLDER / name).replace(folder / name)


def _common(before: pa.Schema | None, found: pa.Schema, part: str) -> pa.Schema:
    """Return the schema of all parts so far, without their problems."""
    facts: dict[str, Any] = json.loads(found.metadata[FACTS]) | {"problems": [], "notes": []}
    if before is not None:
        told = json.loads(before.metadata[FACTS])
        same = before.metadata[SKELETON] == found.metadata[SKELETON]
        if not (same and before.equals(found) and told["boxes_from"] == facts["boxes_from"]):
            raise ValueError(
                f"expected the columns {', '.join(before.names)} of one skeleton in all parts, "
                f"found {', '.join(found.names)} in {part}"
            )
        if told["share"] != facts["share"]:
            facts["share"] = None
    return found.with_metadata(
        {SKELETON: found.metadata[SKELETON], FACTS: json.dumps(facts).encode()}
    )


def _stream(folder: Path, count: int, schema: pa.Schema, path: Path) -> None:
    waiting: list[pa.Table] = []
    with pq.ParquetWriter(path, schema) as writer:
        for number in progress.track(range(count), f"writing {TABLE}"):
            waiting.append(pq.ParquetFile(_place(folder, number)).read())
            full = sum(len(piece) for piece in waiting) >= _ROWS
            if full or number == count - 1:
                if filled := [piece for piece in waiting if len(piece)]:
                    rows = pa.concat_tables(filled).combine_chunks().cast(schema)
                    writer.write_table(rows, row_group_size=len(rows))
                waiting = []
