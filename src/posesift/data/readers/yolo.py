"""Ultralytics' YOLO pose: a data YAML, and a text file of labels beside each image.

A line of a label file is a class, a box (centre, width, height) and x, y and, mostly, v for each
keypoint, all but class and v as shares of the image's width and height. v is that of COCO.
https://docs.ultralytics.com/datasets/pose

Shapes: N poses, M images, J keypoints, 2 = (x, y), 3 = (x, y, v), 4 = (x, y, width, height).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import numpy as np

from posesift import documents, skeletons, storage
from posesift.data.files.exif import Exif
from posesift.data.files.image_folder import photographs
from posesift.data.files.image_names import is_folder, is_there
from posesift.data.files.images import MAYBE, SUFFIXES
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.cleaning import pull_to_edge
from posesift.data.labels.keypoint_names import places, skeleton_of
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.named_poses import V_NEVER_2
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton
from posesift.skeletons.sides import readable
from posesift.skeletons.skeleton import from_document
from posesift.storage import inside, is_utf8

ABOUT = About(
    title="Ultralytics YOLO pose: your own images and labels, or those of a data YAML",
    page="https://docs.ultralytics.com/datasets/pose",
    get="the data set of a YAML, such as coco8-pose.yaml",
    terms="those of the data set; of your own, yours",
    tree="""
