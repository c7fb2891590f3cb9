"""The poses that a page speaks of, beside their scores, bins, angles and errors, read once.

The source as its score folder knows it; the target as it was tested, scored and binned by the
source's own scorer, so that bin 7 means the same in both.

N samples, K keypoints, A angles, k bins, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from posesift.data import address
from posesift.data.readers import read
from posesift.difficulty import bins
from posesift.poses import geometry
from posesift.poses.angles import joint_angles
from posesift.poses.table import PoseTable
from posesift.report import pictures
from posesift.report.wording import count
from posesift.results import by_seed
from posesift.results.comparison import Comparison
from posesift.results.predictions import Predictions, read_predictions
from posesift.results.run import Run
from posesift.results.score import Score

UNBINNED = -1
HARDEST = 64  # of all poses that a sample of them holds in any case: their labels are looked at


@dataclass(frozen=True)
class Outcome:
    """How one model did on each of N poses; NaN = undefined.

    Attributes:
        label: of the model, for people.
        pck_N: the headline's PCK@0.05 of each sample alone, in percent, over its visible
            keypoints of the headline group.
        evalpose_N: 0 to 100.
        predicted_NK2: in pixels of a crop of ``side``; None where no predictions were kept.
        side: of the crops that were predicted on.
        oracle: whether it was trained on the labels of these poses' own set.
        counted_N: keypoints that ``pck_N`` counts, by which a mean over samples weighs them to be
            the PCK of all of them together; None = not known, every sample weighs the same.
        kept: the predictions as they were kept, with the labels that they were judged by.
        arm: of a comparison, by its name there.
    """

    label: str
    pck_N: NDArray[np.float64]
    evalpose_N: NDArray[np.float64]
    predicted_NK2: NDArray[np.float32] | None = None
    side: int = 0
    oracle: bool = False
    counted_N: NDArray[np.int64] | None = None
    kept: Predictions | None = None
    arm: str = ""


@dataclass(frozen=True)
class PoseSet:
    """N poses of one set.

    Attributes:
        which: whether the set was trained on or is to be predicted.
        title: for people.
        table: the poses, with images where these are at hand.
        row_N: row of each pose in the data that ``table.address`` names.
        score_N: difficulty, higher = harder; NaN = a pose that cannot be scored.
        bin_N: counted from 0; `UNBINNED` without a score.
        edges: (k + 1,) of the bins; poses beyond them belong to the outermost.
        scored_by: what the score is, in words.
        angles_NA: joint angles in degrees, NaN = undefined.
        outcomes: of the models that predicted these poses; none for a source.
        problem: why the set has no images, or "".
        whole: score and bin of every pose of the data, where these N are a sample of them.
    """

    which: Literal["source", "target"]
    title: str
    table: PoseTable
    row_N: NDArray[np.int64]
    score_N: NDArray[np.float64]
    bin_N: NDArray[np.int64]
    edges: NDArray[np.float64]
    scored_by: str
    angles_NA: NDArray[np.float64]
    outcomes: list[Outcome] = field(default_factory=list)
    problem: str = ""
    whole: tuple[NDArray[np.float32], NDArray[np.int16]] | None = None

    def __len__(self) -> int:
        """Return the number of poses N."""
        return len(self.table)

    @property
    def total(self) -> int:
        """The number of poses of the data, N or more."""
        return len(self.every_score)

    @property
    def every_score(self) -> NDArray:
        """The score of every pose of the data."""
        return self.score_N if self.whole is None else self.whole[0]

    @property
    def every_bin(self) -> NDArray:
        """The bin of every pose of the data."""
        return self.bin_N if self.whole is None else self.whole[1]

    @property
    def of_world(self) -> bool:
        """Whether a built-in world made the poses, so that no label can be wrong."""
        return self.table.share is not None or self.table.root.startswith("world:")

    def middle(self, inside_N: NDArray[np.bool_]) -> int | None:
        """Return the row of the pose with the middle score of some; None where none has one."""
        rows = np.flatnonzero(inside_N & np.isfinite(self.score_N))
        order = rows[np.argsort(self.score_N[rows], kind="stable")]
        return int(order[len(order) // 2]) if len(order) else None

    def binned_as(self, edges: Sequence[float] | NDArray) -> bool:
        """Whether bin 7 means here what it means between these edges."""
        return np.array_equal(self.edges, np.asarray(edges))

    @property
    def k(self) -> int:
        """The number of bins."""
        return len(self.edges) - 1


def source_of(score: Score, most: int | None = None) -> tuple[PoseSet | None, str]:
    """Return the scored poses, or None and why they are not available.

    Args:
        score: what was scored.
        most: poses above which a random sample of so many is taken, with the `HARDEST` of all;
            None: all, whose numbers are then those of the data.
    """
    summary = score.summary
    address, size, row_N = summary["address"], summary["samples"], score.index_N
    sampled = most is not None and len(row_N) > most
    if most is not None and sampled:
        row_N = _some(score, most)
        table, problem = pictures.rows_of(address, size, row_N)
    else:
        table, problem = pictures.table_of(address, size)
    if table is None:
        return None, problem
    row_N = row_N.astype(np.int64)
    if not sampled and not np.array_equal(row_N, np.arange(len(table))):
        table = table.select(row_N)
    chosen = row_N if sampled else slice(None)
    found = PoseSet(
        which="source",
        title="source poses",
        table=table,
        row_N=row_N,
        score_N=score.score_N[chosen].astype(np.float64),
        bin_N=score.bin_N[chosen].astype(np.int64),
        edges=np.asarray(summary["edges"], np.float64),
        scored_by=str(summary["method"]),
        angles_NA=_angles(table),
        whole=(score.score_N, score.bin_N) if sampled else None,
    )
    return found, ""


def _some(score: Score, most: int) -> NDArray[np.int64]:
    """Rising numbers of a random sample, and of the hardest poses of all."""
    drawn = np.random.default_rng(0).choice(len(score.score_N), most, replace=False, shuffle=False)
    return np.union1d(drawn, np.argpartition(score.score_N, -HARDEST)[-HARDEST:])


def target_of(folder: Run | Comparison) -> PoseSet | None:
    """Give the tested target poses with every model's errors; None where no predictions were kept.

    Of a comparison the first seed is shown.
    """
    if isinstance(folder, Comparison):
        title, predicted = "target poses", _arms(folder)
    else:
        name, _ = folder.headline
        one, oracle = read_predictions(folder.path, name), folder.settings.get("method") == "oracle"
        title = folder.set_label(name)
        predicted = [] if one is None else [("", "this run", one, oracle)]
    if not predicted:
        return None
    first = predicted[0][2]
    table, problem = _tested(first)
    outcomes = [
        Outcome(
            label,
            one.pck_N,
            one.evalpose_N,
            one.predicted_NK2,
            one.side,
            oracle,
            one.counted_N,
            kept=one,
            arm=arm,
        )
        for arm, label, one, oracle in predicted
    ]
    found = _target(title, table, first.index_N, _scored(folder.score, table, first))
    return replace(found, outcomes=outcomes, problem=problem)


def target_at(score: Score, where: str) -> PoseSet:
    """Labelled data as the target of a score, before any model was trained.

    Args:
        score: whose scorer scores them.
        where: address of the data; where it names no split, the test split.

    Raises:
        ValueError: ``where`` cannot be read, holds no pose that can be scored, or has another
            skeleton than the scorer.
    """
    table = read(where, default_split="test")
    return _target("target poses", table, np.arange(len(table)), _by_scorer(score, table))


def told(target: PoseSet) -> str:
    """How many poses a target has and which split of its data they are, for people.

    A split that the address does not name is the one that evaluation reads.
    """
    poses = f"{count(len(target))} pose{'s' * (len(target) != 1)}"
    split = address.parse(target.table.address).options.get("split")
    if split is None:
        return f"{poses}: {target.table.address}"
    return f"{poses}, split {split}: {target.table.address}"


def _arms(folder: Comparison) -> list[tuple[str, str, Predictions, bool]]:
    """Predictions of the first seed, and whose labels: reference first, target's oracle last."""
    comparison = folder.comparison
    oracles = by_seed.arms(comparison, "oracle")
    own = [a["name"] for a in oracles if a["trained_on"] == "target"]
    found = []
    for name in by_seed.shown_arms(comparison) + own:
        one = folder.predictions(name, comparison["seeds"][0])
        if one is not None and (not found or np.array_equal(one.index_N, found[0][2].index_N)):
            found.append((name, by_seed.label(comparison, name), one, name in own))
    return found


