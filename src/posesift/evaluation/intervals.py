"""Confidence intervals: over seeds, over paired seeds, over images; Holm's correction.

Over seeds (a handful of values) the t interval is used, paired where arms share a seed. Over
images the unit that was drawn is the image, not the keypoint: the keypoints of one image are
right or wrong together, so `ratio_interval` and `bootstrap_interval` keep them together.

Shapes: N images or values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95


class MeanInterval(NamedTuple):
    """A mean with the bounds of its interval; None where one value gives no bounds."""

    mean: float
    low: float | None
    high: float | None


class PairedInterval(NamedTuple):
    """A mean difference, its bounds, half their distance, and the two-sided p-value."""

    mean: float
    low: float | None
    high: float | None
    half_width: float | None
    p: float | None


def mean_interval(values: ArrayLike, level: float = LEVEL) -> MeanInterval:
    """Mean and t interval of independent values, such as one figure over seeds.

    Raises:
        ValueError: there is no value, or one is not a finite number.

    >>> mean_interval([1.0, 2.0, 3.0])  # doctest: +ELLIPSIS
    MeanInterval(mean=2.0, low=-0.484137..., high=4.484137...)
    >>> mean_interval([5.0])
    MeanInterval(mean=5.0, low=None, high=None)
    """
    value_N = _finite(values)
    mean = float(value_N.mean())
    if len(value_N) < 2:
        return MeanInterval(mean, None, None)
    half = _half_width(value_N, level)
    return MeanInterval(mean, mean - half, mean + half)


def paired_interval(a: ArrayLike, b: ArrayLike, level: float = LEVEL) -> PairedInterval:
    """Paired t interval and two-sided p-value of the mean of ``a - b``.

    Args:
        a: one figure for each seed.
        b: the other arm's figure for the same seeds in the same order.
        level: coverage of the interval.

    Raises:
        ValueError: the lengths differ, there is no value, or one is not finite.

    >>> paired_interval([3.0, 4.0, 6.0], [2.0, 2.0, 3.0])  # doctest: +ELLIPSIS
    PairedInterval(mean=2.0, low=-0.484..., high=4.484..., half_width=2.484..., p=0.074...)
    """
    a_N, b_N = _finite(a), _finite(b)
    if len(a_N) != len(b_N):
        raise ValueError(f"expected as many values in both arms, found {len(a_N)} and {len(b_N)}")
    gain_N = a_N - b_N
    mean = float(gain_N.mean())
    if len(gain_N) < 2:
        return PairedInterval(mean, None, None, None, None)
    half = _half_width(gain_N, level)
    from scipy import stats

    # Differences that are all equal leave no spread to test against.
    p = float(stats.ttest_rel(a_N, b_N).pvalue) if half > 0 else float(mean == 0)
    return PairedInterval(mean, mean - half, mean + half, half, p)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction of p-values for looking at several, in the order given.

    None (nothing to test) stays None and does not count as a test.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", 1979.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, i) in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p))
        corrected[i] = largest
    return corrected


def ratio_interval(
    correct_N: ArrayLike, counted_N: ArrayLike, level: float = LEVEL
) -> tuple[float, float] | None:
    """Interval in percent of a pooled share, with the image as the unit that was drawn.

    The pooled share ``sum(correct) / sum(counted)`` is a ratio of two random sums. Linearised,
    image i contributes ``correct_i - share * counted_i``; the interval is the cluster-robust t
    of these (Cochran, "Sampling Techniques", 6.4), cut at 0 and 100. Where every keypoint is
    right or every one is wrong that spread is zero, and the bound is the exact binomial one for
    as many images (Clopper and Pearson, 1934).

    Args:
        correct_N: what each image got right, such as its correct keypoints.
        counted_N: out of how many; images with 0 drop out.
        level: coverage of the interval.

    Returns:
        (low, high), or None with fewer than two images.

    >>> low, high = ratio_interval([2, 0, 1, 2], [2, 2, 2, 2])
    >>> round(low, 1), round(high, 1)
    (0.0, 100.0)
    """
    correct, counted = _counts(correct_N, counted_N)
    n = len(counted)
    if n < 2:
        return None
    share = correct.sum() / counted.sum()
    if share in (0.0, 1.0):
        bound = 100 * ((1 - level) / 2) ** (1 / n)
        return (bound, 100.0) if share == 1.0 else (0.0, 100.0 - bound)
    share, half = ratio_of_sums(correct, counted, level)
    return 100 * max(0.0, share - half), 100 * min(1.0, share + half)


def ratio_of_sums(
    part_N: ArrayLike, whole_N: ArrayLike, level: float = LEVEL
) -> tuple[float, float]:
    """``sum(part) / sum(whole)`` and the half-width of its interval, linearised.

    Pair i contributes ``part_i - ratio * whole_i``; the half-width is the t quantile times the
    standard error of their sum (Cochran, "Sampling Techniques", 6.4). It needs two pairs or more.

    >>> ratio, half = ratio_of_sums([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    >>> ratio, half
    (0.5, 0.0)
    """
    part, whole = np.asarray(part_N, np.float64), np.asarray(whole_N, np.float64)
    n, ratio = len(whole), part.sum() / whole.sum()
    residual = part - ratio * whole
    error = np.sqrt(n / (n - 1) * (residual**2).sum()) / whole.sum()
    return float(ratio), float(_quantile(level, n - 1) * error)


def bootstrap_interval(
    correct_N: ArrayLike,
    counted_N: ArrayLike,
    level: float = LEVEL,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Give the same interval by drawing images with replacement (percentile bootstrap), in percent.

    Makes no assumption of shape; `ratio_interval` agrees with it from about 30 images on. Seeded,
    so the same data give the same bounds. Images with the same counts are drawn together: how
    often each kind is drawn is multinomial, and of keypoints there are few kinds however many
    images.

    Returns:
        (low, high), or None with fewer than two images.
    """
    correct, counted = _counts(correct_N, counted_N)
    n = len(counted)
    if n < 2:
        return None
    kind_U2, size_U = np.unique(np.stack([correct, counted], 1), axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    chunk = max(1, 2_000_000 // len(kind_U2))  # 16 MB of numbers at a time
    shares = []
    for start in range(0, draws, chunk):
        times_DU = rng.multinomial(n, size_U / n, min(chunk, draws - start))
        total_D2 = times_DU @ kind_U2
        shares.append(total_D2[:, 0] / total_D2[:, 1])
    low, high = np.quantile(np.concatenate(shares), [(1 - level) / 2, (1 + level) / 2])
    return 100 * float(low), 100 * float(high)


def _half_width(value_N: NDArray[np.float64], level: float) -> float:
    return float(_quantile(level, len(value_N) - 1) * value_N.std(ddof=1) / np.sqrt(len(value_N)))


def _quantile(level: float, freedom: int) -> float:
    """Give Student's t that holds so much of its distribution on both sides of 0."""
    from scipy import stats  # takes a second, which a page without intervals need not wait for

    return float(stats.t.ppf((1 + level) / 2, freedom))


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    value_N = np.asarray(values, np.float64)
    if value_N.ndim != 1 or not len(value_N) or not np.isfinite(value_N).all():
        raise ValueError(f"expected at least one value, all of them finite, found {values}")
    return value_N


def _counts(correct_N: ArrayLike, counted_N: ArrayLike) -> tuple[NDArray, NDArray]:
    correct, counted = np.asarray(correct_N, np.float64), np.asarray(counted_N, np.float64)
    assert correct.shape == counted.shape, (correct.shape, counted.shape)
    return correct[counted > 0], counted[counted > 0]
