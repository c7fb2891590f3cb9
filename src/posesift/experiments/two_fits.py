"""A fit and a second one, with which the first is compared, side by side.

Neither needs the other, and four fifths of a fit of the Pose VAE are products that let go of the
interpreter: on two cores both take little longer than one, with the same weights to the last bit.
Where PyTorch may use one thread, one follows the other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch

from posesift.difficulty import checks
from posesift.difficulty.scorers import Scorer, fit, unscorable
from posesift.poses import PoseTable


def two_fits(
    method: str,
    normalisation: str,
    seed: int,
    poses: PoseTable,
    halves: tuple[PoseTable, PoseTable] | None,
) -> tuple[Scorer, Scorer | None]:
    """Fit a scorer to poses and, by the next seed, another to half of them.

    Args:
        method: one of `posesift.difficulty.scorers.METHODS`.
        normalisation: one of `posesift.difficulty.normalisation.HOW`.
        seed: of the first.
        poses: that the first sees.
        halves: poses that the second sees, and those that it does not; None: no second fit.

    Returns:
        Both; None for the second where ``halves`` are too few poses to speak of.
    """
    first = partial(fit, poses, method, seed=seed, normalisation=normalisation)
    if halves is None or not enough(*halves):
        return first(), None
    second = partial(fit, halves[0], method, seed=seed + 1, normalisation=normalisation)
    if torch.get_num_threads() == 1:  # that is all it may have: OMP_NUM_THREADS, or --threads
        return first(), second()
    with ThreadPoolExecutor(1) as other:
        again = other.submit(second)
        found = first(), again.result()
    torch.set_num_threads(torch.get_num_threads())  # for new threads, which take the last one set
    return found


def enough(seen: PoseTable, unseen: PoseTable) -> bool:
    """Whether a second fit on some poses, and its comparison on others, would say anything."""
    scorable = sum(int((~unscorable(table)).sum()) for table in (seen, unseen))
    return scorable >= checks.FEWEST_SCORED
