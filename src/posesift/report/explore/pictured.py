"""Which poses of a set get a picture: of the hardest, of the failures, of every mode.

N poses of a set, M that the page lists.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from posesift.report.explore.fair_share import fair_share
from posesift.report.pose_sets import PoseSet

PICTURED = {"source": 720, "target": 360}  # pictures of a set
A_BIN = {"source": 48, "target": 96}  # of a bin, at most; a target crowds into the hardest bins
OF_A_MODE = 6  # that a mode has at least, as far as it has poses


def failing_model(one: PoseSet) -> int | None:
    """The model whose failures are pictured, and which the page shows first; None without a PCK.

    The first that is set against the reference (which comes first of all), so one that adapts; the
    reference where it is alone.
    """
    known = [
        place
        for place, outcome in enumerate(one.outcomes)
        if not outcome.oracle and np.isfinite(outcome.pck_N).any()
    ]
    return known[min(1, len(known) - 1)] if known else None


def pictured(one: PoseSet, bin_M: NDArray, listed: NDArray) -> NDArray[np.int64]:
    """Places among the listed poses, rising.

    Of a set that was predicted a third have the highest scores of their bins, a third the lowest
    PCK, and a third are drawn at random; of another set a half and a half. The random part first
    gives each mode its few.

    Args:
        one: the set.
        bin_M: of the listed poses.
        listed: their rows in the set.
    """
    most, each = PICTURED[one.which], A_BIN[one.which] // 2
    model = failing_model(one)
    part = most // (2 if model is None else 3)
    chosen = fair_share(bin_M, part, each, -one.score_N[listed])
    worst = np.empty(0, np.int64) if model is None else _failures(one, model, listed)
    chosen = np.union1d(chosen, worst[~np.isin(worst, chosen)][:part])
    if one.table.mode_N is not None:
        _, mode_M = np.unique(one.table.mode_N[listed].astype(str), return_inverse=True)
        rare_M = (np.bincount(mode_M[chosen], minlength=mode_M.max() + 1) < OF_A_MODE)[mode_M]
        chosen = _joined(
            chosen, np.flatnonzero(rare_M), mode_M, (most - len(chosen)) // 2, OF_A_MODE
        )
    chosen = _joined(chosen, np.arange(len(listed)), bin_M, most - len(chosen), each)
    # Where few bins hold nearly all poses, their share of the random part leaves some over.
    return np.union1d(chosen, worst[~np.isin(worst, chosen)][: most - len(chosen)])


def _failures(one: PoseSet, model: int, listed: NDArray) -> NDArray[np.int64]:
    """Places of the poses with a PCK, lowest first, in the order in which the page shows them."""
    pck_M = one.outcomes[model].pck_N[listed]
    evalpose_M = one.outcomes[model].evalpose_N[listed]
    order = np.lexsort((np.rint(evalpose_M), np.rint(pck_M)))  # NaN last, ties by row
    return order[np.isfinite(pck_M[order])]


def _joined(
    chosen: NDArray, others: NDArray, group_M: NDArray, most: int, each: int
) -> NDArray[np.int64]:
    """Those chosen and some of the others, the same number from each group."""
    others = np.setdiff1d(others, chosen)
    return np.union1d(chosen, others[fair_share(group_M[others], most, each)])
