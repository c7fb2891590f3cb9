"""What the labels of a data set are like, in numbers.

Shapes: N samples, K keypoints, M of the samples or sizes, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from posesift.poses import boxes
from posesift.poses.table import PoseTable

_BLOCK = 65_536  # samples taken at a time


def label_statistics(table: PoseTable) -> dict[str, Any]:
    """Return the part of `posesift.data.checks.checking.check` that is numbers alone; see there."""
    names = table.skeleton.keypoints
    visible_N = table.visible_NK.sum(1)
    visible_K = table.visible_NK.mean(0) if len(table) else np.zeros(len(names))
    occluded = table.occluded_NK
    size_M, count_M = np.unique(
        table.width_N.astype(np.int64) << 32 | table.height_N, return_counts=True
    )
    common = np.argsort(-count_M, kind="stable")[:5]
    extent_N, box_N4 = _extents(table), table.crop_boxes_N4()
    told_N = extent_N > 1
    modes = None if table.mode_N is None else dict(Counter(map(str, table.mode_N)).most_common())
    return {
        "without_labels": int((visible_N == 0).sum()),
        "never_visible": [name for name, share in zip(names, visible_K, strict=True) if not share],
        "visible_percent": {
            name: round(100 * float(share), 2) for name, share in zip(names, visible_K, strict=True)
        },
        "occluded_percent": round(100 * float(occluded[table.visible_NK].mean()), 2)
        if occluded is not None and table.visible_NK.any()
        else None,
        "keypoints_per_sample": _spread(visible_N),
        "image_side": _spread(np.maximum(table.width_N, table.height_N)),
        "image_sizes": [
            [int(size_M[i] >> 32), int(size_M[i] & 0xFFFFFFFF), int(count_M[i])] for i in common
        ],
        "box_over_labels": _spread(box_N4[told_N, 2:].max(1) / extent_N[told_N]),
        "cut_by_box": _cut_by_box(table, box_N4),
        "boxes_of_no_size": int((~(box_N4[:, 2:] > 0).all(1)).sum()),
        "modes": modes,
    }


def _extents(table: PoseTable) -> np.ndarray:
    """Return the longer side of each pose's labels, in pixels; a block at a time."""
    extent_N = np.zeros(len(table), np.float32)
    for begin in range(0, len(table), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        extent_N4 = boxes.keypoint_boxes(table.keypoints_NK2[rows], table.visible_NK[rows])
        extent_N[rows] = extent_N4[:, 2:].max(1)
    return extent_N


def _cut_by_box(table: PoseTable, box_N4: np.ndarray) -> float | None:
    """Percent of the visible keypoints that lie outside their box."""
    if table.box_N4 is None or not (visible := table.visible_NK.sum()):
        return None
    low_N12, size_N12 = box_N4[:, None, :2] - 0.5, box_N4[:, None, 2:]
    within_NK2 = (table.keypoints_NK2 >= low_N12) & (table.keypoints_NK2 <= low_N12 + size_N12)
    cut_NK = table.visible_NK & ~(within_NK2[..., 0] & within_NK2[..., 1])
    return round(100 * float(cut_NK.sum() / visible), 2)


def _spread(values_N: np.ndarray) -> dict[str, float] | None:
    """Least, median and greatest."""
    if not len(values_N):
        return None
    low, middle, high = np.quantile(values_N, [0, 0.5, 1])
    return {"least": float(low), "median": float(middle), "greatest": float(high)}
