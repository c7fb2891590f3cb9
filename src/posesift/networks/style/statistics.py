"""Colour statistics: each channel gets the mean and the spread of the style image's.

Reinhard et al., "Color transfer between images", 2001, in RGB. It changes light and contrast, and
leaves texture alone.

Tensor names: B batch, H W rows and columns, 3 = (r, g, b).
"""

from __future__ import annotations

import torch
from torch import Tensor

from posesift.networks.style.base import Style

FLAT = 1e-4  # added to variances, of normalised images: noise of a flat channel stays small


class Statistics(Style):
    """``(content - mean_c) * spread_s / spread_c + mean_s``, ``strength`` of the way.

    Moments in brightness and in normalised images differ by the same affine map a channel, so
    normalised images are used as they are.
    """

    @torch.no_grad()
    def forward(self, content_B3HW: Tensor, style_B3HW: Tensor, strength_B: Tensor) -> Tensor:
        """See `Style`; strength 0 leaves the content as it is."""
        content_mean, content_variance = _moments(content_B3HW)
        style_mean, style_variance = _moments(style_B3HW)
        gain_B311 = ((style_variance + FLAT) / (content_variance + FLAT)).sqrt()
        strength_B111 = strength_B[:, None, None, None]
        offset_B311 = strength_B111 * (style_mean - gain_B311 * content_mean)
        gain_B311 = 1 + strength_B111 * (gain_B311 - 1)
        return self.within_range(torch.addcmul(offset_B311, content_B3HW, gain_B311))


def _moments(images_B3HW: Tensor) -> tuple[Tensor, Tensor]:
    """mean_B311 and variance_B311; in a tenth of the time that `torch.var_mean` takes."""
    mean_B311 = images_B3HW.mean((-2, -1), keepdim=True)
    length_B311 = torch.linalg.vector_norm(images_B3HW, dim=(-2, -1), keepdim=True)
    pixels = images_B3HW.shape[-2] * images_B3HW.shape[-1]
    variance_B311 = length_B311.square() / pixels - mean_B311.square()
    return mean_B311, variance_B311.clamp(min=0)
