"""The pixels of a table's samples: photographs, frames of videos, painted pictures of worlds.

Shapes: N samples, H W image height and width, S side of a crop or picture.
"""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from posesift import storage
from posesift.data.address import parse
from posesift.data.files import embedded, video
from posesift.data.files.images import decode, reduce
from posesift.poses import geometry
from posesift.poses.table import PoseTable

_FRAME = re.compile(r"(.+)#([0-9]+)")  # clip.mp4#12


def read_image(table: PoseTable, row: int) -> np.ndarray:
    """Return the whole image of sample ``row`` as its labels see it, (H, W, 3) uint8 RGB.

    Raises:
        ValueError: the image is missing or corrupt, or the table has none.
    """
    if table.root.startswith("world:"):
        return paint_pictures(table.select([row]))[0]
    image_HW3 = cv2.cvtColor(_stored(table, row), cv2.COLOR_BGR2RGB)
    return cv2.flip(image_HW3, 1) if _is_mirrored(table, row) else image_HW3


def read_crop(table: PoseTable, row: int, matrix_23: np.ndarray, side: int) -> np.ndarray:
    """Return the crop of one sample, (side, side, 3) uint8 in the order blue, green, red.

    What lies off the image is black. An image much larger than the crop is reduced first (a JPEG
    while it is decoded), as far as it keeps more pixels than the crop: interpolation alone would
    skip pixels. Then it is warped once, also where it is seen in a mirror.

    Args:
        table: names the image.
        row: of the table.
        matrix_23: image pixels to crop pixels, as from `posesift.poses.geometry.crop_matrices`.
        side: of the crop, in pixels.

    Raises:
        ValueError: the image is missing, corrupt, or of another size than the table says; or the
            table has none.
    """
    reduction = reduction_for(matrix_23)
    if table.root.startswith("world:"):
        painted_HW3 = paint_pictures(table.select([row]))[0]
        image_HW3 = reduce(cv2.cvtColor(painted_HW3, cv2.COLOR_RGB2BGR), reduction)
    else:
        image_HW3 = _stored(table, row, reduction)
    if _is_mirrored(table, row):
        matrix_23 = geometry.compose(matrix_23, geometry.mirror_matrix(int(table.width_N[row])))
    return warp(image_HW3, matrix_23, side, reduction)


def image_path(table: PoseTable, row: int) -> Path:
    """Where sample ``row`` of a table of photographs or videos has its file.

    Raises:
        ValueError: the table has no images, or the name leads out of the table's folder.
    """
    return _place(table, row)[0]


def reduction_for(matrix_23: np.ndarray) -> int:
    """Return the largest of 1, 2, 4, 8 that leaves at least as many pixels as the crop has."""
    shrink = 1 / float(np.hypot(matrix_23[0, 0], matrix_23[1, 0]))
    return next((factor for factor in (8, 4, 2) if factor <= shrink), 1)


def warp(image_HW3: np.ndarray, matrix_23: np.ndarray, side: int, reduction: int) -> np.ndarray:
    """Cut a crop out of a reduced image; ``matrix_23`` counts in pixels of the full one."""
    centre = geometry.cell_centre(0, reduction)
    to_full_23 = np.array([[reduction, 0, centre], [0, reduction, centre]])
    to_crop_23 = geometry.compose(matrix_23, to_full_23)
    return cv2.warpAffine(image_HW3, to_crop_23, (side, side), flags=cv2.INTER_LINEAR)


def paint_pictures(table: PoseTable, side: int | None = None) -> np.ndarray:
    """Paint the samples of a world's table, (N, S, S, 3) uint8 RGB; nothing is kept on disk.

    Args:
        table: of a world; for training, `posesift.data.worlds.painted` keeps what it paints.
        side: of the pictures, where it shall be another than the table's: the same figures,
            sharper.
    """
    from posesift.data import worlds

    assert table.image_N is not None
    world = parse(table.root)
    choices = world.options
    facing = choices.get("facing")
    sample = worlds.sample(
        world.path,
        choices["poses"],
        seed=int(choices["seed"]),
        split=choices["split"],
        side=side or int(choices["side"]),
        indices=table.image_N.astype(np.int64),
        facing=None if facing is None else int(facing),
        figure=choices.get("figure", "capsules"),
    )
    return worlds.paint(sample, choices["look"])


def _stored(table: PoseTable, row: int, reduction: int = 1) -> np.ndarray:
    """Return a sample's image as its file shows it, not mirrored, (H, W, 3) uint8 BGR."""
    path, index = _place(table, row)
    size = int(table.width_N[row]), int(table.height_N[row])
    if index is None:
        return decode(path, reduction=reduction, size=size, exif=table.exif)
    image_HW3 = (embedded if embedded.holds(path) else video).frame(path, index)
    if (found := image_HW3.shape[1::-1]) != size:
        raise ValueError(
            f"the video {path} is {found[0]} x {found[1]} px, its labels say "
            f"{size[0]} x {size[1]}: labels and videos must come from the same distribution "
            "of the set"
        )
    return reduce(image_HW3, reduction)


def _place(table: PoseTable, row: int) -> tuple[Path, int | None]:
    """Return a sample's file, and the frame where it is a video."""
    if table.image_N is None:
        raise ValueError(
            f"the pose table {table.address or '(without an address)'} names no images; "
            "read it with images=FOLDER, or use it where only poses are needed"
        )
    name = str(table.image_N[row])
    if found := _FRAME.fullmatch(name):
        return storage.inside(table.root, found[1]), int(found[2])
    return storage.inside(table.root, name), None


def _is_mirrored(table: PoseTable, row: int) -> bool:
    return table.mirrored_N is not None and bool(table.mirrored_N[row])
