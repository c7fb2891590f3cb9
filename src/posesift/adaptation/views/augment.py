"""Random views of a batch, made on the device from uint8 crops.

Geometry (``affine``) is one recorded matrix a sample, from crop pixels to view pixels, so that
keypoints (a teacher's, too) go between views in closed form and heatmaps are never warped. Then
comes colour (``appearance``). One resampling for the whole batch, no loop over samples, nothing
that waits for the device, and no random state to save: see `generator`.

Tensor names: B batch, H W rows and columns, 3 = (r, g, b), 23 = the matrix of an affine map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from posesift.adaptation.views.affine import draw_affine, warp
from posesift.adaptation.views.appearance import add_noise, blur, cut_out, normalise, recolour


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far a random view may be from its crop; every draw is uniform in its range.

    Attributes:
        rotation: up to this many degrees either way.
        scale: up to this factor minus one, larger or smaller (0.25: from 1 / 1.25 to 1.25).
        shift: up to this share of the side along each axis.
        flip: probability of a mirror image.
        colour: brightness, contrast and saturation change by up to 40 %, the balance of the
            three channels by up to 10 %, all times this number.
        blur: up to this many pixels of spread; at most 0.7.
        noise: spread of the grain, up to this share of the full range of brightness.
        cutouts: rectangles painted over in mean colour (DeVries and Taylor, "Cutout", 2017).
        cutout_side: their longest sides, as a share of the image's.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    flip: float = 0.0
    colour: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    cutouts: int = 0
    cutout_side: float = 0.3

    def __post_init__(self) -> None:
        for name in ("rotation", "scale", "shift", "colour", "noise", "cutouts", "cutout_side"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"expected {name} of at least 0, found {getattr(self, name)}")
        if not 0 <= self.flip <= 1:
            raise ValueError(f"expected a flip probability in [0, 1], found {self.flip}")
        if not 0 <= self.blur <= 0.7:
            raise ValueError(f"expected a blur of 0 to 0.7 pixels, found {self.blur}")


NONE = Augmentation()
SUPERVISED = Augmentation(rotation=20, scale=0.15, shift=0.05, colour=0.6)
WEAK = Augmentation(rotation=10, scale=0.08, shift=0.02, colour=0.3)
STRONG = Augmentation(
    rotation=35, scale=0.25, shift=0.1, colour=1.0, blur=0.7, noise=0.05, cutouts=2
)


def generator(device: torch.device | str, *position: int) -> torch.Generator:
    """Make a generator that depends on ``position``, say (seed, stage, step), and nothing else."""
    mixed = np.random.SeedSequence(position).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(mixed >> np.uint64(1)))


def view(
    images_B3HW: Tensor, augmentation: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Give a random view of every image: geometry, colour, blur, noise, cut-outs.

    Args:
        images_B3HW: uint8 RGB crops.
        augmentation: how far the view may be from the crop.
        generator: on the device of the images.

    Returns:
        The normalised views_B3HW (float32) and the matrix_B23 from crop to view pixels.
    """
    count, side = len(images_B3HW), images_B3HW.shape[-1]
    matrix_B23 = draw_affine(
        count,
        side,
        generator,
        rotation=augmentation.rotation,
        scale=augmentation.scale,
        shift=augmentation.shift,
        flip=augmentation.flip,
    )
    views_B3HW = warp(images_B3HW, matrix_B23) / 255
    if augmentation.colour:
        views_B3HW = recolour(views_B3HW, augmentation.colour, generator)
    if augmentation.blur:
        views_B3HW = blur(views_B3HW, augmentation.blur, generator)
    if augmentation.noise:
        views_B3HW = add_noise(views_B3HW, augmentation.noise, generator)
    views_B3HW = normalise(views_B3HW)
    if augmentation.cutouts:
        views_B3HW = cut_out(views_B3HW, augmentation.cutouts, augmentation.cutout_side, generator)
    return views_B3HW, matrix_B23
