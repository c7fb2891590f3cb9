"""The pose table: N poses as columns; Parquet on disk.

Everything downstream reads this and nothing else: scorers, samplers, trainers, the report.

Legend: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.skeletons import Skeleton
from posesift.storage import atomic_path

RARE_SHARE = 0.03  # a mode is rare when its share of the source mixture is below this
_COLUMNS = ("keypoints", "visible", "width", "height")


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
        root: the folder of the images, or the address of a world.
        box_N4: float32 person boxes, or None: the whole image.
        boxes_from: ``"file"``, ``"labels"`` (they look at the labels; the report says so), or
            ``"image"``.
        occluded_NK: hidden in the image; None where the format does not tell.
        clip_N: the clip (video, sequence) of each pose, or None.
        mode_N: what the pose shows (walk, kick, ..), or None.
        mirrored_N: the image is seen in a mirror, ``x' = width - 1 - x``; keypoints and boxes are
            those of the mirrored image. None: no image is.
        neg_log_p_N: -log density under the generator of the source, or None (worlds have it).
        share: mode to share of the source mixture, or None (worlds have it).
        address: where the table was read from.
        problems: one line a bad sample that the reader left out or mended.
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
    occluded_NK: NDArray[np.bool_] | None = None
    clip_N: NDArray | None = None
    mode_N: NDArray | None = None
    mirrored_N: NDArray[np.bool_] | None = None
    neg_log_p_N: NDArray[np.float32] | None = None
    share: dict[str, float] | None = None
    address: str = ""
    problems: list[str] = field(default_factory=list)

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
            ("occluded", self.occluded_NK, (count, joints)),
            ("clip", self.clip_N, (count,)),
            ("mode", self.mode_N, (count,)),
            ("mirrored", self.mirrored_N, (count,)),
            ("neg_log_p", self.neg_log_p_N, (count,)),
        ):
            if value is not None and np.shape(value) != shape:
                raise ValueError(
                    f"pose table of {self.skeleton.name}: expected {name} of shape {shape}, "
                    f"found {np.shape(value)}"
                )
        # Garbage behind an invisible joint must not reach anything downstream.
        self.keypoints_NK2 = np.where(
            self.visible_NK[:, :, None], np.asarray(self.keypoints_NK2, np.float32), np.float32(0)
        )
        if not np.isfinite(self.keypoints_NK2).all():
            row = int(np.argmin(np.isfinite(self.keypoints_NK2).all(axis=(1, 2))))
            raise ValueError(
                f"pose table of {self.skeleton.name}: the visible keypoints of sample {row} hold "
                "NaN or infinity; mark them not visible or leave the sample out"
            )

    def __len__(self) -> int:
        """The number of poses N."""
        return len(self.keypoints_NK2)

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
        """The box of each pose, or the whole image where the table has no boxes: (N, 4)."""
        if self.box_N4 is not None:
            return self.box_N4
        zero_N = np.zeros(len(self))
        return np.column_stack([zero_N, zero_N, self.width_N, self.height_N]).astype(np.float32)

    def select(self, indices: ArrayLike) -> PoseTable:
        """The table of some poses, in the order of ``indices`` (integers, or N booleans)."""
        chosen = np.asarray(indices)
        if chosen.size == 0:
            chosen = chosen.astype(np.intp)  # numpy makes an empty list float
        columns = {
            item.name: getattr(self, item.name)[chosen]
            for item in fields(self)
            if "_N" in item.name and getattr(self, item.name) is not None
        }
        return replace(self, **columns)

    def save(self, path: str | Path) -> None:
        """Write Parquet, atomically; the skeleton and the root travel in the schema's metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        count, joints = len(self), len(self.skeleton)

        def fixed(values: NDArray, size: int) -> pa.Array:
            return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), size)

        columns: dict[str, pa.Array] = {
            "keypoints": fixed(self.keypoints_NK2, 2 * joints),
            "visible": fixed(self.visible_NK, joints),
            "width": pa.array(self.width_N, pa.int32()),
            "height": pa.array(self.height_N, pa.int32()),
        }
        if self.occluded_NK is not None:
            columns["occluded"] = fixed(self.occluded_NK, joints)
        if self.box_N4 is not None:
            columns["box"] = fixed(self.box_N4.astype(np.float32), 4)
        for name in ("image", "clip", "mode"):
            value = getattr(self, f"{name}_N")
            if value is not None:
                columns[name] = pa.array(value.tolist(), pa.string())
        if self.mirrored_N is not None:
            columns["mirrored"] = pa.array(self.mirrored_N, pa.bool_())
        if self.neg_log_p_N is not None:
            columns["neg_log_p"] = pa.array(self.neg_log_p_N, pa.float32())
        facts = {
            "root": self.root,
            "boxes_from": self.boxes_from,
            "share": self.share,
            "address": self.address,
            "problems": self.problems,
        }
        metadata = {
            "posesift.skeleton": self.skeleton.to_json(),
            "posesift.table": json.dumps(facts),
        }
        table = pa.table(columns).replace_schema_metadata(metadata)
        assert table.num_rows == count
        with atomic_path(path) as temporary:
            pq.write_table(table, temporary)

    @staticmethod
    def load(path: str | Path) -> PoseTable:
        """Read a table that `save` wrote, or one of your own with the same columns.

        Raises:
            ValueError: no such file, not Parquet, a column missing or of another width, or no
                skeleton in the metadata.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = Path(path)
        if not path.is_file():
            raise ValueError(f"expected a pose table (Parquet) at {path}, found no file")
        try:
            table = pq.ParquetFile(path).read()
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path} is not a readable Parquet file: {error}") from None
        metadata = table.schema.metadata or {}
        if b"posesift.skeleton" not in metadata:
            raise ValueError(
                f"{path} names no skeleton: expected the key 'posesift.skeleton' in the schema's "
                "metadata; PoseTable.save writes it"
            )
        skeleton = Skeleton.from_json(metadata[b"posesift.skeleton"].decode())
        facts = json.loads(metadata.get(b"posesift.table", b"{}"))
        if missing := [name for name in _COLUMNS if name not in table.column_names]:
            raise ValueError(
                f"{path}: expected the columns {', '.join(_COLUMNS)}, "
                f"found {', '.join(table.column_names)}; missing {', '.join(missing)}"
            )
        count, joints = table.num_rows, len(skeleton)

        def column(name: str, shape: tuple[int, ...], kind: type) -> NDArray | None:
            if name not in table.column_names:
                return None
            flat = table.column(name).combine_chunks()
            if len(shape) > 1:
                if flat.null_count:
                    raise ValueError(f"{path}: column {name!r} holds empty rows")
                flat = flat.flatten()
            values = np.asarray(flat.to_numpy(zero_copy_only=False)).astype(kind)
            if values.size != np.prod(shape):
                raise ValueError(
                    f"{path}: expected {np.prod(shape[1:])} values a row in column {name!r} "
                    f"for {skeleton.name}, found {values.size / max(count, 1):g}"
                )
            return values.reshape(shape)

        loaded = {
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
        }
        points_NK2, visible_NK = loaded["keypoints_NK2"], loaded["visible_NK"]
        assert points_NK2 is not None
        assert visible_NK is not None
        lost_NK = visible_NK & ~np.isfinite(points_NK2).all(axis=-1)
        visible_NK &= ~lost_NK
        lost = [
            f"row {row}: {lost_NK[row].sum()} keypoints made invisible, NaN or infinite"
            for row in np.flatnonzero(lost_NK.any(axis=1))
        ]
        return PoseTable(
            skeleton=skeleton,
            root=facts.get("root", ""),
            boxes_from=facts.get("boxes_from", "file"),
            share=facts.get("share"),
            problems=[*facts.get("problems", []), *lost],
            address=facts.get("address") or f"poses:{path}",
            **loaded,  # pyright: ignore[reportArgumentType]
        )


def joined(tables: Sequence[PoseTable]) -> PoseTable:
    """One table of several, one after the other; a problem that several tell is told once.

    Columns that one table has and another lacks are refused, so that nothing is lost unsaid.

    Raises:
        ValueError: there are no tables, or they differ in skeleton, root, boxes or columns.
    """
    if not tables:
        raise ValueError("expected pose tables to join, found none")
    first = tables[0]
    names = [item.name for item in fields(PoseTable) if "_N" in item.name]
    filled = [name for name in names if getattr(first, name) is not None]
    for table in tables[1:]:
        if not table.skeleton.same_as(first.skeleton):
            raise ValueError(
                f"expected pose tables of one skeleton ({first.skeleton.name}), found "
                f"{table.skeleton.name}: {first.skeleton.difference(table.skeleton)}"
            )
        for what in ("root", "boxes_from"):
            if getattr(table, what) != getattr(first, what):
                raise ValueError(
                    f"expected pose tables with one {what} ({getattr(first, what)}), "
                    f"found {getattr(table, what)}"
                )
        if others := set(filled) ^ {name for name in names if getattr(table, name) is not None}:
            raise ValueError(
                f"expected pose tables with the same columns, found {', '.join(sorted(others))} "
                "in some of them only"
            )
    columns = {name: np.concatenate([getattr(table, name) for table in tables]) for name in filled}
    return replace(
        first,
        **columns,
        share=first.share if all(table.share == first.share for table in tables) else None,
        address=first.address if all(table.address == first.address for table in tables) else "",
        problems=list(dict.fromkeys(line for table in tables for line in table.problems)),
    )
