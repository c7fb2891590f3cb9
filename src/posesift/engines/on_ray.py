"""Pieces of work on a cluster by Ray: the one at ``RAY_ADDRESS``, else one on this machine.

Plain tasks, not Ray Data: a piece is named by a few numbers and read where it is worked on, so
there is no data set to move through the cluster; results come back in the order of the pieces
without a sort; and a task says itself how often it may be tried again. Ray Data reads files in
blocks that it cuts by size, while the last bit of a score depends on where a block is cut.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from posesift.engines import ray_errors
from posesift.engines.ray_tasks import RayTasks
from posesift.version import __version__

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE = 10.0
"""Seconds to wait for the cluster's address to answer."""

_AHEAD = 3  # pieces under way for each core: it need not wait for a slow one before its own


@contextlib.contextmanager
def cluster() -> Iterator[OnRay]:
    """Connect to the cluster, or start one on this machine with the cores this process may use.

    One that this process is connected to already is used, and left connected.

    Raises:
        ValueError: Ray is not installed, or the cluster does not answer.
    """
    if problem := ray_errors.missing("ray"):
        raise ValueError(problem)
    address = os.environ.get("RAY_ADDRESS", "")
    with _signals_kept():
        import ray

        if ray.is_initialized():
            yield OnRay(ray)
            return
        _check_answers(address)
        options: dict[str, Any] = {"address": address or "local"}
        if not address:
            options |= {"num_cpus": _own_cores(), "include_dashboard": False}
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise _refused(address, str(error)) from None
    try:
        yield OnRay(ray)
    finally:
        ray.shutdown()


class OnRay:
    """An engine of Ray tasks (`posesift.engines.Engine`).

    Args:
        ray: the package, connected to a cluster.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    @property
    def cores(self) -> int:
        """Cores of the cluster, as it is now."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield ``work(item)`` of each, in their order (see `posesift.engines.Engine`).

        Raises:
            ValueError: as ``work``; the process or machine that had a piece died
                `posesift.engines.ray_errors.RETRIES` + 1 times; a node has another version of
                PoseSift.
        """
        ray = self._ray
        task = ray.remote(num_cpus=1, max_retries=ray_errors.RETRIES)(_done)
        held = ray.put(work)  # sent to a machine once, however many of its tasks need it
        under_way: deque[Any] = deque()
        most = _AHEAD * self.cores
        try:
            for item in items:
                under_way.append(task.remote(held, item, __version__))
                if len(under_way) >= most:
                    yield self._result(under_way.popleft())
            while under_way:
                yield self._result(under_way.popleft())
        finally:
            for reference in under_way:  # after an error, or when nobody asks for more
                ray.cancel(reference, force=True)

    @contextlib.contextmanager
    def tasks(
        self, folder: Path, cpus: int, gpus: int = 0, most: int | None = None
    ) -> Iterator[RayTasks]:
        """Give a pool of tasks that write into one folder (see `posesift.engines.Engine`).

        Raises:
            ValueError: see `posesift.engines.Engine`; a node has another version of PoseSift.
        """
        pool = RayTasks(self._ray, folder, cpus, gpus, most)
        try:
            pool.check()
            yield pool
        except self._ray.exceptions.RayError as error:
            pool.stop()
            raise ray_errors.told(error) from None
        except BaseException:
            pool.stop()
            raise
        finally:
            pool.close()

    def _result(self, reference: Any) -> Any:
        try:
            return self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            raise ray_errors.told(error) from None


def _done(work: Callable[[Any], Any], item: Any, version: str) -> Any:
    """Do one piece of work, in a process of the cluster."""
    ray_errors.same_version(version)
    return work(item)


def _own_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_answers(address: str) -> None:
    """Refuse an address at which nothing listens, for which Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # "auto", "local", or nothing
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        raise _unreachable(address, str(error)) from None


def _unreachable(address: str, reason: str) -> ValueError:
    return ValueError(
        f"found no Ray cluster at {address} (RAY_ADDRESS): {reason.strip().splitlines()[0]}. "
        "Start one with 'ray start --head', or unset RAY_ADDRESS to use this machine alone"
    )


def _refused(address: str, reason: str) -> ValueError:
    first = reason.strip().splitlines()[0] if reason.strip() else "it does not say why"
    if not address:
        return ValueError(f"cannot start Ray on this machine: {first}. --engine local needs none")
    return ValueError(
        f"the cluster at {address} (RAY_ADDRESS) does not let this process in: {first}. It must "
        "run the same versions of Ray and Python; where it asks for a token, set "
        "RAY_AUTH_MODE=token here, too, with its token in ~/.ray/auth_token"
    )


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep who hears the signals that ask a process to end: Ray takes SIGTERM for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, hears in before.items():
            signal.signal(number, hears if hears is not None else signal.SIG_DFL)
