"""Hand-3D-Studio, cropped: a folder with annotation.json and part1 to part5, hands, 21 joints.

Zhao et al., "Hand-3D-Studio: A New Multi-view System for 3D Hand Reconstruction", ICASSP 2020:
hands in front of 15 cameras at once. Read is the re-packaged set of the domain adaptation
literature, H3D_crop, in which each photograph is cut to 1.5 times its hand. The owners' release,
whole 4K photographs, has labels of a form of its own and is not read.

Shapes: N images, K the 21 keypoints of ``hand21``, 2 = (x, y).
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec
import numpy as np

from posesift import skeletons
from posesift.data.files import typed_json
from posesift.data.files.images import image_sizes
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled
from posesift.data.labels.published_rows import shuffled
from posesift.data.labels.splits import Split, half, in_split
from posesift.data.readers.about import About, require
from posesift.poses.table import PoseTable
from posesift.storage import inside

ABOUT = About(
    title="Hand-3D-Studio (H3D_crop): 22,000 photographs of hands from 15 sides, 21 joints",
    page="https://www.yangangwang.com/papers/ZHAO-H3S-2020-02.html",
    get="the owners give out whole photographs with labels of their own form; read is H3D_crop, "
    "which was re-packaged from them for research on domain adaptation. Labels of your own making "
    "can be read as coco: or csv:",
    terms="research, no commercial use; the paper is to be cited",
    tree="""
annotation.json
part1/
...
part5/
""",
    cite="Zhao et al., ICASSP 2020",
)


class _Sample(msgspec.Struct, gc=False):
    name: str
    keypoint2d: list[list[float | None]]
    without_object: int | str


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    objects: Literal["without", "with", "all"] = "without",
    parity: bool = False,
) -> PoseTable:
    """Read the folder; ``mode_N`` says whether the hand holds an object.

    All joints are labelled, in the order of the keypoints. The images are cut around the hands
    already, so the whole image is the box. Which hand it is the labels do not say; nothing is
    mirrored.

    Args:
        path: the folder H3D_crop, or the one that holds it.
        split: ``train``, ``test`` or ``all``. All 15 cameras see a pose at once and what in a
            file's name tells the moment is not known, so the split goes by the five parts, which
            no pose is known to cross: the last of those that hold such samples is the test
            (``clip_N``). Where there is one part only, the test is the last quarter of its
            images by name, and ``problems`` says so.
        boxes: ``labels`` for boxes around the labels, see `posesift.data.labels.boxes`.
        objects: hands alone, hands with an object, or both.
        parity: the split of the published code: shuffled with seed 42, the first fifth (at most
            3,200) the test. Views of one pose are then in both halves.

    Raises:
        ValueError: a part is missing, the label file is broken or of another form, a name leads
            out of the folder, or more than 5 % of the samples are bad.
    """
    root = require(
        path,
        ["annotation.json"],
        "H3D_crop with annotation.json (the owners' release of whole photographs is not read)",
        inner="H3D_crop",
    )
    file = root / "annotation.json"
    samples = typed_json.load(file, list[_Sample], "the labels of H3D_crop")
    if not samples:
        raise ValueError(f"{file}: expected a list of samples, found an empty one")
    wanted = {"without": ("1",), "with": ("0",), "all": ("0", "1")}[objects]
    held = {str(sample.without_object) for sample in samples}
    if unknown := held - {"0", "1"}:
        raise ValueError(f"{file}: expected without_object to be 0 or 1, found {sorted(unknown)}")
    samples = [sample for sample in samples if str(sample.without_object) in wanted]
    if not samples:
        raise ValueError(f"{file}: expected hands {objects} object, found none; see objects=")
    is_test_N = None
    if parity:
        order, is_test_N = shuffled(len(samples))
        samples = [samples[row] for row in order]
    names = [sample.name for sample in samples]
    parts = [name.replace("\\", "/").rpartition("/")[0].partition("/")[0] for name in names]
    if is_test_N is None:
        chosen_N, problems = _by_part(split, names, parts)
    else:
        chosen_N, problems = half(split, is_test_N), []

    keypoints_NK2 = np.full((len(samples), 21, 2), np.nan)
    bad = {}
    for row, sample in enumerate(samples):
        if [len(point) for point in sample.keypoint2d] == [2] * 21:
            keypoints_NK2[row] = np.array(sample.keypoint2d, np.float64)  # None: not a number
        else:
            bad[row] = f"{file}: {sample.name}: expected 21 points in keypoint2d, (x, y) each"
    size_N2, broken = image_sizes([inside(root, name) for name in names])
    return labelled(
        skeletons.load("hand21"),
        keypoints_NK2,
        np.ones(keypoints_NK2.shape[:2], bool),
        size_N2,
        names,
        str(root),
        chosen_N=chosen_N,
        bad=broken | bad,
        boxes=boxes,
        image_N=np.array(names, dtype=object),
        root=str(root),
        clip_N=np.array(parts, dtype=object),
        mode_N=np.array(
            ["with object" if str(s.without_object) == "0" else "without object" for s in samples],
            dtype=object,
        ),
        problems=problems,
    )


def _by_part(split: Split, names: list[str], parts: list[str]) -> tuple[np.ndarray, list[str]]:
    """Which samples a split holds, and what to say about it."""
    known = sorted(set(parts), key=_counted)
    if len(known) > 1:
        return half(split, np.array([part == known[-1] for part in parts])), []
    order = sorted(range(len(names)), key=lambda row: _counted(names[row]))
    chosen_N = np.zeros(len(names), bool)
    chosen_N[order] = in_split(split, range(len(names)))
    told = (
        f"one part only ({known[0] or 'no folder'}): a pose may be seen in both halves of a split"
    )
    return chosen_N, [told]


def _counted(name: str) -> list[str]:
    """To sort by, with part10 behind part9."""
    return [piece.zfill(12) if piece.isdigit() else piece for piece in re.split(r"(\d+)", name)]
