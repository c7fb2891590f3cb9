"""What changes while a stage runs, as functions of its progress t from 0 to 1."""

from __future__ import annotations

import math


def trapezoid(t: float, rise: float = 0.1, fall: float = 0.6) -> float:
    """Learning-rate factor: rises to 1 until ``rise``, stays until ``fall``, then a half cosine.

    It stays up for long because a curriculum brings its hard poses late, and a rate that has
    fallen by then would hide what they can teach.

    Args:
        t: progress of the stage, in [0, 1].
        rise: end of the linear warm-up, which begins at a tenth (a rate of 0 wastes a step).
        fall: begin of the decline to 0.

    >>> [round(trapezoid(t), 3) for t in (0.0, 0.05, 0.1, 0.6, 0.8, 1.0)]
    [0.1, 0.55, 1.0, 1.0, 0.5, 0.0]
    """
    if t < rise:
        return 0.1 + 0.9 * t / rise
    if t <= fall:
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * (t - fall) / (1 - fall))


def ramp(t: float, end: float = 0.1) -> float:
    """Rises from 0 to 1 until ``end``, and stays there.

    >>> ramp(0.0), ramp(0.05), ramp(0.5), ramp(0.0, end=0)
    (0.0, 0.5, 1.0, 1.0)
    """
    return min(1.0, t / end) if end else 1.0
