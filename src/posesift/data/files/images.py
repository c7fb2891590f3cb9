"""Photographs on disk: their size, their pixels, and which of them are broken.

Pixels are those stored in the file or, with ``exif="apply"``, those that viewers and labelling
tools show (`posesift.data.files.exif`). Greyscale, transparent and 16-bit images all become 8-bit
RGB.

Shapes: H W image height and width, 3 = (blue, green, red), N images.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from posesift.data.files import NEXT, pillow
from posesift.data.files import exif as orientations
from posesift.data.files.exif import Exif
from posesift.storage import irregular

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".gif", ".ras"),
)
"""Files with these endings, in either case, count as images."""

MAYBE = (".heic", ".heif", ".hif", ".avif")
"""Endings of images that are read where a library for them is there: see `missing_decoder`."""

LARGEST_AREA = 2**28
"""Pixels of an image that is read, 268 megapixels; a small file may claim any number of them."""

_HEADER = 2048  # bytes that hold the size of nearly every JPEG; a long EXIF block needs more
_TAIL = 64  # bytes that hold the end of an image; some programs write a little behind it
_END_OF_IMAGE = b"\xff\xd9"
_NOT_A_FRAME = (0xC4, 0xC8, 0xCC)  # JPEG markers among C0..CF that carry no image size
_ALONE = (0x01, *range(0xD0, 0xD9))  # JPEG markers without a length
_DEPTHS = (10, 12)  # bits of sensors, stored in 16


class Header(NamedTuple):
    """What the header of an image says: its stored size, and how viewers turn it."""

    width: int
    height: int
    orientation: int = orientations.UPRIGHT

    def size(self, exif: Exif) -> tuple[int, int]:
        """Width and height as stored, or as viewers show them."""
        if exif == "apply" and orientations.swaps(self.orientation):
            return self.height, self.width
        return self.width, self.height


def header(path: str | Path) -> Header:
    """Size and orientation, from the file's header alone (about 50 microseconds).

    Formats other than JPEG and PNG are decoded for it.

    Raises:
        ValueError: there is no such file, or it is no image.
    """
    with _opened(path) as file:
        return _header(path, file, file.read(_HEADER))


def _header(path: str | Path, file: io.RawIOBase, head: bytes) -> Header:
    if head[:2] == b"\xff\xd8":
        frame = _jpeg_frame(head) or _jpeg_frame(head + (file.read() or b""))
        if frame is None:
            raise _broken(path, "is a JPEG without an image inside")
        return Header(*_possible(path, *frame[0][:2]), frame[0].orientation)
    if _is_png(head) and len(head) >= 24:
        return Header(*_possible(path, *_png_size(head)), _png_orientation(file, head))
    content = head + (file.read() or b"")
    height, width = _stored(path, content).shape[:2]
    return Header(width, height, _orientation(content))


def check_complete(path: str | Path) -> None:
    """Refuse an image that is empty, has no header, or is cut short (about 15 microseconds).

    JPEG and PNG tell that by how they begin and end: damage in the middle is not seen. Other
    formats are decoded for it.

    Raises:
        ValueError: there is no such file, or it is one of those.
    """
    with _opened(path) as file:
        _header(path, file, head := file.read(_HEADER))
        tail = _at(file, max((length := file.seek(0, 2)) - _TAIL, 0), _TAIL)
        if head[:2] == b"\xff\xd8" and _END_OF_IMAGE not in tail:
            _jpeg_header(path, _at(file, 0, length))
        elif _is_png(head) and b"IEND" not in tail:
            raise _broken(path, "is a PNG that is cut short")


def orientation(path: str | Path) -> int:
    """How viewers turn an image, as EXIF counts; it is not decoded for it.

    Raises:
        ValueError: there is no such file.
    """
    with _opened(path) as file:
        content = file.read()
    if content[:2] == b"\xff\xd8":
        frame = _jpeg_frame(content)
        return frame[0].orientation if frame else orientations.UPRIGHT
    return _orientation(content)


def image_size(path: str | Path, exif: Exif = "ignore") -> tuple[int, int]:
    """Width and height in pixels, from the file's header alone: see `header`."""
    return header(path).size(exif)


