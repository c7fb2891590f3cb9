"""EfficientNet-Lite0, with the parameter names of its published PyTorch weights.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", 2019, in
the "Lite" form for phones: inverted residuals (Sandler et al., "MobileNetV2", 2018) without
squeeze-and-excitation, ReLU6 in place of swish. There is no classifier and no last 1 x 1
convolution: features come out at four scales, for a decoder.

Tensor names: B batch, C channels, H W rows and columns.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from posesift.networks import MEAN, SPREAD
from posesift.networks.depthwise import DepthwiseConv2d

# blocks, kernel, stride of the first block, expansion, channels
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM = 32
TAPPED = (1, 2, 4, 5)  # stages whose features are given, at strides 4, 8, 16 and 32


def _batchnorm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # those of the published weights


class InvertedResidual(nn.Module):
    """1 x 1 up, depthwise, 1 x 1 down; a shortcut where nothing changes its size."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        width = inputs * expansion
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = _batchnorm(width)
        self._depthwise_conv = DepthwiseConv2d(width, kernel, stride)
        self._bn1 = _batchnorm(width)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = _batchnorm(outputs)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Features at ``1 / stride`` of the size."""
        y_BCHW = x_BCHW
        if self.expands:
            y_BCHW = functional.relu6(self._bn0(self._expand_conv(y_BCHW)), inplace=True)
        y_BCHW = functional.relu6(self._bn1(self._depthwise_conv(y_BCHW)), inplace=True)
        y_BCHW = self._bn2(self._project_conv(y_BCHW))
        return x_BCHW + y_BCHW if self.shortcut else y_BCHW


class EfficientNetLite0(nn.Module):
    """The encoder of EfficientNet-Lite0 without its last stage: 3 M parameters.

    ``forward`` takes normalised images_B3HW (sides a multiple of 32) and gives features at
    ``strides`` 4, 8, 16 and 32, with ``channels`` 24, 40, 112 and 192.

    >>> network = EfficientNetLite0()
    >>> [tuple(level.shape[1:]) for level in network(torch.zeros(1, 3, 64, 64))]
    [(24, 16, 16), (40, 8, 8), (112, 4, 4), (192, 2, 2)]
    """

    _gain: Tensor
    _offset: Tensor
    strides = (4, 8, 16, 32)
    channels = tuple(STAGES[stage][-1] for stage in TAPPED)

    def __init__(self):
        super().__init__()
        self._conv_stem = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        self._bn0 = _batchnorm(STEM)
        self._blocks = nn.ModuleList()
        self._taps: list[int] = []  # the last block of each stage that is tapped
        inputs = STEM
        for number, (blocks, kernel, stride, expansion, outputs) in enumerate(STAGES):
            if number > TAPPED[-1]:
                break
            for index in range(blocks):
                first = index == 0
                self._blocks.append(
                    InvertedResidual(inputs, outputs, kernel, stride if first else 1, expansion)
                )
                inputs = outputs
            if number in TAPPED:
                self._taps.append(len(self._blocks) - 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        # the published weights expect (pixel - 127) / 128, everything here (pixel - MEAN) / SPREAD
        mean, spread = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(SPREAD).view(3, 1, 1)
        scale = 255 / 128
        self.register_buffer("_gain", spread * scale, persistent=False)
        self.register_buffer("_offset", mean * scale - 127 / 128, persistent=False)

    def forward(self, images_B3HW: Tensor) -> list[Tensor]:
        """Features at four scales, the finest first."""
        x = images_B3HW * self._gain + self._offset
        x = functional.relu6(self._bn0(self._conv_stem(x)), inplace=True)
        levels = []
        for number, block in enumerate(self._blocks):
            x = block(x)
            if number in self._taps:
                levels.append(x)
        return levels
