"""Write a tiny FreiHAND: points in space, camera matrices, and photographs in four versions.

Shapes: P poses, K keypoints, 2 = (x, y), 3 = (x, y, z).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.data.formats.hand_dots import spaced
from tests.datasets import photograph, save_image

SIDE = 224  # px


@dataclass
class Freihand:
    """What was written of one subset; pixels counted from 0."""

    path: Path
    keypoints_PK2: np.ndarray

    def __len__(self) -> int:
        return len(self.keypoints_PK2)


def write_freihand(
    folder: Path, poses: int = 8, seed: int = 0, subset: str = "training", images: bool = True
) -> Freihand:
    """``training_K.json``, ``training_xyz.json``, ``training/rgb``; ``evaluation`` has one version.

    Each version has a background of its own.
    """
    rng = np.random.default_rng([seed, poses])
    truth = Freihand(
        folder, np.stack([spaced(rng, 21, (12, 12), (SIDE - 12, SIDE - 12)) for _ in range(poses)])
    )
    matrix_P33 = np.tile(np.eye(3), (poses, 1, 1))
    matrix_P33[:, 0, 0] = matrix_P33[:, 1, 1] = rng.uniform(450, 520, poses)
    matrix_P33[:, :2, 2] = SIDE / 2 + rng.uniform(-3, 3, (poses, 2))
    homogeneous_PK3 = np.concatenate([truth.keypoints_PK2, np.ones((poses, 21, 1))], -1)
    depth_PK1 = rng.uniform(0.5, 0.9, (poses, 21, 1))
    xyz_PK3 = depth_PK1 * (homogeneous_PK3 @ np.linalg.inv(matrix_P33).swapaxes(1, 2))
    save_numbers(folder / f"{subset}_K.json", matrix_P33)
    save_numbers(folder / f"{subset}_xyz.json", xyz_PK3)
    for version in range(4 if subset == "training" else 1) if images else ():
        for pose, points_K2 in enumerate(truth.keypoints_PK2):
            image_HW3 = photograph(points_K2, np.ones(21, bool), SIDE, SIDE)
            image_HW3[:8] = 40 * version  # which background this is
            number = version * poses + pose
            save_image(folder / subset / "rgb" / f"{number:08d}.jpg", image_HW3)
    return truth


def save_numbers(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values.tolist()))
