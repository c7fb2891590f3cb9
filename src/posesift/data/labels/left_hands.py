"""Right hands seen in a mirror, so that every hand of a data set is a left one.

Networks for hands are mostly trained that way: one shape to learn in place of two. The image of a
mirrored sample is mirrored when it is read (`PoseTable.mirrored_N`); here its labels are.

Shapes: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Hands = Literal["left", "stored"]
"""Spelling of the option ``hands=``: right hands mirrored, or all as they are stored."""


def seen_as(
    hands: Hands,
    is_right_N: np.ndarray,
    width_N: np.ndarray,
    keypoints_NK2: np.ndarray,
    box_N4: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Keypoints, boxes and ``mirrored_N`` as a table wants them.

    Args:
        hands: ``left`` mirrors the right hands: a point at x stands at ``width - 1 - x`` then.
        is_right_N: which hands are right ones.
        width_N: of the images.
        keypoints_NK2: as stored.
        box_N4: as stored, or None.

    >>> seen_as("left", np.array([True]), np.array([100]), np.array([[[0.0, 5.0]]]))[0].tolist()
    [[[99.0, 5.0]]]
    """
    if hands == "stored":
        return keypoints_NK2, box_N4, None
    points_NK2 = np.stack([width_N[:, None] - 1 - keypoints_NK2[..., 0], keypoints_NK2[..., 1]], -1)
    keypoints_NK2 = np.where(is_right_N[:, None, None], points_NK2, keypoints_NK2)
    if box_N4 is not None:
        # from half a pixel left of its first column to half a pixel right of its last
        with np.errstate(over="ignore", invalid="ignore"):  # of boxes that are none
            left_N = np.where(is_right_N, width_N - box_N4[:, 0] - box_N4[:, 2], box_N4[:, 0])
        box_N4 = np.column_stack([left_N, box_N4[:, 1:]])
    return keypoints_NK2, box_N4, is_right_N.copy()
