"""The two passes over all poses that a cluster shares out, in one process and on two Ray workers.

    python benchmarks/cluster.py [--samples 200000] [--rounds 2]

Counting (all columns read and checked) and scoring (poses read, scores out) of one table, by the
same functions. Printed are poses a second by the clock, and microseconds of processor a pose, of
this process and all that it started: Ray's own processes count. On a machine whose cores are all
taken, or with one core for all, the clock says little and the processor what Ray costs.

What comes before, the start of the cluster and of its workers with all that they import, is told
apart; so are the first passes, in which it falls. Both engines give the same bytes, or it ends.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
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


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What ``work`` gives, its seconds by the clock and those of processor."""
    began, before = time.perf_counter(), used()
    found = work()
    return found, time.perf_counter() - began, used() - before


def started() -> OnRay:
    import ray

    os.environ |= {"RAY_worker_niceness": "0"}  # else whoever else computes here comes first
    ray.init("local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    return OnRay(ray)


def passes(
    name: str, engine: OnRay | None, table: Path, scorer: Scorer, rounds: int
) -> dict[str, np.ndarray]:
    """Print a line for each pass; the scores of the last."""

    def score(stream: PoseStream) -> dict[str, np.ndarray]:
        scorable_N = stream.seen_N >= FEWEST_VISIBLE
        if engine is None:
            return scorer.scores_of_parts(stream.parts(bare=True), scorable_N)
        return scores_on_engine(stream, scorer, scorable_N, None)

    scores: dict[str, np.ndarray] = {}
    for turn in range(rounds):
        stream, *counting = timed(lambda: PoseStream.read(f"poses:{table}", engine))
        scores, *scoring = timed(lambda stream=stream: score(stream))
        for what, (wall, spent) in (("count", counting), ("score", scoring)):
            facts = {
                "engine": name,
                "pass": what + " (first)" * (turn == 0),
                "poses_per_s": round(len(stream) / wall),
                "processor_us_per_pose": round(1e6 * spent / len(stream), 2),
            }
            print(json.dumps(facts), flush=True)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "poses.parquet"
        write(table, given.samples)
        scorer = scorers.fit(poses(2_000), steps=30)
        wanted = passes("local", None, table, scorer, given.rounds)
        cluster, wall, spent = timed(started)
        print(json.dumps({"start_s": round(wall, 1), "processor_s": round(spent, 1)}), flush=True)
        found = passes("ray", cluster, table, scorer, given.rounds)
        assert all(np.array_equal(wanted[name], found[name]) for name in wanted)


if __name__ == "__main__":
    main()
