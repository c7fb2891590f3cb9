"""A table of one pose a line, ``labels.csv``: any script and any spreadsheet reads it.

Columns are those of `posesift.data.readers.csv`: ``image``, ``width``, ``height``, ``box_*``,
``clip``, ``mode``, and ``NAME_x``, ``NAME_y``, ``NAME_v`` of every keypoint.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from posesift.data.writers.labels import Labels
from posesift.storage import atomic_path

FILE = "labels.csv"


def write(labels: Labels, folder: Path) -> str:
    """Write ``labels.csv``; cells of keypoints that are not labelled are empty.

    Raises:
        ValueError: a text holds a line break, which many readers of CSV take for the line's end.
    """
    table = labels.table
    assert table.image_N is not None
    columns: dict[str, pa.Array] = {"image": _texts(table.image_N, "image")}
    columns |= {"width": pa.array(table.width_N), "height": pa.array(table.height_N)}
    for axis, name in enumerate(("box_x", "box_y", "box_w", "box_h")):
        columns[name] = pa.array(np.ascontiguousarray(labels.box_N4[:, axis]))
    for name, text_N in (("clip", table.clip_N), ("mode", table.mode_N)):
        if text_N is not None:
            columns[name] = _texts(text_N, name)
    for k, keypoint in enumerate(table.skeleton.keypoints):
        absent_N = ~table.visible_NK[:, k]
        for axis, letter in enumerate("xy"):
            value_N = np.ascontiguousarray(table.keypoints_NK2[:, k, axis])
            columns[f"{keypoint}_{letter}"] = pa.array(value_N, mask=absent_N)
        columns[f"{keypoint}_v"] = pa.array(np.ascontiguousarray(labels.v_NK[:, k]))
    with atomic_path(folder / FILE) as temporary:
        pyarrow.csv.write_csv(
            pa.table(columns), temporary, pyarrow.csv.WriteOptions(quoting_style="needed")
        )
    return labels.address("csv", FILE, images=labels.root)


def _texts(text_N: np.ndarray, column: str) -> pa.Array:
    texts = text_N.tolist()
    for text in set(texts):
        if "\n" in text or "\r" in text:
            raise ValueError(
                f"the {column} {text!r} holds a line break, which a CSV file cannot; "
                "--images link or copy gives images plain names, and --format coco or poses holds "
                "any text"
            )
    return pa.array(texts, pa.string())
