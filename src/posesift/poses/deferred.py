"""Columns that are worked out when somebody first looks at them.

Some columns take long to work out, and few ask for them. Rows of such a column can be chosen, and
several columns joined, before anything is known; each row is worked out once, whoever asks.

Names: N rows, R some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Work = Callable[[NDArray[np.intp]], NDArray]
"""Gives the values of some rows (R, ...), by their numbers (R,)."""


@dataclass(frozen=True, eq=False)
class Deferred:
    """A column of a table, not worked out yet: `deferred` makes one."""

    sources: tuple[_Source, ...]
    source_N: NDArray[np.intp]
    """Which of the sources each row comes from."""

    row_N: NDArray[np.intp]
    """Which row of its source it is."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that the values will have."""
        return (len(self.row_N), *self.sources[0].value_N.shape[1:])

    def __getitem__(self, rows: NDArray[np.integer | np.bool_] | slice) -> Deferred:
        """Return the column of some rows, in their order (integers, or N booleans)."""
        return Deferred(self.sources, self.source_N[rows], self.row_N[rows])

    def values(self) -> NDArray:
        """Work out what is not known yet, and return the values (N, ...)."""
        found_N = np.empty(self.shape, self.sources[0].value_N.dtype)
        for number, source in enumerate(self.sources):
            at_N = self.source_N == number
            found_N[at_N] = source.values(self.row_N[at_N])
        return found_N


def deferred(work: Work, shape: tuple[int, ...], kind: type = np.bool_) -> Deferred:
    """Return a column that is worked out when its values are asked for.

    Args:
        work: gives the values of some rows. What it gives for a row must not depend on the others.
            A table that goes to other processes takes it along: then it must be picklable.
        shape: of the whole column.
        kind: of its values.

    >>> squares = deferred(lambda row_R: row_R[:, None] ** 2, (5, 1), np.int64)
    >>> joined([squares[np.array([3, 1])], np.array([[7]])]).values().tolist()
    [[9], [1], [7]]
    """
    source = _Source(work, np.zeros(shape, kind), np.zeros(shape[0], bool))
    return Deferred((source,), np.zeros(shape[0], np.intp), np.arange(shape[0]))


def joined(columns: Sequence[Deferred | NDArray]) -> Deferred:
    """Return one column of several, one after the other, of which some may be known already."""
    parts = [column if isinstance(column, Deferred) else _known(column) for column in columns]
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    number = {source: number for number, source in enumerate(sources)}
    source_N = [np.array([number[s] for s in part.sources])[part.source_N] for part in parts]
    row_N = [part.row_N for part in parts]
    return Deferred(sources, np.concatenate(source_N), np.concatenate(row_N))


def _known(value_N: NDArray) -> Deferred:
    source = _Source(None, value_N, np.ones(len(value_N), bool))
    return Deferred((source,), np.zeros(len(value_N), np.intp), np.arange(len(value_N)))


@dataclass(eq=False)
class _Source:
    """Where values come from: those that are known, and how the others are worked out."""

    work: Work | None
    value_N: NDArray
    known_N: NDArray[np.bool_]

    def values(self, row_R: NDArray[np.intp]) -> NDArray:
        todo_R = np.unique(row_R[~self.known_N[row_R]])
        if self.work is not None and len(todo_R):
            self.value_N[todo_R] = self.work(todo_R)
            self.known_N[todo_R] = True
            if self.known_N.all():
                self.work = None  # and all that it holds
        return self.value_N[row_R]
