"""AP-10K: 10,015 photographs of 54 species, 17 keypoints, in three published splits.

Yu, Xu, Zhang, Zhao, Guan and Tao, "AP-10K: A Benchmark for Animal Pose Estimation in the Wild",
NeurIPS 2021 (Datasets and Benchmarks). The annotations are COCO's, with one category for each
species and the species' family as its ``supercategory``.

Shapes: N animals, M images, K the 17 keypoints, 2 = (x, y) or (width, height), 3 = (x, y, v),
4 = (x, y, width, height).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from posesift import skeletons
from posesift.data.files import listed_images, typed_json
from posesift.data.labels.boxes import Boxes, of_lists
from posesift.data.labels.labelled import labelled
from posesift.data.labels.species import chosen
from posesift.data.labels.splits import Split
from posesift.data.readers.about import About, require
from posesift.poses.table import PoseTable
from posesift.skeletons.synonyms import plain

ABOUT = About(
    title="AP-10K: 10,015 photographs of animals of 54 species, 17 keypoints",
    page="https://github.com/AlexTheBad/AP-10K",
    get="ap-10k.zip (the link under Download; the version with unlabelled images is not needed)",
    terms="the dataset is under CC BY 4.0, so name its authors; the photographs were collected "
    "from other sets and the web",
    tree="""
annotations/
  ap10k-train-split1.json ... ap10k-test-split3.json
data/
  000000000001.jpg ...
