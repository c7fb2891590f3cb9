"""The one place where a report touches data: poses and pixels of chosen samples of an address.

A report must still be made where the data are not (another machine, a deleted photograph). Then
poses are drawn without images, or left out, and the page says how many and why.

M chosen samples, K keypoints, S side of a crop, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from posesift.data.pixels import paint_pictures, read_image
from posesift.data.readers import read
from posesift.poses import boxes, geometry
from posesift.poses.table import PoseTable
from posesift.report.theme import data_uri
from posesift.report.wording import count, spoken
from posesift.skeletons import Skeleton

SIDE = 144  # of a crop on the page: sharp at the size shown, and about 5 kB as JPEG
NO_IMAGES = "the data have no images"
AROUND = 1.5  # side of a crop around a pose, in sides of the pose


@dataclass(frozen=True)
class Crops:
    """Chosen samples, cropped as a network would see them.

    Attributes:
        skeleton: of the poses.
        side: of the crops, in the pixels of the keypoints.
        images: JPEG ``data:`` URIs, or None for each image that is not at hand.
        keypoints_MK2: crop pixels.
        visible_MK: whether a keypoint may be used.
        mode: what each pose shows, in words, or None.
        problem: why the first missing image is, or "".
    """

    skeleton: Skeleton
    side: int
    images: list[str | None]
    keypoints_MK2: np.ndarray
    visible_MK: np.ndarray
    mode: list[str] | None
    problem: str = ""

    @property
    def shortfall(self) -> str:
        """How many images are not at hand and why the first is not, or ""."""
        return shortfall(self.images, self.problem)


def shortfall(images: Sequence[object | None], problem: str) -> str:
    """What a page says of images that are not at hand.

    >>> shortfall(["a", None, None], "b.jpg: no such file")
    '2 of 3 images are not at hand (first: b.jpg: no such file)'
    >>> shortfall(["a", "b"], "")
    ''

    Args:
        images: None for each that is missing.
        problem: why the first of these is.
    """
    missing = sum(image is None for image in images)
    if not missing or problem == NO_IMAGES:
        return problem if missing else ""
    nouns = "image is" if len(images) == 1 else "images are"
    return f"{count(missing)} of {count(len(images))} {nouns} not at hand (first: {problem})"


def table_of(
    address: str, size: int | None = None, split: str | None = None
) -> tuple[PoseTable | None, str]:
    """The pose table of an address, or None and why it cannot be used.

    Args:
        address: of the data.
        size: how many samples it had; another size means that the data have changed.
        split: read where the address names none.
    """
    if not address:
        return None, "the address of the data was not stored"
    try:
        table = read(address, default_split=split)
    except (ValueError, OSError) as error:
        return None, str(error)
    if size is not None and len(table) != size:
        return None, f"{address} now holds {len(table)} samples, it held {size}"
    return table, ""


def crops(table: PoseTable, indices: np.ndarray, side: int = SIDE, *, near: bool = False) -> Crops:
    """Crop samples ``indices`` of a table (box, else the whole image) to ``side`` pixels.

    Args:
        table: of the samples.
        indices: rows of the table.
        side: of the crops.
        near: for the eye rather than as a network sees them: where the data have no boxes, crop
            around the labelled pose; paint worlds at ``side`` pixels.
    """
    chosen = table.select(indices)
    box_M4 = chosen.crop_boxes_N4()
    painted_MSS3 = None
    problem = "" if table.has_images else NO_IMAGES
    if table.root.startswith("world:"):
        painted_MSS3 = paint_pictures(chosen, side if near else None)
    elif near and table.boxes_from == "image":
        posed_M4 = boxes.keypoint_boxes(chosen.keypoints_NK2, chosen.visible_NK)
        labelled_M1 = (chosen.visible_NK.sum(1) >= 2)[:, None]
        box_M4 = np.where(labelled_M1, boxes.square(posed_M4, AROUND), box_M4)
    matrices_M23 = geometry.crop_matrices(box_M4, side)
    images: list[str | None] = []
    for row, matrix_23 in enumerate(matrices_M23 if table.has_images else []):
        image = None
        try:
            if painted_MSS3 is None:
                image = _encoded(read_image(chosen, row), matrix_23, side)
            else:
                image = _encoded(painted_MSS3[row], _to_side(painted_MSS3, side), side)
        except (ValueError, OSError) as error:
            problem = problem or str(error)
        images.append(image)
    return Crops(
        skeleton=table.skeleton,
        side=side,
        images=images or [None] * len(chosen),
        keypoints_MK2=geometry.apply(matrices_M23, chosen.keypoints_NK2),
        visible_MK=chosen.visible_NK,
        mode=None if chosen.mode_N is None else [spoken(str(mode)) for mode in chosen.mode_N],
        problem=problem,
    )


def _to_side(painted_MSS3: np.ndarray, side: int) -> np.ndarray:
    """The map from a painted picture to the whole crop."""
    painted = painted_MSS3.shape[1]
    return geometry.crop_matrices([[0, 0, painted, painted]], side)[0]


def _encoded(image_HW3: np.ndarray, matrix_23: np.ndarray, side: int) -> str:
    """One crop as a JPEG; a small whole image keeps its own pixels and the page enlarges it."""
    height, width = image_HW3.shape[:2]
    scale = float(matrix_23[0, 0])
    if not (height == width <= side and np.isclose(scale * width, side)):
        blocks = int(1 / scale)
        if blocks > 1:  # average first: a warp alone would skip pixels and flicker
            size = (-(-width // blocks), -(-height // blocks))
            grown = cv2.copyMakeBorder(
                image_HW3,
                0,
                size[1] * blocks - height,
                0,
                size[0] * blocks - width,
                cv2.BORDER_REPLICATE,
            )
            image_HW3 = cv2.resize(grown, size, interpolation=cv2.INTER_AREA)
            shift = (blocks - 1) / 2
            matrix_23 = geometry.compose(
                matrix_23, np.array([[blocks, 0.0, shift], [0.0, blocks, shift]])
            )
        image_HW3 = cv2.warpAffine(image_HW3, matrix_23, (side, side), flags=cv2.INTER_LINEAR)
    bgr_HW3 = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr_HW3, [cv2.IMWRITE_JPEG_QUALITY, 88])
    return data_uri(content.tobytes(), "image/jpeg")
