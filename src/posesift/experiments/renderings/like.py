"""What a target has: its poses, how much each counts, and how that is known.

Shapes: N target poses, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posesift.data.readers import read
from posesift.poses.angles import MINIMUM_ANGLES
from posesift.poses.table import PoseTable
from posesift.results.comparison import Comparison
from posesift.results.predictions import read_predictions
from posesift.results.read import read as read_result
from posesift.results.run import Run
from posesift.similarity import failing
from posesift.similarity.failing import Failing
from posesift.similarity.orientation import Poses
from posesift.skeletons import Skeleton


@dataclass(frozen=True)
class TargetPoses:
    """Poses of a target, by its labels or as somebody predicted them.

    Attributes:
        poses: to stand for.
        weight_N: how much each counts: the mean confidence of a prediction; 1 for a label.
        skeleton: of the poses.
        address: of the data.
        told: how the poses are known, for people.
        error_NK: of the student that predicted them, 0 to 1, NaN = not known; None without one.
        errors_told: how the errors are known, for people.
        source: address of what that student was trained on; None where it is not known.
        failing: where the student fails, if the poses are weighed by that.
    """

    poses: Poses
    weight_N: NDArray[np.float64]
    skeleton: Skeleton
    address: str
    told: str
    error_NK: NDArray[np.float64] | None = None
    errors_told: str = ""
    source: str | None = None
    failing: Failing | None = None

    def where_failing(self) -> TargetPoses:
        """Weigh the poses by where the student fails, too (`similarity.failing`).

        Raises:
            ValueError: no student predicted them.
        """
        if self.error_NK is None:
            raise ValueError(
                f"where a student fails on {self.address} is known only of a run: give the folder "
                "of one with predictions"
            )
        found = failing.where_failing(self.poses.angles_NA, self.error_NK)
        told = f"{self.told}, weighed by where the student fails ({self.errors_told})"
        return replace(self, weight_N=self.weight_N * found.weight_N, told=told, failing=found)


def of_labels(table: PoseTable) -> TargetPoses:
    """Take the poses that the labels of a table say.

    Raises:
        ValueError: no pose defines three joint angles, as without labels.
    """
    poses = Poses.of(table.keypoints_NK2, table.visible_NK, table.skeleton)
    if not poses.placed_N.any():
        raise ValueError(
            f"no pose of {table.address} defines the {MINIMUM_ANGLES} joint angles it needs; the "
            "poses of data without labels are known as a run predicts them: give the folder of one"
        )
    told = f"labels of {table.address}"
    return TargetPoses(poses, np.ones(len(table)), table.skeleton, table.address, told)


def of_predictions(
    keypoints_NK2: NDArray, confidence_NK: NDArray | None, skeleton: Skeleton, address: str
) -> TargetPoses:
    """Take the poses that a student predicted, whole, each counting by its mean confidence."""
    finite_NK = np.asarray(np.isfinite(keypoints_NK2).all(axis=-1))
    poses = Poses.of(keypoints_NK2, finite_NK, skeleton)
    if confidence_NK is None:
        told = f"predictions on {address}"
        return TargetPoses(poses, np.ones(len(poses)), skeleton, address, told)
    weight_N = np.clip(np.nan_to_num(confidence_NK), 0, None).mean(axis=1, dtype=np.float64)
    return TargetPoses(
        poses,
        weight_N,
        skeleton,
        address,
        f"predictions on {address}, weighed by their confidence",
        error_NK=failing.doubt(confidence_NK),
        errors_told="estimated without labels, by its confidence",
    )


def of_run(folder: Run) -> TargetPoses:
    """Take what a run predicted on the set that it is judged by; no label is looked at.

    Raises:
        ValueError: it kept no predictions.
    """
    name, _ = folder.headline
    found = read_predictions(folder.path, name)
    if found is None:
        raise ValueError(
            f"{folder.path} holds no predictions, so it does not say which poses the target has; "
            "give a run of `posesift train` or `posesift evaluate`, or labelled data"
        )
    poses = of_predictions(
        found.predicted_NK2, found.confidence_NK, found.skeleton, found.address or name
    )
    return replace(poses, source=folder.settings.get("source"))


def like(what: str) -> TargetPoses:
    """Read what ``--like`` names: the folder of a run or of a score, or a data address.

    Of a run its predictions are taken, of a score the poses that were scored, of an address the
    labels.

    Raises:
        ValueError: it is none of these, or does not say which poses a target has.
    """
    folder = Path(what).expanduser()
    if not folder.is_dir():
        return of_labels(read(what, default_split="train"))
    found = read_result(folder)
    if isinstance(found, Comparison):
        raise ValueError(
            f"{folder} is a comparison of several networks: give the folder of one of them, such "
            f"as {folder / found.comparison['cells'][0]['folder']}"
        )
    if isinstance(found, Run):
        return of_run(found)
    return of_labels(read(found.summary["address"]))
