"""The names in a folder of a data set."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from posesift.progress import printable
from posesift.storage import is_utf8


def listed(folder: Path, start: str = "", end: str = "") -> list[str]:
    """List the names in a folder, in order; none where there is no folder.

    A name that is not UTF-8 cannot stand in a table: it is left out, and a warning counts them.

    Args:
        folder: not searched below.
        start: of the names that are wanted.
        end: the same.
    """
    try:
        entries = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    names = sorted(name for name in entries if name.startswith(start) and name.endswith(end))
    strange = [name for name in names if not is_utf8(name)]
    if strange:
        warnings.warn(
            f"{printable(str(folder))}: {len(strange)} of {len(names)} names are not UTF-8, such "
            f"as {printable(strange[0])}, and are left out; rename them to read them",
            stacklevel=2,
        )
    return [name for name in names if is_utf8(name)] if strange else names
