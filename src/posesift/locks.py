"""One writer a folder: locks that end with their process, however it ends.

A lock is a file in the folder, locked for the system. The system lets go of it when the process
is gone, so a process that was killed never keeps others out. The file is also how a command knows
its folder again: once it is gone from its place, the folder was removed or moved.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: folders are known again, but two writers are not kept apart
    fcntl = None

NAME = ".posesift.lock"

_held: list[Lock] = []
_temporary: set[int] = set()  # descriptors of locked files, which a forked child must let go of


@dataclass(eq=False)
class Lock:
    """A folder that this process alone writes to, until `release`."""

    folder: Path
    descriptor: int | None

    @property
    def lost(self) -> bool:
        """Whether the folder is no longer where it was."""
        return self.descriptor is None or not _same(self.folder / NAME, self.descriptor)

    def release(self) -> None:
        """Let others write to the folder."""
        if self.descriptor is None:
            return
        if self in _held:
            _held.remove(self)
        if not self.lost:
            with contextlib.suppress(OSError):  # a folder that became read-only keeps the file
                (self.folder / NAME).unlink()
        os.close(self.descriptor)
        self.descriptor = None


def hold(folder: Path) -> Lock:
    """Lock a folder that exists, or say who writes to it.

    Raises:
        ValueError: another process, or another part of this one, writes to it.
        OSError: the folder cannot be written to.
    """
    folder = Path(os.path.abspath(folder))
    path = folder / NAME
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    while True:
        descriptor = os.open(path, flags, 0o666)
        taken = take(descriptor)
        if taken is False:
            writer = _writer(descriptor)
            os.close(descriptor)
            raise ValueError(
                f"{folder} is being written to by {writer}; wait until it has ended, or end it"
            )
        if _same(path, descriptor):
            break
        os.close(descriptor)  # the one before has just removed the file
    with contextlib.suppress(OSError):  # on a full disk the lock holds without a name
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {platform.node()}".encode())
    if taken is None and fcntl is not None:
        warnings.warn(
            f"the file system of {folder} knows no locks: take care that no two commands write "
            "to one folder",
            stacklevel=3,
        )
    lock = Lock(folder, descriptor)
    _held.append(lock)
    return lock


def check(path: Path) -> None:
    """Refuse to write into a locked folder that was removed or moved.

    Raises:
        ValueError: ``path`` lies in one.
    """
    path = Path(os.path.abspath(path))
    for lock in _held:
        if path.is_relative_to(lock.folder) and lock.lost:
            raise ValueError(
                f"{lock.folder} was removed, emptied or moved while it was being filled, so "
                "nothing more is written; start again"
            )


def release(folder: Path) -> None:
    """Let go of a folder, if this process holds it."""
    for lock in [lock for lock in _held if lock.folder == folder]:
        lock.release()


def rename(folder: Path, to: Path) -> None:
    """Rename a folder; a lock on it stays."""
    folder.rename(to)
    for lock in _held:
        if lock.folder == folder:
            lock.folder = to


def take(descriptor: int) -> bool | None:
    """Lock an open file for this process.

    Returns:
        Whether it is locked now; False where another process holds it, None where the file
        system knows no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            raise
        return None
    return True


@contextlib.contextmanager
def kept(descriptor: int) -> Iterator[None]:
    """Lock a temporary file while it is written, so that nobody clears it away."""
    _temporary.add(descriptor)
    try:
        take(descriptor)
        yield
    finally:
        _temporary.discard(descriptor)


def _same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except OSError:
        return False


def _writer(descriptor: int) -> str:
    """Return the process that holds a lock, as it named itself."""
    words = os.pread(descriptor, 200, 0).decode(errors="replace").split()
    if not words or not words[0].isdigit():
        return "another process"
    elsewhere = len(words) > 1 and words[1] != platform.node()
    return f"process {words[0]}" + (f" on {words[1]}" if elsewhere else "")


def _forget() -> None:
    """In a forked child: let go, or the lock would last as long as the child."""
    for descriptor in (*(lock.descriptor for lock in _held), *_temporary):
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)
    _held.clear()
    _temporary.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
