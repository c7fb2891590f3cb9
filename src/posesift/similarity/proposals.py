"""Which of many proposed poses to render: those that stand for most of what a source lacks.

A renderer proposes poses faster than anybody can paint them. Of M proposals n are kept, each time
the one that adds most to what the target has and the source lacks. Similar means what it means on
the page of `coverage`: 15 degrees in the joint angles, 30 of turn, as it is or mirrored. What a
proposal adds is the sum over the target poses that it stands for, of the pose's weight times

* ``match`` (default): 1 / (1 + s), where s counts the source poses and the chosen ones that are
  similar already. The greedy maximum of that sum draws the source's density towards the target's:
  a pose without any similar one counts most, one with thousands hardly.
* ``cover``: 1 where s = 0, else 0: the maximum cover of the page. It ends when nothing is left
  to cover.

Both sums are monotone and submodular, so the greedy choice reaches at least 1 - 1/e of what the
best n would (Nemhauser, Wolsey and Fisher, 1978), and gains can only fall: a gain that was worked
out earlier bounds the present one from above. Only proposals whose bound is among the highest are
looked at again (Minoux, Accelerated greedy algorithms for maximizing submodular set functions,
1978), a block at a time, so that memory holds M bounds and the pairs of one block. Weights are
made whole numbers whose sums are exact: the order of summation decides no tie.

Shapes: M proposals, N target poses, R chosen ones, B of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.similarity import coverage
from posesift.similarity.coverage import SOURCE_CAP, TARGET_CAP
from posesift.similarity.neighbours import RADIUS_DEG
from posesift.similarity.orientation import TURN_DEG, Poses

Goal = Literal["match", "cover"]
_BLOCK = 256
_EXACT = 52  # bits: whole numbers that float64 sums without rounding


@dataclass(frozen=True)
class Chosen:
    """What `choose` keeps. Rows count in the arrays that it was given.

    Attributes:
        row_R: proposals, most useful first; at most the n that were asked for.
        gain_R: what each added, in weights; never rises.
        target_row_N: target poses that were looked at, rising.
        weight_N: of these, 0 to 1.
        before_N: how many source poses are similar to each.
        after_N: how many source poses and chosen proposals.
    """

    row_R: NDArray[np.int64]
    gain_R: NDArray[np.float64]
    target_row_N: NDArray[np.int64]
    weight_N: NDArray[np.float64]
    before_N: NDArray[np.int64]
    after_N: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of chosen proposals R."""
        return len(self.row_R)

    @property
    def lacking_before(self) -> float:
        """Share of the target's weight that the source lacks, 0 to 1."""
        return self._lacking(self.before_N)

    @property
    def lacking_after(self) -> float:
        """Share that the source and the chosen proposals together lack."""
        return self._lacking(self.after_N)

    def _lacking(self, similar_N: NDArray[np.int64]) -> float:
        total = self.weight_N.sum()
        return float(self.weight_N[similar_N == 0].sum() / total) if total else 0.0


