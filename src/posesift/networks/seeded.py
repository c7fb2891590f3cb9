"""Initial weights that a seed decides, with no other random state moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw what is drawn on the processor from ``seed``; afterwards all is as it was.

    ``torch.manual_seed`` would reseed the generators of all accelerators too, and leave them so.

    >>> with seeded(3):
    ...     one = torch.rand(2)
    >>> with seeded(3):
    ...     torch.equal(torch.rand(2), one)
    True
    """
    generator = torch.default_generator
    state = generator.get_state()
    generator.manual_seed(seed)
    try:
        yield
    finally:
        generator.set_state(state)
