"""A pose table in Parquet, as `PoseTable.save` writes it: saved tables, or your own.

It is one file, or several: a folder of them or a pattern, on this machine or in an object store
(`posesift.poses.shards`).

Shapes: N samples.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

from posesift import skeletons
from posesift.data.address import parse
from posesift.data.files.exif import Exif
from posesift.data.files.image_folder import folder_at
from posesift.data.labels.boxes import Boxes, completed, told_of_boxes, with_boxes
from posesift.data.labels.cleaning import Impossible
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About
from posesift.data.worlds import painted
from posesift.poses.shards import Shards
from posesift.poses.store import local
from posesift.poses.table import PoseTable, joined
from posesift.storage import inside

ABOUT = About(
    title="A pose table in Parquet: what posesift prepare and PoseTable.save leave",
    page="made on your computer",
    get="nothing",
    terms="those of the data that it was made of",
    tree="""
table.parquet (or several: poses:FOLDER, poses:FOLDER/part-*.parquet, poses:s3://BUCKET/FOLDER)
images/ (or where its metadata say; images=FOLDER names another place)
""",
)

ROWS = 1 << 15
"""Poses of a block."""

_STRETCHES, _LONGEST = 16, 8  # of a table; blocks of one of them

_BESIDE = ("image", "occluded", "mode", "mirrored", "neg_log_p", "id", "image_id")

_DOUBTFUL = re.compile(r"^$|^[/\\]|\.\.|:|\0")
_DOUBTFUL_LINES = ("\n\n", "\n/", "\n\\", "..", ":", "\0")
"""What one of many names, each in a line of its own, holds if that finds it."""


@dataclass(frozen=True)
class Stretch:
    """Some rows of a table whose files are known, to be read by itself.

    Attributes:
        shards: the files.
        first: row to begin at, a multiple of `ROWS`.
        last: row to end before.
        impossible: counts the keypoints that cannot be; whether they are too many is for those to
            say who see all rows.
    """

    shards: Shards
    first: int
    last: int
    impossible: Impossible

    @staticmethod
    def whole(path: str) -> Stretch:
        """Give all rows of a table.

        Raises:
            ValueError: as `Shards.of`.
        """
        shards = Shards.of(path)
        return Stretch(shards, 0, shards.rows, Impossible(shards.where))


class _Asked(NamedTuple):
    """The options that each row is read by."""

    boxes: Boxes
    images: str | None
    skeleton: str | None
    exif: Exif | None


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
    exif: Exif | None = None,
) -> PoseTable:
    """Read the table.

    Args:
        path: the Parquet file; or several: their folder, a pattern (``part-*.parquet``), either
            also in an object store.
        split: ``train``, ``test`` (the last quarter of the clips, else of the images) or ``all``. A
            table that was made of one split of its data is that split, whole.
        boxes: ``file``, those of the table, else the whole image; or ``labels``.
        images: folder of the images, where they have moved since the table was written. Without
            it a table in an object store has none.
        skeleton: name or TOML file of the skeleton that is expected.
        exif: ``apply`` where labels count in images as viewers show them, ``ignore`` where they
            count in stored pixels; without it, as the table says.

    Raises:
        ValueError: the file is not a pose table, is one of another skeleton, has its images
            outside of its own folder and ``images=`` does not name them, names an image outside
            their folder, has impossible keypoints in more than 5 % of its rows, or was made
            of the other split than is asked for; a shard is missing, broken or of another table.
    """
    stretch = Stretch.whole(path)
    shards = stretch.shards
    table = _checked(_loaded(shards), stretch, 0, _Asked(boxes, images, skeleton, exif))
    if not len(table):
        raise ValueError(f"{shards.where} holds no poses; write the table anew")
    stretch.impossible.check()
    if _is_cut(table, split, shards.where):
        unit_N = table.clip_N if table.clip_N is not None else table.image_N
        table = table.select(in_split(split, _Rows(table) if unit_N is None else unit_N))
    return _within_reach(table, shards, images)


def blocks(
    path: str,
    *,
    bare: bool = False,
    stretch: Stretch | None = None,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
    exif: Exif | None = None,
) -> Iterator[PoseTable]:
    """Yield the poses of `read` in their order, 32,768 at a time; no more of them are in memory.

    A split that the table must first be cut into takes all of it: it is read whole then. The
    problems of a block are its own. ``bare`` leaves out images, modes and what else is beside the
    pose, which takes half the time; ``stretch`` is the part of the table that is read, which
    must not be cut into a split; path and options are those of `read`.

    Raises:
        ValueError: as `read`, some of it only when a block is read; too many impossible keypoints
            after the last.
    """
    some = Stretch.whole(path) if stretch is None else stretch
    asked = _Asked(boxes, images, skeleton, exif)
    without = _BESIDE if bare and split == "all" else ()  # images may tell the split
    shards, first = some.shards, some.first
    for loaded in PoseTable.load_parts(shards, ROWS, without, first, some.last):
        if not first and _is_cut(loaded, split, shards.where):
            yield from _cut(read(path, split=split, **asked._asdict()))
            return
        yield _within_reach(_checked(loaded, some, first, asked), shards, images)
        first += len(loaded)
    if not first:
        raise ValueError(f"{shards.where} holds no poses; write the table anew")
    if stretch is None:
        some.impossible.check()


def stretches(path: str, split: Split) -> list[Stretch]:
    """Cut a table into stretches of blocks that hold the same poses as those of `blocks`.

    There are 16 of them, as far as a stretch then has from one block to eight; it depends on
    nothing but the number of poses.

    Args:
        path: as for `read`.
        split: as for `read`.

    Raises:
        ValueError: as `Shards.of`; the table would have to be cut into a split, for which it is
            read whole.
    """
    shards = Shards.of(path)
    for some in PoseTable.load_parts(shards, ROWS, _BESIDE, 0, 1):
        if _is_cut(some, split, shards.where):
            raise ValueError(
                f"{shards.where} is cut into its splits as a whole, not piece by piece: leave "
                f"split={split} out, or save that split as a table of its own"
            )
    size = min(max(-(-shards.rows // (_STRETCHES * ROWS)), 1), _LONGEST) * ROWS
    return [
        Stretch(shards, first, min(first + size, shards.rows), Impossible(shards.where))
        for first in range(0, shards.rows, size)
    ]


def samples(path: str) -> int:
    """Count the poses of a table without reading them.

    Raises:
        ValueError: as `Shards.of`.
    """
    return Shards.of(path).rows


def _loaded(shards: Shards) -> PoseTable:
    if len(shards.files) == 1:
        return PoseTable.load(shards.files[0].place)  # column by column, which needs least memory
    found = list(PoseTable.load_parts(shards, ROWS))
    return joined(found) if found else PoseTable.load(shards.files[0].place)


def _within_reach(table: PoseTable, shards: Shards, images: str | None) -> PoseTable:
    """Return the table without images that nobody here can open: those in an object store."""
    if table.image_N is None or images is not None or not shards.is_remote:
        return table
    note = (
        f"the images beside {shards.where} are not read from an object store; images=FOLDER names "
        "a copy on this machine"
    )
    return dataclasses.replace(table, image_N=None, root="", notes=[*table.notes, note])


def _cut(table: PoseTable) -> Iterator[PoseTable]:
    for first in range(0, len(table), ROWS):
        told = {} if not first else {"problems": [], "notes": []}  # what was found is told once
        rows = np.arange(first, min(first + ROWS, len(table)))
        yield dataclasses.replace(table.select(rows), **told)


def _checked(table: PoseTable, stretch: Stretch, first: int, asked: _Asked) -> PoseTable:
    """Return the rows from ``first`` on as the options want them, and without what cannot be."""
    shards, impossible = stretch.shards, stretch.impossible
    boxes, images, skeleton, exif = asked
    if skeleton is not None and not (wanted := skeletons.load(skeleton)).same_as(table.skeleton):
        raise ValueError(
            f"{shards.where}: expected poses of the skeleton {wanted.name}, found "
            f"{table.skeleton.name}: {wanted.difference(table.skeleton)}; with as= in the place of "
            "skeleton= they are mapped by name"
        )
    changes: dict[str, Any] = {} if exif is None else {"exif": exif}
    if not len(table):
        return dataclasses.replace(table, **changes)
    if images is not None:
        changes["root"] = str(folder_at(images))
    elif shards.is_remote:
        pass  # nothing there is opened
    elif table.image_N is not None and not table.root:
        changes["root"] = str(local(shards.folder))
    elif table.image_N is not None:
        _check_root(table.root, shards.where, local(shards.folder))
    if changes.get("root", table.root).startswith("world:"):
        painted.check(dataclasses.replace(table, **changes))
    elif table.image_N is not None:
        _check_names(changes.get("root", table.root), table.image_N)
    size_N2 = np.column_stack([table.width_N, table.height_N])
    before = len(impossible.problems)
    visible_NK = impossible.hide(
        table.keypoints_NK2,
        table.visible_NK,
        size_N2,
        table.skeleton.keypoints,
        _Rows(table, first),
    )
    problems = [*table.problems, *impossible.problems[before:]]
    if len(impossible.problems) > before:
        changes["visible_NK"] = visible_NK
    if table.box_N4 is not None:
        problems += told_of_boxes(table.box_N4, _Rows(table, first))
        changes["box_N4"] = completed(table.box_N4, table.keypoints_NK2, visible_NK, size_N2)
    changes["problems"] = problems
    table = dataclasses.replace(table, **changes)
    return with_boxes(table, boxes, np.arange(first, first + len(table)))


def _is_cut(table: PoseTable, split: Split, where: str) -> bool:
    """Whether a split is a part of the table, which is not that split already."""
    return split != "all" and split != _split_of(table, split, where)


def _split_of(table: PoseTable, asked: Split, where: str) -> str | None:
    """Return the split of its data that the table was made of; None: all of them, or not known."""
    try:
        made_of = parse(table.address).options.get("split")
    except ValueError:  # a table of one's own may say anything
        return None
    if made_of in ("train", "test") and made_of != asked:
        raise ValueError(
            f"{where} was made of {table.address}, so it has no {asked} split; make one of the "
            "other split, or take all of it with split=all"
        )
    return made_of


class _Rows(Sequence[str]):
    """What to call each row, made up when it is asked for: there may be millions."""

    def __init__(self, table: PoseTable, first: int = 0):
        self._table, self._first = table, first

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[str]: ...
    def __getitem__(self, row: int | slice) -> str | Sequence[str]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        image_N = self._table.image_N
        return f"row {self._first + row}" + ("" if image_N is None else f" ({image_N[row]})")


def _check_root(root: str, where: str, folder: Path) -> None:
    """Refuse a folder of images that the file names elsewhere: pictures go into pages for others.

    Raises:
        ValueError: it lies outside the folder of the file.
    """
    if root.startswith("world:") or Path(os.path.normpath(root)).is_relative_to(folder):
        return
    raise ValueError(
        f"{where} says that its images lie in {root}, outside of its own folder. Whoever wrote a "
        f"file chooses what it names: where you know that place, say so with images={root}"
    )


def _check_names(root: str, name_N: np.ndarray) -> None:
    """Refuse names that lead out of ``root``; plain ones are not taken apart, of millions.

    Raises:
        ValueError: a name leads elsewhere.
    """
    lines = "\n".join(["", *map(str, name_N), ""])
    if not any(sign in lines for sign in _DOUBTFUL_LINES):
        return
    for name in name_N:
        if _DOUBTFUL.search(str(name)):
            inside(root, str(name))
