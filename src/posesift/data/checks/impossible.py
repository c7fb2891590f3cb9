"""Keypoints that cannot be where they are said to be: off the image, in one point, too far apart.

Shapes: N samples, K keypoints, L limbs, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posesift.poses import boxes
from posesift.poses.geometry import on_image
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton

TOO_LONG = 3.0
"""How many times longer than the person's size allows a limb may be. Of 4,000 photographs of sports
with a crowd's labels 17 have such a limb, nearly all of them wrongly labelled; of the worlds' poses
none has (perspective makes the longest 2.5 times too long)."""

_SIZE = 0.75  # quantile of length / canonical length that is the person's size: see `limb_ratios`
_SHORT = 0.5  # of the median limb: shorter ones are measured as if so long, or noise would tell
_FEWEST = 4  # limbs; with fewer, nobody knows how large the person is
_POINT = 1.0  # px: an extent below it is no pose
_BLOCK = 65_536
_SAMPLE = 20_000  # poses from which canonical lengths are estimated


@dataclass
class Impossible:
    """What is wrong with which sample.

    Attributes:
        off_N: a visible keypoint lies off the image, or is not finite.
        point_N: all visible keypoints (at least two) lie in one point.
        ratio_N: the worst limb's length over what the person's size allows; 0 if not known.
        limb_N: which limb that is.
        bound_L: the ratio above which a limb is too long.
    """

    off_N: np.ndarray
    point_N: np.ndarray
    ratio_N: np.ndarray
    limb_N: np.ndarray
    bound_L: np.ndarray

    @property
    def long_N(self) -> np.ndarray:
        """The worst limb is too long."""
        return self.ratio_N > self.bound_L[self.limb_N]


def find_impossible(table: PoseTable) -> Impossible:
    """Look at every visible keypoint and every limb.

    The bound is `TOO_LONG`, or that many times the median of a limb's own ratio where the
    skeleton's canonical length is too short for this set.
    """
    count, skeleton = len(table), table.skeleton
    found = Impossible(
        np.zeros(count, bool),
        np.zeros(count, bool),
        np.zeros(count, np.float32),
        np.zeros(count, np.int16),
        np.full(max(len(skeleton.limbs), 1), TOO_LONG),
    )
    length_L = canonical_lengths(table)
    short_L = length_L / np.maximum(length_L, _SHORT * np.median(length_L)) if skeleton.limbs else 1
    for begin in range(0, count, _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        points_NK2, visible_NK = table.keypoints_NK2[rows], table.visible_NK[rows]
        size_N2 = np.column_stack([table.width_N[rows], table.height_N[rows]])
        found.off_N[rows] = (visible_NK & ~on_image(points_NK2, size_N2)).any(1)
        extent_N = boxes.keypoint_boxes(points_NK2, visible_NK)[:, 2:].max(1)
        found.point_N[rows] = (visible_NK.sum(1) > 1) & (extent_N < _POINT)
        if not skeleton.limbs:
            continue
        ratio_NL = limb_ratios(points_NK2, visible_NK, skeleton, length_L) * short_L
        if not begin:
            middle_L = np.median(np.nan_to_num(ratio_NL, nan=1), axis=0)
            found.bound_L = TOO_LONG * np.maximum(middle_L, 1)
        worst_NL = np.nan_to_num(ratio_NL) / found.bound_L
        found.limb_N[rows] = worst_NL.argmax(1)
        worst_N1 = found.limb_N[rows, None].astype(np.intp)
        found.ratio_N[rows] = np.take_along_axis(np.nan_to_num(ratio_NL), worst_N1, 1)[:, 0]
    return found


def limb_ratios(
    points_NK2: np.ndarray, visible_NK: np.ndarray, skeleton: Skeleton, length_L: np.ndarray
) -> np.ndarray:
    """Each limb's length over what its canonical length is at the person's size.

    The size is the 75 % quantile over the limbs of length / canonical length: foreshortening only
    shortens, so most limbs tell too small a size, and a wrong keypoint makes only its own few
    limbs too long.

    Returns:
        (N, L); NaN where an end is not visible or fewer than four limbs are.
    """
    known_NL, long_NL = _lengths(points_NK2, visible_NK, skeleton)
    relative_NL = np.where(known_NL, long_NL / length_L, np.inf)
    count_N = known_NL.sum(1)
    # sorted, unknown limbs are last: the quantile of the known ones without a loop
    place_N1 = np.maximum(np.round(_SIZE * (count_N - 1)), 0).astype(np.intp)[:, None]
    size_N1 = np.take_along_axis(np.sort(relative_NL, axis=1), place_N1, 1)
    told_N1 = (count_N >= _FEWEST)[:, None] & (size_N1 > 1e-6) & np.isfinite(size_N1)
    return np.where(known_NL & told_N1, relative_NL / np.where(told_N1, size_N1, 1), np.nan)


def canonical_lengths(table: PoseTable) -> np.ndarray:
    """Give the skeleton's canonical lengths, else estimated from the table: (L,), in any one unit.

    The estimate is the 90 % quantile of each limb's length over the person's size, where the size
    comes from the estimate before it.
    """
    skeleton = table.skeleton
    if skeleton.limb_lengths is not None:
        return np.asarray(skeleton.limb_lengths)
    length_L = np.ones(len(skeleton.limbs))
    rows = np.unique(np.linspace(0, max(len(table) - 1, 0), _SAMPLE).astype(int))[: len(table)]
    for _ in range(3):
        ratio_NL = limb_ratios(
            table.keypoints_NK2[rows], table.visible_NK[rows], skeleton, length_L
        )
        for limb, ratio_N in enumerate(ratio_NL.T):
            told_N = ratio_N[np.isfinite(ratio_N)]
            if len(told_N):
                length_L[limb] *= max(float(np.quantile(told_N, 0.9)), 1e-3)
    return length_L


def _lengths(
    points_NK2: np.ndarray, visible_NK: np.ndarray, skeleton: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """Which limbs are known, and how long they are in pixels, (N, L) each."""
    from_L, to_L = np.array(skeleton.limbs, np.intp).reshape(-1, 2).T
    step_NL2 = points_NK2[:, from_L].astype(np.float64) - points_NK2[:, to_L]
    long_NL = np.hypot(step_NL2[..., 0], step_NL2[..., 1])
    return visible_NK[:, from_L] & visible_NK[:, to_L] & np.isfinite(long_NL), long_NL
