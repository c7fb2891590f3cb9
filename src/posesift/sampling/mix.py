"""Several sources in one batch at fixed ratios: synthetic and real images, say.

Every batch holds the same number of each source, so that the loss of one step always weighs them
alike; within a source its own strategy draws.

Legend: S sources, B draws of a global batch, R ranks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
from torch.utils.data import Sampler

from posesift.sampling.sampler import StrategySampler, Weighting
from posesift.sampling.shares import checked_ratios, shares


class MixSampler(Sampler[int]):
    """Indices into several sets, one after the other, with a fixed number of each in every batch.

    Index i of the second set comes out as the size of the first plus i, as
    `torch.utils.data.ConcatDataset` counts. Of B draws each source gets its ratio of them, rounded
    by largest remainder; their order within a batch is shuffled.

    Args:
        strategies: name of a source to what draws from it, in the order of the sets.
        ratios: name to share of each batch; they sum to 1.
        draws: all draws of the stage, over all ranks and sources; a multiple of ``batch_size``.
        batch_size: the global batch B, over all ranks.
        seed: redraws everything.
        start: draws already done, over all ranks; the sampler goes on from there.
        rank: this process, from 0.
        ranks: number R of processes; ``batch_size`` must divide evenly.

    Raises:
        ValueError: names or ratios that do not fit together, sizes that do not, or a batch too
            small to hold one of each source.

    >>> from posesift.sampling import make
    >>> parts = {"synthetic": make("uniform", [1, 2, 3, 4]), "real": make("uniform", [1, 2])}
    >>> mixed = MixSampler(parts, {"synthetic": 0.6, "real": 0.4}, draws=10, batch_size=5)
    >>> mixed.counts, sorted(index for index in list(mixed)[:5] if index >= 4)
    ({'synthetic': 3, 'real': 2}, [4, 5])
    """

    def __init__(
        self,
        strategies: Mapping[str, Weighting],
        ratios: Mapping[str, float],
        *,
        draws: int,
        batch_size: int,
        seed: int = 0,
        start: int = 0,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        ratios = checked_ratios(ratios, tuple(strategies))
        if draws < 1 or batch_size < 1 or not 0 <= start <= draws or not 0 <= rank < ranks:
            raise ValueError(
                f"expected draws >= 1, batch_size >= 1, 0 <= start <= draws and 0 <= rank < ranks; "
                f"found draws = {draws}, batch_size = {batch_size}, start = {start}, "
                f"rank = {rank}, ranks = {ranks}"
            )
        if draws % batch_size or batch_size % ranks or (ranks > 1 and start % batch_size):
            raise ValueError(
                "every batch has the same parts, and ranks share it out evenly: expected draws "
                f"that batch_size divides, and a batch_size that {ranks} divides; found "
                f"draws = {draws}, batch_size = {batch_size}, start = {start}"
            )
        self.counts = shares(ratios, batch_size)
        if empty := [name for name, count in self.counts.items() if not count]:
            least = math.ceil(1 / min(ratios.values()))
            raise ValueError(
                f"a batch of {batch_size} holds none of {', '.join(empty)} at "
                f"{', '.join(f'{name} = {ratios[name]:g}' for name in empty)}; take a batch_size "
                f"of {least} or more"
            )
        self.draws, self.batch_size, self.seed = draws, batch_size, seed
        self.start, self.rank, self.ranks = start, rank, ranks
        self.epoch = 0
        self._parts = {
            name: StrategySampler(
                strategy,
                draws=draws // batch_size * count,
                batch_size=count,
                seed=int(np.random.SeedSequence([seed, number]).generate_state(1)[0]),
                start=start // batch_size * count,
            )
            for number, (name, strategy, count) in enumerate(
                (name, strategy, self.counts[name]) for name, strategy in strategies.items()
            )
        }
        sizes = [len(strategy.weights(start / draws)) for strategy in strategies.values()]
        self._offsets = np.cumsum([0, *sizes])[:-1].tolist()

    def __len__(self) -> int:
        """Draws of this rank that are left from ``start`` on."""
        return (self.draws - self.start) // self.ranks

    def __iter__(self) -> Iterator[int]:
        """Yield this rank's indices, from ``start`` to the end of the stage."""
        share = self.batch_size // self.ranks
        mine = slice(self.rank * share, (self.rank + 1) * share)
        draws = [iter(part) for part in self._parts.values()]
        first, skipped = divmod(self.start, self.batch_size)
        for number in range(first, self.draws // self.batch_size):
            batch = [
                offset + index
                for part, offset, count in zip(
                    draws, self._offsets, self.counts.values(), strict=True
                )
                for index in islice(part, count)
            ]
            rng = np.random.default_rng((self.seed, self.epoch, number, 0x313C))
            batch_B = np.array(batch)[rng.permutation(len(batch))]
            yield from batch_B[mine][skipped:].tolist()
            skipped = 0

    def set_epoch(self, epoch: int) -> None:
        """Draw anew in the next pass, for trainers that pass over a sampler many times."""
        self.epoch = epoch
        for part in self._parts.values():
            part.set_epoch(epoch)

    def summary(self) -> str:
        """Return what a batch holds and what the weights of each source do, in a line or two."""
        held = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        return "\n".join(
            [f"each batch of {self.batch_size}: {held}"]
            + [f"{name}: {part.summary()}" for name, part in self._parts.items()]
        )
