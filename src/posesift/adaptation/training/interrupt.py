"""Ctrl-C and SIGTERM during training: heard at once, obeyed at the end of a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name)
)


@dataclass
class Interrupt:
    """Which signal asked for the end, if one did."""

    signum: int | None = None
    previous: dict[int, Any] = field(default_factory=dict)

    @property
    def asked(self) -> bool:
        """Whether the training should end."""
        return self.signum is not None

    def obey(self) -> None:
        """End, as the signal would have ended what heard it before.

        Raises:
            KeyboardInterrupt: of Ctrl-C, or where another rank was asked.
            SystemExit: of a signal that nothing else heeds.
        """
        if self.signum is not None:
            before = self.previous[self.signum]
            if callable(before):
                before(self.signum, None)
            elif self.signum != signal.SIGINT:
                raise SystemExit(128 + self.signum)
        raise KeyboardInterrupt


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Let Ctrl-C, SIGTERM and SIGUSR1 wait for the end of a step: half of one cannot be saved.

    The second signal does not wait. Signals that are ignored stay so.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # only the main thread hears signals
        return

    def ask(signum: int, frame: Any) -> None:
        interrupt.signum = signum
        restore()

    def restore() -> None:
        for signum, before in interrupt.previous.items():
            signal.signal(signum, before)

    for signum in SIGNALS:
        before = signal.getsignal(signum)
        if before is not signal.SIG_IGN and before is not None:
            interrupt.previous[signum] = before
            signal.signal(signum, ask)
    try:
        yield interrupt
    finally:
        restore()
