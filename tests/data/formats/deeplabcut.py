"""Write a tiny data set in the form of DeepLabCut's table of labels and its frames."""

from __future__ import annotations

import numpy as np
from tests.datasets import photograph, save_image

PARTS = ["snout", "leftear", "rightear", "tailbase"]


def write_project(folder, animals=("",), frames=6, columns=1):
    """``labeled-data/day/CollectedData_ann.csv`` and its frames; returns file, points, labelled."""
    rng = np.random.default_rng(0)
    points_FIJ2 = rng.uniform(10, 90, (frames, len(animals), 4, 2)).round(3)
    seen_FIJ = rng.random((frames, len(animals), 4)) < 0.8
    seen_FIJ[:, 0, 0] = True
    seen_FIJ[0] = False  # a frame without labels
    place = folder / "labeled-data" / "day"
    heads = {"scorer": "ann", "individuals": "", "bodyparts": "", "coords": ""}
    columns_of = [(i, j, axis) for i in range(len(animals)) for j in range(4) for axis in (0, 1)]
    lines = []
    for head in heads:
        cells = {
            "scorer": lambda i, j, a: "ann",
            "individuals": lambda i, j, a: animals[i],
            "bodyparts": lambda i, j, a: PARTS[j],
            "coords": lambda i, j, a: "xy"[a],
        }[head]
        if head != "individuals" or len(animals) > 1:
            lines.append([head, *[""] * (columns - 1), *(cells(*c) for c in columns_of)])
    for frame in range(frames):
        name = f"img{frame:03d}.png"
        shown = photograph(points_FIJ2[frame, 0], seen_FIJ[frame, 0], 120, 100)
        save_image(place / name, shown)
        path = ["labeled-data", "day", name]
        path = path if columns == 3 else ["/".join(path)]
        cells = [
            repr(points_FIJ2[frame, i, j, a].item()) if seen_FIJ[frame, i, j] else ""
            for i, j, a in columns_of
        ]
        lines.append([*path, *cells])
    file = place / "CollectedData_ann.csv"
    file.write_text("\n".join(",".join(line) for line in lines) + "\n")
    return file, points_FIJ2, seen_FIJ
