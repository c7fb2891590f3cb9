"""A teacher's keypoints as labels for the student's view.

No heatmap is warped: the teacher's heatmap is read, its coordinates go from one view to the other
in closed form, and a fresh Gaussian is drawn there. That is exact where a resampled heatmap is
not, costs nothing, and tells which labels lie outside of the student's view.

Tensor names: B batch, K keypoints, R B on all ranks, 2 = (x, y), 23 = the matrix of an affine map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from posesift.adaptation.views.affine import compose, invert, move, rename

Scope = Literal["joint", "batch"]


class PseudoLabels(NamedTuple):
    """What the teacher says, in pixels of the student's view.

    Attributes:
        keypoints_BK2: view pixels.
        inside_BK: whether the keypoint lies in the student's view.
        trusted_BK: of these, the confident ones, which the student learns from.
    """

    keypoints_BK2: Tensor
    inside_BK: Tensor
    trusted_BK: Tensor


def pseudo_labels(
    keypoints_BK2: Tensor,
    confidence_BK: Tensor,
    teacher_B23: Tensor,
    student_B23: Tensor,
    side: int,
    mirror: tuple[int, ...] | None,
    *,
    keep: float = 0.5,
    scope: Scope = "joint",
    gather: Callable[[Tensor], Tensor] = lambda values: values,
) -> PseudoLabels:
    """Map a teacher's keypoints into the student's view and mask the doubtful ones.

    Args:
        keypoints_BK2: in pixels of the teacher's view.
        confidence_BK: peak heights.
        teacher_B23: crop pixels to pixels of the teacher's view.
        student_B23: the same for the student's.
        side: of both views.
        mirror: exchanges left and right where one view is a mirror image of the other.
        keep: share of the labels that is trusted.
        scope: ``"joint"``: the most confident share of each kind of joint; ``"batch"``: of all
            together, which drops the kinds that are hard.
        gather: joins the confidences of all ranks, so that ranks mask as one process would.
    """
    known_BK = torch.ones_like(confidence_BK, dtype=torch.bool)
    to_student_B23 = compose(student_B23, invert(teacher_B23))
    moved_BK2, inside_BK = move(keypoints_BK2, known_BK, to_student_B23, side, mirror)
    confidence_BK = rename(confidence_BK, to_student_B23, mirror)
    trusted_BK = inside_BK & confident(confidence_BK, keep, scope, gather)
    return PseudoLabels(moved_BK2, inside_BK, trusted_BK)


def confident(
    confidence_BK: Tensor,
    keep: float,
    scope: Scope = "joint",
    gather: Callable[[Tensor], Tensor] = lambda values: values,
) -> Tensor:
    """Choose the most confident ``keep`` of the labels, of each joint or of all; (B, K) bool.

    >>> confidence = torch.tensor([[0.9, 0.1], [0.8, 0.3]])
    >>> confident(confidence, 0.5, "joint")
    tensor([[ True, False],
            [False,  True]])
    >>> confident(confidence, 0.5, "batch")
    tensor([[ True, False],
            [ True, False]])
    """
    all_RK = gather(confidence_BK)
    if scope == "batch":
        all_RK = all_RK.reshape(-1, 1)
    kept = round(keep * len(all_RK))
    if kept == 0:
        return torch.zeros_like(confidence_BK, dtype=torch.bool)
    return confidence_BK >= all_RK.topk(kept, dim=0).values[-1]
