"""A folder for a result, for one writer at a time, from the first file to the manifest."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posesift import locks, storage
from posesift.folders import layout, manifest, replacing
from posesift.folders.manifest import MANIFEST, is_finished
from posesift.storage import TEMPORARY, explained, sweep


@dataclass(frozen=True)
class Claim:
    """A folder that is being filled.

    Attributes:
        out: where the result will be, as it was asked for.
        folder: where to make it: the same place, links followed, or one beside it while an old
            result is there.
    """

    out: Path
    folder: Path


def dated_folder(name: str, root: str | Path = "runs") -> Path:
    """Return a folder ``runs/<name>-<date>-<time>`` that does not exist yet; it is not created.

    A second call within the same second gets a number behind, so two runs never share one.
    """
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    folder = Path(root) / f"{name}-{stamp}"
    number = 1
    while folder.exists():
        number += 1
        folder = Path(root) / f"{name}-{stamp}-{number}"
    return folder


def remember(path: Path, record: dict[str, Any]) -> None:
    """Keep what a folder was asked for; ``resume`` must ask for the same.

    Args:
        path: of the record, in the folder.
        record: all that the bytes of the result depend on, JSON values by name.

    Raises:
        ValueError: the folder was begun with other values.
    """
    if not path.is_file():
        storage.write_json(path, record)
        return
    before, now = storage.read_json(path, dict[str, Any]), storage.plain(record)
    if other := [name for name in now if before.get(name) != now[name]]:
        was, asked = (
            ", ".join(f"{name} {values.get(name)!s:.60}" for name in other)
            for values in (before, now)
        )
        raise ValueError(
            f"{path.parent} was begun with {was}, and now {asked} is asked for, which would not go "
            "together; repeat the first command, or begin anew with --overwrite"
        )


@contextlib.contextmanager
def claim(
    out: str | Path,
    kind: str,
    *,
    overwrite: bool = False,
    resume: bool = False,
    again: bool = False,
    inputs: Iterable[str | Path | None] = (),
    check: Callable[[Path], object] | None = None,
) -> Iterator[Claim]:
    """Hold ``out`` for a result while the block fills it and finishes it with a manifest.

    Nobody else can claim the folder meanwhile. Where ``overwrite`` meets an earlier result, the
    new one is made beside it and takes its place as the block ends; the old one is removed last,
    but for files that PoseSift did not write. What the block leaves unfinished stays for
    ``resume`` where the kind knows that, and is removed where it does not.

    Args:
        out: the folder; made, with its parents, where there is none.
        kind: of the result, one of `posesift.folders.layout.KINDS`.
        overwrite: replace what is there.
        resume: go on with the unfinished result there, or with an unfinished replacement of it.
        again: with ``resume``, take up a finished result, too.
        inputs: what the work reads; none of it may lie in a folder that is to be replaced.
        check: called with the folder that ``resume`` goes on in, before anything is changed.

    Raises:
        ValueError: another process writes there; it holds a finished or unfinished result, or
            something that is not ours; it is a file; it cannot be written to; there is nothing to
            resume. Nothing is changed then.
    """
    out = Path(out)
    if overwrite and resume:
        raise ValueError("--resume keeps what is there and --overwrite replaces it: give one")
    with contextlib.ExitStack() as held:
        try:
            place = out.resolve()
            _locked(out, place, held)
            folder = _chosen(out, place, kind, overwrite, resume, again)
            if overwrite:
                if folder != place:
                    _check_replaced(out, place, kind, inputs)
                _discard(layout.new_beside(place))
            if overwrite and folder != place:
                folder.mkdir()
                _hold(folder, held)
            if check is not None and resume:
                check(folder)
            manifest.reopen(folder, kind) if is_finished(folder) else manifest.mark(folder, kind)
        except OSError as error:
            raise explained(error, out) from error
        try:
            yield Claim(out, folder)
            if folder != place and is_finished(folder):
                try:
                    replacing.replace(place)
                except OSError as error:
                    raise explained(error, out) from error
        except BaseException as error:
            _abandon(folder, kind)
            if isinstance(error, Exception):
                locks.check(folder / MANIFEST)  # whatever went wrong in a folder that is gone
            raise


@contextlib.contextmanager
def writing(folder: str | Path) -> Iterator[Path]:
    """Hold a folder with a result while something is added to it, such as its page.

    Raises:
        ValueError: another process writes there, or it cannot be written to.
    """
    place = Path(folder).resolve()
    with contextlib.ExitStack() as held:
        try:
            _settled(place, held)
            _clear(place)
        except OSError as error:
            raise explained(error, Path(folder)) from error
        yield Path(folder)


def begun_in(out: str | Path) -> Path:
    """Where another process, which has claimed ``out``, makes its result: see `Claim.folder`."""
    new = layout.new_beside(Path(out).resolve())
    return new if new.is_dir() else Path(out)


def _locked(out: Path, place: Path, held: contextlib.ExitStack) -> None:
    """Lock the place, and what lies beside it of a replacement; make it where it is not there.

    What killed processes left is cleared away.
    """
    if place.exists() and not place.is_dir():
        raise ValueError(f"expected a folder for the result, found a file: {out}")
    if place.is_dir() and not manifest.is_ours(place) and (name := _content(place)):
        raise ValueError(
            f"{out} holds files that PoseSift did not write, such as {name}; "
            "choose an empty or a new folder with --out"
        )
    _settled(place, held)
    if not place.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        held.callback(_remove_if_empty, place)
        _hold(place, held)
    _clear(place)
    new = layout.new_beside(place)
    if new.is_dir():
        _clear(new)
        if not manifest.resumable(new):  # nobody could go on with it
            _discard(new)


def _settled(place: Path, held: contextlib.ExitStack) -> None:
    """Lock what there is of the place, and finish a replacement that was cut short."""
    for folder in (layout.new_beside(place), layout.old_beside(place), place):
        if folder.is_dir():
            _hold(folder, held)
    replacing.settle(place)


def _hold(folder: Path, held: contextlib.ExitStack) -> None:
    held.callback(locks.hold(folder).release)


def _discard(folder: Path) -> None:
    """Remove an unfinished replacement, if there is one."""
    locks.release(folder)
    if folder.is_dir():
        shutil.rmtree(folder)


def _clear(folder: Path) -> None:
    """Remove what killed processes left in a folder that is locked."""
    sweep(folder)
    for item in folder.glob(f"{TEMPORARY}*"):
        if item.is_dir():
            shutil.rmtree(item)
    if is_finished(folder):
        (folder / manifest.MARK).unlink(missing_ok=True)


def _chosen(out: Path, place: Path, kind: str, overwrite: bool, resume: bool, again: bool) -> Path:
    """Return the folder to work in.

    Raises:
        ValueError: what was asked for does not go with what is there.
    """
    finished, begun = is_finished(place), manifest.begun(place)
    new = layout.new_beside(place)
    if overwrite:
        return new if _content(place) else place
    if resume and new.is_dir() and manifest.begun(new) == kind:
        return new
    if resume:
        if not _content(place) and begun is None:
            raise ValueError(f"there is nothing to resume in {out}; leave --resume out to begin")
        if not finished and begun != kind:
            raise ValueError(f"{out} holds an unfinished {begun}, not a {kind}")
        if not finished or again:
            return place
    if finished:
        waits = new.is_dir() and kind in layout.RESUMABLE
        beside = "; --resume goes on with the one that was begun beside it" * waits
        raise ValueError(
            f"{out} already holds a finished result; choose another --out, "
            f"or give --overwrite to replace it{beside}"
        )
    if _content(place) or new.is_dir():
        known = kind in layout.RESUMABLE and kind in (begun, manifest.begun(new))
        advice = "give --resume to go on with it, or " if known else "give "
        raise ValueError(f"{out} holds an unfinished result; {advice}--overwrite to begin anew")
    return place


def _check_replaced(out: Path, place: Path, kind: str, inputs: Iterable[str | Path | None]) -> None:
    """Refuse to replace what is read, or what cannot be replaced as a whole.

    Raises:
        ValueError: it holds an input, or is a part of a larger result; people's own files are in
            the way; it is a mount point.
    """
    for path in filter(None, inputs):
        if Path(path).expanduser().resolve().is_relative_to(place):
            raise ValueError(
                f"--overwrite would remove {path}, which is read here; choose another --out"
            )
    for larger in place.parents:
        name = (place / MANIFEST).relative_to(larger).as_posix()
        if (of := manifest.kind_of(larger)) and layout.is_inner_manifest(of, name):
            raise ValueError(f"{out} is a part of the result in {larger}; choose another --out")
    replacing.check_names(place, kind)
    if os.path.ismount(place):
        raise ValueError(
            f"{out} is where a disk is mounted, and cannot be replaced as a whole; give a folder "
            "inside it with --out"
        )


def _abandon(folder: Path, kind: str) -> None:
    """Leave of what was not finished only what somebody can go on with.

    What was removed or moved meanwhile is left alone.
    """
    with contextlib.suppress(OSError, ValueError):
        locks.check(folder / MANIFEST)
        if is_finished(folder):
            return
        resumable = kind in layout.RESUMABLE
        if layout.is_beside(folder) and not (resumable and _content(folder)):
            _discard(folder)
            return
        if not resumable:
            for name in list(layout.files(folder)):
                if layout.is_part(kind, name) or name.endswith(MANIFEST):
                    (folder / name).unlink()
        if not _content(folder):
            (folder / manifest.MARK).unlink(missing_ok=True)
            for item in folder.iterdir():
                if item.is_dir() and not item.is_symlink():
                    shutil.rmtree(item)  # folders without a file


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _content(folder: Path) -> str | None:
    """Return the name of a file in a folder, if it has one; not PoseSift's own hidden ones."""
    return next(layout.files(folder), None)
