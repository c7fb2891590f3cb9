"""Whether a score can be trusted: collapse, noise, the box's side, and rare modes.

Legend: N samples, 4 = (x, y, w, h).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from posesift.difficulty.scorers import Scorer
    from posesift.poses import PoseTable

SECOND_FIT_POSES = 20_000
LEAST_AGREEMENT = 0.9
FINDS = 0.8  # AUC from which a score is said to find rare poses
FINDS_PARTLY = 0.6  # from which it does in part; below, not to speak of
COLLAPSED = 0.9  # share of the poses' variance that a collapsed VAE leaves unexplained


class SecondFit(NamedTuple):
    """Another fit with another seed, on half of the poses: what does not depend on the seed?"""

    agreement: dict[str, float]
    """Rank correlation of each score with the first fit's, on the held-out half."""
    held_out_N: npt.NDArray[np.bool_]
    """The half that this fit has not seen."""
    scorer: Scorer
    """The fit."""


def second_fit(table: PoseTable, scorer: Scorer, seed: int | None = None) -> SecondFit:
    """Fit once more on a random half of the table (at most 20,000 poses), and compare.

    Args:
        table: the poses on which `scorer` was fitted.
        scorer: the first fit; the second has its method, normalisation and settings.
        seed: of the second fit (the first one's + 1).
    """
    from posesift.difficulty.scorers import refit

    seed = scorer.seed + 1 if seed is None else seed
    order_N = np.random.default_rng(seed).permutation(len(table))
    half = np.sort(order_N[: min(-(-len(table) // 2), SECOND_FIT_POSES)])
    held_out_N = np.ones(len(table), dtype=bool)
    held_out_N[half] = False
    again = refit(scorer, table.select(half), seed)
    rest = table.select(held_out_N) if held_out_N.any() else table
    first, second = scorer.scores(rest), again.scores(rest)
    return SecondFit({n: spearman(first[n], second[n]) for n in first}, held_out_N, again)


def noise(agreement: float) -> str | None:
    """A warning if two fits rank the poses differently (rank correlation below 0.9), else None."""
    if agreement >= LEAST_AGREEMENT:
        return None
    return (
        f"the score is noisy: two fits with different seeds agree with a rank correlation of "
        f"{agreement:.2f} only (expected {LEAST_AGREEMENT} or more). Train longer, or use 'pca' or "
        f"'knn', which have no seed"
    )


def collapse(reconstruction_N: npt.NDArray, mean_distance_N: npt.NDArray) -> str | None:
    """A warning if the Pose VAE has collapsed, else None.

    A collapsed VAE ignores its code and answers every pose with the mean pose: its score is the
    squared distance to the mean, and difficulty then means no more than "unlike the average".

    Args:
        reconstruction_N: squared residuals of the Pose VAE.
        mean_distance_N: squared distances to the mean pose, in the same units.
    """
    unexplained = float(np.sum(reconstruction_N) / max(float(np.sum(mean_distance_N)), 1e-12))
    if unexplained < COLLAPSED:
        return None
    return (
        f"the Pose VAE has collapsed: it leaves {100 * unexplained:.0f} % of the poses' variance "
        f"unexplained, so the score is the distance to the mean pose. Lower its kl_weight, or "
        f"train longer"
    )


def box_side_correlation(score_N: npt.NDArray, box_N4: npt.NDArray) -> float:
    """Rank correlation of the score with 1 / box side; far from 0, the box and not the pose speaks.

    The side is that of the square around the box, as in training.
    """
    return spearman(score_N, 1 / np.maximum(box_N4[:, 2:].max(1), 1e-6))


def rare_mode_auc(score_N: npt.ArrayLike, rare_N: npt.ArrayLike) -> float | None:
    """Probability that a rare pose has a higher score than a common one; equal scores count half.

    None if all poses are rare, or none is.

    >>> rare_mode_auc([1, 2, 3, 3], [False, False, True, False])
    0.8333333333333334
    """
    rare_N = np.asarray(rare_N, dtype=bool)
    rare, common = int(rare_N.sum()), int((~rare_N).sum())
    if rare == 0 or common == 0:
        return None
    rank_N = average_ranks(score_N)
    return float((rank_N[rare_N].sum() - rare * (rare + 1) / 2) / (rare * common))


def spearman(a_N: npt.ArrayLike, b_N: npt.ArrayLike) -> float:
    """Spearman's rank correlation, in [-1, 1]; 0 where one of the two does not vary.

    >>> spearman([1, 2, 3], [10, 30, 20])
    0.5
    """
    rank_a_N, rank_b_N = average_ranks(a_N), average_ranks(b_N)
    rank_a_N -= rank_a_N.mean()
    rank_b_N -= rank_b_N.mean()
    spread = np.sqrt((rank_a_N @ rank_a_N) * (rank_b_N @ rank_b_N))
    return float(np.clip(rank_a_N @ rank_b_N / spread, -1, 1)) if spread > 0 else 0.0


def average_ranks(values_N: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs.

    >>> average_ranks([5, 1, 5]).tolist()
    [2.5, 1.0, 2.5]
    """
    _, group_N, size_G = np.unique(np.asarray(values_N), return_inverse=True, return_counts=True)
    last_G = np.cumsum(size_G)
    return (last_G - (size_G - 1) / 2)[group_N]
