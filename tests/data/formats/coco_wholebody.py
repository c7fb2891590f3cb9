"""Write a tiny COCO-WholeBody: people with a left hand, a right hand, both or none.

Shapes: N hands, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tests.data.formats.hand_dots import spaced
from tests.datasets import photograph, save_image

WIDTH, HEIGHT = 330, 250


@dataclass
class Hands:
    """What was written: one row a valid hand, in the file's order, left before right."""

    path: Path
    keypoints_NK2: np.ndarray
    v_NK: np.ndarray
    is_right_N: np.ndarray
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)


def write_coco_wholebody(folder: Path, people: int = 8, seed: int = 0) -> Hands:
    """``annotations.json`` and ``val2017/``; two people share every third image.

    Every fourth person has no left hand to label, every third no right hand; a hand's v are 0, 1,
    2 or a network's score.
    """
    rng = np.random.default_rng([seed, people])
    images, annotations, found = [], [], []
    for person in range(people):
        image = 500 + person - (person % 3 == 2)
        annotation: dict[str, Any] = {
            "id": 9000 + person,
            "image_id": image,
            "category_id": 1,
            "iscrowd": 0,
            "bbox": [0, 0, WIDTH, HEIGHT],
            "keypoints": [0] * 51,
            "num_keypoints": 0,
            "face_valid": False,
            "face_kpts": [0] * 204,
            "face_box": [0, 0, 0, 0],
        }
        # the second person of an image has the lower half
        top = 130 if person % 3 == 2 else 10
        for side, middle in (("left", 10), ("right", 175)):
            valid = bool(person % 4 != 1 if side == "left" else person % 3 != 0)
            points_K2 = spaced(rng, 21, (middle, top), (middle + 140, top + 110))
            v_K = rng.choice([0, 1, 2, 2, 0.3517], 21)
            v_K[:3] = 2
            low_2, high_2 = points_K2[v_K > 0].min(0), points_K2[v_K > 0].max(0)
            values_K3 = np.where(v_K[:, None] > 0, np.column_stack([points_K2, v_K]), 0)
            annotation[f"{side}hand_valid"] = valid
            annotation[f"{side}hand_kpts"] = values_K3.reshape(-1).tolist() if valid else [0.0] * 63
            annotation[f"{side}hand_box"] = (
                [*low_2.tolist(), *(high_2 - low_2).tolist()] if valid else [0.0] * 4
            )
            if valid:
                found.append((points_K2, v_K, side == "right", f"{image:012d}.jpg", image))
        annotations.append(annotation)
    for image in sorted({a["image_id"] for a in annotations}):
        name = f"{image:012d}.jpg"
        hands = [hand for hand in found if hand[4] == image]
        points = [hand[0] for hand in hands] or [np.zeros((0, 2))]
        v = [hand[1] for hand in hands] or [np.zeros(0)]
        shown = photograph(np.concatenate(points), np.concatenate(v) > 0, WIDTH, HEIGHT)
        save_image(folder / "val2017" / name, shown)
        images.append({"id": image, "file_name": name, "width": WIDTH, "height": HEIGHT})
    truth = Hands(
        folder / "annotations.json",
        np.stack([hand[0] for hand in found]),
        np.stack([hand[1] for hand in found]),
        np.array([hand[2] for hand in found]),
        [hand[3] for hand in found],
    )
    save(truth.path, {"images": images, "annotations": annotations, "categories": []})
    return truth


def document(truth: Hands) -> dict[str, Any]:
    return json.loads(truth.path.read_text())


def save(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
