"""A COCO file as packed arrays: a million annotations without a million lists.

As Python objects, the 51 numbers of an annotation take five times the room that they take in the
file. So a first pass only notes where each annotation stands in the file's bytes, and a second one
reads a few thousand at a time into arrays.

Shapes: N annotations, C annotations read at once, J keypoints of the category, M images,
2 = (x, y) or (width, height), 3 = (x, y, v), 4 = (x, y, width, height).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from posesift.data.readers.coco import document
from posesift.data.readers.coco.categories import Wanted, wanted
from posesift.data.readers.coco.document import Annotation, Id, Spoilt
from posesift.data.readers.coco.ids import ImageIds
from posesift.skeletons import Skeleton

_CHUNK = 2000  # annotations read at once: their lists fit into a processor's cache
_HIGHEST = 1.5  # of a confidence: those of heatmaps reach a little over 1


@dataclass
class Annotations:
    """The annotations of some categories that have a labelled keypoint.

    Attributes:
        wanted: the categories, and what their keypoints are called.
        ids: what the N annotations are called in messages.
        keypoints_NJ2: float32 pixels as in the file; 0 in bad rows.
        seen_NJ: the file's v: int8, 0 not labelled, 1 labelled but hidden, 2 seen; float32 where
            it is a confidence.
        box_N4: float32, as in the file; NaN where the annotation has
            none, infinite where it is not of four numbers.
        image_N: row of ``names_M``, -1 for an image that the file does not list.
        category_N: row of ``wanted.names``.
        number_N: their ids, see `posesift.data.readers.coco.ids.plain`.
        names_M: file names of the images that have such an annotation.
        id_M: ids of these images, as `number_N`.
        size_M2: their sizes as the file gives them, 0 for none.
        bad: row to what is wrong with it.
        skipped: one line a reason, how many others the file holds.
        told: lines that say how the file was understood.
    """

    wanted: Wanted
    ids: list[str]
    keypoints_NJ2: np.ndarray
    seen_NJ: np.ndarray
    box_N4: np.ndarray
    image_N: np.ndarray
    category_N: np.ndarray
    number_N: list[Id]
    names_M: list[str] = field(default_factory=list)
    id_M: list[Id] = field(default_factory=list)
    size_M2: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    bad: dict[int, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def load(
    file: Path,
    category: str | None = None,
    expected: Skeleton | None = None,
    threshold: float = 0.3,
) -> Annotations:
    """Read a COCO file.

    Args:
        file: the JSON file. ``NaN`` and ``Infinity``, which Python writes though JSON has no such
            words, are taken.
        category: which to read where several have keypoints: a name, names joined by ``+``, or
            ``all``.
        expected: the skeleton that the user names, for files that name no keypoints.
        threshold: above it a keypoint is labelled, where v is a confidence.

    Raises:
        ValueError: there is no such file, it is not JSON (line and column are named) or not COCO
            keypoints, no category or several fit, or no annotation has a labelled keypoint.
    """
    coco = document.load(file)
    kinds = wanted(coco, category, expected, file)
    images = ImageIds(coco.images)
    found = _packed(coco.annotations, kinds, images)
    found = _by_confidence(found, threshold)
    if not found.ids:
        raise ValueError(
            f"{file}: expected annotations of {' and '.join(map(repr, kinds.names))} with labelled "
            f"keypoints, found none among {len(coco.annotations)}"
            + "".join(f"; {line}" for line in found.skipped)
        )
    found.told = [*kinds.told, *images.told, *found.told]
    if count := images.loosely_found:
        found.told.append(
            f"image ids differ in their spelling (text, number or file name), and were matched all "
            f"the same, for no two images are called so: {count} annotations"
        )
    listed_N = found.image_N >= 0
    used_M, found.image_N[listed_N] = np.unique(found.image_N[listed_N], return_inverse=True)
    used = [coco.images[row] for row in used_M.tolist()]
    found.names_M = [image.file_name for image in used]
    found.id_M = [image.id for image in used]
    size_M2 = np.array([(_side(i.width), _side(i.height)) for i in used], np.float64)
    found.size_M2 = np.round(size_M2.reshape(-1, 2))
    return found


def _packed(raws: list[msgspec.Raw], kinds: Wanted, images: ImageIds) -> Annotations:
    """Return the labelled annotations as arrays; ``image_N`` counts all images of the file."""
    joints, most = len(kinds.keypoints), len(raws)
    # memory that is never written to is never given out, so room for all costs nothing
    keypoints_NJ2 = np.empty((most, joints, 2), np.float32)
    seen_NJ = np.empty((most, joints), np.int8)
    box_N4 = np.empty((most, 4), np.float32)
    image_N = np.empty(most, np.int32)
    category_N = np.empty(most, np.int16)
    ids: list[str] = []
    numbers: list[Id] = []
    bad: dict[int, str] = {}
    others = crowds = empty = 0
    row_of = images.row_of
    for first in range(0, most, _CHUNK):
        read = document.decoded(raws[first : first + _CHUNK])
        kind_C = kinds.rows(read)
        mine = [c for c, kind in enumerate(kind_C) if kind >= 0 or _is_lost(read[c])]
        single = [c for c in mine if not read[c].iscrowd]
        joints_CJ3, labelled_C, wrong = _joints([read[c] for c in single], joints)
        kept = [single[row] for row in np.flatnonzero(labelled_C).tolist()]
        others += len(read) - len(mine)
        crowds += len(mine) - len(single)
        empty += len(single) - len(kept)

        start, rows = len(ids), slice(len(ids), len(ids) + len(kept))
        v_CJ = joints_CJ3[labelled_C, :, 2]
        if seen_NJ.dtype == np.int8 and (v_CJ % 1).any():
            seen_NJ = seen_NJ.astype(np.float32)  # confidences
        with np.errstate(over="ignore"):  # beyond float32 is as far off the image as infinity
            keypoints_NJ2[rows] = joints_CJ3[labelled_C, :, :2]
            box_N4[rows] = _boxes([read[c] for c in kept])
        seen_NJ[rows] = v_CJ
        category_N[rows] = [max(kind_C[c], 0) for c in kept]
        image_N[rows] = [row_of.get(read[c].image_id, -1) for c in kept]
        numbers += [read[c].id for c in kept]
        ids += [_called(read[c].id, first + c) for c in kept]
        for row in (start + np.flatnonzero(image_N[rows] < 0)).tolist():
            key = read[kept[row - start]].image_id
            image_N[row] = images.look(key)
            if image_N[row] < 0:
                bad[row] = f"{ids[row]}: {_lost(key, images)}"
        place_C = np.cumsum(labelled_C) - 1 + start
        bad |= {
            row: f"{ids[row]}: {w}" for row, w in ((int(place_C[c]), w) for c, w in wrong.items())
        }
    counts = {
        "annotations of other categories": others,
        "annotations of crowds": crowds,
        "annotations without a labelled keypoint": empty,
    }
    n = len(ids)
    return Annotations(
        wanted=kinds,
        ids=ids,
        keypoints_NJ2=keypoints_NJ2[:n],
        seen_NJ=seen_NJ[:n],
        box_N4=box_N4[:n],
        image_N=image_N[:n],
        category_N=category_N[:n],
        number_N=numbers,
        bad=bad,
        skipped=[f"skipped: {count} {what}" for what, count in counts.items() if count],
    )


def _side(stated: float | None) -> float:
    """Return a width or height; one that no image has is told with the image."""
    return min(max(stated or 0, -(2**31)), 2**31 - 1)


def _is_lost(annotation: Annotation) -> bool:
    """Whether nothing of an annotation could be read, its category neither."""
    return isinstance(annotation, Spoilt) and annotation.category_id is None


def _called(number: Id, place: int) -> str:
    """Return what to call an annotation in messages: by its id, else by its place in the file.

    >>> _called(7, 0), _called(None, 0)
    ('annotation 7', 'annotations[0]')
    """
    return f"annotations[{place}]" if number is None else f"annotation {number}"


def _lost(key: Id, images: ImageIds) -> str:
    if key is None:
        return "names no image: it has no image_id"
    if key in images.double:
        return f"names the image {key}, but two images have the same id; give every image its own"
    return f"names the image {key}, which the file does not list"


def _joints(
    annotations: list[Annotation], joints: int
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Joints (C, J, 3) of a few annotations, 0 for bad ones; which have a label; what is wrong.

    A v that is no whole number is taken as a confidence for now.
    """
    count = 3 * joints
    spoilt, nothing = [np.nan] * count, [0.0] * count
    rows = [
        k
        if len(k := a.keypoints or []) == count and not isinstance(a, Spoilt)
        else spoilt
        if any(k[2::3]) or isinstance(a, Spoilt)
        else nothing
        for a in annotations
    ]
    joints_CJ3 = np.array(rows, dtype=np.float64).reshape(-1, joints, 3)
    v_CJ: np.ndarray = joints_CJ3[..., 2]
    infinite_C = (~np.isfinite(joints_CJ3).all(-1) & (v_CJ != 0)).any(1)
    other_C = ((v_CJ != 0) & (v_CJ != 1) & (v_CJ != 2)).any(1)
    unknown_C = other_C & ~((v_CJ >= 0) & (v_CJ <= _HIGHEST)).all(1)
    labelled_C = (v_CJ != 0).any(1)
    wrong = {}
    for row in np.flatnonzero(infinite_C | unknown_C).tolist():
        found = annotations[row]
        if isinstance(found, Spoilt):
            what = found.wrong
        elif len(found.keypoints or []) != count:
            given = len(found.keypoints or [])
            pairs = ": x and y without v? write a 2 behind each pair that is labelled, else a 0"
            what = (
                f"expected {count} values in keypoints (x, y, v for each of the category's "
                f"{joints}), found {given}{pairs if given == 2 * joints else ''}"
            )
        elif infinite_C[row]:
            what = "null, NaN or infinity in its keypoints"
        else:
            what = _visibility(v_CJ[row, ~np.isin(v_CJ[row], (0, 1, 2))][0])
        wrong[row] = what
    joints_CJ3[list(wrong)] = 0
    return joints_CJ3, labelled_C, wrong


