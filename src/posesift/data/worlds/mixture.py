"""Where poses come from: a Gaussian mixture over joint angles, and its density.

An activity ("walk", "crouch") is one or more components, each with a mean and a spread for every
angle; a cyclic activity has one component a phase. The same components make the source and the
target: only the shares of the activities differ. So every pose, wherever it was drawn, has a
density under the source generator, and ``-log p`` is a measure of how hard it is that no scorer
has to be asked for.

Names: N samples, A angles, C components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mixture:
    """A mixture of axis-aligned Gaussians over angles in degrees.

    >>> two = Mixture.of({"rest": [([0.0], [1.0])], "bent": [([90.0], [1.0])]},
    ...                  {"rest": 0.9, "bent": 0.1})
    >>> two.neg_log_p(np.array([[0.0], [90.0]])).round(2).tolist()
    [1.02, 3.22]
    """

    share_C: np.ndarray
    """float64, sums to 1."""

    mode_C: np.ndarray
    """int16, the activity a component belongs to, counted in the order of the shares."""

    mean_CA: np.ndarray
    """float64, degrees."""

    spread_CA: np.ndarray
    """float64, degrees, > 0."""

    @classmethod
    def of(
        cls,
        modes: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]],
        shares: Mapping[str, float],
    ) -> Mixture:
        """Build the mixture of `modes` (name -> components (mean_A, spread_A)) with `shares`."""
        assert list(modes) == list(shares), "one share for each mode, in the same order"
        rows = [
            (share / len(components), number, mean, spread)
            for number, (components, share) in enumerate(
                zip(modes.values(), shares.values(), strict=True)
            )
            for mean, spread in components
        ]
        share, mode, mean, spread = zip(*rows, strict=True)
        mixture = cls(
            np.asarray(share, np.float64),
            np.asarray(mode, np.int16),
            np.asarray(mean, np.float64),
            np.asarray(spread, np.float64),
        )
        assert abs(mixture.share_C.sum() - 1) < 1e-9, "shares must sum to 1"
        assert (mixture.spread_CA > 0).all(), "spreads must be positive"
        return mixture

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw `count` poses: angles (N, A) in degrees, and the mode (N,) of each."""
        component_N = rng.choice(len(self.share_C), count, p=self.share_C)
        angles_NA = rng.standard_normal((count, self.mean_CA.shape[1]))
        angles_NA *= self.spread_CA[component_N]
        angles_NA += self.mean_CA[component_N]
        return angles_NA, self.mode_C[component_N]

    def neg_log_p(self, angles_NA: np.ndarray) -> np.ndarray:
        """Negative log density (N,), nats, of angles in degrees; finite for finite angles.

        ``-log sum_c share_c prod_a N(angle_a; mean_ca, spread_ca)``, the square written out so
        that all components together are one matrix product.
        """
        inverse_CA = self.spread_CA**-2.0
        constant_C = (
            np.log(self.share_C)
            - np.log(self.spread_CA * np.sqrt(2 * np.pi)).sum(1)
            - 0.5 * (self.mean_CA**2 * inverse_CA).sum(1)
        )
        # Components first and samples last, along contiguous memory.
        log_p_CN = inverse_CA @ (-0.5 * angles_NA**2).T
        log_p_CN += (self.mean_CA * inverse_CA) @ angles_NA.T
        log_p_CN += constant_C[:, None]
        largest_N = log_p_CN.max(0)
        log_p_CN -= largest_N
        return -(largest_N + np.log(np.exp(log_p_CN, dtype=np.float32, casting="same_kind").sum(0)))
