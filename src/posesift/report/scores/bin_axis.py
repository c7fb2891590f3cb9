"""An axis over difficulty bins: one place a bin, or one a group of neighbouring bins.

Bins are counted from 0 in every argument and from 1 in every picture. k bins in G places; the
first place is 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

from posesift.difficulty.bins import SHOWN, groups, panel_bins
from posesift.report.wording import count

Pairs = list[tuple[int, int]]
"""First and last bin of each place, inclusive."""


def pairs_of(rows: list[dict[str, Any]]) -> Pairs:
    """The bins that each row of a score's variation speaks of.

    >>> pairs_of([{"bin": 0}, {"bin": 1}]), pairs_of([{"bin": 0, "bins": [0, 3]}])
    ([(0, 0), (1, 1)], [(0, 3)])
    """
    found = [row.get("bins") or (row["bin"], row["bin"]) for row in rows]
    return [(int(first), int(last)) for first, last in found]


def pairs_for(k: int) -> Pairs:
    """The bins of each place where k of them are to be shown.

    >>> pairs_for(2), pairs_for(10_000)[-1]
    ([(0, 0), (1, 1)], (9800, 9999))
    """
    return [(int(first), int(last)) for first, last in groups(k, SHOWN)]


def panel(k: int) -> Pairs:
    """The places whose poses are shown: the first, the last, and two evenly between.

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
    """An x axis over bins, from 1, named at both ends."""
    ticks = ticks_of(pairs[-1][1] + 1)
    axis.xaxis.set_major_locator(FixedLocator([place_of(tick, pairs) for tick in ticks]))
    axis.xaxis.set_major_formatter(FixedFormatter([str(tick) for tick in ticks]))
    axis.set_xlim(0.3, len(pairs) + 0.7)
    axis.set_xlabel("bin (1 = easiest)")
    axis.grid(visible=False, axis="x")


def told(pairs: Pairs, mark: str) -> str:
    """What a caption says of groups; nothing where every bin has a place of its own.

    >>> told([(0, 1), (2, 4)], "box")
    ' Each box stands for 2 or 3 neighbouring bins.'
    """
    sizes = sorted({last - first + 1 for first, last in pairs})
    if sizes in ([], [1]):
        return ""
    return f" Each {mark} stands for {' or '.join(map(str, sizes))} neighbouring bins."


def named(pair: tuple[int, int]) -> str:
    """A place in words.

    >>> named((4, 4)), named((0, 199))
    ('bin 5', 'bins 1 to 200')
    """
    first, last = count(pair[0] + 1), count(pair[1] + 1)
    return f"bin {first}" if first == last else f"bins {first} to {last}"