def choose(
    proposals: Poses,
    target: Poses,
    source: Poses,
    n: int,
    *,
    weight_N: ArrayLike | None = None,
    goal: Goal = "match",
    radius_deg: float = RADIUS_DEG,
    turn_deg: float = TURN_DEG,
    target_cap: int = TARGET_CAP,
) -> Chosen:
    """Keep the n proposals that stand for most of what the target has and the source lacks.

    Of several proposals that add as much, the first is kept. Fewer than n are where no further one
    adds anything.

    Args:
        proposals: poses that could be rendered.
        target: poses to stand for; a fixed random sample of more than ``target_cap``.
        source: poses that are there already; may be empty.
        n: how many to keep at most.
        weight_N: how much each target pose counts, such as the confidence of its prediction; 0 or
            more. None: all alike.
        goal: ``match`` or ``cover``, see above.
        radius_deg: how far apart similar poses may be in the joint angles.
        turn_deg: by how much they may be turned against each other.
        target_cap: most target poses to look at.

    Raises:
        ValueError: ``n`` is negative or more than there are proposals, a weight is negative or no
            number, or there are not as many weights as target poses.
    """
    if not 0 <= n <= len(proposals):
        raise ValueError(f"expected to keep 0 to {len(proposals)} proposals, found {n}")
    given_N = np.ones(len(target)) if weight_N is None else np.asarray(weight_N, np.float64)
    if given_N.shape != (len(target),):
        raise ValueError(
            f"expected a weight for each of the {len(target)} target poses, found an array of "
            f"shape {given_N.shape}"
        )
    if not (np.isfinite(given_N).all() and (given_N >= 0).all()):
        raise ValueError("expected weights of target poses of 0 or more, found others")
    row_N, _ = coverage.looked_at(target, target_cap)
    target, given_N = target[row_N], given_N[row_N] / max(given_N.max(initial=0.0), 1e-300)
    before_N = _similar(target, source, radius_deg, turn_deg)
    after_N = before_N.copy()
    unit = 2.0 ** (_EXACT - len(target).bit_length())

    def value(rows: NDArray | slice) -> NDArray[np.float64]:
        """Say what a further similar pose is worth to target poses, in whole numbers."""
        similar = after_N[rows]
        share = 1 / (1.0 + similar) if goal == "match" else (similar == 0).astype(np.float64)
        return np.floor(unit * given_N[rows] * share)

    def reach(rows: NDArray) -> NDArray[np.bool_]:
        return coverage.stands_for(proposals[rows], target, radius_deg, turn_deg)

    value_N = value(slice(None))
    everyone = np.arange(len(proposals))
    bound_M = np.zeros(len(proposals))
    for first in range(0, len(proposals), _BLOCK):
        block = everyone[first : first + _BLOCK]
        bound_M[block] = reach(block) @ value_N
    chosen: list[int] = []
    gained: list[float] = []
    while len(chosen) < n:
        order = np.argsort(-bound_M, kind="stable")
        block, next_best = np.sort(order[:_BLOCK]), order[_BLOCK : _BLOCK + 1]
        if bound_M[order[0]] <= 0:
            break
        reach_BN = reach(block)
        gain_B = reach_BN @ value_N
        while len(chosen) < n:
            best = int(gain_B.argmax())  # of equals the first
            if gain_B[best] <= 0 or _is_behind(gain_B[best], block[best], bound_M, next_best):
                break
            chosen.append(int(block[best]))
            gained.append(gain_B[best] / unit)
            new = np.flatnonzero(reach_BN[best])
            after_N[new] += 1
            less = value_N[new] - value(new)
            value_N[new] -= less
            gain_B -= reach_BN[:, new] @ less
            gain_B[best] = -np.inf  # taken
        bound_M[block] = gain_B
    return Chosen(
        row_R=np.array(chosen, np.int64),
        gain_R=np.array(gained, np.float64),
        target_row_N=row_N,
        weight_N=given_N,
        before_N=before_N,
        after_N=after_N,
    )


def _similar(target: Poses, source: Poses, radius_deg: float, turn_deg: float) -> NDArray[np.int64]:
    """How many source poses are similar to each target pose; of a large source, about how many."""
    row_M, total = coverage.looked_at(source, SOURCE_CAP)
    found_N = coverage.similar(target, source[row_M], radius_deg, turn_deg)
    if total == len(row_M):
        return found_N
    return np.rint(found_N * (total / len(row_M))).astype(np.int64)


def _is_behind(
    gain: float, row: np.integer, bound_M: NDArray[np.float64], other: NDArray[np.int64]
) -> bool:
    """Whether another proposal, if there is one, may add more, or as much and stands before."""
    if not len(other):
        return False
    bound = bound_M[other[0]]
    return bool(bound > gain or (bound == gain and other[0] < row))
