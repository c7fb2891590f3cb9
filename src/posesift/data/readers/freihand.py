"""FreiHAND: the folder FreiHAND_pub_v2, 224 x 224 photographs of right hands, 21 joints.

Zimmermann et al., "FreiHAND: A Dataset for Markerless Capture of Hand Pose and Shape from Single
RGB Images", ICCV 2019. The 32,560 hands to train on were photographed before a green screen, and
each of them comes in four versions: so (gs), and with three kinds of other backgrounds and colours
(hom, sample, auto). Labels are points in space and a camera matrix; pixels follow from them.

Shapes: P poses, V versions, N = V * P photographs, K the 21 keypoints of ``hand21``, 2 = (x, y).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from posesift import skeletons
from posesift.data.files import typed_json
from posesift.data.files.uniform_images import uniform_sizes
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled
from posesift.data.labels.left_hands import Hands, seen_as
from posesift.data.labels.published_rows import shuffled
from posesift.data.labels.splits import Split, half, in_split
from posesift.data.readers.about import About, require
from posesift.poses.table import PoseTable

ABOUT = About(
    title="FreiHAND: 32,560 right hands in four versions each, 21 joints",
    page="https://lmb.informatik.uni-freiburg.de/projects/freihand/",
    get="FreiHAND_pub_v2.zip; for subset=evaluation also the labels that were published later",
    terms="research only, no commercial use; the paper is to be cited",
    tree="""
training_K.json
training_xyz.json
training/
  rgb/
    00000000.jpg ...
""",
    cite="Zimmermann et al., ICCV 2019",
)

VERSIONS = ("gs", "hom", "sample", "auto")
"""In the order of the files: photograph ``P * v + p`` shows pose p in version v."""

_PUBLISHED_ORDER = ("gs", "auto", "sample", "hom")
_CHUNK = 2000  # labels decoded at once


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    version: Literal["all", "gs", "hom", "sample", "auto"] = "all",
    subset: Literal["training", "evaluation"] = "training",
    hands: Hands = "left",
    parity: bool = False,
) -> PoseTable:
    """Read the folder.

    The photographs are cut around the hands already, so the whole image is the box. Every joint
    is labelled, whether it is seen or not; those that fall off their image are made invisible and
    listed. Order of joints and of keypoints are the same.

    Args:
        path: the folder.
        split: ``train``, ``test`` or ``all``. The test is the last quarter of the poses, in all
            of their versions: the set was filmed, so neighbours are alike, and the four versions
            of a pose never come apart.
        boxes: ``labels`` for boxes around the labels, see `posesift.data.labels.boxes`.
        version: background and colours, or all four.
        subset: the photographs to evaluate on, of which there is one version, can be read where
            ``evaluation_xyz.json`` lies in the folder; a split is then one of theirs.
        hands: ``left`` mirrors all images, for all hands are right ones; ``stored`` does not.
        parity: the split of the published code: the versions gs, auto, sample, hom one after the
            other, shuffled with seed 42, the first fifth (at most 3,200) the test. Nearly every
            pose of that test is in its training half too, on other backgrounds.

    Raises:
        ValueError: a part is missing, a label file is broken or of another form, or more than 5 %
            of the samples are bad.
    """
    labels = [f"{subset}_xyz.json", f"{subset}_K.json"]
    folder = require(path, labels, f"a FreiHAND folder with {' and '.join(labels)}")
    keypoints_PK2 = _projected(folder, subset)
    count = len(keypoints_PK2)
    versions = ("gs",) if subset == "evaluation" else VERSIONS if version == "all" else (version,)
    if parity and len(versions) == len(VERSIONS):
        versions = _PUBLISHED_ORDER
    number_N = np.concatenate([np.arange(count) + count * VERSIONS.index(v) for v in versions])
    chosen_N = in_split(split, (number_N % count).tolist())
    if parity:
        order, is_test_N = shuffled(len(number_N))
        number_N, chosen_N = number_N[order], half(split, is_test_N)
    names = [f"{subset}/rgb/{number:08d}.jpg" for number in number_N.tolist()]
    size_N2, bad = uniform_sizes(folder, names)
    if len(bad) >= count:
        raise ValueError(
            f"{folder}: {subset}_xyz.json labels {count} poses, which makes {len(names)} images "
            f"for version={version}, {min(names)} to {max(names)}; {len(bad)} are missing. Where "
            "one version is there alone, read that one"
        )
    keypoints_NK2, _, mirrored_N = seen_as(
        hands, np.ones(len(names), bool), size_N2[:, 0], keypoints_PK2[number_N % count]
    )
    return labelled(
        skeletons.load("hand21"),
        keypoints_NK2,
        np.ones(keypoints_NK2.shape[:2], bool),
        size_N2,
        names,
        str(folder),
        chosen_N=chosen_N,
        bad=bad,
        boxes=boxes,
        image_N=np.array(names, dtype=object),
        root=str(folder),
        mirrored_N=mirrored_N,
    )


def _projected(folder: Path, subset: str) -> np.ndarray:
    """Pixels of the joints of each pose (P, K, 2), counted from 0."""
    xyz_PK3 = _numbers(folder / f"{subset}_xyz.json", (21, 3))
    matrix_P33 = _numbers(folder / f"{subset}_K.json", (3, 3))
    if len(xyz_PK3) != len(matrix_P33):
        raise ValueError(
            f"{folder}: expected as many poses in {subset}_xyz.json as camera matrices in "
            f"{subset}_K.json, found {len(xyz_PK3)} and {len(matrix_P33)}"
        )
    with np.errstate(all="ignore"):  # behind a camera, or by one that is none, there is no picture
        uvz_PK3 = xyz_PK3 @ matrix_P33.swapaxes(1, 2)
        return np.where(uvz_PK3[..., 2:] > 0, uvz_PK3[..., :2] / uvz_PK3[..., 2:], np.nan)


def _numbers(file: Path, shape: tuple[int, int]) -> np.ndarray:
    """Return a file's list of matrices, (P, ...) float64, packed as they are decoded."""
    raws = typed_json.load(file, list[msgspec.Raw], "matrices of numbers")
    found = np.empty((len(raws), *shape))
    try:
        for first in range(0, len(raws), _CHUNK):
            part = b"[" + b",".join(raws[first : first + _CHUNK]) + b"]"
            values = msgspec.json.decode(part, type=list[list[list[float]]])
            for row, rows in enumerate(values, first):
                if [len(numbers) for numbers in rows] != [shape[1]] * shape[0]:
                    raise ValueError(f"{file}: expected {shape} numbers for pose {row}")
            found[first : first + len(values)] = values
    except msgspec.ValidationError as error:
        raise ValueError(f"{file} is JSON, but not matrices of numbers: {error}") from None
    if not len(found):
        raise ValueError(f"{file}: expected a label for each pose, found none")
    return found
