"""Ultralytics' YOLO pose: ``data.yaml``, ``images/train/`` and a text of labels beside each image.

A line is a class, a box (centre, width, height) and x, y, v of each keypoint, all but class and v
as shares of the image's width and height. https://docs.ultralytics.com/datasets/pose

Ultralytics passes over a whole image where a number is below 0 or above 1, so boxes are cut at the
edge of their image, and the half pixel that a keypoint may lie outside of it is taken away.

Shapes: N poses, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import yaml

from posesift import locks, storage
from posesift.data.writers.labels import Labels

FILE = "data.yaml"
_DIGITS = 9  # behind the point: a hundred-thousandth of a pixel of an image 10,000 wide
_CHUNK = 5_000


def write(labels: Labels, folder: Path) -> str:
    """Write ``data.yaml`` and ``labels/``, a file an image.

    ``val`` names the validation images; without any it is the training images, which say nothing
    about how good the network is.
    """
    table = labels.table
    if table.root != "images/train":
        raise ValueError(
            "YOLO looks for labels in a folder beside the one of the images, so images cannot stay "
            "where they are: use --images link or copy, or --format list for a set that has its "
            "labels already"
        )
    _write_labels(labels, folder)
    skeleton, names = table.skeleton, labels.classes[0]
    document = {
        "train": "images/train",
        "val": labels.validation or "images/train",
        "kpt_shape": [len(skeleton), 3],
        "flip_idx": list(skeleton.mirror),
        "names": dict(enumerate(names)),
        "kpt_names": {number: list(skeleton.keypoints) for number in range(len(names))},
    }
    told = "# Written by PoseSift. No path: Ultralytics looks beside this file.\n"
    if labels.validation is None:
        told += "# val is the training images: put your own labelled images there.\n"
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, default_flow_style=None)
    storage.write_text(folder / FILE, told + text)
    return labels.address("yolo", FILE, split="train")


def label_file(image: str) -> str:
    """Name the label file of an image in ``images/train``.

    >>> label_file("day 1/a.b.jpg")
    'labels/train/day 1/a.b.txt'
    """
    return f"labels/train/{PurePosixPath(image).with_suffix('.txt')}"


def lines(labels: Labels, rows: np.ndarray) -> list[str]:
    """Return the lines of some poses."""
    table = labels.table
    size_B2 = np.column_stack([table.width_N[rows], table.height_N[rows]]).astype(np.float64)
    box_B4 = labels.box_N4[rows].astype(np.float64)
    low_B2 = np.clip(box_B4[:, :2], 0, size_B2)
    high_B2 = np.clip(box_B4[:, :2] + box_B4[:, 2:], 0, size_B2)
    at_BK2 = np.clip(table.keypoints_NK2[rows] / size_B2[:, None], 0, _last(size_B2)[:, None])
    values_BV = np.concatenate(
        [
            (low_B2 + high_B2) / 2 / size_B2,
            (high_B2 - low_B2) / size_B2,
            np.concatenate([at_BK2, labels.v_NK[rows][..., None]], -1).reshape(len(rows), -1),
        ],
        axis=1,
    )
    number = f"%.{_DIGITS}f"
    form = " ".join(["%d", *[number] * 4, *[number, number, "%d"] * len(table.skeleton)])
    return [
        form % (kind, *values)
        for kind, values in zip(labels.classes[1][rows].tolist(), values_BV.tolist(), strict=True)
    ]


def _last(size_B2: np.ndarray) -> np.ndarray:
    """Give the largest share that can be written of the end of each side's last pixel.

    Rounded up, a keypoint there would be read as one off its image.
    """
    unit = 10.0**-_DIGITS
    last_B2 = np.floor((1 - 0.5 / size_B2) / unit) * unit
    return np.where(last_B2 * size_B2 > size_B2 - 0.5, last_B2 - unit, last_B2)


def _write_labels(labels: Labels, folder: Path) -> None:
    """Write the lines of each image, in the order of the table."""
    names, image_N, _ = labels.images
    order_N = np.argsort(image_N, kind="stable")
    ends_M = np.cumsum(np.bincount(image_N, minlength=len(names)))
    made: set[Path] = set()
    image = 0
    while image < len(names):  # whole images of about so many poses at a time
        first = int(ends_M[image - 1]) if image else 0
        last = max(image + 1, int(np.searchsorted(ends_M, first + _CHUNK, side="right")))
        text, begin = lines(labels, order_N[first : ends_M[last - 1]]), 0
        for name, end in zip(names[image:last], (ends_M[image:last] - first).tolist(), strict=True):
            path = folder / label_file(name)
            try:
                if path.parent not in made:
                    storage.make_parent(path)
                    made.add(path.parent)
                path.write_text("\n".join(text[begin:end]) + "\n", encoding="utf-8")
            except OSError as error:
                locks.check(path)
                raise storage.explained(error, path) from error
            begin = end
        image = last
