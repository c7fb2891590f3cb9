"""Photographs on disk: their size, their pixels, and which of them are broken.

Pixels are those stored in the file. A rotation noted in EXIF is never applied, since labels and
the sizes in headers count in stored pixels; greyscale, transparent and 16-bit images all become
8-bit RGB.

Shapes: H W image height and width, 3 = (blue, green, red), N images.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from posesift.storage import irregular

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
"""Files with these endings, in either case, count as images."""

LARGEST_AREA = 2**28
"""Pixels of an image that is read, 268 megapixels; a small file may claim any number of them."""

_HEADER = 2048  # bytes that hold the size of nearly every JPEG; a long EXIF block needs more
_END_OF_IMAGE = b"\xff\xd9"
_NOT_A_FRAME = (0xC4, 0xC8, 0xCC)  # JPEG markers among C0..CF that carry no image size


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height in pixels, from the file's header alone (about 50 microseconds).

    Formats other than JPEG and PNG are decoded for it.

    Raises:
        ValueError: there is no such file, or it is no image.
    """
    with _opened(path) as file:
        header = file.read(_HEADER)
        if header[:2] == b"\xff\xd8":
            frame = _jpeg_frame(header) or _jpeg_frame(header + file.read())
            if frame is None:
                raise _broken(path, "is a JPEG without an image inside")
            return _possible(path, *frame[:2])
        if header[:8] == b"\x89PNG\r\n\x1a\n" and len(header) >= 24:
            return _possible(path, int.from_bytes(header[16:20]), int.from_bytes(header[20:24]))
    height, width = decode(path).shape[:2]
    return width, height


def image_sizes(paths: Sequence[str | Path]) -> tuple[np.ndarray, dict[int, str]]:
    """Sizes of many images.

    Returns:
        (N, 2) int32, width and height, 0 for images that cannot be read; and for those, row to
        what is wrong.
    """
    size_N2 = np.zeros((len(paths), 2), np.int32)
    bad = {}
    for row, path in enumerate(paths):
        try:
            size_N2[row] = image_size(path)
        except ValueError as error:
            bad[row] = str(error)
    return size_N2, bad


def decode(
    path: str | Path, *, reduction: int = 1, size: tuple[int, int] | None = None
) -> np.ndarray:
    """The pixels of an image file, (H, W, 3) uint8 in OpenCV's order blue, green, red.

    Args:
        path: the file.
        reduction: 1, 2, 4 or 8: every block of ``reduction``^2 pixels becomes one, its mean. Cell
            ``i`` then has its centre at ``reduction * i + (reduction - 1) / 2``. A JPEG is
            decoded at that size directly, which is faster than decoding all of it.
        size: width and height that the labels count in; an image of another size is refused.

    Raises:
        ValueError: there is no such file, it is corrupt or cut short, or not of that size.
    """
    with _opened(path) as file:
        content = file.read()
    is_jpeg = content[:2] == b"\xff\xd8"
    if is_jpeg:
        # Decoders fill what is missing with grey and carry on. A complete JPEG ends with a marker
        # that its compressed data cannot contain; an EXIF thumbnail, before the frame, may.
        frame = _jpeg_frame(content)
        if frame is None or content.rfind(_END_OF_IMAGE) < frame[2]:
            raise _broken(path, "is a JPEG that is cut short")
        _possible(path, *frame[:2])
        _same_size(path, frame[:2], size)
    elif content[:8] == b"\x89PNG\r\n\x1a\n":
        _possible(path, int.from_bytes(content[16:20]), int.from_bytes(content[20:24]))
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    if is_jpeg and reduction > 1:
        flags |= {2: 16, 4: 32, 8: 64}[reduction]
    try:
        image_HW3 = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    except cv2.error:
        image_HW3 = None
    if image_HW3 is None:
        raise _broken(path, "is empty" if not content else "is corrupt or not an image")
    if is_jpeg:
        return image_HW3
    _same_size(path, (image_HW3.shape[1], image_HW3.shape[0]), size)
    return reduce(image_HW3, reduction)


def reduce(image_HW3: np.ndarray, reduction: int) -> np.ndarray:
    """The image with every block of ``reduction``^2 pixels replaced by its mean.

    Blocks that reach over the right or lower edge are filled up with the pixels there, so that
    cells keep their places whatever the size.
    """
    if reduction == 1:
        return image_HW3
    height, width = (-(-length // reduction) for length in image_HW3.shape[:2])
    down, right = reduction * height - len(image_HW3), reduction * width - image_HW3.shape[1]
    if down or right:
        image_HW3 = cv2.copyMakeBorder(image_HW3, 0, down, 0, right, cv2.BORDER_REPLICATE)
    return cv2.resize(image_HW3, (width, height), interpolation=cv2.INTER_AREA)


def _jpeg_frame(content: bytes) -> tuple[int, int, int] | None:
    """Width, height and place of a JPEG's frame header, or None if ``content`` ends before it."""
    place = 2
    while place + 9 <= len(content):
        if content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME:
            height = int.from_bytes(content[place + 5 : place + 7])
            return int.from_bytes(content[place + 7 : place + 9]), height, place
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return None


def _possible(path: str | Path, width: int, height: int) -> tuple[int, int]:
    """The size that a header tells, where it is one that can be decoded."""
    if not is_size(width, height):
        raise _broken(
            path,
            f"says that it is {width} x {height} px: expected at least 1 x 1 px and at most "
            f"{LARGEST_AREA / 1e6:.0f} megapixels",
        )
    return width, height


def is_size(width: float, height: float) -> bool:
    """Whether an image that is read may have this size in pixels.

    >>> is_size(640, 480), is_size(2**32 - 1, 1), is_size(0, 480)
    (True, False, False)
    """
    return min(width, height) >= 1 and width * height <= LARGEST_AREA


def _same_size(path: str | Path, found: tuple[int, int], said: tuple[int, int] | None) -> None:
    if said is None or tuple(found) == tuple(said):
        return
    turned = (
        ": were the labels made on a view turned by EXIF? PoseSift counts in stored pixels"
        if tuple(found) == tuple(said[::-1])
        else ": labels and images must come from the same distribution of the set"
    )
    raise ValueError(
        f"the image {path} is {found[0]} x {found[1]} px, its labels say {said[0]} x {said[1]}"
        + turned
    )


def _opened(path: str | Path):
    try:
        if found := irregular(path):
            raise ValueError(f"cannot read the image {path}: it is {found}; {_NEXT}")
        return open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise ValueError(f"expected an image at {path}, found no file; {_NEXT}") from None
    except OSError as error:
        raise ValueError(f"cannot read the image {path}: {error.strerror}") from None


def _broken(path: str | Path, what: str) -> ValueError:
    return ValueError(f"the image {path} {what}; {_NEXT}")


_NEXT = "copy it anew, or run `posesift check` on this data to list every such file"
