"""How time grows with the number of poses in what comes after the score.

    python benchmarks/scaling.py --sizes 10000 100000 1000000
    python benchmarks/scaling.py --sizes 100000 1000000 10000000 --only variation "bin similarity"

Each work is done on so many poses of the body world's source, one keypoint in ten missing, and its
processor time fitted by a power of their number. An exponent of 1 is linear; at most 1.05 is the
goal. Coverage and support are of 2,000 poses of the target: a test set has a size of its own, and
it is the source that grows. The page is that of a score, of a table in Parquet.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from figures import Figure, main, short
from scoring import write

from posesift import sampling
from posesift.data.readers import read
from posesift.data.stream import PoseStream
from posesift.difficulty import bins
from posesift.evaluation import by_bin, evalpose, intervals, pck
from posesift.experiments.score import ScoreSettings, score_poses
from posesift.poses.angles import AngleStatistics, joint_angles
from posesift.report.page import write_report
from posesift.sampling.systematic import draw
from posesift.similarity import coverage, duplicates, neighbours
from posesift.similarity.bins import bin_similarity
from posesift.similarity.orientation import Poses
from posesift.skeletons import load

EXPONENT = 1.05
BODY = load("body16")
STATISTICS = AngleStatistics(np.full(12, 110.0), np.full(12, 35.0))
BINS, TESTED = 25, 2000
NEAR_DEG = 5.0  # of near duplicates
Work = Callable[[], object]


class Sized:
    """What the works take, of one number of poses."""

    def __init__(self, count: int, folder: Path):
        self.count, self.folder = count, folder
        rng = np.random.default_rng(0)
        self.keypoints_NK2 = read(f"world:body,n={count}").keypoints_NK2
        self.visible_NK = rng.random((count, 16)) < 0.9
        self.score_N = rng.lognormal(size=count).astype(np.float32)
        self.angles_NA = joint_angles(self.keypoints_NK2, self.visible_NK, BODY.triplets)
        self.predicted_NK2 = self.keypoints_NK2 + rng.normal(0, 3, self.keypoints_NK2.shape)
        tested = read(f"world:body,poses=target,n={TESTED}")
        self.tested = Poses.of(tested.keypoints_NK2, tested.visible_NK, BODY)

    def works(self) -> dict[str, Callable[[], Work]]:
        """By name, what gets ready for a work and gives it."""
        return {
            "edges of bins": lambda: lambda: bins.bin_edges(self.score_N, BINS),
            "variation": self.variation,
            "bin similarity": self.similarity,
            "coverage": self.coverage,
            "support": lambda: (
                lambda: neighbours.count_within(self.tested.angles_NA, self.angles_NA)
            ),
            "rarity of test poses": lambda: (
                lambda: by_bin.angle_rarity(self.tested.angles_NA, self.angles_NA)
            ),
            "near duplicates": lambda: lambda: duplicates.near_duplicates(self.angles_NA, NEAR_DEG),
            "joint angles": lambda: (
                lambda: joint_angles(self.keypoints_NK2, self.visible_NK, BODY.triplets)
            ),
            "PCK": lambda: (
                lambda: pck.pck(
                    self.predicted_NK2, self.keypoints_NK2, self.visible_NK, 64, skeleton=BODY
                )
            ),
            "EvalPose": self.evalpose,
            "interval over images": lambda: self.interval(intervals.ratio_interval),
            "bootstrap interval": lambda: self.interval(intervals.bootstrap_interval),
            "weights of hard mining": lambda: (
                lambda: sampling.make("hard-mining", self.score_N).weights()
            ),
            "draws": self.draws,
            "page of a score": self.page,
        }

    def variation(self) -> Work:
        edges = bins.bin_edges(self.score_N, BINS)
        bin_N = bins.assign(self.score_N, edges)
        seen = self.keypoints_NK2, self.visible_NK
        return lambda: bins.variation(self.score_N, bin_N, *seen, edges=edges)

    def similarity(self) -> Work:
        bin_N = bins.assign(self.score_N, bins.bin_edges(self.score_N, BINS))
        return lambda: bin_similarity(self.angles_NA, bin_N, BINS, STATISTICS)

    def coverage(self) -> Work:
        source = Poses.of(self.keypoints_NK2, self.visible_NK, BODY)
        return lambda: coverage.cover(self.tested, source)

    def evalpose(self) -> Work:
        found_NA = joint_angles(self.predicted_NK2, self.visible_NK, BODY.triplets)
        return lambda: evalpose.evalpose_100(found_NA, self.angles_NA, *STATISTICS)

    def interval(self, of: Callable[..., object]) -> Work:
        seen = self.predicted_NK2, self.keypoints_NK2, self.visible_NK
        hits = pck.hits(pck.relative_errors(*seen, 64))
        return lambda: of(*hits)

    def draws(self) -> Work:
        weight_N = self.score_N / self.score_N.sum(dtype=np.float64)
        return lambda: draw(weight_N, self.count, np.random.default_rng(0))

    def page(self) -> Work:
        table, out = self.folder / "poses.parquet", self.folder / "score"
        write(table, self.count)
        settings = ScoreSettings(method="mean-distance", check=False)
        score_poses(PoseStream.read(f"poses:{table}"), out, settings)
        return lambda: write_report(out)


def rows(
    sizes: tuple[int, ...] = (10_000, 100_000, 1_000_000),
    rounds: int = 1,
    only: tuple[str, ...] = (),
) -> Iterator[Figure]:
    """The exponent of each work, or of those asked for, with its seconds at each size.

    Args:
        sizes: numbers of poses.
        rounds: times that each is done.
        only: names of works.
    """
    with tempfile.TemporaryDirectory() as name:
        sized = []
        for count in sizes:
            folder = Path(name) / str(count)
            folder.mkdir()
            sized.append(Sized(count, folder))
        for work in only or tuple(sized[0].works()):
            sized[0].works()[work]()()  # imports are not its work
            took = [seconds(one.works()[work](), rounds) for one in sized]
            power = [
                float(np.polyfit(np.log(sizes), np.log(t), 1)[0]) for t in zip(*took, strict=True)
            ]
            last = statistics.median(took[-1]) / statistics.median(took[-2])
            each = ", ".join(f"{short(statistics.median(t))} s" for t in took)
            beside = f"{each}; the last step is {short(last)} times for {sizes[-1] / sizes[-2]:g}"
            span = f"{sizes[0]:,} to {sizes[-1]:,}"
            yield Figure(f"{work}, {span}", power, "exponent", most=EXPONENT, beside=beside)


def seconds(work: Work, rounds: int) -> list[float]:
    """Processor time of each round."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return found


if __name__ == "__main__":
    main(rows, sizes=(500, 2000), rounds=1)
