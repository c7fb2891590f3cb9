"""Depthwise convolutions in bfloat16, forward and back, as ratios to PyTorch's own.

    python benchmarks/depthwise.py [--threads 1]

Every depthwise convolution of EfficientNet-Lite0 at 96 px and a batch of 32, channels last, under
bf16 autocast: ``DepthwiseConv2d`` beside ``nn.Conv2d`` of the same weights, and ``nn.Conv2d`` in
float32. The best of a few rounds; the last row is the sum over all of them, the share of a training
step that they are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from posesift.networks.depthwise import DepthwiseConv2d
from posesift.networks.efficientnet import EfficientNetLite0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeat", type=int, default=5, help="the best of so many is shown")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        "| kernel, stride, channels, side | float32 | bf16, PyTorch | bf16, here | PyTorch / here |"
    )
    print("|---|---|---|---|---|")
    total = [0.0, 0.0, 0.0]
    for (kernel, stride, channels, side), count in layers(options.side).items():
        mine = DepthwiseConv2d(channels, kernel, stride)
        plain = nn.Conv2d(
            channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False
        )
        images = torch.randn(options.batch, channels, side, side)
        images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
        rounds = [
            (
                seconds(plain, images, narrow=False),
                seconds(plain, images, narrow=True),
                seconds(mine, images, narrow=True),
            )
            for _ in range(options.repeat)
        ]
        best = [min(times) for times in zip(*rounds, strict=True)]
        total = [so_far + count * one for so_far, one in zip(total, best, strict=True)]
        print_row(f"{kernel}, {stride}, {channels}, {side} px ({count} x)", best)
    print_row("all of them", total)


def layers(side: int) -> dict[tuple[int, int, int, int], int]:
    """Kernel, stride, channels and input side of depthwise layers: how many there are of each."""
    found: dict[tuple[int, int, int, int], int] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, DepthwiseConv2d)
        kind = (layer.kernel_size[0], layer.stride[0], layer.in_channels, inputs[0].shape[-1])
        found[kind] = found.get(kind, 0) + 1

    network = EfficientNetLite0()
    for layer in network.modules():
        if isinstance(layer, DepthwiseConv2d):
            layer.register_forward_pre_hook(note)
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, side, side))
    return found


def seconds(layer: Callable[[Tensor], Tensor], images: Tensor, *, narrow: bool) -> float:
    """Of one pass forward and back."""
    began = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
        out = layer(images)
    out.backward(torch.ones_like(out))
    return time.perf_counter() - began


def print_row(name: str, times: list[float]) -> None:
    shown = " | ".join(f"{1000 * one:.1f} ms" for one in times)
    print(f"| {name} | {shown} | {times[1] / times[2]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
