"""What a data set is, where its owners give it out, and how its folder should look.

Every reader keeps this beside its code as ``ABOUT``, so that an error can say what to do next.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from posesift.progress import printable

_SHOWN = 12  # entries of a folder that are listed
_LEVELS = 2


@dataclass(frozen=True, kw_only=True)
class About:
    """A data set, for people.

    Attributes:
        title: its name and what it shows, in one line.
        page: the owners' page, where it is given out; never a mirror.
        get: what to download there.
        terms: of its licence, those that matter to somebody who trains a network.
        tree: the folder that the reader expects, one entry a line, further down = further in; empty
            where there is none.
        cite: the paper.
        files: how the owners call the file that an address names, as a pattern; empty where the
            format is of this data set alone. A file called otherwise is somebody's own, and
            neither page nor terms are its.
    """

    title: str
    page: str
    get: str
    terms: str
    tree: str
    cite: str = ""
    files: str = ""

    def is_own(self, path: str | Path) -> bool:
        """Whether ``path`` is somebody's own file in this format.

        >>> about = About(title="T", page="p", get="g", terms="t", tree="", files="people_*.json")
        >>> about.is_own(__file__), about.is_own("/nowhere/people_1.json")
        (True, False)
        """
        path = Path(path).expanduser()
        return bool(self.files) and path.is_file() and not fnmatch(path.name, self.files)

    def text(self) -> str:
        """All of it, in lines."""
        lines = [self.title, f"Where: {self.page}", f"Download: {self.get}", f"Terms: {self.terms}"]
        if self.cite:
            lines.append(f"Cite: {self.cite}")
        if self.tree:
            lines += ["Expected:", indented(self.tree.strip("\n"))]
        return "\n".join(lines)


def require(path: str, entries: Sequence[str], told: str, *, inner: str = "") -> Path:
    """Return the folder of a data set: that at ``path``, or the folder ``inner`` in it.

    Args:
        path: from the address.
        entries: what it must hold; a name that ends in ``/`` is a folder's.
        told: what is expected, for the message.
        inner: how its archive calls the folder, which people may have unpacked at ``path``.

    Raises:
        ValueError: there is no such folder, or an entry is missing in it.
    """
    given = Path(path).expanduser().resolve()
    lacking = {
        folder: [name for name in entries if not _holds(folder, name)]
        for folder in (given, given / inner)
    }
    for folder, missing in lacking.items():
        if not missing:
            return folder
    folder, missing = list(lacking.items())[-1 if (given / inner).is_dir() else 0]
    found = f"no {missing[0]} in" if folder.is_dir() else "no folder at"
    raise ValueError(f"expected {told}, found {found} {folder}")


def _holds(folder: Path, name: str) -> bool:
    return (folder / name).is_dir() if name.endswith("/") else (folder / name).is_file()


def found_tree(path: str | Path) -> str:
    """Return what lies at ``path``, two levels down, the first entries of each folder.

    Where nothing does, one level of the folder above. The root folder is never listed.

    >>> found_tree("/nowhere/at/all")
    'nothing at /nowhere/at/all'
    """
    path = Path(path).expanduser()
    if not path.exists():
        above = path.parent
        is_told = above.is_dir() and not _is_root(above)
        return f"nothing at {path}" + (f"\n{above}\n{_listed(above, 1)}" if is_told else "")
    if not path.is_dir():
        return f"{path} (a file)"
    return f"{path} (the root folder)" if _is_root(path) else f"{path}\n{_listed(path, _LEVELS)}"


def indented(text: str) -> str:
    """Return the text, two blanks further in."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def _is_root(folder: Path) -> bool:
    return folder.resolve() == folder.resolve().parent


def _listed(folder: Path, levels: int) -> str:
    try:
        # a folder may hold millions of files: look at a few, and say that there are more
        entries = list(itertools.islice(folder.iterdir(), 2000))
    except OSError as error:
        return f"  (cannot be read: {error.strerror})"
    lines = []
    for entry in sorted(entries)[:_SHOWN]:
        is_folder = entry.is_dir()
        lines.append(f"  {printable(entry.name)}{'/' if is_folder else ''}")
        if is_folder and levels > 1:
            lines.append(indented(_listed(entry, levels - 1)))
    if len(entries) > _SHOWN:
        lines.append("  ...")
    return "\n".join(lines) if lines else "  (empty)"
