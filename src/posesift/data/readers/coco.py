"""COCO keypoints: one JSON file, of people or of anything with named keypoints.

The format is that of https://cocodataset.org/#format-data: ``images``, ``annotations`` whose
``keypoints`` are x, y, v for each keypoint (v = 0 not labelled, 1 labelled but hidden, 2 seen),
and ``categories`` that name the keypoints.

Shapes: N annotations, J keypoints of the file, K keypoints of the skeleton, 2 = (x, y),
4 = (x, y, width, height).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from posesift import skeletons
from posesift.data.cleaning import hide_impossible, leave_out
from posesift.data.images import image_size
from posesift.data.keypoint_names import own_skeleton, places
from posesift.data.label_boxes import Boxes, with_boxes
from posesift.data.splits import Split, in_split
from posesift.poses.table import PoseTable
from posesift.storage import inside


class _Image(msgspec.Struct, gc=False):
    id: int | str
    file_name: str
    width: int = 0
    height: int = 0


class _Annotation(msgspec.Struct, gc=False):
    id: int | str
    image_id: int | str
    category_id: int | str
    keypoints: list[float] = []
    bbox: list[float] = []
    iscrowd: int = 0


class _Category(msgspec.Struct):
    id: int | str
    name: str = ""
    keypoints: list[str] = []
    skeleton: Any = None


class _Coco(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


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
            annotations name them) or ``all``.
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
    coco = _decoded(file)
    image_of = {image.id: image for image in coco.images}
    if len(image_of) < len(coco.images):
        raise ValueError(f"{file}: two images have the same id; give every image its own")
    wanted = _category(coco, category, file)
    where = f"{file}, category {wanted.name!r}"
    if skeleton == "file":
        target = own_skeleton(wanted.keypoints, wanted.skeleton, where)
    else:
        target = skeletons.load(skeleton)
    place_J, told = places(wanted.keypoints, target, where)

    annotations, skipped = _labelled(coco, wanted)
    if not annotations:
        raise ValueError(
            f"{file}: expected annotations of {wanted.name!r} with labelled keypoints, found none "
            f"among {len(coco.annotations)}" + "".join(f"; {line}" for line in skipped)
        )
    root = _image_folder(file, images, coco.images[0].file_name if coco.images else "")
    size_N2, bad = _sizes(annotations, image_of, root)
    joints_NJ3, wrong = _joints(annotations, len(place_J))
    bad |= wrong

    used_J = place_J >= 0
    keypoints_NK2 = np.zeros((len(annotations), len(target), 2))
    visible_NK = np.zeros(keypoints_NK2.shape[:2], bool)
    occluded_NK = np.zeros_like(visible_NK)
    keypoints_NK2[:, place_J[used_J]] = joints_NJ3[:, used_J, :2]
    visible_NK[:, place_J[used_J]] = joints_NJ3[:, used_J, 2] > 0
    occluded_NK[:, place_J[used_J]] = joints_NJ3[:, used_J, 2] == 1
    visible_NK[list(bad)] = False
    names = [f"annotation {annotation.id}" for annotation in annotations]
    visible_NK, hidden = hide_impossible(
        keypoints_NK2, visible_NK, size_N2, target.keypoints, names, str(file)
    )
    image_ids = [annotation.image_id for annotation in annotations]
    file_names = [image_of[i].file_name if i in image_of else None for i in image_ids]
    table = PoseTable(
        skeleton=target,
        keypoints_NK2=keypoints_NK2.astype(np.float32),
        visible_NK=visible_NK,
        occluded_NK=occluded_NK & visible_NK,
        width_N=size_N2[:, 0],
        height_N=size_N2[:, 1],
        image_N=np.array(file_names, dtype=object) if root else None,
        root=str(root or ""),
        box_N4=_boxes(annotations, size_N2),
        boxes_from="file" if any(annotation.bbox for annotation in annotations) else "image",
        problems=[*told, *skipped, *hidden],
    )
    return leave_out(with_boxes(table, boxes), bad, str(file), in_split(split, image_ids))


def _decoded(file: Path) -> _Coco:
    """The file's content, its types checked."""
    if not file.is_file():
        raise ValueError(f"expected a COCO annotation file at {file}, found no file")
    content = file.read_bytes()
    try:
        return msgspec.json.decode(content, type=_Coco)
    except msgspec.ValidationError as error:
        raise ValueError(f"{file} is JSON, but not COCO keypoint annotations: {error}") from None
    except msgspec.DecodeError:
        pass  # Python writes NaN, which is no JSON; its parser takes it, and says where it stops
    try:
        return msgspec.convert(json.loads(content), _Coco)
    except msgspec.ValidationError as error:
        raise ValueError(f"{file} is JSON, but not COCO keypoint annotations: {error}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not valid JSON: {error}; it may be cut short") from None


