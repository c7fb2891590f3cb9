"""The parts of a COCO file as the field writes them, made into one form.

What follows the format is decoded straight into typed structs. What does not is looked at value by
value, here alone: numbers as text, ``null`` and floats where COCO has whole numbers, keypoints as
triples, booleans. An annotation that stays without sense says why, and costs itself alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from posesift.data.files import typed_json
from posesift.data.readers.coco.strangers import told_of_stranger

WHAT = "COCO keypoint annotations"

Id = int | str | float | None


class Image(msgspec.Struct, gc=False):
    """An image; 0 for a size that the file does not tell."""

    id: Id = None
    file_name: str = ""
    width: int | float | None = 0
    height: int | float | None = 0


class Annotation(msgspec.Struct, gc=False):
    """An annotation, keypoints flat."""

    image_id: Id = None
    category_id: Id = None
    id: Id = None
    keypoints: list[float | bool | None] | None = []
    bbox: list[float | None] | None = []
    iscrowd: int | bool | float | None = 0


class Spoilt(Annotation, gc=False):
    """An annotation of which something could not be read; ``wrong`` says what."""

    wrong: str = ""


class Category(msgspec.Struct):
    """A kind of thing, and what its keypoints are called."""

    id: Id = None
    name: str = ""
    keypoints: list[str] = []
    skeleton: Any = None


class Document(msgspec.Struct):
    """A COCO file, its annotations still as they stand in the file."""

    images: list[Image]
    annotations: list[msgspec.Raw]
    categories: list[Category]


class _Parts(msgspec.Struct):
    images: msgspec.Raw
    annotations: list[msgspec.Raw] | dict[str, msgspec.Raw]
    categories: msgspec.Raw = msgspec.Raw(b"[]")


def load(file: Path) -> Document:
    """Read a file; ``NaN`` and infinite numbers, which Python writes, are null.

    Raises:
        ValueError: there is no such file, it is not JSON (line and column are named), or it is
            another format, which is named where it is known.
    """
    try:
        parts = typed_json.load(file, _Parts, WHAT)
    except ValueError as error:
        if "is JSON, but not" in str(error) and (told := told_of_stranger(file)):
            raise ValueError(f"{file}: {told}") from None
        raise
    given = parts.annotations
    return Document(
        _listed(parts.images, list[Image], _image, "images", file),
        list(given.values()) if isinstance(given, dict) else given,
        _listed(parts.categories, list[Category], _category, "categories", file),
    )


def decoded(raws: Sequence[msgspec.Raw]) -> list[Annotation]:
    """Decode a few annotations; those without sense are `Spoilt`."""
    content = b"[" + b",".join(raws) + b"]"
    try:
        return msgspec.json.decode(content, type=list[Annotation])
    except msgspec.ValidationError:
        return [_alone(raw) for raw in raws]


def _alone(raw: msgspec.Raw) -> Annotation:
    try:
        return annotation(msgspec.json.decode(raw))
    except RecursionError:
        return Spoilt(wrong="expected keypoints, found something nested too deeply")
    except msgspec.DecodeError as error:  # a number beyond any range
        return Spoilt(wrong=f"expected keypoints, found what cannot be read: {error}")


def annotation(value: Any) -> Annotation:
    """One annotation in the usual form, whatever form it has.

    >>> annotation({"image_id": "3", "keypoints": [[1, 2, 2], ["4.5", 0, True]], "bbox": None})
    Annotation(image_id='3', category_id=None, id=None, \
keypoints=[1.0, 2.0, 2.0, 4.5, 0.0, 1.0], bbox=[], iscrowd=0)
    >>> annotation({"image_id": 3, "keypoints": "none"}).wrong
    "expected a list of numbers in keypoints, found 'none'"
    """
    if not isinstance(value, dict):
        return Spoilt(wrong=f"expected an object with image_id and keypoints, found {value!r:.40}")
    wrong = ""
    keypoints, bbox = _flat(value.get("keypoints")), _flat(value.get("bbox"))
    if keypoints is None:
        wrong = f"expected a list of numbers in keypoints, found {value['keypoints']!r:.40}"
    made = {
        "image_id": _id(value.get("image_id")),
        "category_id": _id(value.get("category_id")),
        "id": _id(value.get("id")),
        "keypoints": keypoints or [],
        "bbox": [None] if bbox is None else bbox,
        "iscrowd": int(bool(_number(value.get("iscrowd")) or 0)),
    }
    return Spoilt(**made, wrong=wrong) if wrong else Annotation(**made)


def _listed(raw: msgspec.Raw, kind: Any, made_of: Any, what: str, file: Path) -> list[Any]:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError:
        pass
    try:
        values = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file} is JSON, but not {WHAT}: {error} in {what}") from None
    if isinstance(values, dict):  # by id
        values = [{"id": key, **one} for key, one in values.items() if isinstance(one, dict)]
    if values is not None and not isinstance(values, list):
        raise ValueError(f"{file} is JSON, but not {WHAT}: expected a list in {what}")
    return [made_of(value) for value in values or []]


def _image(value: Any) -> Image:
    value = value if isinstance(value, dict) else {}
    name = value.get("file_name")
    return Image(
        _id(value.get("id")),
        name if isinstance(name, str) else "",
        _number(value.get("width")) or 0,
        _number(value.get("height")) or 0,
    )


def _category(value: Any) -> Category:
    value = value if isinstance(value, dict) else {"name": value}
    names = value.get("keypoints")
    names = list(names) if isinstance(names, list | dict) else []
    return Category(
        _id(value.get("id")),
        str(value.get("name") or ""),
        [str(name) for name in names],
        value.get("skeleton"),
    )


def _id(value: Any) -> Id:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return value


def _number(value: Any) -> float | None:
    """Return a number, also as text; None for what is none.

    >>> _number("12.5"), _number(True), _number(None), _number("x")
    (12.5, 1.0, None, None)
    """
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _flat(value: Any, levels: int = 3) -> list[float | bool | None] | None:
    """Numbers one after the other, also where they stand in lists of lists; None where not.

    A ``null`` in place of a list is a keypoint that is not labelled.

    >>> _flat([[1, 2], [3, None]]), _flat(None), _flat([1, "x"])
    ([1.0, 2.0, 3.0, None], [], None)
    >>> _flat([None, [1, 2, 2]])
    [0.0, 0.0, 0.0, 1.0, 2.0, 2.0]
    """
    if value is None:
        return []
    if not isinstance(value, list) or not levels:
        return None
    flat: list[float | bool | None] = []
    width = next((len(one) for one in value if isinstance(one, list)), 0)
    for one in value:
        if isinstance(one, list):
            inner = _flat(one, levels - 1)
            if inner is None:
                return None
            flat += inner
        elif one is None:
            flat += [0.0] * width or [None]
        elif (number := _number(one)) is None:
            return None
        else:
            flat.append(number if math.isfinite(number) else None)
    return flat
