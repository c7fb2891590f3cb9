"""Labels that can be read and mean something else: shares of the image, boxes as corners, flags.

Nothing of this makes a file unreadable, so each of it is looked for.

Shapes: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import numpy as np

from posesift.data.labels.keypoint_names import NO_FLIPS
from posesift.poses import boxes
from posesift.poses.table import PoseTable
from posesift.skeletons.sides import unexchanged

_SMALL = 8  # px: in a smaller image, coordinates up to 1 may be pixels
_NEARLY_ALL = 0.99
_MANY = 0.02  # of the samples have a joint in a corner
_FEWEST = 3  # samples that must tell
_NEAR = 0.51  # px from the centre of a corner's pixel
_TELLS = 0.05  # difference of overlaps that tells two readings of a box apart
_MOSTLY = 0.95
_ROUNDING = 2.0  # px that a box may be off
_LOOSE = 2.5  # area of a box over that of its labels, from which it is no tight one


def misreadings(table: PoseTable) -> list[str]:
    """Return what the labels may mean instead, in sentences; none where nothing speaks for it."""
    if not table.visible_NK.any():
        return []
    found = _relative(table)
    return [
        *(found or [*_corner_boxes(table), *_in_corners(table)]),
        *_flags(table),
        *_sides(table),
    ]


def _relative(table: PoseTable) -> list[str]:
    """Coordinates between 0 and 1 in images of many pixels."""
    large_N = np.maximum(table.width_N, table.height_N) > _SMALL
    points_M2 = table.keypoints_NK2[table.visible_NK & large_N[:, None]]
    if not len(points_M2) or not points_M2.any():
        return []
    share = float(((points_M2 >= 0) & (points_M2 <= 1)).all(1).mean())
    if share < _NEARLY_ALL:
        return []
    return [
        f"coordinates lie between 0 and 1 ({share:.0%} of the visible keypoints), in images of "
        f"{int(np.median(table.width_N))} x {int(np.median(table.height_N))} px: are they shares "
        "of width and height? coco: reads those with coordinates=relative"
    ]


def _corner_boxes(table: PoseTable) -> list[str]:
    """Boxes whose width and height are another corner."""
    if table.box_N4 is None or table.boxes_from != "file":
        return []
    extent_N4 = boxes.keypoint_boxes(table.keypoints_NK2, table.visible_NK)
    told_N = (extent_N4[:, 2:].min(1) > 1) & (table.visible_NK.sum(1) > 1)
    extent_N4, given_N4 = extent_N4[told_N], table.box_N4[told_N].astype(np.float64)
    corners_N4 = boxes.of_corners(given_N4)
    as_size_N, as_corner_N = _overlap(given_N4, extent_N4), _overlap(corners_N4, extent_N4)
    # a loose box near the origin is a little tighter as corners, and is none: what is one holds
    # its labels, and is no box of width and height: off the image, or far too large
    image_N2 = np.column_stack([table.width_N, table.height_N])[told_N]
    out_N = (given_N4[:, :2] + given_N4[:, 2:] > image_N2 + _ROUNDING).any(1)
    loose_N = given_N4[:, 2:].prod(1) > _LOOSE * extent_N4[:, 2:].prod(1)
    held_N = _holds(corners_N4, extent_N4)
    tells_N = np.abs(as_size_N - as_corner_N) > _TELLS
    if tells_N.sum() < _FEWEST or (held_N & (out_N | loose_N))[tells_N].mean() < 0.5:
        return []
    share = float((as_corner_N > as_size_N)[tells_N].mean())
    if share < _MOSTLY:
        return []
    return [
        f"boxes look like two corners (x, y, x, y) and not like x, y, width, height: so they fit "
        f"the keypoints better in {share:.0%} of {int(tells_N.sum())} samples that tell; coco: "
        "reads those with bbox=xyxy"
    ]


def _holds(outer_N4: np.ndarray, inner_N4: np.ndarray) -> np.ndarray:
    """Which boxes (N,) hold the others, a pixel or two aside."""
    ends_N2, inner_ends_N2 = outer_N4[:, :2] + outer_N4[:, 2:], inner_N4[:, :2] + inner_N4[:, 2:]
    low_N2 = outer_N4[:, :2] <= inner_N4[:, :2] + _ROUNDING
    held_N4 = np.concatenate([low_N2, ends_N2 >= inner_ends_N2 - _ROUNDING], axis=1)
    return np.logical_and.reduce(held_N4, axis=1)


def _overlap(one_N4: np.ndarray, other_N4: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes, (N,); 0 for boxes of no size."""
    low_N2 = np.maximum(one_N4[:, :2], other_N4[:, :2])
    high_N2 = np.minimum(one_N4[:, :2] + one_N4[:, 2:], other_N4[:, :2] + other_N4[:, 2:])
    shared_N = np.clip(high_N2 - low_N2, 0, None).prod(1)
    union_N = np.clip(one_N4[:, 2:], 0, None).prod(1) + other_N4[:, 2:].prod(1) - shared_N
    return np.where((one_N4[:, 2:] > 0).all(1), shared_N / np.maximum(union_N, 1e-9), 0)


def _in_corners(table: PoseTable) -> list[str]:
    """Visible joints in a corner of the image, which is where tools put what they do not know."""
    last_N2 = np.column_stack([table.width_N, table.height_N]) - 1
    said = []
    for corner, end_2 in (
        ("at (0, 0)", (0, 0)),
        ("in the upper right corner", (1, 0)),
        ("in the lower left corner", (0, 1)),
        ("in the lower right corner", (1, 1)),
    ):
        off_NK2 = np.abs(table.keypoints_NK2 - (last_N2 * end_2)[:, None])
        there_NK = table.visible_NK & (off_NK2 < _NEAR).all(-1)
        count = int(there_NK.any(1).sum())
        if count < max(_FEWEST, _MANY * len(table)):
            continue
        names = [table.skeleton.keypoints[k] for k in np.flatnonzero(there_NK.any(0))]
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        said.append(
            f"visible keypoints lie {corner} of the image in {count} of {len(table)} samples "
            f"({shown}): are these unlabelled ones that were written with v > 0?"
        )
    return said


def _flags(table: PoseTable) -> list[str]:
    """Return a table in which everything is hidden: then the flag meant something else."""
    if table.occluded_NK is None or not table.occluded_NK[table.visible_NK].all():
        return []
    return ["every labelled keypoint counts as hidden: did a yes or no stand for labelled?"]


def _sides(table: PoseTable) -> list[str]:
    lonely = unexchanged(table.skeleton.keypoints, table.skeleton.mirror)
    if not lonely or any(note.startswith(NO_FLIPS) for note in table.notes):
        return []
    return [f"{NO_FLIPS}: {', '.join(lonely)} tell a side, and a flip exchanges them with nothing"]
