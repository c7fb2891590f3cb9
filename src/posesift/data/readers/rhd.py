"""Rendered Hand Pose: the folder RHD_published_v2, 320 x 320 renderings of people, both hands.

Zimmermann and Brox, "Learning to Estimate 3D Hand Pose from Single RGB Images", ICCV 2017: 41,258
renderings to train on and 2,728 to evaluate, of other people doing other things. Its labels are
pickles; they are read without running them (`posesift.data.files.plain_pickle`).

Shapes: M renderings, N hands, J the file's 42 joints, K the 21 keypoints of ``hand21``,
2 = (x, y), 3 = (x, y, visible), 4 = (x, y, width, height).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.files import plain_pickle
from posesift.data.files.uniform_images import uniform_sizes
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled
from posesift.data.labels.left_hands import Hands, seen_as
from posesift.data.labels.splits import Split
from posesift.data.readers.about import About, require
from posesift.poses.geometry import on_image
from posesift.poses.table import PoseTable, joined

ABOUT = About(
    title="Rendered Hand Pose: 44,000 renderings of people, 21 joints for each of their hands",
    page="https://lmb.informatik.uni-freiburg.de/resources/datasets/RenderedHandposeDataset.en.html",
    get="RHD_v1-1.zip",
    terms="research only, no commercial use; the paper is to be cited",
    tree="""
training/
  anno_training.pickle
  color/
    00000.png ...
evaluation/
  anno_evaluation.pickle
  color/
    00000.png ...
