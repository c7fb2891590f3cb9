"""Names for images in a result: as they were where that is safe, and never two alike.

Alike are names that some file system takes for one (upper and lower case, composed accents), and
names that differ by their suffix alone, as they would share a label file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from posesift.data.files.images import MAYBE, SUFFIXES

PNG = ".png"
_UNSAFE = re.compile(r"[^\w .+=@()\-]")  # what a shell, a list, a label file, Windows may misread
_FRAME = re.compile(r"(.+)#([0-9]+)")
_LONGEST = 150  # bytes of a part of a name; file systems take 255, and numbers may be added
_TAKEN = {"images", "labels"}  # folders by which trainers find labels: left out of names
_IMAGES = {*SUFFIXES, *MAYBE}


def safe_names(names: Sequence[str], decoded: Sequence[bool]) -> list[str]:
    """Return a name for each image: relative, with ``/``, unlike all others.

    >>> safe_names(["a/x.jpg", "A/X.jpg", "a/x.png", "../é?.jpg", "clip.mp4#7"], [False] * 4 + [1])
    ['a/x.jpg', 'A/X-2.jpg', 'a/x-3.png', '_/é_.jpg', 'clip-000007.png']

    Args:
        names: as the data have them.
        decoded: whether an image is written as PNG, whatever it was.
    """
    given: list[str] = []
    times: dict[str, int] = {}
    for name, as_png in zip(names, decoded, strict=True):
        if frame := _FRAME.fullmatch(name):
            name = f"{PurePosixPath(frame[1]).with_suffix('')}-{int(frame[2]):06d}{PNG}"
        path = PurePosixPath(name.replace("\\", "_"))
        folders = [_part(part) for part in path.parts[:-1] if part.lower() not in _TAKEN]
        folders = [f + "_" * (PurePosixPath(f).suffix.lower() in _IMAGES) for f in folders]
        suffix = PNG if as_png else path.suffix
        stem = "/".join([*folders, _part(path.stem)])
        key = _key(stem)
        number = times.get(key, 0) + 1
        while number > 1 and _key(f"{stem}-{number}") in times:
            number += 1
        times[key] = number
        if number > 1:
            stem = f"{stem}-{number}"
            times[_key(stem)] = 1
        given.append(stem + suffix)
    return given


def _part(text: str) -> str:
    r"""Make a part of a path that means nothing to any system.

    >>> _part(" .a\nb*"), _part("..")
    ('_a_b_', '_')
    """
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", text)).strip().rstrip(".")
    if plain.startswith(".") or not plain:
        plain = "_" + plain.lstrip(".")
    plain = plain.encode(errors="replace")[:_LONGEST].decode(errors="ignore")
    return plain


def _key(stem: str) -> str:
    """Give what two names have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", stem.casefold())
