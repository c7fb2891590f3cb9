"""Write tiny synthetic animals: a picture and the vertices of its mesh, for each.

Shapes: N pictures, V vertices, K keypoints, 2 = (x, y), 3 = (x, y, visible).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.data.formats.dots import scattered
from tests.datasets import photograph, save_image

WIDTH, HEIGHT = 640, 480
COUNT = 3299  # vertices, whatever the animal
IDS = {
    "horse": "1718 1684 1271 1634 1650 1643 1659 925 392 564 993 726 1585 1556 427 1548 967 877",
    "tiger": "2753 2679 2032 1451 1287 3085 1632 229 1441 1280 2201 1662 266 158 270 152 219 129",
    "hound": "2028 2580 878 977 1541 1734 799 1575 1446 602 780 1580 466 631",
    "sheep": "2046 1944 1875 1900 1868 1894 173 1829 1422 821 622 575 1370 716",
}
"""The published vertices, in the order of the keypoints."""


@dataclass
class Animals:
    """What was written, one row a picture in the order of the names; pixel centres at integers."""

    path: Path
    keypoints_NK2: np.ndarray
    visible_NK: np.ndarray  # inside the picture
    occluded_NK: np.ndarray
    corner_N4: np.ndarray  # of all vertices, cut at the picture, counted from its edge
    names: list[str]
    poses: list[tuple[str, str]]  # animation and moment


def write_animal(folder: Path, animal: str, n: int = 6, seed: int = 0) -> Animals:
    """``<animal>_combineds5r5_texture/``; the third keypoint is off every second picture.

    Of a pose there are two pictures from different sides. A depth file lies beside each, as in
    the set.
    """
    rng = np.random.default_rng([seed, n, len(animal)])
    place = folder / f"{animal}_combineds5r5_texture"
    ids = [int(number) for number in IDS[animal].split()]
    rows = []
    for number in range(n):
        motion, moment = ("walk", "run_left")[number // 2 % 2], 0.1 + 0.05 * (number // 4)
        stem = f"{number}_{animal}_{motion}_{moment:.2f}_250.00_{40 * number:.2f}_10.00.png"
        points_K2 = scattered(rng, (WIDTH, HEIGHT), len(ids))
        visible_K = np.ones(len(ids), bool)
        if number % 2:
            points_K2[2] = (-20.5, 100)
            visible_K[2] = False
        occluded_K = rng.random(len(ids)) < 0.3
        points_V3 = np.column_stack(
            [rng.uniform(150, 400, COUNT), rng.uniform(100, 300, COUNT), rng.integers(0, 2, COUNT)]
        )
        # the files count from the picture's edge, half a pixel before the first centre
        points_V3[ids] = np.column_stack([points_K2 + 0.5, ~occluded_K])
        picture = photograph(points_K2, visible_K, WIDTH, HEIGHT)
        save_image(place / f"{stem}_img.png", picture)
        np.save(place / f"{stem}_kpts.npy", points_V3)
        np.save(place / f"{stem}_kpts_z.npy", points_V3[:, 0])
        low_2 = np.maximum(points_V3[:, :2].min(0), 0)
        high_2 = np.minimum(points_V3[:, :2].max(0), (WIDTH, HEIGHT))
        name = f"{place.name}/{stem}_img.png"
        pose = (f"{animal}_{motion}", f"{moment:.2f}")
        corner = np.concatenate([low_2, high_2])
        rows.append((name, points_K2, visible_K, occluded_K & visible_K, corner, pose))
    rows.sort(key=lambda row: row[0])
    names, points, visible, occluded, corner, poses = zip(*rows, strict=True)
    return Animals(
        folder,
        np.array(points),
        np.array(visible),
        np.array(occluded),
        np.array(corner),
        list(names),
        list(poses),
    )


def save_lists(folder: Path, animal: str, train: list[int], valid: list[int]) -> None:
    """The published lists of pictures, in the place where published code keeps them."""
    place = folder / "cached_data" / "synthetic_animal" / f"{animal}_combineds5r5_texture"
    place.mkdir(parents=True)
    np.save(place / "train_idxs.npy", np.array(train))
    np.save(place / "valid_idxs.npy", np.array(valid))
