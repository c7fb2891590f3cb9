"""`posesift score` from ten thousand poses to a million: processor time, memory, and the floor.

    python benchmarks/scoring.py [--samples 10000 100000 1000000] [--threads 1]

Each size is a table in Parquet that a process of its own scores, page included: its processor time
and its peak memory are printed, with the exponent that a power of N fitted to the times has (1 is
linear; at most 1.05 is the goal, and far less where fixed samples cost more than the poses).

Beside it, the pass that scores every pose, Parquet in and scores out, against the six matrix
products of the Pose VAE alone, in chunks, on points that are ready: no reading, no normalisation,
no activations, no residual. Both are timed in turns within one process, by processor time, and the
best round of each counts. The goal is half the floor's speed, that is a ratio of at most 2.

Weights and draws are timed at N and at N / 10 of the largest size: linear means a ratio of 10.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch

from posesift import sampling, skeletons
from posesift.data.stream import PoseStream
from posesift.difficulty.normalisation import CHUNK
from posesift.difficulty.pose_vae import PoseVAE
from posesift.difficulty.scorers import load_scorer
from posesift.difficulty.scoring import FEWEST_VISIBLE
from posesift.poses import PoseTable
from posesift.sampling.systematic import draw

GOAL, EXPONENT, MEMORY_MIB = 2.0, 1.05, 1024
BODY = skeletons.load("body16")
GROUP = 50_000  # poses of a row group, as `posesift prepare` writes them


def poses(samples: int, seed: int = 0) -> PoseTable:
    """Random poses of clips, with names of images; one keypoint in ten is missing."""
    rng = np.random.default_rng(seed)
    clips = [f"run{seed}/clip_{row // 70:05d}" for row in range(samples)]
    return PoseTable(
        skeleton=BODY,
        keypoints_NK2=rng.uniform(0, 255, (samples, 16, 2)).astype(np.float32),
        visible_NK=rng.random((samples, 16)) < 0.9,
        width_N=np.full(samples, 256, np.int32),
        height_N=np.full(samples, 256, np.int32),
        clip_N=np.array(clips, object),
        image_N=np.array([f"{clip}/{row % 70:03d}.jpg" for row, clip in enumerate(clips)], object),
        root="images",
    )


def write(path: Path, samples: int) -> None:
    """Write a table of any size, one row group in memory at a time."""
    writer = None
    for seed, first in enumerate(range(0, samples, GROUP)):
        group = poses(min(GROUP, samples - first), seed).to_arrow()
        writer = writer or pq.ParquetWriter(path, group.schema)
        writer.write_table(group)
    assert writer is not None
    writer.close()


def command(table: Path, out: Path, threads: int) -> tuple[float, float]:
    """Processor seconds and peak memory in MiB of `posesift score`."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    arguments = [sys.executable, "-m", "posesift", "score", f"poses:{table}", "--out", str(out)]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


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


def measure(samples: int, threads: int, rounds: int) -> dict[str, float]:
    """One size: the command, and its scoring pass against the floor."""
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "poses.parquet", Path(folder) / "score"
        write(table, samples)
        spent, memory = command(table, out, threads)
        scorer = load_scorer(out)
        assert isinstance(scorer.model, PoseVAE)
        stream = PoseStream.read(f"poses:{table}")
        scorable_N = stream.seen_N >= FEWEST_VISIBLE
        floor, scoring = seconds(
            products(scorer.model, samples),
            lambda: scorer.scores_of_parts(stream.parts(bare=True), scorable_N),
            rounds=rounds,
        )
    return {
        "samples": samples,
        "cpu_seconds": round(spent, 1),
        "peak_mib": round(memory),
        "products_seconds": round(floor, 3),
        "scoring_seconds": round(scoring, 3),
        "ratio": round(scoring / floor, 2),
    }


def weights_and_draws(samples: int, rounds: int) -> dict[str, float]:
    """How many times as long they take for N as for N / 10."""
    found = {}
    for name in ("hard-mining", "quadratic", "easy", "draws"):
        score_N = np.random.default_rng(0).lognormal(size=samples)

        def work(size: int, name: str = name, score_N: np.ndarray = score_N) -> object:
            if name == "draws":
                weights_N = score_N[:size] / score_N[:size].sum()
                return draw(weights_N, size, np.random.default_rng(0))
            return sampling.make(name, score_N[:size]).weights()

        few, many = seconds(
            lambda work=work: work(samples // 10), lambda work=work: work(samples), rounds=rounds
        )
        found[name] = round(many / few, 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)

    rows = []
    for samples in given.samples:
        rows.append(measure(samples, given.threads, given.rounds))
        print(json.dumps(rows[-1]), flush=True)
    spent = [(np.log(row["samples"]), np.log(row["cpu_seconds"])) for row in rows]
    result = {
        "exponent": round(float(np.polyfit(*np.transpose(spent), 1)[0]), 2) if rows[1:] else None,
        "goals": {"exponent": EXPONENT, "ratio": GOAL, "peak_mib": MEMORY_MIB},
        "ten_times_the_samples_take": weights_and_draws(max(given.samples), given.rounds),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
