"""Synthetic animals: rendered horses and tigers (18 keypoints), hounds and sheep (14).

Mu, Qiu, Hager and Yuille, "Learning from Synthetic Animals", CVPR 2020: 10,000 pictures of each
animal, 640 x 480, with random textures and backgrounds. A folder
``<animal>_combineds5r5_texture`` holds a picture ``<name>_img.png`` and ``<name>_kpts.npy``,
(V, 3): x, y and visibility of every vertex of the animal's mesh. The keypoints are a few of these
vertices, published with the set's code. The names tell the pose: number, mesh and animation,
moment of the animation, distance, azimuth and elevation of the camera.

Shapes: N pictures, V vertices, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.files import plain_pickle
from posesift.data.files.images import image_sizes
from posesift.data.files.listed import listed
from posesift.data.labels.boxes import Boxes, squares
from posesift.data.labels.labelled import labelled
from posesift.data.labels.published_rows import rows_of_halves
from posesift.data.labels.species import chosen
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About
from posesift.poses import geometry
from posesift.poses.boxes import of_corners
from posesift.poses.table import PoseTable

ABOUT = About(
    title="Synthetic animals: 10,000 rendered pictures each of horses, tigers, hounds and sheep",
    page="https://www.cs.jhu.edu/~qiuwch/animal/",
    get="{horse,tiger,hound,sheep}_combineds5r5_texture.zip, unpacked side by side",
    terms="none are stated on its page; textures and backgrounds are photographs of COCO",
    tree="""
horse_combineds5r5_texture/
  <name>_img.png ...
  <name>_kpts.npy ...
tiger_combineds5r5_texture/ ...
""",
    cite="Mu, Qiu, Hager and Yuille, CVPR 2020",
)

VERTICES = {
    "horse": (
        *(1718, 1684, 1271, 1634, 1650, 1643, 1659, 925, 392, 564, 993, 726),
        *(1585, 1556, 427, 1548, 967, 877),
    ),
    "tiger": (
        *(2753, 2679, 2032, 1451, 1287, 3085, 1632, 229, 1441, 1280, 2201, 1662),
        *(266, 158, 270, 152, 219, 129),
    ),
    "hound": (2028, 2580, 878, 977, 1541, 1734, 799, 1575, 1446, 602, 780, 1580, 466, 631),
    "sheep": (2046, 1944, 1875, 1900, 1868, 1894, 173, 1829, 1422, 821, 622, 575, 1370, 716),
}
"""The vertex of each keypoint: ``animal18`` of horse and tiger, ``animal14`` of hound and sheep."""

SKELETON = {18: "animal18", 14: "animal14"}

_FOLDER = "{}_combineds5r5_texture"
_NAME = re.compile(r"\d+_(?P<motion>.+)_(?P<moment>\d+\.\d+)_(?:-?\d+\.\d+_){2}-?\d+\.\d+\.png")
_SETS = ("cached_data/synthetic_animal", "data/synthetic_animal", ".")
_PUBLISHED_SCALE = 1.25  # of the side of a published crop


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    animal: str = "all",
    parity: bool = False,
) -> PoseTable:
    """Read the pictures of one or several animals.

    A table has one skeleton, so horses and tigers can be read together, and hounds and sheep, but
    not horses and hounds. Keypoints in the picture are visible; those that the animal itself
    hides are visible and occluded. The file counts the left edge of the first pixel as 0, the
    table its centre. ``table.mode_N`` is mesh and animation; ``table.clip_N`` is the pose, an
    animal at one moment of an animation, which several pictures show from different sides.

    Args:
        path: the folder that holds the animals' folders (or holds them as ``synthetic_animal``),
            or one animal's folder.
        split: ``train``, ``test`` (the last quarter of each animal's poses, in the order of the
            file names: no pose is in both halves) or ``all``.
        boxes: ``file``, around all vertices of the mesh, cut at the picture; or ``labels``, see
            `posesift.data.labels.boxes`.
        animal: ``all`` that are there, or names joined by ``+``.
        parity: as the published code reads it: the pictures, and their order, of the files
            ``cached_data/synthetic_animal/<animal>_combineds5r5_texture/{train,valid}_idxs.npy``
            that come with it (8,000 and 2,000 of each animal, drawn picture by picture, so the
            same pose is in both halves), which must lie in or beside the folder or one further up;
            coordinates as in the file; and its crops: squares around the boxes, 1.25 times the
            longer side.

    Raises:
        ValueError: a part is missing or not as described above, animals of two skeletons, or more
            than 5 % of the pictures are bad.
    """
    root, animals = _animals(path, animal)
    skeleton = skeletons.load(SKELETON[len(VERTICES[animals[0]])])
    names: list[str] = []
    kinds: list[str] = []
    rows = []
    for each in animals:
        found = _pictures(root, each)
        if parity:
            rows.append(len(names) + _published(root, each, split, len(found)))
        names += found
        kinds += [each] * len(found)
    if parity:
        order = np.concatenate(rows)
        names, kinds = [names[row] for row in order], [kinds[row] for row in order]

    size_N2, bad = image_sizes([root / name for name in names])
    points_NK3 = np.zeros((len(names), len(skeleton), 3))
    corner_N4 = np.full((len(names), 4), np.nan)
    for row, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        file = root / f"{name.removesuffix('img.png')}kpts.npy"
        try:
            points_NK3[row], corner_N4[row] = _points(file, VERTICES[kind], boxes == "file")
        except ValueError as error:
            bad.setdefault(row, str(error))
    keypoints_NK2 = points_NK3[..., :2] - (0 if parity else 0.5)
    # a vertex behind the camera or off the picture is no mistake of the labels
    visible_NK = geometry.on_image(keypoints_NK2, size_N2)
    box_N4 = of_corners(np.clip(corner_N4, 0, np.tile(size_N2, 2)))
    poses = [_pose(name, kind) for name, kind in zip(names, kinds, strict=True)]
    if parity:
        box_N4 = squares(box_N4, _PUBLISHED_SCALE)
    return labelled(
        skeleton,
        keypoints_NK2,
        visible_NK,
        size_N2,
        names,
        str(root),
        chosen_N=None if parity else in_split(split, [pose for _, pose in poses], kinds),
        bad=bad,
        boxes=boxes,
        occluded_NK=points_NK3[..., 2] == 0,
        image_N=np.array(names, dtype=object),
        root=str(root),
        mode_N=np.array([motion for motion, _ in poses], dtype=object),
        clip_N=np.array([pose for _, pose in poses], dtype=object),
        box_N4=box_N4,
        boxes_from="file",
    )


def _animals(path: str, text: str) -> tuple[Path, list[str]]:
    """Return the folder that holds the animals' folders, and those to read: all of one skeleton."""
    given = Path(path).expanduser().resolve()
    one = next((name for name in VERTICES if _FOLDER.format(name) == given.name), None)
    there: list[str] = []
    root = given.parent if one else given
    for root in (given.parent,) if one else (given, given / "synthetic_animal"):
        there = [name for name in VERTICES if (root / _FOLDER.format(name)).is_dir()]
        if there:
            break
    if not there:
        raise ValueError(
            f"expected a folder with {_FOLDER.format('horse')}/ or that of another animal "
            f"({', '.join(VERTICES)}), found {'none in' if given.is_dir() else 'no folder at'} "
            f"{given}"
        )
    animals = [one] if one and text == "all" else chosen(text, VERTICES, "animal")
    if text == "all" and not one:
        animals = there
    if missing := [name for name in animals if name not in there]:
        raise ValueError(
            f"expected {missing[0]}s in {root / _FOLDER.format(missing[0])}, found no folder; "
            f"there are {', '.join(there)}"
        )
    if len({len(VERTICES[name]) for name in animals}) > 1:
        raise ValueError(
            f"{root}: {', '.join(animals)} have different keypoints (horse and tiger 18, hound and "
            "sheep 14), and a table has one skeleton; choose with animal=horse+tiger or "
            "animal=hound+sheep"
        )
    return root, animals


