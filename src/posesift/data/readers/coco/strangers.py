"""Files of other formats that are given as COCO: named, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from posesift import documents, storage


def told_of_stranger(file: Path) -> str:
    """Say what a JSON file is that is no COCO annotation file, and what to do; "" if unknown."""
    try:
        found = documents.from_json(storage.read_bytes(file, "a JSON file"), Any, str(file))
    except ValueError:
        return ""
    if isinstance(found, list):
        return _told_of_list(found, file)
    if not isinstance(found, dict):
        return ""
    return next((told for keys, told in _OBJECTS if keys <= found.keys()), "")


def _told_of_list(found: list[Any], file: Path) -> str:
    first = next((one for one in found if isinstance(one, dict)), {})
    if "joints" in first or "joint_self" in first:
        return f"this is MPII's list of people: read it as mpii:{file}"
    if "keypoints" in first and "image_id" in first:
        return (
            "this is a list: a results file, which has no images and no categories; add them: "
            '{"images": [{"id", "file_name", "width", "height"}, ...], "categories": [{"id", '
            '"name", "keypoints": names}], "annotations": this list}'
        )
    if "annotations" in first and "data" in first:
        return "this is a list: Label Studio's own export; export it as COCO there"
    return (
        "this is a list; COCO keypoint annotations are an object with images, annotations and "
        "categories"
    )


_OBJECTS: tuple[tuple[set[str], str], ...] = (
    ({"shapes", "imagePath"}, "this is a labelme file of one image; convert the set to COCO there"),
    ({"_via_img_metadata"}, "this is a project of VIA; export its annotations as COCO there"),
    ({"people", "version"}, "this is OpenPose's output for one image; collect the set as COCO"),
    ({"instance_info"}, "this is MMPose's output; collect the images and annotations as COCO"),
)
