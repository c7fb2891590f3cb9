"""Where does sampling by difficulty help UDAPE? The screening grid on the body world.

    python benchmarks/studies/sampling_grid.py --seeds 0 1 --out runs/sampling-grid

One factor at a time, two seeds: where in training the strategy draws, the strategy, its bins, the
normalisation of poses, the confidence mask, the share of rare poses in the source, the length of
the training. Every row is compared with uniform sampling under its own condition, on the same
number of draws, from the same initial network. About 25 minutes a seed on one core; interrupted,
it goes on where it was. Prints points of PCK@0.05 against uniform; `--out` keeps every cell.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from posesift import progress
from posesift.adaptation.source_only.method import SourceOnly, SourceOnlySettings
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.method import Batch, Method, Stage
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.udape.method import UDAPE, UDAPESettings
from posesift.adaptation.views.augment import STRONG
from posesift.data.loading import PoseDataset, collate
from posesift.data.readers import read
from posesift.difficulty.scorers import fit as fit_scorer
from posesift.evaluation.by_bin import evaluation_difficulty, quantile_bins
from posesift.evaluation.pck import pck
from posesift.evaluation.predict import predict
from posesift.experiments.recipes import recipe
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec
from posesift.poses import PoseTable
from posesift.sampling import Strategy, make
from posesift.sampling.sampler import StrategySampler

BATCH = 32


@dataclass(frozen=True)
class Row:
    """One cell's setting; `mask`, `tail` and `length` are the condition it is compared within."""

    sampling: str = "uniform"
    where: str = "both"
    width_bins: int = 10
    normalisation: str = "limb"
    mask: str = "joint"
    tail: float | None = None
    length: int = 1


HARD = Row("hard-mining")
GRID = (
    Row(),
    HARD,
    replace(HARD, where="adaptation"),
    Row(tail=0.01),
    replace(HARD, tail=0.01),
    Row(mask="batch"),
    replace(HARD, mask="batch"),
    Row("quadratic"),
    Row("curriculum-then-hard"),
    replace(HARD, width_bins=25),
    Row(tail=0.10),
    replace(HARD, tail=0.10),
    replace(HARD, normalisation="crop"),
    replace(HARD, where="warm-up"),
    Row("curriculum"),
    Row(length=4),
    replace(HARD, length=4),
)


class World:
    """Data of one seed."""

    def __init__(self, name: str, seed: int):
        self.experiment, self.seed = recipe(name, seed), seed
        self.target = read(self.experiment.data.target or "", default_split="train")
        self.tests = {
            key: PoseDataset(read(self.experiment.data.test[key], default_split="test"), 64)
            for key in ("target", "target_poses")
        }
        self.warm: dict[tuple, dict[str, torch.Tensor]] = {}

    def source(self, tail: float | None) -> PoseTable:
        """The source, with this share of rare poses, at an unchanged number of images."""
        table = read(self.experiment.data.source, default_split="train")
        if tail is None:
            return table
        pool = read(self.experiment.data.source.replace("n=6000", "n=16000"), default_split="train")
        rare = round(tail * len(table))
        assert pool.rare_N is not None
        chosen = [
            np.flatnonzero(pool.rare_N)[:rare],
            np.flatnonzero(~pool.rare_N)[: len(table) - rare],
        ]
        return pool.select(np.sort(np.concatenate(chosen)))


def strategy(row: Row, table: PoseTable, seed: int) -> Strategy:
    if row.sampling == "uniform":
        return make("uniform", np.zeros(len(table)))
    scorer = fit_scorer(table, seed=seed, normalisation=row.normalisation)
    options = {"width_bins": row.width_bins} if row.sampling == "hard-mining" else {}
    return make(row.sampling, scorer.score(table), k=10, seed=seed, **options)


def loader(
    table: PoseTable, seed: int, by_stage: dict[str, Strategy]
) -> Callable[[Stage, int], Iterable[Batch]]:
    dataset = PoseDataset(table, 64)

    def load(stage: Stage, start: int) -> Iterable[Batch]:
        sampler = StrategySampler(
            by_stage[stage.name],
            draws=stage.steps * BATCH,
            batch_size=BATCH,
            seed=2 * seed + (stage.name == "adaptation"),
            start=start * BATCH,
        )
        return DataLoader(dataset, BATCH, sampler=sampler, collate_fn=collate)

    return load