data.yaml                (this file is the address's path)
images/
  train/
    0001.jpg ...
  val/ ...
labels/
  train/
    0001.txt ...
  val/ ...
""",
    files="coco*-pose.yaml",
)

_MOST = 1000  # keypoints: more is no skeleton
_PARTS = {"train": ("train",), "test": ("test", "val"), "all": ("train", "val", "test")}


class _Data(msgspec.Struct):
    kpt_shape: list[int]
    path: str = ""
    train: str | list[str] | None = None
    val: str | list[str] | None = None
    test: str | list[str] | None = None
    names: dict[str | int, Any] | list[Any] = []
    flip_idx: list[int] = []
    kpt_names: dict[str | int, list[str]] | list[str] = []


@dataclass
class _Labels:
    """Lines of label files, numbers as in the files."""

    image_N: list[int]
    line_N: list[int]
    values: list[list[float]]
    names: list[str]
    bad: dict[int, str]


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
    exif: Exif = "apply",
) -> PoseTable:
    """Read the labels, one pose a line; of several classes ``table.mode_N`` says which.

    An image that several parts name is read once, and ``table.problems`` counts such. A ``val`` or
    ``test`` that is a whole path is not read with ``all``, and ``table.notes`` says so.

    Args:
        path: the data YAML.
        split: ``train``, ``test`` (the YAML's ``test``, else its ``val``, else the last quarter of
            the images) or ``all``.
        boxes: ``file``, those of the lines; or ``labels``.
        images: folder of the data set, where it is not that of the YAML or its ``path`` in it.
        skeleton: name or TOML file of a skeleton with as many keypoints, which the labels are
            taken in the order of. Without it, the YAML's ``kpt_names`` say; 17 that a flip
            exchanges as COCO's are ``coco17``.
        exif: ``ignore`` for labels that were made on the stored pixels of images that EXIF turns.

    Raises:
        ValueError: the YAML is not that of a pose data set, an entry names no folder or a folder
            elsewhere, or more than 5 % of the lines (and more than one) are bad.
    """
    file = Path(path).expanduser().resolve()
    data = documents.converted(
        documents.from_yaml(storage.read_text(file, "a data YAML of Ultralytics"), str(file)),
        _Data,
        f"{file}: as a data YAML of a pose data set",
    )
    if (
        len(data.kpt_shape) != 2
        or data.kpt_shape[1] not in (2, 3)
        or not (3 <= data.kpt_shape[0] <= _MOST)
    ):
        raise ValueError(
            f"{file}: kpt_shape: expected [number of keypoints, 2 or 3], 3 keypoints at least, "
            f"found {data.kpt_shape}"
        )
    joints, dimensions = data.kpt_shape
    target, place_J, notes = _skeleton(data, skeleton, file)
    root = _root(file, data.path, images)
    parts = [part for part in _PARTS[split] if getattr(data, part)]
    if split == "all":
        elsewhere = [p for p in parts if p != "train" and _is_elsewhere(getattr(data, p))]
        parts = [part for part in parts if part not in elsewhere]
        notes += [
            f"{part} lies elsewhere ({getattr(data, part)}) and is not read, for a file may not "
            "name places outside of its folder: read it by a data YAML of its own"
            for part in elsewhere
        ]
    if split == "test":
        parts = parts[:1] or ["train"]
    by_quarter = split != "all" and not (data.val or data.test)
    part_of: dict[str, dict[str, None]] = {}  # each image, and the parts that name it
    for part in parts:
        for name in _images(getattr(data, part), root, file, part):
            part_of.setdefault(name, {})[part] = None
    names = list(part_of)
    if not names:
        raise ValueError(f"{file}: expected images in {', '.join(parts) or 'train'}, found none")
    found, unlabelled = _labels(names, root, 5 + joints * dimensions)
    if not found.values:
        raise ValueError(
            f"{file}: expected labels such as {_label_file(names[0])} in {root}, found no line for "
            f"{len(names)} images"
        )
    photos = photographs(names, np.zeros((len(names), 2)), root, exif=exif)
    image_N = np.array(found.image_N)
    size_N2 = photos.size_M2[image_N]
    values_NV = np.array(found.values)
    joints_NJ3 = values_NV[:, 5:].reshape(-1, joints, dimensions)
    with np.errstate(over="ignore"):  # as far off the image as infinity
        points_NJ2 = joints_NJ3[..., :2] * size_N2[:, None]
    pull_to_edge(points_NJ2, size_N2)
    if dimensions == 3:
        seen_NJ = joints_NJ3[..., 2]
    else:
        seen_NJ = np.where((joints_NJ3 < 0).any(-1) | (joints_NJ3 == 0).all(-1), 0, 1)
    bad = found.bad | {
        row: f"{found.names[row]}: {photos.wrong[m]}"
        for row, m in enumerate(found.image_N)
        if m in photos.wrong
    }
    for row in np.flatnonzero(~np.isin(seen_NJ, (0, 1, 2)).all(1)).tolist():
        bad.setdefault(row, f"{found.names[row]}: a visibility v other than 0, 1 or 2")
    if unlabelled:
        notes.append(f"images without a line of labels, and not read: {unlabelled}")
    if (knows_hidden := bool((seen_NJ == 2).any())) is False and dimensions == 3:
        notes.append(V_NEVER_2)
    keypoints_NK2, seen_NK = (
        placed(each, place_J.tolist(), len(target)) for each in (points_NJ2, seen_NJ)
    )
    shared = {name: " and ".join(of) for name, of in part_of.items() if len(of) > 1}
    problems = []
    if shared:
        problems.append(
            f"{', '.join(sorted(set(shared.values())))} share {len(shared)} of {len(names)} images "
            f"({next(iter(shared))}), read once here: no figure on them says how good a network is"
        )
    classes = [str(name) for name in _listed(data.names)]
    return labelled(
        target,
        keypoints_NK2,
        seen_NK > 0,
        size_N2,
        found.names,
        str(file),
        chosen_N=in_split(split, image_N.tolist()) if by_quarter else None,
        bad=bad,
        boxes=boxes,
        problems=problems,
        least_bad=1,
        notes=[*notes, *photos.told],
        occluded_NK=seen_NK == 1 if knows_hidden else None,
        image_N=np.array(photos.names_M, object)[image_N],
        root=str(root),
        exif=exif,
        box_N4=_boxes(values_NV[:, 1:5], size_N2),
        boxes_from="file",
        id_N=np.array(found.line_N, np.int64),
        mode_N=_modes(classes, values_NV[:, 0]),
    )


def _listed(names: dict[Any, Any] | list[Any]) -> list[Any]:
    return list(names.values()) if isinstance(names, dict) else names


def _skeleton(
    data: _Data, wanted: str | None, file: Path
) -> tuple[Skeleton, np.ndarray, list[str]]:
    """Return the skeleton, where each keypoint of the file stands in it, and what to tell."""
    joints = data.kpt_shape[0]
    flip = data.flip_idx or list(range(joints))
    if sorted(flip) != list(range(joints)) or any(flip[flip[j]] != j for j in range(joints)):
        raise ValueError(
            f"{file}: flip_idx: expected the numbers of {joints} keypoints, each pair exchanged, "
            f"found {flip}"
        )
    names = data.kpt_names
    names = next(iter(names.values()), []) if isinstance(names, dict) else names
    order_J = np.arange(joints)
    if wanted not in (None, "file"):
        target = skeletons.load(wanted)
        if names and len(names) == joints:
            return target, *places(names, target, str(file))
        if len(target) != joints:
            raise ValueError(
                f"{file}: kpt_shape says {joints} keypoints, and {target.name} has {len(target)}"
            )
        return target, order_J, [f"keypoints are taken in the order of {target.name}"]
    if names and len(names) == joints:
        if wanted is None and (fitting := skeleton_of(names)):
            return skeletons.load(fitting), *places(names, skeletons.load(fitting), str(file))
        return _own(readable(names), flip, file), order_J, []
    coco = skeletons.load("coco17")
    if wanted is None and joints == len(coco) and tuple(flip) == coco.mirror:
        return coco, order_J, ["17 keypoints with the flips of COCO: taken in the order of coco17"]
    told = "the YAML names no keypoints (kpt_names): skeleton=NAME says what they are"
    return _own([f"keypoint_{j}" for j in range(joints)], flip, file), order_J, [told]


def _own(names: Sequence[str], flip: Sequence[int], file: Path) -> Skeleton:
    pairs = [[names[j], names[k]] for j, k in enumerate(flip) if j < k]
    limbs = [{"from": a, "to": b} for a, b in itertools.pairwise(names)]
    document = {"name": "file", "keypoints": list(names), "mirror": pairs, "limbs": limbs}
    return from_document(document, str(file))


def _root(file: Path, said: str, images: str | None) -> Path:
    """Give the folder that the entries of the YAML count from; its own ``path`` never leads out."""
    if images is not None:
        root = Path(images).expanduser().resolve()
        if not root.is_dir():
            raise ValueError(f"expected the folder of the data set at {root}, found no folder")
        return root
    root = Path(os.path.normpath(file.parent / said))
    return root if root.is_relative_to(file.parent) and is_folder(root) else file.parent


def _is_elsewhere(entry: str | list[str]) -> bool:
    """Whether an entry is a whole path, as Ultralytics takes it and PoseSift does not."""
    return isinstance(entry, str) and Path(entry).is_absolute()


def _images(entry: str | list[str], root: Path, file: Path, part: str) -> Iterator[str]:
    """Names of the images of one part, relative to the root, in order."""
    for one in [entry] if isinstance(entry, str) else entry:
        name = one.replace("\\", "/")
        while name.startswith(("../", "./")):  # as Roboflow writes it
            name = name.partition("/")[2]
        if name not in (".", "", ".."):
            inside(root, name)
        place = root / name if name not in (".", "..") else root
        if is_folder(place):
            for folder, inner, files in os.walk(place):
                inner.sort()
                for found in sorted(files):
                    is_image = Path(found).suffix.lower() in (*SUFFIXES, *MAYBE)
                    if is_image and not found.startswith(".") and is_utf8(found):
                        yield (Path(folder) / found).relative_to(root).as_posix()
        elif place.suffix == ".txt" and is_there(place):
            lines = storage.read_text(place, "a list of images").splitlines()
            yield from (line.strip().removeprefix("./") for line in lines if line.strip())
        else:
            raise ValueError(
                f"{file}: {part}: expected a folder of images or a list (.txt) at {place}, found "
                "none; images=FOLDER names the folder of the data set"
            )


def _label_file(image: str) -> str:
    """Where the labels of an image lie, as Ultralytics looks for them.

    >>> _label_file("images/train/a.b.jpg"), _label_file("train/images/c.png")
    ('labels/train/a.b.txt', 'train/labels/c.txt')
    """
    before, mark, after = f"/{image}".rpartition("/images/")
    name = f"{before}/labels/{after}" if mark else image
    return PurePosixPath(name).with_suffix(".txt").as_posix().lstrip("/")


def _labels(images: Sequence[str], root: Path, count: int) -> tuple[_Labels, int]:
    """Return the lines of all images, and how many images have none."""
    found, unlabelled = _Labels([], [], [], [], {}), 0
    for m, image in enumerate(images):
        name = _label_file(image)
        file = inside(root, name)
        text = storage.read_text(file, "labels") if is_there(file) else ""
        lines = [(n, line.split()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        unlabelled += not lines
        for number, words in lines:
            try:
                values = [float(word) for word in words]
            except ValueError:
                values = []
            if len(values) != count or not np.isfinite(values).all():
                what = f"expected {count} numbers (class, box, keypoints), found {len(words)} words"
                found.bad[len(found.values)] = f"{name}, line {number}: {what}"
                values = [0.0] * count
            found.image_N.append(m)
            found.line_N.append(number)
            found.values.append(values)
            found.names.append(f"{name}, line {number}")
    return found, unlabelled


def _boxes(box_N4: np.ndarray, size_N2: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        pixels_N4 = box_N4 * np.tile(size_N2, 2)
        pixels_N4[:, :2] -= pixels_N4[:, 2:] / 2
        return pixels_N4


def _modes(classes: Sequence[str], class_N: np.ndarray) -> np.ndarray | None:
    if len(classes) < 2:
        return None
    named = dict(enumerate(classes))
    return np.array([named.get(int(c), str(int(c))).lower() for c in class_N], object)
