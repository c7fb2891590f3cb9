"""The images of a result: linked, copied, decoded where they are no plain files, or left alone.

A link is a hard link: to every trainer it is a file, it needs no room, and a folder of such links
can be moved, mounted into a container and packed like any other. Where the file system has none
(another disk, somebody else's files) it is a symbolic link to the whole path, which needs the
original to stay.

Decoded, and written as PNG, are pictures of worlds, frames of videos, images that are seen in a
mirror or whose EXIF turns them against their labels, and kinds that the format's trainers lack.

Shapes: N poses, M images.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

import cv2
import numpy as np

from posesift import locks, progress, storage
from posesift.data.files.exif import UPRIGHT
from posesift.data.files.images import orientation
from posesift.data.pixels import image_path, paint_pictures, read_image
from posesift.data.worlds.references import MARK
from posesift.data.writers import Format
from posesift.data.writers.labels import of_names
from posesift.data.writers.names import PNG, safe_names
from posesift.poses.table import PoseTable

Images = Literal["link", "copy", "keep"]
"""Spelling of ``--images``: linked into the result, copied, or left where they are."""

_FRAME = re.compile(r".+#[0-9]+")
_ODD = re.compile(r"[^\w-]+")  # in what an image of another world says
_PAINTED = 64  # pictures of a world that are painted at a time
_UNLINKED = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS)


@dataclasses.dataclass
class Placed:
    """A table whose images have their places.

    Attributes:
        table: with ``image_N`` and ``root`` of the result.
        linked: images by how they came there: ``link``, ``symbolic link``, ``copy``, ``decoded``.
    """

    table: PoseTable
    linked: dict[str, int]


def place(table: PoseTable, folder: Path, how: Images, form: Format, below: str = "") -> Placed:
    """Put the images of a table into the folder of a result.

    Args:
        table: of one set.
        folder: of the result.
        how: see `Images`.
        form: what the format asks of images.
        below: a folder for the images of this set, where there are several.

    Raises:
        ValueError: there are no images, one is gone or broken, or they cannot stay where they are.
    """
    if table.image_N is None:
        if form.nameless:
            return Placed(table, {})
        raise ValueError(
            f"the data {table.address} have no images here, so that nobody could train on the "
            "subset: name their folder with --data ADDRESS,images=FOLDER, or take --format poses"
        )
    if how == "keep":
        return Placed(_kept(table), {})
    names, image_N, first_M = _different(table)
    decoded_M = _is_decoded(table, names, first_M, form)
    new = [f"{below}{name}" for name in safe_names(names, decoded_M.tolist())]
    root, counts = folder / form.images, {"link": 0, "symbolic link": 0, "copy": 0, "decoded": 0}
    with progress.bar("images", len(new)) as bar:
        for m, told in _all(table, root, new, first_M, decoded_M, how):
            counts[told] += 1
            if m % 64 == 63:
                bar.advance(64)
    placed = dataclasses.replace(
        table,
        image_N=np.array(new, object)[image_N],
        root=form.images,
        mirrored_N=None,
        exif="apply",  # what EXIF would turn against its labels is decoded
    )
    return Placed(placed, {told: count for told, count in counts.items() if count})


def _different(table: PoseTable) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the different images, told apart by mirrors too; see `of_names`."""
    assert table.image_N is not None
    name_N = table.image_N
    if table.root.startswith("world:"):
        told = [str(name).rpartition(MARK) for name in name_N.tolist()]
        width = max((len(number) for _, _, number in told), default=1)
        before = [_ODD.sub("-", f"{changes}{mark}") for changes, mark, _ in told]
        name_N = np.array(
            [f"{b}{int(n):0{width}d}{PNG}" for b, (_, _, n) in zip(before, told, strict=True)],
            object,
        )
    if table.mirrored_N is None or not table.mirrored_N.any():
        return of_names(name_N)
    marked_N = np.where(table.mirrored_N, "m", "u") + name_N.astype(object)
    names, image_N, first_M = of_names(marked_N)
    return [name[1:] for name in names], image_N, first_M


def _is_decoded(
    table: PoseTable, names: list[str], first_M: np.ndarray, form: Format
) -> np.ndarray:
    """Tell which images are no plain files that show what the labels see."""
    if table.root.startswith("world:"):
        return np.ones(len(names), bool)
    suffixes = set(form.suffixes)
    odd_M = np.array(
        [
            bool(_FRAME.fullmatch(name)) or PurePosixPath(name).suffix.lower() not in suffixes
            for name in names
        ],
        bool,
    )
    if table.mirrored_N is not None:
        odd_M |= table.mirrored_N[first_M]
    if table.exif == "ignore":  # trainers turn images as viewers do
        for m in np.flatnonzero(~odd_M).tolist():
            odd_M[m] = orientation(image_path(table, int(first_M[m]))) != UPRIGHT
    return odd_M


def _all(
    table: PoseTable, root: Path, new: list[str], first_M: np.ndarray, decoded_M: np.ndarray,
    how: Images,
) -> Iterator[tuple[int, str]]:  # fmt: skip
    """Put each image in its place, and tell how."""
    made: set[Path] = set()
    painted: np.ndarray = np.empty(0)
    world = table.root.startswith("world:")
    for m, (name, row) in enumerate(zip(new, first_M.tolist(), strict=True)):
        path = root / name
        try:
            if path.parent not in made:
                storage.make_parent(path)
                made.add(path.parent)
            if world:
                if m % _PAINTED == 0:
                    painted = paint_pictures(table.select(first_M[m : m + _PAINTED]))
                yield m, _save(painted[m % _PAINTED], path)
            elif decoded_M[m]:
                yield m, _save(read_image(table, row), path)
            else:
                yield m, _transfer(image_path(table, row).resolve(), path, how)
        except OSError as error:
            locks.check(path)
            raise storage.explained(error, path) from error


def _save(image_HW3: np.ndarray, path: Path) -> str:
    content = cv2.imencode(PNG, cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR))[1]
    path.write_bytes(content.tobytes())
    return "decoded"


def _transfer(source: Path, path: Path, how: Images) -> str:
    try:
        if told := storage.irregular(source):
            raise ValueError(f"expected an image at {source}, found {told}")
    except FileNotFoundError:
        raise ValueError(
            f"expected an image at {source}, found no file: it was moved or removed since the data "
            "were read; put it back, or score the data anew"
        ) from None
    if how == "copy":
        shutil.copyfile(source, path)
        return "copy"
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in _UNLINKED or not path.parent.is_dir():
            raise
        path.symlink_to(source)
        return "symbolic link"
    return "link"


def _kept(table: PoseTable) -> PoseTable:
    """Return the table as it is, where its images are plain files that show what the labels see."""
    assert table.image_N is not None
    why = ""
    if table.root.startswith("world:"):
        why = "a world renders its images, and there are no files"
    elif table.mirrored_N is not None and table.mirrored_N.any():
        why = "some are seen in a mirror"
    elif any(_FRAME.fullmatch(name) for name in of_names(table.image_N)[0]):
        why = "some are frames of videos"
    if why:
        raise ValueError(
            f"the images of {table.address} cannot stay where they are: {why}; take --images link "
            "or copy, which write them as PNG"
        )
    return dataclasses.replace(table, root=str(Path(table.root).resolve()), mirrored_N=None)
