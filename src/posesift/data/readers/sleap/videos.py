"""Where the videos of a SLEAP file lie, how large they are, and what its frames are called.

Shapes: N poses, M frames, 2 = (width, height).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from posesift.data.files import embedded, video
from posesift.data.files.image_folder import Photographs, photographs
from posesift.data.files.image_names import end_in, is_there, last_part, leads_out
from posesift.data.files.images import MAYBE, SUFFIXES


@dataclass
class Video:
    """A video of a file: one name, or the names of its frames where these are images.

    Attributes:
        names: as the file writes them.
        is_images: whether they are images.
        size: width and height as the file gives them, 0 where it gives none.
        embedded: the group of the file that holds its frames, "" where none does. ``names`` is
            then where they were taken from.
    """

    names: Sequence[str]
    is_images: bool
    size: tuple[int, int]
    embedded: str = ""

    @property
    def called(self) -> str:
        """Its own name, without folders."""
        return last_part(self.names[0]) if self.names else "a video without a name"


@dataclass
class Poses:
    """What a file of SLEAP holds, frame by frame; NaN where a point is not labelled."""

    names_J: list[str]
    points_NJ2: np.ndarray
    video_N: np.ndarray
    frame_N: np.ndarray
    videos: list[Video]
    mode_N: list[str] | None = None
    limbs: list[tuple[str, str]] = field(default_factory=list)
    mirror: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class Frames:
    """The frames that poses lie on."""

    root: Path | None
    photos: Photographs
    image_N: list[int]


def described(names: Any, backend: Mapping[str, Any]) -> Video:
    """Return the video that a file describes.

    Args:
        names: the name, or the list of images.
        backend: what SLEAP notes of it: ``shape`` (frames, height, width, channels) and the like.
    """
    listed = backend.get("filenames", names)
    listed = [str(n) for n in listed] if isinstance(listed, list) else [str(listed or "")]
    is_images = len(listed) > 1 or listed[0].lower().endswith((*SUFFIXES, *MAYBE))
    shape = backend.get("shape")
    width, height = backend.get("width_"), backend.get("height_")
    if isinstance(shape, list) and len(shape) == 4:
        _, height, width, _ = shape
    sides = [side if isinstance(side, int) and 0 < side < 2**31 else 0 for side in (width, height)]
    return Video(listed, is_images, (sides[0], sides[1]))


def inside_file(file: Path, videos: Sequence[Video]) -> list[Video]:
    """Return the videos, those whose frames lie in the file itself as clips of it."""
    return [
        replace(one, names=[f"{file.name}/{one.embedded}"], is_images=False)
        if one.embedded
        else one
        for one in videos
    ]


def frames(videos: Sequence[Video], video_N: np.ndarray, frame_N: np.ndarray, root: Path) -> Frames:
    """Return the frames that poses name; without a folder where none of the videos lies in it.

    Where a video is there its own size counts, not what the file says.
    """
    keys = list(zip(video_N.tolist(), frame_N.tolist(), strict=True))
    row_of = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    names_M = [_place(videos[v], frame, root) for v, frame in row_of]
    lying = {v for (v, _), name in zip(row_of, names_M, strict=True) if name and _lies(root / name)}
    known = {
        v: _size(root / names_M[row])
        for row, (v, _) in enumerate(row_of)
        if v in lying and not videos[v].is_images
    }
    size_M2, wrong = [], {}
    for row, (v, frame) in enumerate(row_of):
        size, problem = known.get(v, (videos[v].size, ""))
        if not problem and v in lying and embedded.holds(root / names_M[row]):
            if frame not in embedded.numbers(root / names_M[row]):
                problem = f"frame {frame} is not among those that are embedded"
        elif not names_M[row]:
            problem = f"the file names {len(videos[v].names)} images, and no frame {frame}"
        elif not videos[v].is_images and lying and v not in lying:
            problem = f"expected its video at {root / names_M[row]}, found no file"
        if problem:
            wrong[row] = problem
        if names_M[row] and not videos[v].is_images:
            names_M[row] += f"#{frame}"
        size_M2.append(size if all(size) else videos[v].size)
    photos = _photographs(videos, list(row_of), names_M, np.array(size_M2), root if lying else None)
    photos.wrong |= wrong
    return Frames(root if lying else None, photos, [row_of[key] for key in keys])


def _photographs(
    videos: Sequence[Video],
    keys: Sequence[tuple[int, int]],
    names_M: list[str],
    size_M2: np.ndarray,
    root: Path | None,
) -> Photographs:
    """Sizes and names; images are looked at as those of any label file."""
    rows = [row for row, (v, _) in enumerate(keys) if root is None or videos[v].is_images]
    looked = photographs([names_M[row] for row in rows], size_M2[rows], root)
    photos = Photographs(
        names_M, size_M2.astype(np.int32), size_M2.astype(np.int32), np.zeros(len(keys), bool), {}
    )
    photos.size_M2[rows], photos.other_M2[rows] = looked.size_M2, looked.other_M2
    photos.wrong = {rows[row]: what for row, what in looked.wrong.items()}
    return photos


def _place(of: Video, frame: int, root: Path) -> str:
    """Where the video, or the image of a frame, lies; "" where the file names none."""
    if of.embedded and not of.is_images and of.names[0].endswith(f"/{of.embedded}"):
        return of.names[0]
    names = of.names if of.is_images else of.names[:1]
    place = frame if of.is_images else 0
    found = end_in(root, names[place]) if place < len(names) and names[place] else ""
    return found if found and not leads_out(found) else ""


def _lies(path: Path) -> bool:
    return is_there(path) or embedded.holds(path)


def _size(path: Path) -> tuple[tuple[int, int], str]:
    """Width and height of a video that is there, and what is wrong with it."""
    try:
        if embedded.holds(path):
            embedded.numbers(path)  # which says what is wrong with them
            return embedded.size(path), ""
        width, height, _ = video.told(path)
    except ValueError as error:
        return (0, 0), str(error)
    return (width, height), ""