def _tested(of: Predictions) -> tuple[PoseTable, str]:
    """Return the tested samples as their data hold them, else the crops' labels without images."""
    table, problem = pictures.table_of(of.address, split="test")
    if table is not None:
        problem = f"{of.address} is not what the predictions were made on"
        if of.index_N.max() < len(table) and table.skeleton.same_as(of.skeleton):
            tested = table.select(of.index_N)
            if _labelled_alike(tested, of):
                return tested, ""
            problem = f"the labels of {of.address} have changed since the predictions were made"
    n = len(of.index_N)
    kept = PoseTable(
        skeleton=of.skeleton,
        keypoints_NK2=of.keypoints_NK2.astype(np.float32),
        visible_NK=of.visible_NK.astype(bool),
        width_N=np.full(n, of.side, np.int32),
        height_N=np.full(n, of.side, np.int32),
        address=of.address,
    )
    return kept, problem


def _labelled_alike(table: PoseTable, of: Predictions) -> bool:
    """Whether samples, cropped as they were for a network, have the labels kept beside it."""
    matrix_N23 = geometry.crop_matrices(table.crop_boxes_N4(), of.side)
    away_NK2 = geometry.apply(matrix_N23, table.keypoints_NK2) - of.keypoints_NK2
    away_NK = np.linalg.norm(away_NK2, axis=-1)
    return not (away_NK[of.visible_NK] > 0.02 * of.side).any()


