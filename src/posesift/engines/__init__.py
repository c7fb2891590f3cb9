"""Who does the work: this process, processes beside it, or a cluster of machines.

Pieces of a large set are worked on by `Engine.map`. A piece is a function of one argument that
depends on nothing else, so that its result is the same wherever, and however often, it is computed.
What an engine gives back is in the order of what it was given, so the bytes of a result do not
depend on the engine.

Tasks that leave files, and read those of others, are given to a `Pool` one by one by who knows
which may begin. A task that is begun again goes on with the files that it left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Literal, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Name = Literal["local", "ray"]
"""Spelling of ``--engine``."""


class Pool(Protocol):
    """What does tasks, each in another process and as soon as there is room for it."""

    @property
    def room(self) -> int:
        """How many tasks it does at a time, as it is now; at least one."""
        ...

    def submit(self, do: Callable[[Item], Result], task: Item) -> Future[Result]:
        """Begin ``do(task)``; both can be pickled."""
        ...


class Engine(Protocol):
    """What computes a function of many items, and does tasks."""

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

    def tasks(
        self, folder: Path, cpus: int, gpus: int = 0, most: int | None = None
    ) -> contextlib.AbstractContextManager[Pool]:
        """Give a pool of tasks that write into one folder, while a block lasts.

        Where an error leaves the block, the tasks that run end first, as Ctrl-C would end each
        alone.

        Args:
            folder: is there, and seen by every machine under the same path.
            cpus: cores that a task takes.
            gpus: that a task takes.
            most: tasks at a time; None: as many as there is room for.

        Raises:
            ValueError: no machine has room for a task, or one does not see the folder. In the
                block: as a task, or a machine is lost again and again.
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
