"""`posesift score` from ten thousand poses to a million: processor time, memory, and the floor.

    python benchmarks/scoring.py --samples 10000 100000 1000000 --threads 1

Each size is a table in Parquet that a process of its own scores, page included: its processor time
and its peak memory are measured, and the exponent that a power of N fitted to the times has (1 is
linear; at most 1.05 is the goal, and far less where fixed samples cost more than the poses).

Beside it, the pass that scores every pose, Parquet in and scores out, against the six matrix
products of the Pose VAE alone, in chunks, on points that are ready: no reading, no normalisation,
no activations, no residual. Both are timed in turns within one process, by processor time. The goal
is half the floor's speed, that is a ratio of at most 2.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from figures import Figure, in_turns, main, over, spent

from posesift import skeletons
from posesift.data.stream import PoseStream
from posesift.difficulty.normalisation import CHUNK
from posesift.difficulty.pose_vae import PoseVAE
from posesift.difficulty.scorers import load_scorer
from posesift.difficulty.scoring import FEWEST_VISIBLE
from posesift.poses import PoseTable

GOAL, EXPONENT, MEMORY_MB = 2.0, 1.05, 1074
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


def rows(
    samples: tuple[int, ...] = (10_000, 100_000, 1_000_000), threads: int = 1, rounds: int = 3
) -> Iterator[Figure]:
    """Time and memory of each size, its scoring pass over the floor, and the exponent of all."""
    torch.set_num_threads(threads)
    took = []
    for count in samples:
        with tempfile.TemporaryDirectory() as folder:
            table, out = Path(folder) / "poses.parquet", Path(folder) / "score"
            write(table, count)
            words = ("-m", "posesift", "score", f"poses:{table}", "--out", str(out))
            seconds, memory = spent(*words, threads=threads)
            took.append(seconds)
            scorer = load_scorer(out)
            assert isinstance(scorer.model, PoseVAE)
            stream = PoseStream.read(f"poses:{table}")
            scorable_N = stream.seen_N >= FEWEST_VISIBLE
            works = {
                "products": products(scorer.model, count),
                "pass": lambda: scorer.scores_of_parts(stream.parts(bare=True), scorable_N),  # noqa: B023
            }
            times = in_turns(works, rounds)
        yield Figure(f"posesift score of {count:,}: processor", [seconds], "s")
        yield Figure(f"posesift score of {count:,}: memory", [memory], "MB", most=MEMORY_MB)
        ratios = over(times["pass"], times["products"])
        beside = ", ".join(f"{what} {min(found):.3f} s" for what, found in times.items())
        yield Figure(
            f"scoring pass over {count:,}, over products", ratios, most=GOAL, beside=beside
        )
    if len(samples) > 1:
        exponent = float(np.polyfit(np.log(samples), np.log(took), 1)[0])
        yield Figure("exponent of posesift score", [exponent], "power", most=EXPONENT)


if __name__ == "__main__":
    main(rows, samples=(500,), rounds=1)
