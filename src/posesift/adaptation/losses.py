"""Losses between heatmaps.

Tensor names: B batch, K keypoints, H W heatmap rows and columns.
"""

from __future__ import annotations

from torch import Tensor


def mean_square(predicted_BKHW: Tensor, target_BKHW: Tensor, weight_BK: Tensor) -> Tensor:
    """Mean over all cells of the weighted squared difference; a scalar.

    A heatmap of weight 0 adds nothing and stays in the denominator (as in the reference code),
    so a batch with few visible keypoints takes a smaller step.
    """
    difference_BKHW = (predicted_BKHW.float() - target_BKHW) * weight_BK[..., None, None]
    return difference_BKHW.square().mean()
