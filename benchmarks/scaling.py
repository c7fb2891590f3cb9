"""How time grows with the number of poses in what comes after the score.

    python benchmarks/scaling.py --sizes 10000 100000 1000000
    python benchmarks/scaling.py --sizes 100000 1000000 10000000 --tested 200 \
        --only "edges of bins" variation "bin similarity" support "weights of hard mining" draws

Each work is done on so many poses of the body world's source, one keypoint in ten missing, and its
processor time fitted by a power of their number. An exponent of 1 is linear; at most 1.05 is the
goal. Coverage and support are of 2,000 poses of the target: a test set has a size of its own, and
it is the source that grows. The page is that of a score, of a table in Parquet. What a work does
not take is not made, so that ten million poses of most take less than 8 GB; the most so far stands
beside each figure.
"""

from __future__ import annotations

import functools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from figures import Figure, main, peak_mb, short
from numpy.typing import NDArray
from scoring import write

from posesift import sampling
from posesift.data import worlds
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
BINS = 25
PART = 100_000  # poses drawn at a time
NEAR_DEG = 5.0  # of near duplicates
Work = Callable[[], object]


class Sized:
    """What the works take, of one number of poses; each column is made when it is first taken.

    Args:
        count: the number.
        tested: poses of the target.
        folder: for a table.
    """

    def __init__(self, count: int, tested: int, folder: Path):
        self.count, self.number_tested, self.folder = count, tested, folder

    @functools.cached_property
    def keypoints_NK2(self) -> NDArray[np.float32]:
        """Of the source, in parts: a pose's figure and camera take more than its keypoints."""
        found_NK2 = np.empty((self.count, len(BODY), 2), np.float32)
        for first in range(0, self.count, PART):
            rows = np.arange(first, min(first + PART, self.count))
            found_NK2[rows] = worlds.sample("body", indices=rows).table.keypoints_NK2
        return found_NK2

    @functools.cached_property
    def visible_NK(self) -> NDArray[np.bool_]:
        """One keypoint in ten is missing."""
        return np.random.default_rng(0).random((self.count, len(BODY)), np.float32) < 0.9

    @functools.cached_property
    def score_N(self) -> NDArray[np.float32]:
        """Any score, with a tail."""
        return np.random.default_rng(1).lognormal(size=self.count).astype(np.float32)

    @functools.cached_property
    def angles_NA(self) -> NDArray[np.float64]:
        """Joint angles of the source."""
        return joint_angles(self.keypoints_NK2, self.visible_NK, BODY.triplets)

    @functools.cached_property
    def predicted_NK2(self) -> NDArray[np.float32]:
        """Keypoints some pixels off."""
        off_NK2 = np.random.default_rng(2).standard_normal((self.count, len(BODY), 2), np.float32)
        return self.keypoints_NK2 + 3 * off_NK2

    @property
    def seen(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """What was predicted, what is there, and which of it is visible."""
        return self.predicted_NK2, self.keypoints_NK2, self.visible_NK

    @functools.cached_property
    def tested(self) -> Poses:
        """Poses of the target."""
        table = read(f"world:body,poses=target,n={self.number_tested}")
        return Poses.of(table.keypoints_NK2, table.visible_NK, BODY)

    def works(self) -> dict[str, Callable[[], Work]]:
        """By name, what gets ready for a work and gives it."""
        return {
            "edges of bins": lambda: partial(bins.bin_edges, self.score_N, BINS),
            "variation": self.variation,
            "bin similarity": self.similarity,
            "coverage": self.coverage,
            "support": lambda: partial(
                neighbours.count_within, self.tested.angles_NA, self.angles_NA
            ),
            "rarity of test poses": lambda: partial(
                by_bin.angle_rarity, self.tested.angles_NA, self.angles_NA
            ),
            "near duplicates": lambda: partial(
                duplicates.near_duplicates, self.angles_NA, NEAR_DEG
            ),
            "joint angles": lambda: partial(
                joint_angles, self.keypoints_NK2, self.visible_NK, BODY.triplets
            ),
            "PCK": lambda: partial(pck.pck, *self.seen, 64, skeleton=BODY),
            "EvalPose": self.evalpose,
            "interval over images": lambda: self.interval(intervals.ratio_interval),
            "bootstrap interval": lambda: self.interval(intervals.bootstrap_interval),
            "weights of hard mining": self.weights,
            "draws": self.draws,
            "page of a score": self.page,
        }

    def variation(self) -> Work:
        edges = bins.bin_edges(self.score_N, BINS)
        bin_N = bins.assign(self.score_N, edges)
        seen = self.keypoints_NK2, self.visible_NK
        return partial(bins.variation, self.score_N, bin_N, *seen, edges=edges)

    def similarity(self) -> Work:
        bin_N = bins.assign(self.score_N, bins.bin_edges(self.score_N, BINS))
        return partial(bin_similarity, self.angles_NA, bin_N, BINS, STATISTICS)

    def coverage(self) -> Work:
        source = Poses.of(self.keypoints_NK2, self.visible_NK, BODY)
        return partial(coverage.cover, self.tested, source)

    def evalpose(self) -> Work:
        found_NA = joint_angles(self.predicted_NK2, self.visible_NK, BODY.triplets)
        return partial(evalpose.evalpose_100, found_NA, self.angles_NA, *STATISTICS)

    def interval(self, of: Callable[..., object]) -> Work:
        return partial(of, *pck.hits(pck.relative_errors(*self.seen, 64)))

    def weights(self) -> Work:
        score_N = self.score_N
        return lambda: sampling.make("hard-mining", score_N).weights()

    def draws(self) -> Work:
        weight_N = self.score_N / self.score_N.sum(dtype=np.float64)
        return partial(draw, weight_N, self.count, np.random.default_rng(0))

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
    tested: int = 2000,
) -> Iterator[Figure]:
    """The exponent of each work, or of those asked for, with its seconds at each size.

    Args:
        sizes: numbers of poses.
        rounds: times that each is done.
        only: names of works.
        tested: poses of the target.
    """
    with tempfile.TemporaryDirectory() as name:
        sized = []
        for count in sizes:
            folder = Path(name) / str(count)
            folder.mkdir()
            sized.append(Sized(count, tested, folder))
        for work in only or tuple(sized[0].works()):
            sized[0].works()[work]()()  # imports are not its work
            took = [seconds(one.works()[work](), rounds) for one in sized]
            power = [
                float(np.polyfit(np.log(sizes), np.log(t), 1)[0]) for t in zip(*took, strict=True)
            ]
            last = statistics.median(took[-1]) / statistics.median(took[-2])
            each = ", ".join(f"{short(statistics.median(t))} s" for t in took)
            step = f"{short(last)} times for {sizes[-1] / sizes[-2]:g}"
            beside = f"{each}; the last step is {step}; {short(peak_mb())} MB"
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
