"""Frames that lie inside an HDF5 file, as SLEAP embeds them beside its labels.

A group such as ``video0`` holds ``video``, one encoded image (PNG, JPEG) or one picture a row, and
``frame_numbers``, which frame of the clip each row is. Here such a group is named like a clip in a
folder: ``labels.pkg.slp/video0``.

Shapes: H W image height and width, 3 = (blue, green, red).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from posesift.data.files import hdf5
from posesift.data.files.image_names import is_there
from posesift.data.files.images import decode_content

_TOLD = "a file with embedded frames"
_SIDES = ("width", "height")
_SINCE = 1.4  # format from which on an image that says no order of colours is red, green, blue


def holds(path: Path) -> bool:
    """Whether a path names a group of a file, as if the file were a folder."""
    return is_there(path.parent)


def numbers(path: Path) -> dict[int, int]:
    """Return which frames are embedded: number to row.

    Raises:
        ValueError: the file is broken, or holds no such frames.
    """
    about = os.stat(path.parent)
    return _numbers(path, about.st_mtime_ns, about.st_size)


def size(path: Path) -> tuple[int, int]:
    """Return width and height of the frames as the file notes them, 0 where it does not."""
    sides = (hdf5.attribute(path.parent, f"{path.name}/video", n, _TOLD) for n in _SIDES)
    width, height = (int(side) if isinstance(side, int | float) else 0 for side in sides)
    return (width, height) if 0 < width < 2**31 and 0 < height < 2**31 else (0, 0)


def frame(path: Path, index: int) -> np.ndarray:
    """Return one frame, (H, W, 3) uint8 in OpenCV's order blue, green, red.

    Args:
        path: the group, as if its file were a folder.
        index: the frame's number in its clip.

    Raises:
        ValueError: the file is broken, or the frame is not embedded.
    """
    place = numbers(path).get(index)
    if place is None:
        raise ValueError(f"{path.parent} embeds no frame {index} of {path.name}")
    name = f"{path.name}/video"
    stored = hdf5.row(path.parent, name, place, _TOLD)
    order = hdf5.attribute(path.parent, name, "channel_order", _TOLD)
    if stored.ndim == 3:  # a picture as it is, red, green, blue or grey
        if stored.shape[-1] not in (1, 3):
            raise ValueError(f"{path}: expected pictures of 1 or 3 colours, found {stored.shape}")
        return np.ascontiguousarray(np.broadcast_to(stored, (*stored.shape[:2], 3))[..., ::-1])
    if stored.ndim != 1:
        raise ValueError(f"{path}: expected an encoded image a row, found {stored.shape}")
    image_HW3 = decode_content(path, stored.tobytes())
    if order is None:
        version = hdf5.attribute(path.parent, "metadata", "format_id", _TOLD)
        is_new = isinstance(version, int | float) and version >= _SINCE
        order = "RGB" if is_new else "BGR"
    # "BGR": it was encoded by a tool that took red, green, blue for blue, green, red
    return image_HW3 if order == "RGB" else np.ascontiguousarray(image_HW3[..., ::-1])


def frames(path: Path, wanted: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield number and picture of the frames that are wanted, in rising order.

    Raises:
        ValueError: as for `frame`.
    """
    for index in sorted(set(wanted)):
        yield index, frame(path, index)


@functools.lru_cache(16)
def _numbers(path: Path, _changed: int, _size: int) -> dict[int, int]:
    name = f"{path.name}/frame_numbers"
    found, _ = hdf5.arrays(path.parent, (name,), _TOLD)
    if name not in found or found[name].ndim != 1 or found[name].dtype.kind not in "iu":
        raise ValueError(f"{path.parent}: expected the numbers of its frames in {name}, found none")
    return {number: row for row, number in enumerate(found[name].tolist())}