""",
    cite="Zimmermann and Brox, ICCV 2017",
)

JOINT_OF_KEYPOINT = (0, 4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13, 20, 19, 18, 17)
"""The file's joint for each keypoint of ``hand21``; the file goes from tip to base. These are the
left hand's; the right hand's come 21 later."""

_SETS = {"train": ("training",), "test": ("evaluation",), "all": ("training", "evaluation")}


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "labels",
    hands: Hands = "left",
    least: int = 11,
    parity: bool = False,
) -> PoseTable:
    """Read the folder, one sample a hand; ``mode_N`` says which hand it is, left or right.

    All coordinates are known exactly, so a joint that is hidden in the picture is visible here
    (its coordinate may be used) and occluded; only joints off the picture are invisible. The set
    gives no boxes. Pixels are taken to count from 0.

    Args:
        path: the folder RHD_published_v2, or the one that holds it.
        split: ``train`` (its ``training``), ``test`` (its ``evaluation``) or ``all``.
        boxes: ``labels``, see `posesift.data.labels.boxes`, or ``file``: the whole image.
        hands: ``left`` mirrors right hands, so that all are left hands; ``stored`` leaves them.
        least: joints of a hand that must be seen, unoccluded, for it to be taken.
        parity: the choice of the published code: the square box around all 21 joints, 1.5 times
            their extent and shifted into the picture, is more than 64 px wide; more than 16
            joints are seen; and the other hand's box covers less than 0.3 of it, pixels at both
            ends counted. Hidden joints are then invisible, and with ``boxes=labels`` that box is
            the box, one pixel short on the right and at the bottom as theirs is. ``least`` has
            no effect.

    Raises:
        ValueError: a part is missing, the pickle is broken or holds anything but arrays, labels
            are not of that form, or more than 5 % of the samples are bad.
    """
    return joined([_read(path, name, boxes, hands, least, parity) for name in _SETS[split]])


def _read(
    path: str, subset: str, boxes: Boxes, hands: Hands, least: int, parity: bool
) -> PoseTable:
    labels = f"{subset}/anno_{subset}.pickle"
    root = require(path, [labels], f"RHD_published_v2 with {labels}", inner="RHD_published_v2")
    numbers, labels_MJ3 = _labels(root, subset)
    count = len(numbers)
    # left and right hand of each rendering, one after the other
    order_2K = np.array([JOINT_OF_KEYPOINT, np.array(JOINT_OF_KEYPOINT) + 21])
    labels_NK3 = labels_MJ3[:, order_2K].reshape(2 * count, 21, 3)
    keypoints_NK2, seen_NK = labels_NK3[..., :2], labels_NK3[..., 2] > 0
    is_right_N = np.tile([False, True], count)
    names = np.repeat([f"{subset}/color/{number:05d}.png" for number in numbers], 2)
    size_N2, bad = uniform_sizes(root, names.tolist())

    kept_N, box_N4 = seen_NK.sum(1) >= least, None
    told = f"fewer than {least} joints seen"
    if parity:
        kept_N, box_N4 = _published(keypoints_NK2, seen_NK, size_N2.max(0))
        told = "not in the published choice"
    rows = np.flatnonzero(kept_N)
    told = f"{2 * count - len(rows)} of {2 * count} hands of {subset}: {told}"
    if not len(rows):
        raise ValueError(f"{root}: expected hands to see, found none; skipped: {told}")
    bad = {i: bad[row] for i, row in enumerate(rows.tolist()) if row in bad}
    keypoints_NK2, seen_NK, size_N2 = keypoints_NK2[rows], seen_NK[rows], size_N2[rows]
    # one off the picture that the file calls seen is for `labelled` to hide and to list
    visible_NK = seen_NK if parity else seen_NK | on_image(keypoints_NK2, size_N2)

    box_N4 = None if box_N4 is None or boxes == "file" else box_N4[rows]
    is_published = box_N4 is not None
    keypoints_NK2, box_N4, mirrored_N = seen_as(
        hands, is_right_N[rows], size_N2[:, 0], keypoints_NK2, box_N4
    )
    return labelled(
        skeletons.load("hand21"),
        keypoints_NK2,
        visible_NK,
        size_N2,
        [f"{names[row]}, {'right' if is_right_N[row] else 'left'} hand" for row in rows],
        str(root / subset),
        bad=bad,
        boxes="file" if is_published else boxes,
        box_N4=box_N4,
        boxes_from="labels" if is_published else "image",
        occluded_NK=visible_NK & ~seen_NK,
        image_N=names[rows].astype(object),
        root=str(root),
        mode_N=np.where(is_right_N[rows], "right", "left").astype(object),
        mirrored_N=mirrored_N,
        problems=[f"skipped: {told}"] if len(rows) < 2 * count else [],
    )


def _labels(root: Path, subset: str) -> tuple[list[int], np.ndarray]:
    """Return the renderings' numbers, in the file's order, and their labels (M, 42, 3)."""
    path = root / subset / f"anno_{subset}.pickle"
    annotations = plain_pickle.load(path)
    if not isinstance(annotations, dict) or not annotations:
        raise ValueError(f"{path}: expected a dict of renderings, found {annotations!r:.60}")
    labels_MJ3 = np.empty((len(annotations), 42, 3))
    for row, (number, annotation) in enumerate(annotations.items()):
        values = annotation.get("uv_vis") if isinstance(annotation, dict) else None
        values = values if isinstance(values, np.ndarray) else np.empty(0, object)
        fits = values.shape == (42, 3) and values.dtype.kind in "buif"
        if type(number) is not int or number < 0 or not fits:
            raise ValueError(
                f"{path}: expected numbers 'uv_vis' of shape (42, 3) for each rendering's number, "
                f"found {values.dtype} of shape {values.shape} for {number!r:.40}"
            )
        labels_MJ3[row] = values
    return list(annotations), labels_MJ3


def _published(
    keypoints_NK2: np.ndarray, seen_NK: np.ndarray, size_2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which hands the published code takes, (N,) bool, and its crops (N, 4), a pixel short.

    Crops are whole pixels, the last included; hands 2 i and 2 i + 1 share a picture.
    """
    with np.errstate(all="ignore"):  # of joints that are nowhere, and hands in one point
        low_N2, high_N2 = keypoints_NK2.min(1), keypoints_NK2.max(1)
        side_N = np.minimum(np.round(1.5 * (high_N2 - low_N2).max(1)), size_2.min())
        first_N2 = np.round((low_N2 + high_N2) / 2 - side_N[:, None] / 2)
        first_N2 = np.clip(first_N2, 0, size_2 - side_N[:, None])
        last_N2 = first_N2 + side_N[:, None] - 1
        other_N4 = np.concatenate([low_N2, high_N2], axis=1).reshape(-1, 2, 4)[:, ::-1]
        other_N4 = other_N4.reshape(-1, 4)
        shared_N2 = np.minimum(last_N2, other_N4[:, 2:]) - np.maximum(first_N2, other_N4[:, :2])
        shared_N = np.maximum(shared_N2 + 1, 0).prod(1) / (last_N2 - first_N2 + 1).prod(1)
    is_large_N = (last_N2 - first_N2).max(1) > 64
    chosen_N = is_large_N & (seen_NK.sum(1) > 16) & (shared_N < 0.3)
    return chosen_N, np.concatenate([first_N2, last_N2 - first_N2], axis=1)
