"""Write a small CSV of keypoints, with photographs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from tests.datasets import Truth, photograph, save_image

JOINTS = ("left_eye", "right_eye", "nose", "tail")


def write_csv(folder: Path, n: int = 8, delimiter: str = ",", **more: Any) -> Truth:
    """``labels.csv`` and ``photos/``; ``path`` is the CSV file.

    Every second image has two animals, every third keypoint is hidden behind something (v = 1),
    the last one is not labelled in every fourth line. ``more`` adds a column of ``n`` cells or
    replaces one; None leaves it out.
    """
    rng = np.random.default_rng([7, n])
    of_image_N = np.arange(n) * 2 // 3  # images of two, one, two, one lines
    size_N2 = rng.integers(130, 210, (n, 2))[of_image_N]
    visible_NJ = np.ones((n, len(JOINTS)), bool)
    visible_NJ[3::4, -1] = False
    keypoints_NJ2 = np.empty((n, len(JOINTS), 2))
    for image in np.unique(of_image_N):
        rows = np.flatnonzero(of_image_N == image)
        grid = np.stack(np.meshgrid(np.arange(12, 116, 20), np.arange(12, 116, 20)), -1)
        places = rng.choice(grid.reshape(-1, 2), len(rows) * len(JOINTS), replace=False)
        points = places + rng.uniform(0, 6, places.shape).round(2)
        keypoints_NJ2[rows] = points.reshape(len(rows), len(JOINTS), 2)
        shown = np.concatenate([visible_NJ[row] for row in rows])
        picture = photograph(points, shown, *size_N2[rows[0]].tolist())
        save_image(folder / "photos" / f"day {image}.png", picture)
    truth = Truth(
        folder / "labels.csv",
        keypoints_NJ2,
        visible_NJ,
        size_N2.astype(np.int32),
        [f"day {image}.png" for image in of_image_N],
    )
    columns: dict[str, Any] = {"image": truth.names}
    for j, name in enumerate(JOINTS):
        for axis, letter in enumerate("xy"):
            cells = keypoints_NJ2[:, j, axis].tolist()
            columns[f"{name}_{letter}"] = [
                cell if visible_NJ[row, j] else "" for row, cell in enumerate(cells)
            ]
        columns[f"{name}_v"] = np.where(visible_NJ[:, j], 1 if j % 3 == 0 else 2, 0).tolist()
    save_csv(truth.path, columns | more, delimiter)
    return truth


def save_csv(path: Path, columns: dict[str, Any], delimiter: str = ",") -> None:
    """Write columns, those that are None left out."""
    chosen = {name: cells for name, cells in columns.items() if cells is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(chosen)
        writer.writerows(zip(*chosen.values(), strict=True))
