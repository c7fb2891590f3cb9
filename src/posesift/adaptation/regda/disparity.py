"""The regression disparity of RegDA: how far two heads are apart, as a loss between heatmaps.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021,
sections 4.1 and 4.2. A heatmap is read as a distribution over its cells: of a network's logits by
the softmax, of a drawn target by dividing by its sum. The main head's arg-max, drawn as a bump, is
the *ground truth* of the adversarial head. Away from it, in an output space of thousands of cells,
is nearly everywhere; a detector that errs takes one joint for another, so the *ground false* of a
joint is where the main head sees all the others. The two disparities are then

- ``kl(adversarial, ground_truth, ...)``: small where the heads agree;
- ``kl(adversarial, ground_false, ...)``: small where they disagree as a detector would, and
  minimising it maximises the disparity with a loss that is bounded below.

Tensor names: B batch, K keypoints, H W heatmap rows and columns, 2 = (x, y).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from posesift.networks.heatmaps import HeatmapCodec


def kl(logits_BKHW: Tensor, target_BKHW: Tensor, weight_BK: Tensor, epsilon: float = 0.0) -> Tensor:
    """Average KL(target || softmax of the logits) over B and K, weighted; a scalar in nats.

    A joint of weight 0 adds nothing and stays in the denominator. So does, with ``epsilon`` 0,
    one with an empty target: nothing is divided by its sum of 0.

    Args:
        logits_BKHW: any sign, any scale.
        target_BKHW: at least 0; divided by its sum here.
        weight_BK: of each joint; or weight_B1, of all joints of a sample.
        epsilon: added to each cell of the target first; an empty one is then uniform.

    >>> zeros, spike = torch.zeros(1, 1, 2, 2), torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    >>> round(kl(zeros, spike, torch.ones(1, 1)).item(), 4)  # log 4
    1.3863
    >>> kl(zeros, zeros, torch.ones(1, 1)).item()
    0.0
    """
    target_BKC = target_BKHW.float().flatten(2) + epsilon
    smallest = torch.finfo(torch.float32).tiny
    target_BKC = target_BKC / target_BKC.sum(-1, keepdim=True).clamp(min=smallest)
    log_predicted_BKC = functional.log_softmax(logits_BKHW.float().flatten(2), dim=-1)
    distance_BK = (torch.xlogy(target_BKC, target_BKC) - target_BKC * log_predicted_BKC).sum(-1)
    return (distance_BK * weight_BK).mean()


def peak(logits_BKHW: Tensor) -> tuple[Tensor, Tensor]:
    """Find the cell_BK2 of the largest value, whole numbers, and that value height_BK."""
    height_BK, flat_BK = logits_BKHW.flatten(2).max(-1)
    columns = logits_BKHW.shape[-1]
    return torch.stack([flat_BK % columns, flat_BK // columns], -1), height_BK


def ground_truth(cell_BK2: Tensor, codec: HeatmapCodec) -> Tensor:
    """Draw a bump truth_BKHW on the middle of each cell by ``codec``; carries no gradient."""
    # `rounding` lets a cell stand for its first pixel
    middle = 0.0 if codec.rounding else (codec.stride - 1) / 2
    keypoints_BK2 = cell_BK2.detach().float() * codec.stride + middle
    return codec.encode(keypoints_BK2, torch.ones_like(cell_BK2[..., 0], dtype=torch.bool))[0]


def ground_false(truth_BKHW: Tensor) -> Tensor:
    """Draw where the other joints are: false[:, k] = clip(sum over j != k of truth[:, j], 0, 1).

    The sum over all less the own one: linear in K. What cancels leaves 1e-7, the size of the
    ``epsilon`` that is added to it anyway.

    >>> ground_false(torch.tensor([[[[1.0, 0.0]], [[0.5, 0.5]], [[0.75, 0.0]]]])).squeeze(2)
    tensor([[[1.0000, 0.5000],
             [1.0000, 0.0000],
             [1.0000, 0.5000]]])
    """
    return (truth_BKHW.sum(1, keepdim=True) - truth_BKHW).clamp(0, 1)


class _ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.factor, None


def scale_gradient(values: Tensor, factor: float) -> Tensor:
    """Pass ``values`` on, and multiply their gradient by ``factor`` on the way back.

    The factor of RegDA is positive: unlike in a gradient reversal layer it is the two losses that
    oppose each other, not the sign.

    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> scale_gradient(x, 0.1).sum().backward()
    >>> x.grad
    tensor([0.1000, 0.1000])
    """
    return _ScaleGradient.apply(values, factor)  # type: ignore[return-value]
