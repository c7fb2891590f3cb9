"""COCO-WholeBody: the hands of its people, 21 joints each, one sample a hand.

Jin et al., "Whole-Body Human Pose Estimation in the Wild", ECCV 2020: COCO's annotations with
``lefthand_kpts``, ``righthand_kpts`` (x, y, v for each joint), their boxes, and whether each hand
was clear enough to label (``lefthand_valid``). Images are those of COCO 2017.

Shapes: N hands, K the 21 keypoints of ``hand21``, 2 = (x, y), 3 = (x, y, v),
4 = (x, y, width, height).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from posesift import skeletons
from posesift.data.files import typed_json
from posesift.data.files.image_folder import image_folder
from posesift.data.files.listed_images import Image, listed
from posesift.data.labels.boxes import Boxes, of_lists, squares
from posesift.data.labels.labelled import labelled
from posesift.data.labels.left_hands import Hands, seen_as
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About
from posesift.poses.table import PoseTable

ABOUT = About(
    title="COCO-WholeBody: hands of people in COCO's photographs, 21 joints each",
    page="https://github.com/jin-s13/COCO-WholeBody",
    get="the annotations for train and val; the images, 2017 Train and Val, from cocodataset.org",
    terms="annotations: research only, no commercial use; the photographs are from Flickr, under "
    "the terms of each",
    tree="""
