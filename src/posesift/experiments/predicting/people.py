"""Boxes of people, or of whatever the network knows, from a file: several an image.

Shapes: N boxes, 4 = (x, y, width, height) in pixels of the image as viewers show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from posesift import documents, storage
from posesift.data.files.image_names import last_part
from posesift.data.labels.boxes import is_box, of_lists
from posesift.data.readers.coco import document
from posesift.data.readers.csv import columns

CATEGORY = 1
"""COCO's person: of boxes whose file names no category."""

_UNLISTED = ", which the file does not list"
_NAMED = 3  # images that a note names
_BOX = ("box_x", "box_y", "box_w", "box_h")


@dataclass
class People:
    """Boxes, those of one picture in a row.

    Attributes:
        box_N4: float32.
        category_N: int64.
        of: a picture's name to its rows.
        ids: a picture's name to the id that the file gives it; empty where it gives none.
        left_out: lines on boxes that are of no use.
        notes: lines on how names were understood, and on boxes of other images.
    """

    box_N4: NDArray[np.float32]
    category_N: NDArray[np.int64]
    of: dict[str, slice]
    ids: dict[str, int | str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Listed(msgspec.Struct):
    """A box of a plain list."""

    image: str
    box: tuple[float, float, float, float]


def read_people(file: Path, photographs: Sequence[str], videos: Sequence[str] = ()) -> People:
    """Read the boxes of some pictures.

    Three forms are read: COCO (``images``, and ``annotations`` with ``bbox``; crowds are passed
    over), a JSON list of ``{"image": "a.jpg", "box": [x, y, width, height]}``, and CSV with the
    columns ``image``, ``box_x``, ``box_y``, ``box_w``, ``box_h``. A frame is called
    ``clip.mp4#12``, counted from 0. Where no picture has the name of a box, the one with the same
    last part is taken, if it is the only one.

    Args:
        file: the boxes.
        photographs: names of pictures.
        videos: names of videos.

    Raises:
        ValueError: the file cannot be read, is of another form, or none of its boxes is of one of
            the pictures.
    """
    names, box_N4, category_N, ids = _csv(file) if file.suffix.lower() == ".csv" else _json(file)
    if not names:
        raise ValueError(f"expected boxes in {file}, found none")
    place = _Places(photographs, videos)
    placed = [place.of(name) for name in names]
    is_whole_N = is_box(box_N4)
    left_out, rows, lost = [], [], Counter[str]()
    for row, (name, picture) in enumerate(zip(names, placed, strict=True)):
        if picture is None:
            lost[name] += 1
        elif not is_whole_N[row]:
            said = ", ".join(f"{value:g}" for value in box_N4[row])
            left_out.append(f"{name}: a box of no size ({said})")
        else:
            rows.append(row)
    if lost.total() == len(names):
        raise ValueError(
            f"none of the {len(names)} boxes in {file} is of one of the images: they name "
            f"{names[0]!r}, the images are called {next(iter([*photographs, *videos]), '')!r}"
        )
    # of one's whole file of boxes, some images are predicted; an id without an image is a fault
    strange = [name for name in lost if name.endswith(_UNLISTED)]
    left_out += [f"{name}: boxes: {lost.pop(name)}" for name in strange]
    notes = place.told(str(file))
    if lost:
        notes.append(
            f"{file}: {lost.total()} of {len(names)} boxes are of other images than were given "
            f"({', '.join(sorted(lost)[:_NAMED])}{', ...' if len(lost) > _NAMED else ''}), and "
            "passed over"
        )
    order = sorted(rows, key=lambda row: placed[row] or "")  # stable: as in the file
    of: dict[str, slice] = {}
    for position, row in enumerate(order):
        before = of.get(placed[row] or "", slice(position, position))
        of[placed[row] or ""] = slice(before.start, position + 1)
    found_ids = {picture: ids[name] for name, picture in zip(names, placed, strict=True)
                 if picture is not None and name in ids}  # fmt: skip
    box_N4 = box_N4[order].astype(np.float32)  # none of them too large
    return People(box_N4, category_N[order], of, found_ids, left_out, notes)


class _Places:
    """Pictures by their names, and by the last parts of these where that is clear."""

    def __init__(self, photographs: Sequence[str], videos: Sequence[str]):
        self._videos = set(videos)
        self._names = {*photographs, *videos}
        self._times = Counter(map(last_part, self._names))
        self._by_last = {last_part(name): name for name in self._names}
        self._shortened: set[str] = set()

    def of(self, name: str) -> str | None:
        """Give the name of the picture that is meant; None where there is none."""
        clip, sign, frame = name.rpartition("#")
        if sign and frame.isdecimal() and (found := self._file(clip)) in self._videos:
            return f"{found}#{int(frame)}"
        found = self._file(name)
        return None if found in self._videos else found

    def told(self, file: str) -> list[str]:
        """Say how many names were not taken as they are written."""
        count = len(self._shortened)
        said = f"{file}: of {count} names only the last part was taken"
        return [said] if count else []

    def _file(self, name: str) -> str | None:
        for form in (name, name.replace("\\", "/")):
            if form in self._names:
                return form
        last = last_part(name)
        if self._times[last] != 1:
            return None
        self._shortened.add(name)
        return self._by_last[last]


_Read = tuple[list[str], NDArray[np.floating], NDArray[np.int64], dict[str, int | str]]


def _csv(file: Path) -> _Read:
    table = columns.load(file, _BOX, ("image",))
    if missing := [name for name in ("image", *_BOX) if name not in table.header]:
        raise ValueError(
            f"{file}, line 1: expected the columns image, {', '.join(_BOX)}; "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        )
    names = table.words("image")
    assert names is not None
    return names.tolist(), table.numbers(_BOX), np.full(len(table), CATEGORY), {}


def _json(file: Path) -> _Read:
    content = storage.read_bytes(file, "boxes (COCO, JSON or CSV)")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"[":
        return _coco(file)
    try:
        listed = documents.from_json(content, list[_Listed], str(file))
    except ValueError as error:
        raise ValueError(
            f'{error}. A list of boxes is read as [{{"image": "a.jpg", "box": [x, y, width, '
            "height]}}, ...]; results of a detector in COCO's form, which know images by their "
            "numbers alone, go into the annotations of a COCO file"
        ) from None
    box_N4 = of_lists(one.box for one in listed)
    return [one.image for one in listed], box_N4, np.full(len(listed), CATEGORY), {}


def _coco(file: Path) -> _Read:
    found = document.load(file)
    name_of = {_key(image.id): image.file_name for image in found.images if image.file_name}
    ids = {
        image.file_name: _whole(image.id)
        for image in found.images
        if image.file_name and image.id is not None
    }
    names, boxes, categories = [], [], []
    for annotation in document.decoded(found.annotations):
        if annotation.iscrowd:
            continue
        boxes.append([np.nan if value is None else value for value in annotation.bbox or []])
        unknown = f"image {annotation.image_id}{_UNLISTED}"
        names.append(name_of.get(_key(annotation.image_id), unknown))
        category = _whole(annotation.category_id)
        categories.append(category if isinstance(category, int) else CATEGORY)
    return names, of_lists(boxes), np.array(categories, np.int64), ids


def _key(value: Any) -> str:
    """Give an id as text: some tools write numbers as text, or as floats."""
    return str(_whole(value))


def _whole(value: Any) -> int | str:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else str(value)
