"""Two sets of poses in angle space: the plane that shows most of them, and each angle's shift.

Shapes: N and M poses, A angles, 2 = coordinates in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPREAD_LEAST = 1.0  # degrees: an angle that hardly varies must not be blown up


@dataclass(frozen=True)
class Plane:
    """Two sets of poses in their common principal plane.

    Attributes:
        first_N2: coordinates of the first set, in standard deviations of an angle.
        second_M2: of the second.
        axes_2A: the plane's axes among the standardised angles, orthonormal.
        explained_2: share of the variance along each axis, 0 to 1.
    """

    first_N2: NDArray[np.float64]
    second_M2: NDArray[np.float64]
    axes_2A: NDArray[np.float64]
    explained_2: NDArray[np.float64]


def shared_plane(first_NA: ArrayLike, second_MA: ArrayLike) -> Plane:
    """Principal component analysis of the standardised angles of two sets together.

    Each set counts half, however many poses it has, so that a large source does not decide alone
    what is seen of a small target. Undefined angles take the mean, the middle of the picture. An
    axis has no sign of its own: its largest weight is made positive.

    Args:
        first_NA: angles in degrees, NaN = undefined; at least one pose.
        second_MA: likewise, of the same angles.

    Raises:
        ValueError: a set is empty, or there are fewer than two angles.
    """
    both = [np.asarray(a, np.float64) for a in (first_NA, second_MA)]
    if any(len(a) == 0 or a.shape[1] < 2 for a in both):
        raise ValueError(
            "a plane needs poses in both sets and two angles or more, found arrays of shape "
            f"{both[0].shape} and {both[1].shape}"
        )
    known = [~np.isnan(a) for a in both]
    # Weights of the defined angles: each set's sum to 1, or to 0 where it never defines an angle.
    weight = [k / np.maximum(k.sum(axis=0), 1) for k in known]
    total_A = np.maximum(sum(w.sum(axis=0) for w in weight), 1)
    mean_A = sum((w * np.nan_to_num(a)).sum(axis=0) for w, a in zip(weight, both, strict=True))
    mean_A = mean_A / total_A
    off = [np.where(k, a - mean_A, 0.0) for k, a in zip(known, both, strict=True)]
    square_A = sum((w * d**2).sum(axis=0) for w, d in zip(weight, off, strict=True)) / total_A
    standard = [d / np.maximum(np.sqrt(square_A), SPREAD_LEAST) for d in off]
    scatter_AA = sum(z.T @ z / len(z) for z in standard)
    value_A, vector_AA = np.linalg.eigh(np.asarray(scatter_AA))
    axes_2A = vector_AA[:, ::-1][:, :2].T
    strongest = np.abs(axes_2A).round(9).argmax(axis=1)
    axes_2A = axes_2A * np.sign(axes_2A[[0, 1], strongest])[:, None]
    share_A = np.maximum(value_A[::-1], 0) / max(float(value_A.sum()), 1e-12)
    return Plane(standard[0] @ axes_2A.T, standard[1] @ axes_2A.T, axes_2A, share_A[:2])


def shift_deg(first_NA: ArrayLike, second_MA: ArrayLike) -> NDArray[np.float64]:
    """How differently two sets bend each joint: the 1-Wasserstein distance of each angle, (A,).

    By how many degrees the angles of one set must change, on average, to spread like those of the
    other: the area between the two distribution functions. NaN where a set never defines an angle.

    >>> shift_deg([[0.0], [90.0]], [[10.0], [100.0], [10.0], [100.0]]).round(6).tolist()
    [10.0]
    """
    first, second = (np.asarray(a, np.float64) for a in (first_NA, second_MA))
    shift_A = np.full(first.shape[1], np.nan)
    for a in range(first.shape[1]):  # over angles, of which there are few
        x, y = (np.sort(column[~np.isnan(column)]) for column in (first[:, a], second[:, a]))
        if len(x) and len(y):
            at = np.sort(np.concatenate([x, y]))
            below = [np.searchsorted(v, at[:-1], side="right") / len(v) for v in (x, y)]
            shift_A[a] = (np.abs(below[0] - below[1]) * np.diff(at)).sum()
    return shift_A


def density(angles_N: ArrayLike, grid_deg: ArrayLike, width_deg: float = 4.0) -> NDArray:
    """Smoothed density of one angle at ``grid_deg``, per degree; zeros where it is never defined.

    Gaussian kernels of ``width_deg`` on a histogram of one-degree cells; what a kernel would lay
    beyond 0 or 180 degrees is folded back, as angles are.
    """
    angles = np.asarray(angles_N, np.float64)
    cells, edges = np.histogram(angles[~np.isnan(angles)], np.arange(0.0, 181.0))
    middle, grid = (edges[1:] + edges[:-1]) / 2, np.asarray(grid_deg, np.float64)[:, None]
    kernel = sum(
        np.exp(-0.5 * ((grid - place) / width_deg) ** 2)
        for place in (middle, -middle, 360 - middle)
    )
    kernel = kernel / (width_deg * np.sqrt(2 * np.pi))
    return kernel @ (cells / max(cells.sum(), 1))
