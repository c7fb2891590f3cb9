"""Sampling strategies: draw weights of N samples as a function of the stage's progress t.

The rules themselves are in `sampling.rules`; here they get their names, are given their scores,
and become what a sampler, a subset or a report can use.

Legend: N samples; bins count from 0, the easiest, to k - 1, the hardest.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posesift import spelling
from posesift.sampling import rules
from posesift.sampling.rules import Scored, Weights
from posesift.sampling.systematic import FloatArray, IntArray, capped, normalised, scattered


@dataclass(frozen=True)
class Strategy:
    """Draw weights over a stage.

    Attributes:
        name: how commands and reports call it.
        constant: whether the weights are the same for all t.
    """

    name: str
    constant: bool
    _weights: Callable[[float], npt.ArrayLike]

    def weights(self, t: float = 0.0) -> FloatArray:
        """Weights at progress t.

        Args:
            t: share of the stage's draws that is done, in [0, 1].

        Returns:
            (N,) float64 of 0 or more, summing to 1.

        Raises:
            ValueError: if t is outside [0, 1], or no sample has a weight.
        """
        if not 0 <= t <= 1:
            raise ValueError(f"expected a progress t in [0, 1], found {t}")
        return normalised(self._weights(t), f"strategy '{self.name}' at t = {t:.3g}")


_STRATEGIES: dict[str, Callable[..., Weights]] = {
    "uniform": rules.uniform,
    "hard-mining": rules.tempered,
    "tempered": rules.tempered,
    "flatten": rules.flatten,
    "quadratic": rules.quadratic,
    "linear": rules.linear,
    "top": rules.top,
    "curriculum": rules.curriculum,
    "curriculum-then-hard": rules.curriculum_then_hard,
    "shuffled": rules.shuffled,
    "random-pacing": rules.random_pacing,
    "easy": rules.easy,
}
NAMES = tuple(_STRATEGIES)


def make(
    name: str,
    score_N: npt.ArrayLike,
    *,
    bins: npt.ArrayLike | None = None,
    k: int | None = None,
    seed: int = 0,
    **options: float,
) -> Strategy:
    """Make a strategy from difficulty scores.

    Args:
        name: one of `NAMES`; `hard-mining` is `tempered`.
        score_N: difficulty of each sample, higher = harder.
        bins: (N,) bin of each sample, from 0; without it k bins of equal count.
        k: number of bins (10, or as many as `bins` has).
        seed: redraws what is random in `shuffled` and `random-pacing`.
        **options: the strategy's own options, the keyword parameters of its function.

    Raises:
        ValueError: for an unknown name or option, or scores that cannot be used.

    >>> make("quadratic", [0.1, 0.2, 0.3], k=3).weights().round(3).tolist()
    [0.071, 0.286, 0.643]
    """
    rule = _STRATEGIES.get(name)
    if rule is None:
        hint = spelling.hint(name, NAMES)
        raise ValueError(
            f"expected a sampling strategy of {', '.join(NAMES)}; found '{name}'{hint}"
        )
    known = [
        p.name for p in inspect.signature(rule).parameters.values() if p.kind == p.KEYWORD_ONLY
    ]
    if unknown := sorted(set(options) - set(known)):
        raise ValueError(
            f"strategy '{name}' has the options {', '.join(known) or '(none)'}; "
            f"found {', '.join(unknown)}"
        )
    weights = rule(_scored(score_N, bins, k, seed), **options)
    if callable(weights):
        return Strategy(name, False, weights)
    return fixed(weights, name)


def fixed(weights_N: npt.ArrayLike, name: str = "fixed") -> Strategy:
    """Return a strategy of your own weights, the same for all t."""
    weights_N = normalised(weights_N, f"strategy '{name}'")
    weights_N.flags.writeable = False
    return Strategy(name, True, lambda t: weights_N)


def subset(strategy: Strategy, n: int, seed: int = 0, t: float = 0.0) -> IntArray:
    """Return a fixed subset of n different samples, drawn with the strategy's weights at t.

    A sample is in it with probability n w, or with certainty where n w would pass 1.  What order
    the samples stand in does not matter.  Its control is the subset of the same size that `uniform`
    draws.

    Returns:
        (n,) int64, increasing.

    Raises:
        ValueError: if fewer than n samples have a weight.
    """
    weights_N = strategy.weights(t)
    drawable = int(np.count_nonzero(weights_N))
    if not 1 <= n <= drawable:
        raise ValueError(
            f"expected a subset of 1 to {drawable} samples (those that '{strategy.name}' draws "
            f"at t = {t:g}), found n = {n}"
        )
    chosen_N = scattered(capped(weights_N, 1 / n), n, np.random.default_rng((seed, 0x5B5E)))
    return np.flatnonzero(chosen_N)


def effective_sample_size(weights_N: npt.ArrayLike) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2: N for equal weights, 1 for a single one.

    >>> effective_sample_size([1, 1, 0, 0])
    2.0
    """
    return float(1 / np.square(normalised(weights_N)).sum())


def largest_weight(weights_N: npt.ArrayLike) -> float:
    """Return the largest weight as a multiple of the mean weight.

    >>> largest_weight([1, 1, 2])
    1.5
    """
    weights_N = normalised(weights_N)
    return float(weights_N.max() * len(weights_N))


def _scored(score_N: npt.ArrayLike, bins: npt.ArrayLike | None, k: int | None, seed: int) -> Scored:
    score_N = np.asarray(score_N, dtype=np.float64)
    if score_N.ndim != 1 or len(score_N) == 0 or not np.isfinite(score_N).all():
        raise ValueError(
            f"expected one finite score a sample, shape (N,) with N >= 1; found shape "
            f"{score_N.shape} with {int((~np.isfinite(score_N)).sum())} values not finite"
        )
    if bins is None:
        k = k or 10
        inner_edges = np.quantile(score_N, np.arange(1, k) / k)
        return Scored(score_N, np.searchsorted(inner_edges, score_N, side="right"), k, seed)
    bin_N = np.asarray(bins)
    k = k or int(bin_N.max(initial=0)) + 1
    whole = np.issubdtype(bin_N.dtype, np.integer)
    if not whole or bin_N.shape != score_N.shape or bin_N.min() < 0 or bin_N.max() >= k:
        raise ValueError(
            f"expected an integer bin of 0 to {k - 1} for each of the {len(score_N)} samples; "
            f"found {bin_N.dtype} of shape {bin_N.shape}, {bin_N.min()} to {bin_N.max()}"
        )
    return Scored(score_N, bin_N.astype(np.int64), k, seed)
