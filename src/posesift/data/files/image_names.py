r"""Names of images as other systems write them: backslashes, drive letters, paths of a server.

A name is taken as it is written where such a file exists. Else a backslash parts folders, as it
does on Windows, and of a name with backslashes that still leads nowhere the last part is looked for
in the images' folder. Of any other name only ``names=file`` takes the last part. Nothing here leads
out of the folder.

Shapes: M images.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from posesift.storage import inside

_DEEPEST = 32  # folders of a path of another computer that are looked for

Names = Literal["path", "file"]
"""Spelling of the option ``names=``: as written, or only the last part of each name."""


@dataclass
class Placed:
    """Where the images of a label file lie.

    Attributes:
        names_M: relative to the images' folder.
        told: lines that say which names were not taken as they are written.
        wrong: row to why its image cannot be told.
    """

    names_M: list[str]
    told: list[str]
    wrong: dict[int, str]


def last_part(name: str) -> str:
    r"""Return the file's own name, without folders, drive, server or query.

    >>> last_part("C:\\data\\img\\a.jpg"), last_part("/data/local-files/?d=img/b.jpg")
    ('a.jpg', 'b.jpg')
    """
    return re.split(r"[\\/]|^[A-Za-z]:(?![\\/])", name.rpartition("?d=")[2])[-1]


def end_in(root: Path, name: str) -> str:
    r"""Return the longest end of a path of another computer that lies in a folder.

    >>> end_in(Path(__file__).parent.parent, r"D:\work\files\image_names.py")
    'files/image_names.py'

    Args:
        root: the folder.
        name: the path, with slashes or backslashes, or an address of a server.

    Returns:
        The end with slashes; the last part where none lies there.
    """
    parts = [part for part in re.split(r"[\\/]", name.rpartition("?d=")[2]) if part]
    first = next((k + 1 for k in reversed(range(len(parts))) if parts[k] in ("..", ".")), 0)
    first = max(first, len(parts) - _DEEPEST)
    ends = ["/".join(parts[k:]) for k in range(first, len(parts))]
    return next((end for end in ends if _is_file(root, end)), last_part(name))


def placed(names_M: Sequence[str], root: Path, how: Names = "path") -> Placed:
    """Where each name leads, in the folder ``root``.

    Args:
        names_M: as a label file writes them.
        root: folder of the images.
        how: ``file`` takes the last part of every name.

    Raises:
        ValueError: a name leads out of ``root``.
    """
    found = Placed(list(names_M), [], {})
    if how == "path" and not any("\\" in name for name in names_M):
        return found
    times = Counter(last_part(name) for name in dict.fromkeys(names_M))
    slashed = shortened = 0
    for row, name in enumerate(names_M):
        if how == "path" and ("\\" not in name or _is_file(root, name)):
            continue
        parted, last = name.replace("\\", "/"), last_part(name)
        if how == "path" and _is_file(root, parted):
            found.names_M[row] = parted
            slashed += 1
        elif times[last] > 1 and last != name and _is_file(root, last):
            found.wrong[row] = f"several images are called {last} without their folders"
        elif _is_file(root, last) and (how == "file" or not _is_absolute(name)):
            found.names_M[row] = last
            shortened += last != name
        elif how == "file":
            found.names_M[row] = last
        elif leads_out(name):
            raise refusal(name, root)
        else:
            found.names_M[row] = parted
    if slashed:
        found.told.append(f"backslashes part folders in the names of {slashed} images")
    if shortened:
        found.told.append(f"only the last part of the names of {shortened} images was taken")
    return found


def is_there(path: Path) -> bool:
    """Whether a file lies there; a name that no file system takes is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder lies there; the same."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def leads_out(name: str) -> bool:
    r"""Whether a name is absolute or climbs.

    >>> leads_out("..\\a.jpg"), leads_out("C:\\a.jpg"), leads_out("/a.jpg"), leads_out("a/b.jpg")
    (True, True, True, False)
    """
    try:
        inside("", name)
    except ValueError:
        return True
    return _is_absolute(name)


def refusal(name: str, root: Path) -> ValueError:
    """Return what to say of a name that leads out, and which request would take its last part."""
    return ValueError(
        f"the file name {name!r} leads out of its folder {root}; refused. names=file takes the "
        f"last part of every name, {last_part(name)!r} here, and looks for it in images="
    )


def _is_absolute(name: str) -> bool:
    return bool(re.match(r"[A-Za-z]:[\\/]|[\\/]|[A-Za-z][A-Za-z0-9+.-]+://", name))


def _is_file(root: Path, name: str) -> bool:
    try:
        return is_there(inside(root, name))
    except ValueError:
        return False
