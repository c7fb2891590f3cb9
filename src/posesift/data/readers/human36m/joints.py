"""Joints and actions of Human3.6M by name, and how they become ``body16``.

The motion capture's skeleton has 32 nodes, of which the field uses 17. Their sides are the
person's own. Two names differ by source: the node between the shoulders is the skeleton's "Neck"
and the re-release's too, while some readers call it "Thorax"; the next is the skeleton's "Head",
which lies in the face and is called "Nose" by most.

Shapes: N samples, J joints of a file, K the 16 keypoints of ``body16``.
"""

from __future__ import annotations

import numpy as np

from posesift import skeletons

JOINTS = (
    *("pelvis", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle"),
    *("torso", "neck", "nose", "head"),
    *("left shoulder", "left elbow", "left wrist"),
    *("right shoulder", "right elbow", "right wrist"),
)
"""The 17 joints in the order of the files."""

NODES = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Where those 17 stand among the skeleton's 32 nodes; the others are toes, fingers, end points
and second copies of a joint."""

_JOINTS_OF_KEYPOINT = {
    "right_ankle": ("right ankle",),
    "right_knee": ("right knee",),
    "right_hip": ("right hip",),
    "left_hip": ("left hip",),
    "left_knee": ("left knee",),
    "left_ankle": ("left ankle",),
    "pelvis": ("pelvis",),
    "thorax": ("right shoulder", "left shoulder"),  # their mean: no node of its own
    "upper_neck": ("neck",),
    "head_top": ("head",),
    "right_wrist": ("right wrist",),
    "right_elbow": ("right elbow",),
    "right_shoulder": ("right shoulder",),
    "left_shoulder": ("left shoulder",),
    "left_elbow": ("left elbow",),
    "left_wrist": ("left wrist",),
}

_ACTIONS = (
    *("directions", "discussion", "eating", "greeting", "phoning", "posing", "purchases"),
    *("sitting", "sittingdown", "smoking", "photo", "waiting", "walking", "walkdog"),
    "walktogether",
)
ACTIONS = dict(enumerate(_ACTIONS, start=2))  # the first is of all cameras, and no action
"""The number of an action in file names, and its name."""

_OTHER_NAMES = {"takingphoto": "photo", "walkingdog": "walkdog"}

_FIRST_K, _SECOND_K = (
    [JOINTS.index(_JOINTS_OF_KEYPOINT[key][at]) for key in skeletons.load("body16").keypoints]
    for at in (0, -1)
)


def body16(joints_NJx: np.ndarray) -> np.ndarray:
    """Return the 16 keypoints of ``body16`` from the 17 joints, in space or in the image.

    Each keypoint is the joint of its name; the thorax is the mean of the shoulders, the upper
    neck the node between them, and the head's top the end of the skeleton's head.

    Args:
        joints_NJx: (N, 17, ...).

    Returns:
        (N, 16, ...).
    """
    with np.errstate(over="ignore"):  # of joints that are nowhere
        return (joints_NJx[:, _FIRST_K] + joints_NJx[:, _SECOND_K]) / 2


def mode(action: str) -> str:
    """Return the name of an action as the field writes it, lower case, whichever take it is.

    >>> mode("TakingPhoto 1"), mode("SittingDown")
    ('photo', 'sittingdown')
    """
    name = action.rstrip(" 0123456789").lower()
    return _OTHER_NAMES.get(name, name)
