"""Write a tiny AnimalPose: keypoints.json and images/, and the published lists of animals.

Shapes: N animals, J the file's 20 keypoints, 2 = (x, y) or (width, height),
4 = (xmin, ymin, xmax, ymax).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tests.data.formats.dots import scattered
from tests.datasets import photograph, save_image

SPECIES = ("dog", "cat", "sheep", "horse", "cow")
NAMES = (
    *("left_eye", "right_eye", "nose", "left_ear", "right_ear"),
    *("left_front_elbow", "right_front_elbow", "left_back_elbow", "right_back_elbow"),
    *("left_front_knee", "right_front_knee", "left_back_knee", "right_back_knee"),
    *("left_front_paw", "right_front_paw", "left_back_paw", "right_back_paw"),
    *("throat", "withers", "tailbase"),
)


@dataclass
class AnimalPose:
    """What was written; the dots of an image's second animal have the colours 20 to 39."""

    path: Path
    keypoints_NJ2: np.ndarray
    visible_NJ: np.ndarray
    corner_N4: np.ndarray
    names: list[str]
    species: list[str]
    first_N: np.ndarray  # whether it is the first animal of its image
    document: dict[str, Any]


def write_animalpose(folder: Path, images: int = 10, seed: int = 0) -> AnimalPose:
    """Every third image has a second animal, a dog; keypoints that are not visible hold garbage."""
    rng = np.random.default_rng([seed, images, 20])
    rows: list[dict[str, Any]] = []
    for number in range(images):
        name = f"2007_{number + 30:06d}.jpg"
        size_2 = rng.integers(210, 250, 2).tolist()
        count = 2 if number % 3 == 1 else 1
        points = scattered(rng, size_2, 20 * count).reshape(count, 20, 2).round()
        visible = rng.random((count, 20)) < 0.8
        visible[:, :2] = True
        picture = photograph(points.reshape(-1, 2), visible.reshape(-1), *size_2)
        save_image(folder / "images" / name, picture)
        for animal in range(count):
            kind = "dog" if animal else SPECIES[number % 5]
            seen = points[animal][visible[animal]]
            corner = np.concatenate([seen.min(0) - 9, seen.max(0) + 9])
            row = {"points": points[animal], "visible": visible[animal], "corner": corner}
            rows.append(
                row | {"name": name, "species": kind, "id": number + 1, "first": not animal}
            )
    file_NJ3 = [
        np.column_stack([np.where(r["visible"][:, None], r["points"], 7), r["visible"]])
        for r in rows
    ]
    document = {
        "images": {str(r["id"]): r["name"] for r in rows},
        "annotations": [
            {
                "image_id": r["id"],
                "bbox": r["corner"].astype(int).tolist(),
                "keypoints": joints_J3.astype(int).tolist(),
                "num_keypoints": int(r["visible"].sum()),
                "category_id": SPECIES.index(r["species"]) + 1,
            }
            for r, joints_J3 in zip(rows, file_NJ3, strict=True)
        ],
        "categories": [
            {"supercategory": "animal", "id": number, "name": name, "keypoints": list(NAMES)}
            for number, name in enumerate(SPECIES, 1)
        ],
    }
    save_document(folder, document)

    def column(key: str) -> np.ndarray:
        return np.array([r[key] for r in rows])

    return AnimalPose(
        folder,
        column("points"),
        column("visible"),
        column("corner").astype(int),
        [r["name"] for r in rows],
        [r["species"] for r in rows],
        column("first"),
        document,
    )


def save_document(folder: Path, document: dict[str, Any]) -> None:
    (folder / "keypoints.json").write_text(json.dumps(document))


def save_lists(
    folder: Path, species: str, train: list[dict[str, Any]], test: list[dict[str, Any]]
) -> None:
    """The published lists of annotations: arrays of dicts, which NumPy pickles."""
    place = folder / "cached_data" / "real_animal_pose" / species
    place.mkdir(parents=True, exist_ok=True)
    for part, listed in (("train", train), ("test", test)):
        entries = np.empty(len(listed), object)
        entries[:] = listed
        np.save(place / f"{part}_anno.npy", entries, allow_pickle=True)
