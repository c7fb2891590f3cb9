"""Skeletons as lines over a crop: sharp at any size, on a page as in print.

M samples, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import numpy as np

from posesift.report.blocks import Line, Picture, Point
from posesift.report.samples import Crops
from posesift.skeletons import Skeleton


def picture(
    skeleton: Skeleton,
    keypoints_K2: np.ndarray,
    visible_K: np.ndarray,
    *,
    side: float,
    image: str | None,
    alt: str,
    caption: list[str] | None = None,
    missed_K: np.ndarray | None = None,
) -> Picture:
    """Draw one pose.

    Args:
        skeleton: whose limbs and colours are drawn.
        keypoints_K2: pixels of a crop of ``side``, the centre of the first pixel at (0, 0).
        visible_K: joints that are drawn; a limb needs both of its ends.
        side: of the crop.
        image: the crop as a ``data:`` URI, or None.
        alt: the picture in words.
        caption: lines below it.
        missed_K: joints to ring, such as those predicted too far off.
    """
    # A crop begins at the outer corner of its first pixel, (-0.5, -0.5).
    at_K2 = np.round(np.asarray(keypoints_K2, dtype=np.float64) + 0.5, 1)
    drawn_K = np.asarray(visible_K, dtype=bool) & np.isfinite(at_K2).all(axis=1)
    at: list[Point] = [(float(x), float(y)) for x, y in at_K2]
    by_colour: dict[str, list[Line]] = {}
    for (a, b), colour in zip(skeleton.limbs, skeleton.colours, strict=True):
        if drawn_K[a] and drawn_K[b]:
            by_colour.setdefault(colour, []).append((at[a], at[b]))
    rings = [] if missed_K is None else np.flatnonzero(missed_K & drawn_K)
    return Picture(
        image=image,
        side=side,
        limbs=list(by_colour.items()),
        joints=[at[i] for i in np.flatnonzero(drawn_K)],
        missed=[at[i] for i in rings],
        alt=alt,
        caption=caption or [],
    )


def on_crop(
    crops: Crops,
    i: int,
    *,
    alt: str,
    caption: list[str],
    keypoints_K2: np.ndarray | None = None,
    side: float | None = None,
) -> Picture:
    """The label of one of some crops, or its skeleton in a frame of its own without the image.

    Args:
        crops: of `samples.crops`.
        i: which of them.
        alt: the picture in words.
        caption: lines below it.
        keypoints_K2: drawn in place of the label, where they are finite: a prediction, say.
        side: of the crop in the pixels of those.
    """
    pose_K2, visible_K = crops.keypoints_MK2[i], crops.visible_MK[i]
    if keypoints_K2 is not None:
        pose_K2, visible_K = keypoints_K2, np.asarray(np.isfinite(keypoints_K2).all(axis=-1))
    seen = float(crops.side if side is None else side)
    if crops.images[i] is None:
        pose_K2, seen = framing(pose_K2, visible_K)
    return picture(
        crops.skeleton,
        pose_K2,
        visible_K,
        side=seen,
        image=crops.images[i],
        alt=alt,
        caption=caption,
    )


def framing(keypoints_K2: np.ndarray, visible_K: np.ndarray) -> tuple[np.ndarray, float]:
    """Move a pose without an image into a square of its own: new keypoints and the side.

    A pose far outside its image (garbage labels, tiny boxes) would else leave an empty picture.
    """
    if not visible_K.any():
        return keypoints_K2, 1.0
    seen = keypoints_K2[visible_K]
    low, high = seen.min(axis=0), seen.max(axis=0)
    side = float(max((high - low).max(), 1e-3) * 1.25)
    return keypoints_K2 - (low + high) / 2 + side / 2 - 0.5, side
