"""How a new result takes the place of an old one: made beside it, renamed, the old removed last.

Beside a folder ``run`` lie, as long as they are needed, ``.run.posesift-new``, where the new
result is made, and ``.run.posesift-old``, which was in its place. A process may be killed between
any two steps: `settle` finishes what it began.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from posesift import locks
from posesift.folders import layout
from posesift.folders.layout import new_beside, old_beside
from posesift.folders.manifest import MARK, is_finished, others
from posesift.progress import note

_SHOWN = 5  # files of somebody else that a message names


def settle(place: Path) -> None:
    """Finish a replacement that was cut short; all three folders that exist are locked.

    Raises:
        ValueError: see `replace`.
    """
    new, old = new_beside(place), old_beside(place)
    if not place.exists():
        if is_finished(new):
            locks.rename(new, place)
        elif old.is_dir():
            locks.rename(old, place)
    if old.is_dir():
        _carry_over(old, place)
        shutil.rmtree(old)
    if place.is_dir() and is_finished(new):
        replace(place)


def replace(place: Path) -> None:
    """Let the finished result beside ``place`` take its place; people's own files stay there.

    Raises:
        ValueError: one of people's own files has a name of the new result's, or ``place`` is no
            longer the folder that was locked. Old and new are whole then.
    """
    new, old = new_beside(place), old_beside(place)
    try:
        locks.check(place / MARK)
        kept = others(place) if place.is_dir() else []
        _carry_over(place, new, kept)
    except ValueError as error:
        raise ValueError(f"{error}; the new result is whole, in {new}") from None
    if place.is_dir():
        locks.rename(place, old)
    locks.rename(new, place)
    _flush(place.parent)
    if old.is_dir():
        _carry_over(old, place)  # what came in the meantime
        shutil.rmtree(old)
    if kept:
        note(f"kept beside the new result, as PoseSift did not write them: {_shown(kept)}")


def check_names(place: Path, kind: str) -> None:
    """Refuse a new result that would need names of people's own files.

    Raises:
        ValueError: it would.
    """
    if taken := [name for name in others(place) if layout.is_part(kind, name)]:
        raise ValueError(
            f"{place} holds {_shown(taken)}, which PoseSift did not write and the new result "
            "would need the place of; move it elsewhere, or choose another --out"
        )


def _carry_over(source: Path, to: Path, names: list[str] | None = None) -> None:
    """Put people's own files of one folder into another as well; a big one takes no time."""
    for name in others(source) if names is None else names:
        goal = to / name
        if os.path.lexists(goal):
            if names is not None and not goal.samefile(source / name):
                raise ValueError(
                    f"{source / name} is not PoseSift's, and the new result has a file of that "
                    "name; move it elsewhere and give the same command again"
                )
            continue
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise ValueError(f"{source / name} lies where the new result has a file") from None
        with contextlib.suppress(OSError):
            os.link(source / name, goal, follow_symlinks=False)
            continue
        shutil.copy2(source / name, goal, follow_symlinks=False)  # file systems without links


def _shown(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _flush(folder: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
