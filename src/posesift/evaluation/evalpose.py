"""EvalPose: similarity of two poses by the angles of a kinematic graph, and angle errors.

Forms:
* `evalpose_limbs`, the headline, 0 to 100: how closely each limb points where it should in the
  picture. Unchanged when either pose is moved or scaled; it sees left taken for right, and a body
  the wrong way up. Chosen by measurement (``docs/metrics.md``).
* `evalpose_cosine` is the formula printed on the poster. Angles are positive, so it is
  crowded at the top: independent uniformly random angle vectors already reach 0.7 to 0.9.
* `evalpose_100`: each angle is standardised by its mean and spread over a broad mixture of
  poses, then ``100 * max(0, cosine)``: 100 = same angles, 0 = no more alike than two poses drawn
  at random. Scores are comparable only under the same constants.
* `angle_error_deg` and `angle_at` are in plain units.

All but the first look at the skeleton's triplets, unsigned, 0 to 180 degrees
(`posesift.poses.angles.joint_angles`), and are unchanged when either pose is moved, scaled,
rotated or mirrored. That is also their blindness: an upside-down prediction of a standing person
is perfect. Read them beside PCK. An angle that is undefined in one pose (missing joint,
zero-length bone: NaN) is dropped in both.

Fewer than `MINIMUM_ANGLES` left, or a vector of zero length, makes the similarity undefined:
NaN, to be counted and never taken for 0.

Shapes: N samples, K keypoints, A angles, L limbs, 2 = (x, y). Angles and errors in degrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.poses.angles import MINIMUM_ANGLES, limb_directions
from posesift.skeletons.skeleton import Skeleton

if TYPE_CHECKING:
    pass

LIMB_LIMIT = 45.0  # degrees: a limb that is off by more earns nothing
_ROWS = 1 << 13  # poses at a time: what is made of them stays in the cache
_ZERO_LENGTH = 1e-9  # of a vector of angles; exact zeros that rounding blurred

Floats = NDArray[np.float64]


def evalpose_limbs(
    predicted_NK2: ArrayLike, true_NK2: ArrayLike, visible_NK: ArrayLike, skeleton: Skeleton
) -> Floats:
    """Return the headline: `direction_score` of the skeleton's limbs.

    Args:
        predicted_NK2: predictions in pixels, or any unit; one that is not finite gives its limbs no
            direction.
        true_NK2: labels.
        visible_NK: which labels count; the coordinates of the others are never looked at.
        skeleton: names the limbs.

    Returns:
        (N,) float64 in [0, 100]; NaN where labels define fewer than `MINIMUM_ANGLES` limbs.
    """
    predicted, visible = np.asarray(predicted_NK2, np.float64), np.asarray(visible_NK, bool)
    given_NK = visible & np.isfinite(predicted).all(-1)
    return direction_score(
        limb_directions(predicted, given_NK, skeleton.limbs),
        limb_directions(np.asarray(true_NK2), visible, skeleton.limbs),
    )


def direction_score(predicted_NL: ArrayLike, true_NL: ArrayLike) -> Floats:
    """How closely limbs point where they should: ``100 * mean(max(0, 1 - error / 45 degrees))``.

    The mean is over the limbs that the label defines; one that the prediction gives no direction
    counts as wrong. Equal to the area under the curve of the share of limbs within t degrees, for t
    up to `LIMB_LIMIT`. Limbs that point anywhere at random reach 12.5.

    Args:
        predicted_NL: of `posesift.poses.angles.limb_directions`, NaN = no direction.
        true_NL: of the labels, row by row; NaN = not counted.

    Returns:
        (N,) float64 in [0, 100]; NaN where the label defines fewer than `MINIMUM_ANGLES` limbs.

    >>> direction_score([[0, 99, -170], [0, 99, 0]], [[0, 90, 172], [0, np.nan, 0]])
    array([80., nan])
    """
    predicted_NL, true_NL = np.asarray(predicted_NL, np.float64), np.asarray(true_NL, np.float64)
    assert predicted_NL.shape == true_NL.shape, (predicted_NL.shape, true_NL.shape)
    counted_NL = ~np.isnan(true_NL)
    turn_NL = np.abs(predicted_NL - true_NL) % 360
    error_NL = np.minimum(turn_NL, 360 - turn_NL)
    credit_NL = np.where(np.isnan(error_NL), 0.0, np.maximum(0.0, 1 - error_NL / LIMB_LIMIT))
    count_N = counted_NL.sum(1)
    enough_N = count_N >= MINIMUM_ANGLES
    return 100 * credit_NL.sum(1) / np.where(enough_N, count_N, np.nan)


def evalpose_cosine(angles_a_NA: ArrayLike, angles_b_NA: ArrayLike) -> Floats:
    """Return the poster's formula: cosine between the two vectors of angles.

    Args:
        angles_a_NA: angles of one set of poses, NaN = undefined.
        angles_b_NA: angles of the other, row by row.

    Returns:
        (N,) float64 in [0, 1]; NaN = undefined.

    >>> evalpose_cosine([[90, 180, 90], [0, 0, 0]], [[90, 180, 90], [10, 20, 30]])
    array([ 1., nan])
    """
    return _cosine(*_shared(angles_a_NA, angles_b_NA))


def evalpose_100(
    angles_a_NA: ArrayLike, angles_b_NA: ArrayLike, mean_A: ArrayLike, spread_A: ArrayLike
) -> Floats:
    """``100 * max(0, cosine)`` of the vectors standardised by each angle's mean and spread.

    Args:
        angles_a_NA: angles of one set of poses, NaN = undefined.
        angles_b_NA: angles of the other, row by row.
        mean_A: mean of each angle (`statistics_of`).
        spread_A: its standard deviation, positive.

    Returns:
        (N,) float64 in [0, 100]; NaN = undefined.

    >>> mean, spread = [90, 90, 90], [30, 30, 30]
    >>> evalpose_100([[60, 120, 90]] * 2, [[75, 105, 90], [120, 60, 90]], mean, spread)
    array([100.,   0.])
    """
    mean, spread = np.asarray(mean_A, np.float64), np.asarray(spread_A, np.float64)
    assert (spread > 0).all(), "spreads must be positive; statistics_of sees to that"
    angles_a_NA, angles_b_NA = np.asarray(angles_a_NA), np.asarray(angles_b_NA)
    assert angles_a_NA.shape == angles_b_NA.shape, (angles_a_NA.shape, angles_b_NA.shape)
    cosine_N = np.empty(len(angles_a_NA))
    for first in range(0, len(cosine_N), _ROWS):
        rows = slice(first, first + _ROWS)
        a_BA, b_BA = _shared(angles_a_NA[rows], angles_b_NA[rows])
        cosine_N[rows] = _cosine((a_BA - mean) / spread, (b_BA - mean) / spread)
    return 100 * np.maximum(0.0, cosine_N)


def angle_error_deg(
    angles_a_NA: ArrayLike, angles_b_NA: ArrayLike, columns: tuple[int, ...] | None = None
) -> float | None:
    """Mean absolute difference of all angles defined in both poses, pooled, in degrees.

    Args:
        angles_a_NA: angles of one set of poses, NaN = undefined.
        angles_b_NA: angles of the other, row by row.
        columns: angles to look at, such as those of one joint group; None = all.

    >>> angle_error_deg([[90, 10, 170]], [[100, 10, np.nan]])
    5.0
    """
    error = _differences(angles_a_NA, angles_b_NA, columns)
    return float(error.mean()) if error.size else None


def angle_error_by_group(
    angles_a_NA: ArrayLike, angles_b_NA: ArrayLike, skeleton: Skeleton
) -> dict[str, float | None]:
    """`angle_error_deg` of each angle group, named after the joint that the angle is at."""
    return {
        name: angle_error_deg(angles_a_NA, angles_b_NA, columns)
        for name, columns in skeleton.angle_groups.items()
    }


def angle_at(
    angles_a_NA: ArrayLike, angles_b_NA: ArrayLike, limit_deg: float = 15.0
) -> float | None:
    """Percentage of the angles defined in both poses that differ by at most ``limit_deg``.

    >>> angle_at([[90, 10, 170]], [[105, 30, 170]])
    66.66666666666667
    """
    error = _differences(angles_a_NA, angles_b_NA)
    return float(100 * (error <= limit_deg).sum() / error.size) if error.size else None


def per_sample_angle_error(angles_a_NA: ArrayLike, angles_b_NA: ArrayLike) -> Floats:
    """Each sample's own mean absolute angle difference in degrees, (N,); NaN without any."""
    a_NA, b_NA = _shared(angles_a_NA, angles_b_NA)
    count_N = (~np.isnan(a_NA)).sum(1)
    return np.divide(
        np.nansum(np.abs(a_NA - b_NA), 1),
        count_N,
        out=np.full(len(a_NA), np.nan),
        where=count_N > 0,
    )


