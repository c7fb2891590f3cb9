"""MPII Human Pose: the official MATLAB file, or its common JSON or HDF5 copies.

Andriluka et al., "2D Human Pose Estimation: New Benchmark and State of the Art Analysis",
CVPR 2014; 25,000 images of 410 activities, from videos. ``body16`` is the order of this set.

Shapes: N people, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.files.image_folder import image_folder
from posesift.data.files.images import image_sizes
from posesift.data.files.listed import listed
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled
from posesift.data.labels.splits import Split, half, in_split
from posesift.data.readers.about import About
from posesift.data.readers.mpii import lists, mat
from posesift.data.readers.mpii.mat import People
from posesift.poses.table import PoseTable
from posesift.storage import inside

ABOUT = About(
    title="MPII Human Pose: 25,000 images of everyday activities, 40,000 people, 16 joints",
    page="http://human-pose.mpi-inf.mpg.de",
    get="mpii_human_pose_v1.tar.gz (images, 12 GB) and mpii_human_pose_v1_u12_2.zip (labels)",
    terms="research only, no commercial use: the photographs belong to others",
    tree="""
mpii_human_pose_v1_u12_1.mat     or in mpii_human_pose_v1_u12_2/ or annot/
images/                          or elsewhere: images=FOLDER
  015601864.jpg ...

