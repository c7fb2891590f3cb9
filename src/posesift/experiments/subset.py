"""What a subset takes of scored poses: by a strategy's weights, at a size, without near duplicates.

Here is only what is chosen; `posesift.data.writers` writes it. Everything is a function of scores,
bins and angles, so it can be asked before anything is written.

Legend: N poses of a source, k bins, A angles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posesift import folders, sampling
from posesift.data.files.broken import broken_images
from posesift.data.readers import read
from posesift.difficulty.scorers import load_scorer
from posesift.poses.angles import joint_angles
from posesift.poses.digest import digest_of
from posesift.poses.table import PoseTable
from posesift.results.score import Score, read_score
from posesift.sampling import Strategy
from posesift.sampling.shares import checked_ratios, shares
from posesift.sampling.systematic import capped, scattered
from posesift.similarity.duplicates import near_duplicates

_STAGES = 64  # moments of a training over which changing weights are averaged
_CHECKED = 64  # poses that are scored again, to see that the data are those that were scored
_ALIKE = 1e-3  # of the spread of scores: what another machine's rounding may change


@dataclass(frozen=True)
class Source:
    """Scored poses.

    Attributes:
        name: for people; "" where there is only one.
        score: of the folder.
        table: its poses, row by row.
        broken: images of the table that are empty, cut short or no images, and what each is.
    """

    name: str
    score: Score
    table: PoseTable
    broken: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of poses N."""
        return len(self.table)

    @cached_property
    def broken_N(self) -> NDArray[np.bool_]:
        """Whether each pose is on a broken image: nobody can train on it."""
        if not self.broken or self.table.image_N is None:
            return np.zeros(len(self), bool)
        return np.array([name in self.broken for name in self.table.image_N.tolist()], bool)

    @property
    def usable(self) -> int:
        """Number of poses that are not on a broken image."""
        return int((~self.broken_N).sum())


@dataclass(frozen=True)
class Choice:
    """What is taken of a source.

    Attributes:
        strategy: that drew.
        weight_N: share of all draws that each pose gets, summing to 1; 0 for near duplicates.
        draws_N: how often each pose was drawn; 0 for what is left, 1 in a subset of a fixed size.
        duplicate_N: near duplicates of earlier poses, which were put aside first.
        broken_N: poses on broken images, which were put aside before these.
        uniform_N: bool, the subset of the same size that uniform draws of all poses take.
        bin_N: counted from 0.
        k: number of bins.
    """

    strategy: str
    weight_N: NDArray[np.float64]
    draws_N: NDArray[np.int64]
    duplicate_N: NDArray[np.bool_]
    broken_N: NDArray[np.bool_]
    uniform_N: NDArray[np.bool_]
    bin_N: NDArray[np.int64]
    k: int

    @property
    def taken(self) -> NDArray[np.int64]:
        """Rows of the poses that are taken, rising."""
        return np.flatnonzero(self.draws_N)

    @property
    def never_drawn(self) -> list[int]:
        """Bins, from 0, that hold poses of which the strategy draws none."""
        held_N = ~(self.duplicate_N | self.broken_N)
        held_k = np.bincount(self.bin_N, held_N, minlength=self.k)
        weight_k = np.bincount(self.bin_N, self.weight_N, minlength=self.k)
        return np.flatnonzero((held_k > 0) & (weight_k == 0)).tolist()

    def by_bin(self, **more: NDArray[np.bool_]) -> dict[str, list[int]]:
        """Count poses of each bin: of the set, near duplicates, taken, by uniform draws, and more.

        Args:
            **more: name to which poses are counted, (N,).
        """
        columns = {
            "set": np.ones(len(self.bin_N)),
            "duplicates": self.duplicate_N,
            "taken": self.draws_N > 0,
            "uniform": self.uniform_N,
            **more,
        }
        return {
            name: np.bincount(self.bin_N, value_N, minlength=self.k).astype(int).tolist()
            for name, value_N in columns.items()
        }


