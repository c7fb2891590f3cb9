"""A pose network small enough to train on two processor cores within a minute.

Residual stages down to a sixteenth of the crop, and a decoder that adds them up again to half
of it. A stride-2 heatmap matters at 64 px: PCK@0.05 means 3.2 px there, which a 16 x 16 heatmap
cannot resolve. Plain 3 x 3 convolutions throughout; depthwise ones are several times slower on
a processor.

Tensor names: B batch, K keypoints, C channels, H W image rows and columns, h w heatmap rows and
columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (24, 48, 96, 128)  # channels at strides 2, 4, 8 and 16
BLOCKS = (0, 1, 2, 2)  # residual blocks at these strides
DECODER = (32, 48, 48)  # channels of the way back, at strides 2, 4 and 8


def convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    """Return a convolution without bias (a BatchNorm follows) that keeps ``side / stride``."""
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class Block(nn.Module):
    """Two 3 x 3 convolutions and a shortcut (He et al., "Deep residual learning", 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv1, self.bn1 = convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = convolution(outputs, outputs), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
            )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Features at ``1 / stride`` of the size."""
        y_BCHW = functional.relu(self.bn1(self.conv1(x_BCHW)), inplace=True)
        y_BCHW = self.bn2(self.conv2(y_BCHW))
        return functional.relu(y_BCHW + self.shortcut(x_BCHW), inplace=True)


class Merge(nn.Module):
    """One step up the decoder: coarse features doubled in size, plus the fine ones, smoothed."""

    def __init__(self, coarse: int, fine: int, outputs: int):
        super().__init__()
        self.coarse = convolution(coarse, outputs, 1)
        self.fine = convolution(fine, outputs, 1)
        self.smooth = nn.Sequential(
            convolution(outputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )

    def forward(self, coarse_BChw: Tensor, fine_BCHW: Tensor) -> Tensor:
        """Features at the finer size."""
        raised_BCHW = functional.interpolate(self.coarse(coarse_BChw), scale_factor=2.0)
        return self.smooth(raised_BCHW + self.fine(fine_BCHW))


class SmallPoseNet(nn.Module):
    """Residual encoder, additive decoder, 1 x 1 head: 0.96 M parameters, stride 2.

    Args:
        keypoints: K, heatmaps to give.
        widths: channels at strides 2, 4, 8, 16.
        decoder: channels of the decoder at strides 2, 4, 8; the finest level costs the most.

    ``forward`` takes normalised images_B3HW (sides a multiple of 16) and gives
    heatmaps_BKhw at half their size; ``features`` stops before the head.

    >>> import torch
    >>> network = SmallPoseNet(keypoints=16)
    >>> network(torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1, 16, 32, 32])
    >>> round(sum(p.numel() for p in network.parameters()) / 1e6, 2)
    0.96
    """

    stride = 2

    def __init__(
        self, keypoints: int, widths: Sequence[int] = WIDTHS, decoder: Sequence[int] = DECODER
    ):
        super().__init__()
        self.stem = nn.Sequential(
            convolution(3, widths[0], 3, 2), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)
        )
        stages, inputs = [], widths[0]
        for level, (width, blocks) in enumerate(zip(widths, BLOCKS, strict=True)):
            stage = nn.Sequential()
            for block in range(blocks):
                stage.append(Block(inputs, width, 2 if block == 0 and level > 0 else 1))
                inputs = width
            stages.append(stage)
        self.stages = nn.ModuleList(stages)
        coarse = (decoder[1], decoder[2], widths[3])
        self.merges = nn.ModuleList(
            Merge(coarse[level], widths[level], decoder[level]) for level in (2, 1, 0)
        )
        self.channels = decoder[0]
        self.head = nn.Conv2d(self.channels, keypoints, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module is not self.head:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def features(self, images_B3HW: Tensor) -> Tensor:
        """Return what the head sees: (B, ``channels``, H / 2, W / 2)."""
        x = self.stem(images_B3HW)
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        for merge, fine in zip(self.merges, reversed(levels[:-1]), strict=True):
            x = merge(x, fine)
        return x

    def forward(self, images_B3HW: Tensor) -> Tensor:
        """heatmaps_BKhw of normalised images."""
        return self.head(self.features(images_B3HW))
