"""Tasks that need each other's results, several at a time, each in a process of its own.

Two networks trained in two processes of one thread each take less time than one after the other
with two threads, for which the steps of small networks are too short to be shared out evenly.
"""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from graphlib import TopologicalSorter
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

from posesift.progress import bar

Task = TypeVar("Task", bound=Hashable)

_working = False


def side_by_side(
    needs: Mapping[Task, set[Task]],
    do: Callable[[Task], None],
    jobs: int,
    begin: Callable[[Task], None] = lambda task: None,
) -> None:
    """Do every task, at most ``jobs`` at a time, none before what it needs.

    Of tasks that could begin, the first in the order of ``needs`` does. Ctrl-C and signals end the
    tasks that run as they would end each alone (training keeps a checkpoint); when this process
    goes, however it goes, the others go with it.

    Args:
        needs: each task and the tasks that it needs.
        do: does one; it and the tasks can be pickled.
        jobs: processes, at least one.
        begin: called here before a task begins.

    Raises:
        Exception: what ``do`` raised first, when the tasks that ran beside it have ended.
        OSError: the system has ended a process.
    """
    order = TopologicalSorter(needs)
    order.prepare()
    ready: set[Task] = set()
    running: dict[Future[list[str]], Task] = {}
    others = set(active_children())  # of whoever calls this
    with (
        bar(f"{jobs} at a time", len(needs)) as shown,
        ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_begun) as pool,
    ):
        try:
            while order.is_active():
                ready.update(order.get_ready())
                for task in [task for task in needs if task in ready][: jobs - len(running)]:
                    ready.remove(task)
                    begin(task)
                    running[pool.submit(_done, do, task)] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    for text in future.result():
                        warnings.warn(text, stacklevel=2)
                    order.done(running.pop(future))
                    shown.advance()
        except BrokenProcessPool:
            raise OSError(
                "a process of this work was ended by the system; is there enough memory for "
                f"{jobs} at a time? What is finished is kept; give fewer --jobs"
            ) from None
        except BaseException:
            for process in set(active_children()) - others:
                process.terminate()
            raise


def _begun() -> None:
    """Leave Ctrl-C to the parent, hear its SIGTERM, and go when it goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_go_with_the_parent, daemon=True).start()


def _end(signum: int, frame: Any) -> None:
    if not _working:
        os._exit(128 + signum)
    raise KeyboardInterrupt


def _go_with_the_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait_for([parent.sentinel])
    os._exit(1)  # as if killed beside it: whoever goes on with the work may have begun


def _done(do: Callable[[Task], None], task: Task) -> list[str]:
    """Do a task, and give the warnings on the way."""
    global _working
    _working = True
    try:
        with warnings.catch_warnings(record=True) as heard:
            do(task)
    finally:
        _working = False
    return list(dict.fromkeys(str(one.message) for one in heard))
