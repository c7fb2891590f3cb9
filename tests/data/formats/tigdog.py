"""Write a tiny TigDog: ranges and landmarks as MATLAB files, frames as JPEG.

Shapes: N frames, F frames of a shot, J the 19 landmarks, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
from tests.data.formats.dots import scattered
from tests.datasets import photograph, save_image

SIZE = (200, 170)
SHOTS = {"horse": ((3, 10, 11), (7, 12, 14), (2, 20, 20), (9, 21, 23)), "tiger": ((3, 1, 3),)}
"""Shot, first frame, last frame; shots are not in order, and the two animals share a number."""


@dataclass
class TigDog:
    """What was written, frame by frame, in the file's own order of landmarks, counted from 0."""

    path: Path
    keypoints_NJ2: np.ndarray
    visible_NJ: np.ndarray
    names: list[str]
    clips: list[str]
    animals: list[str]


def write_tigdog(folder: Path, seed: int = 0, shots: dict = SHOTS) -> TigDog:
    """``ranges/``, ``landmarks/`` and the frames; coordinates in the files count from 1."""
    rng = np.random.default_rng([seed, 19])
    points, visible, names, clips, animals = [], [], [], [], []
    for animal, rows in shots.items():
        (folder / "ranges" / animal).mkdir(parents=True)
        (folder / "landmarks" / animal).mkdir(parents=True)
        ranges = np.array(rows, np.uint16)
        scipy.io.savemat(folder / "ranges" / animal / "ranges.mat", {"ranges": ranges})
        for shot, first, last in rows:
            seen_FJ = rng.random((last - first + 1, 19)) < 0.8
            seen_FJ[:, 4] = True
            place_FJ2 = np.array([scattered(rng, SIZE, 19) for _ in seen_FJ])
            for frame in range(first, last + 1):
                name = f"{animal}/{frame:08d}.jpg"
                row = frame - first
                save_image(folder / name, photograph(place_FJ2[row], seen_FJ[row], *SIZE))
                names.append(name)
            clips += [f"{animal}/{shot}"] * len(seen_FJ)
            animals += [animal] * len(seen_FJ)
            points.append(place_FJ2)
            visible.append(seen_FJ)
            save_landmarks(folder / "landmarks" / animal / f"{shot}.mat", place_FJ2, seen_FJ)
    return TigDog(folder, np.concatenate(points), np.concatenate(visible), names, clips, animals)


def save_landmarks(path: Path, points_FJ2: np.ndarray, visible_FJ: np.ndarray) -> None:
    """A cell of one structure a frame; an unmarked landmark lies at 0."""
    cell = np.empty((len(points_FJ2), 1), object)
    for row, (points_J2, seen_J) in enumerate(zip(points_FJ2, visible_FJ, strict=True)):
        cell[row, 0] = {
            "positions": np.where(seen_J[:, None], points_J2 + 1, 0),
            "visibility": seen_J[:, None].astype(np.uint8),
        }
    scipy.io.savemat(path, {"landmarks": cell})


def save_lists(folder: Path, animal: str, train: list[int], valid: list[int]) -> None:
    """The published lists of frames, in the place where published code keeps them."""
    place = folder / "cached_data" / "real_animal" / animal
    place.mkdir(parents=True)
    np.save(place / "train_idxs_by_video.npy", np.array(train))
    np.save(place / "valid_idxs_by_video.npy", np.array(valid))
