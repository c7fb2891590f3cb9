"""What both layouts of Human3.6M share: the labels of one video become a pose table.

Labels of motion capture exist where the image ends, too: such joints are made invisible without a
word, while a video most of whose joints lie off the image has the wrong labels, and is refused.

Shapes: N samples of the video, K the 16 keypoints of ``body16``, 2 = (x, y),
4 = (x, y, width, height).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from posesift import skeletons
from posesift.data.labels.labelled import labelled
from posesift.poses.geometry import on_image
from posesift.poses.table import PoseTable

_PUBLISHED_SCALE = 1.5  # side of the published crop over the longer side of the keypoints' extent


class Choice(NamedTuple):
    """What the address asks for, the same in all layouts.

    Attributes:
        subjects: their numbers.
        every: the first of so many frames of a video.
        boxes: the address's option; or ``published``, the squares that the reference code cuts
            out; or ``cut``, images that it has cut out.
    """

    subjects: Sequence[int]
    every: int
    boxes: Literal["file", "labels", "published", "cut"]


def clip_table(
    points_NK2: np.ndarray,
    size: tuple[int, int],
    image_N: np.ndarray,
    clip: str,
    mode: str,
    root: str,
    choice: Choice,
    *,
    bad: Mapping[int, str] | None = None,
    problems: Sequence[str] = (),
) -> PoseTable:
    """Return the table of one video.

    Args:
        points_NK2: image pixels.
        size: width and height of the video.
        image_N: names relative to ``root``.
        clip: name of the video.
        mode: name of the action.
        root: folder of the images.
        choice: what the address asks for.
        bad: row to what is wrong with it.
        problems: what is wrong with the video, though it is used.

    Raises:
        ValueError: more than half of the joints lie off the image.
    """
    visible_NK = on_image(points_NK2, size)
    if len(points_NK2) and visible_NK.mean() < 0.5:
        raise ValueError(
            f"{root}: only {visible_NK.mean():.0%} of the joints of {clip} lie on its images of "
            f"{size[0]} x {size[1]} px; labels, cameras and images must be of the same release"
        )
    table = labelled(
        skeletons.load("body16"),
        np.where(visible_NK[..., None], points_NK2, 0),
        visible_NK,
        np.tile(size, (len(points_NK2), 1)),
        image_N.tolist(),
        f"{root}, {clip}",
        bad=bad,
        boxes="labels" if choice.boxes == "labels" else "file",
        problems=problems,
        image_N=image_N,
        root=root,
        clip_N=_same(clip, len(image_N)),
        mode_N=_same(mode, len(image_N)),
        box_N4=_published(points_NK2, size) if choice.boxes == "published" else None,
        boxes_from="image" if choice.boxes == "file" else "labels",
    )
    return table


def no_table(root: str, choice: Choice, problem: str) -> PoseTable:
    """Give a table without samples, of a video that is left out; it joins those of other videos."""
    table = clip_table(
        np.zeros((1, 16, 2)), (1, 1), _same("", 1), "", "", root, choice, problems=[problem]
    )
    return dataclasses.replace(table.select([]), problems=[problem])


def _published(points_NK2: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Give the boxes that the reference code cuts out: squares of 1.5 times the keypoints' extent.

    Whole pixels, moved into the image and at most as large as it; all keypoints count.

    Returns:
        (N, 4).
    """
    low_N2, high_N2 = points_NK2.min(1), points_NK2.max(1)
    with np.errstate(over="ignore", invalid="ignore"):  # of joints that are nowhere
        # Python and numpy both round halves to even
        side_N = np.rint(_PUBLISHED_SCALE * (high_N2 - low_N2).max(1)).clip(max=min(size))
        corner_N2 = np.rint((low_N2 + high_N2) / 2 - side_N[:, None] / 2)
        corner_N2 = corner_N2.clip(0, np.array(size) - side_N[:, None])
    return np.column_stack([corner_N2, side_N, side_N])


def _same(text: str, count: int) -> np.ndarray:
    """One text, ``count`` times, as an array of objects."""
    column_N = np.empty(count, object)
    column_N[:] = text
    return column_N
