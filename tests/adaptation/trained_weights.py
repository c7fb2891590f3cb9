"""Every method trained for 30 seeded steps, and what its weights are then.

`test_trained_weights` compares them with ``trained_weights.json``. After a change that is meant to
change them, write that file anew: ``python -m tests.adaptation.trained_weights``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from tests.adaptation.tiny import SIDE, TinyNet, batch
from tests.networks.style.images import narrow
from torch import Tensor

from posesift.adaptation.regda import RegDA, RegDASettings
from posesift.adaptation.source_only import SourceOnly, SourceOnlySettings
from posesift.adaptation.source_only.published import SourceOnlyParity, SourceOnlyParitySettings
from posesift.adaptation.style_training import StyleSettings, StyleTraining
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.method import Batch, Method, Stage
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.udape import UDAPE, UDAPESettings
from posesift.adaptation.udape.published import UDAPEParity, UDAPEParitySettings
from posesift.networks.heatmaps import HeatmapCodec
from posesift.networks.style import build

FILE = Path(__file__).with_suffix(".json")
STEPS: dict[str, Any] = {"warmup_steps": 15, "steps": 15}
COMMON: dict[str, Any] = {**STEPS, "mirror": (0, 2, 1)}
CODEC, ROUNDING = HeatmapCodec(SIDE, 2), HeatmapCodec(SIDE, 2, rounding=True)

METHODS: dict[str, Callable[[], Method]] = {
    "source-only": lambda: SourceOnly(TinyNet(), CODEC, SourceOnlySettings(**COMMON)),
    "regda": lambda: RegDA(TinyNet(), CODEC, RegDASettings(**COMMON, domain_statistics=True)),
    "udape": lambda: UDAPE(
        TinyNet(), CODEC, UDAPESettings(**COMMON, domain_statistics=True), build("statistics")
    ),
    "source-only, published": lambda: SourceOnlyParity(
        TinyNet(), ROUNDING, SourceOnlyParitySettings(**STEPS, drops=(10, 20))
    ),
    "regda, published": lambda: RegDA(TinyNet(), CODEC, RegDASettings(**STEPS, parity=True)),
    "udape, published": lambda: UDAPEParity(
        TinyNet(), ROUNDING, UDAPEParitySettings(**STEPS, drops=(10, 20)), build("statistics")
    ),
    "style": lambda: StyleTraining(narrow(), StyleSettings(steps=30)),
}


def train(name: str, noise: float = 0.0) -> dict[str, Tensor]:
    """The weights after 30 steps on one thread; ``noise``: of the first weights, relative."""
    method = METHODS[name]()
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in method.network.parameters():
            weight *= 1 + noise * torch.randn(weight.shape, generator=random)
    before = torch.get_num_threads()
    try:
        runtime = Runtime.resolve("cpu", "fp32", threads=1)
        fit(method, {"source": _source, "target": _target}, runtime, seed=3, log_every=100)
    finally:
        torch.set_num_threads(before)
    return dict(method.network.state_dict())


def digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of the bytes of all tensors in order of their names."""
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        found.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return found.hexdigest()


def norms(tensors: dict[str, Tensor]) -> dict[str, float]:
    """The Euclidean norm of each tensor."""
    return {name: tensor.double().norm().item() for name, tensor in sorted(tensors.items())}


def arithmetic() -> str:
    """SHA-256 of a few steps in plain torch, which tells processors and kernels apart."""
    network = TinyNet().to(memory_format=torch.channels_last)
    adam = torch.optim.AdamW(network.parameters(), 1e-2, fused=True)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    for step in range(10):
        images = batch(step)["image"].float() / 255
        adam.zero_grad()
        flow = torch.nn.functional.affine_grid(
            torch.tensor([[0.9, 0.3, 0.1], [-0.2, 1.1, 0.0]]).expand(len(images), 2, 3),
            list(images.shape),
            align_corners=False,
        )
        moved = torch.nn.functional.grid_sample(images, flow, align_corners=False)
        found = network(moved.contiguous(memory_format=torch.channels_last))
        (found.exp().mean() + found.flatten(2).log_softmax(-1).square().mean()).backward()
        adam.step()
    torch.set_num_threads(before)
    return digest(dict(network.state_dict()))


def _source(stage: Stage, start: int) -> Iterator[Batch]:
    first = 1000 * (stage.name == "adaptation")
    return (batch(first + step) for step in range(start, stage.steps))


def _target(stage: Stage, start: int) -> Iterator[Batch]:
    return (batch(2000 + step) for step in range(start, stage.steps))


def main() -> None:
    """Write the file anew."""
    found: dict[str, Any] = {"arithmetic": arithmetic(), "methods": {}}
    for name in METHODS:
        weights = train(name)
        found["methods"][name] = {"sha256": digest(weights), "norms": norms(weights)}
        print(found["methods"][name]["sha256"], name)
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
