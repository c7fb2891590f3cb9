"""Predictions on disk: the shards of the parts, and the files that they become.

``predictions.parquet`` is a pose table (`posesift.poses.table`), so that everything which reads
``poses:`` reads it, with columns of its own: ``confidence`` (K float32 a row), ``score`` (their
mean), ``low`` (whether that is unusually low), ``picture`` (number, from 1), ``image_id``,
``category_id``. A keypoint that is predicted off the picture is not ``visible``.

Shapes: N rows, K keypoints, 2 = (x, y) in pixels of the picture, 4 = (x, y, width, height).
"""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from posesift import documents
from posesift.experiments.predicting.crops import Crop, Done
from posesift.poses import geometry
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton
from posesift.storage import atomic_path, write_text

TABLE, CSV, RESULTS, IMAGES = (
    "predictions.parquet",
    "predictions.csv",
    "results.json",
    "images.json",
)
PROBLEMS, SHARDS = "problems.txt", "parts"

_ABOUT = b"posesift.prediction"  # key of the schema's metadata
_DIGITS = 3  # of pixels and confidences in text


class _About(msgspec.Struct):
    """What a shard says of itself, and the whole table of all."""

    pictures: int
    left_out: list[str]
    ends_video: bool = True


@dataclass(frozen=True)
class Written:
    """What all rows have in common.

    Attributes:
        folder: of the result.
        skeleton: of the predictions.
        root: the folder that names are relative to.
        boxes_from: ``"file"``, or ``"image"`` where each picture is one crop.
        ids: a picture's name to its id in results; others have their number.
        low: mean confidence below which a prediction is marked; None: none is.
    """

    folder: Path
    skeleton: Skeleton
    root: Path
    boxes_from: str
    ids: dict[str, int | str]
    low: float | None

    def write_shard(
        self,
        part: int,
        crops: Sequence[Crop],
        keypoints_NK2: NDArray[np.float32],
        confidence_NK: NDArray[np.float32],
        *,
        pictures: int,
        left_out: list[str],
        ends_video: bool,
    ) -> None:
        """Write the predictions of a part, atomically: then the part is done.

        Args:
            part: its number.
            crops: of its N rows.
            keypoints_NK2: in crop pixels.
            confidence_NK: as the network gave it.
            pictures: how many the part has.
            left_out: lines on those that could not be read.
            ends_video: whether it is the last part of its video.
        """
        k = len(self.skeleton)
        to_image_N23 = np.array([crop.to_image_23 for crop in crops]).reshape(-1, 2, 3)
        placed_NK2 = on_picture(to_image_N23, keypoints_NK2.reshape(-1, k, 2))
        size_N2 = np.array([crop.size for crop in crops], np.int32).reshape(-1, 2)
        known_NK = np.asarray(np.isfinite(placed_NK2).all(-1))
        table = PoseTable(
            self.skeleton,
            placed_NK2,
            known_NK,
            size_N2[:, 0],
            size_N2[:, 1],
            np.array([crop.name for crop in crops], object),
            str(self.root),
            np.array([crop.box_4 for crop in crops], np.float32).reshape(-1, 4),
            self.boxes_from,
            exif="apply",
        )
        confidence_NK = np.nan_to_num(confidence_NK.reshape(-1, k))
        score_N = confidence_NK.mean(1, dtype=np.float32)
        low_N = [None if self.low is None else bool(score < self.low) for score in score_N]
        ids: list[Any] = [self.ids.get(crop.name, crop.number) for crop in crops]
        if texts := any(isinstance(one, str) for one in self.ids.values()):
            ids = [str(one) for one in ids]
        arrow = table.to_arrow()
        schema = arrow.schema.metadata
        # what is predicted off the picture is kept, and is not visible to readers of poses
        within_NK = geometry.on_image(placed_NK2, size_N2)
        place = arrow.schema.get_field_index("visible")
        arrow = arrow.set_column(place, "visible", _fixed(known_NK & within_NK, bool))
        for name, values in (
            ("confidence", _fixed(confidence_NK, np.float32)),
            ("score", pa.array(score_N, pa.float32())),
            ("low", pa.array(low_N, pa.bool_())),
            ("picture", pa.array([crop.number for crop in crops], pa.int64())),
            ("image_id", pa.array(ids, pa.string() if texts else pa.int64())),
            ("category_id", pa.array([crop.category for crop in crops], pa.int64())),
        ):
            arrow = arrow.append_column(name, values)
        about = msgspec.json.encode(_About(pictures, left_out, ends_video))
        with atomic_path(self._shard(part)) as temporary:
            pq.write_table(arrow.replace_schema_metadata({**schema, _ABOUT: about}), temporary)

    def done(self, part: int) -> Done | None:
        """Give what is known of a part that is done; None where it is not."""
        path = self._shard(part)
        if not path.is_file():
            return None
        about = _about(path)
        return Done(about.pictures, about.ends_video)

    def gather(self, parts: int) -> None:
        """Make the files of the result out of all shards, in their order.

        Raises:
            ValueError: there is not a single prediction; or the disk is full.
        """
        abouts = [_about(self._shard(part)) for part in range(parts)]
        left_out = [line for about in abouts for line in about.left_out]
        if left_out:
            write_text(self.folder / PROBLEMS, "".join(f"{line}\n" for line in left_out))
        shards = [self._shard(part) for part in range(parts)]
        if not any(pq.read_metadata(shard).num_rows for shard in shards):
            lines = "".join(f"\n  {line}" for line in left_out[:5])
            raise ValueError(f"none of the images could be read, so nothing is predicted:{lines}")
        whole = _About(sum(about.pictures for about in abouts), left_out)
        schema = pq.read_schema(shards[0])
        schema = schema.with_metadata({**schema.metadata, _ABOUT: msgspec.json.encode(whole)})
        with contextlib.ExitStack() as files:
            # the table takes its place last: where it is, all are
            table = files.enter_context(atomic_path(self.folder / TABLE))
            paths = [
                files.enter_context(atomic_path(self.folder / name))
                for name in (CSV, RESULTS, IMAGES)
            ]
            self._stream(shards, schema, table, *paths)

    def _stream(
        self,
        shards: Sequence[Path],
        schema: pa.Schema,
        table: Path,
        csv_path: Path,
        results: Path,
        images: Path,
    ) -> None:
        names = self.skeleton.keypoints
        header = [f"{name}_{what}" for name in names for what in ("x", "y", "confidence")]
        with (
            pq.ParquetWriter(table, schema) as writer,
            csv_path.open("w", encoding="utf-8", newline="") as csv_file,
            results.open("w", encoding="utf-8") as results_file,
            images.open("w", encoding="utf-8") as images_file,
        ):
            lines = csv.writer(csv_file, lineterminator="\n")
            lines.writerow([*_LEADING, *header])
            results_file.write("[")
            images_file.write('{"images": [')
            before = None
            for shard in shards:
                rows = pq.ParquetFile(shard).read()
                if not len(rows):
                    continue
                writer.write_table(rows.replace_schema_metadata(schema.metadata))
                for row in _plain(rows):
                    lines.writerow(_cells(row))
                    comma = "," if before is not None else ""
                    results_file.write(f"{comma}\n{json.dumps(_result(row))}")
                    if row["picture"] != before:
                        images_file.write(f"{comma}\n{json.dumps(_image(row))}")
                    before = row["picture"]
            category = {
                "id": 1,
                "name": self.skeleton.name,
                "keypoints": list(names),
                "skeleton": [[a + 1, b + 1] for a, b in self.skeleton.limbs],
            }
            results_file.write("\n]\n")
            images_file.write(f'\n], "annotations": [], "categories": {json.dumps([category])}}}\n')

    def _shard(self, part: int) -> Path:
        return self.folder / SHARDS / f"{part:06d}.parquet"


