"""Images of worlds by name: a sample number, and what is otherwise than in the table's root.

The root of a world's table says which world it is, and its images are sample numbers: ``17``. A
table may hold samples of several worlds that differ in an option; then such an image says so:
``poses=target#17`` is sample 17 of the world that the root names but for its ``poses``. So poses
of one mixture can take the place of some of another, in one table and without a file for each.

Shapes: N samples, P of a part.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from posesift.data.address import Address, parse
from posesift.poses.table import PoseTable

MARK = "#"
_FIXED = ("side",)  # images of one table have one size


class Part(NamedTuple):
    """Samples of one world in a table: its root, their rows, and their numbers."""

    root: str
    row_P: NDArray[np.int64]
    number_P: NDArray[np.int64]


def parts(root: str, image_N: NDArray) -> list[Part]:
    """Take the images of a table apart by world, in the order in which the worlds come.

    >>> root = "world:body,poses=source,look=photo,seed=0,split=train,side=64"
    >>> [(p.root[11:23], p.row_P.tolist(), p.number_P.tolist())
    ...  for p in parts(root, np.array(["7", "poses=target#8", "9"], object))]
    [('poses=source', [0, 2], [7, 9]), ('poses=target', [1], [8])]

    Raises:
        ValueError: an image is no sample number, or changes what the root does not have.
    """
    try:
        return [Part(root, np.arange(len(image_N)), image_N.astype(np.int64))]
    except (ValueError, OverflowError):
        pass
    rows: dict[str, list[int]] = {}
    numbers: dict[str, list[int]] = {}
    for row, text in enumerate(map(str, image_N)):
        changes, mark, number = text.rpartition(MARK)
        if bool(mark) != bool(changes) or not (
            number.isdecimal() and number.isascii() and len(number) < 19
        ):
            raise ValueError(f"expected the sample numbers of {root!r} as images, found {text!r}")
        rows.setdefault(changes, []).append(row)
        numbers.setdefault(changes, []).append(int(number))
    return [
        Part(_changed(root, changes), np.array(at), np.array(numbers[changes]))
        for changes, at in rows.items()
    ]


def counted_from(table: PoseTable, root: str) -> PoseTable:
    """Give a world's table with another root, and the same images by names that count from it.

    Raises:
        ValueError: the two are of different worlds, or their images have different sizes.
    """
    own, other = parse(table.root), parse(root)
    mine = {"world": own.path} | own.options
    theirs = {"world": other.path} | other.options
    fixed = ("world", *_FIXED)
    if set(mine) != set(theirs) or any(mine[name] != theirs[name] for name in fixed):
        raise ValueError(
            f"expected samples of one world with images of one size, found {table.root} and {root}"
        )
    changes = ",".join(f"{name}={mine[name]}" for name in mine if mine[name] != theirs[name])
    assert table.image_N is not None, "a world's table has images"
    image_N = table.image_N.astype(str).astype(object)
    if changes:
        image_N = np.array([f"{changes}{MARK}{number}" for number in image_N], object)
    return table.changed(root=root, image_N=image_N)


def _changed(root: str, changes: str) -> str:
    """Give the root with the options that an image names.

    Raises:
        ValueError: it names one that the root lacks, or must not change.
    """
    if not changes:
        return root
    try:
        address = parse(root)
        named = parse(f"world:{address.path},{changes}").options
    except ValueError:
        named, address = {}, Address("world", "")
    if not named or any(name not in address.options or name in _FIXED for name in named):
        raise ValueError(f"expected the sample numbers of {root!r} as images, found {changes!r}")
    return str(Address("world", address.path, address.options | named))
