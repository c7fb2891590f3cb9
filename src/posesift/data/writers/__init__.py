"""Writers: one file a format, each turning a pose table into what other trainers read.

The mirror image of `posesift.data.readers`: what a writer leaves, the reader of the same name gives
back. A writer is a function ``write(labels, folder) -> str``, the address by which PoseSift reads
what it wrote. To add a format, write such a file and add its line to `WRITERS`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from posesift import spelling
from posesift.data.files.images import MAYBE, SUFFIXES
from posesift.data.writers.labels import Labels


@dataclass(frozen=True)
class Format:
    """What a format asks of images.

    Attributes:
        module: that writes it.
        images: folder of the images in the result.
        whole_images: whether its trainers read all labels of an image together, so that a pose that
            is left out of an image would count as background.
        stays: whether the images may stay where they are.
        nameless: whether poses without images can be written.
        suffixes: of images that its trainers read; others are decoded and written as PNG.
    """

    module: str
    images: str = "images"
    whole_images: bool = False
    stays: bool = True
    nameless: bool = False
    suffixes: tuple[str, ...] = (*SUFFIXES, *MAYBE)


_ULTRALYTICS = tuple(
    f".{name}"
    for name in ["bmp", "dng", "jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp", "pfm", "heic"]
)

WRITERS = {
    "coco": Format("posesift.data.writers.coco"),
    "yolo": Format(
        "posesift.data.writers.yolo", "images/train", True, stays=False, suffixes=_ULTRALYTICS
    ),
    "mmpose": Format("posesift.data.writers.mmpose"),
    "csv": Format("posesift.data.writers.csv"),
    "poses": Format("posesift.data.writers.poses", nameless=True),
    "list": Format("posesift.data.writers.listing", whole_images=True),
}
"""Name of a format to what writes it; its module is imported on first use."""


def write(name: str, labels: Labels, folder: Path) -> str:
    """Write the poses in a format into a folder, where their images are placed already.

    Returns:
        The address that reads them; of a list whose images stay where they are, its place.

    Raises:
        ValueError: there is no such format, or it cannot hold what is to be written.
    """
    if name not in WRITERS:
        raise ValueError(
            f"expected a format of {', '.join(WRITERS)}; found {name!r}"
            + spelling.hint(name, WRITERS)
        )
    return importlib.import_module(WRITERS[name].module).write(labels, folder)
