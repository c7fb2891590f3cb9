"""Images that are all of one size, in a few folders: each folder is listed once, no file opened.

A network file system takes minutes to open a hundred thousand files, and seconds to list them.

Shapes: N images, 2 = (width, height).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posesift.data.files.images import image_size


def uniform_sizes(root: Path, names: Sequence[str]) -> tuple[np.ndarray, dict[int, str]]:
    """Sizes of the images of a set that was made in one piece.

    The header of the first image that is there tells the size of all; the decoder refuses an
    image of another size, and ``posesift check`` looks at each.

    Args:
        root: the folder that names are relative to.
        names: with ``/`` between folders; made by the reader, not read from a file.

    Returns:
        (N, 2) int32, 0 where the image is missing; and for those, row to what is wrong.
    """
    present = {folder: _listed(root / folder) for folder in {n.rpartition("/")[0] for n in names}}
    size_N2 = np.zeros((len(names), 2), np.int32)
    bad, there = {}, np.zeros(len(names), bool)
    for row, name in enumerate(names):
        folder, _, file = name.rpartition("/")
        there[row] = file in present[folder]
        if not there[row]:
            bad[row] = f"expected an image at {root / name}, found no file"
    for row in np.flatnonzero(there).tolist():
        try:
            size_N2[there] = image_size(root / names[row])
            break
        except ValueError as error:
            bad[row] = str(error)
            there[row] = False
    return size_N2, bad


def _listed(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:  # no such folder: all of its images are missing
        return set()
