"""PCK, EvalPose and bin similarity take time linear in the number of samples.

Run ``python benchmarks/metrics.py [--samples 50000]``. Each figure is measured at N and at 10 N
in processor seconds (the least of several repetitions), so other load on the machine counts
little. A ratio near 10 is linear; a quadratic method would show 100.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from posesift.evaluation import evalpose, intervals, pck
from posesift.poses.angles import AngleStatistics, joint_angles
from posesift.similarity import bins as similarity
from posesift.skeletons import load

BODY = load("body16")
STATISTICS = AngleStatistics(np.full(12, 110.0), np.full(12, 35.0))
BINS = 25


def works(samples: int) -> dict[str, Callable[[], object]]:
    """What is timed, on random poses."""
    rng = np.random.default_rng(0)
    true = rng.uniform(0, 64, (samples, 16, 2))
    predicted = true + rng.normal(0, 3, true.shape)
    visible = rng.random((samples, 16)) < 0.9
    bin_N = rng.integers(0, BINS, samples)
    label = joint_angles(true, np.ones_like(visible), BODY.triplets)
    found = joint_angles(predicted, visible, BODY.triplets)
    errors = pck.relative_errors(predicted, true, visible, 64)
    return {
        "PCK": lambda: pck.pck(predicted, true, visible, 64, skeleton=BODY),
        "joint angles": lambda: joint_angles(true, visible, BODY.triplets),
        "EvalPose": lambda: evalpose.evalpose_100(found, label, *STATISTICS),
        "bin similarity": lambda: similarity.bin_similarity(label, bin_N, BINS, STATISTICS),
        "interval over images": lambda: intervals.ratio_interval(*pck.hits(errors)),
    }


def seconds(work: Callable[[], object], repetitions: int = 5) -> float:
    """Least processor time of a few repetitions."""
    times = []
    for _ in range(repetitions):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=50_000, help="N; the other size is 10 N")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    small, large = works(options.samples), works(10 * options.samples)
    rows = []
    for name in small:
        at_n, at_10n = seconds(small[name]), seconds(large[name])
        rows.append(
            {
                "work": name,
                "seconds_n": at_n,
                "seconds_10n": at_10n,
                "ratio": at_10n / at_n,
                "samples_per_second": 10 * options.samples / at_10n,
            }
        )
    if options.json:
        print(json.dumps({"samples": options.samples, "rows": rows}, indent=1))
        return
    print(f"{'':22} {'N':>9} {'10 N':>9} {'ratio':>6} {'samples/s':>12}   N = {options.samples:,}")
    for row in rows:
        print(
            f"{row['work']:22} {row['seconds_n']:8.3f}s {row['seconds_10n']:8.3f}s "
            f"{row['ratio']:6.1f} {row['samples_per_second']:12,.0f}"
        )


if __name__ == "__main__":
    main()
