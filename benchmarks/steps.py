"""What a training step of each method costs beyond the bare passes of its networks, and its speed.

    python benchmarks/steps.py [--threads 2] [--rounds 8] [--table costs|speeds]

The floor of a method is the forward and backward passes of the same networks on as many images,
and the optimisers' steps, on fixed batches of floats with fixed heatmaps. On top of it a step
warps, recolours, draws heatmaps, labels the target, masks, occludes, follows with the teacher and
reports. Step and floor are timed in turns within one run; the best round of each counts, so
another process on the machine disturbs the ratio little. `udape_loops.py` times UDAPE's
un-warping and rectifying written as loops over samples and joints.

Beside that: images a second of each method in fp32 and bf16, with 1 and 2 threads, for the small
network at 64 px and EfficientNet-Lite0 at 96 px; all in turns within one run, the best round of
each. One thread is timed on the processor; two need an idle machine, and are left out with
`--threads 1`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from posesift.adaptation.regda.method import RegDA
from posesift.adaptation.regda.settings import RegDASettings
from posesift.adaptation.regda.two_heads import TwoHeads
from posesift.adaptation.source_only.method import SourceOnly, SourceOnlySettings
from posesift.adaptation.supervised import mean_square
from posesift.adaptation.training.method import Method
from posesift.adaptation.training.optimisers import adamw
from posesift.adaptation.training.runtime import PRECISIONS, Runtime
from posesift.adaptation.udape.method import UDAPE, UDAPESettings
from posesift.adaptation.views.augment import NONE, STRONG, generator
from posesift.networks.build import NETWORKS, build
from posesift.networks.heatmaps import HeatmapCodec
from posesift.networks.style import build as build_style

Step = Callable[[], object]

SPEEDS = (("small", 64), ("efficientnet-lite0", 96))  # networks and sides of the second table
THREADS = (1, 2)


class Bench:
    """Networks, batches and floors of one size."""

    def __init__(self, runtime: Runtime, network: str, side: int, batch: int, keypoints: int):
        self.runtime, self.name, self.side = runtime, network, side
        self.batch_size, self.keypoints = batch, keypoints

    def network(self) -> nn.Module:
        return build(self.name, self.keypoints)

    def codec(self, network: nn.Module) -> HeatmapCodec:
        return HeatmapCodec(self.side, network.stride)  # type: ignore[arg-type]

    def batch(self) -> dict[str, Tensor]:
        """A labelled one, uint8."""
        count, keypoints, side = self.batch_size, self.keypoints, self.side
        return self.runtime.to_device(
            {
                "image": torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8),
                "keypoints": torch.rand(count, keypoints, 2) * (side - 1),
                "visible": torch.ones(count, keypoints, dtype=torch.bool),
            }
        )

    def floats(self, count: int) -> Tensor:
        images = torch.rand(count, 3, self.side, self.side, device=self.runtime.device)
        return images.contiguous(memory_format=torch.channels_last)

    def targets(self, count: int, stride: int) -> tuple[Tensor, Tensor]:
        cells, device = self.side // stride, self.runtime.device
        heatmaps = torch.rand(count, self.keypoints, cells, cells, device=device)
        return heatmaps, torch.ones(count, self.keypoints, device=device)

    def bare_supervised(self, images_a_step: int, teacher: bool = False) -> Step:
        """Forward, backward and optimiser; with a teacher, its forward pass on one batch."""
        network = self.network()
        forward, optimiser = self.runtime.setup(network), adamw(network, 1e-3, 1e-4)
        images, looked_at = self.floats(images_a_step), self.floats(self.batch_size)
        target, weight = self.targets(images_a_step, network.stride)  # type: ignore[arg-type]
        other = self.network().to(self.runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

        def step() -> None:
            if teacher:
                self.runtime.infer(other, looked_at)
            loss = mean_square(forward(images), target, weight)
            optimiser.zero_grad()
            self.runtime.backward(loss)
            optimiser.step()

        return step

    def bare_regda(self) -> Step:
        """Two passes through the features, with what RegDA's steps A, B and C ask of the heads."""
        network = TwoHeads(self.network(), 0)
        pieces = (network.features, network.head, network.head_adv)
        features, head, head_adv = (self.runtime.setup(piece) for piece in pieces)
        optimisers = [adamw(piece, 1e-3, 1e-4) for piece in pieces]
        source, target = self.floats(self.batch_size), self.floats(self.batch_size)
        heatmaps, weight = self.targets(self.batch_size, self.network().stride)  # type: ignore[arg-type]

        def step() -> None:
            for optimiser in optimisers:
                optimiser.zero_grad()
            seen = features(source)
            loss = mean_square(head(seen), heatmaps, weight)
            self.runtime.backward(loss + mean_square(head_adv(seen), heatmaps, weight))
            for optimiser in optimisers:
                optimiser.step()
            seen = features(target)
            with torch.no_grad():
                head(seen)
            self.runtime.backward(mean_square(head_adv(seen.detach()), heatmaps, weight))
            optimisers[2].step()
            self.runtime.backward(mean_square(head_adv(seen), heatmaps, weight))
            optimisers[0].step()

        return step

    def step(self, method: Method, stage: str) -> Step:
        """A step of a method, in the middle of a stage."""
        method.prepare(self.runtime)
        chosen = next(s for s in method.stages if s.name == stage)
        method.start_stage(chosen)
        source, target, count = self.batch(), self.batch(), 0

        def step() -> None:
            nonlocal count
            count += 1
            chosen.step(
                {"source": source, "target": target},
                0.5,
                generator(self.runtime.device, 0, 0, count),
            )

        return step

    def source_only(self, augmentation=STRONG) -> Step:
        network = self.network()
        settings = SourceOnlySettings(augmentation=augmentation)
        return self.step(SourceOnly(network, self.codec(network), settings), "warm-up")

    def regda(self) -> Step:
        network = self.network()
        settings = RegDASettings(augmentation=STRONG)
        return self.step(RegDA(network, self.codec(network), settings), "adaptation")

    def udape(self, style: str | None = None) -> Step:
        network, chosen = self.network(), build_style(style) if style else None
        settings = UDAPESettings(augmentation=STRONG)
        return self.step(UDAPE(network, self.codec(network), settings, chosen), "adaptation")

    def all(self) -> dict[str, tuple[Step, Step]]:
        """Step and floor by name."""
        supervised = self.bare_supervised(self.batch_size)
        mean_teacher = self.bare_supervised(2 * self.batch_size, teacher=True)
        return {
            "source-only, no augmentation": (self.source_only(NONE), supervised),
            "source-only": (self.source_only(), supervised),
            "RegDA": (self.regda(), self.bare_regda()),
            "UDAPE": (self.udape(), mean_teacher),
            "UDAPE, Fourier style": (self.udape("fourier"), mean_teacher),
            "UDAPE, statistics style": (self.udape("statistics"), mean_teacher),
        }


