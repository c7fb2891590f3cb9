"""The images and videos that somebody names: folders, files, patterns."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from posesift.data.files import video
from posesift.data.files.image_names import is_there
from posesift.data.files.images import MAYBE, SUFFIXES, missing_decoder
from posesift.data.readers.images import images_in
from posesift.progress import printable
from posesift.storage import is_utf8

_WILD = "*?["


@dataclass
class Named:
    """What there is to look at.

    Attributes:
        root: the folder that names are relative to.
        photographs: their names, in the order in which they were named, folders by name.
        videos: likewise.
        left_out: lines on what was named and cannot be looked at.
        notes: lines on what a folder or a pattern holds beside images and videos.
    """

    root: Path
    photographs: list[str] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def named(words: Sequence[str | Path]) -> Named:
    """List what some words name: a folder with all images below it, an image, a video, a pattern.

    A pattern is taken for one where no file is called so: ``photos/*.jpg``, ``photos/**/*.png``.
    No file is opened. What is named twice is taken once.

    Raises:
        ValueError: nothing is called so, a folder or a pattern has no images and no videos, or a
            file is neither.
    """
    if not words:
        raise ValueError("expected images to look at: a folder, files, a video or a pattern")
    files: list[Path] = []
    found = Named(Path())
    for word in words:
        files += _files(str(word), found)
    absolute = list(dict.fromkeys(Path(os.path.abspath(file)) for file in files))
    only = Path(words[0]).expanduser()
    if len(words) == 1 and only.is_dir():
        found.root = only.resolve()
    elif absolute:
        found.root = Path(os.path.commonpath([file.parent for file in absolute]))
    for file in absolute:
        name = file.relative_to(found.root).as_posix()
        if not is_utf8(name):
            found.left_out.append(f"its name is not UTF-8; rename it: {printable(name)}")
        elif file.suffix.lower() in video.SUFFIXES:
            found.videos.append(name)
        elif advice := missing_decoder(file.suffix):
            found.left_out.append(f"{name}: nothing here can decode it; {advice}")
        else:
            found.photographs.append(name)
    if not (found.photographs or found.videos):
        raise ValueError("none of the images can be read:" + _lines(found.left_out))
    return found


def _files(word: str, told: Named) -> Iterator[Path]:
    """Give the files that one word names; what else is there is told."""
    path = Path(word).expanduser()
    if path.is_dir():
        images, left_out, notes = images_in(path.resolve())
        if not images:
            raise ValueError(
                f"expected images ({', '.join(SUFFIXES)}) in {path} or the folders in it, found "
                f"none; videos are named one by one{_lines([*left_out, *notes])}"
            )
        told.left_out += left_out
        told.notes += notes
        yield from images
    elif is_there(path):
        if not _is_picture(path):
            raise ValueError(
                f"expected an image or a video, found {path}; known endings are "
                f"{', '.join((*SUFFIXES, *MAYBE, *video.SUFFIXES))}"
            )
        yield path
    elif any(letter in word for letter in _WILD):
        yield from _matching(word, told)
    else:
        hint = "; the boxes of a label file are given with --boxes" if ":" in word else ""
        raise ValueError(
            f"expected a folder, an image, a video or a pattern such as 'photos/*.jpg', found "
            f"nothing at {word}{hint}"
        )


def _matching(pattern: str, told: Named) -> Iterator[Path]:
    matches = sorted(glob.glob(os.path.expanduser(pattern), recursive=True))
    files = [Path(match) for match in matches if is_there(Path(match))]
    pictures = [file for file in files if _is_picture(file)]
    if not pictures:
        what = f"{len(matches)} others" if matches else "nothing"
        raise ValueError(f"expected images or videos that match {pattern}, found {what}")
    if others := Counter(file.suffix or "no ending" for file in files if not _is_picture(file)):
        kinds = ", ".join(f"{printable(kind)} ({count})" for kind, count in others.most_common())
        told.notes.append(f"not taken, for they are no images: {kinds}")
    yield from pictures


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in (*SUFFIXES, *MAYBE, *video.SUFFIXES)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"\n  {line}" for line in lines[:5])
