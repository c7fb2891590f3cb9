"""Write tiny real data sets in every format that PoseSift reads.

Each returns the truth that a reader must find. Every photograph has a dot of its own colour
(`dot_colour`) under each visible keypoint, so a test can see whether pixels and labels agree.

Shapes: N samples, J joints of the file, K keypoints, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

import colorsys
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import scipy.io

from posesift import skeletons
from posesift.poses import PoseTable

RADIUS = 5  # of a dot, px


@dataclass
class Truth:
    """What was written: coordinates counted from 0, whatever the file's own counting."""

    path: Path
    keypoints_NJ2: np.ndarray
    visible_NJ: np.ndarray
    size_N2: np.ndarray
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)


def dot_colour(joint: int) -> tuple[int, int, int]:
    """The colour of the dot under the file's joint ``joint``, RGB."""
    hue = (joint * 0.381966) % 1
    red, green, blue = colorsys.hsv_to_rgb(hue, 1, 1 if joint % 2 else 0.8)
    return round(255 * red), round(255 * green), round(255 * blue)


def photograph(points_J2: np.ndarray, visible_J: np.ndarray, width: int, height: int) -> np.ndarray:
    """A grey gradient with a dot under each visible keypoint, (H, W, 3) uint8 RGB."""
    image_HW3 = np.empty((height, width, 3), np.uint8)
    image_HW3[:] = np.linspace(70, 110, width)[None, :, None]
    for joint in np.flatnonzero(visible_J):
        centre = tuple(int(v) for v in np.round(points_J2[joint] * 16))
        cv2.circle(image_HW3, centre, RADIUS * 16, dot_colour(joint), -1, cv2.LINE_AA, 4)
    return image_HW3


def save_image(path: Path, image_HW3: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_JPEG_QUALITY, 97] if path.suffix == ".jpg" else []
    assert cv2.imwrite(str(path), cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR), options)


def write_lspet(folder: Path, n: int = 8, seed: int = 0) -> Truth:
    """``joints.mat`` and ``images/im00001.jpg`` on; invisible joints hold garbage, as in life."""
    truth = _truth(folder, n, 14, seed, "im{:05d}.jpg", first=1)
    file_NJ2 = np.where(truth.visible_NJ[..., None], truth.keypoints_NJ2 + 1, -37.5)
    joints_NJ3 = np.concatenate([file_NJ2, truth.visible_NJ[..., None]], -1).astype(np.float64)
    folder.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(folder / "joints.mat", {"joints": joints_NJ3.transpose(1, 2, 0)})
    for row, name in enumerate(truth.names):
        _save_photograph(truth, row, folder / "images" / name)
    return truth


def write_coco(
    folder: Path, n: int = 8, seed: int = 0, skeleton: str = "coco17", suffix: str = ".jpg"
) -> Truth:
    """``annotations.json`` and ``photos/``; ``path`` is the JSON file.

    One annotation an image, its box 12 px around the visible keypoints. `coco_document` and
    `save_coco` change it.
    """
    target = skeletons.load(skeleton)
    truth = _truth(folder, n, len(target), seed, "{:012d}" + suffix, first=100)
    images, annotations = [], []
    for row, name in enumerate(truth.names):
        _save_photograph(truth, row, folder / "photos" / name)
        width, height = truth.size_N2[row].tolist()
        images.append({"id": row + 100, "file_name": name, "width": width, "height": height})
        points_J2, visible_J = truth.keypoints_NJ2[row], truth.visible_NJ[row]
        low_2 = points_J2[visible_J].min(0) - 12
        size_2 = points_J2[visible_J].max(0) + 12 - low_2
        # Every third keypoint is hidden behind something, v = 1.
        seen_J = np.where(visible_J, np.where(np.arange(len(visible_J)) % 3 == 0, 1, 2), 0)
        values_J3 = np.where(visible_J[:, None], np.column_stack([points_J2, seen_J]), 0)
        annotations.append(
            {
                "id": 1000 + row,
                "image_id": row + 100,
                "category_id": 1,
                "keypoints": values_J3.reshape(-1).tolist(),
                "num_keypoints": int(visible_J.sum()),
                "bbox": [*low_2.tolist(), *size_2.tolist()],
                "area": float(size_2.prod()),
                "iscrowd": 0,
            }
        )
    category = {"id": 1, "name": "person", "keypoints": list(target.keypoints), "skeleton": []}
    truth.path = folder / "annotations.json"
    save_coco(truth.path, {"images": images, "annotations": annotations, "categories": [category]})
    return truth


def coco_document(truth: Truth) -> dict[str, Any]:
    return json.loads(truth.path.read_text())


def save_coco(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def write_images(folder: Path, n: int = 8, seed: int = 0, suffix: str = ".png") -> Truth:
    """A folder of images without labels, half of them one folder further down."""
    truth = _truth(folder, n, 14, seed, "photo{:03d}" + suffix)
    truth.names = [f"{'more/' if row % 2 else ''}{name}" for row, name in enumerate(truth.names)]
    for row, name in enumerate(truth.names):
        _save_photograph(truth, row, folder / name)
    return truth


def pose_table(n: int = 8, seed: int = 0, skeleton: str = "body16", root: str = "") -> PoseTable:
    """Random poses without images on disk; every joint may be invisible, some samples wholly."""
    target = skeletons.load(skeleton)
    truth = _truth(Path(root or "."), n, len(target), seed, "{:06d}.jpg")
    return PoseTable(
        skeleton=target,
        keypoints_NK2=truth.keypoints_NJ2.astype(np.float32),
        visible_NK=truth.visible_NJ,
        width_N=truth.size_N2[:, 0],
        height_N=truth.size_N2[:, 1],
        image_N=np.array(truth.names, dtype=object) if root else None,
        root=root,
    )


def _truth(folder: Path, n: int, joints: int, seed: int, pattern: str, first: int = 0) -> Truth:
    """Random joints 12 px or more from the border and 2 * RADIUS apart, so no dot hides another."""
    rng = np.random.default_rng([seed, n, joints])
    size_N2 = rng.integers(130, 210, (n, 2)).astype(np.int32)
    keypoints_NJ2 = np.empty((n, joints, 2))
    for row, size_2 in enumerate(size_N2):
        cell = 2 * RADIUS + 8
        grid = np.stack(np.meshgrid(*[np.arange(12, side - 20, cell) for side in size_2]), -1)
        chosen = rng.choice(grid.reshape(-1, 2), joints, replace=False)
        keypoints_NJ2[row] = chosen + rng.uniform(0, 6, (joints, 2))
    visible_NJ = rng.random((n, joints)) < 0.85
    visible_NJ[:, :2] = True
    names = [pattern.format(number) for number in range(first, first + n)]
    return Truth(folder, keypoints_NJ2, visible_NJ, size_N2, names)


def _save_photograph(truth: Truth, row: int, path: Path) -> None:
    width, height = truth.size_N2[row].tolist()
    points_J2, visible_J = truth.keypoints_NJ2[row], truth.visible_NJ[row]
    save_image(path, photograph(points_J2, visible_J, width, height))
