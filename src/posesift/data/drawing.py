"""Draw a pose on a picture: limbs in the skeleton's colours, legible on any background.

Shapes: H W height and width, K keypoints, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

import cv2
import numpy as np

from posesift.skeletons import Skeleton

_PARTS = 4  # fractional bits of the coordinates that OpenCV draws at: 1/16 px
_INK = (24, 24, 27)
_PAPER = (255, 255, 255)


def draw_pose(
    image_HW3: np.ndarray,
    keypoints_K2: np.ndarray,
    visible_K: np.ndarray,
    skeleton: Skeleton,
    *,
    occluded_K: np.ndarray | None = None,
    width: float | None = None,
) -> np.ndarray:
    """Draw limbs and keypoints onto a copy of ``image_HW3``.

    A dark rim sets the colours off from the picture. Keypoints are white dots, hollow where they
    are occluded; a limb is drawn when both its ends are visible.

    Args:
        image_HW3: uint8 RGB.
        keypoints_K2: pixels of this image, at sub-pixel precision.
        visible_K: bool; others are not drawn.
        skeleton: limbs and their colours.
        occluded_K: bool, or None where the format does not tell.
        width: of a limb in pixels; by default 1/64 of the image's shorter side.
    """
    canvas_HW3 = np.ascontiguousarray(image_HW3).copy()
    width = max(1.0, min(image_HW3.shape[:2]) / 64) if width is None else width
    thick = max(1, round(width))
    ends = [pair for pair in skeleton.limbs if visible_K[list(pair)].all()]
    colours = dict(zip(skeleton.limbs, skeleton.colours, strict=True))
    place_K2 = np.round(np.where(visible_K[:, None], keypoints_K2, 0) * 2**_PARTS).astype(int)

    def line(pair: tuple[int, int], colour: tuple[int, int, int], pixels: int) -> None:
        start, end = (tuple(place_K2[k].tolist()) for k in pair)
        cv2.line(canvas_HW3, start, end, colour, pixels, cv2.LINE_AA, _PARTS)

    def dot(k: int, radius: float, colour: tuple[int, int, int]) -> None:
        centre = tuple(place_K2[k].tolist())
        cv2.circle(
            canvas_HW3, centre, round(radius * 2**_PARTS), colour, cv2.FILLED, cv2.LINE_AA, _PARTS
        )

    for pair in ends:
        line(pair, _INK, thick + max(2, round(width)))
    for pair in ends:
        line(pair, _rgb(colours[pair]), thick)
    for k in np.flatnonzero(visible_K).tolist():
        hollow = occluded_K is not None and bool(occluded_K[k])
        dot(k, 1.5 * width, _INK)
        dot(k, 1.0 * width, _PAPER)
        if hollow:
            dot(k, 0.6 * width, _INK)
    return canvas_HW3


def _rgb(colour: str) -> tuple[int, int, int]:
    """``"#D55E00"`` as numbers.

    >>> _rgb("#D55E00")
    (213, 94, 0)
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
