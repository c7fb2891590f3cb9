"""Pictures of worlds that were painted a moment ago, kept in memory.

A page shows one picture at several places, and the pages of one process are often of the same
data. A picture depends on its world, its number and its side alone, so it is not painted twice.

Shapes: M samples, S side.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from posesift.data import pixels
from posesift.data.worlds import painted, references
from posesift.poses.table import PoseTable

LIMIT = 64 * 2**20
"""Bytes of pictures that are kept: 1,300 of 128 px."""

_kept: OrderedDict[Hashable, NDArray[np.uint8]] = OrderedDict()  # the latest asked for is last


def pictures(table: PoseTable, side: int | None = None) -> list[NDArray[np.uint8]]:
    """Return the pictures of a world's table, each (S, S, 3) uint8 RGB and read-only.

    Args:
        table: of a world.
        side: of the pictures, where it shall be another than the table's.

    Raises:
        ValueError: the table is of no world.
    """
    keys_M = _keys(table, side)
    found = {key: _kept[key] for key in keys_M if key in _kept}
    new = {key: row for row, key in enumerate(keys_M) if key not in found}
    if new:
        rows = np.fromiter(new.values(), np.int64)
        for key, image_SS3 in zip(
            new, pixels.paint_pictures(table.select(rows), side), strict=True
        ):
            found[key] = image_SS3.copy()  # a view would keep all that were painted with it
            found[key].flags.writeable = False
    for key in keys_M:
        _kept[key] = found[key]
        _kept.move_to_end(key)
    held = sum(image.nbytes for image in _kept.values())
    while held > LIMIT:
        held -= _kept.popitem(last=False)[1].nbytes
    return [found[key] for key in keys_M]


def _keys(table: PoseTable, side: int | None) -> list[Hashable]:
    """Say what each picture depends on: its world without the side, its number, and its side."""
    assert table.image_N is not None, "a world's table has images"
    key_M: list[Hashable] = [None] * len(table)
    for root, row_P, number_P in references.parts(table.root, table.image_N):
        sample, look = painted.choices(root)
        size = side or sample["side"]
        world = tuple((sample | {"side": size, "look": look}).items())
        for row, number in zip(row_P.tolist(), number_P.tolist(), strict=True):
            key_M[row] = world, number
    return key_M
