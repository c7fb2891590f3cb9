"""Ctrl-C during training: heard at once, obeyed at the end of a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Interrupt:
    """Whether it was pressed."""

    asked: bool = False


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Let Ctrl-C wait for the end of a step: half a step must not be saved."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # only the main thread hears signals
        return
    previous = signal.getsignal(signal.SIGINT) or signal.default_int_handler

    def ask(signum: int, frame: Any) -> None:
        interrupt.asked = True
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, ask)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, previous)
