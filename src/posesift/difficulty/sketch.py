"""Quantiles of more scores than are worth sorting: a sketch of a few kilobytes that can be merged.

KLL (Karnin, Lang and Liberty, Optimal quantile approximation in streams, 2016) as Apache
DataSketches has it, the optional package `datasketches`. It keeps some of the scores, so that the
edges of bins are scores; which of them is chance, so that two sketches of the same scores differ
within the rank error.

Legend: B scores of a part, k bins.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

_SIZE = 4_096  # KLL's k: 45 kB
PACKAGE = "datasketches"


def available() -> bool:
    """Whether the optional package is installed."""
    return find_spec(PACKAGE) is not None


class ScoreSketch:
    """Scores in a few kilobytes, as far as quantiles ask of them."""

    def __init__(self) -> None:
        self._kept = import_module(PACKAGE).kll_floats_sketch(_SIZE)

    def add(self, score_B: npt.NDArray[np.float32]) -> None:
        """Take in the scores of a part."""
        self._kept.update(np.ascontiguousarray(score_B, np.float32))

    def merge(self, other: ScoreSketch) -> None:
        """Take in all that another sketch has taken in."""
        self._kept.merge(other._kept)

    @property
    def rank_error(self) -> float:
        """Share of the scores by which the rank of a quantile may be off, with 99 % confidence."""
        return float(self._kept.normalized_rank_error(False))

    def edges(self, k: int) -> npt.NDArray[np.float64] | None:
        """Return edges of k bins of equal counts, within the rank error.

        Returns:
            (k + 1,) rising scores, the lowest and the highest of all among them; None where scores
            repeat so often that two edges would be the same.
        """
        share = np.arange(1, k) / k
        inner = np.array(self._kept.get_quantiles(share, False) if k > 1 else [], np.float64)
        edges = np.concatenate(
            [[self._kept.get_min_value()], inner, [self._kept.get_max_value()]]
        ).astype(np.float64)
        return edges if (np.diff(edges) > 0).all() else None
