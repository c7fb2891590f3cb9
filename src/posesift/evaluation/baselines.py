"""Baselines that cost nothing, shown beside the arms of every comparison.

* `constant_pose` predicts the same pose for every image. It needs no network and reaches 44 to
  73 % PCK@0.2 of the crop's side, which is why the headline thresholds are 0.05 and 0.1.
* `reestimated_batchnorm` adapts a source-only network by nothing but the batch normalisation
  statistics of unlabelled target images (Li et al., "Adaptive Batch Normalization", 2018). Fed
  with *training* images of the target it is inductive: the test images stay unseen.
* `transductive_batchnorm` normalises each test batch by its own statistics, so predictions depend
  on which test images come together. Label it transductive wherever it is shown.

Shapes: N samples, B batch, K keypoints, H W, 2 = (x, y).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from posesift.poses import geometry

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.nn.modules.batchnorm import _BatchNorm

    from posesift.poses.table import PoseTable


def constant_pose(source: PoseTable, side: int) -> NDArray[np.float32]:
    """Median position of each source keypoint in its crop: the best pose to always say.

    Args:
        source: the labelled source poses.
        side: side of the crop in pixels.

    Returns:
        (K, 2) float32 in crop pixels; the middle of the crop for a keypoint that no source pose
        shows. ``np.broadcast_to(pose, (N, K, 2))`` are its predictions.
    """
    matrix_N23 = geometry.crop_matrices(source.crop_boxes_N4(), side)
    points_NK2 = geometry.apply(matrix_N23, source.keypoints_NK2.astype(np.float64))
    seen_NK1 = source.visible_NK[..., None]
    shown_K = source.visible_NK.any(0)
    pose_K2 = np.full(points_NK2.shape[1:], (side - 1) / 2)
    pose_K2[shown_K] = np.nanmedian(np.where(seen_NK1, points_NK2, np.nan)[:, shown_K], axis=0)
    return pose_K2.astype(np.float32)


def reestimated_batchnorm(network: nn.Module, inputs: Iterable[Tensor]) -> nn.Module:
    """Return a copy of ``network`` whose BatchNorm statistics are those of ``inputs``; no labels.

    Means and variances are averaged over the batches with each batch's images as weight, and
    nothing of the source's statistics is left. Weights and all other layers stay as they are
    (dropout stays off).

    Args:
        network: a trained network; it is not changed.
        inputs: batches (B, 3, H, W) as the network takes them, normalised, on its device. A few
            hundred images suffice; batches of at least 16.

    Returns:
        The copy, in evaluation mode.

    Raises:
        ValueError: the network has no BatchNorm, or there was no batch.
    """
    import torch

    network = copy.deepcopy(network).eval()
    layers = _batchnorms(network)
    for layer in layers:
        layer.reset_running_stats()
        layer.train()
    images = 0
    with torch.no_grad():
        for batch_B3HW in inputs:
            images += len(batch_B3HW)
            for layer in layers:  # running <- running + share * (batch - running): a mean
                layer.momentum = len(batch_B3HW) / images
            network(batch_B3HW)
    if not images:
        raise ValueError("expected target images to re-estimate BatchNorm on, found none")
    return network.eval()


def transductive_batchnorm(network: nn.Module) -> nn.Module:
    """Return a copy of ``network`` that normalises every batch by that batch's own statistics.

    Transductive: it looks at the test images, and its predictions depend on the batch.

    Raises:
        ValueError: the network has no BatchNorm.
    """
    network = copy.deepcopy(network).eval()
    for layer in _batchnorms(network):
        layer.track_running_stats = False  # without running statistics eval mode uses the batch's
        layer.running_mean = layer.running_var = layer.num_batches_tracked = None
    return network


def _batchnorms(network: nn.Module) -> list[_BatchNorm]:
    from torch.nn.modules.batchnorm import _BatchNorm

    layers = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not layers:
        raise ValueError(
            f"expected a network with BatchNorm layers, {type(network).__name__} has none; "
            "this baseline does not apply to it"
        )
    return layers