def _shared(angles_a_NA: ArrayLike, angles_b_NA: ArrayLike) -> tuple[Floats, Floats]:
    """Both as float64, with NaN wherever either is."""
    a_NA, b_NA = np.asarray(angles_a_NA, np.float64), np.asarray(angles_b_NA, np.float64)
    assert a_NA.shape == b_NA.shape, (a_NA.shape, b_NA.shape)
    defined = ~(np.isnan(a_NA) | np.isnan(b_NA))
    return np.where(defined, a_NA, np.nan), np.where(defined, b_NA, np.nan)


def _cosine(a_NA: Floats, b_NA: Floats) -> Floats:
    enough_N = (~np.isnan(a_NA)).sum(1) >= MINIMUM_ANGLES
    a_NA, b_NA = np.nan_to_num(a_NA), np.nan_to_num(b_NA)
    length_a_N, length_b_N = np.linalg.norm(a_NA, axis=1), np.linalg.norm(b_NA, axis=1)
    defined_N = enough_N & (length_a_N > _ZERO_LENGTH) & (length_b_N > _ZERO_LENGTH)
    product_N = np.where(defined_N, length_a_N * length_b_N, np.nan)
    return np.clip((a_NA * b_NA).sum(1) / product_N, -1.0, 1.0)


def _differences(
    angles_a_NA: ArrayLike, angles_b_NA: ArrayLike, columns: tuple[int, ...] | None = None
) -> Floats:
    """Return the absolute differences that are defined, in one flat array."""
    a_NA, b_NA = _shared(angles_a_NA, angles_b_NA)
    error_NA = np.abs(a_NA - b_NA)
    error = error_NA if columns is None else error_NA[:, list(columns)]
    return error[~np.isnan(error)]
