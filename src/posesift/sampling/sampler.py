"""The one sampler: the same draws for any number of ranks, resumable at any draw.

The draws of a stage are one sequence, cut into rounds of systematic resampling.  A round is a pure
function of (seed, epoch, round), so nothing needs saving but how many draws are done; a rank takes
its slice of every global batch, so the batches are the same on 1 and on R ranks.

Legend: N samples, B draws of a global batch, R ranks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from torch.utils.data import Sampler

from posesift.sampling.strategies import effective_sample_size, largest_weight
from posesift.sampling.systematic import FloatArray, IntArray, draw, normalised

ROUNDS_OF_A_CHANGING_STRATEGY = 64  # weights lag behind t by a 64th of the stage, in whole batches


class Weighting(Protocol):
    """What the sampler needs of a strategy; `strategies.Strategy` is one."""

    @property
    def name(self) -> str:
        """How reports call it."""
        ...

    @property
    def constant(self) -> bool:
        """Whether the weights are the same for all t."""
        ...

    def weights(self, t: float = 0.0) -> FloatArray:
        """(N,) weights at progress t in [0, 1]."""
        ...


class StrategySampler(Sampler[int]):
    """Indices drawn with the weights of a strategy.

    Args:
        strategy: gives the weights; t is the share of the stage's draws that is done.
        draws: all draws of the stage, over all ranks (usually steps x global batch).
        batch_size: the global batch B, over all ranks.
        seed: redraws everything.
        start: draws already done, over all ranks; the sampler goes on from there.
        rank: this process, from 0.
        ranks: number R of processes; `batch_size` and `draws` must divide evenly.

    Raises:
        ValueError: for sizes that do not fit together, or weights that are all zero.

    >>> from posesift.sampling import make
    >>> sampler = StrategySampler(make("uniform", [1.0, 2.0, 3.0]), draws=6, batch_size=2)
    >>> len(sampler), sorted(sampler)
    (6, [0, 0, 1, 1, 2, 2])
    """

    def __init__(
        self,
        strategy: Weighting,
        *,
        draws: int,
        batch_size: int,
        seed: int = 0,
        start: int = 0,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        if draws < 1 or batch_size < 1 or not 0 <= start <= draws or not 0 <= rank < ranks:
            raise ValueError(
                f"expected draws >= 1, batch_size >= 1, 0 <= start <= draws and 0 <= rank < ranks; "
                f"found draws = {draws}, batch_size = {batch_size}, start = {start}, "
                f"rank = {rank}, ranks = {ranks}"
            )
        if ranks > 1 and (batch_size % ranks or draws % batch_size or start % batch_size):
            raise ValueError(
                f"on {ranks} ranks every global batch is shared out evenly: expected a batch_size "
                f"that {ranks} divides, and draws and start that batch_size divides; found "
                f"batch_size = {batch_size}, draws = {draws}, start = {start}"
            )
        self.strategy = strategy
        self.draws = draws
        self.batch_size = batch_size
        self.seed = seed
        self.start = start
        self.rank = rank
        self.ranks = ranks
        self.epoch = 0
        self._samples = len(self._weights(start / draws))
        # A round as long as the set evens out the counts best; one that must follow t is shorter.
        self.round_length = min(self._samples, draws)
        if not strategy.constant:
            whole_batches = -(-draws // (ROUNDS_OF_A_CHANGING_STRATEGY * batch_size))
            self.round_length = min(self.round_length, whole_batches * batch_size)

    def __len__(self) -> int:
        """Draws of this rank that are left from `start` on."""
        return (self.draws - self.start) // self.ranks

    def __iter__(self) -> Iterator[int]:
        """Yield this rank's indices, from `start` to the end of the stage."""
        share = self.batch_size // self.ranks
        done = self.start
        while done < self.draws:
            number, within = divmod(done, self.round_length)
            indices_M = self.round(number)[within:]
            place_M = np.arange(done, done + len(indices_M)) % self.batch_size
            yield from indices_M[place_M // share == self.rank].tolist()
            done += len(indices_M)

    def round(self, number: int) -> IntArray:
        """Return the global draws of one round, in order; the last round may be cut short."""
        first = number * self.round_length
        weights_N = self._weights(first / self.draws)
        rng = np.random.default_rng((self.seed, self.epoch, number))
        return draw(weights_N, self.round_length, rng)[: self.draws - first]

    def set_epoch(self, epoch: int) -> None:
        """Draw anew in the next pass, for trainers that pass over a sampler many times.

        Each pass begins with t = 0: a curriculum wants one long pass over the whole training.
        """
        self.epoch = epoch

    def summary(self) -> str:
        """Return what the weights do, in one line (two where they change with t)."""
        if self.strategy.constant:
            return f"{self.strategy.name}: {self.draws:,} draws, {_described(self._weights(0.0))}"
        return (
            f"{self.strategy.name}: {self.draws:,} draws,\n"
            f"  at the start {_described(self._weights(0.0))};\n"
            f"  at the end {_described(self._weights(1.0))}"
        )

    def _weights(self, t: float) -> FloatArray:
        return normalised(self.strategy.weights(t), f"strategy '{self.strategy.name}'")


def _described(weights_N: FloatArray) -> str:
    size, never = effective_sample_size(weights_N), int((weights_N == 0).sum())
    return (
        f"effective sample size {size:,.0f} of {len(weights_N):,} "
        f"({100 * size / len(weights_N):.0f} %), largest weight "
        f"{largest_weight(weights_N):.1f} x the mean"
        + (f", {never:,} never drawn" if never else "")
    )
