"""A pose table in Parquet, as `PoseTable.save` writes it: saved tables, or your own.

Shapes: N samples.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.about import About
from posesift.data.cleaning import hide_impossible
from posesift.data.label_boxes import Boxes, with_boxes
from posesift.data.splits import Split, in_split
from posesift.poses.table import PoseTable
from posesift.storage import inside

ABOUT = About(
    title="A pose table in Parquet: what posesift prepare and PoseTable.save leave",
    page="made on your computer",
    get="nothing",
    terms="those of the data that it was made of",
    tree="""
table.parquet
images/ (or where its metadata say; images=FOLDER names another place)
""",
)


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
) -> PoseTable:
    """Read the table.

    Args:
        path: the Parquet file.
        split: ``train``, ``test`` (the last quarter of the clips, else of the images) or ``all``.
        boxes: ``file``, those of the table, else the whole image; or ``labels``.
        images: folder of the images, where they have moved since the table was written.
        skeleton: name or TOML file of the skeleton that is expected.

    Raises:
        ValueError: the file is not a pose table, is one of another skeleton, names an image
            outside its folder, or has impossible keypoints in more than 5 % of its rows.
    """
    file = Path(path).expanduser().resolve()
    table = PoseTable.load(file)
    if skeleton is not None and not (wanted := skeletons.load(skeleton)).same_as(table.skeleton):
        raise ValueError(
            f"{file}: expected poses of the skeleton {wanted.name}, found {table.skeleton.name}: "
            f"{wanted.difference(table.skeleton)}; with as= in the place of skeleton= they are "
            "mapped by name"
        )
    if not len(table):
        raise ValueError(f"{file} holds no poses; write the table anew")
    if images is not None:
        folder = Path(images).expanduser().resolve()
        if not folder.is_dir():
            raise ValueError(f"expected the folder of the images at {folder}, found no folder")
        table = dataclasses.replace(table, root=str(folder))
    rows = [f"row {row}" for row in range(len(table))]
    if table.image_N is not None:
        rows = [f"{row} ({name})" for row, name in zip(rows, table.image_N, strict=True)]
        if not table.root.startswith("world:"):
            for name in dict.fromkeys(table.image_N):
                inside(table.root, str(name))
    visible_NK, hidden = hide_impossible(
        table.keypoints_NK2,
        table.visible_NK,
        np.column_stack([table.width_N, table.height_N]),
        table.skeleton.keypoints,
        rows,
        str(file),
    )
    table = dataclasses.replace(table, visible_NK=visible_NK, problems=table.problems + hidden)
    unit_N = table.clip_N if table.clip_N is not None else table.image_N
    units = rows if unit_N is None else unit_N.tolist()
    return with_boxes(table, boxes).select(in_split(split, units))
