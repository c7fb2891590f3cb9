"""Depthwise convolutions in bfloat16, forward and back, as ratios to PyTorch's own.

    python benchmarks/depthwise.py [--threads 1]

Every depthwise convolution of EfficientNet-Lite0 at 96 px and a batch of 32, channels last, under
bf16 autocast: ``DepthwiseConv2d`` beside ``nn.Conv2d`` of the same shape in bf16 and in float32.
The works take turns; the last figures are of all layers together.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from figures import Figure, in_turns, main, over
from torch import Tensor, nn

from posesift.networks.depthwise import DepthwiseConv2d
from posesift.networks.efficientnet import EfficientNetLite0

Layer = tuple[int, int, int, int]  # kernel, stride, channels, side of the input
WORKS = ("here", "bf16", "float32")


def layers(side: int) -> dict[Layer, int]:
    """The network's depthwise layers: how many there are of each."""
    found: dict[Layer, int] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, DepthwiseConv2d)
        kind = (layer.kernel_size[0], layer.stride[0], layer.in_channels, inputs[0].shape[-1])
        found[kind] = found.get(kind, 0) + 1

    network = EfficientNetLite0().eval()
    for layer in network.modules():
        if isinstance(layer, DepthwiseConv2d):
            layer.register_forward_pre_hook(note)
    with torch.no_grad():
        network(torch.zeros(1, 3, side, side))
    return found


def back_and_forth(layer: nn.Module, images: Tensor, *, narrow: bool) -> None:
    """One pass of a layer, and its gradients."""
    with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
        out = layer(images)
    out.backward(torch.ones_like(out))


def rows(threads: int = 1, side: int = 96, batch: int = 32, rounds: int = 5) -> Iterator[Figure]:
    """Time of each kind of layer here over that of PyTorch's own, and of all layers."""
    torch.set_num_threads(threads)
    total = {name: [0.0] * rounds for name in WORKS}
    for (kernel, stride, channels, width), count in layers(side).items():
        shape = (channels, channels, kernel, stride, kernel // 2)
        mine = DepthwiseConv2d(channels, kernel, stride)
        plain = nn.Conv2d(*shape, groups=channels, bias=False)
        images = torch.randn(batch, channels, width, width)
        images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
        took = in_turns(
            {
                "here": lambda layer=mine, x=images: back_and_forth(layer, x, narrow=True),
                "bf16": lambda layer=plain, x=images: back_and_forth(layer, x, narrow=True),
                "float32": lambda layer=plain, x=images: back_and_forth(layer, x, narrow=False),
            },
            rounds,
        )
        name = f"{kernel} x {kernel}, stride {stride}, {channels} channels, {width} px"
        yield Figure(f"{name}, over PyTorch in bf16", over(took["here"], took["bf16"]))
        for work, seconds in took.items():
            total[work] = [a + count * b for a, b in zip(total[work], seconds, strict=True)]
    beside = f"{1000 * min(total['here']):.0f} ms"
    for work, floor in (("bf16", "PyTorch in bf16"), ("float32", "PyTorch in float32")):
        yield Figure(f"all layers, over {floor}", over(total["here"], total[work]), beside=beside)


if __name__ == "__main__":
    main(rows, side=64, batch=2, rounds=1)
