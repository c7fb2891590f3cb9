"""The one place where a report touches data: poses and pixels of chosen samples of an address.

A report must still be made where the data are not (another machine, a deleted photograph). Then
poses are drawn without images, or left out, and the page says how many and why.

M chosen samples, K keypoints, S side of a crop, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from posesift.data.readers import read
from posesift.data.stream import read_rows
from posesift.poses import boxes, geometry
from posesift.poses.table import PoseTable
from posesift.report.blocks import (
    Block,
    Gallery,
    Line,
    Note,
    Page,
    Picture,
    Point,
    Strip,
    Table,
    inner,
)
from posesift.report.cropping import cropped
from posesift.report.theme import data_uri
from posesift.report.wording import count, number, spoken
from posesift.skeletons import Skeleton

SIDE = 144  # of a crop on the page: sharp at the size shown, and about 5 kB as JPEG
NO_IMAGES = "the data have no images"
AROUND = 1.5  # side of a crop around a pose, in sides of the pose


Group = tuple[str, str, str, np.ndarray]
"""Name and detail of a strip, what one of its poses is called, and the rows that it shows."""


@dataclass(frozen=True)
class Crops:
    """Chosen samples, cropped as a network would see them.

    Attributes:
        skeleton: of the poses.
        side: of the crops, in the pixels of the keypoints.
        images: JPEG ``data:`` URIs, or None for each image that is not available.
        keypoints_MK2: crop pixels.
        visible_MK: whether a keypoint may be used.
        problem: why the first missing image is, or "".
    """

    skeleton: Skeleton
    side: int
    images: list[str | None]
    keypoints_MK2: np.ndarray
    visible_MK: np.ndarray
    problem: str = ""

    @property
    def shortfall(self) -> str:
        """How many images are not available and why the first is not, or ""."""
        return shortfall(self.images, self.problem)


def shortfall(images: Sequence[object | None], problem: str) -> str:
    """Say what a page says of images that are not available.

    >>> shortfall(["a", None, None], "b.jpg: no such file")
    '2 of 3 images are not available (first: b.jpg: no such file)'
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
    return f"{count(missing)} of {count(len(images))} {nouns} not available (first: {problem})"


def without_images(problem: str, whose: str = "") -> list[Block]:
    """Say why poses are drawn without their images; nothing where they have them."""
    return [Note(f"Skeletons{whose} without images: {problem}.")] if problem else []


def table_of(
    address: str, size: int | None = None, split: str | None = None
) -> tuple[PoseTable | None, str]:
    """Return the pose table of an address, or None and why it cannot be used.

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


def rows_of(address: str, size: int, row_M: np.ndarray) -> tuple[PoseTable | None, str]:
    """Return some poses of an address, as `table_of` returns all; no more need be in memory.

    Args:
        address: of the data.
        size: how many samples it had.
        row_M: rising numbers of those that are wanted.
    """
    try:
        table, total = read_rows(address, row_M)
    except (ValueError, OSError) as error:
        return None, str(error)
    if total != size:
        return None, f"{address} now holds {total} samples, it held {size}"
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
    if near and table.boxes_from == "image" and not table.root.startswith("world:"):
        posed_M4 = boxes.keypoint_boxes(chosen.keypoints_NK2, chosen.visible_NK)
        labelled_M1 = (chosen.visible_NK.sum(1) >= 2)[:, None]
        box_M4 = np.where(labelled_M1, boxes.square(posed_M4, AROUND), box_M4)
    problem = "" if table.has_images else NO_IMAGES
    images: list[str | None] = []
    for found in cropped(chosen, box_M4, side, side if near else None) if not problem else ():
        if isinstance(found, str):
            problem = problem or found
            images.append(None)
        else:
            _, content = cv2.imencode(".jpg", found, [cv2.IMWRITE_JPEG_QUALITY, 88])
            images.append(data_uri(content.tobytes(), "image/jpeg"))
    return Crops(
        skeleton=table.skeleton,
        side=side,
        images=images or [None] * len(chosen),
        keypoints_MK2=geometry.apply(geometry.crop_matrices(box_M4, side), chosen.keypoints_NK2),
        visible_MK=chosen.visible_NK,
        problem=problem,
    )


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
    """Draw the label of one of some crops, or its skeleton in a frame of its own without the image.

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