instead of the .mat: annot/train.json and valid.json, or annot/train.h5 and valid.h5,
or annotations/mpii_train.json and mpii_val.json, or mpii_annotations.json
""",
    cite="Andriluka, Pishchulin, Gehler and Schiele, CVPR 2014",
)

PLACES = ("", "annot", "annotations", "mpii_human_pose_v1_u12_2")
"""Folders in which annotations are looked for."""

TEST_PART = {"train": False, "valid": True, "mpii_train": False, "mpii_val": True}
"""Files of the JSON and HDF5 copies, and whether they are the test part; others are both, or tell
it of each person themselves."""

PAIRS = (("train", "valid"), ("mpii_train", "mpii_val"))
WHOLE = ("trainval", "mpii_trainval", "mpii_annotations")
"""Names of the copies, in two files and in one."""

_SIDE = 250.0  # px of the person's box at scale 1; people are about 200 px tall there
_LOWER = 15.0  # px by which the box lies below the centre of the person, likewise


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    single: bool = False,
    images: str | None = None,
    annotations: str | None = None,
) -> PoseTable:
    """Read the labelled people, one pose each.

    The official test set has no labels. So with the ``.mat`` the test half is the last quarter of
    the labelled images, those of one video together; the JSON and HDF5 copies have a split of
    their own, ``train`` and ``valid``, which is kept. A joint with is_visible = 0 is hidden but
    labelled: it is visible here, and occluded (the JSON does not tell). Coordinates count from 1
    in all three and from 0 in the table; the HDF5 has them without fractions.

    The box is the crop that is common for this set, a square of 250 px times the person's
    ``scale``, its centre 15 px times scale below ``objpos``: of 200 px, which is what scale
    stands for, a third of the people would lose a joint. Where the file has no position, the box
    is the whole image. ``table.mode_N`` is the category of the activity, ``table.clip_N`` the
    video, where the file is the ``.mat``.

    Args:
        path: the folder, or the annotation file itself. Of several files in the folder the
            ``.mat`` is read, else the JSON, and ``table.problems`` says so. A ``train`` or
            ``valid`` file named alone is wholly that part.
        split: ``train``, ``test`` or ``all``.
        boxes: ``labels`` for boxes around the labels, see `posesift.data.labels.boxes`.
        single: only people who stand sufficiently apart from others, as the ``.mat`` lists them.
        images: folder of the images, where it is not ``images/`` near the annotations.
        annotations: ``mat``, ``json`` or ``h5``, or the name of a file in the folder.

    Raises:
        ValueError: a part is missing, not as described above, or more than 5 % of the people
            are bad.
    """
    given = Path(path).expanduser().resolve()
    files, told = _files(given, annotations)
    people = _people(files, single)
    root = _image_folder(images, given, files[0], people.image_N[0])

    distinct = list(dict.fromkeys(people.image_N))
    row_of = {name: row for row, name in enumerate(distinct)}
    size_M2, broken = image_sizes([inside(root, name) for name in distinct])
    image_N = np.array([row_of[name] for name in people.image_N])
    bad = {
        int(row): f"person {row}: {broken[image_N[row]]}"
        for row in np.flatnonzero(np.isin(image_N, list(broken)))
    }
    size_N2 = size_M2[image_N]
    names = [f"{name}, person {row}" for row, name in enumerate(people.image_N)]
    return labelled(
        skeletons.load("body16"),
        people.joints_NJ2 - 1,  # MATLAB counts pixels from 1
        people.labelled_NJ,
        size_N2,
        names,
        str(files[0] if len(files) == 1 else files[0].parent),
        chosen_N=_chosen(people, split, files),
        bad=people.bad | bad,
        boxes=boxes,
        problems=[*told, *people.told],
        image_N=np.array(people.image_N, dtype=object),
        root=str(root),
        box_N4=_boxes(people.centre_N2 - 1, people.scale_N, size_N2),
        boxes_from="file",
        occluded_NK=people.occluded_NJ,
        clip_N=people.video_N,
        mode_N=people.activity_N,
    )


def _files(given: Path, annotations: str | None) -> tuple[list[Path], list[str]]:
    """Return the annotation files to read, all of one kind; and what else there was."""
    if given.is_file():
        if annotations is not None:
            raise ValueError(f"{given} is a file already; annotations= names one in a folder")
        return [given], []
    if annotations is not None and annotations not in ("mat", "json", "h5"):
        file = given / Path(annotations).expanduser()
        if not file.is_file():
            raise ValueError(f"expected the annotations at {file}, found no file")
        return [file], []
    found = {kind: files for kind in ("mat", "json", "h5") if (files := _of_kind(given, kind))}
    if not found or (annotations is not None and annotations not in found):
        names = ", ".join(file.name for files in found.values() for file in files)
        raise ValueError(
            f"expected {annotations or 'annotations'} of MPII (mpii_human_pose_v1_u12_1.mat, "
            "annot/train.json and valid.json, or annot/train.h5 and valid.h5, or "
            "annotations/mpii_train.json and mpii_val.json), found "
            f"{names or 'none of them'} in {given}"
            + ("" if given.is_dir() else ", which is no folder")
        )
    chosen = annotations or next(iter(found))
    others = [kind for kind in found if kind != chosen]
    told = []
    if others and annotations is None:
        told = [
            f"several annotations: {', '.join(file.name for file in found[chosen])} was read; "
            f"annotations={others[0]} reads {', '.join(file.name for file in found[others[0]])}"
        ]
    return found[chosen], told


def _of_kind(folder: Path, kind: str) -> list[Path]:
    for place in PLACES:
        if kind == "mat":
            names = listed(folder / place, "mpii_human_pose", ".mat")[:1]
            files = [folder / place / name for name in names]
        else:
            pairs = [[folder / place / f"{part}.{kind}" for part in pair] for pair in PAIRS]
            pairs = [[file for file in pair if file.is_file()] for pair in pairs]
            files = max(pairs, key=len)
            both = [folder / place / f"{name}.{kind}" for name in WHOLE]
            if len(files) < 2 and (whole := [file for file in both if file.is_file()]):
                files = whole[:1]
        if files:
            return files
    return []


def _people(files: list[Path], single: bool) -> People:
    if files[0].suffix == ".mat":
        return mat.people(files[0], single=single)
    if single:
        raise ValueError(
            f"{files[0]} does not tell who stands apart: single=true needs the official "
            "mpii_human_pose_v1_u12_1.mat"
        )
    read_one = lists.from_json if files[0].suffix == ".json" else lists.from_h5
    return lists.joined(
        [read_one(file) for file in files], [TEST_PART.get(file.stem) for file in files]
    )


def _image_folder(images: str | None, given: Path, file: Path, first: str) -> Path:
    """Where the images lie: as told, in ``images/`` near the annotations, or beside them."""
    near = list(dict.fromkeys([given, file.parent, file.parent.parent]))
    for place in near:
        if images is None and (place / "images").is_dir():
            return place / "images"
    if (folder := image_folder(file, images, first)) is not None:
        return folder
    if inside(given, first).is_file():
        return given
    raise ValueError(
        f"expected the images in {near[0] if near[0].is_dir() else file.parent}/images, found no "
        "folder; images=FOLDER names another"
    )


def _chosen(people: People, split: Split, files: list[Path]) -> np.ndarray:
    if people.in_test_N is None:
        return in_split(split, people.image_N if people.video_N is None else people.video_N)
    chosen_N = half(split, people.in_test_N)
    if not chosen_N.any():
        pair = next((pair for pair in PAIRS if files[0].stem in pair), PAIRS[0])
        other = files[0].with_stem(pair[split == "test"])
        raise ValueError(
            f"{files[0]} holds none of the {split} part, which is {other.name}; "
            + ("name that file or the folder" if other.is_file() else "there is no such file")
        )
    return chosen_N


def _boxes(centre_N2: np.ndarray, scale_N: np.ndarray, size_N2: np.ndarray) -> np.ndarray:
    """Boxes (N, 4): around the person's position, the whole image where there is none."""
    with np.errstate(over="ignore", invalid="ignore"):  # of people who are nowhere
        side_N1 = _SIDE * scale_N[:, None]
        centre_N2 = centre_N2 + np.array([0, _LOWER]) * scale_N[:, None]
        # the area of a box begins half a pixel before its x and y
        box_N4 = np.concatenate([centre_N2 - side_N1 / 2 + 0.5, side_N1, side_N1], axis=1)
    image_N4 = np.concatenate([np.zeros_like(size_N2), size_N2], axis=1)
    told_N = np.isfinite(box_N4).all(1) & (side_N1[:, 0] > 0)
    return np.where(told_N[:, None], box_N4, image_N4)