@dataclass(frozen=True)
class Row:
    """One prediction, read back.

    Attributes:
        name: of the picture.
        picture: its number, from 1.
        size: its width and height.
        box_4: pixels of the picture.
        keypoints_K2: the same.
        confidence_K: as the network gave it.
        score: their mean.
        low: whether that is unusually low; None where that is not known.
    """

    name: str
    picture: int
    size: tuple[int, int]
    box_4: NDArray[np.float32]
    keypoints_K2: NDArray[np.float32]
    confidence_K: NDArray[np.float32]
    score: float
    low: bool | None


def read_rows(folder: Path) -> Iterator[Row]:
    """Read the predictions of a folder one after the other; never all are in memory."""
    file = pq.ParquetFile(folder / TABLE)
    for group in range(file.num_row_groups):
        for row in file.read_row_group(group).to_pylist():
            yield Row(
                row["image"],
                row["picture"],
                (row["width"], row["height"]),
                np.array(row["box"], np.float32),
                np.array(row["keypoints"], np.float32).reshape(-1, 2),
                np.array(row["confidence"], np.float32),
                row["score"],
                row["low"],
            )


def summary(folder: Path) -> dict[str, Any]:
    """Count what a gathered folder holds: ``pictures``, ``samples``, ``low``; and ``left_out``."""
    about = _about(folder / TABLE)
    low = pq.read_table(folder / TABLE, columns=["low"])["low"]
    return {
        "pictures": about.pictures,
        "samples": len(low),
        "low": low.to_pylist().count(True),
        "left_out": about.left_out,
    }