def open_source(folder: Path, name: str = "", data: str | None = None) -> Source:
    """Read a score folder and the poses that it scored.

    Data that have changed since are told by the checksum of all keypoints that the folder keeps,
    and by some poses, which are scored again (worlds by these alone: they are made anew).

    Args:
        folder: as `posesift score` leaves it.
        name: of the source.
        data: address of the data, where they lie elsewhere than when they were scored.

    Raises:
        ValueError: it is no finished score folder, its data cannot be read any more, or they are
            not those that were scored.
    """
    folders.read_manifest(folder, "score")
    score = read_score(folder)
    address = data or score.summary["address"]
    moved = "give --data ADDRESS where they lie elsewhere now, or score them anew"
    try:
        table = read(address)
    except ValueError as error:
        raise ValueError(
            f"{folder} holds the scores of {address}, which cannot be read: {error}; {moved}"
        ) from None
    samples = score.summary["samples"]
    if len(table) != samples or table.skeleton.name != score.summary["skeleton"]:
        raise ValueError(
            f"{folder} holds the scores of {samples} poses of the skeleton "
            f"{score.summary['skeleton']}, and {address} has {len(table)} of "
            f"{table.skeleton.name}: they are not the poses that were scored; {moved}"
        )
    if not np.array_equal(score.index_N, np.arange(samples)):
        order_N = np.argsort(score.index_N, kind="stable")
        score = dataclasses.replace(
            score,
            index_N=score.index_N[order_N],
            score_N=score.score_N[order_N],
            bin_N=score.bin_N[order_N],
        )
    if (row := _another(folder, score, table)) is not None:
        raise ValueError(
            f"pose {row} of {address} does not have the score that {folder} holds: the data have "
            f"changed since they were scored; {moved}"
        )
    known = score.summary.get("digest")  # results of earlier versions have none
    if known and not address.startswith("world:") and digest_of(table) != known:
        raise ValueError(
            f"the keypoints of {address} are not those that {folder} holds the scores of: one or "
            f"more were moved, hidden or shown since, or are read otherwise now; {moved}"
        )
    return Source(name, score, table, broken_images(table))


def _another(folder: Path, score: Score, table: PoseTable) -> int | None:
    """Return the first of some poses whose score is not the one that is kept, if there is one."""
    if not (folder / "scorer.json").is_file():
        return None
    scorer, method = load_scorer(folder), score.summary["method"]
    seen = np.flatnonzero(table.visible_NK.sum(1) >= 3)  # others have the median of their table
    rows = seen[np.linspace(0, len(seen) - 1, min(_CHECKED, len(seen))).astype(np.int64)]
    again = scorer.scores(table.select(rows))[method]
    scale = _ALIKE * (float(np.std(score.score_N)) + np.abs(score.score_N[rows]))
    off = np.flatnonzero(np.abs(again - score.score_N[rows]) > scale + 1e-9)
    return int(rows[off[0]]) if len(off) else None


def wanted(
    total: int, fraction: float | None = None, n: int | None = None, budget: int | None = None
) -> int:
    """Return how many poses (of a budget: draws) are asked for.

    Raises:
        ValueError: not one of the three is given, or it is out of range.
    """
    given = [value for value in (fraction, n, budget) if value is not None]
    if len(given) != 1:
        raise ValueError("give one of --fraction, --n and --budget, which say how many are taken")
    if fraction is not None:
        if not 0 < fraction <= 1:
            raise ValueError(
                f"expected --fraction above 0 and at most 1, such as 0.2; found {fraction:g}"
            )
        return max(1, round(fraction * total))
    if n is not None and not 1 <= n <= total:
        raise ValueError(f"expected --n from 1 to {total}, as many as there are poses; found {n}")
    if budget is not None and budget < 1:
        raise ValueError(f"expected --budget of 1 draw or more, found {budget}")
    return given[0]  # pyright: ignore[reportReturnType]


def parts(sources: Sequence[Source], size: int, mix: Mapping[str, float] | None) -> list[int]:
    """Return how many poses (or draws) each source gives.

    Raises:
        ValueError: several sources without ratios, ratios of others, or a source that gets none.
    """
    if mix is None:
        if len(sources) > 1:
            raise ValueError(
                f"several sources ({', '.join(s.name for s in sources)}) need --mix, the share of "
                "each, such as --mix synthetic=0.6,real=0.4"
            )
        return [size]
    given = shares(checked_ratios(mix, [source.name for source in sources]), size)
    if none := [name for name, count in given.items() if not count]:
        raise ValueError(f"of {size} poses {', '.join(none)} would give none; take more")
    return list(given.values())


