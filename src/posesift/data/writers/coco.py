"""COCO keypoints: one JSON file, ``annotations.json``, and ``images/``.

https://cocodataset.org/#format-data. What has no place in a pose table (outlines, captions) is not
written. ``id`` of annotations and images is that of the data, where all have one of their own; else
that of an annotation is the row of the pose in the scored data plus 1, as COCO's own tools take 0
for none. ``area`` is that of the box: OKS needs one.

Shapes: N poses, K keypoints, 2 = (x, y), 3 = (x, y, v), 4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from posesift.data.writers.labels import Labels, shortest
from posesift.storage import atomic_path

FILE = "annotations.json"
_CHUNK = 5_000  # poses that are Python objects at a time


class _Image(msgspec.Struct, gc=False):
    id: int | str
    file_name: str
    width: int
    height: int


class _Annotation(msgspec.Struct, gc=False):
    id: int | str
    image_id: int | str
    category_id: int
    keypoints: list[float]
    num_keypoints: int
    bbox: list[float]
    area: float
    iscrowd: int = 0


def write(labels: Labels, folder: Path) -> str:
    """Write ``annotations.json``.

    Every number has the fewest digits that read as the same float32, so that reading the file gives
    the very same table.
    """
    table = labels.table
    names, _, first_M = labels.images
    encode = msgspec.json.encode
    with atomic_path(folder / FILE) as temporary, temporary.open("wb") as file:
        limbs = [[a + 1, b + 1] for a, b in table.skeleton.limbs]
        categories = [
            {"id": number, "name": name, "supercategory": name,
             "keypoints": list(table.skeleton.keypoints), "skeleton": limbs}
            for number, name in enumerate(labels.classes[0], 1)
        ]  # fmt: skip
        file.write(b'{"info":{"description":"written by PoseSift"},"licenses":[],"categories":')
        file.write(encode(categories) + b',\n"images":[\n')
        sizes = zip(table.width_N[first_M].tolist(), table.height_N[first_M].tolist(), strict=True)
        images = (
            _Image(number, name, width, height)
            for number, name, (width, height) in zip(
                labels.image_id_M.tolist(), names, sizes, strict=True
            )
        )
        _write_lines(file, (encode(image) for image in images))
        file.write(b'],\n"annotations":[\n')
        _write_lines(file, (encode(one) for one in _annotations(labels)))
        file.write(b"]}\n")
    return labels.address("coco", FILE, images=labels.root)


def _write_lines(file, lines: Iterator[bytes]) -> None:
    separator = b""
    for line in lines:
        file.write(separator + line)
        separator = b",\n"
    file.write(b"\n")


def _annotations(labels: Labels) -> Iterator[_Annotation]:
    table = labels.table
    _, image_N, _ = labels.images
    for start in range(0, len(table), _CHUNK):
        rows = slice(start, start + _CHUNK)
        v_BK = labels.v_NK[rows]
        joints_BK3 = np.empty((*v_BK.shape, 3), object)  # coordinates are floats, v is whole
        joints_BK3[..., :2] = shortest(table.keypoints_NK2[rows])
        joints_BK3[..., 2] = v_BK
        box_B4 = shortest(labels.box_N4[rows])
        for annotation in zip(
            labels.id_N[rows].tolist(),
            labels.image_id_M[image_N[rows]].tolist(),
            (labels.classes[1][rows] + 1).tolist(),
            joints_BK3.reshape(len(v_BK), -1).tolist(),
            (v_BK > 0).sum(1).tolist(),
            box_B4.tolist(),
            (box_B4[:, 2] * box_B4[:, 3]).tolist(),
            strict=True,
        ):
            yield _Annotation(*annotation)
