"""What messages tell: their parts, whatever the wording."""

from __future__ import annotations

from collections.abc import Sequence


def assert_told(lines: Sequence[str], *wanted: str) -> None:
    """Line i holds the parts of ``wanted[i]``, which ``|`` separates, in that order; no other.

    >>> assert_told(["left out: a.jpg is broken"], "left out|a.jpg")
    >>> assert_told(["a.jpg is broken"], "b.jpg")
    Traceback (most recent call last):
    AssertionError: expected 'b.jpg' in 'a.jpg is broken'
    """
    assert len(lines) == len(wanted), lines
    for line, parts in zip(lines, wanted, strict=True):
        rest = line
        for part in parts.split("|"):
            assert part in rest, f"expected {part!r} in {line!r}"
            rest = rest.partition(part)[2]