""",
    cite="Yu et al., NeurIPS 2021 Datasets and Benchmarks",
)

NAMES = (
    *("left_eye", "right_eye", "nose", "neck", "root_of_tail"),
    *("left_shoulder", "left_elbow", "left_front_paw"),
    *("right_shoulder", "right_elbow", "right_front_paw"),
    *("left_hip", "left_knee", "left_back_paw"),
    *("right_hip", "right_knee", "right_back_paw"),
)
"""The file's own names, in its order; ``ap10k17`` has the same places under the names that they
have in the other skeletons of animals, see there."""

_PARTS = {"train": ("train",), "test": ("test",), "all": ("train", "val", "test")}


class _Image(listed_images.Image, kw_only=True, gc=False):
    id: int


class _Annotation(msgspec.Struct, gc=False):
    id: int
    image_id: int
    category_id: int
    keypoints: list[float] = []
    bbox: list[float] = []
    iscrowd: int = 0


class _Category(msgspec.Struct):
    id: int
    name: str
    supercategory: str = ""
    keypoints: list[str] = []


class _Document(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    fold: Literal[1, 2, 3] = 1,
    species: str = "all",
) -> PoseTable:
    """Read the folder, one pose an animal.

    The keypoints are those of ``ap10k17``; ``as=animal14`` keeps the fourteen that AnimalPose
    and the synthetic animals have too. Hidden but labelled keypoints (v = 1) are visible and
    occluded. ``table.mode_N`` is the species. Animals without a labelled keypoint are skipped and
    counted in ``table.problems``.

    Args:
        path: the folder.
        split: ``train``, ``test`` or ``all``: the published ones. The published validation set is
            part of ``all`` only.
        boxes: ``file``, each animal's own; or ``labels``, see `posesift.data.labels.boxes`.
        fold: which of the three published splits.
        species: ``all``, or species or families joined by ``+``: ``dog+Bovidae``.

    Raises:
        ValueError: a part is missing or not as described above, or more than 5 % of the animals
            are bad.
    """
    folder = require(path, ["annotations/", "data/"], "AP-10K's folder with annotations/ and data/")
    skeleton = skeletons.load("ap10k17")
    images: dict[int, _Image] = {}
    kinds: dict[int, _Category] = {}
    animals: list[_Annotation] = []
    part_of: list[str] = []
    for part in _PARTS[split]:
        file = folder / "annotations" / f"ap10k-{part}-split{fold}.json"
        document = typed_json.load(file, _Document, "AP-10K's annotations in COCO's form")
        if twice := images.keys() & {image.id for image in document.images}:
            raise ValueError(
                f"{file}: expected other images than in the parts before it, found "
                f"{len(twice)} again, such as {min(twice)}; are these the files of one split?"
            )
        _check_names(document.categories, file)
        images |= {image.id: image for image in document.images}
        kinds |= {kind.id: kind for kind in document.categories}
        animals += document.annotations
        part_of += [part] * len(document.annotations)
    wanted = _wanted(kinds.values(), species)
    mine = [
        (a, part)
        for a, part in zip(animals, part_of, strict=True)
        if a.category_id in wanted and not a.iscrowd
    ]
    of_parts = [(a, part) for a, part in mine if any(a.keypoints[2::3])]
    rows = [a for a, _ in of_parts]
    if not rows:
        raise ValueError(
            f"{folder}: expected labelled animals, found none among {len(animals)} annotations"
        )
    dropped = len(mine) - len(rows)
    joints_NK3, bad = _joints(rows, len(skeleton))
    sample_N = [f"annotation {a.id}" for a in rows]
    size_N2, image_N, missing = listed_images.listed(
        [a.image_id for a in rows], images, folder / "data", sample_N
    )
    problems = [f"skipped: {dropped} animals without a labelled keypoint"] if dropped else []
    return labelled(
        skeleton,
        joints_NK3[..., :2],
        joints_NK3[..., 2] > 0,
        size_N2,
        sample_N,
        str(folder),
        bad=missing | bad,
        boxes=boxes,
        number_N=_within([part for _, part in of_parts]),
        problems=problems,
        occluded_NK=joints_NK3[..., 2] == 1,
        image_N=image_N,
        root=str(folder / "data"),
        box_N4=of_lists(a.bbox for a in rows),
        boxes_from="file",
        mode_N=np.array([kinds[a.category_id].name.lower() for a in rows], dtype=object),
    )


def _within(part_N: list[str]) -> np.ndarray:
    """Return the number of each animal within its part, which is the same whatever else is read."""
    numbers = {part: itertools.count() for part in part_N}
    return np.array([next(numbers[part]) for part in part_N])


def _check_names(categories: list[_Category], file: Path) -> None:
    for kind in categories:
        if kind.keypoints and tuple(map(plain, kind.keypoints)) != NAMES:
            raise ValueError(
                f"{file}: expected AP-10K's keypoints {', '.join(NAMES)}, found for {kind.name!r} "
                f"{', '.join(kind.keypoints)}; read files of your own with coco:"
            )


def _wanted(kinds: Iterable[_Category], text: str) -> set[int]:
    """Ids of the species that the option names, by their own name or their family's."""
    ids: dict[str, list[int]] = {}
    for kind in kinds:
        for name in dict.fromkeys((kind.name.lower(), kind.supercategory.lower())):
            ids.setdefault(name, []).append(kind.id)
    ids.pop("", None)
    return {i for name in chosen(text, ids, "species") for i in ids[name]}


def _joints(animals: list[_Annotation], count: int) -> tuple[np.ndarray, dict[int, str]]:
    """Keypoints (N, K, 3): x, y, v, zero for bad rows; and row to what is wrong."""
    bad = {
        row: f"annotation {a.id}: expected {3 * count} values in keypoints, found "
        f"{len(a.keypoints)}"
        for row, a in enumerate(animals)
        if len(a.keypoints) != 3 * count
    }
    nothing = [0.0] * (3 * count)
    rows = [nothing if row in bad else a.keypoints for row, a in enumerate(animals)]
    joints_NK3 = np.array(rows, dtype=np.float64).reshape(-1, count, 3)
    unknown_N = ~np.isin(joints_NK3[..., 2], (0, 1, 2)).all(1)
    for row in np.flatnonzero(unknown_N).tolist():
        bad[row] = f"annotation {animals[row].id}: a visibility v other than 0, 1 or 2"
    joints_NK3[list(bad)] = 0
    return joints_NK3, bad
