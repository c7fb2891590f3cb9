"""Where the files of pose tables lie: on this machine, or in an object store such as S3.

A place is a path, or the URI of an object in a store that `pyarrow.fs` knows: ``s3://bucket/name``,
``gs://bucket/name``. ``file:///path`` is a path. Keys come from where the store's own tools have
them (environment, ``~/.aws``), never from the URI, which is written into results. Files of
strangers hold addresses, too: a store is asked only where the user has named it (`trust`).
"""

from __future__ import annotations

import datetime
import errno
import fnmatch
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from posesift.storage import irregular

if TYPE_CHECKING:
    import pyarrow.parquet as pq
    from pyarrow.fs import FileSystem

SILENCE = 10.0
"""Seconds that a store may be silent before it is asked again."""

TRIES = 3
"""Times that a store is asked."""

TRUSTED = "POSESIFT_STORES"
"""Variable of the environment that names stores which files may name: ``s3://bucket s3://other``."""

_trusted: set[tuple[str, str, str]] = set()

_S3_OPTIONS = ("region", "scheme", "endpoint_override")


def is_remote(place: str | Path) -> bool:
    """Whether a place lies in an object store.

    >>> is_remote("s3://bucket/a.parquet"), is_remote("file:///d/a.parquet"), is_remote("d/a")
    (True, False, False)
    """
    return "://" in str(place) and not str(place).startswith("file://")


def local(place: str | Path) -> Path:
    """Return the path of a place on this machine, whole.

    >>> local("file:///d/a%20b.parquet").as_posix()
    '/d/a b.parquet'
    """
    text = str(place)
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    return Path(text).expanduser().resolve()


def trust(text: str) -> None:
    """Let the stores be asked that a text of the user's names: an address, a flag, a list of URIs.

    >>> trust("poses:s3://bucket/shards,split=train")
    """
    for uri in re.findall(r"[a-z][a-z0-9+]*://[^\s,]+", text):
        parts = urlsplit(uri)
        _trusted.add((parts.scheme, parts.netloc, parts.query))


def trusted() -> str:
    """Give the stores that may be asked, for `trust` in a process that goes on with the work.

    >>> trust("poses:s3://bucket/shards,split=train")
    >>> "s3://bucket" in trusted().split()
    True
    """
    trust(os.environ.get(TRUSTED, ""))
    return " ".join(
        SplitResult(scheme, netloc, "", query, "").geturl() for scheme, netloc, query in _trusted
    )


