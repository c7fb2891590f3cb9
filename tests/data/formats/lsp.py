"""Write a tiny Leeds Sports Pose: joints.mat (3, 14, N) and images/im0001.jpg on.

Shapes: N images, J the file's 14 joints, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
from tests.data.formats.dots import scattered
from tests.datasets import photograph, save_image


@dataclass
class Lsp:
    """What was written, counted from 0. Every joint has its dot, occluded or not."""

    keypoints_NJ2: np.ndarray
    occluded_NJ: np.ndarray
    size_N2: np.ndarray
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)


def write_lsp(folder: Path, n: int = 8, seed: int = 0) -> Lsp:
    rng = np.random.default_rng([seed, n, 3])
    size_N2 = rng.integers(110, 200, (n, 2))
    keypoints_NJ2 = np.empty((n, 14, 2))
    names = [f"im{number:04d}.jpg" for number in range(1, n + 1)]
    for row, size_2 in enumerate(size_N2):
        keypoints_NJ2[row] = scattered(rng, size_2.tolist(), 14)
        image_HW3 = photograph(keypoints_NJ2[row], np.ones(14, bool), *size_2.tolist())
        save_image(folder / "images" / names[row], image_HW3)
    truth = Lsp(keypoints_NJ2, rng.random((n, 14)) < 0.25, size_N2, names)
    save_joints(folder, file_array(truth))
    (folder / "README.txt").write_text("Leeds Sports Pose Dataset\n")
    return truth


def file_array(truth: Lsp) -> np.ndarray:
    """``joints`` as in the file: (3, 14, N), x, y, occluded; counted from 1."""
    values_NJ3 = np.concatenate([truth.keypoints_NJ2 + 1, truth.occluded_NJ[..., None]], -1)
    return values_NJ3.transpose(2, 1, 0).astype(np.float64)


def save_joints(folder: Path, values: np.ndarray, name: str = "joints") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(folder / "joints.mat", {name: values})
