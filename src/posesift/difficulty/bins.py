"""Bins of rising difficulty, and what varies inside them.

Bins count from 0 here and in files, from 1 wherever a person reads.

Legend: N samples, K keypoints, k bins, G groups of neighbouring bins, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from posesift.difficulty import sketch
from posesift.difficulty.checks import spearman

BINNINGS = ("quantile", "width", "log-width")
SHOWN = 50  # bins that can stand side by side; of more, neighbours are grouped
EXACT_SCORES = 1 << 24
"""Scores up to which quantiles are exact: sorting them takes 13 bytes each for a moment."""
MOST_SKETCHED = 100  # bins from a sketch: of more, its error would be a tenth of a bin
MOST_BINS = 32_767  # what the int16 of a bin's number can count
FEWEST_IN_A_BIN = 4  # poses of a bin of the default number
FEWEST_POSES = 8  # of a bin, below which no spread of poses is given
_ROWS = 1 << 20  # binned at a time: bounds the memory
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def default_k(n: int) -> int:
    """Bins for n poses: 25 from 50,000 on, 10 below; under 40 so many that each holds four.

    >>> default_k(50_000), default_k(49_999), default_k(40)
    (25, 10, 10)
    >>> default_k(39), default_k(12), default_k(4), default_k(0)
    (9, 3, 1, 1)
    """
    return 25 if n >= 50_000 else max(1, min(10, n // FEWEST_IN_A_BIN))


def panel_bins(k: int) -> tuple[int, ...]:
    """Return the bins that a panel shows: the first, the last, and two evenly between.

    >>> panel_bins(25), panel_bins(10), panel_bins(2)
    ((0, 8, 16, 24), (0, 3, 6, 9), (0, 1))
    """
    return tuple(np.unique(np.linspace(0, k - 1, 4).round().astype(int)).tolist())


def groups(k: int, most: int) -> npt.NDArray[np.int64]:
    """Return groups of neighbouring bins, as even as can be, where each bin alone is too many.

    Returns:
        (G, 2) first and last bin of each group, both inclusive; G <= ``most``, and = k where
        that is enough.

    >>> groups(5, 3).tolist(), groups(2, 3).tolist()
    ([[0, 1], [2, 3], [4, 4]], [[0, 0], [1, 1]])
    """
    count = -(-k // -(-k // most))
    first_G = -(-np.arange(count + 1) * k // count)
    return np.stack([first_G[:-1], first_G[1:] - 1], axis=1)


def bin_edges(score_N: npt.ArrayLike, k: int, binning: str = "quantile") -> npt.NDArray[np.float64]:
    """Edges of k bins.

    Of more than `EXACT_SCORES` scores, where the package `datasketches` is installed, quantiles
    come from a sketch (`sketch`), whose rank error is below a thousandth.

    Args:
        score_N: difficulty scores.
        k: number of bins.
        binning: `quantile`: equal counts, as far as equal scores allow (they share a bin, and no
            bin is left empty); `width`: equal steps of the score; `log-width`: of its logarithm,
            where a score of 0 counts as the smallest above 0.

    Returns:
        (k + 1,) rising edges; the first is the lowest score, the last the highest.

    Raises:
        ValueError: for more bins than distinct scores or than `MOST_BINS`, scores that are not
            finite, or negative ones with `log-width`.

    >>> bin_edges([1, 2, 3, 4], 2).tolist()
    [1.0, 3.0, 4.0]
    """
    if binning not in BINNINGS:
        raise ValueError(f"expected a binning of {', '.join(BINNINGS)}; found '{binning}'")
    score_N = _finite(score_N)
    many = len(score_N) > EXACT_SCORES and binning == "quantile" and 1 <= k <= MOST_SKETCHED
    if many and (edges := _sketched(score_N, k)) is not None:
        return edges
    few = binning == "quantile" and 1 <= k <= MOST_SKETCHED
    if few and (edges := _distinct_quantiles(score_N, k)) is not None:
        return edges
    value_V, before_V = _distinct(score_N)
    if not 1 <= k <= len(value_V):
        raise ValueError(
            f"expected 1 to {len(value_V)} bins, as many as there are distinct scores; found "
            f"k = {k}. "
            + (
                "Ask for fewer bins, or check why so many scores are equal"
                if k > 0
                else "Ask for at least one bin"
            )
        )
    if k > MOST_BINS:
        raise ValueError(f"expected at most {MOST_BINS} bins, found k = {k}; ask for fewer")
    low, high = float(value_V[0]), float(value_V[-1])
    if binning == "width":
        return np.linspace(low, high, k + 1)
    if binning == "log-width":
        if low < 0:
            raise ValueError(f"log-width bins need scores of 0 or more, found {low:.4g}")
        positive_V = value_V[value_V > 0]
        if len(positive_V) == 0 or positive_V[0] == high:
            return np.linspace(low, high, k + 1)
        edges = np.geomspace(float(positive_V[0]), high, k + 1)
        edges[0], edges[-1] = low, high
        return edges
    # A bin begins at a distinct score: the one nearest to an equal share that leaves at least one
    # distinct score to every bin before and after it.
    wanted = np.arange(1, k) * len(score_N) / k
    step = np.arange(1, k)
    first = np.searchsorted(before_V, wanted)
    first = np.maximum.accumulate(np.maximum(first, step) - step) + step
    first = np.minimum(first, len(value_V) - k + step)
    return np.concatenate([[low], value_V[first], [high]])


def assign(score_N: npt.ArrayLike, edges: npt.ArrayLike) -> npt.NDArray[np.int16]:
    """Bin of each score (N,) int16; scores beyond the edges fall in the first or the last bin.

    >>> assign([0, 1, 2.9, 3, 9], [1, 3, 4]).tolist()
    [0, 0, 0, 1, 1]
    """
    inner_edges = np.asarray(edges, dtype=np.float64)[1:-1]
    score_N = _finite(score_N)
    bin_N = np.empty(len(score_N), np.int16)
    for first in range(0, len(score_N), _ROWS):
        rows = slice(first, first + _ROWS)
        bin_N[rows] = np.searchsorted(inner_edges, score_N[rows], side="right")
    return bin_N


def variation(
    score_N: npt.NDArray,
    bin_N: npt.NDArray,
    points_NK2: npt.NDArray,
    visible_NK: npt.NDArray[np.bool_] | None = None,
    *,
    edges: npt.ArrayLike | None = None,
    held_out_N: npt.NDArray[np.bool_] | None = None,
    rare_N: npt.NDArray[np.bool_] | None = None,
    posed_M: npt.NDArray[np.integer] | None = None,
) -> list[dict[str, Any]]:
    """Return what varies inside each bin: the score, and the poses themselves.

    The poster's box plot shows the score, which rises with the bin by construction.  The trace of
    the covariance of normalised poses does not have to: it is the evidence.

    Args:
        score_N: difficulty.
        bin_N: bin of each sample, from 0.
        points_NK2: normalised poses; those of ``posed_M`` where that is given.
        visible_NK: which keypoints count (all).
        edges: (k + 1,) edges of the bins; else each bin's lowest and highest score is given.
        held_out_N: the samples whose poses the scorer has not seen: the covariance is theirs
            alone (all).
        rare_N: whether a pose's mode is rare in the source, where that is known.
        posed_M: rising numbers of the samples whose poses are given; their spread stands for that
            of all (every sample's is given).

    Returns:
        For each bin a dict of JSON values: `bin`, `low`, `high`, `samples`, `q05`, `q25`, `q50`,
        `q75`, `q95`, `mean`, `covariance_trace` (None below 8 poses), `spread` (None below 8
        poses: quantiles 5, 25, 50, 75 and 95 % of `squared_distances`, whose mean is the trace
        where every keypoint is visible), `rare_share` (None if unknown); the statistics of an
        empty bin are None.
    """
    k = int(np.max(bin_N, initial=0)) + 1 if edges is None else len(np.asarray(edges)) - 1
    bounds = None if edges is None else np.asarray(edges, dtype=np.float64)
    spreads = _spreads(bin_N, k, points_NK2, visible_NK, held_out_N, posed_M)
    rows = []
    for b, (inside, spread) in enumerate(zip(_by_bin(bin_N, k), spreads, strict=True)):
        scores = score_N[inside].astype(np.float64)
        quantiles = np.quantile(scores, _QUANTILES) if len(inside) else [None] * 5
        low, high = (scores.min(), scores.max()) if len(inside) else (None, None)
        row = {
            "bin": b,
            "low": low if bounds is None else bounds[b],
            "high": high if bounds is None else bounds[b + 1],
            "samples": len(inside),
            **dict(zip(("q05", "q25", "q50", "q75", "q95"), quantiles, strict=True)),
            "mean": scores.mean() if len(inside) else None,
            **spread,
            "rare_share": rare_N[inside].mean() if rare_N is not None and len(inside) else None,
        }
        rows.append({key: float(v) if isinstance(v, np.floating) else v for key, v in row.items()})
    return rows


def _spreads(
    bin_N: npt.NDArray,
    k: int,
    points_MK2: npt.NDArray,
    visible_MK: npt.NDArray[np.bool_] | None,
    held_out_N: npt.NDArray[np.bool_] | None,
    posed_M: npt.NDArray[np.integer] | None,
) -> Iterator[dict[str, Any]]:
    """Yield `covariance_trace` and `spread` of each bin, over the poses that are given."""
    bin_M = bin_N if posed_M is None else bin_N[posed_M]
    held_out_M = held_out_N if held_out_N is None or posed_M is None else held_out_N[posed_M]
    visible_MK = np.ones(points_MK2.shape[:2], bool) if visible_MK is None else visible_MK
    for inside in _by_bin(bin_M, k):
        poses = inside if held_out_M is None else inside[held_out_M[inside]]
        here_PK2, seen_PK = points_MK2[poses], visible_MK[poses]
        spread = squared_distances(here_PK2, seen_PK)
        yield {
            "covariance_trace": covariance_trace(here_PK2, seen_PK),
            "spread": None if spread is None else np.quantile(spread, _QUANTILES).tolist(),
        }


def _by_bin(bin_N: npt.NDArray, k: int) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the rising numbers of the samples of each bin."""
    bin_N = np.asarray(bin_N)
    if k <= SHOWN:  # a search a bin takes less memory than an order of all
        yield from (np.flatnonzero(bin_N == b) for b in range(k))
        return
    order_N = np.argsort(bin_N, kind="stable")  # once: 10,000 bins must not mean 10,000 searches
    start_k = np.searchsorted(bin_N[order_N], np.arange(k + 1))
    for b in range(k):
        yield order_N[start_k[b] : start_k[b + 1]]


def covariance_trace(
    points_NK2: npt.NDArray, visible_NK: npt.NDArray[np.bool_] | None = None
) -> float | None:
    """Total variance of poses: the variances of all coordinates, summed over the K keypoints.

    Each variance is over the poses in which the keypoint is visible; a keypoint visible in fewer
    than two counts as the average of the others.  None for fewer than 8 poses.
    """
    if len(points_NK2) < FEWEST_POSES:
        return None
    mean_K2, weight_NK1 = _mean_pose(points_NK2, visible_NK)
    squared_NK2 = np.square(points_NK2 - mean_K2) * weight_NK1
    count_K = weight_NK1.sum((0, 2))
    variance_K = squared_NK2.sum((0, 2)) / np.maximum(count_K, 1)
    known_K = count_K >= 2
    if not known_K.any():
        return None
    return float(variance_K[known_K].mean() * len(variance_K))


def squared_distances(
    points_NK2: npt.NDArray, visible_NK: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.float64] | None:
    """How far each pose lies from the mean of all: the sum over its K keypoints, squared.

    A keypoint that is not visible counts as the average of the pose's others; a pose without any
    is left out.  None for fewer than 8 poses.
    """
    if len(points_NK2) < FEWEST_POSES:
        return None
    mean_K2, weight_NK1 = _mean_pose(points_NK2, visible_NK)
    squared_N = (np.square(points_NK2 - mean_K2) * weight_NK1).sum((1, 2))
    seen_N = weight_NK1.sum((1, 2))
    if not seen_N.any():
        return None
    return squared_N[seen_N > 0] / seen_N[seen_N > 0] * points_NK2.shape[1]


def _mean_pose(
    points_NK2: npt.NDArray, visible_NK: npt.NDArray[np.bool_] | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean of each keypoint where it is visible (K, 2), and the weights (N, K, 1), 0 or 1."""
    weight_NK1 = np.ones((*points_NK2.shape[:2], 1))
    if visible_NK is not None:
        weight_NK1 *= visible_NK[..., None]
    sum_K2 = (points_NK2.astype(np.float64) * weight_NK1).sum(0)
    return sum_K2 / np.maximum(weight_NK1.sum(0), 1), weight_NK1


def variation_spearman(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Whether both kinds of variation rise with the bin: rank correlations of bin and value.

    Returns:
        `score` (of the median) and `covariance` (of the trace), each in [-1, 1], or None with
        fewer than three bins to compare.
    """

    def rising(values: list[float | None]) -> float | None:
        known = [(b, value) for b, value in enumerate(values) if value is not None]
        if len(known) < 3:
            return None
        return spearman(*np.transpose(known))

    return {
        "score": rising([row["q50"] for row in rows]),
        "covariance": rising([row["covariance_trace"] for row in rows]),
    }


def _sketched(score_N: npt.NDArray, k: int) -> npt.NDArray[np.float64] | None:
    """Give edges from a sketch; None where there can be none, or its package is not installed."""
    if not sketch.available():
        return None
    found = sketch.ScoreSketch()
    for first in range(0, len(score_N), _ROWS):
        found.add(score_N[first : first + _ROWS])
    return found.edges(k)


def _distinct_quantiles(score_N: npt.NDArray, k: int) -> npt.NDArray[np.float64] | None:
    """Give edges of equal counts in linear time; None where too many scores are equal for that.

    A sort would put all scores in order, of which only those at the edges are asked for.
    """
    rank_k = np.ceil(np.arange(1, k) * len(score_N) / k).astype(np.int64)
    parted_N = np.partition(score_N, np.concatenate([rank_k - 1, rank_k])) if k > 1 else score_N
    edge_k = parted_N[rank_k]
    for tied in np.flatnonzero(edge_k == parted_N[rank_k - 1]):  # its bin begins after its equals
        above = parted_N[rank_k[tied] :]
        edge_k[tied] = above[above > edge_k[tied]].min(initial=np.inf)
    if (edge_k[1:] <= edge_k[:-1]).any() or (edge_k == np.inf).any():
        return None
    return np.concatenate([[score_N.min()], edge_k, [score_N.max()]]).astype(np.float64)


def _distinct(score_N: npt.NDArray) -> tuple[npt.NDArray, npt.NDArray[np.int64]]:
    """Return the rising distinct scores, and how many are below each.

    What `np.unique` gives, in a third of its memory.
    """
    sorted_N = np.sort(score_N)
    new_N = np.empty(len(sorted_N), bool)
    new_N[0] = True
    np.not_equal(sorted_N[1:], sorted_N[:-1], out=new_N[1:])
    before_V = np.flatnonzero(new_N)
    return sorted_N[before_V], before_V


def _finite(score_N: npt.ArrayLike) -> npt.NDArray:
    """Return the scores, of float32 as they are and else in float64."""
    score_N = np.asarray(score_N)
    if score_N.dtype != np.float32:
        score_N = score_N.astype(np.float64)
    if score_N.ndim != 1 or len(score_N) == 0 or not np.isfinite(score_N).all():
        raise ValueError(
            f"expected one finite score a sample, shape (N,) with N >= 1; found shape "
            f"{score_N.shape} with {int((~np.isfinite(score_N)).sum())} values not finite"
        )
    return score_N
