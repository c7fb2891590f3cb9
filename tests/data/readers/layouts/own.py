"""Formats of anybody: COCO, CSV, exports of annotation tools, pose tables, folders of images.

Shapes: N samples, J joints, 2 = (x, y), 4 = (left, top, width, height).
"""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tests.data.formats import csv as csv_format
from tests.data.formats import cvat, labelstudio, sleap
from tests.data.readers.layouts.bodies import LEEDS, leeds_extended
from tests.data.readers.layouts.layout import (
    Places,
    Written,
    boxes_of_corners,
    in_json,
    layout,
    place_in,
    rename_listed,
)
from tests.datasets import Truth, write_coco, write_images

from posesift import skeletons
from posesift.data.readers import read
from posesift.poses.table import PoseTable


@layout(
    "coco",
    "annotations.json",
    expected="COCO keypoint annotations",
    rename=in_json("annotations.json", rename_listed),
    move=in_json(
        "annotations.json", lambda d, places: place_in(d["annotations"][0]["keypoints"], places)
    ),
)
def _coco(folder: Path) -> Written:
    truth = write_coco(folder, n=24)
    shown = [
        points_J2[seen_J]
        for points_J2, seen_J in zip(truth.keypoints_NJ2, truth.visible_NJ, strict=True)
    ]
    return Written(
        address=f"coco:{truth.path},images={folder}/photos,skeleton=coco17",
        names=truth.names,
        joints=skeletons.load("coco17").keypoints,
        keypoints_NJ2=truth.keypoints_NJ2,
        visible_NJ=truth.visible_NJ,
        size_N2=truth.size_N2,
        occluded_NJ=truth.visible_NJ & (np.arange(17) % 3 == 0),
        box_N4=boxes_of_corners(np.array([[*(p.min(0) - 12), *(p.max(0) + 12)] for p in shown])),
        boxes_from="file",
    )


def _animals(truth: Truth, address: str, **more: Any) -> Written:
    """The animals of four joints that several formats hold."""
    # the dots' colours count on over an image's animals
    order_N = np.array([row - truth.names.index(name) for row, name in enumerate(truth.names)])
    return Written(
        address=address,
        names=truth.names,
        joints=csv_format.JOINTS,
        keypoints_NJ2=truth.keypoints_NJ2,
        visible_NJ=truth.visible_NJ,
        size_N2=truth.size_N2,
        colour_NJ=4 * order_N[:, None] + np.arange(4),
        **more,
    )


def _in_csv(folder: Path, cells: dict[str, Any]) -> None:
    """Other cells in the first line."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= cells
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    csv_format.save_csv(folder / "labels.csv", columns)


def _move_csv(folder: Path, places: Places) -> None:
    for joint, (x, y) in places.items():
        name = csv_format.JOINTS[joint]
        _in_csv(folder, {f"{name}_x": x, f"{name}_y": y, f"{name}_v": 2})


@layout(
    "csv",
    "labels.csv",
    expected="a CSV file",
    opens=True,
    rename=lambda folder, name: _in_csv(folder, {"image": name}),
    move=_move_csv,
)
def _csv(folder: Path) -> Written:
    truth = csv_format.write_csv(folder, 24)
    return _animals(
        truth,
        f"csv:{truth.path},images={folder}/photos",
        occluded_NJ=truth.visible_NJ & [True, False, False, True],
    )


def _in_table(folder: Path, change: Callable[[PoseTable], None]) -> None:
    table = PoseTable.load(folder / "table.parquet")
    change(table)
    table.save(folder / "table.parquet")


def _move_table(folder: Path, places: Places) -> None:
    def change(table: PoseTable) -> None:
        for joint, point in places.items():
            k = table.skeleton.keypoints.index(LEEDS[joint])
            table.keypoints_NK2[0, k], table.visible_NK[0, k] = point, True

    _in_table(folder, change)


def _rename_table(folder: Path, name: str) -> None:
    _in_table(folder, lambda table: table.image_N.__setitem__(0, name))


@layout(
    "poses",
    "table.parquet",
    expected="a pose table",
    own_picture=False,
    rename=_rename_table,
    move=_move_table,
)
def _poses(folder: Path) -> Written:
    written = leeds_extended(folder)
    table = dataclasses.replace(read(written.address), root="")  # beside the table
    table.save(folder / "table.parquet")
    return dataclasses.replace(written, address=f"poses:{folder}/table.parquet")


@layout("images", expected="images", own_picture=False, opens=True)
def _images(folder: Path) -> Written:
    truth = write_images(folder, n=24)
    nothing = np.zeros((24, 0, 2))
    return Written(
        address=f"images:{folder}", names=sorted(truth.names), joints=(), keypoints_NJ2=nothing
    )


@layout("sleap/slp", "labels.slp", expected="labels of SLEAP", opens=True)
def _sleap(folder: Path) -> Written:
    truth = sleap.write_sleap(folder, 24)
    return _animals(
        truth,
        f"sleap:{truth.path},images={folder}/photos",
        mode_N=[("one", "two")[row % 2] for row in range(24)],
        boxes_from="labels",
    )


@layout("labelstudio", "export.json", expected="an export of Label Studio")
def _labelstudio(folder: Path) -> Written:
    truth = labelstudio.write_labelstudio(folder, 24)
    return _animals(
        truth,
        f"labelstudio:{truth.path},images={folder}/photos",
        box_N4=np.array([cvat.box(truth, row) for row in range(24)]),
        boxes_from="file",
    )


def _in_cvat(folder: Path, change: Callable[[str], str]) -> None:
    file = folder / "annotations.xml"
    file.write_text(change(file.read_text()))


def _move_cvat(folder: Path, places: Places) -> None:
    for joint, (x, y) in places.items():
        name = csv_format.JOINTS[joint]
        pattern = rf'(<points label="{name}" [^>]*points=")[^"]*"'
        _in_cvat(
            folder,
            lambda text, p=pattern, x=x, y=y: re.sub(
                p, rf'\g<1>{x + 0.5},{y + 0.5}"', text, count=1
            ),
        )


def _rename_cvat(folder: Path, name: str) -> None:
    _in_cvat(folder, lambda text: re.sub('(<image id="0" name=)"[^"]*"', rf'\1"{name}"', text))


@layout(
    "cvat",
    "annotations.xml",
    expected="CVAT for images",
    rename=_rename_cvat,
    move=_move_cvat,
)
def _cvat(folder: Path) -> Written:
    truth = cvat.write_cvat(folder, 24)
    return _animals(
        truth,
        f"cvat:{truth.path}",
        occluded_NJ=truth.visible_NJ & [True, False, False, True],
        box_N4=np.array([cvat.box(truth, row) for row in range(24)]),
        boxes_from="file",
        others=(f"cvat:{truth.path},images={folder}/images,label=animal",),
    )
