"""DeepLabCut: the labels of a project, ``CollectedData_SCORER.csv`` or ``.h5`` as written there.

Three header lines (scorer, bodyparts, coords; with several animals a line individuals between) say
what the columns are; the first columns of the others name the image. Empty cells are not labelled.
The ``.h5`` beside it holds the same table as pandas saves it.

Shapes: N poses, M images, J keypoints, I individuals, 2 = (x, y).
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from posesift.data.files import hdf5, pandas_hdf5
from posesift.data.files.exif import Exif
from posesift.data.files.image_names import Names, is_there
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.named_poses import NamedPoses, pose_table
from posesift.data.labels.splits import Split
from posesift.data.readers.about import About
from posesift.poses.table import PoseTable

ABOUT = About(
    title="DeepLabCut: the labelled frames of your own project, as its CSV or HDF5",
    page="https://deeplabcut.github.io/DeepLabCut",
    get="nothing: the file lies in labeled-data/VIDEO/ of the project",
    terms="yours",
    tree="""
labeled-data/
  VIDEO/
    CollectedData_SCORER.csv   (this file is the address's path, or the .h5 beside it)
    img0001.png ...            (named from the project's folder: images=PROJECT)
""",
)

_HEADERS = ("scorer", "individuals", "bodyparts", "coords")


def is_table(file: Path) -> bool:
    """Whether a file begins as DeepLabCut's tables do."""
    if not is_there(file):
        return False
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            first = [opened.readline(100_000).partition(",")[0].strip() for _ in range(4)]
    except (OSError, UnicodeDecodeError):
        return False
    return first[0] == "scorer" and "bodyparts" in first and "coords" in first


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "labels",
    images: str | None = None,
    skeleton: str | None = None,
    names: Names = "path",
    exif: Exif = "ignore",
) -> PoseTable:
    """Read the labelled frames, one pose an animal; ``table.mode_N`` is the individual.

    Args:
        path: the CSV, or the HDF5 file that lies beside it.
        split: ``train``, ``test`` (the last quarter of the images) or ``all``.
        boxes: ``labels``, for the table has none; ``file`` is the whole image.
        images: the project's folder; without it, the folder above ``labeled-data``, or the file's.
        skeleton: name or TOML file; ``file`` for the body parts of the table. Without it, the
            built-in skeleton that has just these, else ``file``.
        names: ``file`` takes only the last part of each image's name.
        exif: ``apply`` for photographs that were labelled as viewers show them; frames of videos
            have no EXIF.

    Raises:
        ValueError: the file is not such a table, a cell is no number (its line is named), or more
            than 5 % of the frames are bad.
    """
    file = Path(path).expanduser().resolve()
    is_hdf5 = is_there(file) and (hdf5.is_hdf5(file) or file.suffix == ".h5")
    if not is_hdf5 and not is_table(file):
        raise ValueError(
            f"expected DeepLabCut's CollectedData_SCORER.csv at {file}, whose first lines are "
            f"scorer, bodyparts and coords; found {'another file' if file.is_file() else 'none'}"
        )
    image_M, animals, names_J, points_MIJ2 = _hdf5(file) if is_hdf5 else _content(file)
    joints_NJ2 = points_MIJ2.reshape(-1, len(names_J), 2)
    seen_NJ = np.logical_and.reduce(np.isfinite(joints_NJ2), axis=-1)
    labelled_N = np.flatnonzero(seen_NJ.any(1))
    if not len(labelled_N):
        raise ValueError(f"{file}: expected labelled frames, found none among {len(image_M)}")
    row_N, animal_N = np.divmod(labelled_N, len(animals))
    heads = 0 if is_hdf5 else 3 if animals == [""] else 4  # lines
    unit = "row" if is_hdf5 else "line"
    skipped = len(image_M) - len(set(row_N.tolist()))
    above = [one.parent for one in file.parents if one.name == "labeled-data"]
    if images is None and above and is_there(above[0] / image_M[0]):
        images = str(above[0])
    return pose_table(
        NamedPoses(
            names_J=names_J,
            keypoints_NJ2=joints_NJ2[labelled_N],
            seen_NJ=seen_NJ[labelled_N].astype(int),
            image_N=row_N.tolist(),
            images_M=image_M,
            size_M2=np.zeros((len(image_M), 2)),
            sample_N=[f"{unit} {heads + m + 1} ({image_M[m]})" for m in row_N.tolist()],
            mode_N=[animals[i] for i in animal_N] if len(animals) > 1 else None,
            problems=[f"skipped: {skipped} frames without a labelled keypoint"] if skipped else [],
        ),
        file,
        split=split,
        boxes=boxes,
        images=images,
        skeleton=skeleton,
        names=names,
        exif=exif,
    )


def _content(file: Path) -> tuple[list[str], list[str], list[str], np.ndarray]:
    """Image names, individuals, body parts, and points (M, I, J, 2), NaN where not labelled."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            lines = [line for line in csv.reader(opened) if any(line)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} cannot be read as CSV: {error}") from None
    heads = {line[0]: line for line in lines[:4] if line[0] in _HEADERS}
    count = len(heads)
    if not {"coords", "bodyparts"} <= heads.keys():
        raise ValueError(f"{file}: expected the lines bodyparts and coords among the first four")
    coords, parts = heads["coords"], heads["bodyparts"]
    first = next((c for c, word in enumerate(coords) if word == "x"), len(coords))
    of_column = heads.get("individuals", [""] * len(coords))
    if len({len(line) for line in lines}) > 1:
        row = next(r for r, line in enumerate(lines) if len(line) != len(coords))
        raise ValueError(
            f"{file}, line {row + 1}: expected {len(coords)} cells, found {len(lines[row])}"
        )
    if first == len(coords):
        raise ValueError(f"{file}: expected x and y in the line coords, found none")
    animals = list(dict.fromkeys(of_column[first:]))
    names_J = list(dict.fromkeys(parts[first:]))
    points_MIJ2 = np.full((len(lines) - count, len(animals), len(names_J), 2), np.nan)
    for column in range(first, len(coords)):
        axis = {"x": 0, "y": 1}.get(coords[column])
        if axis is None:
            continue  # a likelihood, in a table of predictions
        place = animals.index(of_column[column]), names_J.index(parts[column]), axis
        for row, line in enumerate(lines[count:]):
            if not line[column].strip():
                continue
            try:
                points_MIJ2[row, *place] = float(line[column])
            except ValueError:
                raise ValueError(
                    f"{file}, line {count + row + 1}, {parts[column]} {coords[column]}: expected a "
                    f"number, found {line[column]!r}"
                ) from None
    images = ["/".join(word for word in line[:first] if word) for line in lines[count:]]
    return images, animals, names_J, points_MIJ2


def _hdf5(file: Path) -> tuple[list[str], list[str], list[str], np.ndarray]:
    """As `_content`, of the table that pandas saved."""
    frame = pandas_hdf5.load(file, "DeepLabCut's CollectedData_SCORER.h5")
    levels = len(frame.columns[0]) if frame.columns else 0
    if levels not in (3, 4) or not {"x", "y"} <= {label[-1] for label in frame.columns}:
        raise ValueError(
            f"{file}: expected columns of scorer, (individuals,) bodyparts and coords x and y, "
            f"found {frame.columns[0] if frame.columns else 'none'}"
        )
    animal_C = [label[1] if levels == 4 else "" for label in frame.columns]
    part_C = [label[-2] for label in frame.columns]
    animals, names_J = list(dict.fromkeys(animal_C)), list(dict.fromkeys(part_C))
    points_MIJ2 = np.full((len(frame.rows), len(animals), len(names_J), 2), np.nan)
    for column, label in enumerate(frame.columns):
        if (axis := {"x": 0, "y": 1}.get(label[-1])) is not None:
            place = animals.index(animal_C[column]), names_J.index(part_C[column]), axis
            points_MIJ2[:, *place] = frame.values_RC[:, column]
    return ["/".join(filter(None, row)) for row in frame.rows], animals, names_J, points_MIJ2
