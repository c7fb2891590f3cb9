"""Small pictures of many poses, each in the pose's own square frame.

A frame is the labelled pose plus a margin, whatever the data's boxes are: the eye compares poses,
and a skeleton in the same frame lies on its picture. Pictures of hard content (noise) get a lower
quality and then fewer pixels until they keep to a limit, so a page's size is known in advance.

M chosen samples, K keypoints, S side of a thumbnail, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from posesift.poses import boxes
from posesift.poses.table import PoseTable
from posesift.progress import bar
from posesift.report.cropping import cropped
from posesift.report.pictures import NO_IMAGES, shortfall

SIDE = 96
AROUND = 1.25  # side of a frame, in sides of the labelled pose
LEAST = 1e-3  # pixels of a frame: a pose of one point still has a place
LEAST_SIDE = 32
QUALITIES = (80, 65, 50, 35, 20)  # of a JPEG, tried in this order
LIMIT = 6000  # bytes of a picture, where the caller knows no better
PAINTED = 128  # side at which worlds are painted: a frame is about three quarters of that


def frames(table: PoseTable) -> NDArray[np.float64]:
    """Return the square frame of each pose (M, 4): its labelled keypoints and a margin.

    A pose of fewer than two labelled keypoints has the frame of its crop.
    """
    posed_M4 = boxes.keypoint_boxes(table.keypoints_NK2, table.visible_NK)
    posed_M4[:, :2] += 0.5  # a box counts from the corner of a pixel, a keypoint from its centre
    labelled_M1 = (table.visible_NK.sum(axis=1) >= 2)[:, None]
    framed_M4 = np.where(
        labelled_M1, boxes.square(posed_M4, AROUND, LEAST), boxes.square(table.crop_boxes_N4())
    )
    return framed_M4.astype(np.float64)


def thumbnails(
    table: PoseTable, what: str = "poses", limit: int = LIMIT
) -> tuple[list[bytes | None], str]:
    """Pictures of all samples of a table, `SIDE` pixels each way where they fit the limit.

    Args:
        table: of the chosen samples, in the order of the data (videos are read forwards).
        what: is pictured, for the progress bar.
        limit: bytes of a picture, kept unless even the smallest and worst one is larger.

    Returns:
        JPEG files, None for each that is not available; and what a page says of these, or "".
    """
    if not table.has_images:
        return [None] * len(table), shortfall([None] * len(table), NO_IMAGES)
    images: list[bytes | None] = []
    problem = ""
    with bar(f"pictures of {what}", len(table)) as done:
        for found in cropped(table, frames(table), SIDE, PAINTED):
            if isinstance(found, str):
                problem = problem or found
                images.append(None)
            else:
                images.append(_encoded(found, limit))
            done.advance()
    return images, shortfall(images, problem)


def _encoded(bgr_SS3: NDArray, limit: int) -> bytes:
    """Return a JPEG of at most ``limit`` bytes where that can be had."""
    content = b""
    while True:
        for quality in QUALITIES:
            _, coded = cv2.imencode(".jpg", bgr_SS3, [cv2.IMWRITE_JPEG_QUALITY, quality])
            content = coded.tobytes()
            if len(content) <= limit:
                return content
        side = len(bgr_SS3) * 2 // 3
        if side < LEAST_SIDE:
            return content
        bgr_SS3 = cv2.resize(bgr_SS3, (side, side), interpolation=cv2.INTER_AREA)


_ROWS = 1 << 14  # at a time: bounds the memory
_LEVEL = 6  # 9 takes several times as long for a hundredth of the size
_UNSAFE = "<>&\u2028\u2029"
UNDEFINED = 255  # of a column of bytes


def column(values: ArrayLike, kind: str) -> dict[str, Any]:
    """Return an array as a typed array of JavaScript reads it.

    >>> column([[1, 2]], "u1")
    {'type': 'u1', 'shape': [1, 2], 'data': 'eJxjZAIAAAYABA=='}

    Args:
        values: of any shape.
        kind: ``f4``, ``i4``, ``i2``, ``u2`` or ``u1``, little-endian.
    """
    array = np.ascontiguousarray(np.asarray(values).astype(f"<{kind}"))
    return {"type": kind, "shape": list(array.shape), "data": _deflated(array.tobytes())}


def wholes(values: ArrayLike, high: int) -> np.ndarray:
    """Values rounded to whole numbers of one byte, NaN as `UNDEFINED`.

    >>> wholes([12.6, np.nan, 300.0], 180).tolist()
    [13, 255, 180]
    """
    given = np.asarray(values)
    found = np.empty(given.shape, np.uint8)
    for start in range(0, len(given), _ROWS):
        array = given[start : start + _ROWS].astype(np.float64)
        bounded = np.clip(np.nan_to_num(array, nan=0.0), 0, high)
        found[start : start + _ROWS] = np.where(np.isnan(array), UNDEFINED, np.rint(bounded))
    return found


def text(names: Sequence[str]) -> dict[str, str]:
    """Give a list of names; they may hold anything, lone surrogates of odd file names included."""
    return {"text": _deflated(json.dumps(list(names), separators=(",", ":")).encode("ascii"))}


def levels(values_N: np.ndarray, most: int) -> tuple[list[str], np.ndarray]:
    """Names that repeat, as the sorted list of those in use and the place of each in it.

    >>> names, place = levels(np.array(["walk", None, "kick", "walk"], object), 9)
    >>> names, place.tolist()
    (['kick', 'walk'], [1, -1, 0, 1])

    Args:
        values_N: anything that prints; None, NaN and "" name nothing.
        most: names that are listed: the most frequent, where there are more.

    Returns:
        The names, and (N,) int64, -1 where there is none.
    """
    objects_N = np.asarray(values_N, object)
    known_N = np.array([v is not None and v == v and v != "" for v in objects_N], bool)
    place_N = np.full(len(objects_N), -1, np.int64)
    if not known_N.any():
        return [], place_N
    named = np.array([str(value) for value in objects_N[known_N]], object)
    name_U, inverse, size_U = np.unique(named, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-size_U, kind="stable")[:most])
    new_U = np.full(len(name_U), -1, np.int64)
    new_U[kept] = np.arange(len(kept))
    place_N[known_N] = new_U[inverse]
    return [str(name) for name in name_U[kept]], place_N


def safe_json(value: Any) -> str:
    r"""JSON without a sign that means something to HTML, so that no name ends its element.

    >>> safe_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot say.
    """
    written = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for sign in _UNSAFE:  # far faster than str.translate over megabytes
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


def _deflated(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, _LEVEL)).decode("ascii")
