"""Scoring a million poses, against the bare matrix products of the Pose VAE; weights and draws.

    python benchmarks/scoring.py [--samples 1000000] [--threads 1]

The floor is the six matrix products of the network, in chunks, on points that are ready: no
normalisation, no activations, no residual. Both are timed in turns within one run, by processor
time, and the best round of each counts. The goal is half the floor's speed, that is a ratio of at
most 2. Weights and draws are timed at N and at 10 N: linear means a ratio of about 10.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import torch

from posesift import sampling, skeletons
from posesift.difficulty import scorers
from posesift.difficulty.normalisation import CHUNK
from posesift.difficulty.pose_vae import PoseVAE
from posesift.poses import PoseTable
from posesift.sampling.systematic import draw

GOAL = 2.0
BODY = skeletons.load("body16")


def poses(samples: int) -> PoseTable:
    """Random poses; one keypoint in ten is missing."""
    rng = np.random.default_rng(0)
    return PoseTable(
        skeleton=BODY,
        keypoints_NK2=rng.uniform(0, 256, (samples, 16, 2)).astype(np.float32),
        visible_NK=rng.random((samples, 16)) < 0.9,
        width_N=np.full(samples, 256, np.int32),
        height_N=np.full(samples, 256, np.int32),
    )


def products(network: PoseVAE, samples: int) -> Callable[[], None]:
    """The network's matrix products for so many poses, and nothing else."""
    weights = [p for p in network.parameters() if p.ndim == 2]
    inputs = [torch.rand(CHUNK, weight.shape[1]) for weight in weights]

    @torch.inference_mode()
    def work() -> None:
        for _ in range(0, samples, CHUNK):
            for weight, points in zip(weights, inputs, strict=True):
                points @ weight.T

    return work


def seconds(*works: Callable[[], object], rounds: int) -> list[float]:
    """Least processor time of each, taken in turns."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for i, work in enumerate(works):
            began = time.process_time()
            work()
            best[i] = min(best[i], time.process_time() - began)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)

    table = poses(given.samples)
    scorer = scorers.fit(table.select(np.arange(2000)), steps=20)
    assert isinstance(scorer.model, PoseVAE)
    floor = products(scorer.model, given.samples)
    bare, whole = seconds(floor, lambda: scorer.score(table), rounds=given.rounds)

    result = {
        "samples": given.samples,
        "products_seconds": round(bare, 3),
        "scoring_seconds": round(whole, 3),
        "ratio": round(whole / bare, 2),
        "goal": GOAL,
        "ten_times_the_samples_take": {},
    }
    for name in ("hard-mining", "quadratic", "easy", "draws"):
        score_N = np.random.default_rng(0).lognormal(size=given.samples)

        def work(size: int, name: str = name, score_N: np.ndarray = score_N) -> object:
            if name == "draws":
                weights_N = score_N[:size] / score_N[:size].sum()
                return draw(weights_N, size, np.random.default_rng(0))
            return sampling.make(name, score_N[:size]).weights()

        few, many = seconds(
            lambda work=work: work(given.samples // 10),
            lambda work=work: work(given.samples),
            rounds=given.rounds,
        )
        result["ten_times_the_samples_take"][name] = round(many / few, 1)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
