"""PCK, the percentage of correct keypoints: closer than a share of a length (default: pooled).

A keypoint is correct when its error is strictly less than ``threshold * side``. ``side`` is the
side of the square crop, as in the published tables of domain adaptive pose estimation (there is
no torso or head length in them). All visible keypoints are pooled: each counts once, whatever
its image or batch. `pck_reference` has the public codebases' own arithmetic.

Shapes: N samples, K keypoints, 2 = (x, y). Percentages run from 0 to 100; a dictionary holds
None where no visible keypoint was there to be counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.skeletons.skeleton import Skeleton

THRESHOLDS = (0.05, 0.1, 0.2)
AUC_LIMIT = 0.2
_ROWS = 1 << 13  # samples at a time: what is made of them stays in the cache

Floats = NDArray[np.float64]


def relative_errors(
    predicted_NK2: ArrayLike, true_NK2: ArrayLike, visible_NK: ArrayLike, side: ArrayLike
) -> Floats:
    """Distances between predictions and truth in units of ``side``.

    Coordinates of invisible keypoints are never looked at, so they may hold anything.

    Args:
        predicted_NK2: predicted coordinates in pixels.
        true_NK2: labelled coordinates in the same frame.
        visible_NK: whether a label may be used.
        side: the length to divide by in the same pixels: one number, or one for each sample
            (NaN leaves that sample out).

    Returns:
        (N, K) float64: NaN where a keypoint does not count, infinity where a prediction for a
        visible keypoint is not a finite number (it counts, as wrong).

    Raises:
        ValueError: the shapes disagree, a side is not positive, or a keypoint is marked visible
            without finite coordinates.

    >>> relative_errors([[[0, 3], [9, 9]]], [[[4, 0], [1, 1]]], [[True, False]], side=10)
    array([[0.5, nan]])
    """
    predicted, true = np.asarray(predicted_NK2), np.asarray(true_NK2)
    visible = np.asarray(visible_NK, bool)
    if not (predicted.shape == true.shape == (*visible.shape, 2) and visible.ndim == 2):
        raise ValueError(
            "expected predictions and truth of shape (N, K, 2) and visibility (N, K), found "
            f"{predicted.shape}, {true.shape} and {visible.shape}"
        )
    side_N1 = np.broadcast_to(np.asarray(side, np.float64), visible.shape[:1])[:, None]
    if (side_N1 <= 0).any():
        raise ValueError(f"expected positive sides, found {side_N1.min()}")
    finite_NK = np.isfinite(true).all(axis=-1)
    unlabelled_N = np.any(visible & ~finite_NK, axis=1)
    if unlabelled_N.any():
        raise ValueError(
            f"{unlabelled_N.sum()} samples mark a keypoint visible without finite coordinates, "
            f"the first is number {unlabelled_N.argmax()}; correct the labels or mark it invisible"
        )
    error_NK = np.empty(visible.shape)
    for first in range(0, len(error_NK), _ROWS):
        rows = slice(first, first + _ROWS)
        found, wanted = (np.asarray(points[rows], np.float64) for points in (predicted, true))
        error_NK[rows] = _errors(found, wanted, visible[rows], side_N1[rows])
    return error_NK


def _errors(
    predicted_BK2: Floats, true_BK2: Floats, visible_BK: NDArray[np.bool_], side_B1: Floats
) -> Floats:
    """Give the same of some samples."""
    seen_BK1 = visible_BK[..., None]
    gap_BK2 = np.where(seen_BK1, predicted_BK2, 0.0) - np.where(seen_BK1, true_BK2, 0.0)
    finite_BK = np.isfinite(gap_BK2[..., 0]) & np.isfinite(gap_BK2[..., 1])
    gap_BK2 = np.where(finite_BK[..., None], gap_BK2, 0.0)
    distance_BK = np.hypot(gap_BK2[..., 0], gap_BK2[..., 1])
    error_BK = np.where(finite_BK, distance_BK / side_B1, np.inf)
    return np.where(visible_BK & ~np.isnan(side_B1), error_BK, np.nan)


def either_side_errors(
    predicted_NK2: ArrayLike,
    true_NK2: ArrayLike,
    visible_NK: ArrayLike,
    side: ArrayLike,
    mirror: tuple[int, ...],
) -> Floats:
    """`relative_errors` to the nearer of a keypoint's label and that of its mirror partner.

    What remains of the errors when left and right do not matter: far below the errors themselves,
    the network finds limbs and does not tell their sides.

    Args:
        predicted_NK2: as in `relative_errors`.
        true_NK2: likewise.
        visible_NK: likewise; a partner that is not visible is not compared with.
        side: likewise.
        mirror: the skeleton's permutation that exchanges left and right.

    >>> true = [[[0.0, 0.0], [10.0, 0.0]]]
    >>> either_side_errors([[[9.0, 0.0], [9.0, 0.0]]], true, [[True, True]], 10, (1, 0))
    array([[0.1, 0.1]])
    """
    predicted, true = np.asarray(predicted_NK2, np.float64), np.asarray(true_NK2, np.float64)
    visible = np.asarray(visible_NK, bool)
    own = relative_errors(predicted, true, visible, side)
    other = list(mirror)
    partners = relative_errors(predicted, true[:, other], visible[:, other], side)
    return np.where(np.isnan(own), np.nan, np.fmin(own, partners))


def group_percent(credit_NK: NDArray, errors_NK: Floats, skeleton: Skeleton) -> dict:
    """Mean credit in percent of the counted keypoints of each reporting group.

    Args:
        credit_NK: what a keypoint earns, 0 to 1 (ignored where ``errors_NK`` is NaN).
        errors_NK: of `relative_errors`; NaN = does not count.
        skeleton: names the groups.
    """
    counted = ~np.isnan(errors_NK)
    total_K, count_K = np.where(counted, credit_NK, 0.0).sum(0), counted.sum(0)
    return percent_by_group(total_K, count_K, skeleton)


def percent_by_group(total_K: ArrayLike, count_K: ArrayLike, skeleton: Skeleton) -> dict:
    """Pooled percentages of groups from per-keypoint sums: the sufficient statistics of PCK."""
    total_K, count_K = np.asarray(total_K, np.float64), np.asarray(count_K)
    percent: dict[str, float | None] = {}
    for name, members in skeleton.groups.items():
        count = count_K[list(members)].sum()
        percent[name] = float(100 * total_K[list(members)].sum() / count) if count else None
    return percent


def auc_credit(errors: Floats, limit: float = AUC_LIMIT) -> Floats:
    """Share of the thresholds in (0, limit) at which an error counts as correct.

    That is ``max(0, 1 - error / limit)``: the area under the PCK curve is the mean of this over
    keypoints, exactly, with no grid of thresholds.

    >>> auc_credit(np.array([0.0, 0.05, 0.3]))
    array([1.  , 0.75, 0.  ])
    """
    return np.maximum(0.0, 1.0 - errors / limit)


def pck(
    predicted_NK2: ArrayLike,
    true_NK2: ArrayLike,
    visible_NK: ArrayLike,
    side: ArrayLike,
    threshold: float = 0.05,
    *,
    skeleton: Skeleton,
) -> dict[str, float | None]:
    """PCK@threshold of each reporting group, pooled over all visible keypoints.

    Args:
        predicted_NK2: predicted coordinates in pixels of the crop.
        true_NK2: labels in the same frame.
        visible_NK: which labels count.
        side: side of the crop in pixels, one or one for each sample.
        threshold: share of the side; a keypoint is correct when strictly nearer.
        skeleton: names the groups; ``"all"`` is the headline (12 limb joints on ``body16``).

    Returns:
        Group to percent, None for a group without a visible keypoint.

    >>> from posesift.skeletons import load
    >>> hand = load("hand21")
    >>> true = np.zeros((1, 21, 2))
    >>> predicted = true + [3, 4]
    >>> predicted[0, 0] = 0
    >>> pck(predicted, true, np.ones((1, 21)), 100, 0.05, skeleton=hand)["all"]  # 5 px is not < 5
    4.761904761904762
    """
    errors = relative_errors(predicted_NK2, true_NK2, visible_NK, side)
    return group_percent(errors < threshold, errors, skeleton)


def pck_auc(
    predicted_NK2: ArrayLike,
    true_NK2: ArrayLike,
    visible_NK: ArrayLike,
    side: ArrayLike,
    limit: float = AUC_LIMIT,
    *,
    skeleton: Skeleton,
) -> dict[str, float | None]:
    """Area under the PCK curve from threshold 0 to ``limit``, over ``limit``, in percent.

    Exact, see `auc_credit`; arguments and result otherwise as in `pck`.
    """
    errors = relative_errors(predicted_NK2, true_NK2, visible_NK, side)
    return group_percent(auc_credit(errors, limit), errors, skeleton)


def hits(
    errors_NK: Floats, threshold: float = 0.05, keypoints: tuple[int, ...] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Correct and counted keypoints of each sample, both (N,) int64.

    Args:
        errors_NK: of `relative_errors`.
        threshold: as in `pck`.
        keypoints: which to look at, such as ``skeleton.groups["all"]``; None = every one.
    """
    chosen = errors_NK if keypoints is None else errors_NK[:, list(keypoints)]
    return (chosen < threshold).sum(1), (~np.isnan(chosen)).sum(1)


