"""How much a training step costs beyond the bare passes of its network.

    python benchmarks/steps.py [--threads 2] [--rounds 8]

The floor is the forward and backward pass of the same network and its optimiser's step, on a
fixed batch of floats with fixed heatmaps. On top of it, a source-only step warps, recolours, draws
heatmaps, and reports. Both are timed in turns within one run; the best round of each counts,
so another process on the machine disturbs the ratio little.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import torch

from posesift.adaptation.augment import NONE, STRONG, SUPERVISED, generator
from posesift.adaptation.losses import mean_square
from posesift.adaptation.optimisers import adamw
from posesift.adaptation.runtime import Runtime
from posesift.adaptation.source_only import SourceOnly, SourceOnlySettings
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec

SIDE, KEYPOINTS, BATCH = 64, 16, 32


def batch(runtime: Runtime) -> dict[str, torch.Tensor]:
    return runtime.to_device(
        {
            "image": torch.randint(0, 256, (BATCH, 3, SIDE, SIDE), dtype=torch.uint8),
            "keypoints": torch.rand(BATCH, KEYPOINTS, 2) * (SIDE - 1),
            "visible": torch.ones(BATCH, KEYPOINTS, dtype=torch.bool),
        }
    )


def bare_step(runtime: Runtime) -> Callable[[], None]:
    network = build("small", KEYPOINTS)
    forward = runtime.setup(network)
    optimiser = adamw(network, 1e-3, 1e-4)
    images = torch.rand(BATCH, 3, SIDE, SIDE, device=runtime.device)
    images = images.contiguous(memory_format=torch.channels_last)
    target = torch.rand(BATCH, KEYPOINTS, SIDE // 2, SIDE // 2, device=runtime.device)
    weight = torch.ones(BATCH, KEYPOINTS, device=runtime.device)

    def step() -> None:
        loss = mean_square(forward(images), target, weight)
        optimiser.zero_grad()
        runtime.backward(loss)
        optimiser.step()

    return step


def source_only(runtime: Runtime, augmentation) -> tuple[SourceOnly, Callable[[], None]]:
    network = build("small", KEYPOINTS)
    codec = HeatmapCodec(SIDE, network.stride)
    method = SourceOnly(network, codec, SourceOnlySettings(augmentation=augmentation))
    method.prepare(runtime)
    method.start_stage(method.stages[0])
    values, count = batch(runtime), 0

    def step() -> None:
        nonlocal count
        count += 1
        method.step(values, None, 0.5, generator(runtime.device, 0, 0, count))

    return method, step


def seconds(step: Callable[[], object], repeats: int, device: torch.device) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - began) / repeats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    runtime = Runtime.resolve(precision=options.precision, threads=options.threads)

    method, supervised = source_only(runtime, SUPERVISED)
    images = batch(runtime)["image"]
    steps = {
        "bare": bare_step(runtime),
        "source-only, no augmentation": source_only(runtime, NONE)[1],
        "source-only": supervised,
        "source-only, strong views": source_only(runtime, STRONG)[1],
        "predict": lambda: method.predict(images),
    }
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(options.rounds):
        for name, step in steps.items():
            step()
            best[name] = min(best[name], seconds(step, 3, runtime.device))
    found = {
        name: {
            "milliseconds": round(1e3 * value, 2),
            "images_per_second": round(BATCH / value),
            **({} if name == "predict" else {"of_bare": round(value / best["bare"], 3)}),
        }
        for name, value in best.items()
    }
    print(json.dumps({"runtime": runtime.describe(), "batch": BATCH, "steps": found}, indent=1))


if __name__ == "__main__":
    main()
