"""Write a tiny data set in the form of YOLO pose as Ultralytics documents it."""

from __future__ import annotations

import numpy as np
import yaml
from tests.datasets import photograph, save_image


def write_yolo(folder, joints=17, dimensions=3, parts=("train", "val"), images=5, **more):
    """``data.yaml``, ``images/`` and ``labels/``; two poses in every second image."""
    rng = np.random.default_rng([joints, dimensions])
    rows = []
    for part in parts:
        for number in range(images):
            width, height = rng.integers(120, 200, 2).tolist()
            name, lines, shown = f"images/{part}/{number}.png", [], None
            for person in range(1 + number % 2):
                points_J2 = rng.uniform(8, 110, (joints, 2))
                v_J = rng.choice([0, 1, 2, 2], joints) if dimensions == 3 else np.full(joints, 1)
                v_J[0] = 2 if dimensions == 3 else 1
                box = rng.uniform(20, 100, 4)
                shares_J2 = np.where(v_J[:, None] > 0, points_J2 / [width, height], 0)
                values_JD = np.column_stack([shares_J2, v_J])[:, :dimensions]
                box_4 = box / [width, height, width, height]
                words = [f"{v:.6f}" for v in [*box_4, *values_JD.reshape(-1)]]
                lines.append(" ".join([str(person), *words]))
                rows.append((name, points_J2, v_J, box, (width, height)))
                if shown is None:
                    shown = photograph(points_J2, v_J > 0, width, height)
            save_image(folder / name, shown)
            file = folder / f"labels/{part}/{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(lines) + "\n")
    data = {
        "path": ".",
        **{part: f"images/{part}" for part in parts},
        "kpt_shape": [joints, dimensions],
        "names": {0: "person", 1: "child"},
    }
    (folder / "data.yaml").write_text(yaml.safe_dump(data | more))
    return rows
