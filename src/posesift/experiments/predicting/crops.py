"""Crops of pictures, batch by batch and part by part, read ahead of the network.

A part is some hundred pictures: what is kept when the work is interrupted. Only the crops of a
few batches are in memory at a time, however many pictures there are.

Shapes: B crops of a batch, S their side, H W image height and width, 4 = (x, y, width, height).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from posesift.data.files import video
from posesift.data.files.images import decode, header, reduce
from posesift.data.pixels import reduction_for, warp
from posesift.experiments.predicting.named import Named
from posesift.experiments.predicting.people import CATEGORY, People
from posesift.poses import geometry

PART = 256
"""Pictures of a part."""

_AHEAD = 2  # batches
Item = TypeVar("Item")


class Picture(Protocol):
    """A photograph or a frame, as viewers show it.

    Attributes:
        name: relative to the folder of all, ``clip.mp4#12`` for a frame.
        size: width and height in pixels.
    """

    name: str
    size: tuple[int, int]

    def pixels(self, reduction: int) -> NDArray[np.uint8]:
        """Return (H, W, 3) in the order blue, green, red; see `images.decode`."""
        ...


class Photograph:
    """A photograph on disk, turned as its EXIF says.

    Raises:
        ValueError: there is none, or it is broken; later, when its pixels are read: it is cut
            short.
    """

    def __init__(self, name: str, path: Path):
        self.name, self._path = name, path
        self.size = header(path).size("apply")
        self._read: dict[int, NDArray[np.uint8]] = {}  # people of one photograph share it

    def pixels(self, reduction: int) -> NDArray[np.uint8]:
        """Return the pixels, see `Picture`."""
        if reduction not in self._read:
            self._read[reduction] = decode(self._path, reduction=reduction, exif="apply")
        return self._read[reduction]


class Frame:
    """A frame of a video, as it is stored."""

    def __init__(self, name: str, image_HW3: NDArray[np.uint8]):
        self.name, self._image_HW3 = name, image_HW3
        self.size = image_HW3.shape[1], image_HW3.shape[0]

    def pixels(self, reduction: int) -> NDArray[np.uint8]:
        """Return the pixels, see `Picture`."""
        return reduce(self._image_HW3, reduction)


class Crop(NamedTuple):
    """What a crop shows.

    Attributes:
        name: of the picture.
        number: of the picture among all, from 1.
        size: width and height of the picture.
        box_4: float32 pixels of the picture.
        category: id of what is in the box.
        to_image_23: crop pixels to pixels of the picture.
    """

    name: str
    number: int
    size: tuple[int, int]
    box_4: NDArray[np.float32]
    category: int
    to_image_23: NDArray[np.float64]


@dataclass
class Batch:
    """Crops for the network.

    Attributes:
        part: its number, from 0.
        crops: what they show.
        images_B3SS: uint8 RGB.
        ends: whether it is the last of its part; then the following are known.
        pictures: how many the part has, those left out included.
        left_out: lines on what could not be read.
        ends_video: whether the part is the last one of its video.
    """

    part: int
    crops: list[Crop]
    images_B3SS: torch.Tensor
    ends: bool = False
    pictures: int = 0
    left_out: list[str] = field(default_factory=list)
    ends_video: bool = True


class Done(NamedTuple):
    """What is known of a part that an earlier call has done."""

    pictures: int
    ends_video: bool


class _Cut(NamedTuple):
    """What was cut out of one picture."""

    crops: list[Crop]
    images: list[NDArray[np.uint8]]
    left_out: list[str]


class Cutter:
    """Cuts the boxes out of pictures.

    Args:
        named: the pictures.
        people: their boxes; None: each picture is one crop, whole.
        side: of the crops in pixels.
        size: crops of a batch.
        workers: threads that decode photographs; a video is decoded by one.
    """

    def __init__(self, named: Named, people: People | None, side: int, size: int, workers: int):
        self._named, self._people = named, people
        self._side, self._size, self._workers = side, size, workers

    def batches(self, done: Callable[[int], Done | None]) -> Iterator[Batch]:
        """Go through all pictures in order, without the parts that are done.

        Args:
            done: number of a part to what is known of it, or None.
        """
        part, number = 0, 1
        names = self._named.photographs
        with ThreadPoolExecutor(self._workers) as pool:
            for start in range(0, len(names), PART):
                chosen = names[start : start + PART]
                if done(part) is None:
                    yield from self._batches(part, self._photographs(pool, chosen, number))
                part, number = part + 1, number + len(chosen)
        for name in self._named.videos:
            clip, first = None, 0
            while True:
                known = done(part)
                if known is None:
                    clip = clip or _Clip(name, self._named.root / name, first)
                    for batch in self._batches(part, self._frames(clip, number), clip):
                        known = Done(batch.pictures, batch.ends_video)
                        yield batch
                assert known is not None
                part, number, first = part + 1, number + known.pictures, first + known.pictures
                if known.ends_video:
                    break

    def _photographs(
        self, pool: ThreadPoolExecutor, names: Sequence[str], number: int
    ) -> Iterator[_Cut]:
        """Yield what is cut out of photographs, several of which are decoded at a time."""
        for start in range(0, len(names), self._size):
            numbers = range(number + start, number + len(names))
            yield from pool.map(self._photograph, names[start : start + self._size], numbers)

    def _photograph(self, name: str, number: int) -> _Cut:
        if self._people is not None and name not in self._people.of:
            return _Cut([], [], [])
        try:
            return self._cut(Photograph(name, self._named.root / name), number)
        except ValueError as error:
            return _Cut([], [], [str(error)])

    def _frames(self, clip: _Clip, number: int) -> Iterator[_Cut]:
        for place, frame in enumerate(clip.take(PART)):
            yield self._cut(frame, number + place)

    def _cut(self, picture: Picture, number: int) -> _Cut:
        """Cut the boxes out of a picture; those that lie beside it are left out."""
        box_N4 = np.array([[0, 0, *picture.size]], np.float32)
        category_N = np.array([CATEGORY])
        if self._people is not None:
            rows = self._people.of.get(picture.name, slice(0, 0))
            box_N4, category_N = self._people.box_N4[rows], self._people.category_N[rows]
        cut = _Cut([], [], [])
        to_crop_N23 = geometry.crop_matrices(box_N4, self._side)
        back_N23 = geometry.invert(to_crop_N23)
        for place, box_4 in enumerate(box_N4):
            if not _meets(box_4, picture.size):
                said = ", ".join(f"{value:g}" for value in box_4)
                cut.left_out.append(f"{picture.name}: a box beside the image ({said})")
                continue
            reduction = reduction_for(to_crop_N23[place])
            crop_SS3 = warp(picture.pixels(reduction), to_crop_N23[place], self._side, reduction)
            cut.images.append(np.ascontiguousarray(crop_SS3[..., ::-1].transpose(2, 0, 1)))
            about = box_4, int(category_N[place]), back_N23[place]
            cut.crops.append(Crop(picture.name, number, picture.size, *about))
        return cut

    def _batches(
        self, part: int, cuts: Iterator[_Cut], clip: _Clip | None = None
    ) -> Iterator[Batch]:
        """Join what was cut out into batches; the last one of the part may be empty."""
        crops: list[Crop] = []
        images: list[NDArray[np.uint8]] = []
        left_out: list[str] = []
        pictures = 0
        for cut in cuts:
            pictures += 1
            crops, images, left_out = (
                crops + cut.crops,
                images + cut.images,
                left_out + cut.left_out,
            )
            while len(crops) > self._size:
                yield Batch(part, crops[: self._size], self._stacked(images[: self._size]))
                crops, images = crops[self._size :], images[self._size :]
        if clip is not None:
            left_out += clip.problems
        ends_video = clip is None or clip.ended
        yield Batch(part, crops, self._stacked(images), True, pictures, left_out, ends_video)

    def _stacked(self, images: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        none = np.empty((0, 3, self._side, self._side), np.uint8)
        return torch.from_numpy(np.stack(images) if images else none)


class _Clip:
    """A video that is decoded once, in order, up to where it ends or breaks."""

    def __init__(self, name: str, path: Path, first: int):
        self.ended, self.problems = False, []
        self._name, self._next = name, first
        self._frames = video.whole_frames(path, first)

    def take(self, count: int) -> Iterator[Frame]:
        """Yield the next ``count`` frames, or those that are left."""
        for _ in range(count):
            try:
                image_HW3 = next(self._frames)
            except StopIteration:
                self.ended = True
                return
            except ValueError as error:
                self.ended = True
                self.problems.append(f"{error} ({self._next} frames were taken)")
                return
            yield Frame(f"{self._name}#{self._next}", image_HW3)
            self._next += 1


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Iterate over ``items``, of which another thread makes a few beforehand.

    >>> list(ahead(iter(range(5))))
    [0, 1, 2, 3, 4]
    """
    end = object()
    with ThreadPoolExecutor(1) as pool:
        made = deque(pool.submit(next, items, end) for _ in range(_AHEAD))
        try:
            while (item := made.popleft().result()) is not end:
                made.append(pool.submit(next, items, end))
                yield item  # pyright: ignore[reportReturnType]
        finally:
            pool.shutdown(cancel_futures=True)
            getattr(items, "close", lambda: None)()


def _meets(box_4: NDArray[np.float32], size: tuple[int, int]) -> bool:
    """Whether a box shows anything of a picture."""
    x, y, width, height = box_4.tolist()
    return x < size[0] and y < size[1] and x + width > 0 and y + height > 0
