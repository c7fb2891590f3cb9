"""The two passes over all poses that a cluster shares out, on two Ray workers over one process.

    python benchmarks/cluster.py [--samples 200000] [--rounds 3]

Counting (all columns read and checked) and scoring (poses read, scores out) of one table, by the
same functions, in processor seconds of this process and of all that it started: Ray's own count.
The first pass, in which the workers import, stands by itself, and so does the start of the
cluster. Both engines give the same bytes, or it ends.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from figures import Figure, main, over
from scoring import poses, write

from posesift.data.stream import PoseStream
from posesift.difficulty import scorers
from posesift.difficulty.scorers import Scorer
from posesift.difficulty.scoring import FEWEST_VISIBLE
from posesift.engines.on_ray import OnRay
from posesift.experiments.score_pieces import scores_on_engine

WORKERS = 2


def used() -> float:
    """Processor seconds of this process and of all its descendants that live."""
    ticks, parent = {}, {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parent[int(place.parent.name)] = int(fields[1])
        ticks[int(place.parent.name)] = sum(map(int, fields[11:15]))  # its dead children's, too
    total = 0
    for process in ticks:
        above = process
        while above in parent and above != os.getpid():
            above = parent[above]
        total += ticks[process] * (above == os.getpid())
    return total / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What ``work`` gives, and its seconds of processor."""
    before = used()
    return work(), used() - before


def started() -> OnRay:
    import ray

    os.environ |= {"RAY_worker_niceness": "0"}  # else whoever else computes here comes first
    ray.init("local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    return OnRay(ray)


def passes(
    engine: OnRay | None, table: Path, scorer: Scorer, rounds: int
) -> tuple[dict[str, np.ndarray], dict[str, list[float]]]:
    """The scores, and the seconds of both passes in each round."""

    def score(stream: PoseStream) -> dict[str, np.ndarray]:
        scorable_N = stream.seen_N >= FEWEST_VISIBLE
        if engine is None:
            return scorer.scores_of_parts(stream.parts(bare=True), scorable_N)
        return scores_on_engine(stream, scorer, scorable_N, None)

    scores: dict[str, np.ndarray] = {}
    seconds: dict[str, list[float]] = {"count": [], "score": []}
    for _ in range(rounds):
        stream, counting = timed(lambda: PoseStream.read(f"poses:{table}", engine))
        scores, scoring = timed(lambda stream=stream: score(stream))
        seconds["count"].append(counting)
        seconds["score"].append(scoring)
    return scores, seconds


def rows(samples: int = 100_000, rounds: int = 3) -> Iterator[Figure]:
    """Ray's processor time over that of one process; the start of the cluster."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "poses.parquet"
        write(table, samples)
        scorer = scorers.fit(poses(2_000), steps=30)
        wanted, local = passes(None, table, scorer, rounds)
        cluster, start = timed(started)
        yield Figure(f"start of a cluster of {WORKERS} workers", [start], "s")
        found, shared = passes(cluster, table, scorer, rounds)
        assert all(np.array_equal(wanted[name], found[name]) for name in wanted)
    for what, (first, *later) in shared.items():
        name = f"{what}, {samples:,} poses, Ray over one process"
        beside = f"{1e6 * min(local[what]) / samples:.1f} us a pose in one process"
        yield Figure(f"{name}, first", [first / min(local[what])])
        yield Figure(name, over(later, local[what][1:]), beside=beside)


if __name__ == "__main__":
    main(rows, samples=20_000, rounds=2)