def on_picture(
    to_image_N23: NDArray[np.float64], keypoints_NK2: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return keypoints in crop pixels as pixels of the picture."""
    return geometry.apply(to_image_N23, keypoints_NK2.astype(np.float64)).astype(np.float32)


_LEADING = (
    *("image", "image_id", "width", "height", "box_x", "box_y", "box_w", "box_h"),
    *("category_id", "score", "low"),
)


def _fixed(values_NK: NDArray, kind: type) -> pa.Array:
    flat = np.ascontiguousarray(values_NK, kind).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), values_NK.shape[1])


def _plain(rows: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows with rounded numbers, as they stand in files of text."""
    box_N4, points_NK2, confidence_NK = (
        np.round(np.array(rows[name].to_pylist(), np.float64), _DIGITS)
        for name in ("box", "keypoints", "confidence")
    )
    words = rows.select(["image", "image_id", "width", "height", "category_id", "low", "picture"])
    score_N = rows["score"].to_pylist()
    for place, row in enumerate(words.to_pylist()):
        point_K2 = points_NK2[place].reshape(-1, 2)
        row["box"] = box_N4[place].tolist()
        row["values"] = np.column_stack([point_K2, confidence_NK[place]]).reshape(-1).tolist()
        row["score"] = round(float(score_N[place]), 2 * _DIGITS)
        yield row


def _cells(row: dict[str, Any]) -> list[Any]:
    low = "" if row["low"] is None else int(row["low"])
    return [
        *(row[name] for name in ("image", "image_id", "width", "height")),
        *row["box"],
        *(row["category_id"], row["score"], low),
        *row["values"],
    ]


def _result(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "image_id": row["image_id"],
        "category_id": row["category_id"],
        "keypoints": row["values"],
        "score": row["score"],
    }


def _image(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["image_id"],
        "file_name": row["image"],
        "width": row["width"],
        "height": row["height"],
    }


def _about(path: Path) -> _About:
    metadata = pq.read_metadata(path).metadata or {}
    if _ABOUT not in metadata:
        raise ValueError(f"{path} was not written by posesift predict; begin anew with --overwrite")
    return documents.from_json(metadata[_ABOUT], _About, str(path))
