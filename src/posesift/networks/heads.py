"""Deconvolutions and heads that turn backbone features into heatmaps.

Xiao et al., "Simple baselines for human pose estimation", 2018: three transposed convolutions
of 256 channels bring stride 32 to stride 4, a 1 x 1 convolution gives K heatmaps.

Tensor names: B batch, K keypoints, C channels, H W rows and columns, h w heatmap rows and
columns.
"""

from __future__ import annotations

from torch import Tensor, nn

from posesift.networks.resnet import ResNet

CHANNELS = 256


def upsampling(inputs: int, channels: int = CHANNELS, doublings: int = 3) -> nn.Sequential:
    """``doublings`` times [transposed 4 x 4 convolution of stride 2, BatchNorm, ReLU]."""
    layers = nn.Sequential()
    for _ in range(doublings):
        deconvolution = nn.ConvTranspose2d(inputs, channels, 4, 2, 1, bias=False)
        nn.init.normal_(deconvolution.weight, std=0.001)
        layers.extend([deconvolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)])
        inputs = channels
    return layers


def pose_head(inputs: int, keypoints: int, layers: int = 1) -> nn.Sequential:
    """``layers`` - 1 times [3 x 3 convolution, BatchNorm, ReLU], then a 1 x 1 convolution.

    One layer is the usual head; RegDA's two heads have two (Jiang et al., 2021).
    """
    head = nn.Sequential()
    for _ in range(layers - 1):
        head.extend(
            [nn.Conv2d(inputs, inputs, 3, 1, 1), nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)]
        )
    head.append(nn.Conv2d(inputs, keypoints, 1))
    for module in head:
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=0.001)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return head


class PoseResNet(nn.Module):
    """Backbone, upsampling, head; the network of the RegDA and UDAPE papers.

    Args:
        backbone: gives features at its ``stride``, with ``channels`` channels.
        keypoints: K, heatmaps to give.

    ``forward`` takes normalised images_B3HW and gives heatmaps_BKhw at a quarter of their size;
    ``features`` stops before the head.

    >>> import torch
    >>> from posesift.networks.resnet import ResNet
    >>> network = PoseResNet(ResNet(18), keypoints=21)
    >>> network.stride, network(torch.zeros(1, 3, 64, 64)).shape
    (4, torch.Size([1, 21, 16, 16]))
    """

    def __init__(self, backbone: nn.Module, keypoints: int):
        super().__init__()
        self.backbone = backbone
        self.upsampling = upsampling(backbone.channels)  # type: ignore[arg-type]
        self.channels = CHANNELS
        self.head = pose_head(self.channels, keypoints)
        self.stride: int = backbone.stride // 8  # type: ignore[operator, assignment]

    def features(self, images_B3HW: Tensor) -> Tensor:
        """Return what the head sees: (B, 256, H / 4, W / 4)."""
        return self.upsampling(self.backbone(images_B3HW))

    def forward(self, images_B3HW: Tensor) -> Tensor:
        """heatmaps_BKhw of normalised images."""
        return self.head(self.features(images_B3HW))


def pose_resnet(depth: int, keypoints: int) -> PoseResNet:
    """Make a `PoseResNet` of a depth: 18, 34, 50 or 101."""
    return PoseResNet(ResNet(depth), keypoints)
