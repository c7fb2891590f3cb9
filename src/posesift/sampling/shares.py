"""Whole numbers at given ratios, by largest remainder, so that nothing is lost to rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def shares(ratios: Mapping[str, float], total: int) -> dict[str, int]:
    """Return how many of ``total`` each name gets: its ratio, rounded by largest remainder.

    Of equal remainders the first name's is served first (Hamilton's method).

    >>> shares({"synthetic": 0.65, "real": 0.35}, 10)
    {'synthetic': 7, 'real': 3}
    """
    exact = {name: ratio * total for name, ratio in ratios.items()}
    found = {name: math.floor(value + 1e-9) for name, value in exact.items()}
    order = sorted(exact, key=lambda name: -round(exact[name] - found[name], 9))
    for name in order[: total - sum(found.values())]:
        found[name] += 1
    return found


def checked_ratios(ratios: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Return the ratios in the order of ``names``, summing to 1 exactly.

    Raises:
        ValueError: other names than ``names``, a ratio that is not above 0, or another sum than 1.
    """
    if set(ratios) != set(names) or not names:
        raise ValueError(
            f"expected a ratio for each of {', '.join(names) or 'the sources'}, found ratios of "
            f"{', '.join(ratios) or 'none'}"
        )
    total = sum(ratios.values())
    positive = all(math.isfinite(ratio) and ratio > 0 for ratio in ratios.values())
    if not positive or abs(total - 1) > 1e-6:
        told = ", ".join(f"{name} = {ratio:g}" for name, ratio in ratios.items())
        raise ValueError(f"expected ratios above 0 that sum to 1, found {told}, sum {total:g}")
    return {name: ratios[name] / total for name in names}
