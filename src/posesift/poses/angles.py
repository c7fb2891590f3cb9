"""Joint angles: what a pose is once position, size and orientation are taken away.

And limb directions: the same with its orientation in the picture left in.

Legend: N samples, B of them at a time, K keypoints, A angles, L limbs, 2 = (x, y),
3 = (one end, vertex, other end).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.skeletons import Skeleton

if TYPE_CHECKING:
    from posesift.poses.table import PoseTable

_CHUNK = 4_096  # poses at a time: bounds the memory, and stays in the processor's cache
MINIMUM_ANGLES = 3  # and limbs: of fewer, no similarity
SHORTEST_BONE = 1e-6  # of the pose's extent: below it, a direction is rounding noise

Floats = NDArray[np.float64]


def joint_angles(
    keypoints_NK2: NDArray,
    visible_NK: NDArray,
    triplets: Sequence[tuple[int, int, int]],
) -> NDArray[np.float64]:
    """Unsigned angles at the middle keypoint of each triplet.

    ``atan2(|u x v|, u . v)`` in float64, which is exact near 0 and 180 degrees, where the arc
    cosine is not. Unchanged under translation, rotation, scaling and reflection.

    >>> corner = np.array([[[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]]])
    >>> joint_angles(corner, np.ones((1, 3), bool), [(0, 1, 2)]).tolist()
    [[90.0]]

    Args:
        keypoints_NK2: pixels, or any unit.
        visible_NK: which coordinates may be used; the rest may hold anything.
        triplets: keypoint indices, the vertex in the middle.

    Returns:
        (N, A) degrees in [0, 180]; NaN where a keypoint is missing or a bone has no length.
    """
    visible_NK = np.asarray(visible_NK)
    triplets_A3 = np.asarray(triplets, np.intp).reshape(-1, 3)
    angle_NA = np.empty((len(keypoints_NK2), len(triplets_A3)), order="F")  # an angle side by side
    for first in range(0, len(angle_NA), _CHUNK):
        rows = slice(first, first + _CHUNK)
        angle_NA[rows] = _angles(keypoints_NK2[rows], visible_NK[rows], triplets_A3)
    return angle_NA


def _angles(
    keypoints_BK2: NDArray, visible_BK: NDArray, triplets_A3: NDArray[np.intp]
) -> NDArray[np.float64]:
    a, b, c = triplets_A3.T
    points_BK2 = np.where(visible_BK[:, :, None], keypoints_BK2, 0).astype(np.float64)
    u_BA2 = points_BK2[:, a] - points_BK2[:, b]
    v_BA2 = points_BK2[:, c] - points_BK2[:, b]
    cross_BA = u_BA2[..., 0] * v_BA2[..., 1] - u_BA2[..., 1] * v_BA2[..., 0]
    dot_BA = (u_BA2 * v_BA2).sum(axis=-1)
    angle_BA = np.degrees(np.arctan2(np.abs(cross_BA), dot_BA))
    shortest_B1 = _shortest(points_BK2, visible_BK)
    known_BA = visible_BK[:, a] & visible_BK[:, b] & visible_BK[:, c]
    for bone_BA2 in (u_BA2, v_BA2):
        known_BA &= np.hypot(bone_BA2[..., 0], bone_BA2[..., 1]) > shortest_B1
    return np.where(known_BA, angle_BA, np.nan)


def limb_directions(
    keypoints_NK2: NDArray, visible_NK: NDArray, limbs: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Direction in which each limb points in the picture, from its first to its second keypoint.

    Unchanged when the pose is moved or scaled; turned and mirrored with it.

    >>> arm = np.array([[[0.0, 0.0], [2.0, 0.0], [2.0, 3.0]]])
    >>> limb_directions(arm, np.ones((1, 3), bool), [(0, 1), (1, 2)]).tolist()
    [[0.0, 90.0]]

    Args:
        keypoints_NK2: pixels, or any unit; x right, y down.
        visible_NK: which coordinates may be used; the rest may hold anything.
        limbs: pairs of keypoint indices.

    Returns:
        (N, L) degrees in [-180, 180], 0 = to the right, 90 = down; NaN where a keypoint is missing
        or the limb has no length.
    """
    a, b = np.asarray(limbs, np.intp).reshape(-1, 2).T
    points_NK2 = np.where(visible_NK[:, :, None], keypoints_NK2, 0).astype(np.float64)
    limb_NL2 = points_NK2[:, b] - points_NK2[:, a]
    direction_NL = np.degrees(np.arctan2(limb_NL2[..., 1], limb_NL2[..., 0]))
    long_NL = np.hypot(limb_NL2[..., 0], limb_NL2[..., 1]) > _shortest(points_NK2, visible_NK)
    return np.where(visible_NK[:, a] & visible_NK[:, b] & long_NL, direction_NL, np.nan)


