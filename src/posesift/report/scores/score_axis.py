"""The axis on which scores are told apart by eye: straight or logarithmic, and its bars.

N scores, k bins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST, MOST = 64, 160  # bars
_TAIL = 5.0  # ratio of extremes from which a logarithmic axis shows more


def bars(score_N: NDArray, edges: NDArray) -> tuple[bool, NDArray[np.float64]]:
    """Whether a logarithmic axis shows these scores better, and equal bars along it.

    At least `FEWEST` of them, and so many more (up to `MOST`) that the narrowest bin has one to
    itself. What lies far beyond all others belongs to the outermost bar.

    >>> logarithmic, bars_ = bars(np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.0, 2.0, 3.0]))
    >>> logarithmic, len(bars_) - 1, float(bars_[0]), float(bars_[-1])
    (False, 64, 1.0, 3.0)

    Args:
        score_N: scores; what is not finite is passed over.
        edges: (k + 1,) of the bins.

    Returns:
        Whether it is logarithmic (never where a score is 0 or less), and rising edges of the bars.
    """
    score_N = score_N[np.isfinite(score_N)].astype(np.float64)
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