def seconds(step: Step, repeats: int, runtime: Runtime) -> float:
    """Of one step; on the processor and one thread, those that no other process took part in."""
    one = runtime.device.type == "cpu" and runtime.threads == 1
    clock = time.thread_time if one else time.perf_counter
    began = clock()
    for _ in range(repeats):
        step()
    if runtime.device.type == "cuda":
        torch.cuda.synchronize(runtime.device)
    return (clock() - began) / repeats


def costs(bench: Bench, rounds: int) -> dict[str, dict[str, float]]:
    """By method: milliseconds of a step and of its floor, their ratio, and images a second."""
    steps = bench.all()
    best = {name: [float("inf")] * 2 for name in steps}
    for _ in range(rounds):
        for name, pair in steps.items():
            for place, step in enumerate(pair):
                step()
                best[name][place] = min(best[name][place], seconds(step, 3, bench.runtime))
    return {
        name: {
            "milliseconds": round(1e3 * mine, 1),
            "bare_milliseconds": round(1e3 * floor, 1),
            "of_bare": round(mine / floor, 3),
            "source_images_per_second": round(bench.batch_size / mine),
        }
        for name, (mine, floor) in best.items()
    }


def speeds(
    device: torch.device, threads_tried: Sequence[int], network: str, side: int, batch: int,
    rounds: int,
) -> dict[str, dict[str, float]]:  # fmt: skip
    """Source images a second by method and setting, and their ratio to those in fp32.

    The ratios are to fp32 with the first number of threads.
    """
    contestants = {}
    for threads in threads_tried:
        for precision in PRECISIONS:
            runtime = Runtime(device, precision, threads)
            bench = Bench(runtime, network, side, batch, 16)
            setting = f"{precision}, {threads} {'thread' if threads == 1 else 'threads'}"
            for name, make in (
                ("source-only", bench.source_only), ("RegDA", bench.regda), ("UDAPE", bench.udape),
            ):  # fmt: skip
                contestants[name, setting] = (runtime, make())
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for key, (runtime, step) in contestants.items():
            torch.set_num_threads(runtime.threads)
            step()
            best[key] = min(best[key], seconds(step, 2, runtime))
    found: dict[str, dict[str, float]] = {}
    first: dict[str, float] = {}
    for (name, setting), mine in best.items():
        row = found.setdefault(name, {})
        row[setting] = round(batch / mine, 1)
        row[f"{setting}, ratio"] = round(first.setdefault(name, mine) / mine, 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--network", default="small")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--table", choices=("both", "costs", "speeds"), default="both")
    given = parser.parse_args()
    runtime = Runtime.resolve(given.device, given.precision, given.threads)
    found: dict[str, Any] = {"runtime": runtime.describe(), "batch": given.batch}
    if given.table != "speeds":
        bench = Bench(runtime, given.network, given.side, given.batch, 16)
        found |= {"network": given.network, "side": given.side}
        found["steps"] = costs(bench, given.rounds)
    if given.table != "costs":
        either = given.threads is None and runtime.device.type == "cpu"
        threads = THREADS if either else (runtime.threads,)
        found["images_per_second"] = {
            f"{network}, {side} px": speeds(
                runtime.device, threads, network, side, given.batch, given.rounds
            )
            for network, side in SPEEDS
            if network in NETWORKS
        }
    print(json.dumps(found, indent=1))
    if runtime.device.type == "cuda":
        print(f"memory: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    else:
        print("GPU: not measured yet")


if __name__ == "__main__":
    main()
