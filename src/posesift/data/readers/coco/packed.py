"""A COCO file as packed arrays: a million annotations without a million lists.

As Python objects, the 51 numbers of an annotation take five times the room that they take in the
file. So a first pass only notes where each annotation stands in the file's bytes, and a second one
reads a few thousand at a time into arrays.

Shapes: N annotations, J keypoints of the category, M images, 2 = (x, y) or (width, height),
3 = (x, y, v), 4 = (x, y, width, height).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from posesift.data.files import typed_json

_WHAT = "COCO keypoint annotations"
_CHUNK = 2000  # annotations read at once: their lists fit into a processor's cache


class _Image(msgspec.Struct, gc=False):
    id: int | str
    file_name: str
    width: typed_json.Side = 0
    height: typed_json.Side = 0


class _Annotation(msgspec.Struct, gc=False):
    id: int | str
    image_id: int | str
    category_id: int | str
    keypoints: list[float | None] = []
    bbox: list[float | None] = []
    iscrowd: int | bool = 0


class Category(msgspec.Struct):
    """A kind of thing, and what its keypoints are called."""

    id: int | str
    name: str = ""
    keypoints: list[str] = []
    skeleton: Any = None


class _Coco(msgspec.Struct):
    images: list[_Image]
    annotations: list[msgspec.Raw]
    categories: list[Category]


@dataclass
class Annotations:
    """The annotations of one category that have a labelled keypoint.

    Attributes:
        category: whose they are.
        ids: the N ids, for messages.
        keypoints_NJ2: float32 pixels as in the file; 0 in bad rows.
        seen_NJ: int8, the file's v: 0 not labelled, 1 labelled but hidden, 2 seen.
        box_N4: float32, as in the file; NaN where the annotation has
            none, infinite where it is not of four numbers.
        image_N: row of ``names_M``, -1 for an image that the file does not list.
        names_M: file names of the images that have such an annotation.
        size_M2: their sizes as the file gives them, 0 for none.
        bad: row to what is wrong with it.
        skipped: one line a reason, how many others the file holds.
    """

    category: Category
    ids: list[int | str]
    keypoints_NJ2: np.ndarray
    seen_NJ: np.ndarray
    box_N4: np.ndarray
    image_N: np.ndarray
    names_M: list[str]
    size_M2: np.ndarray
    bad: dict[int, str]
    skipped: list[str]


def load(file: Path, category: str | None = None) -> Annotations:
    """Read a COCO file.

    Args:
        file: the JSON file. ``NaN`` and ``Infinity``, which Python writes though JSON has no such
            words, are taken.
        category: name of the category to read, where several have keypoints.

    Raises:
        ValueError: there is no such file, it is not JSON (line and column are named) or not COCO
            keypoints, no category or several fit, two images have one id, or no annotation has a
            labelled keypoint.
    """
    coco = typed_json.load(file, _Coco, _WHAT)
    row_of = {image.id: row for row, image in enumerate(coco.images)}
    if len(row_of) < len(coco.images):
        raise ValueError(f"{file}: two images have the same id; give every image its own")
    wanted = _category(coco, category, file)
    found = _packed(coco.annotations, wanted, row_of, file)
    if not found.ids:
        raise ValueError(
            f"{file}: expected annotations of {wanted.name!r} with labelled keypoints, found none "
            f"among {len(coco.annotations)}" + "".join(f"; {line}" for line in found.skipped)
        )
    listed_N = found.image_N >= 0
    used_M, found.image_N[listed_N] = np.unique(found.image_N[listed_N], return_inverse=True)
    images = [coco.images[row] for row in used_M.tolist()]
    found.names_M = [image.file_name for image in images]
    found.size_M2 = np.array([(i.width, i.height) for i in images], np.int32).reshape(-1, 2)
    return found


def _packed(
    raws: list[msgspec.Raw], wanted: Category, row_of: dict[int | str, int], file: Path
) -> Annotations:
    """The labelled annotations of a category as arrays; ``image_N`` counts in ``row_of``."""
    joints, most = len(wanted.keypoints), len(raws)
    # memory that is never written to is never given out, so room for all costs nothing
    keypoints_NJ2 = np.empty((most, joints, 2), np.float32)
    seen_NJ = np.empty((most, joints), np.int8)
    box_N4 = np.empty((most, 4), np.float32)
    image_N = np.empty(most, np.int32)
    ids: list[int | str] = []
    bad: dict[int, str] = {}
    others = crowds = empty = 0
    for first in range(0, most, _CHUNK):
        read = _annotations(raws, first, file)
        mine = [a for a in read if a.category_id == wanted.id]
        single = [a for a in mine if not a.iscrowd]
        joints_CJ3, labelled_C, wrong = _joints(single, joints)
        kept = [single[row] for row in np.flatnonzero(labelled_C).tolist()]
        others += len(read) - len(mine)
        crowds += len(mine) - len(single)
        empty += len(single) - len(kept)

        rows = slice(len(ids), len(ids) + len(kept))
        with np.errstate(over="ignore"):  # beyond float32 is as far off the image as infinity
            keypoints_NJ2[rows] = joints_CJ3[labelled_C, :, :2]
            box_N4[rows] = _boxes(kept)
        seen_NJ[rows] = joints_CJ3[labelled_C, :, 2]
        image_N[rows] = [row_of.get(a.image_id, -1) for a in kept]
        for row in np.flatnonzero(image_N[rows] < 0).tolist():
            what = f"names the image {kept[row].image_id}, which the file does not list"
            bad[len(ids) + row] = f"annotation {kept[row].id}: {what}"
        place_C = np.cumsum(labelled_C) - 1 + len(ids)
        bad |= {int(place_C[row]): what for row, what in wrong.items()}
        ids += [annotation.id for annotation in kept]
    counts = {
        "annotations of other categories": others,
        "annotations of crowds": crowds,
        "annotations without a labelled keypoint": empty,
    }
    n = len(ids)
    return Annotations(
        category=wanted,
        ids=ids,
        keypoints_NJ2=keypoints_NJ2[:n],
        seen_NJ=seen_NJ[:n],
        box_N4=box_N4[:n],
        image_N=image_N[:n],
        names_M=[],
        size_M2=np.zeros((0, 2), np.int32),
        bad=bad,
        skipped=[f"skipped: {count} {what}" for what, count in counts.items() if count],
    )


def _joints(
    annotations: list[_Annotation], joints: int
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Joints (C, J, 3) of a few annotations, 0 for bad ones; which have a label; what is wrong."""
    count = 3 * joints
    spoilt, nothing = [np.nan] * count, [0.0] * count
    rows = [
        a.keypoints if len(a.keypoints) == count else spoilt if any(a.keypoints[2::3]) else nothing
        for a in annotations
    ]
    joints_CJ3 = np.array(rows, dtype=np.float64).reshape(-1, joints, 3)
    v_CJ: np.ndarray = joints_CJ3[..., 2]
    infinite_C = (~np.isfinite(joints_CJ3).all(-1) & (v_CJ != 0)).any(1)
    unknown_C = ((v_CJ != 0) & (v_CJ != 1) & (v_CJ != 2)).any(1)
    labelled_C = (v_CJ != 0).any(1)
    wrong = {}
    for row in np.flatnonzero(infinite_C | unknown_C).tolist():
        annotation = annotations[row]
        if len(annotation.keypoints) != count:
            what = (
                f"expected {count} values in keypoints (x, y, v for each of the category's "
                f"{joints}), found {len(annotation.keypoints)}"
            )
        elif infinite_C[row]:
            what = "NaN or infinity in its keypoints"
        else:
            what = "a visibility v other than 0, 1 or 2 in its keypoints"
        wrong[row] = f"annotation {annotation.id}: {what}"
    joints_CJ3[list(wrong)] = 0
    return joints_CJ3, labelled_C, wrong


