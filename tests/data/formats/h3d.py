"""Write a tiny H3D_crop: annotation.json and part1 to part5.

Shapes: N images, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tests.data.formats.hand_dots import spaced
from tests.datasets import Truth, photograph, save_image


def write_h3d(folder: Path, n: int = 20, seed: int = 0, parts: int = 5) -> Truth:
    """Square images of many sizes; every fourth hand holds an object."""
    rng = np.random.default_rng([seed, n])
    side_N = rng.integers(130, 180, n)
    points_NK2 = np.stack([spaced(rng, 21, (12, 12), (s - 12, s - 12)) for s in side_N])
    names = [f"part{1 + row % parts}/shot {row:03d}.jpg" for row in range(n)]
    sizes = np.column_stack([side_N, side_N]).astype(np.int32)
    truth = Truth(folder, points_NK2, np.ones((n, 21), bool), sizes, names)
    samples = []
    for row, name in enumerate(names):
        side = int(side_N[row])
        save_image(folder / name, photograph(points_NK2[row], truth.visible_NJ[row], side, side))
        samples.append(
            {
                "name": name,
                "keypoint2d": points_NK2[row].tolist(),
                "keypoint3d": np.ones((21, 3)).tolist(),
                "intrinsic_matrix": np.eye(3).tolist(),
                "without_object": "0" if row % 4 == 3 else "1",
            }
        )
    save(folder, samples)
    return truth


def samples(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "annotation.json").read_text())


def save(folder: Path, content: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "annotation.json").write_text(json.dumps(content))
