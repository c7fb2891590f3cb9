"""Label Studio: its export in JSON or JSON_MIN, keypoints labelled with KeyPointLabels.

Coordinates are percents of the image's width and height, from its corner, so half a pixel goes off.
A keypoint belongs to the rectangle that it names as its parent, that a relation joins it to, or
that alone it lies in; where an image has no rectangles, all its keypoints are one pose.
https://labelstud.io/guide/export and https://labelstud.io/tags/keypointlabels

Shapes: N poses, M images, J keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from posesift.data.files import typed_json
from posesift.data.files.exif import Exif
from posesift.data.files.image_folder import folder_at, photographs
from posesift.data.files.image_names import end_in, is_there
from posesift.data.files.images import MAYBE, SUFFIXES
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.named_poses import NamedPoses, pose_table
from posesift.data.labels.splits import Split
from posesift.data.readers.about import About
from posesift.poses.table import PoseTable
from posesift.storage import inside

ABOUT = About(
    title="Label Studio: your own images, labelled with KeyPointLabels",
    page="https://labelstud.io/guide/export",
    get='nothing: "Export" as JSON, or as JSON-MIN',
    terms="yours",
    tree="""
project-1.json     (this file is the address's path)
photos/            (images=photos: what was uploaded, or the folder that was synchronised)
  0001.jpg ...
""",
)

_TOLD = "an export of Label Studio"
_CORNER = 0.5  # px from the image's corner to the centre of its first pixel
_PREFIX = 9  # characters that an upload's name is given: a1b2c3d4-photo.jpg

Region = Mapping[str, Any]


@dataclass
class _Pose:
    """A pose: keypoint to x and y in percent."""

    image: int
    sample: str
    mode: str = ""
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    box: tuple[float, ...] = (math.nan,) * 4
    wrong: str = ""


@dataclass
class _Found:
    """What the file holds."""

    images: list[str] = field(default_factory=list)
    sizes: list[tuple[float, float]] = field(default_factory=list)
    poses: list[_Pose] = field(default_factory=list)
    keypoints: dict[str, None] = field(default_factory=dict)
    empty: int = 0
    others: int = 0
    astray: int = 0


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
    exif: Exif = "apply",
) -> PoseTable:
    """Read the keypoints, one pose a rectangle, or an image where there are none.

    Of several annotations of one image the ground truth is read, else the first that was not
    cancelled. ``table.mode_N`` is the rectangle's label where there are several.

    Args:
        path: the JSON file.
        split: ``train``, ``test`` (the last quarter of the images) or ``all``.
        boxes: ``file``, the rectangles, else the whole image; or ``labels``.
        images: folder of the images; without it, the file's own. Label Studio names images by the
            address of its server: of each, the longest end that lies in the folder is taken, with
            or without the eight characters that an upload's name is given.
        skeleton: name or TOML file; ``file`` for the labels of the file. Without it, the built-in
            skeleton that has just these keypoints, else ``file``.
        exif: ``ignore`` for labels that were made on the stored pixels of images that EXIF turns.

    Raises:
        ValueError: the file is no such export, or more than 5 % of the poses (and more than one)
            are bad.
    """
    file = Path(path).expanduser().resolve()
    found = _Found()
    for number, task in enumerate(typed_json.load(file, list[dict[str, Any]], _TOLD)):
        _task(task, f"task {task.get('id', number)}", found)
    if not found.poses:
        raise ValueError(
            f"{file}: expected {_TOLD} with keypoints (KeyPointLabels), found none in "
            f"{found.empty} tasks"
        )
    names_J = list(found.keypoints)
    root = file.parent if images is None else folder_at(images)
    images_M = [_local(name, root) for name in found.images]
    has_images = images is not None or any(is_there(root / name) for name in images_M[:1] if name)
    folder = root if has_images else None
    photos = photographs(images_M, np.array(found.sizes).reshape(-1, 2), folder, exif=exif)
    image_N = [pose.image for pose in found.poses]
    share_NJ2 = np.array(
        [[pose.points.get(name, (math.nan, math.nan)) for name in names_J] for pose in found.poses]
    )
    size_N2 = photos.size_M2[image_N]
    with np.errstate(over="ignore", invalid="ignore"):  # as far off the image as infinity
        points_NJ2 = share_NJ2 / 100 * size_N2[:, None] - _CORNER
        box_N4 = np.array([pose.box for pose in found.poses]) / 100 * np.tile(size_N2, 2)
    counts = {
        "tasks without keypoints": found.empty,
        "further annotations of the same image": found.others,
        "keypoints that lie in no rectangle or in several": found.astray,
    }
    modes = [pose.mode for pose in found.poses]
    return pose_table(
        NamedPoses(
            names_J=names_J,
            keypoints_NJ2=np.where(np.isnan(share_NJ2), 0, points_NJ2),
            seen_NJ=(~np.isnan(share_NJ2)).all(-1).astype(int),
            image_N=image_N,
            images_M=images_M,
            size_M2=photos.size_M2,
            sample_N=[pose.sample for pose in found.poses],
            box_N4=box_N4,
            mode_N=modes if len(set(modes)) > 1 else None,
            bad={n: pose.wrong for n, pose in enumerate(found.poses) if pose.wrong},
            problems=[f"skipped: {count} {what}" for what, count in counts.items() if count],
        ),
        file,
        split=split,
        boxes=boxes,
        images=images,
        skeleton=skeleton,
        exif=exif,
        photos=(folder, photos),
    )


def _task(task: Region, where: str, found: _Found) -> None:
    """Take the poses of a task."""
    if isinstance(annotations := task.get("annotations", task.get("completions")), list):
        kept = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
        kept.sort(key=lambda annotation: not annotation.get("ground_truth"))
        listed = kept[0].get("result") if kept else None
        found.others += max(len(kept) - 1, 0)
        data = task.get("data")
        image = _image(data if isinstance(data, dict) else {})
    else:  # JSON_MIN: what a tag labelled, under the name of the tag
        listed = [one for values in task.values() if isinstance(values, list) for one in values]
        image = _image(task)
    listed = listed if isinstance(listed, list) else []
    regions: list[Region] = [region for region in listed if isinstance(region, dict)]
    points = [region for region in regions if _labels(region, "keypointlabels")]
    if not points:
        found.empty += 1
        return
    where = f"{where} ({image.rpartition('/')[2]})"
    boxes = [region for region in regions if _labels(region, "rectanglelabels")]
    size = next(_sizes(points), (0.0, 0.0))
    found.images.append(image)
    found.sizes.append(size)
    poses = [_of_box(box, len(found.images) - 1, where) for box in boxes]
    alone = _Pose(len(found.images) - 1, where)
    box_of = _joined(regions, boxes)
    for region in points:
        place, name = _value(region), str(_labels(region, "keypointlabels")[0])
        found.keypoints.setdefault(name)
        point = _number(place, "x"), _number(place, "y")
        owner = box_of.get(str(region.get("id")), _around(point, poses))
        if len(poses) > 1 and owner is None:
            found.astray += 1
            continue
        pose = alone if not poses else poses[owner or 0]
        _add(pose, name, point, region)
    found.poses += [pose for pose in [*poses, alone] if pose.points]


def _joined(regions: list[Region], boxes: list[Region]) -> dict[str, int]:
    """Regions that name a rectangle as their parent, or that a relation joins to one."""
    place = {str(box["id"]): n for n, box in enumerate(boxes) if box.get("id") is not None}
    found = {}
    for region in regions:
        if region.get("type") == "relation":
            ends = str(region.get("from_id")), str(region.get("to_id"))
            for one, other in (ends, ends[::-1]):
                if other in place and one not in place:
                    found.setdefault(one, place[other])
    parents = {str(r.get("id")): str(r.get("parentID", r.get("parent_id"))) for r in regions}
    return found | {one: place[parent] for one, parent in parents.items() if parent in place}


def _around(point: tuple[float, float], poses: list[_Pose]) -> int | None:
    """Return the only rectangle that a point lies in."""
    x, y = point
    within = [
        n
        for n, (left, top, width, height) in enumerate(pose.box for pose in poses)
        if left <= x <= left + width and top <= y <= top + height
    ]
    return within[0] if len(within) == 1 else None


def _of_box(box: Region, image: int, where: str) -> _Pose:
    value = _value(box)
    sides = tuple(_number(value, side) for side in ("x", "y", "width", "height"))
    pose = _Pose(image, where, str(_labels(box, "rectanglelabels")[0]).lower(), box=sides)
    if value.get("rotation"):
        pose.wrong = "its rectangle is turned, which is not read"
    return pose


def _add(pose: _Pose, name: str, point: tuple[float, float], region: Region) -> None:
    turned = region.get("image_rotation") or 0
    if name in pose.points:
        pose.wrong = f"the keypoint {name!r} twice; draw a rectangle around each pose"
    elif not all(map(math.isfinite, point)):
        pose.wrong = f"{name}: expected x and y in percent"
    elif turned:
        pose.wrong = f"labelled on an image turned by {turned} degrees, which is not read"
    pose.points[name] = point if all(map(math.isfinite, point)) else (math.nan, math.nan)


def _sizes(regions: list[Region]) -> Iterator[tuple[float, float]]:
    for region in regions:
        size = _number(region, "original_width"), _number(region, "original_height")
        if all(map(math.isfinite, size)):
            yield size


def _value(region: Region) -> Region:
    """Give where a region lies: in JSON under ``value``, in JSON_MIN beside the labels."""
    value = region.get("value")
    return value if isinstance(value, dict) else region


def _labels(region: Region, kind: str) -> list[Any]:
    labels = _value(region).get(kind)
    return labels if isinstance(labels, list) else []


def _number(value: Region, key: str) -> float:
    found = value.get(key)
    return float(found) if isinstance(found, int | float) and abs(found) < 1e9 else math.nan


def _image(data: Region) -> str:
    """Return the address of a task's image: what is called image, or ends as images do."""
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    endings = (*SUFFIXES, *MAYBE)
    found = [v for v in texts.values() if _without_query(v).lower().endswith(endings)]
    return texts.get("image") or next(iter(found), "")


def _without_query(address: str) -> str:
    return address if "?d=" in address else address.partition("?")[0]


def _local(address: str, root: Path) -> str:
    """Return where an image lies in a folder."""
    name = end_in(root, unquote(_without_query(address)))
    short = name[_PREFIX:]
    is_upload = len(name) > _PREFIX and name[_PREFIX - 1] == "-"
    if name and not is_there(inside(root, name)) and is_upload and is_there(inside(root, short)):
        return short
    return name
