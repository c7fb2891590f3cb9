"""The last stage of a run: predict every test set and measure; and what comes for free.

Legend: N samples, K keypoints, A angles, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from posesift.data.readers import read
from posesift.evaluation.baselines import constant_pose
from posesift.evaluation.by_bin import evaluation_difficulty, pck_by_support
from posesift.evaluation.evaluate import Evaluation, evaluate
from posesift.evaluation.intervals import ratio_interval
from posesift.poses import PoseTable
from posesift.poses.angles import joint_angles, statistics_of
from posesift.similarity import neighbours
from posesift.skeletons.mapping import mismatch

if TYPE_CHECKING:
    from posesift.data.loading import PoseDataset
    from posesift.evaluation.predict import PredictFunction, Predictions, Predictor

Protocol = Literal["pooled", "reference"]


@dataclass(frozen=True)
class Judged:
    """What `judge` finds.

    Attributes:
        sets: name of a test set to its predictions and their evaluation.
        addresses: name of a test set to the data address it was read from.
        baselines: name of a baseline to its entry of every set.
    """

    sets: dict[str, tuple[Predictions, Evaluation]]
    addresses: dict[str, str]
    baselines: dict[str, dict[str, Any]]

    @property
    def document(self) -> dict[str, Any]:
        """What ``evaluation.json`` holds: ``sets``, and ``baselines`` by name."""
        sets = {name: measured.entry for name, (_, measured) in self.sets.items()}
        return {"sets": sets, "baselines": self.baselines}


def judge(
    predictor: Predictor | PredictFunction,
    tests: list[tuple[str, PoseDataset]],
    source: PoseTable,
    *,
    protocol: Protocol = "pooled",
    stride: float = 4,
    workers: int = 0,
) -> Judged:
    """Evaluate on every test set, beside the constant pose.

    Args:
        predictor: takes uint8 crops, gives keypoints and confidence.
        tests: of `test_sets`.
        source: the training poses, which say how hard a test pose is and how much support it has
            (and give the angle statistics of a skeleton that states none).
        protocol: of PCK.
        stride: crop pixels a heatmap cell, which ``"reference"`` rounds to.
        workers: loader processes.

    To what `evaluate` finds, the entry of each set adds ``by_support`` (`pck_by_support`) and
    ``interval``, the 95 % interval over images of its pooled PCK@0.05.
    """
    from posesift.evaluation.predict import predict

    found = {}
    for name, dataset in tests:
        predictions = predict(predictor, dataset, workers=workers)
        keypoints_NK2 = predictions.keypoints_NK2
        measured = _measure(keypoints_NK2, dataset, source, protocol, stride)
        measured.entry["by_support"] = pck_by_support(
            neighbours.count_within(_angles(dataset.table), _angles(source)),
            measured.correct_N,
            measured.counted_N,
        )
        found[name] = (predictions, measured)
    addresses = {name: dataset.table.address for name, dataset in tests}
    return Judged(found, addresses, {"constant pose": judge_constant_pose(tests, source)})


def judge_constant_pose(tests: list[tuple[str, PoseDataset]], source: PoseTable) -> dict[str, Any]:
    """Return the ``"sets"`` of the baseline that always says the source's median pose."""
    found = {}
    for name, dataset in tests:
        pose_K2 = constant_pose(source, dataset.side)
        predicted_NK2 = np.broadcast_to(pose_K2, dataset.keypoints_NK2.shape)
        found[name] = _measure(predicted_NK2, dataset, source).entry
    return found


def test_sets(
    test: dict[str, str], side: int, source: PoseTable, *, published: bool
) -> list[tuple[str, PoseDataset]]:
    """The test data by name; ``published`` as for a `PoseDataset`, for what was trained so.

    Raises:
        ValueError: a set has no labels to measure by, or another skeleton than the source; the
            message names the keypoints that differ.
    """
    from posesift.data.loading import PoseDataset

    found = []
    for name, address in test.items():
        table = read(address, default_split="test")
        if not table.skeleton.same_as(source.skeleton):
            raise ValueError(
                f"{address} cannot test what was trained on {source.address}: "
                + mismatch(table.skeleton, source.skeleton)
            )
        if not table.visible_NK.any():
            raise ValueError(
                f"{address} has no labels, so nothing can be measured on it; give labelled data "
                "with --test"
            )
        found.append((name, PoseDataset(table, side, published=published)))
    return found


def _measure(
    predicted_NK2: NDArray,
    dataset: PoseDataset,
    source: PoseTable,
    protocol: Protocol = "pooled",
    stride: float = 4,
) -> Evaluation:
    table = dataset.table
    measured = evaluate(
        predicted_NK2,
        dataset.keypoints_NK2,
        dataset.visible_NK,
        dataset.side,
        table.skeleton,
        difficulty_N=evaluation_difficulty(table, source),
        statistics=statistics_of(table.skeleton, source),
        protocol=protocol,
        stride=stride,
    )
    ends = ratio_interval(measured.correct_N, measured.counted_N)
    measured.entry["interval"] = list(ends) if ends else None
    return measured


def _angles(table: PoseTable) -> NDArray[np.float64]:
    return joint_angles(table.keypoints_NK2, table.visible_NK, table.skeleton.triplets)
