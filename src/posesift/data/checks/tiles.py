"""The tiles of the contact sheet: the crop of a sample, with its pose drawn on.

Shapes: T tiles, S side of a tile, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np

from posesift.data.drawing import draw_pose
from posesift.data.pixels import paint_pictures, read_crop
from posesift.poses import boxes, geometry
from posesift.poses.table import PoseTable

TILE = 188
"""Side of a tile, px: eight and the gaps between them fill the width of the sheet."""

_EMPTY = (228, 228, 231)


def close_up(part: PoseTable) -> PoseTable:
    """Return the samples with boxes around their labels, where those have an extent."""
    extent_N4 = boxes.keypoint_boxes(part.keypoints_NK2, part.visible_NK)
    has_extent_N1 = (extent_N4[:, 2:].max(1) > 1)[:, None]
    close_N4 = np.where(has_extent_N1, boxes.square(extent_N4, 1.5, 24), part.crop_boxes_N4())
    return dataclasses.replace(part, box_N4=close_N4.astype(np.float32))


def tiles(part: PoseTable) -> list[np.ndarray]:
    """Crops with their poses, (S, S, 3) uint8 RGB each."""
    matrix_T23 = geometry.crop_matrices(part.crop_boxes_N4(), TILE)
    is_world = part.root.startswith("world:")
    grounds = _painted(part, matrix_T23) if is_world else _photographed(part, matrix_T23)
    drawn = []
    for place, ground_SS3 in enumerate(grounds):
        points_K2 = geometry.apply(matrix_T23[place], part.keypoints_NK2[place])
        # a wild label must not stop the sheet
        near_K = np.isfinite(points_K2).all(1) & (np.abs(points_K2).max(1) < 50 * TILE)
        hidden_K = None if part.occluded_NK is None else part.occluded_NK[place]
        shown_K = part.visible_NK[place] & near_K
        drawn.append(
            draw_pose(ground_SS3, points_K2, shown_K, part.skeleton, occluded_K=hidden_K, width=2)
        )
    return drawn


def _painted(part: PoseTable, matrix_T23: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a world's crops, painted at the size of a tile and not at the table's smaller one."""
    for place, image_SS3 in enumerate(paint_pictures(part, TILE)):
        pixel = float(part.width_N[place]) / TILE
        shift = geometry.cell_centre(0, pixel)
        to_table_23 = np.array([[pixel, 0, shift], [0, pixel, shift]])
        matrix_23 = geometry.compose(matrix_T23[place], to_table_23)
        yield cv2.warpAffine(image_SS3, matrix_23, (TILE, TILE))


def _photographed(part: PoseTable, matrix_T23: np.ndarray) -> Iterator[np.ndarray]:
    for place, matrix_23 in enumerate(matrix_T23):
        yield _ground(part, place, matrix_23)


def _ground(table: PoseTable, row: int, matrix_23: np.ndarray) -> np.ndarray:
    plain_SS3 = np.full((TILE, TILE, 3), _EMPTY, np.uint8)
    if not table.has_images:
        return plain_SS3
    try:
        return cv2.cvtColor(read_crop(table, row, matrix_23, TILE), cv2.COLOR_BGR2RGB)
    except ValueError:
        middle, half = TILE // 2, TILE // 12  # a cross: here should be a picture
        for sign in (1, -1):
            ends = (middle - half, middle - sign * half), (middle + half, middle + sign * half)
            cv2.line(plain_SS3, *ends, (161, 161, 170), 2, cv2.LINE_AA)
        return plain_SS3
