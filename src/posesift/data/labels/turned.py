"""Which view of an image that EXIF turns its labels were made on.

Shapes: N samples, K keypoints, 2 = (x, y) or (width, height).
"""

from __future__ import annotations

import numpy as np

from posesift.data.files.exif import Exif
from posesift.poses.geometry import on_image


def told_of_view(
    keypoints_NK2: np.ndarray,
    visible_NK: np.ndarray,
    size_N2: np.ndarray,
    other_N2: np.ndarray,
    exif: Exif,
) -> list[str]:
    """Return a line where the labels fit the other view better; none where they do not tell.

    Args:
        keypoints_NK2: as in the file.
        visible_NK: what the labels say.
        size_N2: of the images in the view that is read.
        other_N2: in the other one; the same where width and height do not change places.
        exif: the view that is read.

    >>> points, seen = np.array([[[90.0, 10], [80, 20]]]), np.ones((1, 2), bool)
    >>> told_of_view(points, seen, np.array([[50, 100]]), np.array([[100, 50]]), "apply")
    ['labels of images that EXIF turns fit the stored pixels (0 keypoints off the image) and not \
the turned view (2 off): add exif=ignore']
    """
    rows = np.flatnonzero((size_N2 != other_N2).any(1))
    if not len(rows):
        return []
    here, there = (
        int((visible_NK[rows] & ~on_image(keypoints_NK2[rows], sizes[rows])).sum())
        for sizes in (size_N2, other_N2)
    )
    if here <= there:
        return []
    views = ["the turned view", "the stored pixels"]
    if exif == "ignore":
        views.reverse()
    advice = "add exif=ignore" if exif == "apply" else "leave exif=ignore out"
    return [
        f"labels of images that EXIF turns fit {views[1]} ({there} keypoints off the image) and "
        f"not {views[0]} ({here} off): {advice}"
    ]
