"""Colour, blur, grain and cut-outs of a batch of images, another strength for every sample.

Brightness is in [0, 1] until `normalise`. Nothing here waits for the device.

Tensor names: B batch, C cut-outs, H W rows and columns, P = H W pixels, 3 = (r, g, b).
"""

from __future__ import annotations

import torch
from torch import Tensor

from posesift.networks import MEAN, SPREAD

LUMA = (0.299, 0.587, 0.114)  # grey value of (r, g, b), ITU-R BT.601


def normalise(images_B3HW: Tensor) -> Tensor:
    """Normalise images, uint8 or floats in [0, 1]: less ImageNet's mean, over its spread."""
    full = 255.0 if images_B3HW.dtype == torch.uint8 else 1.0
    channels = [
        images_B3HW[:, c].float() * (1 / (full * SPREAD[c])) - MEAN[c] / SPREAD[c] for c in range(3)
    ]
    return torch.stack(channels, 1)


def recolour(images_B3HW: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Brightness, contrast, saturation and colour balance: one 3 x 3 matrix and offset a sample.

    Result in [0, 1], over-exposed where it must be.
    """
    count = len(images_B3HW)
    draw_6B = 2 * torch.rand(6, count, generator=generator, device=generator.device) - 1
    brightness_B, contrast_B, saturation_B = (1 + 0.4 * strength * draw_6B[:3]).clamp(min=0)
    balance_B3 = 1 + 0.1 * strength * draw_6B[3:].T
    pixels_B3P = images_B3HW.flatten(2)
    mean_B3 = pixels_B3P.mean(-1)
    grey_B = sum(share * mean_B3[:, c] for c, share in enumerate(LUMA))
    # saturation: between the pixel and its grey value; a matrix whose rows add up to 1
    colours = []
    for row in range(3):
        for column in range(3):
            toward_grey_B = (1 - saturation_B) * LUMA[column]
            colours.append(toward_grey_B + saturation_B if row == column else toward_grey_B)
    gain_B3 = (brightness_B[:, None] * balance_B3)[..., None]
    colour_B33 = gain_B3 * contrast_B[:, None, None] * torch.stack(colours, -1).view(-1, 3, 3)
    offset_B31 = gain_B3 * ((1 - contrast_B) * grey_B)[:, None, None]
    return torch.baddbmm(offset_B31, colour_B33, pixels_B3P).clamp_(0, 1).view_as(images_B3HW)


def blur(images_B3HW: Tensor, pixels: float, generator: torch.Generator) -> Tensor:
    """Give a spread of up to ``pixels``: a step of diffusion along each axis, borders continued."""
    spread_B = pixels * torch.rand(len(images_B3HW), generator=generator, device=generator.device)
    flow_B111 = (spread_B.square() / 2)[:, None, None, None]  # variance of a step: twice its flow
    images_B3HW = images_B3HW.clone()
    for axis in (-1, -2):
        change = images_B3HW.diff(dim=axis).mul_(flow_B111)
        size = images_B3HW.shape[axis]
        images_B3HW.narrow(axis, 0, size - 1).add_(change)
        images_B3HW.narrow(axis, 1, size - 1).sub_(change)
    return images_B3HW


def add_noise(images_B3HW: Tensor, spread: float, generator: torch.Generator) -> Tensor:
    """Grain of up to ``spread``: one Gaussian field for the batch, another strength a sample.

    A field of its own for every sample would cost a processor as much as everything else here.
    """
    device = generator.device
    field_3HW = torch.randn(images_B3HW.shape[1:], generator=generator, device=device)
    strength_B = torch.rand(len(images_B3HW), generator=generator, device=device) * 2 - 1
    return torch.addcmul(images_B3HW, field_3HW, strength_B[:, None, None, None], value=spread)


def cut_out(views_B3HW: Tensor, count: int, side: float, generator: torch.Generator) -> Tensor:
    """Paint ``count`` rectangles a sample in mean colour, which is 0 after `normalise`.

    Each of their sides is uniform between 0 and ``side``, a share of the image's.
    """
    pixels = views_B3HW.shape[-1]
    draw_4BC = torch.rand(4, len(views_B3HW), count, generator=generator, device=generator.device)
    half_2BC, centre_2BC = draw_4BC[:2] * (side / 2), draw_4BC[2:]
    axis_W = (torch.arange(pixels, device=views_B3HW.device) + 0.5) / pixels
    within_2BCW = (axis_W - centre_2BC[..., None]).abs() < half_2BC[..., None]
    hidden_BCHW = within_2BCW[1][..., :, None] & within_2BCW[0][..., None, :]
    return views_B3HW * ~hidden_BCHW.any(1, keepdim=True)
