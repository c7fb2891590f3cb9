"""The same figures as torchmetrics classes, for any training loop.

Each class keeps sums and counts (sufficient statistics), so ``compute`` over uneven batches, or
over ranks, is exactly the figure of all samples at once. The arithmetic is that of the functions
in `pck` and `evalpose`, on the host: made for validation, where a copy of (B, K, 2) numbers a
batch is nothing, not for every training step.

Undefined is NaN here, as is usual for metrics in tensors; ``evaluation.json`` says null.

Shapes: B batch, K keypoints, A angles, 2 = (x, y).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

from posesift.evaluation import evalpose, pck
from posesift.poses.angles import AngleStatistics, joint_angles, statistics_of
from posesift.skeletons.skeleton import Skeleton

FORMS = ("limbs", "standardised", "cosine")


class PCK(Metric):
    """Pooled PCK of each reporting group, in percent (`pck.pck`).

    Args:
        skeleton: names the groups.
        side: side of the crop in pixels.
        threshold: share of the side, strict.

    >>> from posesift.skeletons import load
    >>> metric = PCK(load("hand21"), side=64)
    >>> true = torch.rand(3, 21, 2) * 64
    >>> metric.update(true + 1, true, torch.ones(3, 21, dtype=torch.bool))
    >>> metric.compute()["all"]
    tensor(100., dtype=torch.float64)
    """

    higher_is_better = True
    full_state_update = False
    total_K: Tensor
    count_K: Tensor

    def __init__(self, skeleton: Skeleton, side: float, threshold: float = 0.05, **settings: Any):
        super().__init__(**settings)
        self.skeleton, self.side, self.threshold = skeleton, side, threshold
        zeros_K = torch.zeros(len(skeleton), dtype=torch.float64)
        self.add_state("total_K", zeros_K, dist_reduce_fx="sum")
        self.add_state("count_K", zeros_K.clone(), dist_reduce_fx="sum")

    def update(self, predicted_BK2: Tensor, true_BK2: Tensor, visible_BK: Tensor) -> None:
        """Add a batch: predictions and labels (B, K, 2) in crop pixels, visibility (B, K)."""
        errors_BK = pck.relative_errors(
            _host(predicted_BK2), _host(true_BK2), _mask(visible_BK), self.side
        )
        counted_BK = ~np.isnan(errors_BK)
        credit_K = np.where(counted_BK, self._credit(errors_BK), 0.0).sum(0)
        self.total_K += torch.from_numpy(credit_K).to(self.total_K)
        self.count_K += torch.from_numpy(counted_BK.sum(0)).to(self.count_K)

    def compute(self) -> dict[str, Tensor]:
        """Group to percent, NaN for a group without a visible keypoint."""
        percent = pck.percent_by_group(_host(self.total_K), _host(self.count_K), self.skeleton)
        return {
            name: self.total_K.new_tensor(float("nan") if value is None else value)
            for name, value in percent.items()
        }

    def _credit(self, errors_BK: NDArray) -> NDArray:
        return errors_BK < self.threshold


class PCKAUC(PCK):
    """Exact area under the PCK curve up to ``limit``, of each group, in percent (`pck.pck_auc`).

    Args:
        skeleton: names the groups.
        side: side of the crop in pixels.
        limit: largest threshold.
    """

    def __init__(
        self, skeleton: Skeleton, side: float, limit: float = pck.AUC_LIMIT, **settings: Any
    ):
        super().__init__(skeleton, side, threshold=limit, **settings)

    def _credit(self, errors_BK: NDArray) -> NDArray:
        return pck.auc_credit(errors_BK, self.threshold)


class EvalPose(Metric):
    """Mean EvalPose over the poses where it is defined, by default `evalpose.evalpose_limbs`.

    Args:
        skeleton: names limbs and angles.
        form: ``"limbs"``, 0 to 100; ``"standardised"`` (`evalpose.evalpose_100`), 0 to 100;
            ``"cosine"`` for the poster's formula, 0 to 1.
        statistics: constants of the standardised form; None = the skeleton's.

    Raises:
        ValueError: an unknown form, or no constants for the standardised one.
    """

    higher_is_better = True
    full_state_update = False
    total: Tensor
    defined: Tensor
    undefined: Tensor

    def __init__(
        self,
        skeleton: Skeleton,
        form: str = "limbs",
        statistics: AngleStatistics | None = None,
        **settings: Any,
    ):
        super().__init__(**settings)
        self.skeleton = skeleton
        if form not in FORMS:
            raise ValueError(f"expected form {' or '.join(map(repr, FORMS))}, found {form!r}")
        self.form = form
        self.statistics = None
        if form == "standardised":
            self.statistics = statistics or statistics_of(skeleton)
        for name in ("total", "defined", "undefined"):
            self.add_state(name, torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, predicted_BK2: Tensor, true_BK2: Tensor, visible_BK: Tensor) -> None:
        """Add a batch: predictions and labels (B, K, 2) in pixels, visibility (B, K)."""
        poses = _host(predicted_BK2), _host(true_BK2), _mask(visible_BK)
        if self.form == "limbs":
            score_B = evalpose.evalpose_limbs(*poses, self.skeleton)
        elif self.statistics is not None:
            score_B = evalpose.evalpose_100(*_angles(*poses, self.skeleton), *self.statistics)
        else:
            score_B = evalpose.evalpose_cosine(*_angles(*poses, self.skeleton))
        unknown = int(np.isnan(score_B).sum())
        self.total += float(np.nansum(score_B))
        self.defined += len(score_B) - unknown
        self.undefined += unknown

    def compute(self) -> dict[str, Tensor]:
        """``evalpose`` (NaN when nowhere defined), ``defined`` and ``undefined`` pose counts."""
        return {
            "evalpose": self.total / self.defined,
            "defined": self.defined,
            "undefined": self.undefined,
        }


class AngleError(Metric):
    """Angle errors pooled over all defined angles (`evalpose.angle_error_deg`, `angle_at`).

    Args:
        skeleton: names the angles and their groups.
        limit_deg: tolerance of the share.
    """

    higher_is_better = False
    full_state_update = False
    error_A: Tensor
    within_A: Tensor
    count_A: Tensor

    def __init__(self, skeleton: Skeleton, limit_deg: float = 15.0, **settings: Any):
        super().__init__(**settings)
        self.skeleton, self.limit_deg = skeleton, limit_deg
        for name in ("error_A", "within_A", "count_A"):
            zeros_A = torch.zeros(len(skeleton.triplets), dtype=torch.float64)
            self.add_state(name, zeros_A, dist_reduce_fx="sum")

    def update(self, predicted_BK2: Tensor, true_BK2: Tensor, visible_BK: Tensor) -> None:
        """Add a batch: predictions and labels (B, K, 2) in pixels, visibility (B, K)."""
        found_BA, label_BA = _angles(
            _host(predicted_BK2), _host(true_BK2), _mask(visible_BK), self.skeleton
        )
        error_BA = np.abs(found_BA - label_BA)
        for state, value_A in (
            (self.error_A, np.nansum(error_BA, 0)),
            (self.within_A, (error_BA <= self.limit_deg).sum(0)),
            (self.count_A, (~np.isnan(error_BA)).sum(0)),
        ):
            state += torch.from_numpy(value_A).to(state)

    def compute(self) -> dict[str, Tensor]:
        """``all`` and each angle group in degrees, ``within`` in percent; NaN = undefined."""
        errors = {"all": self.error_A.sum() / self.count_A.sum()}
        for name, columns in self.skeleton.angle_groups.items():
            chosen = list(columns)
            errors[name] = self.error_A[chosen].sum() / self.count_A[chosen].sum()
        return {**errors, "within": 100 * self.within_A.sum() / self.count_A.sum()}


def _angles(
    predicted_BK2: NDArray, true_BK2: NDArray, visible_BK: NDArray, skeleton: Skeleton
) -> tuple[NDArray, NDArray]:
    """Angles of predictions and labels, degrees; NaN = undefined."""
    given_BK = visible_BK & np.isfinite(predicted_BK2).all(-1)
    return (
        joint_angles(predicted_BK2, given_BK, skeleton.triplets),
        joint_angles(true_BK2, visible_BK, skeleton.triplets),
    )


def _host(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.detach().to("cpu", torch.float64).numpy()


def _mask(tensor: Tensor) -> NDArray[np.bool_]:
    return tensor.detach().to("cpu", torch.bool).numpy()