def _pictures(root: Path, animal: str) -> list[str]:
    """Return an animal's pictures relative to ``root``, in the order of their names.

    One whose vertices alone are there is listed too: it is missing, and others keep their numbers.
    """
    folder = root / _FOLDER.format(animal)
    meshes = {f"{name.removesuffix('kpts.npy')}img.png" for name in listed(folder, end="kpts.npy")}
    found = sorted({*listed(folder, end="img.png"), *meshes})
    if not found:
        raise ValueError(f"expected pictures *_img.png in {folder}, found none")
    return [f"{folder.name}/{name}" for name in found]


def _points(
    file: Path, vertices: tuple[int, ...], with_extent: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture's keypoints (K, 3), and left, top, right, bottom of its mesh or NaN."""
    if not file.is_file():
        raise ValueError(f"expected the vertices of its picture at {file}, found no file")
    # 80 kB at once: mapping the file to pick a few vertices takes twice as long
    points_V3 = plain_pickle.load_npy(file)
    if points_V3.ndim != 2 or points_V3.shape[1] != 3 or points_V3.dtype.kind not in "iuf":
        raise ValueError(
            f"{file}: expected numbers of shape (vertices, 3), found {points_V3.dtype} of shape "
            f"{points_V3.shape}"
        )
    if len(points_V3) <= max(vertices):
        raise ValueError(
            f"{file}: expected more than {max(vertices)} vertices, found {len(points_V3)}; is this "
            "the mesh of another animal?"
        )
    extent_4 = np.full(4, np.nan)
    if with_extent:
        points_2V = np.array(points_V3[:, :2].T, np.float64, order="C")  # min along rows is fast
        extent_4 = np.concatenate([points_2V.min(1), points_2V.max(1)])
    keypoints_K3 = np.asarray(points_V3[list(vertices)], np.float64)
    if not np.isfinite(keypoints_K3).all():
        raise ValueError(f"{file}: NaN or infinity among the vertices of keypoints")
    return keypoints_K3, extent_4


def _pose(name: str, animal: str) -> tuple[str, str]:
    """Mesh and animation, and the pose; the animal and the picture itself, if the name is other."""
    stem = name.rpartition("/")[2].removesuffix("_img.png")
    found = _NAME.fullmatch(stem)
    if not found:
        return animal, f"{animal}/{stem}"
    motion = found["motion"].lower()
    return motion, f"{animal}/{motion}@{found['moment']}"


def _published(root: Path, animal: str, split: Split, count: int) -> np.ndarray:
    """Rows among an animal's ``count`` pictures that the published code takes, in its order."""
    inner = [f"{each}/{_FOLDER.format(animal)}" for each in _SETS]
    return rows_of_halves(root, inner, "{}_idxs.npy", split, count, f"{animal} pictures")
