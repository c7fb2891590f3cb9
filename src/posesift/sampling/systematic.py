"""Systematic (low-variance) resampling: weights in, counts out.

One random offset serves a whole round of M draws, so that a sample of weight w is drawn
floor(M w) or ceil(M w) times and never anything else; independent draws would leave a third of a
uniform epoch out by chance.  (Systematic sampling: Madow & Madow 1944; as resampling in particle
filters: Kitagawa 1996.)

Legend: N samples, M draws of a round.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def normalised(weights_N: npt.ArrayLike, origin: str = "the weights") -> FloatArray:
    """Weights as float64 that sum to 1.

    Args:
        weights_N: one non-negative weight a sample, not all of them zero.
        origin: where the weights come from, for the message of an error.

    Raises:
        ValueError: if they are not a vector, negative, not finite, or all zero.

    >>> normalised([1, 3]).tolist()
    [0.25, 0.75]
    """
    weights_N = np.asarray(weights_N, dtype=np.float64)
    if weights_N.ndim != 1 or len(weights_N) == 0:
        raise ValueError(
            f"expected one weight a sample, an array of shape (N,) with N >= 1; "
            f"found shape {weights_N.shape} in {origin}"
        )
    bad_N = ~np.isfinite(weights_N) | (weights_N < 0)
    if bad_N.any():
        first = int(np.flatnonzero(bad_N)[0])
        raise ValueError(
            f"expected finite weights of 0 or more; found {int(bad_N.sum())} others in {origin}, "
            f"the first of them {weights_N[first]} at sample {first}"
        )
    largest = weights_N.max()
    if largest == 0:
        raise ValueError(f"all {len(weights_N)} weights of {origin} are zero: nothing to draw")
    scaled_N = weights_N / largest  # keeps the sum finite whatever the weights' unit
    return scaled_N / scaled_N.sum()


def capped(weights_N: npt.ArrayLike, limit: float) -> FloatArray:
    """Weights that sum to 1 and of which none exceeds a limit.

    What is cut off the largest is given to all others in proportion to their weight, and whatever
    then passes the limit is cut too: the result is ``min(limit, s w)`` with the one factor s for
    which the sum is 1.

    Args:
        weights_N: weights of 0 or more.
        limit: largest share of all draws that one sample may have.

    Raises:
        ValueError: if the samples with a weight are too few to reach a sum of 1 below the limit.

    >>> capped([8, 1, 1], 0.5).tolist()
    [0.5, 0.25, 0.25]
    """
    weights_N = normalised(weights_N)
    drawable = int(np.count_nonzero(weights_N))
    if drawable * limit < 1 - 1e-9:
        raise ValueError(
            f"expected a limit of at least 1 / {drawable} (that many samples have a weight above "
            f"zero), found {limit:.3g}: fewer than {1 / limit:.0f} samples cannot fill all draws"
        )
    if weights_N.max() <= limit:
        return weights_N
    descending_N = np.sort(weights_N)[::-1][:drawable]
    rest_N = np.cumsum(descending_N[::-1])[::-1]  # weight of sample m and all smaller ones
    room_N = 1 - limit * np.arange(drawable)  # what is left once m samples sit at the limit
    fits_N = room_N * descending_N <= limit * rest_N
    # Where even equal shares only just reach 1, rounding may say that nothing fits: all are equal.
    m = int(np.argmax(fits_N)) if fits_N.any() else drawable - 1
    return np.minimum(limit, weights_N * (room_N[m] / rest_N[m]))


def counts(weights_N: FloatArray, draws: int, rng: np.random.Generator) -> IntArray:
    """How often each sample is drawn in a round.

    Args:
        weights_N: weights that sum to 1.
        draws: length M of the round.
        rng: gives the one offset.

    Returns:
        (N,) int64, each floor(M w) or ceil(M w), with sum M and expectation M w.

    >>> counts(np.array([0.5, 0.25, 0.25]), 8, np.random.default_rng(0)).tolist()
    [4, 2, 2]
    """
    expected_N = weights_N * draws
    whole_N = np.floor(expected_N)
    # Only the fractions are left to chance: sums of fractions stay exact enough to keep the
    # promise of floor or ceil, which a cumulative sum over all of M w would break by rounding.
    fraction_N = expected_N - whole_N
    counts_N = whole_N.astype(np.int64)
    remaining = draws - int(counts_N.sum())
    fractional = np.flatnonzero(fraction_N)
    if remaining > 0 and len(fractional):
        ladder = np.cumsum(fraction_N[fractional])
        ladder *= remaining / ladder[-1]
        ladder[-1] = remaining
        steps = np.floor(ladder + rng.random()).astype(np.int64)
        counts_N[fractional] += np.diff(steps, prepend=0)
    return counts_N


def scattered(weights_N: FloatArray, draws: int, rng: np.random.Generator) -> IntArray:
    """How often each sample is drawn, as `counts` says, whatever the order of the samples means.

    `counts` goes along the samples in even steps: where every fifth of them is of the first of five
    cameras, a fifth of the samples can be all of one camera. Here they are first put in an order of
    chance (random systematic sampling: Goodman & Kish 1950), which leaves each sample's own
    chance as it was.

    >>> counts_N = scattered(np.full(20, 1 / 20), 4, np.random.default_rng(0))
    >>> int(counts_N.sum()), int(counts_N.max())
    (4, 1)
    """
    order_N = rng.permutation(len(weights_N))
    counts_N = np.empty(len(weights_N), np.int64)
    counts_N[order_N] = counts(weights_N[order_N], draws, rng)
    return counts_N


def draw(weights_N: FloatArray, draws: int, rng: np.random.Generator) -> IntArray:
    """One shuffled round: M indices, each sample as often as `counts` says.

    >>> sorted(draw(np.array([0.5, 0.25, 0.25]), 4, np.random.default_rng(0)).tolist())
    [0, 0, 1, 2]
    """
    counts_N = counts(weights_N, draws, rng)
    indices_M = np.repeat(np.arange(len(weights_N)), counts_N)
    rng.shuffle(indices_M)
    return indices_M