def _boxes(annotations: list[_Annotation]) -> np.ndarray:
    """Boxes (C, 4) as in the file: NaN where there is none, infinite if it is not of 4 numbers."""
    none, wrong = [np.nan] * 4, [np.inf] * 4
    rows = [a.bbox if len(a.bbox) == 4 else wrong if a.bbox else none for a in annotations]
    return np.array(rows, np.float64).reshape(-1, 4)


def _annotations(raws: list[msgspec.Raw], first: int, file: Path) -> list[_Annotation]:
    """The next few annotations, from ``first`` on."""
    part = raws[first : first + _CHUNK]
    try:
        return msgspec.json.decode(b"[" + b",".join(part) + b"]", type=list[_Annotation])
    except msgspec.DecodeError:
        for number, raw in enumerate(part, first):
            try:
                msgspec.json.decode(raw, type=_Annotation)
            except msgspec.DecodeError as error:
                where = f"`$.annotations[{number}]"
                said = str(error).replace("`$", where)
                if where not in said:
                    said += f" - at {where}`"
                raise ValueError(f"{file} is JSON, but not {_WHAT}: {said}") from None
        raise


def _category(coco: _Coco, name: str | None, file: Path) -> Category:
    """The category to read: the named one, or the only one with keypoints."""
    candidates = [category for category in coco.categories if category.keypoints]
    chosen = [category for category in candidates if name in (None, category.name)]
    if len(chosen) == 1:
        return chosen[0]
    found = ", ".join(repr(category.name) for category in candidates) or "none"
    asked = f"a category named {name!r}" if name else "one category"
    advice = "choose one with category=NAME" if candidates else "is this an `instances` file?"
    raise ValueError(f"{file}: expected {asked} that names its keypoints, found {found}; {advice}")
