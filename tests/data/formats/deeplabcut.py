"""Write a tiny data set in the form of DeepLabCut's table of labels and its frames."""

from __future__ import annotations

import h5py
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


def save_hdf5(path, rows, columns, values_RC):
    """The table as pandas' ``to_hdf(key="df_with_missing", format="fixed")`` lays it out.

    Compared with files that pandas and PyTables wrote; neither is needed here.
    """

    def levels(axis, labels):
        for level, words in enumerate(zip(*labels, strict=True)):
            sorted_words = sorted(set(words))
            group[f"{axis}_level{level}"] = np.array([w.encode() for w in sorted_words])
            numbers = np.array([sorted_words.index(word) for word in words], np.int8)
            group[f"{axis}_label{level}"] = numbers

    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = np.bytes_("frame")
        if isinstance(rows[0], str):
            group["axis1"] = np.array([row.encode() for row in rows])
        else:
            levels("axis1", rows)
        levels("axis0", columns)
        levels("block0_items", columns)
        group["block0_values"] = values_RC


def write_hdf5(folder, animals=("",), frames=6, columns=3):
    """The project of `write_project`, and its HDF5 table in place of the CSV."""
    file, points_FIJ2, seen_FIJ = write_project(folder, animals, frames, columns)
    file.unlink()
    heads = [("ann", *([a] if len(animals) > 1 else []), p) for a in animals for p in PARTS]
    shown_FIJ2 = np.where(seen_FIJ[..., None], points_FIJ2, np.nan)
    rows = [("labeled-data", "day", f"img{frame:03d}.png") for frame in range(frames)]
    save_hdf5(
        file.with_suffix(".h5"),
        rows if columns == 3 else ["/".join(row) for row in rows],
        [(*head, axis) for head in heads for axis in "xy"],
        shown_FIJ2.reshape(frames, -1),
    )
    return file.with_suffix(".h5"), points_FIJ2, seen_FIJ
