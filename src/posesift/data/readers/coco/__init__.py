"""COCO keypoints: one JSON file, of people or of anything with named keypoints.

The format is that of https://cocodataset.org/#format-data: ``images``, ``annotations`` whose
``keypoints`` are x, y, v for each keypoint (v = 0 not labelled, 1 labelled but hidden, 2 seen),
and ``categories`` that name the keypoints.

Shapes: N annotations, M images, J keypoints of the file, K keypoints of the skeleton,
2 = (x, y) or (width, height), 4 = (x, y, width, height).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.about import About
from posesift.data.files.image_folder import image_folder, sizes
from posesift.data.files.listed_images import boxes_or_images, is_box, told_of_boxes
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.keypoint_names import own_skeleton, places
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.coco import packed
from posesift.poses.table import PoseTable

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
    skeleton: str = "body16",
    category: str | None = None,
) -> PoseTable:
    """Read the annotations, one pose each.

    Crowds, annotations without a labelled keypoint and other categories are skipped and counted
    in ``table.problems``. Keypoints are matched by name, so their order in the file does not
    matter, and COCO's people can be read as ``body16``: what the file lacks (pelvis, neck) is
    never visible then, what the skeleton lacks (eyes) is dropped, and ``table.problems`` says so.

    Args:
        path: the JSON file.
        split: ``train``, ``test`` (the last quarter of the images, in the order in which
            annotations name them) or ``all``. COCO's own split is two files.
        boxes: ``file``, the ``bbox`` of each annotation, else the whole image; or ``labels``.
        images: folder of the images; without it, the file's own folder where they lie there, and
            else the table has poses only.
        skeleton: name or TOML file; ``file`` for the keypoints that the category names.
        category: name of the category to read, where several have keypoints.

    Raises:
        ValueError: the file is not COCO keypoints, its keypoints are not the skeleton's, or more
            than 5 % of the annotations are bad (missing image, NaN, wrong number of values).
    """
    file = Path(path).expanduser().resolve()
    found = packed.load(file, category)
    where = f"{file}, category {found.category.name!r}"
    if skeleton == "file":
        target = own_skeleton(found.category.keypoints, found.category.skeleton, where)
    else:
        target = skeletons.load(skeleton)
    place_J, told = places(
        found.category.keypoints, target, where, np.any(found.seen_NJ > 0, axis=0)
    )

    root = image_folder(file, images, found.names_M[0] if found.names_M else None)
    size_M2, wrong = sizes(found.names_M, found.size_M2, root)
    is_wrong_N = np.isin(found.image_N, list(wrong))
    bad = {
        row: f"annotation {found.ids[row]}: {wrong[int(found.image_N[row])]}"
        for row in np.flatnonzero(is_wrong_N).tolist()
    } | found.bad
    # -1, an image that the file does not list, takes the last entry
    size_N2 = np.append(size_M2, [[0, 0]], axis=0)[found.image_N]
    image_N = np.array([*found.names_M, None], dtype=object)[found.image_N]
    has_boxes = is_box(found.box_N4).any()
    keypoints_NK2, seen_NK = (
        placed(values, place_J.tolist(), len(target))
        for values in (found.keypoints_NJ2, found.seen_NJ)
    )
    chosen_N = None if split == "all" else in_split(split, found.image_N.tolist())
    box_N4 = boxes_or_images(found.box_N4, size_N2)
    names = [f"annotation {number}" for number in found.ids]
    problems = [*told, *found.skipped, *told_of_boxes(found.box_N4, bad)]
    del found  # a million annotations need not be held twice
    return labelled(
        target,
        keypoints_NK2,
        seen_NK > 0,
        size_N2,
        names,
        str(file),
        chosen_N=chosen_N,
        bad=bad,
        boxes=boxes,
        problems=problems,
        occluded_NK=seen_NK == 1,
        image_N=image_N if root else None,
        root=str(root or ""),
        box_N4=box_N4,
        boxes_from="file" if has_boxes else "image",
    )
