"""The walls around an example: ten seconds of processor time, two gigabytes, one folder."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

SECONDS = 10  # of processor time: how busy the machine is does not count
MEMORY = 2 * 2**30  # bytes more than before

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate", "os.link")
_RUNS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect")
_allowed: tuple[str, ...] | None = None
_touched: list[str] = []


class HangError(BaseException):
    """An example took longer than it may; nothing catches this by accident."""


@contextlib.contextmanager
def guarded(*folders: Path) -> Iterator[None]:
    """Fail if the block takes too long, too much memory, or changes anything outside ``folders``.

    What it raises passes, except that of running out of memory.
    """
    global _allowed
    _allowed = tuple(str(folder.resolve()) for folder in folders)
    _touched.clear()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, _too_long)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + MEMORY, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    except MemoryError:
        raise AssertionError("took more than 2 GB") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, before)
        _allowed = None
    assert not _touched, f"touched {_touched}"


@contextlib.contextmanager
def piped(file: Path) -> Iterator[None]:
    """A named pipe in the place of a file, to which nobody writes; fail if the block waits."""
    content = file.read_bytes()
    file.unlink()
    os.mkfifo(file)
    before = signal.signal(signal.SIGALRM, _waits)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        file.unlink()
        file.write_bytes(content)


def read_or_explained(read: Callable[..., Any], *arguments: Any) -> Any:
    """What ``read`` gives, None where it explains in one ``ValueError`` why it gives nothing.

    The error of a library, which is most often a kind of ``ValueError`` too, explains nothing.
    """
    try:
        return read(*arguments)
    except ValueError as error:
        if type(error) is not ValueError or not str(error):
            raise AssertionError(f"a library's {type(error).__name__}: {error}") from error
        return None


def _too_long(*_: Any) -> None:
    raise HangError(f"took more than {SECONDS} s of processor time")


def _waits(*_: Any) -> None:
    raise HangError("waits for what never comes")


def _mapped() -> int:
    """Bytes of address space that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _allowed is None:
        return
    if event.startswith(_RUNS):
        _touched.append(f"{event} {arguments!r:.100}")
    elif event == "open":
        path, _, flags = arguments
        if isinstance(path, str | bytes) and flags & _WRITING:
            _note(event, path)
    elif event in _CHANGES:
        _note(event, arguments[0])


def _note(event: str, path: Any) -> None:
    name = os.path.abspath(os.fsdecode(path)) if isinstance(path, str | bytes) else str(path)
    assert _allowed is not None
    if name != os.devnull and not name.startswith(_allowed):
        _touched.append(f"{event} {name}")


sys.addaudithook(_watch)
