"""What says that a result has begun, and that it is finished: the mark and the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from posesift import locks
from posesift.folders import layout
from posesift.storage import read_json, read_text, write_json, write_text
from posesift.version import __version__

MANIFEST = "manifest.json"
_COMMANDS = {"score": "score", "run": "train", "comparison": "compare"}
"""Kind of a result to the command that leaves it."""
MARK = ".posesift"  # in a folder that is being filled: the kind of the result, files of before


def write_manifest(folder: str | Path, kind: str, **facts: Any) -> None:
    """Declare ``folder`` finished: list its files and sizes in ``manifest.json``.

    Listed are the files that a result of ``kind`` consists of; people's own stay unmentioned.

    Args:
        folder: the finished folder.
        kind: of the result, one of `posesift.folders.layout.KINDS`.
        **facts: further JSON values worth finding without opening the other files.

    Raises:
        ValueError: the folder was removed or moved while it was filled.
    """
    folder = Path(folder)
    locks.check(folder / MANIFEST)
    skip = layout.unlisted_folder(kind)
    earlier = _files_of_mark(folder)
    names = [
        name
        for name in layout.files(folder, skip)
        if layout.is_listed(kind, name) or name in earlier
    ]
    _write(folder, {"kind": kind, "posesift": __version__, **facts}, names)
    (folder / MARK).unlink(missing_ok=True)


def finish_with(folder: str | Path, names: Iterable[str]) -> None:
    """Name files that were written into a finished folder later in its manifest, too.

    Nothing is done to a folder without a manifest.
    """
    folder = Path(folder)
    if not is_finished(folder):
        return
    facts = read_manifest(folder)
    before = facts.pop("files", {})
    _write(folder, facts, sorted({*before, *names} & set(layout.files(folder))))


def mark(folder: Path, kind: str) -> None:
    """Say that a result of ``kind`` is being made in ``folder``, whole or not at all.

    Files that a manifest in the folder names are remembered as PoseSift's own.
    """
    known = sorted({*_files_of_mark(folder), *listed(folder)})
    write_text(folder / MARK, json.dumps({"kind": kind} | ({"files": known} if known else {})))


def begun(folder: Path) -> str | None:
    """Return the kind of the result that was begun in a folder; None where PoseSift began none."""
    kind = _read_mark(folder).get("kind")
    return kind if kind in layout.KINDS else None


def kind_of(folder: Path) -> str | None:
    """Return the kind of a folder's result, finished or begun; None if there is none of ours."""
    found = _manifest(folder)
    kind = found.get("kind") if "posesift" in found else begun(folder)
    return kind if kind in layout.KINDS else None


def reopen(folder: str | Path, kind: str) -> None:
    """Declare a finished ``folder`` unfinished again, so that its work can go on.

    Raises:
        ValueError: it is not finished, or holds another kind of result.
    """
    read_manifest(folder, kind)
    mark(Path(folder), kind)  # first: it stays ours throughout
    (Path(folder) / MANIFEST).unlink()


def is_finished(folder: str | Path) -> bool:
    """Whether ``folder`` holds a manifest, hence a finished result."""
    return (Path(folder) / MANIFEST).is_file()


def is_unfinished(folder: str | Path) -> bool:
    """Whether a result was begun in ``folder`` and has not ended."""
    return (Path(folder) / MARK).is_file() and not is_finished(folder)


def is_ours(folder: Path) -> bool:
    """Whether PoseSift filled the folder: its mark, or a manifest that says so."""
    return begun(folder) is not None or {"kind", "posesift"} <= _manifest(folder).keys()


def resumable(folder: str | Path) -> bool:
    """Whether the command that began the unfinished result in ``folder`` knows ``--resume``."""
    return is_unfinished(folder) and begun(Path(folder)) in layout.RESUMABLE


def listed(folder: Path) -> set[str]:
    """Return the files that a folder's manifest names; none where there is no manifest of ours."""
    found = _manifest(folder)
    files = found.get("files") if "posesift" in found else None
    return set(files) if isinstance(files, dict) else set()


def others(folder: Path) -> list[str]:
    """Return the files in a folder of ours that are not: people's own.

    In a finished folder all that its manifest does not name, in an unfinished one all that a
    result of its kind does not consist of.
    """
    kind = kind_of(folder) or "run"
    own = listed(folder) | _files_of_mark(folder)
    is_own = _is_unnamed_part if is_finished(folder) else layout.is_part
    return [
        name
        for name in layout.files(folder)
        if name not in own and name != MANIFEST and not is_own(kind, name)
    ]


def read_manifest(folder: str | Path, kind: str | tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return the manifest of a finished folder.

    Raises:
        ValueError: no such folder, an unfinished one, or one of another kind than ``kind``.
    """
    folder = Path(folder)
    kinds = (kind,) if isinstance(kind, str) else kind
    wanted = " or ".join(kinds) if kinds else "result"
    if not folder.is_dir():
        cut_short = layout.old_beside(folder.resolve()).is_dir()  # an --overwrite was, at its end
        hint = f"; `posesift report {folder}` puts it back in its place" if cut_short else ""
        raise ValueError(f"expected a {wanted} folder at {folder}, found no folder there{hint}")
    if not is_finished(folder):
        advice = "; go on with it by --resume" if resumable(folder) else ""
        what = "an unfinished result" if is_unfinished(folder) else f"no {MANIFEST}"
        raise ValueError(f"{folder} holds {what}, so it is not a finished {wanted}{advice}")
    manifest = read_json(folder / MANIFEST, dict[str, Any])
    if not isinstance(manifest, dict):
        raise ValueError(f"{folder / MANIFEST} is no manifest of PoseSift: expected an object")
    if kinds and manifest.get("kind") not in kinds:
        made = " or ".join(f"`posesift {_COMMANDS[kind]}`" for kind in kinds if kind in _COMMANDS)
        advice = f"; give a folder that {made} has finished" if made else ""
        raise ValueError(f"expected a {wanted} in {folder}, found a {manifest.get('kind')}{advice}")
    return manifest


def _is_unnamed_part(kind: str, name: str) -> bool:
    """Whether a file is a part of a finished result though its manifest need not name it."""
    return layout.is_inner_manifest(kind, name) or (
        layout.is_part(kind, name) and not layout.is_listed(kind, name)
    )


def _write(folder: Path, facts: dict[str, Any], names: Iterable[str]) -> None:
    files = {name: (folder / name).stat().st_size for name in names if (folder / name).is_file()}
    write_json(folder / MANIFEST, {**facts, "files": files})


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(folder / MANIFEST, "a manifest"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read_mark(folder: Path) -> dict[str, Any]:
    path = folder / MARK
    try:
        if path.is_symlink():
            return {}  # PoseSift makes none
        text = read_text(path, "a mark").strip()
        found = json.loads(text) if text.startswith("{") else {"kind": text}
    except (OSError, ValueError, RecursionError):
        return {}
    return found


def _files_of_mark(folder: Path) -> set[str]:
    files = _read_mark(folder).get("files", [])
    return {name for name in files if isinstance(name, str)} if isinstance(files, list) else set()
