"""The pictures of a rendering, painted part by part: what is done is known, and kept.

A part's images are written, and then, atomically, a mark that the part is done. Which process
paints a part, and when, has no influence on its images.
"""

from __future__ import annotations

from pathlib import Path

import cv2

from posesift import locks, progress, storage
from posesift.data import worlds
from posesift.data.worlds import processes
from posesift.data.worlds.scene import Scene

PART = 256
"""Images of a part."""

MARKS = "parts"
"""Folder of the marks, inside the result's; the caller removes it at the end."""


def names(count: int) -> list[str]:
    """Return names of images by row, all of one length.

    >>> names(2)
    ['000000.png', '000001.png']
    """
    width = max(6, len(str(count - 1)))
    return [f"{row:0{width}d}.png" for row in range(count)]


def paint(scene: Scene, look: str, side: int, folder: Path, images: str, workers: int) -> None:
    """Paint the images of a scene that are not there yet.

    Args:
        scene: of all images.
        look: one of `posesift.data.worlds.LOOKS`.
        side: of the images, px.
        folder: of the result.
        images: the folder in it, which is made.
        workers: processes.

    Raises:
        ValueError: the folder is gone or cannot be written to, or the disk is full. What was done
            is kept.
    """
    named = names(len(scene))
    jobs = []
    for first in range(0, len(scene), PART):
        paths = [folder / images / name for name in named[first : first + PART]]
        if not (_mark(folder, first).is_file() and all(path.is_file() for path in paths)):
            part = scene.select(range(first, first + len(paths)))
            jobs.append((part, look, side, paths, first))
    here = folder / images
    try:
        storage.make_parent(here / "any")
        with progress.bar("rendering", len(scene)) as bar:
            bar.advance(len(scene) - sum(len(job[0]) for job in jobs))
            for first, count in processes.done(_paint_part, jobs, workers):
                storage.write_text(_mark(folder, first), f"{count}\n")
                bar.advance(count)
    except OSError as error:
        locks.check(here)
        raise storage.explained(error, Path(error.filename or here)) from error


def _mark(folder: Path, first: int) -> Path:
    return folder / MARKS / f"{first // PART:06d}.txt"


def _paint_part(
    scene: Scene, look: str, side: int, paths: list[Path], first: int
) -> tuple[int, int]:
    """Write the images of one part; returns its first row, and how many it has."""
    images = worlds.paint(worlds.photograph(scene, side), look)
    for path, image_HW3 in zip(paths, images, strict=True):
        content = cv2.imencode(".png", cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR))[1]
        path.write_bytes(content.tobytes())
    return first, len(paths)
