"""Label files that list images by id and annotations that name one: each annotation's image.

Shapes: N annotations, M images, 2 = (width, height).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from posesift.data.files import image_folder, typed_json


class Image(msgspec.Struct, gc=False):
    """An image as a label file lists it; 0 for a size that it does not give."""

    file_name: str
    width: typed_json.Side = 0
    height: typed_json.Side = 0


def listed(
    image_N: Sequence[Hashable],
    images: Mapping[Any, Image],
    root: Path | None,
    sample_N: Sequence[str],
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Size and file name of each annotation's image.

    Args:
        image_N: ids that the annotations name.
        images: by id, named relative to ``root``; sizes that are not given are looked up in them.
        root: folder of the images; None where there are labels alone.
        sample_N: what to call each annotation in messages.

    Returns:
        (N, 2) int32 sizes, 0 where there is no image; (N,) names, None for images that the file
        does not list; and row to what is wrong.

    Raises:
        ValueError: a name leads out of ``root``.
    """
    row_of = {i: row for row, i in enumerate(i for i in dict.fromkeys(image_N) if i in images)}
    given = [images[i] for i in row_of]
    size_M2 = np.array([(one.width, one.height) for one in given]).reshape(-1, 2)
    found = image_folder.photographs([one.file_name for one in given], size_M2, root)
    size_N2 = np.zeros((len(image_N), 2), np.int32)
    name_N = np.full(len(image_N), None, dtype=object)
    bad = {}
    for row, image in enumerate(image_N):
        m = row_of.get(image)
        if m is None:
            bad[row] = f"{sample_N[row]}: names the image {image}, which the file does not list"
            continue
        name_N[row] = found.names_M[m]
        if m in found.wrong:
            bad[row] = f"{sample_N[row]}: {found.wrong[m]}"
        else:
            size_N2[row] = found.size_M2[m]
    return size_N2, name_N, bad