def _visibility(found: float) -> str:
    return f"a visibility v other than 0, 1 or 2 in its keypoints: {found:g}"


def _boxes(annotations: list[Annotation]) -> np.ndarray:
    """Boxes (C, 4) as in the file: NaN where there is none, infinite if it is not of 4 numbers."""
    none, wrong = [np.nan] * 4, [np.inf] * 4
    rows = [b if len(b := a.bbox or []) == 4 else wrong if b else none for a in annotations]
    return np.array(rows, np.float64).reshape(-1, 4)


def _by_confidence(found: Annotations, threshold: float) -> Annotations:
    """Return what v says: confidences become 1 above the threshold, and 0."""
    v_NJ = found.seen_NJ
    if v_NJ.dtype == np.int8:
        return found
    if (v_NJ == 2).any():  # v proper, and a few numbers that are none
        for row in np.flatnonzero((v_NJ % 1 != 0).any(1)).tolist():
            what = _visibility(v_NJ[row, v_NJ[row] % 1 != 0][0])
            found.bad.setdefault(row, f"{found.ids[row]}: {what}")
            v_NJ[row] = 0
        found.seen_NJ = v_NJ.astype(np.int8)
        return found
    found.told.append(
        f"v is a confidence between {v_NJ.min():g} and {v_NJ.max():g}: keypoints above "
        f"{threshold:g} are taken as labelled (threshold={threshold:g})"
    )
    seen_NJ = (v_NJ > threshold).astype(np.int8)
    kept = np.flatnonzero(seen_NJ.any(1) | np.isin(np.arange(len(seen_NJ)), list(found.bad)))
    if below := len(seen_NJ) - len(kept):
        found.skipped.append(f"skipped: {below} annotations without a keypoint above the threshold")
    place: dict[int, int] = {old: new for new, old in enumerate(kept.tolist())}
    columns: dict[str, Any] = {
        name: getattr(found, name)[kept]
        for name in ("keypoints_NJ2", "box_N4", "image_N", "category_N")
    }
    return replace(
        found,
        **columns,
        seen_NJ=seen_NJ[kept],
        ids=[found.ids[row] for row in kept.tolist()],
        number_N=[found.number_N[row] for row in kept.tolist()],
        bad={place[row]: what for row, what in found.bad.items()},
    )
