"""Held against ``nn.Conv2d``: the same numbers forward and back, in every precision."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from torch import nn

from posesift.networks.depthwise import DepthwiseConv2d, _Depthwise

SHAPES = [(kernel, stride, side) for kernel in (3, 5) for stride in (1, 2) for side in (3, 7, 12)]


def plain(layer: DepthwiseConv2d) -> nn.Conv2d:
    twin = nn.Conv2d(
        layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding,
        groups=layer.groups, bias=False,
    )  # fmt: skip
    twin.load_state_dict(layer.state_dict())
    return twin


def gradients(forward, weight, images, seed=0):
    """The output, and the gradients of images and weight for one random gradient of it."""
    images = images.detach().clone().requires_grad_()
    weight.grad = None
    out = forward(images)
    push = torch.randn(out.shape, generator=torch.Generator().manual_seed(seed)).to(out.dtype)
    out.backward(push)
    return out.detach(), images.grad, weight.grad


@pytest.mark.parametrize(("kernel", "stride", "side"), SHAPES)
def test_outside_of_autocast_it_is_the_plain_convolution(kernel, stride, side):
    layer = DepthwiseConv2d(6, kernel, stride)
    twin, images = plain(layer), torch.randn(2, 6, side, side)
    mine, theirs = gradients(layer, layer.weight, images), gradients(twin, twin.weight, images)
    assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


@given(
    st.sampled_from(SHAPES),
    st.integers(1, 9),
    st.integers(1, 3),
    st.sampled_from([torch.contiguous_format, torch.channels_last]),
    st.integers(0, 99),
)
@how(deadline=None, max_examples=40)
def test_its_gradients_are_those_of_autograd_but_for_rounding(shape, channels, batch, layout, seed):
    kernel, stride, side = shape
    torch.manual_seed(seed)
    layer = DepthwiseConv2d(channels, kernel, stride)
    twin = plain(layer).double()
    images = torch.randn(batch, channels, side, side).contiguous(memory_format=layout)
    wide = gradients(twin, twin.weight, images.double())
    mine = gradients(lambda x: _Depthwise.apply(x, layer.weight, stride), layer.weight, images)
    for found, expected in zip(mine, wide, strict=True):
        assert torch.allclose(found.double(), expected, atol=1e-4)


@pytest.mark.parametrize(("kernel", "stride", "side"), SHAPES)
def test_in_bfloat16_it_is_as_near_to_float32_as_the_plain_convolution(kernel, stride, side):
    torch.manual_seed(1)
    layer = DepthwiseConv2d(16, kernel, stride)
    twin, images = plain(layer), torch.randn(4, 16, side, side)
    exact = gradients(twin, twin.weight, images)
    with torch.autocast("cpu", torch.bfloat16):
        mine = gradients(layer, layer.weight, images)
        theirs = gradients(twin, twin.weight, images)
    assert mine[0].dtype == torch.bfloat16
    for name, found, other, expected in zip(
        ("output", "of the images", "of the weight"), mine, theirs, exact, strict=True
    ):
        scale = expected.abs().max()
        error, usual = ((value.float() - expected).abs().max() for value in (found, other))
        assert error <= usual + 0.01 * scale, name  # 2 ** -8 a rounding


def test_without_gradients_and_with_frozen_weights():
    layer = DepthwiseConv2d(4, 5, 2)
    images = torch.randn(1, 4, 8, 8, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert not layer(images).requires_grad
    layer.requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16):
        layer(images).float().sum().backward()
    assert layer.weight.grad is None
    assert images.grad is not None