def labelled(
    table: PoseTable, rows: np.ndarray, said: Sequence[tuple[str, list[str]]]
) -> tuple[list[Picture], Crops]:
    """Draw some labelled poses of a table.

    Args:
        table: of the poses.
        rows: of those that are drawn.
        said: of each, the picture in words and the lines below it.

    Returns:
        The pictures, and their crops, which know why images are missing.
    """
    found = crops(table, rows, near=True)
    drawn = [on_crop(found, i, alt=alt, caption=lines) for i, (alt, lines) in enumerate(said)]
    return drawn, found


def strips(
    table: PoseTable, score_N: np.ndarray, groups: Sequence[Group]
) -> tuple[list[Strip], str]:
    """Draw rows of labelled poses, a strip a group, what each shows and its score below.

    Returns:
        The strips, and why images are missing, or "".
    """
    said = []
    for *_, called, rows in groups:
        for row in rows:
            mode = "" if table.mode_N is None else spoken(str(table.mode_N[row]))
            caption = [part for part in (mode, number(float(score_N[row]), 2)) if part]
            said.append((f"{called}, score {', '.join(caption[::-1])}", caption))
    drawn, crops = labelled(table, np.concatenate([rows for *_, rows in groups]), said)
    rest = iter(drawn)
    found = [Strip(name, detail, [next(rest) for _ in rows]) for name, detail, _, rows in groups]
    return found, crops.shortfall


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


def of(page: Page) -> dict[str, str]:
    """Each image (a ``data:`` URI) that more than one picture shows, and its name in the page."""
    shown = Counter(_images(block for section in page.sections for block in section.blocks))
    return {image: f"image-{i}" for i, (image, times) in enumerate(shown.items()) if times > 1}


def _images(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield from _images(inner(block))
        if isinstance(block, Table):
            yield from (
                row.picture.image for row in block.rows if row.picture and row.picture.image
            )
        elif isinstance(block, Gallery):
            pictures = (picture for strip in block.strips for picture in strip.pictures)
            yield from (picture.image for picture in pictures if picture.image)


def of_bin(bin_N: np.ndarray, b: int, count: int) -> np.ndarray:
    """Rows of at most ``count`` samples of bin ``b``, drawn at random without replacement.

    >>> of_bin(np.array([0, 1, 1, 0]), 1, 5).tolist()
    [1, 2]
    """
    rows = np.flatnonzero(bin_N == b)
    chosen = np.random.default_rng([0, b]).permutation(rows)[:count]
    return np.sort(chosen)


def by_gain(gain_N: np.ndarray, tie_N: np.ndarray, each: int) -> list[tuple[str, np.ndarray]]:
    """Rows with the largest gain, the largest loss, and random ones from the rest.

    Args:
        gain_N: difference of two predictions on each sample; NaN = undefined, never chosen.
        tie_N: breaks ties of the gain (its NaN counts as 0); then the earlier sample wins.
        each: how many of each kind.

    Returns:
        Kind and rows; kinds are "largest gain", "largest loss", "random". A gain must be above
        zero to be called one, and a loss below.

    >>> by_gain(np.array([0.0, 5.0, -3.0, 0.0]), np.zeros(4), 1)[0]
    ('largest gain', array([1]))
    """
    gain_N = np.asarray(gain_N, dtype=np.float64)
    tie_N = np.nan_to_num(np.asarray(tie_N, dtype=np.float64))
    known = np.flatnonzero(np.isfinite(gain_N))
    order = known[np.lexsort((known, -tie_N[known], -gain_N[known]))]
    gains = order[gain_N[order] > 0][:each]
    worst = known[np.lexsort((known, tie_N[known], gain_N[known]))]
    losses = worst[gain_N[worst] < 0][:each]
    rest = np.setdiff1d(known, np.concatenate([gains, losses]))
    random = np.sort(np.random.default_rng(0).permutation(rest)[:each])
    return [("largest gain", gains), ("largest loss", losses), ("random", random)]
