"""Depthwise convolution whose gradients in bfloat16 take the roads on which a processor is fast.

PyTorch's CPU kernels for depthwise convolutions in bfloat16 are fast forward. On the way back two
are not: the gradient of the input at stride 2 takes 20 to 200 times as long as in float32, that of
a 5 x 5 kernel 10 to 30 times as long as that of a 3 x 3 one. Here the first is computed in float32,
and the second is put together from four 3 x 3 kernels, which cover a 5 x 5 one.

Tensor names: B batch, C channels, H W rows and columns, h w the same of the output, k kernel side.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_convolution_backward = torch.ops.aten.convolution_backward


class DepthwiseConv2d(nn.Conv2d):
    """``nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)``.

    >>> layer = DepthwiseConv2d(8, kernel=5, stride=2)
    >>> layer(torch.zeros(1, 8, 12, 12)).shape
    torch.Size([1, 8, 6, 6])
    """

    def __init__(self, channels: int, kernel: int, stride: int):
        super().__init__(
            channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False
        )

    def forward(self, input: Tensor) -> Tensor:
        """Features at ``1 / stride`` of the size."""
        narrow = torch.is_autocast_enabled("cpu") and input.device.type == "cpu"
        if not narrow or not torch.is_grad_enabled():
            return super().forward(input)
        dtype = torch.get_autocast_dtype("cpu")
        return _Depthwise.apply(input.to(dtype), self.weight.to(dtype), self.stride[0])


class _Depthwise(torch.autograd.Function):
    """The convolution of x_BCHW with weight_C1kk, both in bfloat16."""

    @staticmethod
    def forward(ctx: Any, x_BCHW: Tensor, weight_C1kk: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x_BCHW, weight_C1kk)
        ctx.stride = stride
        padding, groups = weight_C1kk.shape[-1] // 2, len(weight_C1kk)
        return functional.conv2d(x_BCHW, weight_C1kk, None, stride, padding, 1, groups)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x_BCHW, weight_C1kk = ctx.saved_tensors
        (gradient_BChw,) = outputs
        of_x, of_weight, _ = ctx.needs_input_grad
        stride, padding = ctx.stride, weight_C1kk.shape[-1] // 2
        to_x = to_weight = None
        if of_x:
            dtype = torch.float32 if stride > 1 else x_BCHW.dtype
            wide = [value.to(dtype) for value in (gradient_BChw, x_BCHW, weight_C1kk)]
            to_x = _gradient(wide[0], wide[1], wide[2], stride, padding, of_x=True)
            to_x = to_x.to(x_BCHW.dtype)
        if of_weight and padding == 2:
            to_weight = _of_wide_kernel(gradient_BChw, x_BCHW, stride)
        elif of_weight:
            to_weight = _gradient(gradient_BChw, x_BCHW, weight_C1kk, stride, padding)
        return to_x, to_weight, None


def _gradient(
    gradient_BChw: Tensor,
    x_BCHW: Tensor,
    weight_C1kk: Tensor,
    stride: int,
    padding: int,
    *,
    of_x: bool = False,
) -> Tensor:
    """PyTorch's gradient of the input or of the weight."""
    both = _convolution_backward(
        gradient_BChw, x_BCHW, weight_C1kk, None, [stride] * 2, [padding] * 2, [1, 1], False,
        [0, 0], len(weight_C1kk), [of_x, not of_x, False],
    )  # fmt: skip
    return both[0 if of_x else 1]


def _of_wide_kernel(gradient_BChw: Tensor, x_BCHW: Tensor, stride: int) -> Tensor:
    """Return the gradient of a 5 x 5 kernel, from those of its four 3 x 3 corners."""
    height, width = gradient_BChw.shape[-2:]
    padded_BCHW = functional.pad(x_BCHW, (2, 2, 2, 2))
    channels = x_BCHW.shape[1]
    corner_C133 = x_BCHW.new_empty(channels, 1, 3, 3)  # its values are not read
    found_C155 = x_BCHW.new_empty(channels, 1, 5, 5)
    for top in (0, 2):
        for left in (0, 2):
            rows = slice(top, top + stride * (height - 1) + 3)
            columns = slice(left, left + stride * (width - 1) + 3)
            seen = padded_BCHW[..., rows, columns].contiguous(memory_format=torch.channels_last)
            found_C155[..., top : top + 3, left : left + 3] = _gradient(
                gradient_BChw, seen, corner_C133, stride, 0
            )
    return found_C155
