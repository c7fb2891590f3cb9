"""An axis over difficulty bins: one place a bin, or one a group of neighbouring bins.

Bins are counted from 0 in every argument and from 1 in every picture. k bins in G places; the
first place is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import FixedFormatter, FixedLocator, LogLocator, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from posesift.difficulty.bins import SHOWN, groups, panel_bins
from posesift.report.wording import count

Pairs = list[tuple[int, int]]
"""First and last bin of each place, inclusive."""


def pairs_of(rows: list[dict[str, Any]]) -> Pairs:
    """Return the bins that each row of a score's variation speaks of.

    >>> pairs_of([{"bin": 0}, {"bin": 1}]), pairs_of([{"bin": 0, "bins": [0, 3]}])
    ([(0, 0), (1, 1)], [(0, 3)])
    """
    found = [row.get("bins") or (row["bin"], row["bin"]) for row in rows]
    return [(int(first), int(last)) for first, last in found]


def pairs_for(k: int) -> Pairs:
    """Return the bins of each place where k of them are to be shown.

    >>> pairs_for(2), pairs_for(10_000)[-1]
    ([(0, 0), (1, 1)], (9800, 9999))
    """
    return [(int(first), int(last)) for first, last in groups(k, SHOWN)]


def panel(k: int) -> Pairs:
    """Return the places whose poses are shown: the first, the last, and two evenly between.

    >>> panel(25)
    [(0, 0), (8, 8), (16, 16), (24, 24)]
    """
    pairs = pairs_for(k)
    return [pairs[i] for i in panel_bins(len(pairs))]


def ticks_of(k: int) -> list[int]:
    """At most about nine whole numbers from 1 to k, both ends among them.

    >>> ticks_of(10), ticks_of(10_000)[:3]
    ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 1251, 2501])
    """
    step = max(1, round((k - 1) / 8))
    ticks = list(range(1, k + 1, step))
    if ticks[-1] != k:
        ticks = [t for t in ticks if k - t >= step] + [k]
    return ticks


def place_of(bin_number: int, pairs: Pairs) -> float:
    """Where on the axis the bin with this number (from 1) lies.

    >>> place_of(3, [(0, 0), (1, 1), (2, 2)]), place_of(1, [(0, 3)])
    (3.0, 0.625)
    """
    at = int(np.searchsorted([last for _, last in pairs], bin_number - 1))
    first, last = pairs[at]
    return float(at + 0.5 + (bin_number - 0.5 - first) / (last - first + 1))


def bin_axis(axis: Axes, pairs: Pairs) -> None:
    """Make the x axis one over bins, from 1, named at both ends."""
    ticks = ticks_of(pairs[-1][1] + 1)
    axis.xaxis.set_major_locator(FixedLocator([place_of(tick, pairs) for tick in ticks]))
    axis.xaxis.set_major_formatter(FixedFormatter([str(tick) for tick in ticks]))
    axis.set_xlim(0.3, len(pairs) + 0.7)
    axis.set_xlabel("bin (1 = easiest)")
    axis.grid(visible=False, axis="x")


def told(pairs: Pairs, mark: str) -> str:
    """Say what a caption says of groups; nothing where every bin has a place of its own.

    >>> told([(0, 1), (2, 4)], "box")
    ' Each box stands for 2 or 3 neighbouring bins.'
    """
    sizes = sorted({last - first + 1 for first, last in pairs})
    if sizes in ([], [1]):
        return ""
    return f" Each {mark} stands for {' or '.join(map(str, sizes))} neighbouring bins."


def named(pair: tuple[int, int]) -> str:
    """Return a place in words.

    >>> named((4, 4)), named((0, 199))
    ('bin 5', 'bins 1 to 200')
    """
    first, last = count(pair[0] + 1), count(pair[1] + 1)
    return f"bin {first}" if first == last else f"bins {first} to {last}"


def boxes(
    axis: Axes, left: ArrayLike, right: ArrayLike, low: ArrayLike, high: ArrayLike, **how: Any
) -> PolyCollection:
    """Draw upright boxes as one artist; with ``transform`` among ``how``, beside the data."""
    corner_B42 = np.moveaxis(
        np.array(np.broadcast_arrays(left, low, left, high, right, high, right, low)), 0, -1
    ).reshape(-1, 4, 2)
    drawn = PolyCollection(list(corner_B42), **how)
    axis.add_collection(drawn, autolim="transform" not in how)
    return drawn


FEWEST, MOST = 64, 160  # bars
_TAIL = 5.0  # ratio of extremes from which a logarithmic axis shows more


def bars(score_N: NDArray, edges: NDArray | Sequence[float]) -> tuple[bool, NDArray[np.float64]]:
    """Whether a logarithmic axis shows these scores better, and equal bars along it.

    At least `FEWEST` of them, and so many more (up to `MOST`) that the narrowest bin has one to
    itself. What lies far beyond all others belongs to the outermost bar.

    >>> logarithmic, bars_ = bars(np.array([1.0, 2.0, 3.0, np.nan]), [1.0, 2.0, 3.0])
    >>> logarithmic, len(bars_) - 1, float(bars_[0]), float(bars_[-1])
    (False, 64, 1.0, 3.0)

    Args:
        score_N: scores; what is not finite is passed over.
        edges: (k + 1,) of the bins.

    Returns:
        Whether it is logarithmic (never where a score is 0 or less), and rising edges of the bars.
    """
    score_N = score_N[np.isfinite(score_N)]
    if len(score_N) == 0:
        score_N = np.asarray(edges, np.float64)
    low, high = float(score_N.min()), float(score_N.max())
    if not low < high:
        return False, np.array([low - 0.5, low + 0.5])
    few, most = np.quantile(score_N, [0.001, 0.999])
    logarithmic = bool(low > 0 and most > _TAIL * few)
    scale, back = (np.log, np.exp) if logarithmic else (np.asarray, np.asarray)
    few, most = float(scale(few)), float(scale(most))
    low, high = float(scale(low)), float(scale(high))
    if few < most:
        low, high = max(low, few - (most - few) / 4), min(high, most + (most - few) / 4)
    inner = np.asarray(edges, np.float64)[1:-1]
    inner = scale(inner[inner > 0] if logarithmic else inner)
    width = np.diff([low, *inner[(inner > low) & (inner < high)], high])
    count = np.clip(np.ceil((high - low) / width[width > 0].min()), FEWEST, MOST)
    return logarithmic, back(np.linspace(low, high, int(count) + 1))


def score_ticks(logarithmic: bool, bars: NDArray) -> list[float]:
    """At most seven round values along an axis of scores.

    >>> score_ticks(False, np.array([0.1, 1.0])), score_ticks(True, np.array([0.3, 40.0]))
    ([0.2, 0.4, 0.6, 0.8, 1.0], [0.5, 1.0, 2.0, 5.0, 10.0, 20.0])
    """
    low, high = float(bars[0]), float(bars[-1])
    if logarithmic:
        locators = [LogLocator(subs=subs, numticks=99) for subs in ((1, 2, 5), (1,))]
    else:
        locators = [MaxNLocator(nbins, steps=[1, 2, 5, 10]) for nbins in (6, 4)]
    found = [
        [
            tick
            for at in locator.tick_values(low, high)
            if low <= (tick := float(f"{at:.12g}")) <= high
        ]
        for locator in locators
    ]
    return next((ticks for ticks in found if len(ticks) <= 7), found[-1])
