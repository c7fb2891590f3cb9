"""Which samples a page shows, by rules that are printed beside them.

N samples. Rules are seeded, so the same folder always shows the same samples.
"""

from __future__ import annotations

import numpy as np


def of_bin(bin_N: np.ndarray, b: int, count: int, seed: int = 0) -> np.ndarray:
    """Rows of at most ``count`` samples of bin ``b``, drawn at random without replacement.

    >>> of_bin(np.array([0, 1, 1, 0]), 1, 5).tolist()
    [1, 2]
    """
    rows = np.flatnonzero(bin_N == b)
    chosen = np.random.default_rng([seed, b]).permutation(rows)[:count]
    return np.sort(chosen)


def by_gain(
    gain_N: np.ndarray, tie_N: np.ndarray, each: int, seed: int = 0
) -> list[tuple[str, np.ndarray]]:
    """Rows with the largest gain, the largest loss, and random ones from the rest.

    Args:
        gain_N: difference of two predictions on each sample; NaN = undefined, never chosen.
        tie_N: breaks ties of the gain (its NaN counts as 0); then the earlier sample wins.
        each: how many of each kind.
        seed: of the random ones.

    Returns:
        Kind and rows; kinds are "largest gain", "largest loss", "random". A gain must be above
        zero to be called one, and a loss below.

    >>> by_gain(np.array([0.0, 5.0, -3.0, 0.0]), np.zeros(4), 1)[0]
    ('largest gain', array([1]))
    """
    gain_N = np.asarray(gain_N, dtype=np.float64)
    tie_N = np.nan_to_num(np.asarray(tie_N, dtype=np.float64))
    known = np.flatnonzero(np.isfinite(gain_N))
    order = known[np.lexsort((known, -tie_N[known], -gain_N[known]))]
    gains = order[gain_N[order] > 0][:each]
    worst = known[np.lexsort((known, tie_N[known], gain_N[known]))]
    losses = worst[gain_N[worst] < 0][:each]
    rest = np.setdiff1d(known, np.concatenate([gains, losses]))
    random = np.sort(np.random.default_rng(seed).permutation(rest)[:each])
    return [("largest gain", gains), ("largest loss", losses), ("random", random)]
