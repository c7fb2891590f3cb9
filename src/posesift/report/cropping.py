"""The one cropper: samples of a table, each cropped to its own square frame.

M samples, P side of a painted picture, S side of a crop, 3 = (blue, green, red),
4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from posesift.data import pixels, recent
from posesift.poses import geometry
from posesift.poses.table import PoseTable

_CHUNK = 32  # pictures of a world that are painted at a time


def cropped(
    table: PoseTable, frame_M4: NDArray, side: int, painted: int | None = None
) -> Iterator[NDArray | str]:
    """Yield each sample of a table with images as (side, side, 3), or why it has none.

    Args:
        table: of the samples, in the order of the data (videos are read forwards).
        frame_M4: what is cropped, in the pixels of the image.
        side: of the crops.
        painted: pixels each way at which a world is painted; None: as it always is.
    """
    if table.root.startswith("world:"):
        yield from _of_world(table, frame_M4, side, painted)
        return
    for row, matrix_23 in enumerate(geometry.crop_matrices(frame_M4, 2 * side)):
        try:
            # Twice as large and then averaged: a warp alone would skip pixels of a photograph.
            large_HW3 = pixels.read_crop(table, row, matrix_23, 2 * side)
        except (ValueError, OSError) as error:
            yield str(error)
        else:
            yield cv2.resize(large_HW3, (side, side), interpolation=cv2.INTER_AREA)


def _of_world(
    table: PoseTable, frame_M4: NDArray, side: int, painted: int | None
) -> Iterator[NDArray | str]:
    # Boxes count from the outer corner of the first pixel, so another scale is one product.
    width_M1 = np.asarray(table.width_N, np.float64)[:, None]
    matrix_M23 = geometry.crop_matrices(frame_M4 * (painted or width_M1) / width_M1, side)
    for start in range(0, len(table), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(table)))
        try:
            painted_M = recent.pictures(table.select(rows), painted)
        except (ValueError, OSError) as error:
            yield from [str(error)] * len(rows)
            continue
        for painted_PP3, matrix_23 in zip(painted_M, matrix_M23[rows], strict=True):
            bgr_PP3 = cv2.cvtColor(painted_PP3, cv2.COLOR_RGB2BGR)
            yield cv2.warpAffine(  # a painted ground goes on beyond the picture
                bgr_PP3, matrix_23, (side, side), borderMode=cv2.BORDER_REPLICATE
            )