def choose(
    source: Source,
    strategy: str,
    size: int,
    *,
    budget: bool = False,
    min_distance: float | None = None,
    seed: int = 0,
) -> Choice:
    """Choose poses of a source.

    Near duplicates are put aside first, and all else is done as if they were not there.

    Args:
        source: the scored poses.
        strategy: one of `posesift.sampling.NAMES`; weights that change over a training are
            averaged over it.
        size: how many different poses; with ``budget``, how many draws.
        budget: take what so many draws take, however often.
        min_distance: in degrees of joint angles, see `posesift.similarity.duplicates`.
        seed: of all that is left to chance.

    Raises:
        ValueError: an unknown strategy, one that cannot use the scores, or fewer poses that can be
            drawn than are asked for.
    """
    duplicate_N, whole = np.zeros(len(source), bool), np.flatnonzero(~source.broken_N)
    if min_distance is not None:
        duplicate_N[whole] = near_duplicates(_angles(source.table.select(whole)), min_distance)
    rows = np.flatnonzero(~(duplicate_N | source.broken_N))
    if not len(rows):
        raise ValueError(
            f"all {len(source)} poses of {source.table.address} are on broken images: "
            f"{next(iter(source.broken.values()))}"
        )
    k, bin_N = int(source.score.summary["bins"]), source.score.bin_N.astype(np.int64)
    made = sampling.make(strategy, source.score.score_N[rows], bins=bin_N[rows], k=k, seed=seed)
    share_M = mean_weights(made)
    weight_N = np.zeros(len(source))
    weight_N[rows] = share_M
    draws_N = np.zeros(len(source), np.int64)
    draws_N[rows] = _drawn(source, strategy, share_M, size, budget, int(duplicate_N.sum()), seed)
    uniform_N = np.zeros(len(source), bool)
    alike = sampling.make("uniform", source.score.score_N[whole])
    uniform_N[whole[sampling.subset(alike, int((draws_N > 0).sum()), seed)]] = True
    return Choice(strategy, weight_N, draws_N, duplicate_N, source.broken_N, uniform_N, bin_N, k)


def mean_weights(strategy: Strategy) -> NDArray[np.float64]:
    """Return the share of a whole training's draws that each pose gets, (N,), summing to 1.

    >>> mean_weights(sampling.make("linear", [0.1, 0.2], k=2)).round(3).tolist()
    [0.333, 0.667]
    """
    if strategy.constant:
        return strategy.weights()
    moments = (np.arange(_STAGES) + 0.5) / _STAGES
    total = strategy.weights(moments[0]).copy()
    for t in moments[1:].tolist():
        total += strategy.weights(t)
    return total / total.sum()


def _drawn(
    source: Source,
    strategy: str,
    share_M: NDArray[np.float64],
    size: int,
    budget: bool,
    put_aside: int,
    seed: int,
) -> NDArray[np.int64]:
    """Return how often each pose is taken."""
    if budget:
        return scattered(share_M, size, np.random.default_rng((seed, 0xB4D6)))
    drawable = int(np.count_nonzero(share_M))
    if size > drawable:
        of = f" of {source.name}" if source.name else ""
        aside = f", {put_aside} near duplicates put aside" if put_aside else ""
        if gone := len(source) - source.usable:
            aside += f", {gone} on broken images left out"
        raise ValueError(
            f"expected a subset of 1 to {drawable} poses{of}, those that '{strategy}' draws of the "
            f"{len(source)} there are{aside}; found {size}"
        )
    return scattered(capped(share_M, 1 / size), size, np.random.default_rng((seed, 0x5B5E)))


def _angles(table: PoseTable) -> NDArray[np.float64]:
    skeleton = table.skeleton
    if not skeleton.triplets:
        raise ValueError(
            f"--min-distance compares joint angles, and the skeleton {skeleton.name} of "
            f"{table.address} has none; say skeleton=NAME when you score, or leave it out"
        )
    return joint_angles(table.keypoints_NK2, table.visible_NK, skeleton.triplets)
