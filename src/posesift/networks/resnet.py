"""ResNet 18, 34, 50 and 101, with torchvision's parameter names.

He et al., "Deep residual learning for image recognition", 2016; the stride sits on the 3 x 3
convolution of a bottleneck ("v1.5"), as in the published ImageNet weights, which therefore load
from a file. There is no classifier: features come out at a thirty-second of the image.

Tensor names: B batch, C channels, H W rows and columns.
"""

from __future__ import annotations

from torch import Tensor, nn

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions (depths 18 and 34)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Features at ``1 / stride`` of the size."""
        y_BCHW = self.relu(self.bn1(self.conv1(x_BCHW)))
        y_BCHW = self.bn2(self.conv2(y_BCHW))
        shortcut = x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        return self.relu(y_BCHW + shortcut)


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1 with four times the channels out (depths 50 and 101)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, 4 * width, stride)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Features at ``1 / stride`` of the size."""
        y_BCHW = self.relu(self.bn1(self.conv1(x_BCHW)))
        y_BCHW = self.relu(self.bn2(self.conv2(y_BCHW)))
        y_BCHW = self.bn3(self.conv3(y_BCHW))
        shortcut = x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        return self.relu(y_BCHW + shortcut)


class ResNet(nn.Module):
    """The convolutional part of a ResNet.

    ``forward`` takes normalised images_B3HW and gives features_BCHW at 1 / 32 of their size;
    ``channels`` is C (512 for depths 18 and 34, 2048 for 50 and 101).

    >>> import torch
    >>> network = ResNet(18)
    >>> network(torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1, 512, 2, 2])
    """

    stride = 32
    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, depth: int):
        super().__init__()
        assert depth in DEPTHS, depth
        block = BasicBlock if depth < 50 else Bottleneck
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for number, blocks in enumerate(DEPTHS[depth]):
            width, layer = 64 * 2**number, nn.Sequential()
            for index in range(blocks):
                layer.append(block(inputs, width, 2 if index == 0 and number > 0 else 1))
                inputs = width * block.expansion
            self.add_module(f"layer{number + 1}", layer)
        self.channels = inputs
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images_B3HW: Tensor) -> Tensor:
        """features_BCHW of normalised images."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images_B3HW))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return x
