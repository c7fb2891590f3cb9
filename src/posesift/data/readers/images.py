"""A folder of images without labels: images to look at.

Shapes: N images, K keypoints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.files.exif import UPRIGHT, Exif
from posesift.data.files.image_folder import told_of_turned
from posesift.data.files.images import MAYBE, SUFFIXES, header, missing_decoder
from posesift.data.labels.cleaning import leave_out
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About
from posesift.poses.table import PoseTable
from posesift.progress import printable
from posesift.storage import irregular, is_utf8

ABOUT = About(
    title="A folder of images without labels: the target that a model is adapted to",
    page="your own photographs, or those of a data set whose labels you do not use",
    get="nothing",
    terms="those of the images",
    tree="""
any name.jpg (also png, bmp, webp, tif, jp2; heic and avif with their library) ...
any folder/
  any name.jpg ...
""",
)


def read(
    path: str, *, split: Split = "all", skeleton: str = "body16", exif: Exif = "apply"
) -> PoseTable:
    """List the images of a folder and the folders in it, by name.

    Every pose is there and none of its keypoints is visible; the crop is the whole image. Files
    that are no images are counted by kind, in ``table.notes``; photographs that nothing here can
    decode, in ``table.problems``.

    Args:
        path: the folder.
        split: ``train``, ``test`` (the last quarter by name) or ``all``.
        skeleton: name or TOML file of the skeleton to predict.
        exif: ``ignore`` leaves images as they are stored, where EXIF turns them.

    Raises:
        ValueError: there is no such folder, it holds no images, or more than 5 % of them cannot
            be read.
    """
    folder = Path(path).expanduser().resolve()
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise ValueError(f"expected a folder of images at {folder}, found {found}")
    paths, problems, notes = images_in(folder)
    if not paths:
        raise ValueError(
            f"expected images ({', '.join(SUFFIXES)}) in {folder} or the folders in it, found none"
            + "".join(f"; {line}" for line in [*problems, *notes])
        )
    size_N2, bad, turned = _sizes(paths, exif)
    if turned:
        notes.insert(0, told_of_turned(turned, len(paths), exif))
    target = skeletons.load(skeleton)
    names = [found.relative_to(folder).as_posix() for found in paths]
    table = PoseTable(
        skeleton=target,
        keypoints_NK2=np.zeros((len(paths), len(target), 2), np.float32),
        visible_NK=np.zeros((len(paths), len(target)), bool),
        width_N=size_N2[:, 0],
        height_N=size_N2[:, 1],
        image_N=np.array(names, dtype=object),
        root=str(folder),
        problems=problems,
        notes=notes,
        exif=exif,
    )
    return leave_out(table, bad, str(folder), in_split(split, names))


def _sizes(paths: Sequence[Path], exif: Exif) -> tuple[np.ndarray, dict[int, str], int]:
    """Sizes (N, 2), 0 where there is none; row to what is wrong; how many images EXIF turns."""
    size_N2, bad, turned = np.zeros((len(paths), 2), np.int32), {}, 0
    for row, path in enumerate(paths):
        try:
            found = header(path)
        except ValueError as error:
            bad[row] = str(error)
            continue
        size_N2[row] = found.size(exif)
        turned += found.orientation != UPRIGHT
    return size_N2, bad, turned


def images_in(folder: Path) -> tuple[list[Path], list[str], list[str]]:
    """List the images of a folder and the folders in it; none of them is opened.

    Returns:
        The image files by name; lines on photographs that cannot be read; lines on files that are
        no images.
    """
    paths, problems = [], []
    lost: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for found in sorted(folder.rglob("*")):
        if found.is_dir():
            continue
        suffix = found.suffix.lower()
        is_hidden = found.name.startswith(".")
        if is_hidden or suffix not in (*SUFFIXES, *MAYBE):
            others["hidden" if is_hidden else suffix or "no ending"] += 1
        elif missing_decoder(suffix):
            lost[suffix] += 1
        elif not is_utf8(str(found.relative_to(folder))):
            problems.append(f"left out, for its name is not UTF-8: {printable(str(found))}")
        elif found.exists() and not found.is_file():
            problems.append(f"left out: {printable(str(found))} is {irregular(found)}")
        else:
            paths.append(found)
    if lost:
        advice = " / ".join(dict.fromkeys(map(missing_decoder, lost)))
        problems.append(f"{lost.total()} files that are no known image: {_kinds(lost)}; {advice}")
    notes = [f"not taken, for they are no images: {_kinds(others)}"] if others else []
    return paths, problems, notes


def _kinds(counts: Counter[str]) -> str:
    return ", ".join(f"{printable(kind)} ({count})" for kind, count in counts.most_common())
