"""Every layout of files that is read: a small set of each, and what its reader must find there.

Shapes: N samples, J joints, 2 = (x, y) or (width, height), 3 = (x, y, flag).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Places = Mapping[int, tuple[float, float]]
"""Joint number to a pixel, counted as tables count."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What lies on the disk, in the order in which it is read, pixels counted from 0.

    Attributes:
        address: reads all of it, as it is stored.
        names: of the images.
        joints: their names in the skeleton; a keypoint of the table that is not among them is
            never labelled.
        keypoints_NJ2: anything where a joint is not visible.
        visible_NJ: None for all that lie on their images.
        size_N2: None for what the pictures say.
        box_N4: left, top, width, height; None where none is in the files.
        colour_NJ: number of the colour of each joint's dot, its own if None; -1 where there is no
            dot to look at.
        unchecked: keypoints that are computed, and tested elsewhere.
        problems: what the reader has to say.
        others: addresses that read the same.
        dots_within: how far a dot's colour may be off, of 255.
    """

    address: str
    names: list[str]
    joints: tuple[str, ...]
    keypoints_NJ2: np.ndarray
    visible_NJ: np.ndarray | None = None
    size_N2: np.ndarray | None = None
    occluded_NJ: np.ndarray | None = None
    box_N4: np.ndarray | None = None
    colour_NJ: np.ndarray | None = None
    mode_N: list[str] | None = None
    clip_N: list[str] | None = None
    boxes_from: str = "image"
    unchecked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    dots_within: int = 60


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a format lies on the disk.

    Attributes:
        name: kind of the address, and which of its layouts.
        write: writes a set of more than 20 samples into a folder.
        labels: its label files.
        expected: what is named where there is nothing.
        own_picture: each sample's image is a file of its own that is looked for.
        cut_here: training and test are halves of one set; otherwise each is a set of its own, and
            the whole may hold more.
        opens: images are opened for their size, the first at least.
        choice: an option that takes some of the samples, of which the set is no other.
        rename: gives the first sample's image another name in the labels.
        move: puts joints of the first sample elsewhere.
    """

    name: str
    write: Callable[[Path], Written]
    labels: tuple[str, ...] = ()
    expected: str
    own_picture: bool = True
    cut_here: bool = True
    opens: bool = False
    choice: str = ""
    rename: Callable[[Path, str], None] | None = None
    move: Callable[[Path, Places], None] | None = None

    @property
    def kind(self) -> str:
        return self.name.partition("/")[0]


LAYOUTS: list[Layout] = []


def layout(name: str, *labels: str, **more: Any) -> Callable[[Any], Any]:
    """Enters the function that writes a set into `LAYOUTS`."""

    def enter(write: Callable[[Path], Written]) -> Callable[[Path], Written]:
        LAYOUTS.append(Layout(name=name, write=write, labels=labels, **more))
        return write

    return enter


def in_json(file: str, change: Callable[[Any, Any], Any]) -> Callable[[Path, Any], None]:
    """Load a JSON file, change it, save it."""

    def changed(folder: Path, value: Any) -> None:
        content = json.loads((folder / file).read_text())
        change(content, value)
        (folder / file).write_text(json.dumps(content))

    return changed


def place_in(flat: list[float], places: Places) -> None:
    """Into x, y, flag of one joint after the other."""
    for joint, (x, y) in places.items():
        flat[3 * joint : 3 * joint + 3] = [x, y, 2]


def rename_listed(document: dict[str, Any], name: str) -> None:
    document["images"][0]["file_name"] = name


def rename_first(samples: list[dict[str, Any]], name: str) -> None:
    samples[0]["name"] = name


def boxes_of_corners(corner_N4: np.ndarray) -> np.ndarray:
    """Boxes of the corners (left, top, right, bottom)."""
    return np.column_stack([corner_N4[:, :2], corner_N4[:, 2:] - corner_N4[:, :2]])
