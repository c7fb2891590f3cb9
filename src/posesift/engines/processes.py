"""Tasks in several processes of this machine (`posesift.engines.Pool`).

Two networks trained in two processes of one thread each take less time than one after the other
with two threads, for which the steps of small networks are too short to be shared out evenly.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Any, NamedTuple, TypeVar

from posesift.engines import Pool

Item = TypeVar("Item")
Result = TypeVar("Result")

_working = False


@contextlib.contextmanager
def processes(jobs: int, gpus: Sequence[str] = ()) -> Iterator[Pool]:
    """Give a pool of processes while the block lasts; each does one task at a time.

    Where an error, Ctrl-C or a signal leaves the block, the tasks that run end as that would end
    each alone (training keeps a checkpoint); when this process goes, however it goes, the others
    go with it.

    Args:
        jobs: processes, at least one.
        gpus: names of GPUs, as ``CUDA_VISIBLE_DEVICES`` has them; see `gpu_of`.

    Raises:
        OSError: the system has ended a process.
    """
    context = get_context("spawn")
    own = context.SimpleQueue()  # each process takes the name of its GPU
    for number in range(jobs):
        own.put(gpu_of(number, gpus))
    others = set(active_children())  # of whoever calls this
    with ProcessPoolExecutor(jobs, context, initializer=_begun, initargs=(own,)) as pool:
        try:
            yield _Processes(jobs, pool)
        except BrokenProcessPool:
            raise OSError(
                "a process of this work was ended by the system; is there enough memory for "
                f"{jobs} at a time? What is finished is kept; give fewer --jobs"
            ) from None
        except BaseException:
            for process in set(active_children()) - others:
                process.terminate()
            raise


def gpu_of(number: int, gpus: Sequence[str]) -> str | None:
    """Name the GPU of a process: one each in turn, shared where there are more processes.

    >>> [gpu_of(number, ["0", "1"]) for number in range(3)], gpu_of(0, [])
    (['0', '1', '0'], None)

    Args:
        number: of the process, from 0.
        gpus: names; none where nothing is computed on GPUs.
    """
    return gpus[number % len(gpus)] if gpus else None


class _Processes(NamedTuple):
    room: int
    pool: ProcessPoolExecutor

    def submit(self, do: Callable[[Item], Result], task: Item) -> Future[Result]:
        return self.pool.submit(_done, do, task)


def _begun(own: Any) -> None:
    """Take a GPU, leave Ctrl-C to the parent, hear its SIGTERM, and go when it goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    if (gpu := own.get()) is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu  # before anybody asks which there are
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


def _done(do: Callable[[Item], Result], task: Item) -> Result:
    global _working
    _working = True
    try:
        return do(task)
    finally:
        _working = False
