"""Poses that need not fit into memory: read part by part, as often as asked.

What is said of every pose here is a few bytes; the poses themselves are in memory for one part at a
time, and for the samples that somebody asks for.

Legend: N poses, M of a sample, Q different modes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from posesift.data.address import Address, parse
from posesift.data.readers import poses, read, read_blocks
from posesift.poses.digest import PoseDigest
from posesift.poses.table import PoseTable, joined
from posesift.skeletons import Skeleton

WHOLE = 200_000
"""Poses up to which a data set is read whole, which is faster than part by part."""


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
    digest: str = ""

    @staticmethod
    def of(table: PoseTable) -> PoseStream:
        """Give a table as a stream of one part."""
        return _counted(lambda _: iter([table]))

    @staticmethod
    def read(address: str | Address) -> PoseStream:
        """Open what an address names; reads all of it once.

        Raises:
            ValueError: as `posesift.data.readers.read`.
        """
        return _counted(lambda bare: read_blocks(address, bare=bare))

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
                raise self._changed()
            yield place, table
            first = place.stop
        if first != len(self):
            raise self._changed()

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
        found: dict[str, list[PoseTable]] = {name: [] for name in rows}
        for place, table in self.parts(bare=bare):
            for name, row_M in rows.items():
                first, last = np.searchsorted(row_M, [place.start, place.stop])
                if last - first == len(table):
                    found[name].append(table)
                elif last > first or not found[name]:  # at least one, if of no poses
                    found[name].append(table.select(row_M[first:last] - place.start))
        return {name: _one(found.pop(name)) for name in rows}

    def _changed(self) -> ValueError:
        return ValueError(
            f"{self.address} has changed while it was read: it held {len(self)} poses, and now "
            "holds others; start again when nothing writes to it any more"
        )


def opened(address: str | Address) -> PoseTable | PoseStream:
    """Read a data set whole, or, where it is large and its format can be read in parts, open it.

    Raises:
        ValueError: as `posesift.data.readers.read`.
    """
    found = parse(address) if isinstance(address, str) else address
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
    return np.minimum(bits.sum(1, dtype=np.uint16), 255).astype(np.uint8)


def _one(tables: list[PoseTable]) -> PoseTable:
    return tables[0] if len(tables) == 1 else joined(tables)


def _counted(tables: Callable[[bool], Iterator[PoseTable]]) -> PoseStream:
    """Go through all poses once."""
    seen, codes, number = [], [], {}
    first, share, problems, digest = None, None, 0, PoseDigest()
    for table in tables(False):
        if first is None:
            first, share = dataclasses.replace(table.select([]), problems=[]), table.share
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
    return PoseStream(
        address=first.address,
        skeleton=first.skeleton,
        tables=tables,
        seen_N=seen_N,
        mode_N=mode_N if mode_N is not None and len(mode_N) == len(seen_N) else None,
        modes=list(number),
        share=share,
        problems=problems,
        root=first.root,
        digest=str(digest),
    )
