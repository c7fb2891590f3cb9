"""Tasks that need each other's results, several at a time, wherever a pool does them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from graphlib import TopologicalSorter
from typing import TypeVar

from posesift.engines import Pool
from posesift.progress import bar

Task = TypeVar("Task", bound=Hashable)


def side_by_side(
    needs: Mapping[Task, set[Task]],
    do: Callable[[Task], None],
    pool: Pool,
    begin: Callable[[Task], None] = lambda task: None,
) -> None:
    """Do every task, as many at a time as there is room for, none before what it needs.

    Of tasks that could begin, the first in the order of ``needs`` does.

    Args:
        needs: each task and the tasks that it needs.
        do: does one; it and the tasks can be pickled.
        pool: does them; what ends the tasks that run, when one fails, is its context.
        begin: called here before a task begins.

    Raises:
        Exception: what ``do`` raised first.
    """
    order = TopologicalSorter(needs)
    order.prepare()
    ready: set[Task] = set()
    running: dict[Future[list[str]], Task] = {}
    with bar(f"{pool.room} at a time", len(needs)) as shown:
        while order.is_active():
            ready.update(order.get_ready())
            free = max(0, pool.room - len(running))  # a machine may have gone
            for task in [task for task in needs if task in ready][:free]:
                ready.remove(task)
                begin(task)
                running[pool.submit(partial(_heard, do), task)] = task
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                for text in future.result():
                    warnings.warn(text, stacklevel=2)
                order.done(running.pop(future))
                shown.advance()


def _heard(do: Callable[[Task], None], task: Task) -> list[str]:
    """Do a task, and give the warnings on the way."""
    with warnings.catch_warnings(record=True) as heard:
        do(task)
    return list(dict.fromkeys(str(one.message) for one in heard))
