"""What a training step of each method costs beyond the bare passes of its networks, and its speed.

    python benchmarks/steps.py --threads 1 --rounds 8 --table costs

The floor of a method is the forward and backward passes of the same networks on as many images,
and the optimisers' steps, on fixed batches of floats with fixed heatmaps. On top of it a step
warps, recolours, draws heatmaps, labels the target, masks, occludes, follows with the teacher and
reports. Step and floor are timed in turns within one run, so another process on the machine
disturbs the ratio little. `udape_loops.py` times UDAPE's
un-warping and rectifying written as loops over samples and joints.

Beside that: images a second of each method in fp32 and bf16, with 1 and 2 threads, for the small
network at 64 px and EfficientNet-Lite0 at 96 px; all in turns within one run. One thread is timed
on the processor; two need an idle machine, and are left out with `--threads 1`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Literal

import torch
from figures import Figure, main, over
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
GOAL = 1.15  # times the bare passes


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


def timed(works: dict[str, tuple[Step, Runtime]], rounds: int) -> dict[str, list[float]]:
    """Seconds of a step of each in each round, in turns."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (step, runtime) in works.items():
            torch.set_num_threads(runtime.threads)
            step()
            found[name].append(seconds(step, 3, runtime))
    return found


def costs(bench: Bench, rounds: int) -> Iterator[Figure]:
    """By method: a step over its floor."""
    pairs = bench.all()
    works = {f"{name}, step": (step, bench.runtime) for name, (step, _) in pairs.items()}
    works |= {f"{name}, bare": (floor, bench.runtime) for name, (_, floor) in pairs.items()}
    works = {place: works[place] for name in pairs for place in (f"{name}, step", f"{name}, bare")}
    found = timed(works, rounds)
    for name in pairs:
        mine, bare = found[f"{name}, step"], found[f"{name}, bare"]
        speed = bench.batch_size / min(mine)
        yield Figure(
            f"{name}: step over bare passes, {bench.name} at {bench.side} px",
            over(mine, bare),
            most=GOAL,
            beside=f"{1e3 * min(mine):.1f} ms, bare {1e3 * min(bare):.1f}; {speed:.0f} images/s",
        )


def speeds(
    runtimes: list[Runtime], network: str, side: int, batch: int, rounds: int
) -> Iterator[Figure]:
    """Source images a second by method and runtime, beside what is gained over the first."""
    works: dict[str, tuple[Step, Runtime]] = {}
    for runtime in runtimes:
        bench = Bench(runtime, network, side, batch, 16)
        setting = f"{runtime.precision}, threads {runtime.threads}"
        for name, make in (
            ("source-only", bench.source_only), ("RegDA", bench.regda), ("UDAPE", bench.udape),
        ):  # fmt: skip
            works[f"{name}, {network} at {side} px, {setting}"] = (make(), runtime)
    first: dict[str, float] = {}
    for name, took in timed(works, rounds).items():
        slowest = first.setdefault(name.partition(",")[0], statistics.median(took))
        beside = f"{slowest / statistics.median(took):.2f} times the first setting"
        yield Figure(name, [batch / mine for mine in took], "images/s", beside=beside)


def rows(
    device: str = "auto",
    threads: int | None = None,
    precision: str = "auto",
    rounds: int = 5,
    network: str = "small",
    side: int = 64,
    batch: int = 32,
    table: Literal["both", "costs", "speeds"] = "both",
) -> Iterator[Figure]:
    """Costs over bare passes, and speeds by precision and threads."""
    runtime = Runtime.resolve(device, precision, threads)
    if table != "speeds":
        yield from costs(Bench(runtime, network, side, batch, 16), rounds)
    if table != "costs":
        either = threads is None and runtime.device.type == "cpu"
        tried = THREADS if either else (runtime.threads,)
        runtimes = [Runtime(runtime.device, p, t) for t in tried for p in PRECISIONS]
        for name, pixels in SPEEDS:
            if name in NETWORKS:
                yield from speeds(runtimes, name, pixels, batch, rounds)
    if runtime.device.type == "cuda":
        yield Figure("memory", [torch.cuda.max_memory_allocated() / 2**30], "GiB")


if __name__ == "__main__":
    main(rows, threads=1, rounds=1, batch=2)
