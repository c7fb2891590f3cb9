"""Which samples to draw, and how often: weights from difficulty, draws from weights.

This room knows plain ``(N,)`` arrays only, so it serves any trainer: scores may come from
`posesift.difficulty`, from a loss, or from anywhere else.  Only `sampling.sampler` needs torch.
"""

from __future__ import annotations

from posesift.sampling.strategies import (
    NAMES,
    Strategy,
    effective_sample_size,
    fixed,
    largest_weight,
    make,
    subset,
)

__all__ = [
    "NAMES",
    "Strategy",
    "effective_sample_size",
    "fixed",
    "largest_weight",
    "make",
    "subset",
]
