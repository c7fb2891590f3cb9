"""The orientation that a camera notes beside its pixels: how far viewers turn an image.

Cameras store what the sensor saw and note how they were held. Labelling tools, browsers and phones
show the turned view. Orientations are those of EXIF: 1 upright, 3 turned by 180 degrees, 6 and 8 by
90, 2, 4, 5 and 7 mirrored as well; from 5 on width and height change places.

Shapes: H W image height and width, 3 = channels.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Exif = Literal["apply", "ignore"]
"""Spelling of the option ``exif=``: images as viewers show them, or as they are stored."""

UPRIGHT = 1

_TAG = 0x0112


def swaps(orientation: int) -> bool:
    """Whether width and height change places.

    >>> [number for number in range(10) if swaps(number)]
    [5, 6, 7, 8]
    """
    return 5 <= orientation <= 8


def turned(image_HW3: np.ndarray, orientation: int) -> np.ndarray:
    """Return the image as viewers show it.

    >>> turned(np.arange(6).reshape(2, 3, 1), 6)[..., 0].tolist()
    [[3, 0], [4, 1], [5, 2]]
    """
    if orientation == UPRIGHT:  # nearly every image: nothing to do, once for each that is loaded
        return image_HW3
    if orientation in (5, 7):  # over one diagonal or the other
        image_HW3 = image_HW3.swapaxes(0, 1)
    image_HW3 = np.rot90(image_HW3, {3: 2, 6: 3, 7: 2, 8: 1}.get(orientation, 0))
    if orientation in (2, 4):
        image_HW3 = np.flip(image_HW3, 1 if orientation == 2 else 0)
    return np.ascontiguousarray(image_HW3)


def of_tiff(block: bytes) -> int:
    r"""Return the orientation in a TIFF's first directory, which is also what an EXIF block holds.

    >>> of_tiff(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0")
    6
    >>> of_tiff(b"no TIFF")
    1
    """
    place, order = _mark(block)
    found = int.from_bytes(block[place : place + 2], order) if place else UPRIGHT
    return found if 1 <= found <= 8 else UPRIGHT


def unmarked_tiff(content: bytes) -> bytes:
    """Return a TIFF that leaves a decoder nothing to turn: some turn it whether asked to or not."""
    place, order = _mark(content)
    return content[:place] + UPRIGHT.to_bytes(2, order) + content[place + 2 :] if place else content


def of_app1(segment: bytes) -> int:
    """Return the orientation in a JPEG's segment APP1; upright where that is no EXIF block."""
    return of_tiff(segment[6:]) if segment[:6] == b"Exif\0\0" else UPRIGHT


def of_png(content: bytes) -> int:
    """Return the orientation in a PNG's chunk eXIf."""
    place = 8
    while place + 8 <= len(content):
        length, kind = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        if kind == b"eXIf":
            return of_tiff(content[place + 8 : place + 8 + length])
        place += 12 + length
    return UPRIGHT


def of_webp(content: bytes) -> int:
    """Return the orientation in a WebP's chunk EXIF."""
    place = 12
    while place + 8 <= len(content):
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        if content[place : place + 4] == b"EXIF":
            block = content[place + 8 : place + 8 + length]
            return of_app1(block) if block[:4] == b"Exif" else of_tiff(block)
        place += 8 + length + length % 2
    return UPRIGHT


def _mark(block: bytes) -> tuple[int, Literal["little", "big"]]:
    """Where a TIFF's orientation stands, 0 where it has none, and its order of bytes."""
    order: Literal["little", "big"] = "little" if block[:2] == b"II" else "big"
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return 0, order
    start = int.from_bytes(block[4:8], order)
    for entry in range(min(int.from_bytes(block[start : start + 2], order), 1000)):
        place = start + 2 + 12 * entry
        if place + 12 > len(block):
            break
        if int.from_bytes(block[place : place + 2], order) == _TAG:
            return place + 8, order
    return 0, order