coco_wholebody_train_v1.0.json   (the address names it; images=FOLDER the images')
coco_wholebody_val_v1.0.json
train2017/
  000000000009.jpg ...
val2017/
""",
    cite="Jin et al., ECCV 2020",
    files="coco_wholebody_*.json",
)

_GROWN = 1.5  # the file's boxes touch the outermost joints: side of ours over their longer side
_CHUNK = 2000  # hands decoded at once


class _Image(Image, kw_only=True, gc=False):
    id: int


class _Annotation(msgspec.Struct, gc=False):
    id: int
    image_id: int
    lefthand_valid: bool | int
    righthand_valid: bool | int
    lefthand_kpts: msgspec.Raw  # most are 63 zeros, which need not become objects
    righthand_kpts: msgspec.Raw
    lefthand_box: list[float] = []
    righthand_box: list[float] = []
    iscrowd: bool | int = 0


class _WholeBody(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]


class _Hand(NamedTuple):
    annotation: int
    image: int
    is_right: bool
    joints: msgspec.Raw
    box: list[float]

    def __str__(self) -> str:
        return f"annotation {self.annotation}, {'right' if self.is_right else 'left'} hand"


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "file",
    images: str | None = None,
    hands: Hands = "left",
) -> PoseTable:
    """Read the hands that the file calls valid; ``mode_N`` says which hand it is, left or right.

    The joints stand in the order of the keypoints. A joint's v is 0 (not labelled), 1 (hidden) or
    2 (seen); where a network proposed the joint and an annotator let it stand, v is that
    network's score, between 0 and 1, and the set's makers train on all above 0. So: above 0
    visible, exactly 1 occluded too.

    Args:
        path: the JSON file; train and val are a file each.
        split: ``train``, ``test`` (the last quarter of the images, in the order in which
            annotations name them) or ``all``.
        boxes: ``file``, a square around the hand's box, 1.5 times its longer side, since the
            file's boxes touch the outermost joints; or ``labels``.
        images: folder of the images; without it, the file's own folder where they lie there, and
            else the table has poses only.
        hands: ``left`` mirrors right hands, so that all are left hands; ``stored`` leaves them.

    Raises:
        ValueError: the file is not COCO-WholeBody, it holds no valid hand, or more than 5 % of
            the hands are bad (missing image, NaN, wrong number of values).
    """
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise ValueError(f"expected a COCO-WholeBody annotation file at {file}, found no file")
    what = "COCO-WholeBody annotations (plain COCO is read as coco:)"
    whole = typed_json.load(file, _WholeBody, what)
    image_of = {image.id: image for image in whole.images}
    if len(image_of) < len(whole.images):
        raise ValueError(f"{file}: two images have the same id; give every image its own")
    valid, skipped = _valid(whole)
    found, joints_NK3, bad = _labelled(valid)
    if empty := len(valid) - len(found):
        skipped.append(f"skipped: {empty} hands without a labelled joint")
    if not found:
        raise ValueError(
            f"{file}: expected valid hands with labelled joints, found none among "
            f"{len(whole.annotations)} people; {'; '.join(skipped)}"
        )
    first = next((image_of[hand.image] for hand in found if hand.image in image_of), None)
    root = image_folder(file, images, first.file_name if first else None)
    sample_N = [str(hand) for hand in found]
    size_N2, name_N, wrong = listed([hand.image for hand in found], image_of, root, sample_N)

    is_right_N = np.array([hand.is_right for hand in found])
    box_N4 = squares(of_lists(hand.box for hand in found), _GROWN)
    keypoints_NK2, hand_N4, mirrored_N = seen_as(
        hands, is_right_N, size_N2[:, 0], joints_NK3[..., :2], box_N4
    )
    return labelled(
        skeletons.load("hand21"),
        keypoints_NK2,
        joints_NK3[..., 2] > 0,
        size_N2,
        sample_N,
        str(file),
        chosen_N=in_split(split, [hand.image for hand in found]),
        bad=wrong | bad,
        boxes=boxes,
        problems=skipped,
        occluded_NK=joints_NK3[..., 2] == 1,
        image_N=name_N if root else None,
        root=str(root or ""),
        box_N4=hand_N4,
        boxes_from="file",
        mode_N=np.where(is_right_N, "right", "left").astype(object),
        mirrored_N=mirrored_N,
    )


def _valid(whole: _WholeBody) -> tuple[list[_Hand], list[str]]:
    """Return the valid hands, and how many others there are."""
    single = [a for a in whole.annotations if not a.iscrowd]
    found = []
    for a in single:
        if a.lefthand_valid:
            found.append(_Hand(a.id, a.image_id, False, a.lefthand_kpts, a.lefthand_box))
        if a.righthand_valid:
            found.append(_Hand(a.id, a.image_id, True, a.righthand_kpts, a.righthand_box))
    counts = {
        "annotations of crowds": len(whole.annotations) - len(single),
        "hands too unclear to label": 2 * len(single) - len(found),
    }
    return found, [f"skipped: {count} {what}" for what, count in counts.items() if count]


def _labelled(
    found: list[_Hand],
) -> tuple[list[_Hand], np.ndarray, dict[int, str]]:
    """Return the hands with a labelled joint, their joints (N, K, 3); and row to what is wrong."""
    kept, bad = [], {}
    joints_NK3 = np.zeros((len(found), 21, 3))
    for first in range(0, len(found), _CHUNK):
        part = found[first : first + _CHUNK]
        try:
            content = b"[" + b",".join(hand.joints for hand in part) + b"]"
            rows = msgspec.json.decode(content, type=list[list[float]])
        except msgspec.ValidationError:
            rows = [_numbers(hand.joints) for hand in part]
        for hand, values in zip(part, rows, strict=True):
            if len(values) != 63:
                bad[len(kept)] = f"{hand}: expected 63 numbers, x, y, v for each of 21 joints"
            elif not any(values[2::3]):
                continue
            elif not 0 <= min(values[2::3]) <= max(values[2::3]) <= 2:
                bad[len(kept)] = f"{hand}: a visibility v outside 0 to 2"
            else:
                joints_NK3[len(kept)] = np.reshape(values, (21, 3))
            kept.append(hand)
    return kept, joints_NK3[: len(kept)], bad


def _numbers(raw: msgspec.Raw) -> list[float]:
    try:
        return msgspec.json.decode(raw, type=list[float])
    except msgspec.ValidationError:
        return []
