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
HELD_OUT_POSES = 50_000  # two fits are compared on at most so many that the second has not seen
LEAST_AGREEMENT = 0.9
FEWEST_SCORED = 40  # poses below which a score is warned about; half of fewer says nothing
OUTSIDE = 0.5  # share in the scorer's hardest tenth above which a set is another domain to it
FINDS = 0.8  # AUC from which a score is said to find rare poses
FINDS_PARTLY = 0.6  # from which it does in part; below, not to speak of
COLLAPSED = 0.9  # share of the poses' variance that a collapsed VAE leaves unexplained


class SecondFit(NamedTuple):
    """Another fit with another seed, on half of the poses: what does not depend on the seed?"""

    agreement: dict[str, float]
    """Rank correlation of each score with the first fit's, on poses held out of the second."""
    unseen: PoseTable
    """Poses that this fit has not seen."""
    scores: dict[str, npt.NDArray[np.float32]]
    """What this fit gives these."""
    scorer: Scorer
    """The fit."""


def halves(poses: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rising numbers of the poses that a second fit sees, and of those that it is compared on.

    A random half and the other one, of large sets at most 20,000 and 50,000 poses.

    >>> [rows.tolist() for rows in halves(5, 0)]
    [[2, 3, 4], [0, 1]]
    """
    order_N = np.random.default_rng(seed).permutation(poses)
    half = min(-(-poses // 2), SECOND_FIT_POSES)
    return np.sort(order_N[:half]), np.sort(order_N[half : half + HELD_OUT_POSES])


def second_fit(table: PoseTable, scorer: Scorer, seed: int | None = None) -> SecondFit:
    """Fit once more on a random half of the table (see `halves`), and compare on the other.

    Args:
        table: the poses on which `scorer` was fitted.
        scorer: the first fit; the second has its method, normalisation and settings.
        seed: of the second fit (the first one's + 1).
    """
    seed = scorer.seed + 1 if seed is None else seed
    seen, unseen = halves(len(table), seed)
    return fit_again(scorer, table.select(seen), table.select(unseen), seed)


def fit_again(scorer: Scorer, seen: PoseTable, unseen: PoseTable, seed: int) -> SecondFit:
    """Fit once more on some poses, and compare both fits on others.

    Args:
        scorer: the first fit; the second has its method, normalisation and settings.
        seen: poses of the second fit.
        unseen: others; none where all are seen, which are compared on then.
        seed: of the second fit.
    """
    from posesift.difficulty.scorers import refit

    return compared(scorer, refit(scorer, seen, seed), seen, unseen)


def compared(scorer: Scorer, again: Scorer, seen: PoseTable, unseen: PoseTable) -> SecondFit:
    """Compare two fits: the second saw some poses, and both score others.

    Args:
        scorer: the first fit.
        again: the second.
        seen: poses of the second.
        unseen: others; none where all are seen, which are compared on then.
    """
    unseen = unseen if len(unseen) else seen
    first, second = scorer.scores(unseen), again.scores(unseen)
    agreement = {name: spearman(first[name], second[name]) for name in first}
    return SecondFit(agreement, unseen, second, again)


def noise(agreement: float, method: str = "elbo") -> str | None:
    """Return a warning if two fits rank poses differently (rank correlation below 0.9), else None.

    Args:
        agreement: rank correlation of the two.
        method: whose they are; the advice is to take a score without a seed, where it has one.
    """
    if agreement >= LEAST_AGREEMENT:
        return None
    advice = (
        "`posesift score --method pca` and `--method knn` do not depend on a random initialisation"
        if method in ("elbo", "reconstruction")
        else f"{method} does not depend on a seed: the poses are too few, or too unlike each other"
    )
    return (
        f"the score is noisy: two fits, the second on half of the poses, agree with a rank "
        f"correlation of {agreement:.2f} only (expected {LEAST_AGREEMENT} or more); {advice}"
    )


def collapse(reconstruction_N: npt.NDArray, mean_distance_N: npt.NDArray) -> str | None:
    """Return a warning if the Pose VAE has collapsed, else None.

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
        f"unexplained, so the score is the distance to the mean pose; `posesift score --method "
        "pca` and `--method knn` do not collapse"
    )


def few(poses: int, k: int, *, fitted_here: bool) -> str | None:
    """Return a warning if a score rests on fewer than 40 poses, the louder the fewer; else None.

    Args:
        poses: that can be scored.
        k: bins they were cut into.
        fitted_here: whether the score was fitted to them, and not to a larger set.
    """
    if poses >= FEWEST_SCORED:
        return None
    bins = "1 bin" if k == 1 else f"{k} bins"
    if not fitted_here:
        return (
            f"{poses} pose{'s' * (poses != 1)} in {bins}: what a bin holds is chance below "
            f"{FEWEST_SCORED} poses; look at each pose's own score"
        )
    mend = f"give {FEWEST_SCORED} or more, or score them by the fit of a larger set (--scorer)"
    if poses < FEWEST_SCORED // 3:
        return (
            f"THIS IS NO SCORE: {poses} poses say nothing of which pose is usual, so their order "
            f"and the {bins} are chance. Do not use them; {mend}"
        )
    if poses < 2 * FEWEST_SCORED // 3:
        return (
            f"{poses} poses are too few for a score: which of them are hard is mostly chance, and "
            f"so are the {bins}; {mend}"
        )
    return (
        f"{poses} poses are few for a score (in {bins}): it could not be fitted a second time, so "
        f"nothing tells whether other poses would give the same; {mend}"
    )


def beyond_source(harder: int, poses: int, source: str) -> str | None:
    """Return a warning if most poses fall into the hardest tenth of their scorer's own.

    Args:
        harder: how many score above 90 % of the poses of the fit.
        poses: how many there are.
        source: address of the poses of the fit.
    """
    if harder <= OUTSIDE * poses:
        return None
    return (
        f"{harder} of {poses} poses ({100 * harder / poses:.0f} %) are harder than 90 % of "
        f"{source or 'the poses'}, which the scorer was fitted on: to it they are another domain "
        "(other poses, framing, labels or people), and their score tells that before it tells "
        "rare from usual; without --scorer they are scored among themselves"
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
