"""What both layouts of SURREAL share: its 24 joints as ``body16``.

What is known of the labels, and how. From the owners' code and notes: ``joints2D`` is (2, 24, T),
the 24 joints of SMPL, rounded to whole pixels; left and right look swapped in the pictures. From
the sample ``_info.mat`` that the owners publish with their code, by projecting ``joints3D`` with
their camera (100 frames): coordinates count from the image's edge, not from a pixel's centre; and
that camera, a constant of their renderer, is a mirror (determinant -1), so that in every frame
SMPL's left joints lie on the side which is the right one of the person in the picture. Inferred
from these: the same holds for all clips, and for the repackaged crops, which were made of them;
whether the crops count from edge or centre is unknown.

Keypoints therefore take the side that is *seen*: ``right_ankle`` is SMPL's left ankle. Shoulders
are the shoulder joints (16, 17), not the collars (13, 14). SMPL's neck (12), between the
shoulders, stands as ``thorax``, its head joint (15), at the base of the skull, as ``upper_neck``:
in the sample clip pelvis to thorax and thorax to neck are then 0.77 and 0.12 trunks long, where
``body16`` has 0.9 and 0.2; the spine joint 9 and the neck would give 0.5 and 0.4. SMPL has no
joint at the top of the head, and nothing stands in for it: ``head_top`` is never visible.

Shapes: N samples, J = 24 joints of SMPL, K keypoints of ``body16``, 2 = (x, y).
"""

from __future__ import annotations

import numpy as np

from posesift.poses.geometry import on_image

JOINT_OF_KEYPOINT = (7, 4, 1, 2, 5, 8, 0, 12, 15, -1, 20, 18, 16, 17, 19, 21)
"""The SMPL joint that each keypoint of ``body16`` takes; -1: none."""

PARITY_JOINT_OF_KEYPOINT = (7, 4, 1, 2, 5, 8, 0, 9, 12, 15, 20, 18, 13, 14, 19, 21)
"""The same in RegDA's and UDAPE's public code: collars as shoulders, the head joint as its top."""


def keypoints(
    joints_NJ2: np.ndarray, size_N2: np.ndarray, parity: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the keypoints of ``body16``, and which of them lie inside the image.

    Args:
        joints_NJ2: image pixels, NaN where there is no label.
        size_N2: width and height of the images, (N, 2) or (2,).
        parity: as in the reference code.

    Returns:
        (N, 16, 2) and (N, 16) bool.
    """
    joint_K = np.array(PARITY_JOINT_OF_KEYPOINT if parity else JOINT_OF_KEYPOINT)
    keypoints_NK2 = joints_NJ2[:, joint_K]
    return keypoints_NK2, on_image(keypoints_NK2, size_N2) & (joint_K >= 0)
