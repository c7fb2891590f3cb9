"""What an AnimalPose file holds: annotations with their keypoints, and the names of both.

Shapes: N animals, J the 20 keypoints of the file, 3 = (x, y, visible).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from posesift.data.labels.keypoint_names import own_skeleton
from posesift.skeletons import Skeleton
from posesift.skeletons.mapping import mapping
from posesift.skeletons.synonyms import plain

NAMES = (
    *("left_eye", "right_eye", "nose", "left_ear", "right_ear"),
    *("left_front_elbow", "right_front_elbow", "left_back_elbow", "right_back_elbow"),
    *("left_front_knee", "right_front_knee", "left_back_knee", "right_back_knee"),
    *("left_front_paw", "right_front_paw", "left_back_paw", "right_back_paw"),
    *("throat", "withers", "tailbase"),
)
"""The published order, for a file whose categories do not name their keypoints."""


class Annotation(msgspec.Struct, gc=False):
    """An animal; its box is (xmin, ymin, xmax, ymax), and a keypoint is x, y and visible."""

    image_id: int | str
    bbox: list[float]
    keypoints: list[list[float]]
    category_id: int


class Category(msgspec.Struct):
    """A species, with the names of its keypoints where the file tells them."""

    id: int
    name: str
    keypoints: list[str] = []


class Document(msgspec.Struct):
    """``keypoints.json``; its categories are taken as they come: see `categories_of`."""

    images: dict[str, str]
    annotations: list[Annotation]
    categories: Any = None


def categories_of(given: Any) -> list[Category]:
    """Return the file's categories; none where they are of another form."""
    try:
        return msgspec.convert(given, list[Category])
    except msgspec.ValidationError:
        return []


def places(categories: list[Category], skeleton: Skeleton, file: Path) -> tuple[list[int], str]:
    """Where each of the file's keypoints stands in the skeleton, -1 drops it; what is to be told.

    They are matched by the names that the file gives them. Where it gives none, or others than
    are known, the published order counts.
    """
    given = {tuple(map(plain, kind.keypoints)) for kind in categories if kind.keypoints}
    if len(given) == 1:
        names = next(iter(given))
        with contextlib.suppress(ValueError):  # names that come twice, or of which none is known
            parts = mapping(own_skeleton(names, None, str(file)), skeleton).parts
            if len(names) == len(NAMES) and all(parts):
                return _inverse(parts, len(names)), ""
    parts = mapping(own_skeleton(NAMES, None, str(file)), skeleton).parts
    told = f"{file} names its keypoints otherwise: they are read in the published order"
    return _inverse(parts, len(NAMES)), told if given else ""


def _inverse(parts: Sequence[tuple[int, ...]], count: int) -> list[int]:
    place_J = [-1] * count
    for k, (j,) in enumerate(parts):
        place_J[j] = k
    return place_J


def joints_of(
    animals: Sequence[Annotation], sample_N: Sequence[str]
) -> tuple[np.ndarray, dict[int, str]]:
    """Keypoints (N, J, 3): x, y, visible, zero for bad rows; and row to what is wrong."""
    count = len(NAMES)
    bad = {
        row: f"{sample_N[row]}: expected {count} keypoints of x, y and visible, found "
        f"{len(a.keypoints)}" + ("" if len(a.keypoints) != count else " of other lengths")
        for row, a in enumerate(animals)
        if len(a.keypoints) != count or any(len(point) != 3 for point in a.keypoints)
    }
    nothing = [[0.0] * 3] * count
    rows = [nothing if row in bad else a.keypoints for row, a in enumerate(animals)]
    return np.array(rows, dtype=np.float64).reshape(-1, count, 3), bad
