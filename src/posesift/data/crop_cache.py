"""Crops kept in memory, one copy for the main process and all its forked workers.

Shapes: N samples, M of them kept, B batch, C = 3 channels, S side of the crop.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any

import numpy as np

LIMIT = 2**30
"""Bytes that one cache may hold: 1 GiB is 87,000 crops of 64 px, or 5,400 of 256."""


class CropCache:
    """The first M of N crops, filled as they are asked for; M is what fits into ``limit``.

    The memory is anonymous and shared, so forked workers fill it for each other and for the
    epochs after them, and takes no space before it is written. Two workers that make the same
    crop write the same bytes. A pickled copy (a spawned worker) starts empty.
    """

    def __init__(self, count: int, side: int, limit: int = LIMIT):
        self._arguments = (count, side, limit)
        crop = 3 * side * side
        kept = min(count, limit // (crop + 1))
        memory = mmap.mmap(-1, max(kept, 1) * (crop + 1))
        self._crop_MCSS = np.frombuffer(memory, np.uint8, kept * crop).reshape(kept, 3, side, side)
        self._filled_M = np.frombuffer(memory, np.bool_, kept, offset=kept * crop)

    def take(self, rows_B: np.ndarray, make: Callable[[int, np.ndarray], None]) -> np.ndarray:
        """Return the crops of ``rows_B``, (B, 3, S, S) uint8.

        Args:
            rows_B: rows of the table, not negative.
            make: ``make(row, out_CSS)`` writes the crop of one row; called for those not kept.
        """
        kept = len(self._filled_M)
        for row in rows_B[rows_B < kept]:
            if not self._filled_M[row]:
                make(int(row), self._crop_MCSS[row])
                self._filled_M[row] = True  # last, so that nobody reads a crop half written
        if not kept or rows_B.max(initial=0) >= kept:
            crop_BCSS = np.empty((len(rows_B), *self._crop_MCSS.shape[1:]), np.uint8)
            for place, row in enumerate(rows_B):
                if row < kept:
                    crop_BCSS[place] = self._crop_MCSS[row]
                else:
                    make(int(row), crop_BCSS[place])
            return crop_BCSS
        return self._crop_MCSS[rows_B]

    def __reduce__(self) -> tuple[Any, ...]:
        return CropCache, self._arguments
