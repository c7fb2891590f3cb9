"""The pose table: N poses as columns; Parquet on disk (`posesift.poses.parquet`).

Everything downstream reads this and nothing else: scorers, samplers, trainers, the report.

Legend: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift import notebook
from posesift.poses import deferred
from posesift.poses.deferred import Deferred
from posesift.poses.modes_view import modes_html
from posesift.skeletons import Skeleton
from posesift.storage import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

    from posesift.poses.shards import Shards

_ROWS = 1 << 15  # of a row group: who reads a table part by part holds one in memory
RARE_SHARE = 0.03  # a mode is rare when its share of the source mixture is below this


class _Late:
    """A column that may be `Deferred`: worked out, and kept, when somebody looks at it."""

    def __set_name__(self, _: type, name: str) -> None:
        self.key = f"_{name}"

    def __get__(self, table: PoseTable | None, _: type) -> NDArray[np.bool_] | None:
        if table is None:
            return None  # the field's default
        if isinstance(column := table.__dict__[self.key], Deferred):
            column = table.__dict__[self.key] = column.values()
        return column

    def __set__(self, table: PoseTable, column: NDArray[np.bool_] | Deferred | None) -> None:
        table.__dict__[self.key] = column


@dataclass
class PoseTable:
    """Columns over N poses of one skeleton.

    Attributes:
        skeleton: names the K keypoints.
        keypoints_NK2: float32 pixels of the image; 0 where not visible.
        visible_NK: the coordinate may be used (a joint hidden in the image but labelled is
            visible, and occluded).
        width_N: image width in pixels, int32.
        height_N: image height.
        image_N: image names relative to ``root`` (``video.mp4#12`` for a frame), or None.
        root: the folder of the images, or the address of a world. Relative only in a table that
            is to be saved: then it counts from the folder of the file.
        box_N4: float32 person boxes, or None: the whole image.
        boxes_from: ``"file"``, ``"labels"`` (they look at the labels; the report says so), or
            ``"image"``.
        occluded_NK: hidden in the image; None where the format does not tell. May be given as a
            `Deferred`, which is worked out when somebody looks at the column; `select`, `changed`
            and `joined` do not.
        clip_N: the clip (video, sequence) of each pose, or None.
        mode_N: what the pose shows (walk, kick, ..), or None.
        mirrored_N: the image is seen in a mirror, ``x' = width - 1 - x``; keypoints and boxes are
            those of the mirrored image. None: no image is.
        neg_log_p_N: -log density under the generator of the source, or None (worlds have it).
        share: mode to share of the source mixture, or None (worlds have it).
        address: where the table was read from.
        problems: one line a bad sample that the reader left out or mended.
        notes: lines that say how the reader understood what can be understood in two ways.
        id_N: what the file calls each pose, whole numbers or texts: COCO's id of the annotation,
            the line of a CSV or of YOLO's label file; None where poses have no name.
        image_id_N: the same of its image, where that has an id beside its name.
        exif: ``"apply"`` where labels and sizes count in images as viewers show them, turned as
            their EXIF says; ``"ignore"`` where they count in the stored pixels.
    """

    skeleton: Skeleton
    keypoints_NK2: NDArray[np.float32]
    visible_NK: NDArray[np.bool_]
    width_N: NDArray[np.int32]
    height_N: NDArray[np.int32]
    image_N: NDArray | None = None
    root: str = ""
    box_N4: NDArray[np.float32] | None = None
    boxes_from: str = "image"
    occluded_NK: _Late = _Late()
    clip_N: NDArray | None = None
    mode_N: NDArray | None = None
    mirrored_N: NDArray[np.bool_] | None = None
    neg_log_p_N: NDArray[np.float32] | None = None
    id_N: NDArray | None = None
    image_id_N: NDArray | None = None
    share: dict[str, float] | None = None
    address: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    exif: Literal["apply", "ignore"] = "ignore"

    def __post_init__(self) -> None:
        count, joints = len(self.keypoints_NK2), len(self.skeleton)
        self.visible_NK = np.ascontiguousarray(self.visible_NK, bool)
        for name, value, shape in (
            ("keypoints", self.keypoints_NK2, (count, joints, 2)),
            ("visible", self.visible_NK, (count, joints)),
            ("width", self.width_N, (count,)),
            ("height", self.height_N, (count,)),
            ("image", self.image_N, (count,)),
            ("box", self.box_N4, (count, 4)),
            ("occluded", self.kept("occluded_NK"), (count, joints)),
            ("clip", self.clip_N, (count,)),
            ("mode", self.mode_N, (count,)),
            ("mirrored", self.mirrored_N, (count,)),
            ("neg_log_p", self.neg_log_p_N, (count,)),
            ("id", self.id_N, (count,)),
            ("image_id", self.image_id_N, (count,)),
        ):
            if value is None:
                continue
            found = value.shape if isinstance(value, Deferred) else np.shape(value)
            if found != shape:
                raise ValueError(
                    f"pose table of {self.skeleton.name}: expected {name} of shape {shape}, "
                    f"found {found}"
                )
        # Garbage behind an invisible joint must not reach anything downstream.
        self.keypoints_NK2 = np.asarray(self.keypoints_NK2, np.float32)
        if _garbage(self.keypoints_NK2, self.visible_NK):
            self.keypoints_NK2 = np.where(self.visible_NK[:, :, None], self.keypoints_NK2, 0)
        if not np.isfinite(self.keypoints_NK2).all():
            row = int(np.argmin(np.isfinite(self.keypoints_NK2).all(axis=(1, 2))))
            raise ValueError(
                f"pose table of {self.skeleton.name}: the visible keypoints of sample {row} hold "
                "NaN or infinity; mark them not visible or leave the sample out"
            )

    def __len__(self) -> int:
        """Return the number of poses N."""
        return len(self.keypoints_NK2)

    def _repr_html_(self) -> str:
        clips = None if self.clip_N is None else len(np.unique(self.clip_N.astype(str)))
        visible = 100 * float(self.visible_NK.mean()) if self.visible_NK.size else None
        pairs: list[tuple[str, notebook.Value]] = [
            ("address", self.address),
            ("skeleton", f"{self.skeleton.name}, {len(self.skeleton)} keypoints"),
            ("labelled keypoints", f"{notebook.number(visible)} %"),
            ("images", "yes" if self.has_images else "none"),
            ("boxes from", self.boxes_from),
            ("clips", clips),
            ("problems", len(self.problems) or None),
        ]
        shown = notebook.facts(f"Pose table, {len(self)} pose{'s' * (len(self) != 1)}", pairs)
        if self.mode_N is None or not len(self):
            return shown
        return shown + modes_html(self.mode_N.astype(str), self.share)

    @property
    def has_images(self) -> bool:
        """Whether every pose names an image."""
        return self.image_N is not None

    @property
    def rare_N(self) -> NDArray[np.bool_] | None:
        """Whether a pose's mode has a share below 0.03 in the source mixture; None if unknown."""
        if self.mode_N is None or self.share is None:
            return None
        rare = {mode for mode, share in self.share.items() if share < RARE_SHARE}
        return np.isin(self.mode_N.astype(str), sorted(rare))

    def crop_boxes_N4(self) -> NDArray[np.float32]:
        """Return the box of each pose, or the whole image where the table has no boxes: (N, 4)."""
        if self.box_N4 is not None:
            return self.box_N4
        zero_N = np.zeros(len(self))
        return np.column_stack([zero_N, zero_N, self.width_N, self.height_N]).astype(np.float32)

    def select(self, indices: ArrayLike) -> PoseTable:
        """Return the table of some poses, in the order of ``indices`` (integers, or N booleans)."""
        chosen = np.asarray(indices)
        if chosen.size == 0:
            chosen = chosen.astype(np.intp)  # numpy makes an empty list float
        columns = {
            item.name: column[chosen]
            for item in fields(self)
            if "_N" in item.name and (column := self.kept(item.name)) is not None
        }
        return self.changed(**columns)

    def changed(self, **values: Any) -> PoseTable:
        """Return the table with other values of some fields.

        As `dataclasses.replace`, which looks at every column.
        """
        return PoseTable(**{item.name: self.kept(item.name) for item in fields(self)} | values)

    def kept(self, name: str) -> Any:
        """Return a field as it is kept: a column may not be worked out yet."""
        return self.__dict__[f"_{name}" if f"_{name}" in self.__dict__ else name]

    def save(self, path: str | Path) -> None:
        """Write Parquet, atomically.

        A relative ``root`` means relative to the folder of the file, so that images and file can
        be moved together.
        """
        import pyarrow.parquet as pq

        with atomic_path(path) as temporary:
            pq.write_table(self.to_arrow(), temporary, row_group_size=_ROWS)

    def to_arrow(self) -> pa.Table:
        """Give the columns of the file that `save` writes."""
        from posesift.poses.parquet import to_arrow

        return to_arrow({item.name: getattr(self, item.name) for item in fields(self)})

    @staticmethod
    def load(path: str | Path) -> PoseTable:
        """Read a table that `save` wrote, or one of your own with the same columns.

        Raises:
            ValueError: no such file, not Parquet, a column missing or of another width, or no
                skeleton in the metadata.
        """
        from posesift.poses.parquet import read_fields
        from posesift.poses.store import opened

        with opened(path) as file:
            return PoseTable(**read_fields(file, path))

    @staticmethod
    def load_parts(
        shards: Shards,
        rows: int,
        without: Sequence[str] = (),
        first: int = 0,
        last: int | None = None,
    ) -> Iterator[PoseTable]:
        """Read a table as `load` does, ``rows`` poses at a time: it may be larger than memory.

        What a file says was wrong with its samples is told by the part with its first row alone.

        Args:
            shards: its files.
            rows: poses of a part.
            without: columns of the files that are left out: ``image``, say.
            first: row to begin at, a multiple of ``rows``.
            last: row to end before; None: the end.

        Raises:
            ValueError: as `load`, and `posesift.poses.shards.read_shards`; some of it only when
                the rows are come to.
        """
        from posesift.poses.shards import read_shards

        waiting: list[PoseTable] = []
        for columns, whole in read_shards(shards, rows, without, first, last):
            waiting.append(PoseTable(**columns))
            if whole:
                yield waiting[0] if len(waiting) == 1 else joined(waiting)
                waiting = []


def _garbage(keypoints_NK2: NDArray[np.float32], visible_NK: NDArray[np.bool_]) -> bool:
    """Whether an invisible keypoint is not 0; most tables have none, which is told at once."""
    if keypoints_NK2.flags.c_contiguous and keypoints_NK2.size:
        written_NK = keypoints_NK2.view(np.uint64)[..., 0] != 0  # both coordinates in one word
        if not (written_NK & ~visible_NK).any():
            return False
    return bool(keypoints_NK2[~visible_NK].any())


def joined(tables: Sequence[PoseTable]) -> PoseTable:
    """One table of several, one after the other; a problem that several tell is told once.

    Columns that one table has and another lacks are refused, so that nothing is lost unsaid; but
    for ids, which are kept where all tables have them in one form.

    Raises:
        ValueError: there are no tables, or they differ in skeleton, root, boxes, EXIF or columns.
    """
    if not tables:
        raise ValueError("expected pose tables to join, found none")
    first = tables[0]
    ids = ("id_N", "image_id_N")
    lost = {name: None for name in ids if len({_form(getattr(t, name)) for t in tables}) > 1}
    names = [i.name for i in fields(PoseTable) if "_N" in i.name and i.name not in lost]
    filled = [name for name in names if first.kept(name) is not None]
    for table in tables[1:]:
        if not table.skeleton.same_as(first.skeleton):
            raise ValueError(
                f"expected pose tables of one skeleton ({first.skeleton.name}), found "
                f"{table.skeleton.name}: {first.skeleton.difference(table.skeleton)}"
            )
        for what in ("root", "boxes_from", "exif"):
            if getattr(table, what) != getattr(first, what):
                raise ValueError(
                    f"expected pose tables with one {what} ({getattr(first, what)}), "
                    f"found {getattr(table, what)}"
                )
        if others := set(filled) ^ {name for name in names if table.kept(name) is not None}:
            raise ValueError(
                f"expected pose tables with the same columns, found {', '.join(sorted(others))} "
                "in some of them only"
            )
    columns = {name: _one([table.kept(name) for table in tables]) for name in filled}
    return first.changed(
        **columns,
        **lost,
        share=first.share if all(table.share == first.share for table in tables) else None,
        address=first.address if all(table.address == first.address for table in tables) else "",
        problems=list(dict.fromkeys(line for table in tables for line in table.problems)),
        notes=list(dict.fromkeys(line for table in tables for line in table.notes)),
    )


def _one(parts: list[Any]) -> NDArray | Deferred:
    if any(isinstance(part, Deferred) for part in parts):
        return deferred.joined(parts)
    return np.concatenate(parts)


def _form(id_N: NDArray | None) -> str:
    return "" if id_N is None else id_N.dtype.kind
