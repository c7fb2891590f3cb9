"""Write a tiny AP-10K: three published splits in COCO's form, and data/.

Shapes: N animals, K the 17 keypoints, 2 = (x, y) or (width, height), 4 = (x, y, width, height).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tests.data.formats.dots import scattered
from tests.datasets import photograph, save_image

NAMES = (
    *("left_eye", "right_eye", "nose", "neck", "root_of_tail"),
    *("left_shoulder", "left_elbow", "left_front_paw"),
    *("right_shoulder", "right_elbow", "right_front_paw"),
    *("left_hip", "left_knee", "left_back_paw"),
    *("right_hip", "right_knee", "right_back_paw"),
)
SPECIES = (("antelope", "Bovidae"), ("polar bear", "Ursidae"), ("sheep", "Bovidae"))
PARTS = ("train", "val", "test")


@dataclass
class AP10K:
    """What was written; the dots of an image's second animal have the colours 17 to 33."""

    path: Path
    keypoints_NK2: np.ndarray
    v_NK: np.ndarray
    box_N4: np.ndarray
    names: list[str]
    species: list[str]
    first_N: np.ndarray  # whether it is the first animal of its image
    image_N: np.ndarray  # the image's number, from 0


def part_of(image: int, fold: int) -> str:
    """Of five images, three are for training, one each for validation and test."""
    return PARTS[max((image + fold) % 5 - 2, 0)]


def write_ap10k(folder: Path, images: int = 10, seed: int = 0) -> AP10K:
    """Every third image has two animals; each species is a category, its family above it."""
    rng = np.random.default_rng([seed, images, 17])
    rows: list[dict[str, Any]] = []
    sizes = []
    for number in range(images):
        name = f"{100 + number:012d}.jpg"
        size_2 = rng.integers(180, 240, 2).tolist()
        count = 2 if number % 3 == 1 else 1
        points = scattered(rng, size_2, 17 * count).reshape(count, 17, 2).round()
        v = rng.choice([0, 1, 2], (count, 17), p=[0.2, 0.2, 0.6])
        v[:, :2] = 2
        picture = photograph(points.reshape(-1, 2), v.reshape(-1) > 0, *size_2)
        save_image(folder / "data" / name, picture)
        sizes.append(size_2)
        for animal in range(count):
            seen = points[animal][v[animal] > 0]
            low, high = seen.min(0) - 8, seen.max(0) + 8
            row = {"points": points[animal], "v": v[animal], "box": [*low, *(high - low)]}
            row |= {"name": name, "species": (number + animal) % 3, "first": not animal}
            rows.append(row | {"image": number})
    for fold in (1, 2, 3):
        for part in PARTS:
            in_part = [n for n in range(images) if part_of(n, fold) == part]
            document = {
                "info": {"description": "AP-10k", "version": "1.0"},
                "licenses": [{"id": 1, "name": "", "url": ""}],
                "images": [
                    {
                        "license": 1,
                        "id": 100 + number,
                        "file_name": f"{100 + number:012d}.jpg",
                        "width": sizes[number][0],
                        "height": sizes[number][1],
                        "background": 5,
                    }
                    for number in in_part
                ],
                "annotations": [
                    {
                        "id": row,
                        "image_id": 100 + r["image"],
                        "category_id": r["species"] + 1,
                        "bbox": [int(value) for value in r["box"]],
                        "area": int(r["box"][2] * r["box"][3]),
                        "iscrowd": 0,
                        "num_keypoints": int((r["v"] > 0).sum()),
                        "keypoints": np.where(
                            r["v"][:, None] > 0, np.column_stack([r["points"], r["v"]]), 0
                        )
                        .astype(int)
                        .reshape(-1)
                        .tolist(),
                    }
                    for row, r in enumerate(rows)
                    if r["image"] in in_part
                ],
                "categories": [
                    {
                        "id": number,
                        "name": name,
                        "supercategory": family,
                        "keypoints": list(NAMES),
                        "skeleton": [[1, 2], [1, 3], [2, 3]],
                    }
                    for number, (name, family) in enumerate(SPECIES, 1)
                ],
            }
            save_part(folder, part, fold, document)

    def column(key: str) -> np.ndarray:
        return np.array([r[key] for r in rows])

    return AP10K(
        folder,
        column("points"),
        column("v"),
        column("box"),
        [r["name"] for r in rows],
        [SPECIES[r["species"]][0] for r in rows],
        column("first"),
        column("image"),
    )


def load_part(folder: Path, part: str, fold: int = 1) -> dict[str, Any]:
    return json.loads((folder / "annotations" / f"ap10k-{part}-split{fold}.json").read_text())


def save_part(folder: Path, part: str, fold: int, document: dict[str, Any]) -> None:
    path = folder / "annotations" / f"ap10k-{part}-split{fold}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
