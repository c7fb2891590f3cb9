"""MMPose: COCO's ``annotations.json``, and ``dataset_info.py`` that says what the keypoints are.

MMPose reads the annotations with its ``CocoDataset`` and the other file as its ``metainfo``:
``dict(type="CocoDataset", data_root=FOLDER, ann_file="annotations.json",
data_prefix=dict(img="images/"), metainfo=dict(from_file="FOLDER/dataset_info.py"))``.
https://mmpose.readthedocs.io/en/latest/advanced_guides/customize_datasets.html
"""

from __future__ import annotations

import pprint
from pathlib import Path
from typing import Any

from posesift import storage
from posesift.data.writers import coco
from posesift.data.writers.labels import Labels
from posesift.skeletons import Skeleton

FILE = "dataset_info.py"

_UPPER = ("head", "face", "nose", "eye", "ear", "neck", "thorax", "shoulder", "elbow", "wrist")
_LOWER = ("pelvis", "hip", "knee", "ankle", "foot", "heel", "toe")
_SIGMAS = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072, "wrist": 0.062,
    "hip": 0.107, "knee": 0.087, "ankle": 0.089,
}  # fmt: skip
_SIGMA = 0.05  # for keypoints that COCO has no constant for


def write(labels: Labels, folder: Path) -> str:
    """Write ``annotations.json`` and ``dataset_info.py``."""
    address = coco.write(labels, folder)
    told = pprint.pformat(dataset_info(labels.table.skeleton), width=96, sort_dicts=False)
    head = "# What the keypoints are, for MMPose: metainfo=dict(from_file=THIS FILE)\n"
    storage.write_text(folder / FILE, f"{head}dataset_info = {told}\n")
    return address


def dataset_info(skeleton: Skeleton) -> dict[str, Any]:
    """Describe a skeleton as MMPose does; OKS constants are COCO's where the names are.

    >>> from posesift.skeletons import load
    >>> dataset_info(load("coco17"))["sigmas"][:3]
    [0.026, 0.025, 0.025]
    """
    names = skeleton.keypoints
    keypoints = {
        k: {
            "name": name,
            "id": k,
            "color": [51, 153, 255],
            "type": _half(name),
            "swap": "" if skeleton.mirror[k] == k else names[skeleton.mirror[k]],
        }
        for k, name in enumerate(names)
    }
    limbs = {
        number: {
            "link": (names[a], names[b]),
            "id": number,
            "color": [int(colour[i : i + 2], 16) for i in (1, 3, 5)],
        }
        for number, ((a, b), colour) in enumerate(
            zip(skeleton.limbs, skeleton.colours, strict=True)
        )
    }
    return {
        "dataset_name": f"posesift_{skeleton.name}",
        "paper_info": {},
        "keypoint_info": keypoints,
        "skeleton_info": limbs,
        "joint_weights": [1.0] * len(names),
        "sigmas": [_SIGMAS.get(name.split("_")[-1], _SIGMA) for name in names],
    }


def _half(name: str) -> str:
    """Tell the half of the body that a keypoint belongs to, or "" for what is no body's.

    >>> _half("left_knee"), _half("head_top"), _half("index_tip")
    ('lower', 'upper', '')
    """
    words = name.split("_")
    for half, parts in (("upper", _UPPER), ("lower", _LOWER)):
        if any(word in parts for word in words):
            return half
    return ""
