"""Which poses of a large set are looked at where not all need be: fixed samples, drawn by the seed.

Every pose is scored and binned. What is fitted, compared or measured of poses comes from a sample
once there are more, so that its cost and memory stay the same; of fewer it comes from all.

Legend: N poses, M of a sample.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from posesift.data.stream import PoseStream
from posesift.difficulty import checks
from posesift.difficulty.scorers import seen_by_fit
from posesift.difficulty.scoring import FEWEST_VISIBLE

RIVAL_POSES = 20_000
"""The cheap scores are fitted to so many, and compared on them: a fit of k-NN keeps no more."""

SPREAD_POSES = 200_000
"""Of so many the spread inside a bin, the similarity of bins, and the box sides are measured."""

FIT, SECOND_FIT, UNSEEN, RIVALS, SPREAD = "fit", "second fit", "unseen", "rivals", "spread"
"""Names of the samples: of the fit; of the second fit, and what it is compared on; and as above."""


def sample_rows(
    poses: PoseStream, method: str | None, seed: int, *, check: bool
) -> dict[str, NDArray[np.int64]]:
    """Rising numbers of the poses of each sample, by its name.

    Args:
        poses: what is scored.
        method: what is fitted; None where the fit is from elsewhere.
        seed: of the fit, from which the samples are drawn.
        check: draw those of the second fit, too.

    Raises:
        ValueError: an unknown method, or too few poses to fit it.
    """
    order_N = np.random.default_rng(seed).permutation(len(poses))
    found = {RIVALS: np.sort(order_N[:RIVAL_POSES]), SPREAD: np.sort(order_N[:SPREAD_POSES])}
    del order_N  # as large as all that is kept of N poses
    if method is not None:
        scorable_N = poses.seen_N >= FEWEST_VISIBLE
        found[FIT] = seen_by_fit(scorable_N, method, seed, poses.address)
    if check:
        found[SECOND_FIT], found[UNSEEN] = checks.halves(len(poses), seed + 1)
    return found
