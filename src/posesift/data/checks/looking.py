"""Every image of a table looked at once: is it whole, and what does it look like?

Each photograph is decoded once, each video gone through once, on all cores; of an image only a
thumbnail and a few numbers are kept, so memory does not grow with its pixels.

Shapes: N samples, M images, H W image height and width, 3 = (blue, green, red), 9 rows and columns
of a thumbnail, 2 = (brighter to the right, brighter below), 8 differences along each axis.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np

from posesift import progress, storage
from posesift.data.files import ANEW, NEXT, embedded, video
from posesift.data.files.exif import UPRIGHT
from posesift.data.files.images import decode, orientation
from posesift.poses.table import PoseTable

MOST = 200_000
"""Images that are looked at; of more, this many, evenly spread."""

_TOGETHER = 64  # photographs a task
_PLAIN = 16  # of 64 differences: a picture with fewer that are clear has no look to compare
_CLEAR = 2  # grey levels
_LARGE = 288  # px of the shorter side, from where means of 4 x 4 pixels fill cells as evenly


@dataclass
class Looks:
    """What was seen.

    Attributes:
        images: how many different images the table names.
        name_M: those that were looked at.
        row_M: the first row of the table that shows each.
        seen_M: whether it could be decoded.
        digest_M: uint64, equal for equal pixels (and sizes).
        look_M2: uint64, 64 bits each: is the picture brighter to the right, and below? On a grid
            of 8 x 8; nearly the same for the same picture at another size or quality.
        small_M993: uint8, the picture in 9 x 9 cells, in colour. Plain backgrounds leave most bits
            of a look without a say, so people on them have the same look; their colours differ.
        plain_M: too little in the picture to tell it from others by its look.
        turned_M: EXIF turns it.
        problems: one line for each image that is missing, corrupt, or of another size than the
            table says.
    """

    images: int
    name_M: np.ndarray
    row_M: np.ndarray
    seen_M: np.ndarray = field(init=False)
    digest_M: np.ndarray = field(init=False)
    look_M2: np.ndarray = field(init=False)
    small_M993: np.ndarray = field(init=False)
    plain_M: np.ndarray = field(init=False)
    turned_M: np.ndarray = field(init=False)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.name_M)
        self.seen_M, self.plain_M = np.zeros(count, bool), np.ones(count, bool)
        self.turned_M = np.zeros(count, bool)
        self.digest_M, self.look_M2 = np.zeros(count, np.uint64), np.zeros((count, 2), np.uint64)
        self.small_M993 = np.zeros((count, 9, 9, 3), np.uint8)

    def __len__(self) -> int:
        """Return the number of images that were looked at."""
        return len(self.name_M)


def look_at_images(table: PoseTable, most: int = MOST) -> Looks:
    """Decode every image of a table once.

    Args:
        table: of photographs or frames. A world's pictures are painted on demand and never broken;
            nothing is looked at.
        most: of more images, so many are looked at, evenly spread.
    """
    if table.image_N is None or table.root.startswith("world:"):
        return Looks(0, np.zeros(0, object), np.zeros(0, np.intp))
    first: dict[str, int] = {}
    for row, name in enumerate(table.image_N.tolist()):
        first.setdefault(name, row)
    row_M = np.fromiter(first.values(), np.intp, len(first))
    if (images := len(row_M)) > most:
        row_M = row_M[np.linspace(0, images - 1, most).astype(np.intp)]
    looks = Looks(images, table.image_N[row_M], row_M)
    cores = min(16, os.cpu_count() or 1)  # decoders and hashes let go of the interpreter
    problem_M: dict[int, str] = {}
    with ThreadPoolExecutor(cores) as pool, progress.bar("looking at images", len(looks)) as bar:
        for found in pool.map(lambda task: _look(table, looks, *task), _tasks(looks)):
            problem_M |= found[1]
            bar.advance(found[0])
    looks.problems = [problem_M[m] for m in sorted(problem_M)]
    return looks


def _tasks(looks: Looks) -> Iterator[tuple[str, list[int]]]:
    """Images to be looked at by one thread: a clip and its frames, or ``""`` and photographs."""
    clips: dict[str, list[int]] = {}
    photographs: list[int] = []
    for m, name in enumerate(looks.name_M):
        clip, mark, number = str(name).rpartition("#")
        if clip and mark and number.isascii() and number.isdecimal():
            clips.setdefault(clip, []).append(m)
            continue
        photographs.append(m)
        if len(photographs) == _TOGETHER:
            yield "", photographs
            photographs = []
    if photographs:
        yield "", photographs
    yield from clips.items()


def _look(table: PoseTable, looks: Looks, clip: str, images: list[int]) -> tuple[int, dict]:
    """Fill in the columns of some images; returns how many, and what is wrong with which."""
    problems = {}
    if clip:
        of_frame = {int(str(looks.name_M[m]).rpartition("#")[2]): m for m in images}
        left = set(images)
        try:
            path = storage.inside(table.root, clip)
            frames = embedded.frames if embedded.holds(path) else video.frames
            for number, image_HW3 in frames(path, of_frame):
                left.discard(m := of_frame[number])
                height, width = image_HW3.shape[:2]
                row = looks.row_M[m]
                if (width, height) == (table.width_N[row], table.height_N[row]):
                    _keep(looks, m, image_HW3)
                else:
                    problems[m] = (
                        f"the image {looks.name_M[m]} is {width} x {height} px, its labels say "
                        f"{table.width_N[row]} x {table.height_N[row]}"
                    )
        except ValueError as error:  # the frames behind it cannot be read either
            problems |= dict.fromkeys(left, f"{_told(error)} (frames: {len(left)})")
        return len(images), problems
    for m in images:
        row = looks.row_M[m]
        try:
            path = storage.inside(table.root, str(looks.name_M[m]))
            size = int(table.width_N[row]), int(table.height_N[row])
            looks.turned_M[m] = orientation(path) != UPRIGHT
            _keep(looks, m, decode(path, size=size, exif=table.exif))
        except ValueError as error:
            problems[m] = _told(error)
    return len(images), problems


def _told(error: ValueError) -> str:
    """Of an error that sends people to `posesift check`, what they are told there."""
    return str(error).replace(NEXT, ANEW)


def _keep(looks: Looks, m: int, image_HW3: np.ndarray) -> None:
    looks.seen_M[m] = True
    pixels = hashlib.sha1(repr(image_HW3.shape).encode(), usedforsecurity=False)  # the fastest
    pixels.update(np.ascontiguousarray(image_HW3).data)
    looks.digest_M[m] = int.from_bytes(pixels.digest()[:8])
    looks.small_M993[m] = small_993 = reduced(image_HW3)
    looks.look_M2[m], looks.plain_M[m] = look_of(small_993)


def reduced(image_HW3: np.ndarray) -> np.ndarray:
    """Reduce a picture to 9 x 9 cells, each the mean of its pixels: (9, 9, 3) uint8."""
    if min(image_HW3.shape[:2]) >= _LARGE:  # whole blocks take half the time
        height, width = image_HW3.shape[0] // 4, image_HW3.shape[1] // 4
        whole_HW3 = image_HW3[: 4 * height, : 4 * width]
        image_HW3 = cv2.resize(whole_HW3, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.resize(image_HW3, (9, 9), interpolation=cv2.INTER_AREA)


def look_of(small_993: np.ndarray) -> tuple[np.ndarray, bool]:
    """Give the look of a picture as two hashes of 64 bits, and whether it is too plain to have one.

    A difference hash of what `reduced` gives: each bit says whether a cell is brighter than the one
    before it, from left to right and from top to bottom.
    """
    grey_99 = cv2.cvtColor(small_993, cv2.COLOR_BGR2GRAY).astype(np.int16)
    steps_288 = np.stack([np.diff(grey_99, axis=1)[:8], np.diff(grey_99, axis=0)[:, :8]])
    bits_264 = (steps_288 > 0).reshape(2, 64)
    plain = (np.abs(steps_288) > _CLEAR).sum((1, 2)).min() < _PLAIN
    return np.packbits(bits_264, axis=1).view(np.uint64)[:, 0], bool(plain)
