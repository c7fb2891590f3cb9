"""The supervised half of every method: random views of labelled crops, and a step towards them.

Tensor names: B batch, K keypoints, H W image rows and columns, h w heatmap rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from posesift.adaptation.training.method import Batch
from posesift.adaptation.views.affine import move
from posesift.adaptation.views.augment import Augmentation, view
from posesift.networks.heatmaps import HeatmapCodec

if TYPE_CHECKING:
    from posesift.adaptation.training.runtime import Runtime


class LabelledViews(NamedTuple):
    """Views of a batch with what a network should say about them.

    Attributes:
        images_B3HW: normalised.
        target_BKhw: heatmaps in [0, 1].
        weight_BK: 1 where a keypoint is visible in the view, else 0.
    """

    images_B3HW: Tensor
    target_BKhw: Tensor
    weight_BK: Tensor


def labelled_views(
    batch: Batch,
    augmentation: Augmentation,
    codec: HeatmapCodec,
    mirror: tuple[int, ...] | None,
    generator: torch.Generator,
) -> LabelledViews:
    """Draw a random view of every labelled crop, its keypoints moved with it, as heatmaps."""
    assert batch["image"].shape[-1] == codec.side, batch["image"].shape
    views_B3HW, matrix_B23 = view(batch["image"], augmentation, generator)
    keypoints_BK2, visible_BK = move(
        batch["keypoints"], batch["visible"], matrix_B23, codec.side, mirror
    )
    return LabelledViews(views_B3HW, *codec.encode(keypoints_BK2, visible_BK))


def mean_square(predicted_BKHW: Tensor, target_BKHW: Tensor, weight_BK: Tensor) -> Tensor:
    """Average the weighted squared difference over all cells; a scalar.

    A heatmap of weight 0 adds nothing and stays in the denominator (as in the reference code),
    so a batch with few visible keypoints takes a smaller step.
    """
    difference_BKHW = (predicted_BKHW.float() - target_BKHW) * weight_BK[..., None, None]
    return difference_BKHW.square().mean()


def fit_views(
    forward: Callable[[Tensor], Tensor],
    optimiser: Optimizer,
    views: LabelledViews,
    runtime: Runtime,
    scale: float = 1.0,
    loss: Callable[[Tensor, Tensor, Tensor], Tensor] = mean_square,
) -> Tensor:
    """Take one step of the optimiser towards the labels, and give the loss, detached.

    Args:
        forward: what `Runtime.setup` gave for the network.
        optimiser: of its parameters.
        views: a batch, which is taken in the runtime's parts.
        runtime: where to compute.
        scale: on the loss.
        loss: ``loss(predicted_BKhw, target_BKhw, weight_BK)``, a mean over the batch.
    """
    optimiser.zero_grad()
    total = torch.zeros((), device=views.images_B3HW.device)
    for part, share in runtime.parts(len(views.images_B3HW)):
        predicted_BKhw = forward(views.images_B3HW[part])
        error = loss(predicted_BKhw, views.target_BKhw[part], views.weight_BK[part])
        error = scale * share * error
        runtime.backward(error)
        total += error.detach()
    optimiser.step()
    return total


def check_mirror(augmentation: Augmentation, mirror: tuple[int, ...] | None) -> None:
    """Refuse flips that would leave left and right keypoints with each other's names.

    Raises:
        ValueError: ``augmentation`` flips and there is no ``mirror``.
    """
    if augmentation.flip and mirror is None:
        raise ValueError(
            "flips need `mirror`, the permutation that exchanges left and right keypoints "
            f"(a skeleton has one); found flip={augmentation.flip} without it"
        )
