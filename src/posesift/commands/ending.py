"""How a command ends before its time: by Ctrl-C, or by a signal that asks it to end."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

typed: ContextVar[Sequence[str]] = ContextVar("typed", default=())
"""What stands behind ``posesift``, for messages that say what to type next."""


class Ended(KeyboardInterrupt):
    """A signal that asks the process to end, heard wherever Ctrl-C is.

    Attributes:
        signum: the signal.
    """

    def __init__(self, signum: int, text: str = ""):
        super().__init__(text)
        self.signum = signum


def signal_of(stop: KeyboardInterrupt) -> signal.Signals:
    """Give the signal that ended a command; Ctrl-C is SIGINT."""
    return signal.Signals(stop.signum if isinstance(stop, Ended) else signal.SIGINT)


_arrived: list[int] = []


def swallowed() -> Ended | None:
    """Give the end that a signal asked for, where a library made another error of it."""
    return Ended(_arrived[-1]) if _arrived else None


@contextlib.contextmanager
def heard(name: str) -> Iterator[None]:
    """Raise `Ended` when the signal ``name``, say ``"SIGTERM"``, arrives.

    What is raised inside a library written in C may come out of it as another error; `swallowed`
    knows. Elsewhere than in the main thread, and where the system has no such signal, nothing
    changes.
    """
    signum = getattr(signal, name, None)
    if signum is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(signum: int, frame: Any) -> None:
        _arrived.append(signum)
        raise Ended(signum)

    _arrived.clear()
    before = signal.signal(signum, end)
    try:
        yield
    finally:
        signal.signal(signum, before if before is not None else signal.SIG_DFL)
