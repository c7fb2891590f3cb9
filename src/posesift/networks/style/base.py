"""What a style is.

Tensor names: B batch, H W rows and columns, 3 = (r, g, b), 311 = a number for each channel.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posesift.networks import MEAN, SPREAD


class Style(nn.Module):
    """Gives images the look of others.

    ``style(content_B3HW, style_B3HW, strength_B)`` takes normalised images, as many of the one
    as of the other (sample i gets the look of style image i), and strengths in [0, 1]. It gives
    normalised images within what brightness in [0, 1] can be, and no gradients. Nothing in it
    waits for the device.

    Attributes:
        mean_311: of normalised images; moves with the module and is in no file of weights.
        spread_311: the same.
    """

    mean_311: Tensor
    spread_311: Tensor

    def __init__(self) -> None:
        super().__init__()
        mean_311, spread_311 = (torch.tensor(v).view(3, 1, 1) for v in (MEAN, SPREAD))
        self.register_buffer("mean_311", mean_311, persistent=False)
        self.register_buffer("spread_311", spread_311, persistent=False)

    def brightness(self, images_B3HW: Tensor) -> Tensor:
        """Normalised images as brightness in [0, 1]."""
        return torch.addcmul(self.mean_311, images_B3HW, self.spread_311)

    def normalised(self, images_B3HW: Tensor) -> Tensor:
        """Return the way back from `brightness`."""
        return (images_B3HW - self.mean_311) / self.spread_311

    def within_range(self, images_B3HW: Tensor) -> Tensor:
        """Normalised images, too dark and too bright values cut off in place."""
        for channel, (mean, spread) in enumerate(zip(MEAN, SPREAD, strict=True)):
            # bounds that are tensors take four times as long
            images_B3HW[:, channel].clamp_(-mean / spread, (1 - mean) / spread)
        return images_B3HW

    def forward(self, content_B3HW: Tensor, style_B3HW: Tensor, strength_B: Tensor) -> Tensor:
        """See the class."""
        raise NotImplementedError
