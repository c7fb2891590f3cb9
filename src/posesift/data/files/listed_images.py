"""Label files that list images by id and annotations that name one: each annotation's image.

Shapes: N annotations, M images, 2 = (width, height).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posesift.data.files import image_folder


def listed(
    image_N: Sequence[Hashable],
    name_of: Mapping[Any, str],
    size_of: Mapping[Any, tuple[int, int]],
    root: Path | None,
    sample_N: Sequence[str],
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Size and file name of each annotation's image.

    Args:
        image_N: ids that the annotations name.
        name_of: id to file name, relative to ``root``.
        size_of: id to width and height where the file gives them; others are looked up in the
            images.
        root: folder of the images; None where there are labels alone.
        sample_N: what to call each annotation in messages.

    Returns:
        (N, 2) int32 sizes, 0 where there is no image; (N,) names, None for images that the file
        does not list; and row to what is wrong.

    Raises:
        ValueError: a name leads out of ``root``.
    """
    ids = [i for i in dict.fromkeys(image_N) if i in name_of]
    names = [name_of[i] for i in ids]
    given_M2 = np.array([size_of.get(i, (0, 0)) for i in ids]).reshape(-1, 2)
    found = image_folder.photographs(names, given_M2, root)
    row_of = {i: row for row, i in enumerate(ids)}
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
