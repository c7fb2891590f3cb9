"""The images of a label file: where they lie, how large they are, and how their EXIF turns them.

Shapes: M images, 2 = (width, height).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from posesift.data.files import exif as orientations
from posesift.data.files.exif import Exif
from posesift.data.files.image_names import Names, is_there, last_part, leads_out, placed, refusal
from posesift.data.files.images import Header, header, is_size
from posesift.storage import inside

_THREADS = 8  # a network file system answers many at once
_TOGETHER = 256  # images a task
_LOOKED_AT = 100_000  # files of a folder that are compared with a missing one


@dataclass
class Photographs:
    """What is known of the images of a label file.

    Attributes:
        names_M: relative to their folder.
        size_M2: int32 width and height, 0 where there is none, in the view that was asked for.
        other_M2: the same in the other view of EXIF; equal to ``size_M2`` where nothing turns.
        turned_M: whether EXIF turns the image at all.
        wrong: row to what is wrong: no file, no image, no size. A missing image is wrong even
            where its size is given.
        told: lines on names, and on what EXIF does.
        unlike: a line on images of another size than the label file gives them, where there are
            any.
    """

    names_M: list[str]
    size_M2: np.ndarray
    other_M2: np.ndarray
    turned_M: np.ndarray
    wrong: dict[int, str]
    told: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)


def folder_at(images: str) -> Path:
    """Return the folder that the address's option ``images=`` names.

    Raises:
        ValueError: there is none.
    """
    folder = Path(images).expanduser().resolve()
    if not folder.is_dir():
        raise ValueError(f"expected the folder of the images at {folder}, found no folder")
    return folder


def image_folder(file: Path, images: str | None, first: str | None) -> Path | None:
    """Return the folder that image names are relative to; None where there are labels alone.

    Args:
        file: the label file.
        images: the address's option ``images=``; without it, the file's own folder is taken where
            the first image lies there.
        first: name of the first image, if there is one.

    Raises:
        ValueError: the folder that was asked for does not exist.
    """
    if images is not None:
        return folder_at(images)
    if not first:
        return None
    if leads_out(first):
        raise refusal(first, file.parent)
    forms = dict.fromkeys((first, first.replace("\\", "/")))
    return file.parent if any(is_there(file.parent / form) for form in forms) else None


def photographs(
    names_M: Sequence[str],
    given_M2: np.ndarray,
    root: Path | None,
    *,
    exif: Exif | None = None,
    how: Names = "path",
) -> Photographs:
    """Names and sizes of images: sizes that the label file gives, else from the images themselves.

    Where EXIF turns an image, its own size counts: tools write width and height of either view.

    Args:
        names_M: as the label file writes them.
        given_M2: what the label file says, 0 where it says nothing.
        root: the images' folder, or None.
        exif: which view labels count in; None where images have no EXIF, or count as stored, and
            none is opened whose size is given.
        how: see `posesift.data.files.image_names.placed`.

    Raises:
        ValueError: a name leads out of ``root``.
    """
    given_M2 = np.clip(np.nan_to_num(given_M2), -(2**31), 2**31 - 1).astype(np.int64)
    if root is None:
        return _without_images(names_M, given_M2)
    where = placed(names_M, root, how)
    found = Photographs(
        where.names_M,
        np.zeros((len(names_M), 2), np.int32),
        np.zeros((len(names_M), 2), np.int32),
        np.zeros(len(names_M), bool),
        where.wrong,
        where.told,
    )
    needed = [exif is not None or not all(size) for size in given_M2.tolist()]
    paths = [_path(root, name) for name in found.names_M]
    swapped = 0
    unlike, first = 0, ""
    near = _Near(root)
    for row, head in enumerate(_headers(paths, needed)):
        stated = width, height = tuple(given_M2[row].tolist())
        if row in found.wrong:
            continue
        if not found.names_M[row]:
            found.wrong[row] = "its image has no file name"
            continue
        if head is None:
            hint = near(found.names_M[row])
            found.wrong[row] = f"expected its image at {paths[row]}, found no file{hint}"
            continue
        other = stated
        if isinstance(head, Header):
            view = exif or "ignore"
            shown, lying = head.size(view), head.size("apply" if view == "ignore" else "ignore")
            found.turned_M[row] = head.orientation != orientations.UPRIGHT
            if shown != lying or not all(stated):
                swapped += shown != lying and stated == lying
                (width, height), other = shown, lying
            elif stated != shown:
                unlike += 1
                first = first or (
                    f"{found.names_M[row]} is {shown[0]} x {shown[1]} px, the file says "
                    f"{width} x {height}"
                )
        elif head and not all(stated):
            found.wrong[row] = head
            continue
        if not is_size(width, height):
            found.wrong[row] = _no_size(found.names_M[row], width, height)
            continue
        found.size_M2[row], found.other_M2[row] = (width, height), other
    if exif is not None and (turned := int(found.turned_M.sum())):
        found.told.append(told_of_turned(turned, len(names_M), exif))
    if exif is not None and swapped:
        view = "stored pixels" if exif == "apply" else "turned view"
        found.told.append(f"of {swapped} of them the file gives width and height of the {view}")
    if unlike:
        found.unlike.append(
            f"{unlike} of {len(names_M)} images have another size than the file says ({first}): "
            "were they resized or turned after they were labelled?"
        )
    return found


class _Near:
    """What lies in a folder and is called almost as an image that is not there.

    Capital letters, the ending, and ``%20`` for a blank do not matter. The folder is listed once.
    """

    def __init__(self, root: Path):
        self._root = root
        self._names: dict[str, str] | None = None

    def __call__(self, name: str) -> str:
        """Return a hint, or nothing."""
        last = last_part(name)
        if last != name and is_there(self._root / last):
            return f"; {last} is there: add names=file"
        if self._names is None:
            self._names = {_alike(one): one for one in _listed(self._root)}
        found = self._names.get(_alike(last))
        return f"; {found} is there: write the name as the file has it" if found else ""


def _alike(name: str) -> str:
    return unquote(name).rpartition(".")[0].casefold() or unquote(name).casefold()


def _listed(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return sorted(one.name for one in itertools.islice(found, _LOOKED_AT))
    except OSError:
        return []


def told_of_turned(turned: int, images: int, exif: Exif) -> str:
    """Return a line on the images that EXIF turns.

    >>> told_of_turned(2, 9, "apply")
    'EXIF turns 2 of 9 images: read as viewers show them; exif=ignore reads them as they are stored'
    """
    views = ["as viewers show them", "as they are stored"]
    if exif == "ignore":
        said = f"EXIF turns {turned} of {images} images: read {views[1]}"
        return f"{said}; exif=apply reads them {views[0]}"
    said = f"EXIF turns {turned} of {images} images: read {views[0]}"
    return f"{said}; exif=ignore reads them {views[1]}"


def _without_images(names_M: Sequence[str], given_M2: np.ndarray) -> Photographs:
    """Sizes from the label file alone."""
    wrong = {
        row: _no_size(names_M[row], *size)
        for row, size in enumerate(given_M2.tolist())
        if not is_size(*size)
    }
    size_M2 = given_M2.astype(np.int32).reshape(-1, 2)
    size_M2[list(wrong)] = 0
    return Photographs(list(names_M), size_M2, size_M2, np.zeros(len(size_M2), bool), wrong)


def _no_size(name: str, width: int, height: int) -> str:
    given = f"that are possible, but {width} x {height} px" if width and height else ""
    return f"the file gives no width and height for its image {name} {given}".strip()


def _path(root: Path, name: str) -> Path:
    if name and leads_out(name):
        raise refusal(name, root)
    return inside(root, name) if name else root


def _headers(paths: Sequence[Path], needed: Sequence[bool]) -> list[Header | str | None]:
    """Of each image its header, why it has none, "" where it is not needed; None: no such file."""

    def look(rows: range) -> list[Header | str | None]:
        found: list[Header | str | None] = []
        for row in rows:
            if not is_there(paths[row]):
                found.append(None)
                continue
            try:
                found.append(header(paths[row]) if needed[row] else "")
            except ValueError as error:
                found.append(str(error))
        return found

    tasks = [range(i, min(i + _TOGETHER, len(paths))) for i in range(0, len(paths), _TOGETHER)]
    if len(tasks) < 2:
        return [one for task in tasks for one in look(task)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return [one for part in pool.map(look, tasks) for one in part]
