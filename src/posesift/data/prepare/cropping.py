"""One part of raw data cut into crops, and what its poses are there.

Shapes: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height), S side of a crop.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np

from posesift import locks, storage
from posesift.data.pixels import read_crop
from posesift.data.prepare import shards
from posesift.data.readers.parts import Part
from posesift.poses import boxes, geometry
from posesift.poses.table import PoseTable

_QUALITY = 95  # of the JPEGs


@dataclasses.dataclass(frozen=True)
class Crops:
    """What to cut, and where to.

    Attributes:
        folder: of the result; crops go into ``images/`` in it.
        side: of the crops in pixels.
        scale: side of the square over the longer side of a sample's box.
        every: of the samples of a part, each n-th is taken.
    """

    folder: Path
    side: int
    scale: float
    every: int


class Cut(NamedTuple):
    """A part that is done.

    Attributes:
        samples: how many it had.
        bad: what is wrong with those of them that were left out.
    """

    samples: int
    bad: list[str]


def cut(crops: Crops, number: int, part: Part, stop: threading.Event) -> Cut:
    """Write the crops of a part, then its shard.

    Args:
        crops: what to cut.
        number: of the part.
        part: labels are read here, and images.
        stop: once it is set, no more images are read.

    Raises:
        ValueError: the labels cannot be read, the data have no images, or the disk is full.
        InterruptedError: ``stop`` was set. What was written is written again the next time.
    """
    return cut_table(crops, number, part.name, sampled(crops, part), stop)


def sampled(crops: Crops, part: Part) -> PoseTable:
    """Read the labels of a part, and take those of its samples that are wanted.

    Raises:
        ValueError: the labels cannot be read.
    """
    table = part.read()
    return table.select(np.arange(0, len(table), crops.every))


def cut_table(
    crops: Crops, number: int, name: str, table: PoseTable, stop: threading.Event | None = None
) -> Cut:
    """Write the crops of a part whose labels are read, then its shard.

    Args:
        crops: what to cut.
        number: of the part.
        name: of the part.
        table: of its samples.
        stop: once it is set, no more images are read.

    Raises:
        ValueError: the data have no images, or the disk is full.
        InterruptedError: as `cut`.
    """
    box_N4 = table.crop_boxes_N4()
    if table.box_N4 is not None:
        box_N4 = boxes.square(box_N4, crops.scale)
    matrix_N23 = geometry.crop_matrices(box_N4, crops.side)
    names = [_name(number, name, row, table) for row in range(len(table))]
    bad = {}
    for row, image in enumerate(names):
        if stop is not None and stop.is_set():
            raise InterruptedError
        path = crops.folder / image
        try:
            crop_SS3 = read_crop(table, row, matrix_N23[row], crops.side)
        except ValueError as error:
            bad[row] = str(error)
            path.unlink(missing_ok=True)  # of an earlier attempt
            continue
        content = cv2.imencode(".jpg", crop_SS3, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
        try:
            storage.make_parent(path)
            path.write_bytes(content.tobytes())
        except OSError as error:
            locks.check(path)
            raise storage.explained(error, path) from error
    kept_N = np.setdiff1d(np.arange(len(table)), list(bad))
    in_crops = _in_crops(table, np.array(names, object), matrix_N23, crops.side).select(kept_N)
    shards.write(crops.folder, number, name, in_crops, list(bad.values()))
    return Cut(len(table), list(bad.values()))


def _in_crops(
    table: PoseTable, image_N: np.ndarray, matrix_N23: np.ndarray, side: int
) -> PoseTable:
    """Return the table as its crops show it."""
    points_NK2 = geometry.apply(matrix_N23, table.keypoints_NK2)
    visible_NK = table.visible_NK & geometry.on_image(points_NK2, (side, side))
    return dataclasses.replace(
        table,
        keypoints_NK2=points_NK2.astype(np.float32),
        visible_NK=visible_NK,
        occluded_NK=None if table.occluded_NK is None else table.occluded_NK & visible_NK,
        width_N=np.full(len(table), side),
        height_N=np.full(len(table), side),
        image_N=image_N,
        root=".",
        box_N4=None,
        clip_N=table.clip_N if table.clip_N is not None else table.image_N,
        mirrored_N=None,
        image_id_N=None,
    )


def _name(number: int, part: str, row: int, table: PoseTable) -> str:
    """Return a crop's name: numbers make it unique, words tell where it comes from.

    Nothing but letters, digits and dashes of the raw names is taken, so no name leads elsewhere.
    """
    image = "" if table.image_N is None else str(table.image_N[row])
    frame = image.rpartition("#")[2]
    word = frame if frame.isdecimal() else PurePosixPath(image).stem
    return f"images/{number:06d}-{_plain(PurePosixPath(part).stem)}/{row:05d}-{_plain(word)}.jpg"


def _plain(text: str) -> str:
    """Return a text as a part of a file name.

    >>> _plain("..//ung_104 (2)é")
    'ung_104-2'
    """
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")[:48] or "x"
