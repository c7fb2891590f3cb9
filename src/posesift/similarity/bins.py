"""Similarity of difficulty bins: the mean cosine between the poses of one bin and of another.

Poses are their standardised angle vectors (`evalpose`), so the entry (a, b) is the mean over
pairs of the uncut cosine behind `evalpose.evalpose_100`. Low values in late bins say that their
poses differ from all others and from each other. The mean cosine over all pairs equals the dot
product of the bins' mean unit vectors, which needs one pass over the poses instead of one over
their pairs.

The matrix grows with the square of the bins, so beyond `MOST` of them neighbours form groups: an
entry is then the mean over the pairs of two groups, as exact as before.

Shapes: N samples, A angles, k bins, G groups of neighbouring bins (G = k up to `MOST`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.difficulty.bins import groups
from posesift.poses.angles import AngleStatistics, standardised

MOST = 100  # rows of the matrix: 10,000 bins would else fill gigabytes of JSON
_CHUNK = 1 << 13  # poses at a time: their vectors stay in the cache


@dataclass(frozen=True)
class BinSimilarity:
    """What `bin_similarity` finds.

    Attributes:
        matrix_GG: symmetric, in [-1, 1]; NaN where there is no pair of poses.
        bins_G2: first and last bin of each row, inclusive.
        used_G: poses of each row that took part.
        left_out_G: poses of each row that lack an angle, or lie exactly at the mean.
    """

    matrix_GG: NDArray[np.float64]
    bins_G2: NDArray[np.int64]
    used_G: NDArray[np.int64]
    left_out_G: NDArray[np.int64]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``summary.json``: null where undefined."""
        matrix = [[None if np.isnan(x) else float(x) for x in row] for row in self.matrix_GG]
        return {
            "matrix": matrix,
            "bins": self.bins_G2.tolist(),
            "used": int(self.used_G.sum()),
            "left_out": int(self.left_out_G.sum()),
        }


def bin_similarity(
    angles_NA: ArrayLike, bin_N: ArrayLike, bins: int, statistics: AngleStatistics
) -> BinSimilarity:
    """Mean pairwise cosine of standardised angle vectors between bins; exact, linear in N.

    With S_a the sum of the unit vectors of row a and n_a their number, an entry is
    ``S_a . S_b / (n_a n_b)``. On the diagonal the n_a pairs of a pose with itself, each of
    cosine 1, are taken out: ``(S_a . S_a - n_a) / (n_a^2 - n_a)``.

    Args:
        angles_NA: angles in degrees; a pose with an undefined one (NaN) is left out and counted.
        bin_N: bin of each pose, 0 to ``bins - 1``.
        bins: how many there are, k; neighbours share a row where they are more than `MOST`.
        statistics: mean and spread that standardise the angles.

    Raises:
        ValueError: a bin index is out of range.
    """
    angles, bin_N = np.asarray(angles_NA), np.asarray(bin_N)
    assert len(angles) == len(bin_N), (angles.shape, bin_N.shape)
    if len(bin_N) and not (bin_N.min() >= 0 and bin_N.max() < bins):
        raise ValueError(f"expected bins 0 to {bins - 1}, found {bin_N.min()} to {bin_N.max()}")
    bins_G2 = groups(bins, MOST)
    rows = len(bins_G2)
    row_N = np.searchsorted(bins_G2[:, 1], bin_N)
    sum_GA = np.zeros((rows, angles.shape[1]))
    used_G = np.zeros(rows, np.int64)
    for start in range(0, len(angles), _CHUNK):
        vector_nA = standardised(angles[start : start + _CHUNK], statistics)
        length_n = np.linalg.norm(vector_nA, axis=1)
        whole_n = length_n > 1e-9  # False for NaN, too
        chosen = row_N[start : start + _CHUNK][whole_n]
        np.add.at(sum_GA, chosen, vector_nA[whole_n] / length_n[whole_n, None])
        used_G += np.bincount(chosen, minlength=rows)

    pairs_GG = np.outer(used_G, used_G).astype(np.float64)
    total_GG = sum_GA @ sum_GA.T
    total_GG[np.diag_indices(rows)] -= used_G
    pairs_GG[np.diag_indices(rows)] -= used_G
    matrix_GG = np.divide(total_GG, pairs_GG, out=np.full((rows, rows), np.nan), where=pairs_GG > 0)
    left_out_G = np.bincount(row_N, minlength=rows) - used_G
    return BinSimilarity(np.clip(matrix_GG, -1.0, 1.0), bins_G2, used_G, left_out_G)
