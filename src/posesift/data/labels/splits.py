"""Training and test halves of a data set that has none: the last quarter is the test.

Shapes: N samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

Split = Literal["all", "train", "test"]
"""Spelling of the option ``split=`` in every data address."""


def half(split: Split, is_test_N: np.ndarray) -> np.ndarray:
    """Which samples belong to a split, (N,) bool, where it is known which are the test.

    >>> half("train", np.array([False, True])).tolist()
    [True, False]
    """
    return {"all": np.ones_like(is_test_N), "train": ~is_test_N, "test": is_test_N}[split]


def in_split(
    split: Split, unit_N: Iterable[object], within_N: Sequence[object] | None = None
) -> np.ndarray:
    """Which samples belong to a split.

    Samples of one unit (an image with several people, a clip) stay together, and units count in
    the order in which they first appear. With M units, the last ``M // 4`` are the test.

    Args:
        split: ``"all"``, ``"train"`` or ``"test"``.
        unit_N: what each sample is part of; any hashable values.
        within_N: of which class each sample is (an animal, say). The last quarter of the units is
            then taken in every class, so that one of several can be read alone and its halves stay
            the same; a unit's class is that of its first sample.

    Returns:
        (N,) bool.

    >>> in_split("test", ["a", "b", "c", "d", "d"])
    array([False, False, False,  True,  True])
    """
    if within_N is not None:
        units = list(unit_N)
        class_of: dict[object, object] = {}
        of_N = [class_of.setdefault(unit, kind) for unit, kind in zip(units, within_N, strict=True)]
        chosen_N = np.zeros(len(units), bool)
        for kind in dict.fromkeys(of_N):
            rows = [row for row, own in enumerate(of_N) if own == kind]
            chosen_N[rows] = in_split(split, [units[row] for row in rows])
        return chosen_N
    number: dict[object, int] = {}
    unit_N = np.array([number.setdefault(unit, len(number)) for unit in unit_N], dtype=np.int64)
    is_test_N = unit_N >= len(number) - len(number) // 4
    return half(split, is_test_N)
