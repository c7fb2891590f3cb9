"""Random views as the published code of RegDA makes them, and its training on the source alone.

Jiang et al., "Regressive domain adaptation for unsupervised keypoint detection", CVPR 2021. An
image is turned (the nearest pixel, black beyond it), cropped to 60 to 100 % of its area, and given
other colours and some blur. Nothing is flipped, shifted, grained or covered.

The differences from its chain of torchvision transforms are those of `udape.published_views`.

Tensor names: B batch, K keypoints, H W rows and columns, 2 = (x, y), 3 = (r, g, b).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from posesift.adaptation.supervised import LabelledViews
from posesift.adaptation.training.method import Batch
from posesift.adaptation.views.appearance import normalise
from posesift.adaptation.views.published import Crop, draw_crop, jitter
from posesift.adaptation.views.published_warps import Warp, draw_warp
from posesift.networks.heatmaps import HeatmapCodec

PASSES = 3  # box filters of a Gaussian blur, along each axis


class Turned(NamedTuple):
    """The map from an image to a view of it."""

    turn: Warp
    crop: Crop

    def points(self, points_BK2: Tensor, side: int) -> Tensor:
        """Labels in the view, which turn about side / 2, half a pixel beside the image's centre."""
        return self.crop.points(self.turn.points(points_BK2, side), side)


@dataclass(frozen=True, kw_only=True)
class RegDAViews:
    """How far a view may be from its image; as published for bodies, see also `HANDS`.

    Attributes:
        rotation: up to this many degrees either way.
        area: of the random crop, as a share of the image's.
        colour: range of brightness, contrast and saturation about 1.
        blur: up to this many pixels of spread; at most 1.
    """

    rotation: float = 30.0
    area: tuple[float, float] = (0.6, 1.3)
    colour: float = 0.25
    blur: float = 0.8

    def view(self, images_B3HW: Tensor, generator: torch.Generator) -> tuple[Tensor, Turned]:
        """Give a normalised view of every uint8 image, and the map to it."""
        count, side = len(images_B3HW), images_B3HW.shape[-1]
        turn = draw_warp(
            count, side, generator, rotation=self.rotation, shear=0.0, shift=0.0, scale=(1.0, 1.0)
        )
        crop = draw_crop(count, side, self.area, generator)
        views_B3HW = crop.image(turn.image(images_B3HW.float())) / 255
        views_B3HW = blur(jitter(views_B3HW, self.colour, generator), self.blur, generator)
        return normalise(views_B3HW), Turned(turn, crop)

    def labelled(
        self, batch: Batch, codec: HeatmapCodec, generator: torch.Generator
    ) -> LabelledViews:
        """Draw views of a labelled batch, their heatmaps, and the weights of these."""
        views_B3HW, moved = self.view(batch["image"], generator)
        keypoints_BK2 = moved.points(batch["keypoints"], codec.side)
        return LabelledViews(views_B3HW, *codec.encode(keypoints_BK2, batch["visible"]))


BODIES = RegDAViews()
HANDS = RegDAViews(rotation=180)
STILL = RegDAViews(rotation=0, area=(1, 1), colour=0, blur=0)
"""The images themselves: what the published code adapts to of Leeds Sports Pose."""


def blur(images_B3HW: Tensor, pixels: float, generator: torch.Generator) -> Tensor:
    """Give a spread of up to ``pixels``, another for every image, borders continued.

    As Pillow blurs: three box filters along each axis that have the Gaussian's variance together.
    Up to a spread of 1 pixel such a box is the cell itself and a share of both its neighbours.
    """
    spread_B = pixels * torch.rand(len(images_B3HW), generator=generator, device=generator.device)
    variance_B = spread_B.square() / PASSES
    share_B = variance_B / (2 * (1 - variance_B))
    box_B3 = torch.stack([share_B, torch.ones_like(share_B), share_B], -1)
    box_B3 = box_B3 / box_B3.sum(-1, keepdim=True)
    before_B111, middle_B111, after_B111 = box_B3.T[..., None, None, None]
    for axis in (-1, -2):
        around = (1, 1, 0, 0) if axis == -1 else (0, 0, 1, 1)
        size = images_B3HW.shape[axis]
        for _ in range(PASSES):
            wider_B3HW = functional.pad(images_B3HW, around, mode="replicate")
            images_B3HW = (
                before_B111 * wider_B3HW.narrow(axis, 0, size)
                + middle_B111 * wider_B3HW.narrow(axis, 1, size)
                + after_B111 * wider_B3HW.narrow(axis, 2, size)
            )
    return images_B3HW
