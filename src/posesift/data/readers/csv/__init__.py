"""A table of your own: a CSV file with one pose a line, its keypoints in columns.

The first line names the columns: ``image``, and for every keypoint ``NAME_x`` and ``NAME_y`` in
pixels of the image and, if you like, ``NAME_v`` as in COCO (0 not labelled, 1 labelled but hidden,
2 seen). These may stand beside them: ``width`` and ``height`` of the image, ``box_x``, ``box_y``,
``box_w`` and ``box_h`` of the person, ``clip`` and ``mode`` (what the pose shows).

Shapes: N lines, M images, J keypoints of the file, 2 = (x, y) or (width, height),
4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posesift.data.files.exif import Exif
from posesift.data.files.image_names import Names
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.named_poses import V_NEVER_2, NamedPoses, pose_table
from posesift.data.labels.splits import Split
from posesift.data.readers import deeplabcut
from posesift.data.readers.about import About
from posesift.data.readers.csv import columns
from posesift.poses.table import PoseTable

ABOUT = About(
    title="Your own labels as a table: one pose a line, keypoints in columns",
    page="docs/your_own_data.md",
    get="nothing: you write the file",
    terms="yours",
    tree="""
labels.csv     (this file is the address's path)
photos/        (images=photos)
  0001.jpg ...
""",
)

_SIZE = ("width", "height")
_BOX = ("box_x", "box_y", "box_w", "box_h")
_WORDS = ("image", "clip", "mode")


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    skeleton: str | None = None,
    names: Names = "path",
    exif: Exif = "apply",
) -> PoseTable:
    """Read the lines, one pose each.

    A keypoint whose cells are empty is not labelled. Where ``v`` is never 2 in the whole file, 1
    means labelled, and nothing is known of what is hidden. Lines without a labelled keypoint are
    skipped and counted in ``table.problems``; columns that are not read are named there.

    Args:
        path: the file: UTF-8, cells parted by commas, semicolons or tabs.
        split: ``train``, ``test`` (the last quarter of the clips, or of the images where there is
            no column ``clip``) or ``all``.
        boxes: ``file``, the columns ``box_*``, else the whole image; or ``labels``.
        images: folder of the images; without it, the file's own folder where they lie there, and
            else the table has poses only.
        skeleton: name or TOML file; ``file`` for the keypoints that the columns name. Without
            it, the built-in skeleton that has just these keypoints, else ``file``.
        names: ``file`` takes only the last part of each image's name, of paths of another
            computer.
        exif: ``ignore`` for labels that were made on the stored pixels of images that EXIF turns.

    Raises:
        ValueError: a column is missing, a line has too few cells or one that is no number (line
            and column are named), the keypoints are not the skeleton's, or more than 5 % of the
            lines are bad (missing image, half a coordinate, another v than 0, 1, 2).
    """
    file = Path(path).expanduser().resolve()
    if deeplabcut.is_table(file):
        raise ValueError(
            f"{file}: this is DeepLabCut's table of labels (its first lines are scorer, bodyparts "
            f"and coords): read it as deeplabcut:{path}"
        )
    header, _ = columns.header(file)
    names_J = _keypoints(header, file)
    table = columns.load(file, {*_numbers(names_J), *_SIZE, *_BOX}, _WORDS)
    keypoints_NJ2, seen_NJ, wrong = _joints(table, names_J)
    image_N, clip_N, mode_N = (table.words(name) for name in _WORDS)
    assert image_N is not None
    told, notes = [], []
    if ignored := [name for name in header if name not in table.rows.column_names]:
        told.append(f"columns that are not read: {', '.join(ignored)}")
    kept = _kept(table, image_N, (seen_NJ != 0).any(1), told)
    if not (table.numbers([f"{name}_v" for name in names_J]) == 2).any():
        seen_NJ = np.minimum(seen_NJ, 1)
        if (table.numbers([f"{name}_v" for name in names_J]) == 1).any():
            notes.append(V_NEVER_2)
    number: dict[str, int] = {}
    image_row_N = [number.setdefault(name, len(number)) for name in image_N[kept]]
    first_M = np.unique(image_row_N, return_index=True)[1]
    return pose_table(
        NamedPoses(
            names_J=names_J,
            keypoints_NJ2=keypoints_NJ2[kept],
            seen_NJ=seen_NJ[kept],
            image_N=image_row_N,
            images_M=list(number),
            size_M2=np.nan_to_num(table.numbers(_SIZE)[kept[first_M]], posinf=0, neginf=0),
            sample_N=[f"line {row + 2}" for row in kept.tolist()],
            box_N4=table.numbers(_BOX)[kept],
            mode_N=None if mode_N is None else [mode.lower() for mode in mode_N[kept]],
            clip_N=None if clip_N is None else clip_N[kept].tolist(),
            id_N=kept.astype(np.int64) + 2,
            bad={row: wrong[line] for row, line in enumerate(kept.tolist()) if line in wrong},
            problems=told,
            notes=notes,
            least_bad=0,
        ),
        file,
        split=split,
        boxes=boxes,
        images=images,
        skeleton=skeleton,
        names=names,
        exif=exif,
    )


def _keypoints(names: Sequence[str], file: Path) -> list[str]:
    """Names of the keypoints, in the order of their first columns.

    Raises:
        ValueError: there is no ``image``, no keypoint, half of one, or half a size or box.
    """
    own = [name for name in names if name not in (*_WORDS, *_SIZE, *_BOX)]
    found = dict.fromkeys(name[:-2] for name in own if name[-2:] in ("_x", "_y"))
    lacking = [f"{name}_{axis}" for name in found for axis in "xy" if f"{name}_{axis}" not in names]
    for group in (_SIZE, _BOX):
        if any(name in names for name in group):
            lacking += [name for name in group if name not in names]
    if "image" not in names:
        lacking.insert(0, "image")
    if lacking or not found:
        missing = f"; missing {', '.join(lacking)}" if lacking else ""
        raise ValueError(
            f"{file}, line 1: expected the column image and NAME_x and NAME_y for every keypoint, "
            f"found {', '.join(names)}{missing}"
        )
    return list(found)


def _numbers(names_J: Sequence[str]) -> list[str]:
    """Return the columns of the keypoints: x, y, v of the first and so on."""
    return [f"{name}_{axis}" for name in names_J for axis in "xyv"]


def _joints(
    table: columns.Columns, names_J: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
    """Keypoints (N, J, 2), how each is seen (N, J) as COCO's v, and line to what is wrong in it."""
    joints_NJ3 = table.numbers(_numbers(names_J)).reshape(-1, len(names_J), 3)
    given_NJ2 = ~np.isnan(joints_NJ3[..., :2])
    v_NJ = joints_NJ3[..., 2]
    seen_NJ = np.where(np.isnan(v_NJ), np.where(given_NJ2.any(2), 2, 0), v_NJ)
    unknown_NJ = ~np.isin(seen_NJ, (0, 1, 2))
    half_NJ = (seen_NJ != 0) & ~given_NJ2.all(2)
    wrong = {}
    for row in np.flatnonzero((unknown_NJ | half_NJ).any(1)).tolist():
        joint = int(np.argmax(unknown_NJ[row] | half_NJ[row]))
        name = names_J[joint]
        if unknown_NJ[row, joint]:
            wrong[row] = f"{name}_v is {seen_NJ[row, joint]:g}; expected 0, 1, 2 or nothing"
        else:
            wrong[row] = f"{name} is labelled, but its x or its y is empty"
    joints_NJ3[list(wrong)] = 0
    return joints_NJ3[..., :2], np.where(unknown_NJ, 1, seen_NJ).astype(np.int8), wrong


def _kept(
    table: columns.Columns, image_N: np.ndarray, labelled_N: np.ndarray, told: list[str]
) -> np.ndarray:
    """Rows of the lines with a labelled keypoint; how many others there are joins ``told``."""
    named_N = image_N != ""
    if (nameless := np.flatnonzero(labelled_N & ~named_N)).size:
        raise ValueError(f"{table.file}, line {nameless[0] + 2}, column image: found nothing")
    if not labelled_N.any():
        raise ValueError(
            f"{table.file}: expected lines with labelled keypoints, found none among {len(table)}"
        )
    if skipped := int((named_N & ~labelled_N).sum()):  # an empty line names no image, and is none
        told.append(f"skipped: {skipped} lines without a labelled keypoint")
    return np.flatnonzero(labelled_N)
