"""Folders of results: claimed once, filled, and finished by a manifest.

A folder is finished when it holds ``manifest.json``, which is written last; so a run that was
killed, or met a full disk, never looks like one that ended.
"""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import posesift
from posesift.storage import explained, read_json, write_json

MANIFEST = "manifest.json"
_MARK = ".posesift"  # in a folder that is being filled; holds the kind of the result


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
        raise explained(error, out) from error
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


def write_manifest(
    folder: str | Path, kind: str, *, unlisted: str | None = None, **facts: Any
) -> None:
    """Declare ``folder`` finished: list its files and sizes in ``manifest.json``.

    Args:
        folder: the finished folder.
        kind: ``"score"``, ``"run"``, ``"comparison"`` or ``"prepared"``.
        unlisted: a folder inside whose files may be millions; they are not listed.
        **facts: further JSON values worth finding without opening the other files.
    """
    folder = Path(folder)
    listed = [
        path
        for item in sorted(folder.iterdir())
        if item.name != unlisted
        for path in (item, *sorted(item.rglob("*")))
    ]
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in listed
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


def is_unfinished(folder: str | Path) -> bool:
    """Whether a result was begun in ``folder`` and has not ended."""
    return (Path(folder) / _MARK).is_file()


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
    manifest = read_json(folder / MANIFEST, dict[str, Any])
    if kinds and manifest.get("kind") not in kinds:
        raise ValueError(f"expected a {wanted} in {folder}, found a {manifest.get('kind')!r}")
    return manifest
