"""Leeds Sports Pose Extended: a folder with joints.mat and images/.

Johnson and Everingham, "Learning Effective Human Pose Estimation from Inaccurate Annotation",
CVPR 2011; 10,000 Flickr photographs of parkour, gymnastics and athletics, labelled by a crowd.
The folder is read as it is distributed.

Shapes: N images, J the file's 14 joints, K the 16 keypoints of ``body16``, 2 = (x, y).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data import matlab
from posesift.data.about import About
from posesift.data.cleaning import BAD_FRACTION
from posesift.data.images import image_sizes
from posesift.data.label_boxes import Boxes
from posesift.data.labelled import labelled, placed
from posesift.data.splits import Split, in_split
from posesift.poses.table import PoseTable

ABOUT = About(
    title="Leeds Sports Pose Extended: 10,000 photographs of people doing sports, 14 joints",
    page="https://sam.johnson.io/research/lspet.html",
    get="lspet_dataset.zip",
    terms="research use with citation asked for; the photographs are from Flickr",
    tree="""
joints.mat
images/
  im00001.jpg ...
""",
    cite="Johnson and Everingham, CVPR 2011",
)

KEYPOINT_OF_JOINT = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8, 9)
"""Where the file's joints stand in ``body16``: right ankle to hip, left hip to ankle, right wrist
to shoulder, left shoulder to wrist, neck, head top. Pelvis and thorax are not labelled."""


def read(path: str, *, split: Split = "all", boxes: Boxes = "file") -> PoseTable:
    """Read the folder.

    A joint with visible = 0 holds garbage and is masked. A few joints are called visible and lie
    off their image, by up to two pixels: they are made invisible and listed in
    ``table.problems``, for ``visible`` promises a usable coordinate. Coordinates count from 1 in
    the file and from 0 in the table. The file has no boxes: the whole image is used.

    Args:
        path: the folder.
        split: ``train``, ``test`` (the last quarter; the set has no split of its own) or ``all``.
        boxes: ``labels`` for boxes around the labels, see `posesift.data.label_boxes`.

    Raises:
        ValueError: a part is missing, not as described above, or more than 5 % of the samples
            are bad.
    """
    folder = Path(path).expanduser().resolve()
    joints_NJ3 = _joints(folder)
    names = _image_names(folder, len(joints_NJ3))
    size_N2, bad = image_sizes([folder / name for name in names])

    skeleton = skeletons.load("body16")
    # MATLAB counts pixels from 1
    keypoints_NK2 = placed(joints_NJ3[..., :2] - 1, KEYPOINT_OF_JOINT, len(skeleton))
    visible_NK = placed(joints_NJ3[..., 2] > 0, KEYPOINT_OF_JOINT, len(skeleton))
    return labelled(
        skeleton,
        keypoints_NK2,
        visible_NK,
        size_N2,
        names,
        str(folder),
        chosen_N=in_split(split, names),
        bad=bad,
        boxes=boxes,
        image_N=np.array(names, dtype=object),
        root=str(folder),
    )


def _joints(folder: Path) -> np.ndarray:
    """The file's labels as (N, 14, 3): x, y, visible."""
    path = folder / "joints.mat"
    if not path.is_file():
        raise ValueError(
            f"expected an LSP-extended folder with joints.mat and images/, found "
            f"{'no joints.mat in' if folder.is_dir() else 'no folder at'} {folder}"
        )
    (joints,) = matlab.load(path, "joints")
    if joints.ndim == 3 and joints.shape[:2] == (3, 14):
        raise ValueError(
            f"{path}: 'joints' is {joints.shape}: this is the original LSP set, whose third row "
            "says *occluded*, not *visible*; lspet: reads LSP extended, which is (14, 3, N)"
        )
    if joints.ndim != 3 or joints.shape[:2] != (14, 3) or not np.isrealobj(joints):
        raise ValueError(
            f"{path}: expected 'joints' to be numbers of shape (14, 3, N), joint x (x, y, visible) "
            f"x image, found {joints.dtype} of shape {joints.shape}"
        )
    joints_NJ3 = np.ascontiguousarray(joints.transpose(2, 0, 1), dtype=np.float64)
    if not np.isin(joints_NJ3[..., 2], (0, 1)).all():
        raise ValueError(
            f"{path}: expected every 'visible' to be 0 or 1, found "
            f"{np.unique(joints_NJ3[..., 2])[:5].tolist()}"
        )
    return joints_NJ3


def _image_names(folder: Path, count: int) -> list[str]:
    """``images/im00001.jpg`` and on: column k of joints.mat belongs to image k + 1."""
    present = sorted(path.name for path in (folder / "images").glob("im*.jpg"))
    names = [f"im{number:05d}.jpg" for number in range(1, count + 1)]
    beyond = set(present) - set(names)
    if beyond or len(present) < (1 - BAD_FRACTION) * count or not present:
        last = f", up to {present[-1]}" if present else ""
        raise ValueError(
            f"{folder}: joints.mat labels {count} images, im00001.jpg to {names[-1]}, but images/ "
            f"holds {len(present)} of that form{last}; labels and images must come from the same "
            "distribution of the set"
        )
    return [f"images/{name}" for name in names]
