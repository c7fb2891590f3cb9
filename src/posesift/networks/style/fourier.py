"""Low-frequency amplitudes: the coarse light of the style image, the phase of the content.

Yang and Soatto, "FDA: Fourier domain adaptation for semantic segmentation", CVPR 2020, equation 3:
within a centred square of the spectrum amplitudes are the style image's, outside of it and in
phase everything is the content's. Here ``strength`` lies between the two amplitudes.

Tensor names: B batch, H W rows and columns, 3 = (r, g, b), V = 2 reach + 1 frequencies down the
rows (0, 1, .., reach, -reach, .., -1), F = reach + 1 frequencies along them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from posesift.networks.style.base import Style


class Fourier(Style):
    """Mixes amplitudes up to ``floor(beta * side)`` periods an image along each axis.

    Args:
        beta: half the side of the square, as a share of the image's shorter side, in [0, 0.5).
            0 changes the mean colour alone. The paper takes 0.01, 0.05 and 0.09; at 64 pixels
            0.01 is nothing but the mean colour, and from 0.1 on the style's amplitudes shade
            the limbs themselves.

    Raises:
        ValueError: ``beta`` out of its range.
    """

    def __init__(self, beta: float = 0.05):
        super().__init__()
        if not 0 <= beta < 0.5:
            raise ValueError(f"expected a beta of at least 0 and below 0.5, found {beta}")
        self.beta = beta

    @torch.no_grad()
    def forward(self, content_B3HW: Tensor, style_B3HW: Tensor, strength_B: Tensor) -> Tensor:
        """See `Style`; strength 0 leaves the content as it is. Images are float32."""
        height, width = content_B3HW.shape[-2:]
        reach = int(self.beta * min(height, width))
        content_B3VF = self._low_frequencies(content_B3HW, reach)
        style_B3VF = self._low_frequencies(style_B3HW, reach)
        rise_B3VF = strength_B[:, None, None, None] * (style_B3VF.abs() - content_B3VF.abs())
        # what changes has a short spectrum: its image is added, the rest need not be transformed
        change_B3VF = torch.polar(rise_B3VF, content_B3VF.angle()) / self.spread_311
        change_B3HF = change_B3VF.new_zeros(*content_B3HW.shape[:-1], reach + 1)
        change_B3HF[..., : reach + 1, :] = change_B3VF[..., : reach + 1, :]
        change_B3HF[..., height - reach :, :] = change_B3VF[..., reach + 1 :, :]
        change_B3HW = torch.fft.irfft(torch.fft.ifft(change_B3HF, dim=-2), width, dim=-1)
        return self.within_range(content_B3HW + change_B3HW)

    def _low_frequencies(self, images_B3HW: Tensor, reach: int) -> Tensor:
        """Of the spectrum of an image's brightness what is within ``reach`` of frequency 0."""
        height, width = images_B3HW.shape[-2:]
        rows_B3HF = torch.fft.rfft(images_B3HW, dim=-1)[..., : reach + 1]
        spectrum_B3HF = torch.fft.fft(rows_B3HF, dim=-2)
        spectrum_B3VF = torch.cat(
            [spectrum_B3HF[..., : reach + 1, :], spectrum_B3HF[..., height - reach :, :]], -2
        )
        # from normalised images to brightness here, where there are few numbers
        spectrum_B3VF = spectrum_B3VF * self.spread_311
        spectrum_B3VF[..., :1, :1] += height * width * self.mean_311
        return spectrum_B3VF
