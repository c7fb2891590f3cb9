"""A folder of images without labels: images to look at.

Shapes: N images, K keypoints.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.about import About
from posesift.data.files.images import SUFFIXES, image_sizes
from posesift.data.labels.cleaning import leave_out
from posesift.data.labels.splits import Split, in_split
from posesift.poses.table import PoseTable
from posesift.progress import printable
from posesift.storage import irregular, is_utf8

ABOUT = About(
    title="A folder of images without labels: the target that a model is adapted to",
    page="your own photographs, or those of a data set whose labels you do not use",
    get="nothing",
    terms="those of the images",
    tree="""
any name.jpg (also png, bmp, webp, tif) ...
any folder/
  any name.jpg ...
""",
)


def read(path: str, *, split: Split = "all", skeleton: str = "body16") -> PoseTable:
    """List the images of a folder and the folders in it, by name.

    Every pose is there and none of its keypoints is visible; the crop is the whole image.

    Args:
        path: the folder.
        split: ``train``, ``test`` (the last quarter by name) or ``all``.
        skeleton: name or TOML file of the skeleton to predict.

    Raises:
        ValueError: there is no such folder, it holds no images, or more than 5 % of them cannot
            be read.
    """
    folder = Path(path).expanduser().resolve()
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise ValueError(f"expected a folder of images at {folder}, found {found}")
    paths, problems = _images(folder)
    if not paths:
        raise ValueError(
            f"expected images ({', '.join(SUFFIXES)}) in {folder} or the folders in it, found none"
            + "".join(f"; {problem}" for problem in problems)
        )
    size_N2, bad = image_sizes(paths)
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
    )
    return leave_out(table, bad, str(folder), in_split(split, names))


def _images(folder: Path) -> tuple[list[Path], list[str]]:
    """The image files by name, and what is passed over although it is called like one."""
    paths, problems = [], []
    for found in sorted(folder.rglob("*")):
        if found.suffix.lower() not in SUFFIXES or found.name.startswith(".") or found.is_dir():
            continue
        if not is_utf8(str(found.relative_to(folder))):
            problems.append(f"left out, for its name is not UTF-8: {printable(str(found))}")
        elif found.exists() and not found.is_file():
            problems.append(f"left out: {printable(str(found))} is {irregular(found)}")
        else:
            paths.append(found)
    return paths, problems
