"""The rules that make sampling weights of difficulty: one function a strategy.

VAE-HM of the poster (hard mining) is a weight that rises with difficulty; VAE-CL (curriculum) is
a set of bins that grows with the stage's progress t.  The poster gives neither rule: these are
named choices with their controls beside them (`uniform`, `shuffled`, `random_pacing`, `easy`).
The keyword parameters of a function are the options of its strategy.

Legend: N samples; bins count from 0, the easiest, to k - 1, the hardest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from posesift.sampling.systematic import FloatArray, IntArray, capped


@dataclass(frozen=True)
class Scored:
    """What a strategy may look at."""

    score_N: FloatArray
    bin_N: IntArray
    k: int
    seed: int

    def permuted(self) -> Scored:
        """Return the same scores and bins, dealt out anew to the samples."""
        order_N = np.random.default_rng((self.seed, 0x5CA7)).permutation(len(self.score_N))
        return Scored(self.score_N[order_N], self.bin_N[order_N], self.k, self.seed)


Weights = FloatArray | Callable[[float], FloatArray]


def uniform(data: Scored) -> Weights:
    """Every sample alike: the control of all others."""
    return np.ones(len(data.score_N))


def tempered(
    data: Scored, *, a: float = 0.8, width_bins: int = 10, winsorise: float = 0.995, cap: float = 5
) -> Weights:
    """Hard mining: the inverse density of the score, tempered and capped.

    A sample weighs n_b^-a, with n_b the size of its bin among `width_bins` bins of equal width in
    log score.  Extremes are pulled in first (scores clipped to their `winsorise` and
    1 - `winsorise` quantiles), since one outlier would stretch all bins, and no sample is drawn
    more than `cap` times as often as the average: outliers are not worth learning by heart.
    """
    bin_N = log_width_bins(data.score_N, width_bins, winsorise)
    size_N = np.bincount(bin_N)[bin_N].astype(np.float64)
    return capped(size_N**-a, cap / len(size_N))


def flatten(data: Scored, *, width_bins: int = 10, winsorise: float = 0.995) -> Weights:
    """Equal mass for each log-width bin: `tempered` with a = 1 and no cap (over-draws outliers)."""
    return tempered(data, a=1.0, width_bins=width_bins, winsorise=winsorise, cap=math.inf)


def linear(data: Scored) -> Weights:
    """Weight bin + 1."""
    return np.asarray(data.bin_N + 1, dtype=np.float64)


def quadratic(data: Scored) -> Weights:
    """Weight (bin + 1)^2."""
    return np.asarray((data.bin_N + 1) ** 2, dtype=np.float64)


def top(data: Scored) -> Weights:
    """Return the harder half of the bins, all samples in it alike."""
    return (data.bin_N >= min(data.k // 2, int(data.bin_N.max()))).astype(np.float64)


def curriculum(data: Scored, *, b: float = 0.3, a: float = 0.6) -> Weights:
    """Easy bins first: bins 0 .. ceil(k g(t)) - 1 with g(t) = min(1, b + (1 - b) t / a).

    It begins with the easiest share `b` of the bins and has all of them from t = `a` on.  (Pacing
    functions: Hacohen & Weinshall 2019.)  The learning rate must not fall while bins arrive.
    """
    if not (0 < b <= 1 and 0 < a <= 1):
        raise ValueError(
            f"expected a curriculum's b (first share) and a (end of pacing) in (0, 1], "
            f"found b = {b}, a = {a}"
        )
    easiest = int(data.bin_N.min())

    def weights(t: float) -> FloatArray:
        share = min(1.0, b + (1 - b) * t / a)
        bins = math.ceil(data.k * share - 1e-9)  # 10 bins at 0.3 are 3, whatever 10 * 0.3 gives
        return (data.bin_N < max(bins, easiest + 1)).astype(np.float64)

    return weights


def curriculum_then_hard(data: Scored, *, b: float = 0.3, a: float = 0.6) -> Weights:
    """Return a curriculum until t = `a`, hard mining's weights from there on."""
    easy_first, hard_N = curriculum(data, b=b, a=a), tempered(data)
    assert callable(easy_first)
    return lambda t: easy_first(t) if t < a else hard_N  # type: ignore[return-value]


def shuffled(data: Scored) -> Weights:
    """Hard mining's weights on scores permuted anew for each seed: the same ESS, no knowledge."""
    return tempered(data.permuted())


def random_pacing(data: Scored, *, b: float = 0.3, a: float = 0.6) -> Weights:
    """Return a curriculum over a random order: as many samples at each t, but any samples."""
    return curriculum(data.permuted(), b=b, a=a)


def easy(data: Scored) -> Weights:
    """Hard mining's weights dealt out the other way: the easiest sample gets the largest."""
    hard_N = np.asarray(tempered(data))
    order_N = np.argsort(data.score_N, kind="stable")
    reversed_N = np.empty_like(hard_N)
    reversed_N[order_N] = np.sort(hard_N)[::-1]
    # Equal scores share their weight: the order among them means nothing.
    _, group_N = np.unique(data.score_N, return_inverse=True)
    return (np.bincount(group_N, reversed_N) / np.bincount(group_N))[group_N]


def log_width_bins(score_N: FloatArray, k: int, winsorise: float) -> IntArray:
    """Bin of each score among k bins of equal width in log score, after winsorising both ends.

    A score of 0 (a pose that has a copy) counts as the smallest score above 0.

    Raises:
        ValueError: for scores below 0, which have no logarithm.
    """
    if score_N.min() < 0:
        raise ValueError(
            f"log-width bins need scores of 0 or more, found {score_N.min():.4g}: add a constant, "
            f"or use 'linear' or 'quadratic', which look at ranks only"
        )
    low, high = np.quantile(score_N, [1 - winsorise, winsorise])
    if high <= 0:
        return np.zeros(len(score_N), dtype=np.int64)
    low = max(low, score_N[score_N > 0].min())
    if not high > low:
        return np.zeros(len(score_N), dtype=np.int64)
    inner_edges = np.geomspace(low, high, k + 1)[1:-1]
    return np.searchsorted(inner_edges, score_N, side="right")
