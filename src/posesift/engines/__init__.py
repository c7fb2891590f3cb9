"""Who does the work on the pieces of a large set: this process, or a cluster of machines.

A piece of work is a function of one argument that depends on nothing else, so that its result is
the same wherever, and however often, it is computed. What an engine gives back is in the order of
what it was given, so the bytes of a result do not depend on the engine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Name = Literal["local", "ray"]
"""Spelling of ``--engine``."""


class Engine(Protocol):
    """What computes a function of many items."""

    @property
    def cores(self) -> int:
        """How many pieces of work it does at a time."""
        ...

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield ``work(item)`` of each, in their order; items are taken as they are needed.

        Raises:
            ValueError: as ``work``, or a machine is lost again and again.
        """
        ...


@contextlib.contextmanager
def started(name: Name) -> Iterator[Engine | None]:
    """Give an engine by its name while the block lasts; None for this process.

    Raises:
        ValueError: ``ray`` without the package, or a cluster that cannot be reached.
    """
    if name == "local":
        yield None
        return
    from posesift.engines.on_ray import cluster

    with cluster() as engine:
        yield engine