def angle_statistics(angle_NA: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each angle over the poses where it is defined.

    They standardise the angles of a skeleton whose file states none.

    Returns:
        (A,) means and (A,) spreads in degrees; 90 and 45 for an angle that is never defined, and
        at least 1 degree of spread.
    """
    known_NA = np.isfinite(angle_NA)
    count_A = known_NA.sum(axis=0)
    safe_NA = np.where(known_NA, angle_NA, 0.0)
    mean_A = np.where(count_A > 0, safe_NA.sum(axis=0) / np.maximum(count_A, 1), 90.0)
    square_A = (np.where(known_NA, angle_NA - mean_A, 0.0) ** 2).sum(axis=0)
    spread_A = np.where(count_A > 1, np.sqrt(square_A / np.maximum(count_A, 1)), 45.0)
    return mean_A, np.maximum(spread_A, 1.0)


def _shortest(points_NK2: NDArray[np.float64], visible_NK: NDArray) -> NDArray[np.float64]:
    """Length (N, 1) below which a bone of a pose has no direction, in the unit of its points."""
    low_N2 = np.where(visible_NK[:, :, None], points_NK2, np.inf).min(axis=1)
    high_N2 = np.where(visible_NK[:, :, None], points_NK2, -np.inf).max(axis=1)
    extent_N1 = np.maximum(high_N2 - low_N2, 0).max(axis=1, initial=0)[:, None]
    return SHORTEST_BONE * extent_N1


class AngleStatistics(NamedTuple):
    """Mean and spread (standard deviation) of each angle in degrees, (A,) float64."""

    mean_A: Floats
    spread_A: Floats


def statistics_of(skeleton: Skeleton, source: PoseTable | None = None) -> AngleStatistics:
    """Return the constants of `evalpose_100`: the skeleton's own, else those of a source table.

    Scores are comparable only under the same constants.

    Args:
        skeleton: may carry mean and spread of its angles.
        source: table to take them from when it does not.

    Raises:
        ValueError: the skeleton carries none and there is no table.
    """
    if skeleton.angle_mean_deg is not None and skeleton.angle_spread_deg is not None:
        return AngleStatistics(
            np.array(skeleton.angle_mean_deg), np.array(skeleton.angle_spread_deg)
        )
    if source is None and skeleton.triplets:
        raise ValueError(
            f"skeleton {skeleton.name!r} carries no mean and spread of its angles; pass the "
            "source's pose table to evaluation.evalpose.statistics_of, or add mean and spread to "
            "the angles in its TOML file"
        )
    if source is None:  # a skeleton without angles needs no constants
        return AngleStatistics(np.empty(0), np.empty(0))
    angles_NA = joint_angles(source.keypoints_NK2, source.visible_NK, skeleton.triplets)
    return AngleStatistics(*angle_statistics(angles_NA))


def standardised(angles_NA: ArrayLike, statistics: AngleStatistics) -> Floats:
    """Angles as deviations from their mean in units of their spread; NaN stays NaN."""
    return (np.asarray(angles_NA, np.float64) - statistics.mean_A) / statistics.spread_A