def image_sizes(paths: Sequence[str | Path]) -> tuple[np.ndarray, dict[int, str]]:
    """Sizes of N images as they are stored.

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
    path: str | Path,
    *,
    reduction: int = 1,
    size: tuple[int, int] | None = None,
    exif: Exif = "ignore",
) -> np.ndarray:
    """Return the pixels of an image file, (H, W, 3) uint8 in OpenCV's order blue, green, red.

    Args:
        path: the file.
        reduction: 1, 2, 4 or 8: every block of ``reduction``^2 pixels becomes one, its mean. Cell
            ``i`` then has its centre at ``reduction * i + (reduction - 1) / 2``. A JPEG is
            decoded at that size directly, which is faster than decoding all of it.
        size: width and height that the labels count in; an image of another size is refused.
        exif: ``apply`` turns the image as viewers do; ``ignore`` leaves it as it is stored.

    Raises:
        ValueError: there is no such file, it is corrupt or cut short, or not of that size.
    """
    with _opened(path) as file:
        return decode_content(path, file.read(), reduction=reduction, size=size, exif=exif)


def decode_content(
    path: str | Path,
    content: bytes,
    *,
    reduction: int = 1,
    size: tuple[int, int] | None = None,
    exif: Exif = "ignore",
) -> np.ndarray:
    """As `decode`, of an image that lies in another file; ``path`` names it in messages."""
    found = _jpeg_header(path, content) if content[:2] == b"\xff\xd8" else None
    if found is not None:
        _same_size(path, found, size, exif)
    turn = orientations.UPRIGHT
    if exif == "apply":
        turn = found.orientation if found else _orientation(content)
    # blocks that reach over an edge must lie at the right and lower edge of the turned image
    whole = turn != orientations.UPRIGHT and found and any(s % reduction for s in found[:2])
    image_HW3 = _stored(path, content, 1 if whole else reduction)
    if found is None:
        shown = Header(image_HW3.shape[1], image_HW3.shape[0], _orientation(content))
        _same_size(path, shown, size, exif)
    image_HW3 = orientations.turned(image_HW3, turn)
    return image_HW3 if found and not whole else reduce(image_HW3, reduction)


def missing_decoder(suffix: str) -> str:
    """Return what to do so that images of this ending are read; "" where they are.

    >>> missing_decoder(".jpg")
    ''
    """
    suffix = suffix.lower()
    if suffix == ".avif" and not (cv2.haveImageWriter("x.avif") or pillow.knows("AVIF")):
        return "install pillow>=11.3, or convert them to JPEG"
    if suffix in MAYBE and suffix != ".avif" and not pillow.knows("HEIF"):
        return "install pillow-heif (pip install 'posesift[heif]'), or convert them to JPEG"
    return ""


def reduce(image_HW3: np.ndarray, reduction: int) -> np.ndarray:
    """Return the image with every block of ``reduction``^2 pixels replaced by its mean.

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


def _stored(path: str | Path, content: bytes, reduction: int = 1) -> np.ndarray:
    """Return the pixels as they are stored; only a JPEG is reduced."""
    is_jpeg = content[:2] == b"\xff\xd8"
    if not is_jpeg and _is_png(content):
        _possible(path, *_png_size(content))
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    if not is_jpeg:
        flags |= cv2.IMREAD_ANYDEPTH
        content = orientations.unmarked_tiff(content)
    elif reduction > 1:
        flags |= {2: 16, 4: 32, 8: 64}[reduction]
    try:
        image_HW3 = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    except cv2.error:
        image_HW3 = None
    if image_HW3 is None and content and not is_jpeg:
        image_HW3 = _by_pillow(path, content)
    if image_HW3 is None:
        raise _broken(path, "is empty" if not content else "is corrupt or not an image")
    return image_HW3 if image_HW3.dtype == np.uint8 else _eight_bits(image_HW3)


def _eight_bits(image_HW3: np.ndarray) -> np.ndarray:
    """Pixels of 16 bits, or of the 10 or 12 that a sensor has, and fractions, as 8 bits.

    >>> _eight_bits(np.array([[[0, 2048, 4095]]], np.uint16)).tolist()
    [[[0, 128, 255]]]
    """
    greatest = float(np.nan_to_num(image_HW3).max(initial=0))
    if image_HW3.dtype == np.uint16:
        bits = next((bits for bits in _DEPTHS if greatest < 2**bits), 16) if greatest > 255 else 8
        return (image_HW3 >> (bits - 8)).astype(np.uint8)
    scale = 255 if greatest <= 1 else 1 if greatest <= 255 else 255 / greatest
    return np.clip(np.nan_to_num(image_HW3) * scale, 0, 255).astype(np.uint8)


