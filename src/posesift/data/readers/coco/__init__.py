"""COCO keypoints: one JSON file, of people or of anything with named keypoints.

The format is that of https://cocodataset.org/#format-data: ``images``, ``annotations`` whose
``keypoints`` are x, y, v for each keypoint (v = 0 not labelled, 1 labelled but hidden, 2 seen),
and ``categories`` that name the keypoints.

Shapes: N annotations, M images, J keypoints of the file, K keypoints of the skeleton,
2 = (x, y) or (width, height), 4 = (x, y, width, height).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from posesift import skeletons
from posesift.data.files.exif import Exif
from posesift.data.files.image_folder import image_folder, photographs
from posesift.data.files.image_names import Names
from posesift.data.labels.boxes import Boxes, is_box
from posesift.data.labels.cleaning import pull_to_edge
from posesift.data.labels.keypoint_names import own_skeleton, places, skeleton_of, told_of_own
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.named_poses import V_NEVER_2
from posesift.data.labels.splits import Split, in_split
from posesift.data.labels.turned import told_of_view
from posesift.data.readers.about import About
from posesift.data.readers.coco import packed
from posesift.data.readers.coco.ids import plain
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton

ABOUT = About(
    title="COCO keypoints: 118,000 photographs, 150,000 people with 17 keypoints; or your own file",
    page="https://cocodataset.org/#download",
    get="2017 Train/Val annotations (person_keypoints_*.json), 2017 Train or Val images",
    terms="annotations CC BY 4.0; the photographs are under the terms of Flickr",
    tree="""
