"""All figures of one test set: the entry of ``evaluation.json`` and each sample's own figures.

Pure arrays in, plain numbers out: any trainer's predictions can be judged, whatever made them.

Shapes: N samples, K keypoints, A angles, 2 = (x, y). Percentages 0 to 100, angles in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.evaluation import by_bin, evalpose, intervals, pck, pck_reference
from posesift.evaluation.entry_view import entry_html
from posesift.poses.angles import AngleStatistics, joint_angles, statistics_of
from posesift.skeletons.skeleton import Skeleton

Protocol = Literal["pooled", "reference"]
HEADLINE = 0.05


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` finds.

    Attributes:
        entry: the set's entry of ``evaluation.json``, ready for JSON: None where undefined.
        pck_N: each sample's PCK@0.05 in percent over its visible keypoints of the headline group
            ``"all"``, NaN = none of them.
        evalpose_limbs_N: each sample's EvalPose by limb directions, NaN = undefined.
        evalpose_100_N: by standardised angles.
        angle_error_deg_N: each sample's mean absolute angle error, NaN = undefined.
        correct_N: correct keypoints at 0.05 among the headline group ``"all"``.
        counted_N: out of how many; the pooled headline is the ratio of the sums.
        difficulty_N: as given, NaN where there was none.
    """

    entry: dict[str, Any]
    pck_N: NDArray[np.float32]
    evalpose_limbs_N: NDArray[np.float32]
    evalpose_100_N: NDArray[np.float32]
    angle_error_deg_N: NDArray[np.float32]
    correct_N: NDArray[np.int64]
    counted_N: NDArray[np.int64]
    difficulty_N: NDArray[np.float32]

    def _repr_html_(self) -> str:
        return entry_html(self.entry)


def evaluate(
    predicted_NK2: ArrayLike,
    true_NK2: ArrayLike,
    visible_NK: ArrayLike,
    side: float,
    skeleton: Skeleton,
    *,
    difficulty_N: ArrayLike | None = None,
    bins: int = by_bin.BINS,
    statistics: AngleStatistics | None = None,
    protocol: Protocol = "pooled",
    codebase: pck_reference.Codebase = "udape",
    stride: float = 4,
) -> Evaluation:
    """Judge predictions of one test set.

    ``entry`` holds ``samples``, ``protocol``, ``pck`` (threshold to group to percent),
    ``pck_auc`` (of the group ``all``), ``pck_either_side`` (threshold to percent, of the group
    ``all``, when left and right do not matter), ``evalpose_limbs``, ``evalpose_100``,
    ``evalpose_cosine`` (means over the samples where they are defined), ``angle_error_deg``,
    ``angle_error_by_group``, ``angle_at_15``, ``undefined`` (how many samples or angles had no
    value, by name) and ``by_bin`` (easiest first): ``bin``, ``low``, ``high`` (difficulty edges),
    ``samples``, ``pck`` (group ``all`` at 0.05), ``evalpose_limbs``, ``evalpose_100``,
    ``interval`` (95 % of that PCK over images, `intervals.ratio_interval`). ``by_bin`` is empty
    without difficulty, or with fewer distinct difficulties than bins.

    Args:
        predicted_NK2: predictions in crop pixels; one that is not finite counts as wrong.
        true_NK2: labels in crop pixels.
        visible_NK: which labels count; the coordinates of the others are never looked at.
        side: side of the crop in pixels.
        skeleton: names groups and angles.
        difficulty_N: of `by_bin.evaluation_difficulty`; NaN leaves a sample out of the bins.
        bins: how many quantile bins.
        statistics: constants of `evalpose_100`; None = the skeleton's.
        protocol: ``"pooled"``, or ``"reference"`` for ``pck`` with the arithmetic of a public
            codebase (bit for bit if predictions were decoded without a sub-pixel part; from
            heatmaps use `pck_reference.pck_reference`). Everything but ``pck`` stays pooled.
        codebase: whose, under ``"reference"``.
        stride: crop pixels a heatmap cell, under ``"reference"``.

    Raises:
        ValueError: there is no sample, shapes disagree, the protocol is unknown, or a user's
            skeleton has no angle constants and none were given.
    """
    predicted, true = np.asarray(predicted_NK2, np.float64), np.asarray(true_NK2, np.float64)
    visible = np.asarray(visible_NK, bool)
    if not len(visible):
        raise ValueError("expected at least one sample to evaluate, found none")
    statistics = statistics or statistics_of(skeleton)
    errors_NK = pck.relative_errors(predicted, true, visible, side)
    sideless_NK = pck.either_side_errors(predicted, true, visible, side, skeleton.mirror)
    if protocol == "pooled":
        percent = _pooled(errors_NK, skeleton)
    elif protocol == "reference":
        percent = _reference(predicted, true, visible, side, skeleton, codebase, stride)
    else:
        raise ValueError(f"expected protocol 'pooled' or 'reference', found {protocol!r}")

    limbs_N = evalpose.evalpose_limbs(predicted, true, visible, skeleton)
    found_NA = joint_angles(predicted, visible & np.isfinite(predicted).all(-1), skeleton.triplets)
    label_NA = joint_angles(true, visible, skeleton.triplets)
    similar_N = evalpose.evalpose_100(found_NA, label_NA, *statistics)
    cosine_N = evalpose.evalpose_cosine(found_NA, label_NA)
    correct_N, counted_N = pck.hits(errors_NK, HEADLINE, skeleton.groups["all"])
    difficulty = (
        np.full(len(visible), np.nan)
        if difficulty_N is None
        else np.asarray(difficulty_N, np.float64)
    )
    assert difficulty.shape == (len(visible),), (difficulty.shape, len(visible))
    auc = pck.group_percent(pck.auc_credit(errors_NK), errors_NK, skeleton)
    entry = {
        "samples": len(visible),
        "protocol": protocol if protocol == "pooled" else f"reference ({codebase})",
        "pck": percent,
        "pck_auc": auc["all"],
        "pck_either_side": {
            str(threshold): pck.group_percent(sideless_NK < threshold, sideless_NK, skeleton)["all"]
            for threshold in pck.THRESHOLDS
        },
        "evalpose_limbs": _mean(limbs_N),
        "evalpose_100": _mean(similar_N),
        "evalpose_cosine": _mean(cosine_N),
        "angle_error_deg": evalpose.angle_error_deg(found_NA, label_NA),
        "angle_error_by_group": evalpose.angle_error_by_group(found_NA, label_NA, skeleton),
        "angle_at_15": evalpose.angle_at(found_NA, label_NA, 15),
        "undefined": {
            "pck": int((counted_N == 0).sum()),
            "evalpose_limbs": int(np.isnan(limbs_N).sum()),
            "evalpose_100": int(np.isnan(similar_N).sum()),
            "evalpose_cosine": int(np.isnan(cosine_N).sum()),
            "angles": int((np.isnan(found_NA) | np.isnan(label_NA)).sum()),
            "difficulty": int(np.isnan(difficulty).sum()),
        },
        "by_bin": _by_bin(difficulty, bins, correct_N, counted_N, limbs_N, similar_N),
    }
    return Evaluation(
        entry,
        pck.percent_or_nan(correct_N, counted_N).astype(np.float32),
        limbs_N.astype(np.float32),
        similar_N.astype(np.float32),
        evalpose.per_sample_angle_error(found_NA, label_NA).astype(np.float32),
        correct_N,
        counted_N,
        difficulty.astype(np.float32),
    )


