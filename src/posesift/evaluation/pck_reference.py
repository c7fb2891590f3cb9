"""PCK@0.05 with the arithmetic of the two public codebases, to compare with published tables.

``"udape"`` is VisionLearningGroup/UDA_PoseEstimation, ``"tllib"`` is thuml/Transfer-Learning-
Library (RegDA). Both measure on heatmaps, in five steps that differ from pooled PCK:

1. *Quantisation*: prediction and truth are the arg-max cell of their heatmaps; no sub-pixel part.
2. *Gate*: a map whose maximum is not positive gives the cell (0, 0), predictions included.
3. *Ignored truth*: a keypoint counts only if both indices of its true cell exceed 1. Invisible
   keypoints (empty maps) drop out so, and so does everything in the first two rows and columns.
4. *Distance*: cells are divided by a tenth of the map's size; correct when the distance is
   strictly below ``10 * threshold`` (0.5 for 0.05: less than 3.2 cells of 64).
5. *Average*: the accuracy of a keypoint in a batch is hits / counted, or -1 with nothing counted;
   batches are weighted by their number of images, not by how much they counted.
   ``udape`` skips the -1, averages each keypoint over the batches, then a group's keypoints (one
   that never counted enters as 0). ``tllib`` averages a group's keypoints in each batch, the -1s
   among them, then the batches.

So the figure depends on the batch size (32 in both) and on the order (unshuffled in both).

Shapes: N samples, K keypoints, h w heatmap cells, 2 = (x, y).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.skeletons.skeleton import Skeleton

Codebase = Literal["udape", "tllib"]
CODEBASES: tuple[Codebase, ...] = ("udape", "tllib")


def cells(heatmaps_NKhw: ArrayLike) -> NDArray[np.float32]:
    """Arg-max cells (N, K, 2) as (x, y) indices; (0, 0) where a map's maximum is not positive.

    Small enough to keep for a whole test set when its heatmaps are not.

    >>> maps = np.zeros((1, 2, 4, 4)); maps[0, 0, 3, 2] = 1
    >>> cells(maps).tolist()
    [[[2.0, 3.0], [0.0, 0.0]]]
    """
    maps = np.asarray(heatmaps_NKhw)
    flat = maps.reshape(*maps.shape[:2], -1)
    best = flat.argmax(-1)
    found = np.stack([best % maps.shape[-1], best // maps.shape[-1]], -1).astype(np.float32)
    return found * (flat.max(-1) > 0)[..., None]


def label_cells(
    keypoints_NK2: ArrayLike, visible_NK: ArrayLike, stride: float, size: int
) -> NDArray[np.float32]:
    """Return the arg-max cells of the codebases' label heatmaps, without drawing them.

    The peak is at ``int(x / stride + 0.5)``, truncated towards zero (so a keypoint up to 1.5
    strides outside the left or upper edge still lands on index 0); outside the map or invisible
    gives (0, 0).

    Args:
        keypoints_NK2: labels in crop pixels.
        visible_NK: which are used.
        stride: crop pixels a cell, 4 in both codebases.
        size: cells a side, 64 in both.
    """
    visible = np.asarray(visible_NK, bool)
    points = np.where(visible[..., None], np.asarray(keypoints_NK2, np.float64), -1e6)
    index = np.trunc(points / stride + 0.5)
    inside = visible & ((index >= 0) & (index < size)).all(-1)
    return np.where(inside[..., None], index, 0.0).astype(np.float32)


def predicted_cells(keypoints_NK2: ArrayLike, stride: float, size: int) -> NDArray[np.float32]:
    """Return the cells that predicted crop pixels fall in.

    Gives back the arg-max exactly for keypoints decoded without a sub-pixel part, whether a cell
    was placed at its corner (``stride * i``) or its centre; a sub-pixel prediction is quantised.
    """
    index = np.floor(np.asarray(keypoints_NK2, np.float64) / stride + 0.5)
    return np.clip(np.nan_to_num(index, nan=0.0), 0, size - 1).astype(np.float32)


def pck_reference(
    predicted_NKhw: ArrayLike,
    true_NKhw: ArrayLike,
    skeleton: Skeleton,
    *,
    codebase: Codebase = "udape",
    batch_size: int = 32,
    threshold: float = 0.05,
) -> dict[str, float]:
    """PCK of each group in percent from heatmaps, as one of the public codebases prints it.

    Args:
        predicted_NKhw: predicted heatmaps, in the order of the test set.
        true_NKhw: label heatmaps (zero for invisible keypoints).
        skeleton: names the groups.
        codebase: whose average, ``"udape"`` or ``"tllib"``.
        batch_size: of the test loader, 32 in both.
        threshold: 0.05 in both.

    Returns:
        Group to percent; with ``"tllib"`` -1s can make it negative.
    """
    true = np.asarray(true_NKhw)
    return pck_reference_cells(
        cells(predicted_NKhw),
        cells(true),
        true.shape[-2:],
        skeleton,
        codebase=codebase,
        batch_size=batch_size,
        threshold=threshold,
    )


def pck_reference_cells(
    predicted_NK2: NDArray[np.float32],
    true_NK2: NDArray[np.float32],
    size: tuple[int, ...],
    skeleton: Skeleton,
    *,
    codebase: Codebase = "udape",
    batch_size: int = 32,
    threshold: float = 0.05,
) -> dict[str, float]:
    """`pck_reference` from cells (see `cells`, `label_cells`); ``size`` = (h, w) of the maps.

    Raises:
        ValueError: an unknown codebase, or nothing to evaluate.
    """
    if codebase not in CODEBASES:
        raise ValueError(f"expected codebase {' or '.join(CODEBASES)}, found {codebase!r}")
    if not len(true_NK2):
        raise ValueError("expected at least one sample to evaluate, found none")
    tenth_2 = np.array(size, np.float64) / 10  # (h, w), as both codebases do
    gap = predicted_NK2 / tenth_2 - true_NK2 / tenth_2
    counted_NK = (true_NK2 > 1).all(-1)
    hit_NK = (np.linalg.norm(gap, axis=-1) < 10 * threshold) & counted_NK

    starts = np.arange(0, len(true_NK2), batch_size)
    images_B = np.diff(np.append(starts, len(true_NK2)))
    hit_BK = np.add.reduceat(hit_NK, starts, dtype=np.int64)
    counted_BK = np.add.reduceat(counted_NK, starts, dtype=np.int64)
    accuracy_BK = np.where(counted_BK > 0, hit_BK / np.maximum(counted_BK, 1), -1.0)

    average = _average_udape if codebase == "udape" else _average_tllib
    return {
        name: 100 * float(average(accuracy_BK[:, list(members)], images_B))
        for name, members in skeleton.groups.items()
    }


# cumsum()[-1] adds one term after the other, as the codebases' running sums do; sum() adds in
# pairs and may differ in the last bit.


def _average_udape(accuracy_Bg: NDArray, images_B: NDArray) -> float:
    weight_Bg = np.where(accuracy_Bg == -1, 0, images_B[:, None])
    total_g, count_g = (accuracy_Bg * weight_Bg).cumsum(0)[-1], weight_Bg.sum(0)
    mean_g = np.where(count_g > 0, total_g / np.maximum(count_g, 1), 0.0)
    return mean_g.cumsum()[-1] / len(mean_g)


def _average_tllib(accuracy_Bg: NDArray, images_B: NDArray) -> float:
    mean_B = accuracy_Bg.cumsum(1)[:, -1] / accuracy_Bg.shape[1]
    return (mean_B * images_B).cumsum()[-1] / images_B.sum()
