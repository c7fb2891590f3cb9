"""Tasks on a cluster by Ray that write into one folder (`posesift.engines.Pool`).

Ray holds no results: tasks leave files, and find those of others on the disk that all machines
share. So whether they share it is asked before the first task, and again by each, for a machine
that has joined later.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from posesift import storage
from posesift.engines import ray_errors
from posesift.version import __version__

Item = TypeVar("Item")
Result = TypeVar("Result")


class Origin(NamedTuple):
    """What a machine must have in common with the one that asks for work.

    Attributes:
        version: of PoseSift.
        working: the folder that relative paths begin from.
        token: a file in the folder that all share, whose name is in no other.
    """

    version: str
    working: str
    token: Path


class RayTasks:
    """A pool of Ray tasks, to be closed.

    Args:
        ray: the package, connected to a cluster.
        folder: that tasks write into.
        cpus: cores that a task takes.
        gpus: that a task takes.
        most: tasks at a time; None: as many as there is room for.
    """

    def __init__(self, ray: Any, folder: Path, cpus: int, gpus: int, most: int | None) -> None:
        self._ray, self._cpus, self._gpus, self._most = ray, cpus, gpus, most
        token = folder / f"{storage.TEMPORARY}shared-{secrets.token_hex(6)}"
        token.touch()
        self._origin = Origin(__version__, os.getcwd(), token)
        self._task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=ray_errors.RETRIES)(_done)
        self._under_way: dict[Future[Any], Any] = {}

    @property
    def room(self) -> int:
        """How many tasks the machines of the cluster do at a time, as they are now."""
        room = sum(map(self._room_of, self._machines()))
        return max(1, room if self._most is None else min(room, self._most))

    def submit(self, do: Callable[[Item], Result], task: Item) -> Future[Result]:
        """Begin ``do(task)`` where there is room, again where its process or machine dies."""
        reference = self._task.remote(do, task, self._origin)
        future = reference.future()
        self._under_way = {f: r for f, r in self._under_way.items() if not f.done()}
        self._under_way[future] = reference
        return future

    def check(self) -> None:
        """Refuse a cluster without room for a task, or a machine of it that cannot do one.

        Raises:
            ValueError: such; a machine has another version or does not see the folder.
        """
        machines = [machine for machine in self._machines() if self._room_of(machine)]
        if not machines:
            raise ValueError(self._no_room())
        on = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        arrive = self._ray.remote(num_cpus=0, max_retries=ray_errors.RETRIES)(arrived)
        self._ray.get(
            [
                arrive.options(scheduling_strategy=on(machine["NodeID"], soft=False)).remote(
                    self._origin
                )
                for machine in machines
            ]
        )

    def stop(self) -> None:
        """End the tasks that run as Ctrl-C would, and wait for their ends."""
        running = [reference for future, reference in self._under_way.items() if not future.done()]
        for reference in running:
            self._ray.cancel(reference)
        if running:
            self._ray.wait(running, num_returns=len(running))

    def close(self) -> None:
        """Clear away what told machines of the folder."""
        self._origin.token.unlink(missing_ok=True)

    def _machines(self) -> list[dict[str, Any]]:
        return [machine for machine in self._ray.nodes() if machine["Alive"]]

    def _room_of(self, machine: dict[str, Any]) -> int:
        """Count the tasks that a machine does at a time."""
        has = machine["Resources"]
        room = has.get("CPU", 0) // self._cpus
        return int(min(room, has.get("GPU", 0) // self._gpus) if self._gpus else room)

    def _no_room(self) -> str:
        has = [machine["Resources"] for machine in self._machines()]
        found = ", ".join(f"{one.get('CPU', 0):g} and {one.get('GPU', 0):g}" for one in has)
        return (
            f"expected a machine in the cluster with {self._cpus} cores and {self._gpus} GPUs, "
            f"which one cell takes (--threads, --workers, --device), found machines with "
            f"{found or 'none'}; give fewer --threads or --workers or another --device, or start "
            "Ray with more (ray start --num-cpus, --num-gpus)"
        )


def arrived(origin: Origin) -> None:
    """Refuse work that this machine cannot do, in a process of the cluster; else begin it.

    Raises:
        ValueError: another version of PoseSift; no such folder as the command was given in, or
            not the one that all share.
    """
    ray_errors.same_version(origin.version)
    folder, host = origin.token.parent, socket.gethostname()
    if not origin.token.is_file():
        found = "another folder of that name" if folder.is_dir() else "no such folder"
        raise ValueError(
            f"expected {folder} on every machine of the cluster, found {found} on {host}: give "
            "--out a folder on a disk that all of them share, under the same path"
        )
    try:
        os.chdir(origin.working)
    except OSError as error:
        raise ValueError(
            f"expected {origin.working}, where the command was given, on every machine of the "
            f"cluster, found none on {host} ({error.strerror}): give it in a folder that all share"
        ) from None


def _done(do: Callable[[Any], Any], task: Any, origin: Origin) -> Any:
    arrived(origin)
    return do(task)
