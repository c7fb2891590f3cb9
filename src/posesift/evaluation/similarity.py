"""Similarity of difficulty bins: the mean cosine between the poses of one bin and of another.

Poses are their standardised angle vectors (`evalpose`), so the entry (a, b) is the mean over
pairs of the uncut cosine behind EvalPose. Low values in late bins say that their poses differ
from all others and from each other. The mean cosine over all pairs equals the dot product of
the bins' mean unit vectors, which needs one pass over the poses instead of one over their pairs.

Shapes: N samples, A angles, k bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.evaluation.evalpose import AngleStatistics, standardised

_CHUNK = 1 << 18


@dataclass(frozen=True)
class BinSimilarity:
    """What `bin_similarity` finds.

    Attributes:
        matrix_kk: symmetric, in [-1, 1]; NaN where there is no pair of poses.
        used_k: poses of each bin that took part.
        left_out_k: poses of each bin that lack an angle, or lie exactly at the mean.
    """

    matrix_kk: NDArray[np.float64]
    used_k: NDArray[np.int64]
    left_out_k: NDArray[np.int64]

    def to_json(self) -> dict[str, Any]:
        """The entry of ``summary.json``: null where undefined."""
        matrix = [[None if np.isnan(x) else float(x) for x in row] for row in self.matrix_kk]
        return {
            "matrix": matrix,
            "used": int(self.used_k.sum()),
            "left_out": int(self.left_out_k.sum()),
        }


def bin_similarity(
    angles_NA: ArrayLike, bin_N: ArrayLike, bins: int, statistics: AngleStatistics
) -> BinSimilarity:
    """Mean pairwise cosine of standardised angle vectors between bins; exact, linear in N.

    With S_a the sum of the unit vectors of bin a and n_a their number, an entry is
    ``S_a . S_b / (n_a n_b)``. On the diagonal the n_a pairs of a pose with itself, each of
    cosine 1, are taken out: ``(S_a . S_a - n_a) / (n_a^2 - n_a)``.

    Args:
        angles_NA: angles in degrees; a pose with an undefined one (NaN) is left out and counted.
        bin_N: bin of each pose, 0 to ``bins - 1``.
        bins: how many there are, k.
        statistics: mean and spread that standardise the angles.

    Raises:
        ValueError: a bin index is out of range.
    """
    angles, bin_N = np.asarray(angles_NA), np.asarray(bin_N)
    assert len(angles) == len(bin_N), (angles.shape, bin_N.shape)
    if len(bin_N) and not (bin_N.min() >= 0 and bin_N.max() < bins):
        raise ValueError(f"expected bins 0 to {bins - 1}, found {bin_N.min()} to {bin_N.max()}")
    sum_kA = np.zeros((bins, angles.shape[1]))
    used_k = np.zeros(bins, np.int64)
    for start in range(0, len(angles), _CHUNK):
        vector_nA = standardised(angles[start : start + _CHUNK], statistics)
        length_n = np.linalg.norm(vector_nA, axis=1)
        whole_n = length_n > 1e-9  # False for NaN, too
        chosen = bin_N[start : start + _CHUNK][whole_n]
        np.add.at(sum_kA, chosen, vector_nA[whole_n] / length_n[whole_n, None])
        used_k += np.bincount(chosen, minlength=bins)

    pairs_kk = np.outer(used_k, used_k).astype(np.float64)
    total_kk = sum_kA @ sum_kA.T
    total_kk[np.diag_indices(bins)] -= used_k
    pairs_kk[np.diag_indices(bins)] -= used_k
    matrix_kk = np.divide(total_kk, pairs_kk, out=np.full((bins, bins), np.nan), where=pairs_kk > 0)
    return BinSimilarity(
        np.clip(matrix_kk, -1.0, 1.0), used_k, np.bincount(bin_N, minlength=bins) - used_k
    )
