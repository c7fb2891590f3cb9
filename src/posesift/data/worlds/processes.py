"""Processes that paint: started with little, ended by the first, free of the user's script."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

import cv2

Done = TypeVar("Done")

_HEARD = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
]


def done(
    work: Callable[..., Done], jobs: Sequence[tuple[Any, ...]], workers: int
) -> Iterator[Done]:
    """Do all jobs, here or in ``workers`` processes; yields each one's result as it comes.

    Args:
        work: a function of a module, called with the values of a job.
        jobs: what it is called with.
        workers: 1 or fewer: here, one job after the other.

    Raises:
        Exception: what a job raised; those that have not begun are given up.
    """
    workers = min(workers, len(jobs))
    if workers <= 1:
        yield from (work(*job) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_begin)
    try:
        with _without_main(), _held_back():
            futures = [pool.submit(work, *job) for job in jobs]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Count the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _begin() -> None:
    """One thread each; signals are for the first process, which then ends the others."""
    for number in _HEARD:
        signal.signal(number, signal.SIG_IGN)
    cv2.setNumThreads(1)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Start processes that hear no signals from their first moment on.

    Ctrl-C reaches all processes of a terminal, also one that is still importing. What arrives here
    meanwhile is heard at the end of the block.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that do not import the user's script.

    They need nothing of it, and a script without ``if __name__ == "__main__"`` would otherwise
    run once more in each of them.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
