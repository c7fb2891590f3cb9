"""Whether an exported file says what PyTorch says, and what it is worth on labelled crops.

Shapes: N samples, B batch, K keypoints, H W rows and columns, 2 = (x, y) in crop pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posesift import progress
from posesift.adaptation.training.method import Method
from posesift.data.loading import PoseDataset
from posesift.evaluation import pck
from posesift.experiments.exporting.deployed import Export

TOLERANCE = 1e-4
"""How far heatmaps and confidences may be from PyTorch's; keypoints as a share of the side."""

Run = Callable[[Tensor], list[NDArray[np.float32]]]
"""Crops in the form that the module takes to its outputs."""

_THRESHOLDS = (0.05, 0.1)
_BATCH = 32


def check_equal(export: Export, run: Run, name: str) -> float:
    """Compare a file with PyTorch on crops of noise, in batches of several sizes.

    A keypoint whose two highest cells are equal but for the tolerance may be at either, and does
    not count.

    Args:
        export: what was exported.
        run: runs the file.
        name: of the file, for the message.

    Returns:
        The largest difference of heatmaps or confidences.

    Raises:
        ValueError: it is above `TOLERANCE`.
    """
    worst = 0.0
    for count in (1, 3, 8):
        images_B3HW = export.example(count, seed=count)
        found = run(images_B3HW)
        with torch.inference_mode():
            expected = export.module(images_B3HW)
            heatmaps_BKhw = export.module.heatmaps(images_B3HW)
        expected = [expected] if isinstance(expected, Tensor) else list(expected)
        last = float(np.abs(found[-1] - expected[-1].numpy()).max())
        worst = max(worst, last)
        moved = 0.0
        if export.decode:
            top_BK2 = heatmaps_BKhw.flatten(2).topk(2).values
            clear_BK = (top_BK2[..., 0] - top_BK2[..., 1] > 2 * TOLERANCE).numpy()
            shift_BK2 = np.abs(found[0] - expected[0].numpy())[clear_BK]
            moved = float(shift_BK2.max(initial=0)) / export.side
        if not max(last, moved) <= TOLERANCE:
            raise ValueError(
                f"{name} does not say what PyTorch says: expected at most {TOLERANCE:g} between "
                f"them, found {max(last, moved):.2g}; use other versions of the packages that "
                "write and run it"
            )
    return worst


def accuracy(export: Export, method: Method, dataset: PoseDataset, run: Run) -> dict[str, Any]:
    """Measure PCK, in percent of the visible joints of the group ``all``, pooled.

    Args:
        export: what was exported.
        method: reads heatmaps, where the file gives these.
        dataset: labelled crops.
        run: runs the file.

    Returns:
        Threshold to percent; None where no joint is visible.
    """
    points_NK2 = []
    batches = range(0, len(dataset), _BATCH)
    with torch.inference_mode():
        for start in progress.track(batches, "measuring"):
            rows = np.arange(start, min(start + _BATCH, len(dataset)))
            found = run(export.taken(dataset.batch(rows)["image"]))
            keypoints_BK2 = (
                found[0] if export.decode else method.read(torch.from_numpy(found[0]))[0].numpy()
            )
            points_NK2.append(keypoints_BK2)
    errors_NK = pck.relative_errors(
        np.concatenate(points_NK2), dataset.keypoints_NK2, dataset.visible_NK, dataset.side
    )
    skeleton = dataset.table.skeleton
    return {
        str(threshold): pck.group_percent(errors_NK < threshold, errors_NK, skeleton)["all"]
        for threshold in _THRESHOLDS
    }
