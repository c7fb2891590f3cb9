"""What a Pose VAE is shown in training: batches, drawn in order, made ready some at a time.

Nothing in a batch depends on the weights, so what is small in each step (which keypoints are lost,
centring, noise) is done once for several: an operation costs as much for 256 poses as for 2,000.

Legend: N samples, B batch, C poses of several batches, K keypoints, D latent, E = 2K coordinates,
2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from posesift.difficulty.limbs import centred
from posesift.difficulty.pose_vae import PoseVAE

_AHEAD = 8  # steps made ready at a time: what they need stays in the processor's cache


class Batch(NamedTuple):
    """What one step of training sees.

    Attributes:
        inputs_BI: of the encoder: points, centred, some of them lost, and which were kept.
        points_BE: what is to be said, in units of the network.
        weight_BE: 1 where a keypoint counts, else 0.
        count_B1: how many count, at least 1.
        noise_BD: of the code.
    """

    inputs_BI: Tensor
    points_BE: Tensor
    weight_BE: Tensor
    count_B1: Tensor
    noise_BD: Tensor


class Batches:
    """Batches of one table of poses.

    Args:
        network: draws what a step shows, and says which unit the poses are in.
        points_NK2: normalised poses, zero where not visible.
        visible_NK: which keypoints count.
    """

    def __init__(self, network: PoseVAE, points_NK2: Tensor, visible_NK: Tensor) -> None:
        self.network, self.visible_NK = network, visible_NK
        self.points_NE = (points_NK2 / network.unit).flatten(1)
        self.weight_NE = visible_NK.to(points_NK2.dtype).repeat_interleave(2, dim=1)

    def drawn(self, steps: int, generator: torch.Generator) -> Iterator[Batch]:
        """Yield a batch for each step, without replacement from shuffled passes over the poses."""
        poses = len(self.points_NE)
        size = min(self.network.settings.batch_size, poses)
        order_N, done = torch.randperm(poses, generator=generator), 0
        for first in range(0, steps, _AHEAD):
            draws = []
            for _ in range(min(_AHEAD, steps - first)):
                if done + size > poses:
                    order_N, done = torch.randperm(poses, generator=generator), 0
                draws.append(self._draw(order_N[done : done + size], generator))
                done += size
            ready = self._ready(*(torch.cat(column) for column in zip(*draws, strict=True)))
            for parts in zip(*(column.split(size) for column in ready), strict=True):
                yield Batch(*parts)

    def of(self, row_B: Tensor, generator: torch.Generator) -> Batch:
        """Give the batch of these poses; draws as `PoseVAE.loss` does."""
        return self._ready(*self._draw(row_B, generator))

    def _draw(self, row_B: Tensor, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Give poses, what decides of them and of their keypoints what is lost, and noise."""
        size, keypoints = len(row_B), self.network.keypoints
        shapes = (1, keypoints)
        chances = (torch.rand((size, width), generator=generator) for width in shapes)
        latent = self.network.settings.latent
        return row_B, *chances, torch.randn((size, latent), generator=generator)

    def _ready(
        self, row_C: Tensor, chance_C1: Tensor, chance_CK: Tensor, noise_CD: Tensor
    ) -> Batch:
        """Give what was drawn as one large batch."""
        points_CE, weight_CE, visible_CK = (
            column.index_select(0, row_C)
            for column in (self.points_NE, self.weight_NE, self.visible_NK)
        )
        kept_CK = self.network.kept_of(visible_CK, chance_C1, chance_CK)
        shown_CK2 = centred(points_CE.unflatten(1, (-1, 2)), kept_CK, self.network.centre)
        inputs_CI = torch.cat([shown_CK2.flatten(1), kept_CK.to(points_CE.dtype)], dim=1)
        count_C1 = visible_CK.sum(1, keepdim=True, dtype=points_CE.dtype).clamp_min_(1)
        return Batch(inputs_CI, points_CE, weight_CE, count_C1, noise_CD)
