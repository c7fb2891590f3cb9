"""Files that are either whole or not there: atomic writes, output folders, manifests.

Every file is written beside its destination, flushed to the disk, and renamed over it. A folder
is finished when it holds ``manifest.json``, which is written last; so a run that was killed,
or met a full disk, never looks like one that ended.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import posesift

MANIFEST = "manifest.json"
_MARK = ".posesift"  # in a folder that is being filled; holds the kind of the result


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that becomes ``path`` when the block ends well.

    The temporary file keeps the suffix of ``path`` (libraries choose formats by it). On any
    exception, Ctrl-C included, it is removed and ``path`` keeps its old content.

    Raises:
        ValueError: the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        _flush(path.parent)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


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


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: there is no such file, or it is not JSON; the message says where it broke.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"expected a JSON file at {path}, found none") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is not valid JSON ({error}); it may be cut short or not be JSON at all"
        ) from None
    except OSError as error:
        raise _explained(error, path) from error


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


def dated_folder(name: str, root: str | Path = "runs") -> Path:
    """A folder ``runs/<name>-<date>-<time>`` that does not exist yet; it is not created.

    A second call within the same second gets a number behind, so two runs never share one.
    """
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    folder = Path(root) / f"{name}-{stamp}"
    number = 1
    while folder.exists():
        number += 1
        folder = Path(root) / f"{name}-{stamp}-{number}"
    return folder


def new_folder(
    out: str | Path,
    *,
    overwrite: bool = False,
    resume: bool = False,
    kind: str = "",
    inputs: Iterable[str | Path | None] = (),
) -> Path:
    """Claim ``out`` for a result and return it.

    Args:
        out: the folder; made, with its parents, where there is none.
        overwrite: empty a folder that PoseSift filled before.
        resume: go on in a folder that holds an unfinished result.
        kind: what is to be written; an unfinished result of another kind is refused.
        inputs: what the work reads; none of it may lie in a folder that is to be emptied.

    Raises:
        ValueError: it holds a finished or unfinished result, or something that is not ours; it
            is a file; it cannot be written to; there is nothing to resume. Nothing is changed
            then.
    """
    out = Path(out)
    if overwrite and resume:
        raise ValueError("--resume keeps what is there and --overwrite removes it: give one")
    try:
        if out.exists() and not out.is_dir():
            raise ValueError(f"expected a folder for the result, found a file: {out}")
        content = sorted(item.name for item in out.iterdir()) if out.exists() else []
        if resume and not content:
            raise ValueError(f"there is nothing to resume in {out}; leave --resume out to begin")
        if content and not _is_ours(out):
            raise ValueError(
                f"{out} holds files that PoseSift did not write, such as {content[0]}; "
                "choose an empty or a new folder with --out"
            )
        if MANIFEST in content and not overwrite:
            raise ValueError(
                f"{out} already holds a finished result; choose another --out, "
                "or give --overwrite to replace it"
            )
        if content and overwrite:
            for path in filter(None, inputs):
                if Path(path).resolve().is_relative_to(out.resolve()):
                    raise ValueError(f"--overwrite would remove {path}, which is read here")
        elif content and not resume:
            raise ValueError(
                f"{out} holds an unfinished result; give --resume to go on with it, "
                "or --overwrite to begin anew"
            )
        elif resume and (begun := (out / _MARK).read_text(encoding="utf-8").strip()) != kind:
            raise ValueError(f"{out} holds an unfinished {begun}, not a {kind}")
        out.mkdir(parents=True, exist_ok=True)
        (out / _MARK).write_text(kind, encoding="utf-8")  # first: half-emptied is still ours
        if overwrite:
            for item in out.iterdir():
                if item.is_dir() and not item.is_symlink():
                    shutil.rmtree(item)
                elif item.name != _MARK:
                    item.unlink()
    except OSError as error:
        raise _explained(error, out) from error
    return out


def _is_ours(folder: Path) -> bool:
    """Whether PoseSift filled the folder: its mark, or a manifest that says so."""
    if (folder / _MARK).is_file():
        return True
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and {"kind", "posesift"} <= found.keys()


def write_manifest(folder: str | Path, kind: str, **facts: Any) -> None:
    """Declare ``folder`` finished: list its files and sizes in ``manifest.json``.

    Args:
        folder: the finished folder.
        kind: ``"score"``, ``"run"`` or ``"comparison"``.
        **facts: further JSON values worth finding without opening the other files.
    """
    folder = Path(folder)
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (MANIFEST, _MARK)
    }
    write_json(
        folder / MANIFEST,
        {"kind": kind, "posesift": posesift.__version__, **facts, "files": files},
    )
    (folder / _MARK).unlink(missing_ok=True)


def reopen(folder: str | Path, kind: str) -> None:
    """Declare a finished ``folder`` unfinished again, so that its work can go on.

    Raises:
        ValueError: it is not finished, or holds another kind of result.
    """
    read_manifest(folder, kind)
    (Path(folder) / _MARK).write_text(kind, encoding="utf-8")  # first: it stays ours throughout
    (Path(folder) / MANIFEST).unlink()


def is_finished(folder: str | Path) -> bool:
    """Whether ``folder`` holds a manifest, hence a finished result."""
    return (Path(folder) / MANIFEST).is_file()


def read_manifest(folder: str | Path, kind: str | tuple[str, ...] | None = None) -> dict[str, Any]:
    """The manifest of a finished folder.

    Raises:
        ValueError: no such folder, an unfinished one, or one of another kind than ``kind``.
    """
    folder = Path(folder)
    kinds = (kind,) if isinstance(kind, str) else kind
    wanted = " or ".join(kinds) if kinds else "result"
    if not folder.is_dir():
        raise ValueError(f"expected a {wanted} folder at {folder}, found no folder there")
    if not is_finished(folder):
        raise ValueError(
            f"{folder} holds no {MANIFEST}, so it is not a finished {wanted}; "
            "if a run was interrupted, start it again with --resume"
        )
    manifest = read_json(folder / MANIFEST)
    if kinds and manifest.get("kind") not in kinds:
        raise ValueError(f"expected a {wanted} in {folder}, found a {manifest.get('kind')!r}")
    return manifest


def inside(root: str | Path, name: str) -> Path:
    """The path ``root/name``, refused when it leads out of ``root``.

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
    """A number of bytes for people.

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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _explained(error: OSError, path: Path) -> ValueError:
    reasons = {
        errno.ENOSPC: "the disk is full; free some space and start again",
        errno.EFBIG: "the file would be larger than your limits or this file system allow",
        errno.EDQUOT: "your disk quota is used up; free some space and start again",
        errno.EROFS: "the file system is read-only; choose another --out",
        errno.EACCES: "no permission; choose another --out or change the folder's rights",
        errno.EPERM: "no permission; choose another --out or change the folder's rights",
        errno.ENOTDIR: "a part of that path is a file, not a folder",
    }
    reason = reasons.get(error.errno or 0, error.strerror or str(error))
    return ValueError(f"cannot write {path}: {reason}")
