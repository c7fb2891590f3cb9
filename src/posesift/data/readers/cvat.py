"""CVAT: its own export, "CVAT for images 1.1", one XML file of skeletons or points.

A ``skeleton`` holds a ``points`` element for each of its keypoints, with ``outside`` where it is
not there and ``occluded`` where it is hidden. Other ``points`` are one pose without names where
they hold several, and one named keypoint where they hold one. CVAT counts from the image's corner,
so half a pixel goes off. https://docs.cvat.ai/docs/manual/advanced/xml_format

Shapes: N poses, M images, J keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.files.exif import Exif
from posesift.data.files.image_names import Names, is_there, leads_out
from posesift.data.files.xml_elements import Element, elements
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.named_poses import NamedPoses, pose_table
from posesift.data.labels.splits import Split
from posesift.data.readers.about import About
from posesift.poses.table import PoseTable

ABOUT = About(
    title="CVAT: your own images, labelled with skeletons or points",
    page="https://docs.cvat.ai/docs/manual/advanced/xml_format",
    get='nothing: "Export task dataset" in the format "CVAT for images 1.1"',
    terms="yours",
    tree="""
annotations.xml     (this file is the address's path)
images/             (where they are exported too; else images=FOLDER)
  0001.jpg ...
""",
)

_TOLD = "annotations in the format CVAT for images 1.1"
_CORNER = 0.5  # px from the image's corner to the centre of its first pixel


@dataclass
class _Pose:
    """A pose: keypoint to x, y and v."""

    label: str
    image: int
    sample: str
    points: dict[str, tuple[float, float, int]] = field(default_factory=dict)
    box: tuple[float, ...] = (math.nan,) * 4
    wrong: str = ""


@dataclass
class _File:
    """What the file holds."""

    images: list[tuple[str, float, float]] = field(default_factory=list)
    skeletons: list[_Pose] = field(default_factory=list)
    groups: list[_Pose] = field(default_factory=list)
    singles: list[_Pose] = field(default_factory=list)
    labels: list[Element] = field(default_factory=list)
    tracks: int = 0


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
    label: str | None = None,
    names: Names = "path",
    exif: Exif = "apply",
) -> PoseTable:
    """Read the skeletons, one pose each; where there is none, the points.

    Points that are one keypoint each are one pose an image, or one a group where they are grouped.

    Args:
        path: the XML file.
        split: ``train``, ``test`` (the last quarter of the images) or ``all``.
        boxes: ``file``, the rectangles that are grouped with a pose, else the whole image; or
            ``labels``.
        images: folder of the images; without it, ``images`` beside the file, or the file's folder.
        skeleton: name or TOML file; ``file`` for the keypoints and lines of the label. Without it,
            the built-in skeleton that has just these, else ``file``. Points without names are
            taken in its order.
        label: of the skeletons or points, where there are several.
        names: ``file`` takes only the last part of each image's name.
        exif: ``ignore`` for labels that were made on the stored pixels of images that EXIF turns.

    Raises:
        ValueError: the file is not such an export, has poses of several labels and ``label`` does
            not say which, or more than 5 % of the poses (and more than one) are bad.
    """
    file = Path(path).expanduser().resolve()
    found = _content(file)
    poses, kind = next(
        (
            (poses, kind)
            for poses, kind in (
                (found.skeletons, "skeletons"),
                (found.groups, "points"),
                (found.singles, "single points"),
            )
            if poses
        ),
        ([], ""),
    )
    if not poses:
        raise ValueError(
            f"{file}: expected {_TOLD}, found no skeleton and no points in "
            f"{len(found.images)} images"
            + ("; tracks are of CVAT for video: export as CVAT for images" if found.tracks else "")
        )
    problems = []
    if kind == "skeletons" and (other := len(found.groups) + len(found.singles)):
        problems.append(f"skipped: {other} points that belong to no skeleton")
    if kind != "single points":
        poses, more = _of_label(poses, label, file)
        problems += more
    given = None if skeleton in (None, "file") else skeletons.load(skeleton).keypoints
    names_J, notes = _names(poses, found.labels, kind, given, file)
    if unlabelled := sum(not any(v for *_, v in pose.points.values()) for pose in poses):
        problems.append(f"skipped: {unlabelled} poses without a labelled keypoint")
        poses = [pose for pose in poses if any(v for *_, v in pose.points.values())]
    if not poses:
        raise ValueError(f"{file}: expected labelled keypoints, found {kind} that are all outside")
    values_NJ3 = np.array(
        [[pose.points.get(name, (0.0, 0.0, 0)) for name in names_J] for pose in poses]
    )
    images_M = [name for name, *_ in found.images]
    if images is None and (file.parent / "images").is_dir():
        first = images_M[poses[0].image]
        if leads_out(first) or not first or not is_there(file.parent / first):
            images = str(file.parent / "images")
    return pose_table(
        NamedPoses(
            names_J=names_J,
            keypoints_NJ2=values_NJ3[..., :2] - _CORNER,
            seen_NJ=values_NJ3[..., 2].astype(int),
            image_N=[pose.image for pose in poses],
            images_M=images_M,
            size_M2=np.array([size for _, *size in found.images]).reshape(-1, 2),
            sample_N=[pose.sample for pose in poses],
            box_N4=np.array([pose.box for pose in poses]),
            limbs=_limbs(found.labels, poses[0].label, names_J),
            bad={n: pose.wrong for n, pose in enumerate(poses) if pose.wrong},
            problems=problems,
            notes=notes,
        ),
        file,
        split=split,
        boxes=boxes,
        images=images,
        skeleton=skeleton,
        names=names,
        exif=exif,
    )


def _content(file: Path) -> _File:
    found = _File()
    for line, element in elements(file, ("image", "label", "track"), _TOLD):
        if element.name == "label":
            found.labels.append(element)
        elif element.name == "track":
            found.tracks += 1
        else:
            _image(element, f"line {line}", found, file)
    return found


def _image(element: Element, line: str, found: _File, file: Path) -> None:
    """Take the poses of an image."""
    name = element.attributes.get("name", "")
    where = f"{line} ({name})"
    number, singles = len(found.images), {}
    width, height = (_number(element.attributes.get(side)) for side in ("width", "height"))
    found.images.append((name, np.nan_to_num(width), np.nan_to_num(height)))
    boxes = {part.attributes.get("group_id"): _box(part) for part in element.all("box")}
    boxes.pop(None, None)
    for part in element.parts:
        if part.name not in ("skeleton", "points"):
            continue
        label, group = part.attributes.get("label", ""), part.attributes.get("group_id")
        pose = _Pose(label, number, where, box=boxes.get(group, (math.nan,) * 4))
        if part.name == "skeleton":
            for joint in part.all("points"):
                _add(pose, joint.attributes.get("label", ""), joint)
            found.skeletons.append(pose)
        elif ";" in part.attributes.get("points", ""):
            for j, text in enumerate(part.attributes["points"].split(";")):
                _add(pose, str(j), part, text)
            found.groups.append(pose)
        else:
            _add(singles.setdefault(group, pose), label, part)
    found.singles += singles.values()


def _add(pose: _Pose, name: str, element: Element, text: str | None = None) -> None:
    """Take a keypoint; what is wrong with it is noted at the pose."""
    given = element.attributes
    words = (given.get("points", "") if text is None else text).split(",")
    x, y = map(_number, words if len(words) == 2 else ("", ""))
    v = 0 if _is(given.get("outside")) else 1 if _is(given.get("occluded")) else 2
    if name in pose.points:
        pose.wrong = f"the keypoint {name!r} twice; group the points of each pose in CVAT"
    elif v and not (math.isfinite(x) and math.isfinite(y)):
        pose.wrong = f'{name}: expected points="x,y", found {given.get("points", "")[:40]!r}'
        v = 0
    pose.points[name] = (x, y, v) if v else (0.0, 0.0, 0)


def _of_label(poses: list[_Pose], wanted: str | None, file: Path) -> tuple[list[_Pose], list[str]]:
    counts = Counter(pose.label for pose in poses)
    if wanted is None and len(counts) > 1:
        raise ValueError(
            f"{file}: poses of several labels ({', '.join(counts)}): label=NAME says which to read"
        )
    chosen = wanted or next(iter(counts))
    if chosen not in counts:
        raise ValueError(f"{file}: expected label={'|'.join(counts)}, found {chosen!r}")
    others = {label: n for label, n in counts.items() if label != chosen}
    told = [f"skipped: {n} poses of the label {label}" for label, n in others.items()]
    return [pose for pose in poses if pose.label == chosen], told


def _names(
    poses: list[_Pose],
    labels: list[Element],
    kind: str,
    given: Sequence[str] | None,
    file: Path,
) -> tuple[list[str], list[str]]:
    """Names of the keypoints, in the order of the label; and what to tell."""
    found = list(dict.fromkeys(name for pose in poses for name in pose.points))
    if kind == "points":
        most = Counter(len(pose.points) for pose in poses).most_common(1)[0][0]
        if given is not None and len(given) != most:
            raise ValueError(f"{file}: points of {most} keypoints, the skeleton has {len(given)}")
        names_J = list(given or [f"keypoint_{j}" for j in range(most)])
        for pose in poses:
            if len(pose.points) != most:
                pose.wrong = f"{len(pose.points)} points, where the others have {most}"
            values = list(pose.points.values())
            pose.points = dict(zip(names_J, values, strict=False))
        told = "points have no names: skeleton=NAME says what they are"
        return names_J, [told] if given is None else []
    listed = [label.said("name") for label in labels]
    if kind == "skeletons":
        listed = [label.said("name") for label in labels if label.said("parent") == poses[0].label]
    ordered = [name for name in dict.fromkeys(listed) if kind == "skeletons" or name in found]
    return [*ordered, *(name for name in found if name not in ordered)], []


def _limbs(labels: list[Element], label: str, names_J: Sequence[str]) -> list[tuple[str, str]]:
    """Lines of a skeleton, from the drawing that its label holds."""
    drawing = next((one.said("svg") for one in labels if one.said("name") == label), "")
    name_of, pairs = {}, []
    for mark in re.findall(r"<(?:circle|line)\b[^<>]{0,1000}>", drawing):
        said = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', mark))
        if "node-from" in said:
            pairs.append((said["node-from"], said.get("node-to", "")))
        elif "node-id" in said:
            name_of[said["node-id"]] = said.get("label-name", "")
    named = [(name_of.get(a, ""), name_of.get(b, "")) for a, b in pairs]
    return [(a, b) for a, b in named if a in names_J and b in names_J and a != b]


def _box(element: Element) -> tuple[float, ...]:
    left, top, right, bottom = (
        _number(element.attributes.get(side)) for side in ("xtl", "ytl", "xbr", "ybr")
    )
    return left, top, right - left, bottom - top


def _is(flag: str | None) -> bool:
    return (flag or "0").strip().lower() in ("1", "true")


def _number(word: str | None) -> float:
    try:
        value = float(word or "")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
