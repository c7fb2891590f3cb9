"""A plain list of images, ``images.txt``: what trainers that have the labels already want.

A line an image, once however many poses it holds; an image that is to be drawn more often stands
there as often. Paths are whole, so that the list may lie anywhere: Ultralytics takes it for
``train:`` in a data YAML.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import storage
from posesift.data.address import Address
from posesift.data.writers.labels import Labels

FILE = "images.txt"


def write(labels: Labels, folder: Path) -> str:
    """Write ``images.txt``; where images stay its place is returned, as no address reads a list.

    Raises:
        ValueError: a name holds a line break.
    """
    names, image_N, _ = labels.images
    for name in names:
        if len(name.splitlines()) != 1:
            raise ValueError(
                f"the image {name!r} holds a line break, which a list of lines cannot; "
                "--images link or copy gives images plain names"
            )
    times_M = np.ones(len(names), np.int64)
    if labels.times_N is not None:
        np.maximum.at(times_M, image_N, labels.times_N)
    root = Path(labels.root).absolute()
    lines = (f"{root / name}\n" * n for name, n in zip(names, times_M.tolist(), strict=True))
    storage.write_text(folder / FILE, "".join(lines))
    kept = Path(labels.table.root).is_absolute()  # then others lie beside those of the list
    return str(labels.place / FILE) if kept else str(Address("images", labels.root))
