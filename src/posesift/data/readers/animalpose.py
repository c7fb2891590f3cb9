"""AnimalPose: a folder with keypoints.json and images/, five species, 14 keypoints.

Cao, Tang, Fang, Shen, Lu and Tai, "Cross-Domain Adaptation for Animal Pose Estimation", ICCV 2019;
4,600 photographs of dogs, cats, sheep, horses and cows, many from PASCAL VOC. The file (the set's
Part I) gives 20 keypoints; the 14 of ``animal14`` are read, by name. Its boxes are
(xmin, ymin, xmax, ymax).

Shapes: N animals, J the 20 keypoints of the file, K the 14 of ``animal14``, 2 = (x, y),
3 = (x, y, visible), 4 = (x, y, width, height).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from posesift import skeletons
from posesift.data.about import About
from posesift.data.files import listed_images, plain_pickle, typed_json
from posesift.data.labels import published_rows
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.keypoint_names import own_skeleton
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.species import chosen
from posesift.data.labels.splits import Split, in_split
from posesift.poses import boxes as geometry
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton
from posesift.skeletons.mapping import mapping
from posesift.skeletons.synonyms import plain

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

NAMES = (
    *("left_eye", "right_eye", "nose", "left_ear", "right_ear"),
    *("left_front_elbow", "right_front_elbow", "left_back_elbow", "right_back_elbow"),
    *("left_front_knee", "right_front_knee", "left_back_knee", "right_back_knee"),
    *("left_front_paw", "right_front_paw", "left_back_paw", "right_back_paw"),
    *("throat", "withers", "tailbase"),
)
"""The published order, for a file whose categories do not name their keypoints."""

SPECIES = {1: "dog", 2: "cat", 3: "sheep", 4: "horse", 5: "cow"}
"""The published numbers, for a file without categories. (Adaptation code that was published later
has a table with other numbers, which is wrong.)"""

_SETS = ("cached_data/real_animal_pose", "real_animal_pose")
_PUBLISHED_SCALE = 1.25  # of the side of a published crop


class _Annotation(msgspec.Struct, gc=False):
    image_id: int | str
    bbox: list[float]
    keypoints: list[list[float]]
    category_id: int


class _Category(msgspec.Struct):
    id: int
    name: str
    keypoints: list[str] = []


class _Document(msgspec.Struct):
    images: dict[str, str]
    annotations: list[_Annotation]
    categories: Any = None


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
    folder = _folder(path)
    file = folder / "keypoints.json"
    document = typed_json.load(file, _Document, "AnimalPose's keypoints.json")
    categories = _categories(document.categories)
    name_of = {kind.id: kind.name.lower() for kind in categories} or SPECIES
    wanted = chosen(species, name_of.values(), "species")
    problems: list[str] = []
    if parity:
        animals, problems = _published(folder, sorted(wanted), split, name_of)
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
    joints_NJ3, bad = _joints(animals, sample_N)
    place_J, told = _places(categories, skeleton, file)
    problems += [told] if told else []
    joints_NK3 = placed(joints_NJ3, place_J, len(skeleton))
    size_N2, image_N, missing = listed_images.listed(
        [str(a.image_id) for a in animals], document.images, {}, folder / "images", sample_N
    )
    nothing = [np.nan] * 4
    corner_N4 = np.array([a.bbox if len(a.bbox) == 4 else nothing for a in animals], np.float64)
    box_N4 = np.concatenate([corner_N4[:, :2], corner_N4[:, 2:] - corner_N4[:, :2]], axis=1)
    box_N4 = listed_images.boxes_or_images(box_N4, size_N2)
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
        box_N4=geometry.square(box_N4, _PUBLISHED_SCALE) if parity else box_N4,
        boxes_from="file",
        mode_N=np.array([name_of.get(a.category_id, "") for a in animals], dtype=object),
    )


def _folder(path: str) -> Path:
    given = Path(path).expanduser().resolve()
    for folder in (given, given / "animal-pose"):
        if (folder / "keypoints.json").is_file():
            if not (folder / "images").is_dir():
                raise ValueError(
                    f"expected AnimalPose's photographs in {folder}/images, found none"
                )
            return folder
    raise ValueError(
        "expected AnimalPose's folder with keypoints.json and images/, found "
        f"{'no keypoints.json in' if given.is_dir() else 'no folder at'} {given}"
    )


def _categories(given: Any) -> list[_Category]:
    """The file's categories; none where they are of another form."""
    try:
        return msgspec.convert(given, list[_Category])
    except msgspec.ValidationError:
        return []


def _places(categories: list[_Category], skeleton: Skeleton, file: Path) -> tuple[list[int], str]:
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


def _joints(
    animals: Sequence[_Annotation], sample_N: Sequence[str]
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


def _published(
    folder: Path, wanted: Sequence[str], split: Split, name_of: dict[int, str]
) -> tuple[list[_Annotation], list[str]]:
    """The animals of the published halves, in their order; and what is to be told."""
    parts = {"train": ("train",), "test": ("test",), "all": ("train", "test")}[split]
    names = [f"{part}_anno.npy" for part in parts]
    animals: list[_Annotation] = []
    told = []
    for kind in wanted:
        places = [f"{each}/{kind}" for each in _SETS]
        place = published_rows.place(folder, places, names, f"the published lists of {kind}s")
        for name in names:
            found = _listed(place / name)
            animals += found
            others = {name_of.get(a.category_id, "unknown") for a in found} - {kind}
            if others:
                told.append(
                    f"{place / name} holds the species {', '.join(sorted(others))}, not {kind}: "
                    "it is the published copy with the species exchanged"
                )
    return animals, told


def _listed(path: Path) -> list[_Annotation]:
    """The annotations of one published file: pickled dicts, of which nothing is run."""
    entries = plain_pickle.load_npy(path).reshape(-1).tolist()
    plain_entries = [
        {key: _plain(value) for key, value in entry.items()} if isinstance(entry, dict) else entry
        for entry in entries
    ]
    try:
        return msgspec.convert(plain_entries, list[_Annotation])
    except msgspec.ValidationError as error:
        raise ValueError(
            f"{path}: expected AnimalPose annotations, found others: {error}"
        ) from None


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