def per_sample_pck(
    predicted_NK2: ArrayLike,
    true_NK2: ArrayLike,
    visible_NK: ArrayLike,
    side: ArrayLike,
    threshold: float = 0.05,
) -> Floats:
    """Each sample's own PCK in percent over *all* its visible keypoints; NaN without any.

    The poster's example images count this way (77 = 10 of LSP's 13 visible joints), unlike its
    tables, which average the 12 limb joints.
    """
    correct_N, counted_N = hits(
        relative_errors(predicted_NK2, true_NK2, visible_NK, side), threshold
    )
    return percent_or_nan(correct_N, counted_N)


def percent_or_nan(correct_N: NDArray, counted_N: NDArray) -> Floats:
    """``100 * correct / counted``, NaN where nothing was counted."""
    return np.divide(
        100.0 * correct_N, counted_N, out=np.full(len(counted_N), np.nan), where=counted_N > 0
    )


def limb_scales(true_NK2: ArrayLike, visible_NK: ArrayLike, skeleton: Skeleton) -> Floats:
    """Size of each pose in its image: pixels a unit of canonical limb length, (N,) float64.

    The scale of `posesift.difficulty.normalisation`, which see: about the second largest of
    (projected length / canonical length) over visible limbs, since foreshortening only shortens.
    On bodies the unit is the trunk, hips to neck. NaN where no size can be told.
    """
    import torch  # this figure alone needs it

    from posesift.difficulty.normalisation import canonical_lengths, limb_scale

    visible = np.asarray(visible_NK, bool)
    points = np.where(visible[..., None], np.asarray(true_NK2), 0.0).astype(np.float32)
    lengths = canonical_lengths(points, visible, skeleton)
    scale = limb_scale(torch.from_numpy(points), torch.from_numpy(visible), skeleton, lengths)
    return np.where(scale.numpy() > 0, scale.numpy().astype(np.float64), np.nan)


def pck_by_limb_scale(
    predicted_NK2: ArrayLike,
    true_NK2: ArrayLike,
    visible_NK: ArrayLike,
    threshold: float = 0.2,
    *,
    skeleton: Skeleton,
) -> dict[str, float | None]:
    """PCK with the person's own size (`limb_scales`) in place of the crop's side.

    Unlike the crop's side this length does not depend on how the person is spread out, so a
    crouching body is not judged more mildly than a stretched one. Close to PCK@0.2 of the torso
    on bodies. Samples of unknown size are left out.
    """
    scale_N = limb_scales(true_NK2, visible_NK, skeleton)
    errors = relative_errors(predicted_NK2, true_NK2, visible_NK, scale_N)
    return group_percent(errors < threshold, errors, skeleton)