annotations/person_keypoints_val2017.json   (this file is the address's path)
val2017/                                    (images=val2017)
  000000000139.jpg ...
""",
    cite="Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014",
    files="person_keypoints_*20[0-9][0-9].json",
)


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
    category: str | None = None,
    names: Names = "path",
    exif: Exif = "apply",
    threshold: float = 0.3,
    bbox: Literal["xywh", "xyxy"] = "xywh",
    coordinates: Literal["pixels", "relative"] = "pixels",
) -> PoseTable:
    """Read the annotations, one pose each.

    Crowds, annotations without a labelled keypoint and other categories are skipped and counted
    in ``table.problems``. Keypoints are matched by name, so their order in the file does not
    matter, and COCO's people can be read as ``body16``: what the file lacks (pelvis, neck) is
    never visible then, what the skeleton lacks (eyes) is dropped, and ``table.problems`` says so.
    What can be understood in two ways (ids as text and as numbers, v that is never 2, limbs
    counted from 0) is said in ``table.notes``.

    Args:
        path: the JSON file.
        split: ``train``, ``test`` (the last quarter of the images, in the order in which
            annotations name them) or ``all``. COCO's own split is two files.
        boxes: ``file``, the ``bbox`` of each annotation (around the keypoints where only some have
            none, the whole image where all have none); or ``labels``.
        images: folder of the images; without it, the file's own folder where they lie there, and
            else the table has poses only.
        skeleton: name or TOML file; ``file`` for the keypoints that the category names. Without
            it, the built-in skeleton that has just the file's keypoints, else ``file``. Where the
            category names no keypoints, they are taken in the order of the skeleton.
        category: what to read, where several categories have keypoints: a name, names joined by
            ``+``, or ``all``; of several ``table.mode_N`` says which.
        names: ``file`` takes only the last part of each image's name, of paths of another
            computer.
        exif: ``ignore`` for labels that were made on the stored pixels of images that EXIF turns.
        threshold: above it a keypoint is labelled, where v is a confidence.
        bbox: ``xyxy`` where boxes are two corners.
        coordinates: ``relative`` where they are shares of the image's width and height.

    Raises:
        ValueError: the file is not COCO keypoints, its keypoints are not the skeleton's, or more
            than 5 % of the annotations (and more than one) are bad (missing image, NaN, wrong
            number of values).
    """
    file = Path(path).expanduser().resolve()
    expected = None if skeleton in (None, "file") else skeletons.load(skeleton)
    found = packed.load(file, category, expected, threshold)
    target, place_J, told = _skeleton(found, expected, skeleton, file)
    root = image_folder(file, images, found.names_M[0] if found.names_M else None)
    photos = photographs(found.names_M, found.size_M2, root, exif=exif, how=names)
    is_wrong_N = np.isin(found.image_N, list(photos.wrong))
    bad = {
        row: f"{found.ids[row]}: {photos.wrong[int(found.image_N[row])]}"
        for row in np.flatnonzero(is_wrong_N).tolist()
    } | found.bad
    # -1, an image that the file does not list, takes the last entry
    size_N2, other_N2 = (
        np.append(size_M2, [[0, 0]], axis=0)[found.image_N]
        for size_M2 in (photos.size_M2, photos.other_M2)
    )
    image_N = np.array([*photos.names_M, None], dtype=object)[found.image_N]
    _convert(found, size_N2, bbox, coordinates)
    has_boxes = is_box(found.box_N4).any()
    keypoints_NK2, seen_NK = (
        placed(values, place_J.tolist(), len(target))
        for values in (found.keypoints_NJ2, found.seen_NJ)
    )
    if not (knows_hidden := bool((found.seen_NJ == 2).any())) and found.seen_NJ.any():
        told.append(V_NEVER_2)
    columns: dict[str, Any] = {
        "chosen_N": None if split == "all" else in_split(split, found.image_N.tolist()),
        "problems": found.skipped,
        "notes": [*found.told, *told, *photos.told],
        "box_N4": found.box_N4,
        "mode_N": _modes(found),
        "id_N": plain(found.number_N),
        "image_id_N": None if (id_M := plain(found.id_M)) is None else _at(id_M, found.image_N),
    }
    sample_N = found.ids
    del found  # a million annotations need not be held twice
    return labelled(
        target,
        keypoints_NK2,
        seen_NK > 0,
        size_N2,
        sample_N,
        str(file),
        bad=bad,
        boxes=boxes,
        advice=[
            *photos.unlike,
            *told_of_view(keypoints_NK2, seen_NK > 0, size_N2, other_N2, exif),
        ],
        occluded_NK=seen_NK == 1 if knows_hidden else None,
        image_N=image_N if root else None,
        root=str(root or ""),
        boxes_from="file" if has_boxes else "image",
        exif=exif,
        least_bad=1,
        **columns,
    )


def _skeleton(
    found: packed.Annotations, expected: Skeleton | None, name: str | None, file: Path
) -> tuple[Skeleton, np.ndarray, list[str]]:
    """Return the skeleton, where its keypoints stand in the file, and what to tell of both."""
    keypoints = found.wanted.keypoints
    where = f"{file}, category {' and '.join(map(repr, found.wanted.names))}"
    told: list[str] = []
    if expected is None and name is None and (fitting := skeleton_of(keypoints)):
        expected = skeletons.load(fitting)
    if expected is None:
        target = own_skeleton(keypoints, found.wanted.limbs, where)
        told = told_of_own(keypoints, found.wanted.limbs)
    else:
        target = expected
    place_J, lost = places(keypoints, target, where, np.any(found.seen_NJ > 0, axis=0))
    found.skipped = [*lost, *found.skipped]
    return target, place_J, told


def _convert(
    found: packed.Annotations,
    size_N2: np.ndarray,
    bbox: Literal["xywh", "xyxy"],
    coordinates: Literal["pixels", "relative"],
) -> None:
    """Make boxes of corners, pixels of shares, and edges of images where they end, in place."""
    with np.errstate(over="ignore", invalid="ignore"):  # as far off the image as infinity
        if coordinates == "relative":
            found.keypoints_NJ2 *= size_N2[:, None]
            found.box_N4 *= np.tile(size_N2, 2)
        if bbox == "xyxy":
            found.box_N4[:, 2:] -= found.box_N4[:, :2]
    pull_to_edge(found.keypoints_NJ2, size_N2)


def _at(id_M: np.ndarray, image_N: np.ndarray) -> np.ndarray:
    """Return the id of each annotation's image; any for those that are bad, without an image."""
    return id_M[np.maximum(image_N, 0)]


def _modes(found: packed.Annotations) -> np.ndarray | None:
    if len(found.wanted.names) < 2:
        return None
    return np.array([name.lower() for name in found.wanted.names], object)[found.category_N]
