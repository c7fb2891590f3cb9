"""Files that are either whole or not there.

Every file is written beside its destination, flushed to the disk, and renamed over it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from posesift import documents, locks

TEMPORARY = ".posesift-"  # how the names of temporary files and folders begin


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that becomes ``path`` when the block ends well.

    The temporary file keeps the suffix of ``path`` (libraries choose formats by it). On any
    exception, Ctrl-C included, it is removed and ``path`` keeps its old content; one that a
    killed process left is removed by `sweep`. A link at ``path`` is replaced, not followed.

    Raises:
        ValueError: the folder cannot be written to, or the disk is full; ``path`` lies in a
            result's folder that was removed or moved while this process fills it.
    """
    path = Path(path)
    temporary = None
    try:
        make_parent(path)
        temporary, descriptor = _new_file(path)
        try:
            with locks.kept(descriptor):
                yield temporary
                _flush(temporary)
                locks.check(path)
                temporary.replace(path)
                _flush(path.parent)
        finally:
            os.close(descriptor)
    except OSError as error:
        locks.check(path)
        raise explained(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_parent(path: Path) -> None:
    """Make the folder of ``path``, with its parents, where there is none.

    Raises:
        ValueError: a part of it was removed or moved while this process fills it.
        OSError: it cannot be made.
    """
    locks.check(path)
    path.parent.mkdir(parents=True, exist_ok=True)


def append_text(path: str | Path, content: str) -> None:
    """Add ``content`` to the end of a file, as UTF-8.

    Raises:
        ValueError: as for `atomic_path`. A part of ``content`` may have been written then.
    """
    path = Path(path)
    try:
        make_parent(path)
        with path.open("a", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        locks.check(path)
        raise explained(error, path) from error


def sweep(folder: Path, below: bool = True) -> None:
    """Remove temporary files of processes that were killed.

    Files that a living process writes are locked and stay; on file systems without locks all do.

    Args:
        folder: nothing is done where there is none.
        below: in the folders inside, too.
    """
    for where, names, files in os.walk(folder):
        for name in [name for name in files if name.startswith(TEMPORARY)]:
            with contextlib.suppress(OSError):
                descriptor = os.open(Path(where) / name, os.O_RDWR)
                try:
                    if locks.take(descriptor):
                        (Path(where) / name).unlink()
                finally:
                    os.close(descriptor)
        if not below:
            names.clear()


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write ``content`` atomically (see `atomic_path`)."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, content: str) -> None:
    """Write ``content`` atomically as UTF-8."""
    write_bytes(path, content.encode())


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` atomically as indented JSON; NaN and infinity are a programmer's mistake."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path, kind: Any = Any) -> Any:
    """Read a JSON file.

    Args:
        path: the file.
        kind: what it should hold, see `posesift.documents`.

    Raises:
        ValueError: there is no such file, it is not JSON (the message says where it broke), or
            it holds something else (the message names the entry).
    """
    return documents.from_json(read_bytes(path, "a JSON file"), kind, str(path))


def read_text(path: str | Path, told: str) -> str:
    """Return the text of a file in UTF-8; ``told`` and errors as for `read_bytes`."""
    try:
        return read_bytes(path, told).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8: {error}") from None


def read_bytes(path: str | Path, told: str) -> bytes:
    """Return the content of a file, opened only if it is one (see `irregular`).

    Args:
        path: the file.
        told: what is expected there, for messages: ``"a JSON file"``.

    Raises:
        ValueError: there is no such file, it is none, or it cannot be read.
    """
    path = file_at(path, told)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from None


def file_at(path: str | Path, told: str) -> Path:
    """Return the path, for a library that opens it, if a file lies there (see `irregular`).

    Raises:
        ValueError: none does, as for `read_bytes`.
    """
    path = Path(path)
    try:
        found = irregular(path)
    except FileNotFoundError:
        found = "none"
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from None
    if found:
        raise ValueError(f"expected {told} at {path}, found {found}")
    return path


def irregular(path: str | Path) -> str | None:
    """Return what lies at ``path`` where it is no file, in words; None for a file.

    To open a named pipe is to wait for whoever writes to it, and a device may never end.

    Raises:
        OSError: nothing lies there, or it cannot be looked at.

    >>> irregular("/dev/null")
    'a device'
    """
    mode = os.stat(path).st_mode
    if stat.S_ISREG(mode):
        return None
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no file")


def is_utf8(name: str) -> bool:
    """Whether a name can be written as text; Python keeps other bytes of a file's name apart."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: Any) -> Any:
    """``value`` as it comes back from a JSON file: tuples are lists, keys are text.

    >>> plain({1: (2, 3)})
    {'1': [2, 3]}
    """
    return json.loads(json.dumps(value))


def cache_folder() -> Path:
    """Where things that can be made again are kept.

    ``$POSESIFT_CACHE`` if set, else ``$XDG_CACHE_HOME/posesift``, else ``~/.cache/posesift``.
    """
    if chosen := os.environ.get("POSESIFT_CACHE"):
        return Path(chosen).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "posesift"


def inside(root: str | Path, name: str) -> Path:
    """Return the path ``root/name``, refused when it leads out of ``root``.

    Symbolic links inside ``root`` are followed as they are (people link their image folders);
    what is refused is a *name* that climbs: absolute, or with ``..``.

    >>> inside("photos", "a/b.jpg").as_posix()
    'photos/a/b.jpg'
    >>> inside("photos", "../secret.txt")
    Traceback (most recent call last):
    ...
    ValueError: the file name '../secret.txt' leads out of its folder photos; refused
    """
    parts = name.replace("\\", "/").split("/")
    if not name or Path(name).is_absolute() or name[:1] in "/\\" or ".." in parts or "\0" in name:
        raise ValueError(f"the file name {name!r} leads out of its folder {root}; refused")
    return Path(root) / name


def size_text(count: float) -> str:
    """Return a number of bytes for people.

    >>> size_text(98_304_000)
    '98.3 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def _flush(path: Path) -> None:
    """Make the disk hold what was written; a folder's entry too."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some network file systems do not flush folders
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def _new_file(path: Path) -> tuple[Path, int]:
    """Make a file beside ``path``, with a new file's rights; return it and its descriptor."""
    while True:
        temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(6)}{path.suffix}")
        with contextlib.suppress(FileExistsError):
            return temporary, os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)


def explained(error: OSError, path: Path) -> ValueError:
    """Return the error of a user whose disk is full or forbidden, in place of the system's."""
    reasons = {
        errno.ENOSPC: "the disk is full; free some space and start again",
        errno.EFBIG: "the file would be larger than your limits or this file system allows",
        errno.EDQUOT: "your disk quota is used up; free some space and start again",
        errno.EROFS: "the file system is read-only; choose another --out",
        errno.EACCES: "no permission; choose another --out or change the folder's rights",
        errno.EPERM: "no permission; choose another --out or change the folder's rights",
        errno.ENOTDIR: "a part of that path is a file, not a folder",
    }
    reason = reasons.get(error.errno or 0, error.strerror or str(error))
    return ValueError(f"cannot write {path}: {reason}")