_Scored = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], str]


def _scored(score: Score | None, table: PoseTable, of: Predictions) -> _Scored:
    """By the source's scorer, else by the difficulty that the evaluation used."""
    if score is not None and (score.path / "scorer.json").is_file():
        return _by_scorer(score, table)
    score_N = np.asarray(of.difficulty_N, np.float64)
    known_N = np.isfinite(score_N)
    k = min(10, len(np.unique(score_N[known_N])))
    bin_N = np.full(len(score_N), UNBINNED, np.int64)
    if k == 0:
        return score_N, bin_N, np.array([0.0, 1.0]), "no score"
    edges = bins.bin_edges(score_N[known_N], k)
    bin_N[known_N] = bins.assign(score_N[known_N], edges)
    return score_N, bin_N, edges, "difficulty of the evaluation"


def _target(title: str, table: PoseTable, row_N: NDArray, scored: _Scored) -> PoseSet:
    return PoseSet("target", title, table, row_N.astype(np.int64), *scored, _angles(table))


def _by_scorer(score: Score, table: PoseTable) -> _Scored:
    from posesift.difficulty.scorers import load_scorer
    from posesift.difficulty.scoring import unscorable

    method = str(score.summary["method"])
    score_N = load_scorer(score.path).scores(table)[method].astype(np.float64)
    edges = np.asarray(score.summary["edges"], np.float64)
    bin_N = bins.assign(score_N, edges).astype(np.int64)
    silent_N = unscorable(table)
    score_N[silent_N], bin_N[silent_N] = np.nan, UNBINNED
    return score_N, bin_N, edges, f"{method}, by the scorer of the source"


def _angles(table: PoseTable) -> NDArray[np.float64]:
    return joint_angles(table.keypoints_NK2, table.visible_NK, table.skeleton.triplets)