def _category(coco: _Coco, name: str | None, file: Path) -> _Category:
    """The category to read: the named one, or the only one with keypoints."""
    candidates = [category for category in coco.categories if category.keypoints]
    chosen = [category for category in candidates if name in (None, category.name)]
    if len(chosen) == 1:
        return chosen[0]
    found = ", ".join(repr(category.name) for category in candidates) or "none"
    asked = f"a category named {name!r}" if name else "one category"
    advice = "choose one with category=NAME" if candidates else "is this an `instances` file?"
    raise ValueError(f"{file}: expected {asked} that names its keypoints, found {found}; {advice}")


def _labelled(coco: _Coco, wanted: _Category) -> tuple[list[_Annotation], list[str]]:
    """Annotations of the category that have a keypoint, and how many were skipped and why."""
    mine = [a for a in coco.annotations if a.category_id == wanted.id]
    single = [a for a in mine if not a.iscrowd]
    labelled = [a for a in single if any(a.keypoints[2::3])]
    counts = {
        "annotations of other categories": len(coco.annotations) - len(mine),
        "annotations of crowds": len(mine) - len(single),
        "annotations without a labelled keypoint": len(single) - len(labelled),
    }
    return labelled, [f"skipped: {count} {what}" for what, count in counts.items() if count]


def _image_folder(file: Path, images: str | None, first: str) -> Path | None:
    if images is not None:
        folder = Path(images).expanduser().resolve()
        if not folder.is_dir():
            raise ValueError(f"expected the folder of the images at {folder}, found no folder")
        return folder
    return file.parent if first and inside(file.parent, first).is_file() else None


def _sizes(
    annotations: list[_Annotation], image_of: dict[int | str, _Image], root: Path | None
) -> tuple[np.ndarray, dict[int, str]]:
    """Image sizes (N, 2), and row to what is wrong with its image."""

    def look(image_id: int | str) -> tuple[int, int] | str:
        image = image_of.get(image_id)
        if image is None:
            return f"names the image {image_id}, which the file does not list"
        if root is not None:
            photo = inside(root, image.file_name)
            if not photo.is_file():
                return f"expected its image at {photo}, found no file"
            if not (image.width and image.height):
                try:
                    return image_size(photo)
                except ValueError as error:
                    return str(error)
        if image.width <= 0 or image.height <= 0:
            return f"the file gives no width and height for its image {image.file_name}"
        return image.width, image.height

    seen: dict[int | str, tuple[int, int] | str] = {}
    size_N2 = np.zeros((len(annotations), 2), np.int32)
    bad = {}
    for row, annotation in enumerate(annotations):
        if annotation.image_id not in seen:
            seen[annotation.image_id] = look(annotation.image_id)
        size = seen[annotation.image_id]
        if isinstance(size, str):
            bad[row] = f"annotation {annotation.id}: {size}"
        else:
            size_N2[row] = size
    return size_N2, bad


def _joints(annotations: list[_Annotation], count: int) -> tuple[np.ndarray, dict[int, str]]:
    """Keypoints (N, J, 3): x, y, v, zero for bad rows; and row to what is wrong."""
    bad = {
        row: f"annotation {a.id}: expected {3 * count} values in keypoints (x, y, v for each of "
        f"the category's {count}), found {len(a.keypoints)}"
        for row, a in enumerate(annotations)
        if len(a.keypoints) != 3 * count
    }
    nothing = [0.0] * (3 * count)
    rows = [nothing if row in bad else a.keypoints for row, a in enumerate(annotations)]
    joints_NJ3 = np.array(rows, dtype=np.float64).reshape(-1, count, 3)
    labelled_NJ = joints_NJ3[..., 2] != 0
    infinite_N = (~np.isfinite(joints_NJ3).all(-1) & labelled_NJ).any(1)
    unknown_N = ~np.isin(joints_NJ3[..., 2], (0, 1, 2)).all(1)
    for row in np.flatnonzero(infinite_N | unknown_N):
        what = "NaN or infinity in" if infinite_N[row] else "a visibility v other than 0, 1 or 2 in"
        bad[int(row)] = f"annotation {annotations[row].id}: {what} its keypoints"
    joints_NJ3[list(bad)] = 0
    return joints_NJ3, bad


def _boxes(annotations: list[_Annotation], size_N2: np.ndarray) -> np.ndarray:
    """Boxes (N, 4): the annotation's, or the whole image where it has none."""
    box_N4 = np.concatenate([np.zeros_like(size_N2), size_N2], axis=1).astype(np.float32)
    for row, annotation in enumerate(annotations):
        box = annotation.bbox
        if len(box) == 4 and np.isfinite(box).all() and min(box[2:]) > 0:
            box_N4[row] = box
    return box_N4
