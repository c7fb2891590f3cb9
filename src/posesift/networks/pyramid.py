"""Any backbone that gives features at several scales, and an additive decoder above it.

From the coarsest scale up: doubled in size, added to the next finer features, smoothed (Lin et al.,
"Feature pyramid networks for object detection", 2017), down to a quarter of the image.

Tensor names: B batch, K keypoints, C channels, H W rows and columns, h w heatmap rows and columns.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from posesift.networks.efficientnet import EfficientNetLite0

CHANNELS = 64


class Decoder(nn.Module):
    """Features of several scales, the finest first, to ``CHANNELS`` at the finest.

    Args:
        channels: of the scales, the finest first; each half the size of the one before.
    """

    def __init__(self, channels: Sequence[int]):
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(c, CHANNELS, 1, bias=False) for c in channels)
        self.smooth = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(CHANNELS, CHANNELS, 3, 1, 1, bias=False),
                nn.BatchNorm2d(CHANNELS),
                nn.ReLU(inplace=True),
            )
            for _ in channels[:-1]
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """(B, ``CHANNELS``, H, W) at the size of the first level."""
        x = self.lateral[-1](levels[-1])
        for number in reversed(range(len(self.smooth))):
            fine = self.lateral[number](levels[number])
            x = self.smooth[number](functional.interpolate(x, scale_factor=2.0) + fine)
        return x


class PyramidPoseNet(nn.Module):
    """Backbone, additive decoder, 1 x 1 head.

    Args:
        backbone: gives features at its ``strides`` (each twice the one before), with its
            ``channels``.
        keypoints: K, heatmaps to give.

    ``forward`` takes normalised images_B3HW (sides a multiple of the last of ``strides``) and
    gives heatmaps_BKhw at the stride of the finest features.

    >>> import torch
    >>> from posesift.networks.efficientnet import EfficientNetLite0
    >>> network = PyramidPoseNet(EfficientNetLite0(), keypoints=16)
    >>> network.stride, network(torch.zeros(1, 3, 64, 64)).shape
    (4, torch.Size([1, 16, 16, 16]))
    """

    def __init__(self, backbone: nn.Module, keypoints: int):
        super().__init__()
        strides: Sequence[int] = backbone.strides  # type: ignore[assignment]
        self.backbone = backbone
        self.decoder = Decoder(backbone.channels)  # type: ignore[arg-type]
        self.stride, self.multiple = strides[0], strides[-1]
        self.channels = CHANNELS
        self.head = nn.Conv2d(CHANNELS, keypoints, 1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def features(self, images_B3HW: Tensor) -> Tensor:
        """Return what the head sees: (B, ``CHANNELS``, h, w)."""
        return self.decoder(self.backbone(images_B3HW))

    def forward(self, images_B3HW: Tensor) -> Tensor:
        """heatmaps_BKhw of normalised images."""
        return self.head(self.features(images_B3HW))


def efficientnet_lite0(keypoints: int) -> PyramidPoseNet:
    """Make a `PyramidPoseNet` on EfficientNet-Lite0."""
    return PyramidPoseNet(EfficientNetLite0(), keypoints)