def figures(method: Method, tests: dict[str, PoseDataset]) -> dict[str, float]:
    found = {}
    for name, data in tests.items():
        predicted_NK2 = predict(method, data).keypoints_NK2
        bins = quantile_bins(evaluation_difficulty(data.table))
        assert bins is not None
        hardest_N = bins[0] == bins[0].max()
        for part, chosen_N in ((name, hardest_N >= 0), (f"{name}, hardest quarter", hardest_N)):
            found[part] = pck(
                predicted_NK2[chosen_N],
                data.keypoints_NK2[chosen_N],
                data.visible_NK[chosen_N],
                64,
                skeleton=data.table.skeleton,
            )["all"]
    return found


def cell(row: Row, world: World, runtime: Runtime) -> dict[str, float]:
    """Warm-up (kept for rows that share it), then UDAPE."""
    experiment, seed, table = world.experiment, world.seed, world.source(row.tail)
    drawn, uniform = strategy(row, table, seed), strategy(Row(), table, seed)
    by_stage = {
        stage: drawn if row.where in (stage, "both") else uniform
        for stage in ("warm-up", "adaptation")
    }
    common = {
        "augmentation": replace(
            STRONG, rotation=experiment.training.rotation, scale=0.15, shift=0.05, flip=0.5
        ),
        "mirror": table.skeleton.mirror,
    }
    warmup = row.length * experiment.training.warmup_steps
    sampled = row if row.where != "adaptation" else replace(row, sampling="uniform")
    key = (sampled.sampling, row.width_bins, row.normalisation, row.tail, row.length)
    key = ("uniform", 10, "limb", *key[3:]) if sampled.sampling == "uniform" else key
    network = build("small", len(table.skeleton), seed=seed)
    codec = HeatmapCodec(64, network.stride)  # type: ignore[arg-type]
    if key not in world.warm:
        supervised = SourceOnly(
            network, codec, SourceOnlySettings(warmup_steps=warmup, steps=0, **common)
        )
        fit(supervised, {"source": loader(table, seed, by_stage)}, runtime, seed=seed)
        world.warm[key] = {k: v.clone() for k, v in network.state_dict().items()}
    network.load_state_dict(world.warm[key])
    settings = UDAPESettings(
        warmup_steps=0,
        steps=row.length * experiment.training.steps,
        mask=row.mask,  # type: ignore[arg-type]
        **common,
    )
    method = UDAPE(network, codec, settings)
    target = {"adaptation": strategy(Row(), world.target, seed)}
    fit(
        method,
        {"source": loader(table, seed, by_stage), "target": loader(world.target, seed + 1, target)},
        runtime,
        seed=seed,
    )
    return figures(method, world.tests)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/sampling-grid"))
    parser.add_argument("--world", default="world-body")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--rows", type=int, nargs="+", default=list(range(len(GRID))))
    parser.add_argument("--threads", type=int, default=None)
    given = parser.parse_args()
    progress.show()
    runtime = Runtime.resolve("cpu", threads=given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    for seed in given.seeds:
        path = given.out / f"{given.world}-seed{seed}.jsonl"
        known = (
            [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        )
        world = World(given.world, seed)
        for row in (GRID[number] for number in given.rows):
            if not any(line["row"] == asdict(row) for line in known):
                line = {"row": asdict(row), "figures": cell(row, world, runtime)}
                known.append(line)
                with path.open("a") as file:
                    file.write(json.dumps(line) + "\n")
    report(given.out, given.world, given.seeds)


def report(folder: Path, world: str, seeds: list[int]) -> None:
    """Each row minus uniform of its own condition, by seed."""
    by_seed = []
    for seed in seeds:
        lines = (folder / f"{world}-seed{seed}.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        by_seed.append({Row(**line["row"]): line["figures"] for line in found})
    for row in GRID:
        base = Row(mask=row.mask, tail=row.tail, length=row.length)
        cells = [(found.get(row), found.get(base)) for found in by_seed]
        shown = {
            name: " ".join(
                (f"{mine[name] - other[name]:+.2f}" if row != base else f"{mine[name]:.2f}")
                for mine, other in cells
                if mine and other
            )
            for name in ("target", "target, hardest quarter", "target_poses")
        }
        print(f"{row.sampling:22} {row.where:11} {row}\n    {shown}")


if __name__ == "__main__":
    main()
