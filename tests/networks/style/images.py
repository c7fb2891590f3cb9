"""Pairs of images, and files of weights in the layout of the published ones."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from posesift.adaptation.views.appearance import normalise
from posesift.networks.style.adain import AdaIN

# (place in the published Sequential, inputs, outputs, side of the kernel)
VGG = (
    (0, 3, 3, 1), (2, 3, 64, 3), (5, 64, 64, 3), (9, 64, 128, 3), (12, 128, 128, 3),
    (16, 128, 256, 3), (19, 256, 256, 3), (22, 256, 256, 3), (25, 256, 256, 3), (29, 256, 512, 3),
)  # fmt: skip
BEYOND = ((32, 512, 512, 3), (35, 512, 512, 3))  # of the whole VGG-19, the first two it goes on by
DECODER = (
    (1, 512, 256, 3), (5, 256, 256, 3), (8, 256, 256, 3), (11, 256, 256, 3), (14, 256, 128, 3),
    (18, 128, 128, 3), (21, 128, 64, 3), (25, 64, 64, 3), (28, 64, 3, 3),
)  # fmt: skip


def images(number: int, count: int = 2, height: int = 32, width: int = 32) -> Tensor:
    """Normalised images of random grain, each of another brightness and contrast."""
    random = torch.Generator().manual_seed(number)
    grain = torch.rand(count, 3, height, width, generator=random)
    low, high = torch.rand(2, count, 3, 1, 1, generator=random)
    return normalise((low + (high - low) * grain) * 255 // 1 / 255)


def published(layers: tuple[tuple[int, ...], ...], seed: int) -> dict[str, Tensor]:
    """Tensors by the names of the published files."""
    random = torch.Generator().manual_seed(seed)
    found = {}
    for place, inputs, outputs, side in layers:
        spread = (2 / (inputs * side * side)) ** 0.5
        shape = (outputs, inputs, side, side)
        found[f"{place}.weight"] = spread * torch.rand(shape, generator=random)
        found[f"{place}.bias"] = 0.1 * torch.rand(outputs, generator=random)
    return found


def write(path: Path, tensors: dict[str, Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path)
    return path


def narrow(parity: bool = False, seed: int = 0) -> AdaIN:
    """A sixty-fourth of the computation, with weights that keep signals alive."""
    network = AdaIN(parity=parity, seed=seed, width=8)
    random = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        spread = 0.1 if name.endswith("bias") else (2 / tensor[0].numel()) ** 0.5
        tensor.copy_(spread * torch.randn(tensor.shape, generator=random))
    state = network.decoder.state_dict()
    state["28.weight"].mul_(0.2)  # most of what comes out is neither too dark nor too bright
    state["28.bias"].fill_(0.5)
    return network
