"""A pose table in several Parquet files, its shards: counted and checked before they are read.

They are one table whose rows count on from shard to shard, in the order of the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from posesift.poses.parquet import described, read_batches
from posesift.poses.store import is_remote, listed, opened
from posesift.skeletons import Skeleton

_OF = re.compile(r"(?<!\d)(\d+)-of-(\d+)(?!\d)")  # part-00003-of-00012.parquet


@dataclass(frozen=True)
class Shard:
    """A Parquet file, and how many rows it has."""

    place: str
    rows: int


@dataclass(frozen=True)
class Shards:
    """The files of one pose table.

    Attributes:
        where: they were looked for: the file itself, a folder, a pattern; a path is whole.
        files: in their order.
    """

    where: str
    files: tuple[Shard, ...]

    @staticmethod
    def of(where: str | Path) -> Shards:
        """Find the shards at a place and look at the foot of each.

        Args:
            where: as for `posesift.poses.store.listed`.

        Raises:
            ValueError: there are none, one is missing (by names such as 00003-of-00012), broken,
                no pose table, or has another skeleton, other columns or other facts than the
                first: the message names it.
        """
        places = listed(str(where))
        _check_numbers(places)
        files: list[Shard] = []
        first = None
        for place in places:
            with opened(place) as file:
                rows, schema = file.metadata.num_rows, file.schema_arrow
                if len(places) > 1:
                    first = first or (place, schema)
                    _check_alike(*first, place, schema)
            files.append(Shard(place, rows))
        whole = files[0].place if len(files) == 1 else str(where)
        return Shards(whole, tuple(files))

    @property
    def rows(self) -> int:
        """Rows of all files together."""
        return sum(shard.rows for shard in self.files)

    @property
    def folder(self) -> str:
        """The folder of the files; all lie in one."""
        return self.files[0].place.rpartition("/")[0]

    @property
    def is_remote(self) -> bool:
        """Whether the files lie in an object store."""
        return is_remote(self.files[0].place)


def read_shards(
    shards: Shards, rows: int, without: Sequence[str] = (), first: int = 0, last: int | None = None
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield the fields of pieces of the table, which end where ``rows`` divides the row's number.

    They end with each file, too.

    Args:
        shards: the files.
        rows: of a piece at most.
        without: columns that are left out, of those that a table may lack.
        first: row to begin at, a multiple of ``rows``.
        last: row to end before; None: the end.

    Yields:
        Fields of a `PoseTable`, and whether the piece ends at a multiple of ``rows``, or is the
        last.

    Raises:
        ValueError: a shard is gone, broken, or has changed since it was looked at: the message
            names it.
    """
    last = shards.rows if last is None else min(last, shards.rows)
    start = 0
    for shard in shards.files:
        here = slice(max(first, start), min(last, start + shard.rows))
        if here.start < here.stop:
            with opened(shard.place) as file:
                if file.metadata.num_rows != shard.rows:
                    raise ValueError(
                        f"{shard.place} has changed while it was read: it held {shard.rows} poses, "
                        f"and now holds {file.metadata.num_rows}; start again when nothing writes "
                        "to it any more"
                    )
                done = here.start
                for fields in read_batches(
                    file, shard.place, rows, without, offset=start, first=here.start, last=here.stop
                ):
                    done += len(fields["keypoints_NK2"])
                    yield fields, done % rows == 0 or done == last
        start += shard.rows
    # what was read for a part stays in the pool, which would keep twice what it needs
    pa.default_memory_pool().release_unused()


def _check_numbers(places: Sequence[str]) -> None:
    """Refuse shards that number themselves ``N-of-M``, of which one is not there."""
    found: dict[tuple[str, int], set[int]] = {}
    for place in places:
        if match := _OF.search(Path(place).name):
            kind = _OF.sub(f"*-of-{match[2]}", Path(place).name)
            found.setdefault((kind, int(match[2])), set()).add(int(match[1]))
    for (kind, count), numbers in found.items():
        first = 0 if 0 in numbers else 1  # some count from 1
        if missing := sorted(set(range(first, count + first)) - numbers):
            raise ValueError(
                f"expected {count} shards {kind} beside {places[0]}, found {len(numbers)}; number "
                f"{', '.join(map(str, missing[:5]))}{' and more' * (len(missing) > 5)} is missing: "
                "copy it anew"
            )


def _check_alike(first_place: str, first: pa.Schema, place: str, found: pa.Schema) -> None:
    """Refuse a shard that is of another table than the first."""
    (skeleton, facts), (other, told) = described(first, first_place), described(found, place)
    if not skeleton.same_as(other):
        raise ValueError(
            f"{place} has another skeleton than {first_place}: {_difference(skeleton, other)}; "
            "shards of one table have one skeleton. Take it out of the folder, or name only the "
            "others"
        )
    if odd := sorted(set(first.names) ^ set(found.names)):
        raise ValueError(
            f"{place} and {first_place} differ in the columns {', '.join(odd)}; shards of one "
            "table have the same columns. Write them anew, or name them one by one"
        )
    for name in ("root", "boxes_from", "exif"):
        if getattr(facts, name) != getattr(told, name):
            raise ValueError(
                f"{place}: expected {name} {getattr(facts, name)!r} as in {first_place}, found "
                f"{getattr(told, name)!r}; write the shards anew"
            )


def _difference(expected: Skeleton, found: Skeleton) -> str:
    return f"expected {expected.name}, found {found.name}: {expected.difference(found)}"
