"""AnimalPose: a folder with keypoints.json and images/, five species, 14 keypoints.

Cao, Tang, Fang, Shen, Lu and Tai, "Cross-Domain Adaptation for Animal Pose Estimation", ICCV 2019;
4,600 photographs of dogs, cats, sheep, horses and cows, many from PASCAL VOC. The file (the set's
Part I) gives 20 keypoints; the 14 of ``animal14`` are read, by name. Its boxes are
(xmin, ymin, xmax, ymax).

Shapes: N animals, J the 20 keypoints of the file, K the 14 of ``animal14``, 2 = (x, y),
3 = (x, y, visible), 4 = (x, y, width, height).
"""

from __future__ import annotations

import numpy as np

from posesift import skeletons
from posesift.data.files import listed_images, typed_json
from posesift.data.labels.boxes import Boxes, of_lists, squares
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.species import chosen
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About, require
from posesift.data.readers.animalpose.annotations import Document, categories_of, joints_of, places
from posesift.data.readers.animalpose.published import published
from posesift.poses.boxes import of_corners
from posesift.poses.table import PoseTable

ABOUT = About(
    title="AnimalPose: 4,600 photographs of dogs, cats, sheep, horses and cows, 20 keypoints",
    page="https://sites.google.com/view/animal-pose/",
    get="Part I: keypoints.json and images/ (Part II has boxes only)",
    terms="none are stated on its page; a part of the photographs is from PASCAL VOC, whose terms "
    "are those of Flickr",
    tree="""
keypoints.json
images/
  2007_000063.jpg ...
""",
    cite="Cao et al., ICCV 2019",
)

SPECIES = {1: "dog", 2: "cat", 3: "sheep", 4: "horse", 5: "cow"}
"""The published numbers, for a file without categories. (Adaptation code that was published later
has a table with other numbers, which is wrong.)"""

_PUBLISHED_SCALE = 1.25  # of the side of a published crop


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    species: str = "all",
    parity: bool = False,
) -> PoseTable:
    """Read the folder, one pose an animal.

    A keypoint whose visible flag is 0 is not visible, wherever it lies: the set's makers say that
    flag 1 means annotated and not occluded. ``table.mode_N`` is the species.

    Args:
        path: the folder, or the one that holds it as ``animal-pose``.
        split: ``train``, ``test`` (the last quarter of each species' images; the set has no split
            of its own, and animals in one image stay together) or ``all``.
        boxes: ``file``, each animal's own; or ``labels``, see `posesift.data.labels.boxes`.
        species: ``all``, or names joined by ``+``: ``dog+sheep`` is the published target.
        parity: as the published adaptation code reads it: the animals, and their order, of the
            files ``cached_data/real_animal_pose/<species>/{train,test}_anno.npy`` that come with
            it, which must lie in or beside the folder or one further up, and its crops: squares
            around the boxes, 1.25 times the longer side. Four of five animals are ``train``, drawn
            one by one, so animals of one image are in both halves. A second copy of those files,
            from which that code trains its style network, has the species exchanged (its dogs are
            cows); files whose species are not what their folder says are named in
            ``table.problems``, and ``table.mode_N`` is what the animal is.

    Raises:
        ValueError: a part is missing or not as described above, or more than 5 % of the animals
            are bad.
    """
    folder = require(
        path,
        ["keypoints.json", "images/"],
        "AnimalPose's folder with keypoints.json and images/",
        inner="animal-pose",
    )
    file = folder / "keypoints.json"
    document = typed_json.load(file, Document, "AnimalPose's keypoints.json")
    categories = categories_of(document.categories)
    name_of = {kind.id: kind.name.lower() for kind in categories} or SPECIES
    wanted = chosen(species, name_of.values(), "species")
    problems: list[str] = []
    if parity:
        animals, problems = published(folder, sorted(wanted), split, name_of)
        chosen_N = None
    else:
        kinds = [name_of.get(a.category_id, "") for a in document.annotations]
        in_it = in_split(split, [str(a.image_id) for a in document.annotations], kinds)
        rows = [row for row, kind in enumerate(kinds) if kind in wanted]
        animals = [document.annotations[row] for row in rows]
        chosen_N = in_it[rows]
        if unknown := sum(not kind for kind in kinds):
            problems.append(f"skipped: {unknown} animals of a category that the file does not name")
    if not animals:
        raise ValueError(f"{file}: expected animals of {' and '.join(wanted)}, found none")

    skeleton = skeletons.load("animal14")
    sample_N = [f"animal {row + 1}, image {a.image_id}" for row, a in enumerate(animals)]
    joints_NJ3, bad = joints_of(animals, sample_N)
    place_J, told = places(categories, skeleton, file)
    problems += [told] if told else []
    joints_NK3 = placed(joints_NJ3, place_J, len(skeleton))
    size_N2, image_N, missing = listed_images.listed(
        [str(a.image_id) for a in animals],
        {key: listed_images.Image(name) for key, name in document.images.items()},
        folder / "images",
        sample_N,
    )
    box_N4 = of_corners(of_lists(a.bbox for a in animals))
    if parity:
        box_N4 = squares(box_N4, _PUBLISHED_SCALE)
    return labelled(
        skeleton,
        joints_NK3[..., :2],
        joints_NK3[..., 2] > 0,
        size_N2,
        sample_N,
        str(folder),
        chosen_N=chosen_N,
        bad=missing | bad,
        boxes=boxes,
        problems=problems,
        image_N=image_N,
        root=str(folder / "images"),
        box_N4=box_N4,
        boxes_from="file",
        mode_N=np.array([name_of.get(a.category_id, "") for a in animals], dtype=object),
    )
