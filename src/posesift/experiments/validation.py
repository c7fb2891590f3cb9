"""What a run looks at while it trains, and at its end, to tell a good network from a collapsed one.

Everything here but ``best-on-target-test`` does without labels of the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from posesift.adaptation.training.validators import Agreement, check_collapse, some_rows
from posesift.data.loading import PoseDataset
from posesift.evaluation.pck import pck
from posesift.experiments.spec import Experiment
from posesift.skeletons import Skeleton

if TYPE_CHECKING:
    from posesift.adaptation.training.loop import Validate
    from posesift.adaptation.training.method import Method
    from posesift.poses import PoseTable


SIDES_MATTER = 10.0  # points of PCK@0.1


def some_images(target: PoseTable, experiment: Experiment) -> Tensor:
    """Give a few hundred uint8 crops of the target's training images, labels left behind."""
    rows = some_rows(len(target), experiment.seed)
    return PoseDataset(target, experiment.network.side, keep=False).batch(rows)["image"]


def validator(
    experiment: Experiment,
    skeleton: Skeleton,
    images_N3HW: Tensor | None,
    tests: list[tuple[str, PoseDataset]],
) -> Validate | None:
    """Say what the checkpoint of a run is chosen by; None: it is the last.

    Args:
        experiment: says by what.
        skeleton: of the network.
        images_N3HW: of `some_images`, for ``agreement``.
        tests: by name, for ``best-on-target-test``.

    Raises:
        ValueError: nothing to choose by.
    """
    if experiment.training.choose_by == "last":
        return None
    if experiment.training.choose_by == "agreement":
        assert images_N3HW is not None
        return Agreement(images_N3HW, skeleton.mirror, experiment.network.side, experiment.seed)
    found = dict(tests).get("target")
    if found is None:
        raise ValueError("--choose-by best-on-target-test needs a test set named target")

    def score(method: Method, stage: str) -> float | None:
        return _pck(method, found)

    return score


def warnings(method: Method, images_N3HW: Tensor | None, side: int) -> list[str]:
    """Say what is wrong with a trained method, as far as unlabelled images can tell."""
    if images_N3HW is None or len(images_N3HW) < 2:
        return []
    collapsed = check_collapse(method, images_N3HW, side)
    return [collapsed] if collapsed else []


def sides_told(entry: dict[str, Any]) -> list[str]:
    """Give a warning where a network finds limbs but does not tell left from right.

    Args:
        entry: of `posesift.evaluation.evaluate`.
    """
    if not entry:
        return []
    plain, sideless = entry["pck"]["0.1"]["all"], entry["pck_either_side"]["0.1"]
    if plain is None or sideless - plain < SIDES_MATTER:
        return []
    return [
        "left and right are taken for one another: PCK@0.1 on the target would be more than "
        f"{SIDES_MATTER:.0f} points higher if sides did not matter (pck_either_side in "
        "evaluation.json); more --steps help, and so does a source in which people mostly face the "
        "camera (facing=60 in the address of a built-in world)"
    ]


def _pck(method: Method, dataset: PoseDataset) -> float | None:
    """PCK@0.05 of all joints: looks at the labels of the test set."""
    from posesift.evaluation.predict import predict

    return pck(
        predict(method, dataset).keypoints_NK2,
        dataset.keypoints_NK2,
        dataset.visible_NK,
        dataset.side,
        skeleton=dataset.table.skeleton,
    )["all"]
