"""The files and folders that a data address leads to: what must not be written over."""

from __future__ import annotations

from pathlib import Path

from posesift.data.address import Address, parse
from posesift.data.stream import PoseStream
from posesift.poses.store import is_remote, local
from posesift.poses.table import PoseTable

_FOLDERS = ("images", "annotations")  # options whose value is a path
_FILES = ("skeleton", "as", "map")  # options whose value is a name, or the path of a file


def inputs_of(address: str | Address, table: PoseTable | PoseStream | None = None) -> list[Path]:
    """Paths that are read with the data of ``address``.

    Args:
        address: of the data.
        table: what was read or opened, whose images may lie somewhere that only the data say.

    >>> inputs_of("coco:/d/ann.json,images=/d/photos,skeleton=body16")
    [PosixPath('/d/ann.json'), PosixPath('/d/photos')]
    >>> inputs_of("world:body,n=20")
    []
    """
    address = parse(address) if isinstance(address, str) else address
    found = []
    if address.kind != "world" and not is_remote(address.path):
        found.append(local(address.path) if "://" in address.path else Path(address.path))
    for name, value in address.options.items():
        path = Path(value).expanduser()
        if name in _FOLDERS or (name in _FILES and path.is_file()):
            found.append(path)
    if table is not None and table.root and not table.root.startswith("world:"):
        found.append(Path(table.root))
    return found
