"""What a failure of Ray means to who gave the command: one message, and what to do."""

from __future__ import annotations

import importlib.util
import socket
from typing import Any

from posesift.version import __version__

RETRIES = 3
"""Times that a piece of work is begun again after the process or the machine died that had it."""

_NOT_IMPORTED = "failed to import on the worker"  # what Ray says of a function that it cannot load
_TOLD = (ValueError, OSError, MemoryError)  # by the command, as they are


def told(error: Any) -> BaseException:
    """Give the error to raise in the place of Ray's own.

    Args:
        error: a ``ray.exceptions.RayError``.
    """
    from ray.exceptions import RayTaskError

    if not isinstance(error, RayTaskError):
        return ValueError(lost(type(error).__name__, str(error)))
    if isinstance(error.cause, _TOLD):
        return error.cause
    problem = lacking(error.cause)
    return error if problem is None else ValueError(problem)


def same_version(version: str) -> None:
    """Refuse work for another version of PoseSift than that of this machine.

    Raises:
        ValueError: it is another.
    """
    if version != __version__:
        raise ValueError(
            f"{socket.gethostname()} has PoseSift {__version__}, and {version} asks for its work: "
            "install the same version on every machine of the cluster"
        )


def missing(package: str) -> str | None:
    """Say what to do where a package is not installed; None where it is.

    >>> missing("numpy")
    >>> missing("no_such_package")[:67]
    '--engine no_such_package needs the package no_such_package, which i'
    """
    if importlib.util.find_spec(package) is not None:
        return None
    return (
        f"--engine {package} needs the package {package}, which is not installed here: pip "
        f"install 'posesift[{package}]' on every machine of the cluster, or leave --engine out"
    )


def lacking(cause: BaseException) -> str | None:
    """Say that a machine of the cluster lacks a package, where that is why a piece failed there.

    >>> lacking(ModuleNotFoundError("No module named 'posesift'"))[:65]
    "a machine of the cluster lacks a package (No module named 'posesi"
    >>> lacking(ZeroDivisionError())
    """
    if not (isinstance(cause, ImportError) or _NOT_IMPORTED in str(cause)):
        return None
    lines = [line.strip() for line in str(cause).splitlines() if "No module named" in line]
    found = lines[-1].removeprefix("ModuleNotFoundError: ") if lines else type(cause).__name__
    return (
        f"a machine of the cluster lacks a package ({found}): install 'posesift[ray]', version "
        f"{__version__}, with all that it needs on every machine, and start Ray "
        "from that Python"
    )


def lost(kind: str, reason: str) -> str:
    """Say that a piece of work was lost with its process each time that it was tried.

    Args:
        kind: Ray's name of the error.
        reason: what Ray says about it.
    """
    first = next((line.strip() for line in reason.splitlines() if line.strip()), "")
    memory = "memory" in kind.lower() or "oom" in reason.lower()
    advice = (
        "its machine has too little memory: give the cluster fewer cores (ray start --num-cpus)"
        if memory
        else "look for the reason in Ray's logs (/tmp/ray/session_latest/logs on its machine)"
    )
    return (
        f"a worker of the cluster died with the same piece of work {RETRIES + 1} times ({kind}: "
        f"{first}); {advice}. What was done stays, and the same command (of prepare and compare "
        "with --resume) goes on with it"
    )
