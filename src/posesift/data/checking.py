"""What is in a data set, and what is wrong with it: numbers and a contact sheet.

Shapes: N samples, K keypoints, T tiles, S side of a tile, 2 = (x, y).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from posesift import storage
from posesift.data.drawing import draw_pose
from posesift.data.images import check_images, read_crop, read_image
from posesift.poses import geometry
from posesift.poses.table import PoseTable

_COLUMNS = 8
_TILE = 192  # px
_GAP = 6
_PAGE = (250, 250, 249)
_EMPTY = (228, 228, 231)


def check(table: PoseTable) -> dict[str, Any]:
    """Look at every label and every image of a table.

    Returns:
        A dict that JSON can hold. ``ok`` is whether nothing is wrong; ``problems`` are lines for
        people: what the reader found, images that are missing or corrupt, visible keypoints off
        their image. Beside them counts (``samples``, ``images``, ``without_labels``: samples
        whose keypoints are all invisible), ``never_visible`` (names of keypoints), and
        statistics of the labels: ``visible_percent`` of each keypoint, ``occluded_percent``
        overall (None where the format does not tell), ``keypoints_per_sample`` and
        ``image_side`` as least, median and greatest.
    """
    names = table.skeleton.keypoints
    size_N12 = np.stack([table.width_N, table.height_N], -1)[:, None]
    off_NK = ((table.keypoints_NK2 < -0.5) | (table.keypoints_NK2 > size_N12 - 0.5)).any(-1)
    off_N = np.any(off_NK & table.visible_NK, axis=1)
    images = check_images(table)
    visible_N = table.visible_NK.sum(1)
    visible_K = table.visible_NK.mean(0) if len(table) else np.zeros(len(names))
    labelled = bool(table.visible_NK.any())
    problems = [*table.problems, *images]
    problems += [f"row {row}: a visible keypoint lies off its image" for row in _rows(off_N)]
    side_N = np.maximum(table.width_N, table.height_N)
    occluded = table.occluded_NK
    return {
        "address": table.address,
        "skeleton": table.skeleton.name,
        "samples": len(table),
        "images": len(set(table.image_N)) if table.image_N is not None else 0,
        "boxes_from": table.boxes_from,
        "ok": not problems,
        "problems": problems,
        "bad_images": len(images),
        "off_image": int(off_N.sum()),
        "without_labels": int((visible_N == 0).sum()),
        "never_visible": [name for name, share in zip(names, visible_K, strict=True) if not share],
        "visible_percent": {
            name: round(100 * float(share), 2) for name, share in zip(names, visible_K, strict=True)
        },
        "occluded_percent": round(100 * float(occluded[table.visible_NK].mean()), 2)
        if occluded is not None and labelled
        else None,
        "keypoints_per_sample": _spread(visible_N),
        "image_side": _spread(side_N),
    }


def contact_sheet(table: PoseTable, path: str | Path, n: int = 48, seed: int = 0) -> Path:
    """Write one picture of ``n`` random crops with their poses drawn on: a look at the labels.

    The crops are those that training sees. Poses without an image are drawn on plain ground, and
    so are those whose image cannot be read (`check` names them).

    Args:
        table: what to show; all of it where it has fewer than ``n`` poses.
        path: of the picture; the ending (``.png``, ``.jpg``, ``.webp``) chooses the format.
        n: how many tiles.
        seed: another seed, another choice.

    Returns:
        ``path``.

    Raises:
        ValueError: the table is empty, or OpenCV does not know the ending of ``path``.
    """
    if not len(table):
        raise ValueError("a contact sheet needs at least one pose; the table is empty")
    path = Path(path)
    chosen = np.random.default_rng([seed, 48]).choice(len(table), min(n, len(table)), replace=False)
    part = table.select(np.sort(chosen))
    tile_TSS3 = [_tile(part, row) for row in range(len(part))]
    columns = min(_COLUMNS, len(tile_TSS3))
    rows = -(-len(tile_TSS3) // columns)
    page_HW3 = np.full(
        (rows * (_TILE + _GAP) + _GAP, columns * (_TILE + _GAP) + _GAP, 3), _PAGE, np.uint8
    )
    for place, tile_SS3 in enumerate(tile_TSS3):
        top, left = (_GAP + (_TILE + _GAP) * at for at in divmod(place, columns))
        page_HW3[top : top + _TILE, left : left + _TILE] = tile_SS3
    if not cv2.haveImageWriter(f"x{path.suffix}"):
        raise ValueError(f"expected a picture's ending such as .png or .jpg, found {path.name!r}")
    done, content = cv2.imencode(path.suffix, cv2.cvtColor(page_HW3, cv2.COLOR_RGB2BGR))
    assert done, path
    storage.write_bytes(path, content.tobytes())
    return path


def _tile(table: PoseTable, row: int) -> np.ndarray:
    """One crop with its pose, (S, S, 3) uint8 RGB."""
    matrix_23 = geometry.crop_matrices(table.crop_boxes_N4()[row], _TILE)[0]
    points_K2 = geometry.apply(matrix_23, table.keypoints_NK2[row])
    return draw_pose(
        _ground(table, row, matrix_23),
        points_K2,
        table.visible_NK[row],
        table.skeleton,
        occluded_K=None if table.occluded_NK is None else table.occluded_NK[row],
    )


def _ground(table: PoseTable, row: int, matrix_23: np.ndarray) -> np.ndarray:
    plain_SS3 = np.full((_TILE, _TILE, 3), _EMPTY, np.uint8)
    if not table.has_images:
        return plain_SS3
    if table.root.startswith("world:"):
        image_HW3 = read_image(table, row)
        return cv2.warpAffine(image_HW3, matrix_23, (_TILE, _TILE), flags=cv2.INTER_LINEAR)
    try:
        return cv2.cvtColor(read_crop(table, row, matrix_23, _TILE), cv2.COLOR_BGR2RGB)
    except ValueError:
        centre, half = _TILE // 2, _TILE // 12
        for sign in (1, -1):  # a cross: here should be a picture
            start, end = (
                (centre - half, centre - sign * half),
                (centre + half, centre + sign * half),
            )
            cv2.line(plain_SS3, start, end, (161, 161, 170), 2, cv2.LINE_AA)
        return plain_SS3


def _rows(mask_N: np.ndarray) -> list[int]:
    return np.flatnonzero(mask_N).tolist()


def _spread(values_N: np.ndarray) -> dict[str, float] | None:
    """Least, median and greatest."""
    if not len(values_N):
        return None
    low, middle, high = np.quantile(values_N, [0, 0.5, 1])
    return {"least": float(low), "median": float(middle), "greatest": float(high)}
