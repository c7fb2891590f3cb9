"""The images of a label file: where they lie, and how large they are.

Shapes: M images, 2 = (width, height).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posesift.data.files.images import image_size, is_size
from posesift.storage import inside


def image_folder(file: Path, images: str | None, first: str | None) -> Path | None:
    """The folder that image names are relative to; None where there are labels alone.

    Args:
        file: the label file.
        images: the address's option ``images=``; without it, the file's own folder is taken where
            the first image lies there.
        first: name of the first image, if there is one.

    Raises:
        ValueError: the folder that was asked for does not exist.
    """
    if images is not None:
        folder = Path(images).expanduser().resolve()
        if not folder.is_dir():
            raise ValueError(f"expected the folder of the images at {folder}, found no folder")
        return folder
    return file.parent if first and inside(file.parent, first).is_file() else None


def sizes(
    names_M: Sequence[str], given_M2: np.ndarray, root: Path | None
) -> tuple[np.ndarray, dict[int, str]]:
    """Sizes of images: those that the label file gives, else from the images themselves.

    Args:
        names_M: relative to ``root``.
        given_M2: what the label file says, 0 where it says nothing.
        root: the images' folder, or None.

    Returns:
        (M, 2) int32, 0 where there is none; and for those images, row to what is wrong: no file,
        no image, no size. A missing image is wrong even where its size is given.

    Raises:
        ValueError: a name leads out of ``root``.
    """
    found: list[tuple[int, int]] = []
    bad = {}
    for row, (name, (width, height)) in enumerate(
        zip(names_M, np.asarray(given_M2).tolist(), strict=True)
    ):
        if root is not None:
            photo = inside(root, name)
            if not photo.is_file():
                bad[row] = f"expected its image at {photo}, found no file"
            elif not (width and height):
                try:
                    width, height = image_size(photo)
                except ValueError as error:
                    bad[row] = str(error)
        if row not in bad and not is_size(width, height):
            given = f"that are possible, but {width} x {height} px" if width and height else ""
            bad[row] = f"the file gives no width and height for its image {name} {given}".strip()
        found.append((0, 0) if row in bad else (width, height))
    return np.array(found, np.int32).reshape(-1, 2), bad