@contextmanager
def opened(place: str | Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file.

    Raises:
        ValueError: no such file, not Parquet as far as it is read in the block, or a store that
            does not answer within `TRIES` times `SILENCE` seconds.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if is_remote(place):
            system, path = _system(str(place))
            source = system.open_input_file(path)
        else:
            source = local(place)
            if not source.is_file():
                raise FileNotFoundError(place)
        with pq.ParquetFile(source, pre_buffer=False) as file:
            yield file
    except FileNotFoundError:
        raise ValueError(f"expected a pose table (Parquet) at {place}, found no file") from None
    except (pa.ArrowException, OSError, UnicodeError) as error:
        if is_remote(place) and isinstance(error, OSError) and not _of_parquet(error):
            raise _unreachable(str(place), error) from None
        raise ValueError(f"{place} is not a readable Parquet file: {error}") from None


def listed(where: str) -> list[str]:
    """Return the places of the Parquet files that a place names, sorted by name.

    A file is itself. A folder is the ``.parquet`` files that lie directly in it, but for names that
    begin with a dot or an underscore. A pattern (``*``, ``[...]``, on this machine ``?``, too) in
    the last part of the place is the files whose names it fits.

    Raises:
        ValueError: there is no such file, or none with such a name; a store does not answer.
    """
    found = _in_store(where) if is_remote(where) else _on_disk(where)
    if not found:
        raise ValueError(
            f"expected a pose table at {where}, in one Parquet file or several, found none that "
            "fits; check the folder or the pattern"
        )
    return found


def _on_disk(where: str) -> list[str]:
    path = local(where)
    if path.is_dir():
        folder, pattern = path, "*.parquet"
    elif path.exists() or not _is_pattern(path.name):
        if not path.is_file():
            found = irregular(path) if path.exists() else "no file"
            raise ValueError(f"expected a pose table (Parquet) at {path}, found {found}")
        return [str(path)]
    else:
        folder, pattern = path.parent, path.name
    names = [item.name for item in folder.iterdir()] if folder.is_dir() else []
    return [str(folder / name) for name in _fitting(names, pattern)]


def _in_store(where: str) -> list[str]:
    from pyarrow.fs import FileSelector, FileType

    system, path = _system(where)
    folder, _, name = path.rstrip("/").rpartition("/")
    pattern = "*.parquet"
    try:
        if _is_pattern(name):
            pattern = name
        else:
            kind = system.get_file_info(path.rstrip("/")).type
            if kind == FileType.File:
                return [where]
            if kind == FileType.NotFound:
                raise ValueError(f"expected a pose table (Parquet) at {where}, found no file")
            folder = path.rstrip("/")
        inside = system.get_file_info(FileSelector(folder, allow_not_found=True))
    except OSError as error:
        raise _unreachable(where, error) from None
    names = [item.base_name for item in inside if item.type == FileType.File]
    parts = urlsplit(where)
    bucket = folder.removeprefix(parts.netloc)
    return [parts._replace(path=f"{bucket}/{name}").geturl() for name in _fitting(names, pattern)]


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def _fitting(names: list[str], pattern: str) -> list[str]:
    shown = [name for name in names if name[:1] not in "._"]
    return sorted(fnmatch.filter(shown, pattern))


def _system(place: str) -> tuple[FileSystem, str]:
    """Return the file system of a remote place, and the path in it."""
    parts = urlsplit(place)
    if "@" in parts.netloc:
        raise ValueError(
            f"expected {parts.scheme}://BUCKET/NAME without a user or a key: addresses are written "
            "into results; set the keys in the environment (AWS_ACCESS_KEY_ID and the like)"
        )
    trust(os.environ.get(TRUSTED, ""))
    if (parts.scheme, parts.netloc, parts.query) not in _trusted:
        store = parts._replace(path="", fragment="").geturl()
        raise ValueError(
            f"{place} is named by a file or a program, and an object store is asked only where "
            f"you name it: where you know it, set {TRUSTED}='{store}'"
        )
    try:
        system = _connected(parts._replace(path="/", fragment=""))
    except (ImportError, NotImplementedError, TypeError, OSError, ValueError) as error:
        raise ValueError(f"cannot use the object store of {place}: {error}") from None
    return system, parts.netloc + parts.path


@lru_cache(maxsize=8)
def _connected(parts: SplitResult) -> FileSystem:
    from pyarrow import fs

    options = dict(parse_qsl(parts.query))
    if parts.scheme == "s3":
        if unknown := sorted(set(options) - set(_S3_OPTIONS)):
            raise ValueError(
                f"expected {', '.join(_S3_OPTIONS)} behind the ?, found {', '.join(unknown)}"
            )
        return fs.S3FileSystem(
            **options,
            connect_timeout=SILENCE,
            request_timeout=SILENCE,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
        )
    if parts.scheme in ("gs", "gcs"):
        limit = datetime.timedelta(seconds=TRIES * SILENCE)
        return fs.GcsFileSystem(**options, retry_time_limit=limit)
    return fs.FileSystem.from_uri(parts.geturl())[0]


def _of_parquet(error: OSError) -> bool:
    """Whether a file was reached, and is broken: pyarrow says so by the same class of error."""
    return error.errno is None and not any(
        sign in str(error) for sign in ("AWS Error", "curl", "google::cloud", "HTTP")
    )


def _unreachable(place: str, error: OSError) -> ValueError:
    reason = str(error).partition("\n")[0]
    if error.errno == errno.EACCES or "ACCESS_DENIED" in reason:
        return ValueError(f"may not read {place}: {reason}. Check the keys in the environment")
    return ValueError(
        f"cannot read {place}: asked {TRIES} times, with {SILENCE:g} s for an answer: {reason}. "
        "Check the address of the store (AWS_ENDPOINT_URL, region) and its state; what was done "
        "stays, and the same command can be given again"
    )