def _by_pillow(path: str | Path, content: bytes) -> np.ndarray | None:
    """Return the pixels as Pillow decodes them, where it is there and knows the format."""
    if (opened := pillow.opened(content)) is None:
        return None
    _possible(path, *opened.size)
    try:
        return np.asarray(opened.convert("RGB"))[..., ::-1].copy()
    except Exception:  # decoders raise nearly anything
        return None


def _orientation(content: bytes) -> int:
    """How viewers turn an image that is no JPEG."""
    if _is_png(content):
        return orientations.of_png(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return orientations.of_webp(content)
    if content[4:8] == b"ftyp" and (opened := pillow.opened(content)):
        return int(opened.getexif().get(0x0112, orientations.UPRIGHT))
    return orientations.of_tiff(content)


def _is_png(content: bytes) -> bool:
    return content[:8] == b"\x89PNG\r\n\x1a\n"


def _png_size(content: bytes) -> tuple[int, int]:
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _png_orientation(file: io.RawIOBase, head: bytes) -> int:
    """Return the orientation of an open PNG; of its chunks only the headers are read."""
    place = 8
    while (
        len(chunk := head[place : place + 8] if place + 8 <= len(head) else _at(file, place, 8))
        == 8
    ):
        length = int.from_bytes(chunk[:4])
        if chunk[4:] == b"eXIf":
            return orientations.of_tiff(_at(file, place + 8, min(length, 1 << 16)))
        if chunk[4:] == b"IEND":
            break
        place += 12 + length
    return orientations.UPRIGHT


def _at(file: io.RawIOBase, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size) or b""


def _jpeg_header(path: str | Path, content: bytes) -> Header:
    """Return the header of a complete JPEG.

    Decoders fill what is missing with grey and carry on. A complete JPEG ends with a marker that
    its compressed data cannot contain; an EXIF thumbnail, before the frame, may.
    """
    frame = _jpeg_frame(content)
    if frame is None or content.rfind(_END_OF_IMAGE) < frame[1]:
        raise _broken(path, "is a JPEG that is cut short")
    return Header(*_possible(path, *frame[0][:2]), frame[0].orientation)


def _jpeg_frame(content: bytes) -> tuple[Header, int] | None:
    """Return a JPEG's header and the place of its frame, or None if ``content`` ends before it."""
    place, orientation = 2, orientations.UPRIGHT
    while place + 9 <= len(content):
        if content[place] != 0xFF:  # stray bytes before a marker, which every decoder passes over
            place = content.find(b"\xff", place)
            if place < 0:
                return None
            continue
        marker = content[place + 1]
        if marker in (0x00, 0xFF):  # a stray byte, or padding
            place += 1
            continue
        if marker in _ALONE:
            place += 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME:
            height = int.from_bytes(content[place + 5 : place + 7])
            width = int.from_bytes(content[place + 7 : place + 9])
            return Header(width, height, orientation), place
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        if marker == 0xE1 and orientation == orientations.UPRIGHT:
            orientation = orientations.of_app1(content[place + 4 : end])
        place = end
    return None


def _possible(path: str | Path, width: int, height: int) -> tuple[int, int]:
    """Return the size that a header tells, where it is one that can be decoded."""
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


def _same_size(path: str | Path, found: Header, said: tuple[int, int] | None, exif: Exif) -> None:
    size = found.size(exif)
    if said is None or size == tuple(said):
        return
    if size == tuple(said[::-1]):
        other = "ignore" if exif == "apply" else "apply"
        is_marked = orientations.swaps(found.orientation)
        advice = f": the other view of its EXIF mark fits, so read it with exif={other}"
        advice = advice if is_marked else ": were the labels made on a view turned by EXIF?"
    else:
        advice = ": labels and images must come from the same distribution of the set"
    raise ValueError(
        f"the image {path} is {size[0]} x {size[1]} px, its labels say {said[0]} x {said[1]}"
        + advice
    )


def _opened(path: str | Path):
    try:
        if found := irregular(path):
            raise ValueError(f"cannot read the image {path}: it is {found}; {NEXT}")
        return open(path, "rb", buffering=0)
    except FileNotFoundError:
        raise ValueError(f"expected an image at {path}, found no file; {NEXT}") from None
    except OSError as error:
        raise ValueError(f"cannot read the image {path}: {error.strerror}") from None


def _broken(path: str | Path, what: str) -> ValueError:
    return ValueError(f"the image {path} {what}; {NEXT}")
