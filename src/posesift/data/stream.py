"""Poses that need not fit into memory: read part by part, as often as asked.

What is said of every pose here is a few bytes; the poses themselves are in memory for one part at a
time, and for the samples that somebody asks for. With an engine (`posesift.engines`) stretches of
the poses are read, and worked on, wherever that engine does it.

Legend: N poses, M of a sample, Q different modes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posesift.data.address import Address, parse
from posesift.data.labels.cleaning import Impossible
from posesift.data.readers import poses, read, read_blocks, read_stretch, stretches
from posesift.engines import Engine, Result
from posesift.poses.digest import PoseDigest
from posesift.poses.store import trust
from posesift.poses.table import PoseTable, joined
from posesift.skeletons import Skeleton

WHOLE = 200_000
"""Poses up to which a data set is read whole, which is faster than part by part."""


_PATHS = ("images", "skeleton", "as", "map")  # options whose value may be one


@dataclass(frozen=True)
class Piece:
    """A stretch of the poses of an address, which can be read by itself, anywhere.

    Attributes:
        address: of all poses.
        stretch: of them.
        absent: keypoints that none of all poses shows.
        seen_N: of its poses, as `PoseStream` has it, once that is known.
    """

    address: Address
    stretch: poses.Stretch
    absent: tuple[str, ...]
    seen_N: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        """Return the number of poses."""
        return self.stretch.last - self.stretch.first

    @property
    def place(self) -> slice:
        """Which of all poses they are."""
        return slice(self.stretch.first, self.stretch.last)

    def parts(self, *, bare: bool = False) -> Iterator[tuple[slice, PoseTable]]:
        """Yield tables, each with its place among the poses of the piece.

        Raises:
            ValueError: the data have changed since they were first read.
        """
        trust(self.stretch.shards.where)  # whoever made the piece was let to look at it
        first = 0
        for table in read_stretch(self.address, self.stretch, self.absent, bare=bare):
            place = slice(first, first + len(table))
            if self.seen_N is not None and not np.array_equal(_seen(table), self.seen_N[place]):
                raise _changed(str(self.address), self.stretch.shards.rows)
            yield place, table
            first = place.stop


@dataclass(frozen=True)
class PoseStream:
    """N poses that are read part by part, each time the same.

    Attributes:
        address: of the data.
        skeleton: of the poses.
        tables: reads them, a table after the other; with True the poses alone, without their
            images and modes, where that is faster.
        seen_N: how many keypoints of each pose are visible, 255 of more.
        mode_N: number of each pose's mode among ``modes``, or None.
        modes: what a pose may show.
        share: mode to share of the source mixture, or None.
        problems: how many the reader found.
        root: of the images, as a table has it.
        engine: works on the pieces; None: the process that asks.
        pieces: of which the poses consist, where there is an engine.
        digest: checksum of the poses, see `posesift.poses.digest`.
    """

    address: str
    skeleton: Skeleton
    tables: Callable[[bool], Iterator[PoseTable]] = field(repr=False)
    seen_N: NDArray[np.uint8]
    mode_N: NDArray[np.int32] | None
    modes: list[str]
    share: dict[str, float] | None
    problems: int
    root: str = ""
    engine: Engine | None = None
    pieces: list[Piece] = field(default_factory=list, repr=False)
    digest: str = ""

    @staticmethod
    def of(table: PoseTable) -> PoseStream:
        """Give a table as a stream of one part."""
        return _opened(lambda _: iter([table]), [_count([table])])

    @staticmethod
    def read(address: str | Address, engine: Engine | None = None) -> PoseStream:
        """Open what an address names; reads all of it once.

        Args:
            address: of the data; with an engine a pose table, which is not cut into a split.
            engine: reads them, now and later.

        Raises:
            ValueError: as `posesift.data.readers.read`; no pose table for an engine.
        """
        found = parse(address) if isinstance(address, str) else address

        def tables(bare: bool) -> Iterator[PoseTable]:
            return read_blocks(found, bare=bare)

        if engine is None:
            return _opened(tables, [_count(tables(False))])
        if found.kind != "poses":
            raise ValueError(
                f"an engine of several machines reads pose tables (poses:FOLDER), found {found}; "
                "make one of it first: posesift prepare, or PoseTable.save"
            )
        cut, absent = stretches(found)
        pieces = [Piece(_anywhere(found), stretch, absent) for stretch in cut]
        counts, impossible = [], Impossible(cut[0].shards.where)
        for count, told in engine.map(_count_piece, pieces):
            counts.append(count)
            impossible.merge(told)
        impossible.check()
        stream = _opened(tables, counts)
        return dataclasses.replace(stream, address=str(found), engine=engine, pieces=pieces)

    def __len__(self) -> int:
        """Return the number of poses N."""
        return len(self.seen_N)

    def parts(self, *, bare: bool = False) -> Iterator[tuple[slice, PoseTable]]:
        """Yield all tables, each with its place among the N poses.

        Args:
            bare: the poses alone will do, without their images and modes.

        Raises:
            ValueError: the data have changed since they were first read.
        """
        first = 0
        for table in self.tables(bare):
            place = slice(first, first + len(table))
            if not np.array_equal(_seen(table), self.seen_N[place]):
                raise _changed(self.address, len(self))
            yield place, table
            first = place.stop
        if first != len(self):
            raise _changed(self.address, len(self))

    def samples(
        self, rows: Mapping[str, NDArray[np.integer]], *, bare: bool = False
    ) -> dict[str, PoseTable]:
        """Read some poses, all that are wanted in one pass.

        Args:
            rows: rising numbers of poses under a name of their sample.
            bare: as of `parts`.

        Returns:
            A table under each name.
        """
        if self.engine is None:
            return _samples(self.parts(bare=bare), rows)
        found: dict[str, list[PoseTable]] = {name: [] for name in rows}
        work = partial(_sample_piece, bare=bare)
        asked = ((piece, _within(rows, piece)) for piece in self._known(self.pieces))
        for some in self.engine.map(work, asked):
            for name, table in some.items():
                if len(table) or not found[name]:
                    found[name].append(table.changed(address=self.address))
        return {name: _one(found.pop(name)) for name in rows}

    def map(
        self, work: Callable[[Piece], Result], pieces: Sequence[Piece]
    ) -> Iterator[tuple[slice, Result]]:
        """Let the engine do some work on pieces.

        Args:
            work: on one of them; a function of a module, with what it needs bound to it.
            pieces: all of them, or some.

        Yields:
            The place of each piece among the N poses, and what was found of it.

        Raises:
            ValueError: as ``work``; the data have changed, or a machine is lost again and again.
        """
        assert self.engine is not None
        found = self.engine.map(work, self._known(pieces))
        for piece, result in zip(pieces, found, strict=True):
            yield piece.place, result

    def _known(self, pieces: Sequence[Piece]) -> Iterator[Piece]:
        """Give pieces that know how many keypoints of each pose are to be seen."""
        for piece in pieces:
            yield dataclasses.replace(piece, seen_N=self.seen_N[piece.place])


def opened(address: str | Address, engine: Engine | None = None) -> PoseTable | PoseStream:
    """Read a data set whole, or, where it is large and its format can be read in parts, open it.

    Args:
        address: of the data.
        engine: reads and works on pieces of it, however large it is; it must be a pose table.

    Raises:
        ValueError: as `posesift.data.readers.read`, and `PoseStream.read`.
    """
    found = parse(address) if isinstance(address, str) else address
    if engine is not None:
        return PoseStream.read(found, engine)
    if found.kind == "poses" and poses.samples(found.path) > WHOLE:
        return PoseStream.read(found)
    return read(found)


def read_rows(address: str | Address, row_M: NDArray[np.integer]) -> tuple[PoseTable, int]:
    """Read some poses of a data set, all that is known of them, and count all.

    Where its format can be read in parts no more need be in memory.

    Args:
        address: of the data.
        row_M: rising numbers of the poses.

    Raises:
        ValueError: as `posesift.data.readers.read`.
    """
    found: list[PoseTable] = []
    total = 0
    for table in read_blocks(address):
        first, last = np.searchsorted(row_M, [total, total + len(table)])
        if last > first or not found:
            found.append(table.select(row_M[first:last] - total))
        total += len(table)
    return _one(found), total


def _seen(table: PoseTable) -> NDArray[np.uint8]:
    bits = np.bitwise_count(np.packbits(table.visible_NK, axis=1))  # far faster than a sum
    seen_N = np.zeros(len(bits), np.uint16)
    for bit_N in bits.T:  # a few long sums are far faster than many short ones
        seen_N += bit_N
    return np.minimum(seen_N, 255).astype(np.uint8)


def _one(tables: list[PoseTable]) -> PoseTable:
    return tables[0] if len(tables) == 1 else joined(tables)


def _anywhere(address: Address) -> Address:
    """Give the address with the files that its options name by whole paths.

    A process on another machine is in another folder.
    """
    options = {}
    for name, value in address.options.items():
        path = Path(value).expanduser()
        options[name] = str(path.resolve()) if name in _PATHS and path.exists() else value
    return dataclasses.replace(address, options=options)


def _samples(
    parts: Iterable[tuple[slice, PoseTable]], rows: Mapping[str, NDArray[np.integer]]
) -> dict[str, PoseTable]:
    found: dict[str, list[PoseTable]] = {name: [] for name in rows}
    for place, table in parts:
        for name, row_M in rows.items():
            first, last = np.searchsorted(row_M, [place.start, place.stop])
            if last - first == len(table):
                found[name].append(table)
            elif last > first or not found[name]:  # at least one, if of no poses
                found[name].append(table.select(row_M[first:last] - place.start))
    return {name: _one(found.pop(name)) for name in rows}


def _within(
    rows: Mapping[str, NDArray[np.integer]], piece: Piece
) -> dict[str, NDArray[np.integer]]:
    """Give those of some rising numbers of poses that are in a piece, counted from its first."""
    found = {}
    for name, row_M in rows.items():
        first, last = np.searchsorted(row_M, [piece.place.start, piece.place.stop])
        found[name] = row_M[first:last] - piece.place.start
    return found


def _sample_piece(
    asked: tuple[Piece, Mapping[str, NDArray[np.integer]]], *, bare: bool
) -> dict[str, PoseTable]:
    piece, rows = asked
    return _samples(piece.parts(bare=bare), rows)


def _changed(address: str, n: int) -> ValueError:
    return ValueError(
        f"{address} has changed while it was read: it held {n} poses, and now holds others; start "
        "again when nothing writes to it any more"
    )


@dataclass(frozen=True)
class _Count:
    """What is known of some poses when they have been gone through once.

    Attributes:
        first: a table of them without a pose.
        share: of the modes; None where that is not known of all, or not the same.
        seen_N: as `PoseStream` has it.
        mode_N: numbers among ``modes``, or None.
        modes: their names.
        problems: how many the reader found.
        digest: checksum of the poses.
    """

    first: PoseTable
    share: dict[str, float] | None
    seen_N: NDArray[np.uint8]
    mode_N: NDArray[np.int32] | None
    modes: list[str]
    problems: int
    digest: PoseDigest


def _count(tables: Iterable[PoseTable], start: int = 0) -> _Count:
    """Go through poses once, of which the first is number ``start`` of all."""
    seen, codes, number = [], [], {}
    first, share, problems, digest = None, None, 0, PoseDigest(start)
    for table in tables:
        if first is None:
            first, share = table.select([]).changed(problems=[]), table.share
        seen.append(_seen(table))
        digest.add(table)
        if table.mode_N is not None:
            names_Q, mode_N = np.unique(table.mode_N.astype(str), return_inverse=True)
            code_Q = [number.setdefault(name, len(number)) for name in names_Q.tolist()]
            codes.append(np.array(code_Q, np.int32)[mode_N])
        share = share if table.share == share else None
        problems += len(table.problems)
    assert first is not None  # a reader gives a part, or raises
    seen_N = np.concatenate(seen)
    mode_N = np.concatenate(codes) if codes else None
    known = mode_N is not None and len(mode_N) == len(seen_N)
    mode_N = mode_N if known else None
    return _Count(first, share, seen_N, mode_N, list(number), problems, digest)


def _count_piece(piece: Piece) -> tuple[_Count, Impossible]:
    found = _count((table for _, table in piece.parts()), piece.place.start)
    return found, piece.stretch.impossible


def _opened(tables: Callable[[bool], Iterator[PoseTable]], counts: list[_Count]) -> PoseStream:
    """Return the stream of poses that were counted, piece by piece in their order."""
    first, share, number = counts[0].first, counts[0].share, {}
    codes = []
    for count in counts:
        if count.mode_N is not None:
            code_Q = [number.setdefault(name, len(number)) for name in count.modes]
            codes.append(np.array(code_Q, np.int32)[count.mode_N])
    return PoseStream(
        address=first.address,
        skeleton=first.skeleton,
        tables=tables,
        seen_N=np.concatenate([count.seen_N for count in counts]),
        mode_N=np.concatenate(codes) if len(codes) == len(counts) else None,
        modes=list(number),
        share=share if all(count.share == share for count in counts) else None,
        problems=sum(count.problems for count in counts),
        root=first.root,
        digest=str(sum((count.digest for count in counts), PoseDigest())),
    )
