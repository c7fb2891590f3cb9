"""Where a student fails: how much error of the target lies in each cell of pose cluster x joint.

A kind of pose deserves renderings when the student is bad at it *and* the target has much of it.
Target poses are clustered by k-means in their joint angles; the error of a cell is the mean over
its poses of a joint's error, drawn towards the joint's mean where a cell has few poses; its weight
is that error times the cluster's share of the target. What a target pose counts in the choice of
proposals is the sum over its cluster's cells by pose: the cluster's share is in there already,
since each of its poses counts once.

Errors come from a held-out student. Without labels they are estimated: `doubt` of its confidence,
or `disagreement` between two of its predictions; with labels, `errors` measures them, and whoever
shows the result says so.

Shapes: N target poses, A angles, C clusters, K joints, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.difficulty.checks import average_ranks

CLUSTERS = 24
PRIOR = 10  # poses that a joint's mean error weighs in a cell
FAR = 0.2  # of the crop's side: an error beyond says no more than that the joint was missed


@dataclass(frozen=True)
class Failing:
    """Errors of a student by pose cluster and joint.

    Attributes:
        cluster_N: of each target pose; -1 where no angle is defined.
        centre_CA: joint angles in the middle of each cluster, degrees.
        share_C: of the target's poses, sums to 1.
        error_CK: mean error of each cell, 0 to 1.
        weight_N: what each target pose counts: its cluster's mean error, over the greatest; 0
            where it has no cluster.
    """

    cluster_N: NDArray[np.int64]
    centre_CA: NDArray[np.float64]
    share_C: NDArray[np.float64]
    error_CK: NDArray[np.float64]
    weight_N: NDArray[np.float64]

    @property
    def weight_CK(self) -> NDArray[np.float64]:
        """Part of all error that lies in each cell, sums to 1."""
        cell_CK = self.share_C[:, None] * self.error_CK
        return cell_CK / max(cell_CK.sum(), 1e-300)

    def worst(self, most: int) -> list[tuple[int, int]]:
        """Return the cells in which most error lies: cluster and joint of each, most first."""
        order = np.argsort(-self.weight_CK, axis=None, kind="stable")[:most]
        return [divmod(int(cell), self.error_CK.shape[1]) for cell in order]

    def middle(self, cluster: int, angles_NA: ArrayLike) -> int:
        """Return the row of the pose nearest to the middle of a cluster."""
        rows = np.flatnonzero(self.cluster_N == cluster)
        apart_RA = np.asarray(angles_NA, np.float64)[rows] - self.centre_CA[cluster]
        return int(rows[np.nanmean(apart_RA**2, axis=1).argmin()])


def where_failing(
    angles_NA: ArrayLike, error_NK: ArrayLike, clusters: int = CLUSTERS, seed: int = 0
) -> Failing:
    """Weigh target poses by the error of a student on poses like them.

    Args:
        angles_NA: joint angles in degrees, NaN = undefined; a cluster takes it for the mean.
        error_NK: of a student, 0 to 1, NaN = not known.
        clusters: how many; fewer where there are fewer poses.
        seed: of k-means.

    Raises:
        ValueError: no pose defines an angle, no error is known, or one is negative.
    """
    angles, error = np.asarray(angles_NA, np.float64), np.asarray(error_NK, np.float64)
    placed_N = np.asarray((~np.isnan(angles)).any(axis=1))
    if not placed_N.any():
        raise ValueError("expected target poses with joint angles, found none that defines one")
    known_NK = ~np.isnan(error) & placed_N[:, None]
    if not known_NK.any():
        raise ValueError("expected errors of a student on the target, found none that is known")
    if (error[known_NK] < 0).any():
        raise ValueError(f"expected errors of 0 or more, found {np.nanmin(error):g}")
    cluster_N = np.full(len(angles), -1, np.int64)
    cluster_N[placed_N], centre_CA = _clustered(angles[placed_N], clusters, seed)
    count_C = np.bincount(cluster_N[placed_N], minlength=len(centre_CA))
    member_CN = (cluster_N == np.arange(len(centre_CA))[:, None]).astype(np.float64)
    seen_CK = member_CN @ known_NK
    sum_CK = member_CN @ np.where(known_NK, error, 0.0)
    joint_K = sum_CK.sum(axis=0) / np.maximum(seen_CK.sum(axis=0), 1)
    error_CK = (sum_CK + PRIOR * joint_K) / (seen_CK + PRIOR)
    mean_C = error_CK.mean(axis=1)
    weight_N = np.where(placed_N, mean_C[cluster_N], 0.0)
    return Failing(
        cluster_N=cluster_N,
        centre_CA=centre_CA,
        share_C=count_C / count_C.sum(),
        error_CK=error_CK,
        weight_N=weight_N / max(float(weight_N.max()), 1e-300),
    )


def doubt(confidence_NK: ArrayLike) -> NDArray[np.float64]:
    """Estimate errors from confidence, joint by joint: the share of poses that are surer of it.

    Confidences of joints and networks have scales of their own; their order is what they tell.

    >>> doubt([[0.9], [0.1], [0.5]]).round(2).tolist()
    [[0.0], [1.0], [0.5]]
    """
    confidence_NK = np.asarray(confidence_NK, np.float64)
    found_NK = np.full(confidence_NK.shape, np.nan)
    for joint, sure_N in enumerate(confidence_NK.T):
        known_N = ~np.isnan(sure_N)
        rank_N = average_ranks(-sure_N[known_N]) - 1
        found_NK[known_N, joint] = rank_N / max(len(rank_N) - 1, 1)
    return found_NK


def disagreement(one_NK2: ArrayLike, other_NK2: ArrayLike, side: float) -> NDArray[np.float64]:
    """Estimate errors from how far two predictions of the same crops are apart, (N, K).

    Distances in parts of `FAR` of the crop's side, at most 1.

    >>> disagreement([[[0.0, 0.0], [3.0, 4.0]]], [[[0.0, 0.0], [0.0, 0.0]]], side=100).tolist()
    [[0.0, 0.25]]
    """
    one, other = np.asarray(one_NK2, np.float64), np.asarray(other_NK2, np.float64)
    return np.minimum(np.linalg.norm(one - other, axis=-1) / (FAR * side), 1.0)


def errors(
    predicted_NK2: ArrayLike, true_NK2: ArrayLike, visible_NK: ArrayLike, side: float
) -> NDArray[np.float64]:
    """Measure errors by labels, as `disagreement` does; NaN where a joint is not labelled."""
    return np.where(visible_NK, disagreement(predicted_NK2, true_NK2, side), np.nan)


def _clustered(
    angles_NA: NDArray[np.float64], clusters: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cluster poses by k-means; clusters that nobody is in are left out."""
    from scipy.cluster.vq import kmeans2

    known_NA = ~np.isnan(angles_NA)
    mean_A = np.where(known_NA, angles_NA, 0).sum(axis=0) / np.maximum(known_NA.sum(axis=0), 1)
    whole_NA = np.where(known_NA, angles_NA, mean_A)
    different = len(np.unique(whole_NA, axis=0))
    k = max(1, min(clusters, different))
    centre_CA, cluster_N = kmeans2(whole_NA, k, minit="++", rng=np.random.default_rng(seed))
    used, cluster_N = np.unique(cluster_N, return_inverse=True)
    return cluster_N.astype(np.int64), centre_CA[used]