def _pooled(errors_NK: NDArray, skeleton: Skeleton) -> dict:
    return {
        str(threshold): pck.group_percent(errors_NK < threshold, errors_NK, skeleton)
        for threshold in pck.THRESHOLDS
    }


def _reference(
    predicted: NDArray,
    true: NDArray,
    visible: NDArray,
    side: float,
    skeleton: Skeleton,
    codebase: pck_reference.Codebase,
    stride: float,
) -> dict:
    size = round(side / stride)
    found = pck_reference.predicted_cells(predicted, stride, size)
    label = pck_reference.label_cells(true, visible, stride, size)
    return {
        str(threshold): pck_reference.pck_reference_cells(
            found, label, (size, size), skeleton, codebase=codebase, threshold=threshold
        )
        for threshold in pck.THRESHOLDS
    }


def _by_bin(
    difficulty_N: NDArray,
    bins: int,
    correct_N: NDArray,
    counted_N: NDArray,
    limbs_N: NDArray,
    similar_N: NDArray,
) -> list[dict[str, Any]]:
    binned = by_bin.quantile_bins(difficulty_N, bins)
    if binned is None:
        return []
    bin_N, edges = binned
    rows = []
    for number in range(bins):
        member = bin_N == number
        total = counted_N[member].sum()
        interval = intervals.ratio_interval(correct_N[member], counted_N[member])
        rows.append(
            {
                "bin": number,
                "low": float(edges[number]),
                "high": float(edges[number + 1]),
                "samples": int(member.sum()),
                "pck": float(100 * correct_N[member].sum() / total) if total else None,
                "evalpose_limbs": _mean(limbs_N[member]),
                "evalpose_100": _mean(similar_N[member]),
                "interval": list(interval) if interval else None,
            }
        )
    return rows


def _mean(value_N: NDArray) -> float | None:
    known = value_N[~np.isnan(value_N)]
    return float(known.mean()) if len(known) else None
