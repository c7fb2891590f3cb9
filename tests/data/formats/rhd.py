"""Write a tiny Rendered Hand Pose: RHD_published_v2 with its pickles and PNG images.

Shapes: M renderings, J the 42 joints (left hand's 21, right hand's), 2 = (x, y).
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tests.datasets import dot_colour, save_image

SIDE = 320  # px
DOT = 2  # radius, px


@dataclass
class Rhd:
    """What was written of one subset; ``clear_MJ``: no other joint's dot is near."""

    path: Path
    numbers: list[int]
    points_MJ2: np.ndarray
    seen_MJ: np.ndarray
    clear_MJ: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)


def write_rhd(folder: Path, training: int = 12, evaluation: int = 5, seed: int = 0) -> list[Rhd]:
    """Both subsets below ``folder``; hands of all sizes, some over each other or off the image."""
    counts = {"training": training, "evaluation": evaluation}
    return [write_subset(folder, name, n, seed + i) for i, (name, n) in enumerate(counts.items())]


def write_subset(folder: Path, name: str, count: int, seed: int, images: bool = True) -> Rhd:
    rng = np.random.default_rng([seed, count])
    # the dict of the real file was written by Python 2 and is in no order
    numbers = rng.permutation(count).tolist()
    side_M21 = rng.uniform(35, 150, (count, 2, 1))
    corner_M22 = rng.uniform(-40, SIDE - 60, (count, 2, 2))
    corner_M22[::3, 1] = corner_M22[::3, 0] + rng.uniform(-40, 40, (len(corner_M22[::3]), 2))
    points_MJ2 = np.concatenate(
        [
            corner_M22[:, hand, None] + side_M21[:, hand, None] * rng.uniform(0, 1, (count, 21, 2))
            for hand in range(2)
        ],
        axis=1,
    )
    on_MJ = ((points_MJ2 >= 0) & (points_MJ2 <= SIDE - 1)).all(-1)
    seen_MJ = on_MJ & (rng.random((count, 42)) < rng.uniform(0.3, 1.3, (count, 1)))
    gap_MJJ = np.linalg.norm(points_MJ2[:, :, None] - points_MJ2[:, None], axis=-1)
    gap_MJJ[:, range(42), range(42)] = np.inf
    truth = Rhd(folder / name, numbers, points_MJ2, seen_MJ, gap_MJJ.min(2) > 2 * DOT + 3)
    (folder / name).mkdir(parents=True, exist_ok=True)
    save_labels(truth)
    for row, number in enumerate(numbers if images else []):
        save_image(folder / name / "color" / f"{number:05d}.png", _rendering(truth, row))
    return truth


def labels(truth: Rhd) -> dict:
    """What the pickle holds."""
    matrix_33 = np.array([[282.9, 0, 160], [0, 282.9, 160], [0, 0, 1]])
    return {
        number: {
            "uv_vis": np.column_stack([truth.points_MJ2[row], truth.seen_MJ[row]]),
            "xyz": np.ones((42, 3)),
            "K": matrix_33,
        }
        for row, number in enumerate(truth.numbers)
    }


def save_labels(truth: Rhd, content: object = None) -> None:
    content = labels(truth) if content is None else content
    path = truth.path / f"anno_{truth.path.name}.pickle"
    path.write_bytes(pickle.dumps(content, protocol=2))


def _rendering(truth: Rhd, row: int) -> np.ndarray:
    image_HW3 = np.full((SIDE, SIDE, 3), 90, np.uint8)
    for joint, point_2 in enumerate(truth.points_MJ2[row]):
        centre = tuple(int(v) for v in np.round(point_2 * 16))
        cv2.circle(image_HW3, centre, DOT * 16, dot_colour(joint), -1, cv2.LINE_8, 4)
    return image_HW3
