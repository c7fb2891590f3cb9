"""The renderings of an arm of a comparison: what its student says of the target, and the table.

Only training images of the target are looked at, and their labels only where the arm says so; what
was gained is told on the test set, which nothing was chosen by.

Shapes: N target images, K keypoints, B H W of a batch, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.evaluation.predict import Predictions, predict
from posesift.experiments.arms import Arm, cell_folder, rendered_file
from posesift.experiments.renderings import CHOOSING
from posesift.experiments.renderings.chosen import PROPOSALS, check_skeleton
from posesift.experiments.renderings.like import TargetPoses, of_labels, of_predictions
from posesift.experiments.renderings.replaced import check_source, write_replaced
from posesift.experiments.resolved import runtime_of
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import load_method
from posesift.poses.table import PoseTable
from posesift.progress import note
from posesift.similarity import failing

if TYPE_CHECKING:
    from posesift.adaptation.training.method import Method

TARGETS = 3_000
"""Target poses to stand for: a fixed random sample of more."""


def render(experiment: Experiment, arm: Arm, folder: Path) -> None:
    """Choose the renderings of an arm, and write the table that it is trained on if it is missing.

    Args:
        experiment: of the seed.
        arm: with renderings; where it has a student, that is trained.
        folder: of the comparison.

    Raises:
        ValueError: see `check_rendering`.
    """
    assert arm.rendering is not None
    path = rendered_file(folder, arm.rendering, experiment.seed)
    if path.with_suffix(".json").is_file() and path.is_file():
        return
    source = read(experiment.data.source, default_split="train")
    target = None
    if arm.sampling in CHOOSING:
        note(f"seed {experiment.seed}: choosing {arm.rendered} renderings ({arm.rendering})")
        target = _target(experiment, arm, folder, _some_target(experiment, source))
    tested = experiment.data.test.get("target")
    test = None if tested is None else read(tested, default_split="test")
    write_replaced(
        path, arm.sampling, arm.rendered, source, target, test, experiment.seed, PROPOSALS
    )


def check_rendering(experiment: Experiment, arm: Arm) -> None:
    """Refuse an arm whose renderings cannot be made, before any work is done.

    Raises:
        ValueError: a source that is not of a built-in world or is too small, a target of another
            skeleton, without labels to look at or without images to predict on, or errors of a
            student that there is not.
    """
    source = read(experiment.data.source, default_split="train")
    check_source(source, arm.rendered)
    if arm.sampling not in CHOOSING:
        return
    target = _some_target(experiment, source)
    if arm.looks_at == "labels":
        of_labels(target)
    if arm.student is None and (arm.looks_at, arm.sampling) != ("labels", "rendered-like-target"):
        raise ValueError(
            f"the arm {arm.name} looks at what a network says of the target, and names none that "
            "does (student)"
        )
    if arm.student is not None and not target.has_images:
        raise ValueError(
            f"renderings are chosen by what a network says of the target's images, and "
            f"{target.address} has none; add images=FOLDER to the address"
        )


def _some_target(experiment: Experiment, source: PoseTable) -> PoseTable:
    """Read the target's training poses, a fixed random sample of many."""
    assert experiment.data.target is not None
    table = read(experiment.data.target, default_split="train")
    check_skeleton(source.skeleton, table.skeleton, table.address, source.address)
    if len(table) <= TARGETS:
        return table
    rows = np.random.default_rng(0).choice(len(table), TARGETS, replace=False)
    return table.select(np.sort(rows))


def _target(experiment: Experiment, arm: Arm, folder: Path, table: PoseTable) -> TargetPoses:
    """Say what the target has, by its labels or by the arm's student, and where that fails."""
    if arm.student is None:
        return of_labels(table)
    method = load_method(
        cell_folder(folder, arm.student, experiment.seed), runtime_of(experiment, alone=True)
    )
    side = experiment.network.side
    dataset = PoseDataset(table, side, published=experiment.method.parity)
    first = predict(method, dataset, workers=experiment.hardware.workers)
    if arm.looks_at == "labels":
        error_NK = failing.errors(first.keypoints_NK2, first.true_NK2, first.visible_NK, side)
        return replace(
            of_labels(table), error_NK=error_NK, errors_told="measured by the target's labels"
        )
    second_NK2 = _of_mirrored(method, dataset, experiment.hardware.workers)
    found = of_predictions(first.keypoints_NK2, first.confidence_NK, first.skeleton, table.address)
    return replace(
        found,
        error_NK=failing.disagreement(first.keypoints_NK2, second_NK2, side),
        errors_told="estimated without labels, by how far predictions on an image and its mirror "
        "image are apart",
    )


def _of_mirrored(method: Method, dataset: PoseDataset, workers: int) -> np.ndarray:
    """Predict the mirrored crops, and give the predictions in the crops as they are, (N, K, 2)."""
    found: Predictions = predict(
        lambda images_B3HW: method.predict(images_B3HW.flip(-1)), dataset, workers=workers
    )
    keypoints_NK2 = found.keypoints_NK2[:, list(found.skeleton.mirror)].copy()
    keypoints_NK2[..., 0] = found.side - 1 - keypoints_NK2[..., 0]
    return keypoints_NK2
