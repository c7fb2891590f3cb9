"""Which image an annotation names, and which category, though ids differ in their spelling.

An id that is exactly the same always counts. Else text and number of the same digits are one id, as
long as no two things are called so; and an image may be named by its file.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np

from posesift.data.readers.coco.document import Id, Image

_DIGITS = re.compile(r"\s*([+-]?[0-9]{1,18})(?:\.0*)?\s*")


def plain(ids: Sequence[Id]) -> np.ndarray | None:
    """Return ids of one form, int64 or texts; None where some are missing, alike, or of two forms.

    >>> plain([3, 5.0]).tolist(), plain(["a", "b"]).tolist(), plain([3, 3]), plain([3, None])
    ([3, 5], ['a', 'b'], None, None)
    """
    if len(set(ids)) < len(ids):
        return None
    kinds = set(map(type, ids))
    if kinds == {str}:
        return np.array(ids, object)
    numbers = [i for i in ids if isinstance(i, int | float)]
    if len(numbers) < len(ids):
        return None
    try:
        number_N = np.array([int(i) for i in numbers], np.int64)
    except (OverflowError, ValueError):  # beyond 64 bits
        return None
    return number_N if float not in kinds or number_N.tolist() == numbers else None


class Loose:
    """A second look at ids that are not found as they are written.

    Args:
        keys: a row's number and one of its names, one pair each.
    """

    def __init__(self, keys: Iterable[tuple[int, Hashable]]):
        self._rows: dict[Hashable, int | None] = {}
        for row, key in keys:
            key = loosely(key)
            self._rows[key] = row if self._rows.get(key, row) == row else None  # None: of two
        self.found = 0

    def __call__(self, key: Hashable) -> int:
        """Return the row that is meant, -1 where none or several are."""
        row = self._rows.get(loosely(key))
        if row is None:
            return -1
        self.found += 1
        return row


def loosely(key: Hashable) -> Hashable:
    """Return an id as it is compared the second time.

    >>> loosely("3") == loosely(3.0) == loosely("0003"), loosely(" a.jpg")
    (True, 'a.jpg')
    """
    if isinstance(key, str):
        found = _DIGITS.fullmatch(key)
        return int(found[1]) if found else key.strip()
    return key


class ImageIds:
    """Rows of images by their ids.

    The same image listed twice is one image.

    Args:
        images: as the file lists them.

    Attributes:
        row_of: id to row, of ids that are one image's alone.
        double: ids that two different images have.
        told: lines on images that are listed twice.
    """

    def __init__(self, images: Sequence[Image]):
        self._images = images
        self.row_of: dict[Id, int] = {}
        self.double: set[Id] = set()
        first_of: dict[str, int] = {}
        twice = 0
        for row, image in enumerate(images):
            same = first_of.setdefault(image.file_name, row) if image.file_name else row
            twice += same != row
            if not images[same].width:
                images[same].width, images[same].height = image.width, image.height
            if image.id is None:
                continue
            if self.row_of.setdefault(image.id, same) != same:
                self.double.add(image.id)
        for key in self.double:
            del self.row_of[key]
        self.told = [f"images that the file lists twice, taken as one: {twice}"] if twice else []
        self._loose: Loose | None = None

    def look(self, key: Id) -> int:
        """Return the row that an id means which is not in ``row_of``; -1 for none."""
        if key is None or key in self.double:
            return -1
        if self._loose is None:
            self._loose = Loose(self._names())
        return self._loose(key)

    @property
    def loosely_found(self) -> int:
        """How many ids were found on the second look."""
        return self._loose.found if self._loose else 0

    def _names(self) -> Iterable[tuple[int, Hashable]]:
        for key, row in self.row_of.items():
            yield row, key
        known = {loosely(key) for key in self.row_of}
        for row, image in enumerate(self._images):
            path = PurePosixPath(image.file_name.replace("\\", "/"))
            names = {image.file_name, path.name, path.stem} - {""}
            # a number in a file's name is an id only where its image has none
            wanted = {n for n in names if image.id is None or isinstance(loosely(n), str)}
            first = self._first(row)
            yield from ((first, name) for name in wanted if loosely(name) not in known)

    def _first(self, row: int) -> int:
        found = self.row_of.get(self._images[row].id)
        return row if found is None else found
