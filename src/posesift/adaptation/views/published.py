"""Random views as the published UDAPE code makes them: a crop, an affine view of it, colours.

Three differences from its chain of torchvision transforms. Brightness stays in floats, where Pillow
keeps whole levels: blends of colours drop the fraction, which darkens by half a level each time,
filters round it. The outermost half pixel of an enlarged crop blends with the pixel beyond the
crop's edge. And views are made of the image as it was loaded, at the side of the training, not of
the file's own pixels.

Tensor names: B batch, K keypoints, H W rows and columns, 2 = (x, y), 22, 23 = the linear part,
the whole matrix of an affine map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from posesift.adaptation.views import affine
from posesift.adaptation.views.appearance import LUMA, normalise
from posesift.adaptation.views.published_warps import Warp, draw_warp

TRIES = 10  # random crops that are larger than the image are drawn again this often


@dataclass(frozen=True, kw_only=True)
class ParityViews:
    """How far a view may be from its image; as published for bodies, see also `HANDS`.

    Attributes:
        area: of the random crop, as a share of the image's.
        rotation: up to this many degrees either way.
        shear: the same, along x.
        shift: up to this share of the side, whole pixels.
        scale: range of the factor.
        colour: range of brightness, contrast and saturation about 1.
    """

    area: tuple[float, float] = (0.6, 1.3)
    rotation: float = 60.0
    shear: float = 30.0
    shift: float = 0.05
    scale: tuple[float, float] = (0.6, 1.3)
    colour: float = 0.25

    def crop(self, images_B3HW: Tensor, generator: torch.Generator) -> tuple[Tensor, Crop]:
        """Give a random crop of every uint8 image, in [0, 1]; the frame that views share."""
        crop = draw_crop(len(images_B3HW), images_B3HW.shape[-1], self.area, generator)
        return crop.image(images_B3HW) / 255, crop

    def view(self, crops_B3HW: Tensor, generator: torch.Generator) -> tuple[Tensor, Warp]:
        """Give a normalised view of every crop, and the map to it."""
        warp = draw_warp(
            len(crops_B3HW),
            crops_B3HW.shape[-1],
            generator,
            rotation=self.rotation,
            shear=self.shear,
            shift=self.shift,
            scale=self.scale,
        )
        return normalise(jitter(warp.image(crops_B3HW), self.colour, generator)), warp


BODIES = ParityViews()
HANDS = ParityViews(rotation=180)


class Crop(NamedTuple):
    """A square cut out of every image and enlarged to the image's size.

    Attributes:
        corner_B2: its top-left pixel.
        size_B: its side, pixels.
    """

    corner_B2: Tensor
    size_B: Tensor

    def image(self, images_B3HW: Tensor) -> Tensor:
        """Crops of the images, bilinear; float, in the units of ``images_B3HW``."""
        side = images_B3HW.shape[-1]
        factor_B1 = (side / self.size_B)[:, None]
        shift_B2 = (0.5 - self.corner_B2) * factor_B1 - 0.5
        linear_B22 = torch.eye(2, device=factor_B1.device) * factor_B1[..., None]
        return affine.warp(images_B3HW, torch.cat([linear_B22, shift_B2[..., None]], -1))

    def points(self, points_BK2: Tensor, side: int) -> Tensor:
        """Labels, without the half pixel that the image moves by."""
        return (points_BK2 - self.corner_B2[:, None]) * (side / self.size_B)[:, None, None]


def draw_crop(count: int, side: int, area: tuple[float, float], generator: torch.Generator) -> Crop:
    """Random crops; an area is a share of the image's.

    The code draws an area until it fits into the image, and takes the whole image after ten
    tries in vain. One draw has the same law.
    """
    draw_4B = torch.rand(4, count, generator=generator, device=generator.device)
    low, high = area[0], min(area[1], 1.0)
    in_vain = ((area[1] - high) / (area[1] - area[0])) ** TRIES if area[1] > area[0] else 0.0
    area_B = torch.where(draw_4B[0] < in_vain, 1.0, low + (high - low) * draw_4B[1])
    size_B = torch.round(area_B.sqrt() * side)
    return Crop(torch.floor(draw_4B[2:].T * (side - size_B + 1)[:, None]), size_B)


def jitter(images_B3HW: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation, each by 1 +- ``strength``, in another order a sample.

    Each is a blend with black, with the mean grey value, or with the grey image.

    Args:
        images_B3HW: in [0, 1], as the result.
        strength: largest change of a factor.
        generator: on the device of the images.
    """
    draw_23B = torch.rand(2, 3, len(images_B3HW), generator=generator, device=generator.device)
    factor_3B = 1 + strength * (2 * draw_23B[0] - 1)
    for kind_B in draw_23B[1].argsort(0):
        grey_BHW = sum(share * images_B3HW[:, c] for c, share in enumerate(LUMA))
        assert isinstance(grey_BHW, Tensor)
        kind_B111, mean_B11 = kind_B[:, None, None], grey_BHW.mean((1, 2), keepdim=True)
        other_BHW = torch.where(kind_B111 == 2, grey_BHW, mean_B11 * (kind_B111 == 1))
        factor_B = factor_3B.gather(0, kind_B[None])[0][:, None, None, None]
        images_B3HW = torch.lerp(other_BHW[:, None], images_B3HW, factor_B).clamp(0, 1)
    return images_B3HW
