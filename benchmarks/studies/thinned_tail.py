"""Real photographs whose hard tail is thinned: does hard mining make up for it?

    python benchmarks/studies/thinned_tail.py --data lspet:/data/lspet --out runs/thinned-tail

No simulation and no gap of looks. The hardest quarter of the labelled training photographs (by the
distance to their nearest neighbours in joint angles, a score that no sampler here uses) is thinned
at random until it makes up 4 % of what is left; networks are trained on that, from scratch, with
uniform draws, hard mining by a Pose VAE fitted to the thinned set, and the same weights shuffled;
and tested on the untouched mixture of the test split. A seed redraws thinning, VAE, initialisation
and draws. About five minutes a seed on one core; interrupted, it goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch.utils.data import DataLoader

from posesift import progress
from posesift.adaptation.source_only.method import SourceOnly, SourceOnlySettings
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.method import Batch, Stage
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.augment import STRONG
from posesift.data.loading import PoseDataset, collate
from posesift.data.readers import read
from posesift.difficulty.scorers import fit as fit_scorer
from posesift.evaluation.by_bin import evaluation_difficulty, quantile_bins
from posesift.evaluation.intervals import paired_interval
from posesift.evaluation.pck import pck
from posesift.evaluation.predict import predict
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec
from posesift.networks.weights import default
from posesift.poses import PoseTable
from posesift.sampling import make
from posesift.sampling.sampler import StrategySampler

ARMS = ("uniform", "hard-mining", "shuffled")
SHARE, BATCH = 0.04, 32
SIDES = {"small": 64, "efficientnet-lite0": 96}
RATES = {"small": 2e-3, "efficientnet-lite0": 1e-3}


def thinned(table: PoseTable, seed: int) -> tuple[PoseTable, int]:
    """The table with its hardest quarter thinned to `SHARE`; and how many of it are left."""
    # against itself: each pose is its own nearest neighbour, alike for all
    bins = quantile_bins(evaluation_difficulty(table, table))
    assert bins is not None
    hard_N, rest_N = (
        np.flatnonzero(bins[0] == bins[0].max()),
        np.flatnonzero(bins[0] < bins[0].max()),
    )
    left = round(SHARE / (1 - SHARE) * len(rest_N))
    kept = np.random.default_rng((seed, 4)).permutation(hard_N)[:left]
    return table.select(np.sort(np.concatenate([rest_N, kept]))), left


def train(
    table: PoseTable, arm: str, score_N, seed: int, steps: int, runtime: Runtime, name: str
) -> SourceOnly:
    """A network trained on draws of one strategy, from what it begins from."""
    dataset = PoseDataset(table, SIDES[name])
    chosen = make(arm, np.zeros(len(table)) if arm == "uniform" else score_N, seed=seed)

    def load(stage: Stage, start: int) -> Iterable[Batch]:
        sampler = StrategySampler(
            chosen, draws=stage.steps * BATCH, batch_size=BATCH, seed=seed, start=start * BATCH
        )
        return DataLoader(dataset, BATCH, sampler=sampler, collate_fn=collate)

    network = build(name, len(table.skeleton), default(name), seed=seed)
    settings = SourceOnlySettings(
        warmup_steps=steps,
        steps=0,
        learning_rate=RATES[name],
        augmentation=replace(STRONG, rotation=30, scale=0.15, shift=0.05, flip=0.5),
        mirror=table.skeleton.mirror,
    )
    stride: int = network.stride  # type: ignore[assignment]
    method = SourceOnly(network, HeatmapCodec(SIDES[name], stride), settings)
    fit(method, {"source": load}, runtime, seed=seed)
    return method


def figures(method: SourceOnly, test: PoseDataset, difficulty_N: np.ndarray) -> dict[str, float]:
    predicted_NK2 = predict(method, test).keypoints_NK2
    bins = quantile_bins(difficulty_N)
    assert bins is not None
    hardest_N = bins[0] == bins[0].max()
    found = {}
    for part, rows in (("all", np.ones(len(hardest_N), bool)), ("hardest quarter", hardest_N)):
        for threshold in (0.05, 0.1):
            found[f"{part}, PCK@{threshold}"] = pck(
                predicted_NK2[rows],
                test.keypoints_NK2[rows],
                test.visible_NK[rows],
                test.side,
                threshold,
                skeleton=test.table.skeleton,
            )["all"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", required=True, help="address of labelled photographs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--network", choices=SIDES, default="efficientnet-lite0")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--out", type=Path, default=Path("runs/thinned-tail"))
    given = parser.parse_args()
    progress.show()
    runtime = Runtime.resolve("cpu", given.precision, given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "cells.jsonl"
    cells = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    boxed = given.data if "boxes=" in given.data else f"{given.data},boxes=labels"
    whole = read(f"{boxed},split=train")
    test = PoseDataset(read(f"{boxed},split=test"), SIDES[given.network])
    difficulty_N = evaluation_difficulty(test.table, whole)
    for seed in range(given.seeds):
        table, left = thinned(whole, seed)
        score_N = None
        for arm in ARMS:
            if any((cell["seed"], cell["arm"]) == (seed, arm) for cell in cells):
                continue
            if score_N is None:
                score_N = fit_scorer(table, seed=seed).score(table)
            method = train(table, arm, score_N, seed, given.steps, runtime, given.network)
            found = figures(method, test, difficulty_N)
            cell = {"seed": seed, "arm": arm, "images": len(table), "hard": left, "figures": found}
            cells.append(cell)
            with path.open("a") as file:
                file.write(json.dumps(cell) + "\n")
    value = {(cell["seed"], cell["arm"]): cell["figures"] for cell in cells}
    print(f"{cells[0]['images']} photographs, {cells[0]['hard']} of the hard tail")
    for name in cells[0]["figures"]:
        by_arm = {arm: [value[seed, arm][name] for seed in range(given.seeds)] for arm in ARMS}
        print(f"{name}: uniform {np.mean(by_arm['uniform']):.2f}")
        for arm in ARMS[1:]:
            found = paired_interval(by_arm[arm], by_arm["uniform"])
            ends = "" if found.low is None else f"  {found.low:+.2f} to {found.high:+.2f}"
            print(f"  {arm} minus uniform {found.mean:+.2f}{ends}")


if __name__ == "__main__":
    main()
