"""Which categories of a COCO file are read, and what their keypoints are called.

Shapes: J keypoints.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posesift import skeletons
from posesift.data.readers.coco.document import Annotation, Category, Document, Id, decoded
from posesift.data.readers.coco.ids import Loose
from posesift.skeletons import Skeleton
from posesift.skeletons.sides import all_sided

_LOOKED_AT = 20_000  # annotations that tell how many keypoints they have
_CHUNK = 2000
ALL = "all"


@dataclass
class Wanted:
    """What is read.

    Attributes:
        names: of the categories.
        keypoints: what their J keypoints are called.
        limbs: what the file gives as pairs of keypoints.
        told: how the names were found, where the file does not say.
    """

    names: list[str]
    keypoints: list[str]
    limbs: Any
    told: list[str]
    _row_of: dict[Id, int]
    _loose: Loose
    _only: bool
    _none_listed: bool

    def rows(self, read: Sequence[Annotation]) -> list[int]:
        """Return the row of ``names`` of each annotation, -1 for other categories."""
        found = [self._row_of.get(a.category_id, -2) for a in read]
        if -2 in found:
            found = [
                self._look(read[i].category_id) if row == -2 else row for i, row in enumerate(found)
            ]
        return found

    def _look(self, key: Id) -> int:
        if self._none_listed or (key is None and self._only):
            return 0
        if key is None:
            return -1
        self._row_of[key] = row = self._loose(key)
        return row


def wanted(document: Document, name: str | None, expected: Skeleton | None, file: Path) -> Wanted:
    """Return the categories to read and their keypoints.

    Args:
        document: the file.
        name: of one category, several joined by ``+``, or ``all``; None for the only one there is.
        expected: the skeleton that the user names; it gives names where the file has none, or has
            others than its annotations have values.
        file: for messages.

    Raises:
        ValueError: no category or several fit, their keypoints differ, or nothing says what the
            keypoints are called.
    """
    listed = document.categories or [Category()]
    named = [category for category in listed if category.keypoints]
    if not named and not _values(document, None):
        raise ValueError(f"{file}: {_without_names(listed, 0)}")
    chosen = _chosen(named or listed, name, bool(named), file)
    numbers = {id(category): row for row, category in enumerate(chosen)}
    row_of = {category.id: numbers.get(id(category), -1) for category in listed}
    found = Wanted(
        [category.name for category in chosen],
        list(chosen[0].keypoints),
        chosen[0].skeleton,
        [],
        row_of,
        Loose((row, key) for key, row in row_of.items()),
        len(listed) == 1,
        not document.categories,
    )
    values = _values(document, found)
    numbered = _numbered(found.keypoints)
    if values == 3 * len(found.keypoints) and values and not (numbered and expected):
        return found
    if expected is not None and values == 3 * len(expected):
        if numbered:
            found.keypoints = []
        has = f"names {len(found.keypoints) or 'no'} keypoints"
        gives = f" and its annotations have {len(expected)}" if found.keypoints else ""
        found.told.append(f"the file {has}{gives}: taken in the order of {expected.name}")
        found.keypoints = list(expected.keypoints)
        return found
    if not found.keypoints:
        raise ValueError(f"{file}: {_without_names(chosen, values)}")
    return found


def _numbered(names: Sequence[str]) -> bool:
    """Whether keypoints are called by their number alone, which names none.

    >>> _numbered(["0", "1", "2"]), _numbered(["kp_1", "kp_2"]), _numbered(["hip", "neck1"])
    (True, True, False)
    """
    found = [re.fullmatch(r"(.*?)([0-9]+)", name.strip()) for name in names]
    numbers = [int(one[2]) for one in found if one]
    stems = {one[1] for one in found if one}
    return (
        len(numbers) == len(names) > 0
        and len(stems) == 1
        and (numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    )


def _chosen(
    candidates: Sequence[Category], name: str | None, named: bool, file: Path
) -> list[Category]:
    by_name = {category.name: category for category in reversed(candidates)}
    if name is None:
        chosen = list(candidates)
    elif name in by_name:
        chosen = [category for category in candidates if category.name == name]
    elif name == ALL:
        chosen = list(candidates)
    else:
        parts = name.split("+")
        chosen = [c for c in candidates if c.name in parts] if set(parts) <= set(by_name) else []
    alike = len({tuple(one.key for one in all_sided(c.keypoints)) for c in chosen}) == 1
    if len(chosen) == 1 or (chosen and alike and name is not None):
        return chosen
    found = ", ".join(repr(category.name) for category in candidates) or "none"
    asked = f"a category named {name!r}" if name else "one category"
    if chosen and name:
        raise ValueError(
            f"{file}: expected categories with one list of keypoints, found {found} with several; "
            "choose one with category=NAME"
        )
    advice = "choose one with category=NAME"
    if chosen and alike:
        advice += f", or read all {len(chosen)} together with category={ALL}: "
        advice += "their keypoints are the same" if named else "none names its keypoints"
    what = " that names its keypoints" if named else ""
    raise ValueError(f"{file}: expected {asked}{what}, found {found}; {advice}")


def _values(document: Document, found: Wanted | None) -> int:
    """How many values the keypoints of most annotations have, 0 where none has any.

    Of the wanted ones, or of all.
    """
    counts: Counter[int] = Counter()
    for first in range(0, min(len(document.annotations), _LOOKED_AT), _CHUNK):
        read = decoded(document.annotations[first : first + _CHUNK])
        rows = found.rows(read) if found else [0] * len(read)
        mine = [a for a, row in zip(read, rows, strict=True) if row >= 0]
        counts.update(len(a.keypoints) for a in mine if a.keypoints)
        if counts:
            break
    return counts.most_common(1)[0][0] if counts else 0


def _without_names(chosen: Sequence[Category], values: int) -> str:
    if not values or values % 3:
        found = f"; its annotations have {values} values" if values else ""
        return (
            "expected one category that names its keypoints, found none" + found + "; is this an "
            "`instances` file?" * (not values)
        )
    joints = values // 3
    fit = [name for name in skeletons.names() if len(skeletons.load(name)) == joints]
    built_in = f" ({', '.join(fit)} has as many)" if fit else ""
    return (
        f"the category {chosen[0].name!r} names no keypoints, and its annotations have {values} "
        f"values, so {joints} keypoints: say skeleton=NAME to take them in the order of a "
        f"skeleton{built_in}, or write their names into the category's `keypoints`"
    )
