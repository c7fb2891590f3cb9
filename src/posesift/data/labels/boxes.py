"""The option ``boxes=labels``: person boxes made from the labels, and said to be.

Published target crops are cut around the ground-truth keypoints, in training and in test. That
tells a model where the person is, so here it is a choice, its name is on the report
(``table.boxes_from``), and jitter keeps the box from giving away the pose's exact extent.

Shapes: N samples, 4 = (x, y, width, height).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from posesift.poses import boxes
from posesift.poses.table import PoseTable

Boxes = Literal["file", "labels"]
"""Spelling of the option ``boxes=``: from the data file (else the whole image), or the labels."""

_SCALE = 1.3  # side of the box over the longer side of the keypoints' extent
_JITTER = 0.15
_LEAST = 16.0  # px; a few keypoints in one place still leave something to look at


def with_boxes(table: PoseTable, choice: Boxes, number_N: np.ndarray | None = None) -> PoseTable:
    """Return the table as it is (``"file"``), or with a jittered square around each visible pose.

    Samples with fewer than two visible keypoints get the whole image. A box depends on its number,
    that of its row if ``number_N`` is None, so it is made before a split is taken: the same sample
    has the same box in every split. Where a split is read alone, samples are numbered within it.
    """
    if choice == "file":
        return table
    extent_N4 = boxes.keypoint_boxes(table.keypoints_NK2, table.visible_NK)
    box_N4 = boxes.jitter(boxes.square(extent_N4, _SCALE, _LEAST), _JITTER, number_N=number_N)
    image_N4 = dataclasses.replace(table, box_N4=None).crop_boxes_N4()
    box_N4 = np.where(table.visible_NK.sum(1, keepdims=True) >= 2, box_N4, image_N4)
    return dataclasses.replace(table, box_N4=box_N4, boxes_from="labels")
