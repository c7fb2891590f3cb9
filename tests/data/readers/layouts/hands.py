"""Hands: RHD, H3D, FreiHAND, COCO-WholeBody.

Shapes: N samples, J joints, 2 = (x, y), 4 = (left, top, width, height).
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from tests.data.formats import (
    coco_wholebody,
    freihand,
    h3d,
    rhd,
)
from tests.data.readers.layouts.layout import (
    Places,
    Written,
    in_json,
    layout,
    place_in,
    rename_first,
    rename_listed,
)

# Hands: the sets' order of joints, by name.
THUMB, FINGER = ("cmc", "mcp", "ip", "tip"), ("mcp", "pip", "dip", "tip")
DIGITS = [[f"thumb_{end}" for end in THUMB]] + [
    [f"{name}_{end}" for end in FINGER] for name in ("index", "middle", "ring", "little")
]
HAND = ("wrist", *(joint for digit in DIGITS for joint in digit))
RHD = ("wrist", *(joint for digit in DIGITS for joint in digit[::-1]))


def rhd_hands(truth: rhd.Rhd, least: int = 11) -> list[tuple[int, bool]]:
    """(row of the truth, is right) of every hand to be read, by a loop."""
    return [
        (row, right)
        for row in range(len(truth))
        for right in (False, True)
        if sum(truth.seen_MJ[row, 21 * right : 21 * right + 21]) >= least
    ]


def _move_rhd(folder: Path, places: Places) -> None:
    path = folder / "RHD_published_v2/training/anno_training.pickle"
    content = pickle.loads(path.read_bytes())
    number, right = next(
        (number, right)
        for number, labels in content.items()
        for right in (False, True)
        if labels["uv_vis"][21 * right : 21 * right + 21, 2].sum() >= 11
    )
    for joint, point in places.items():
        content[number]["uv_vis"][21 * right + joint] = (*point, 1)
    path.write_bytes(pickle.dumps(content, protocol=2))


@layout(
    "rhd",
    *[f"RHD_published_v2/{half}/anno_{half}.pickle" for half in ("training", "evaluation")],
    expected="training/anno_training.pickle",
    move=_move_rhd,
)
def _rhd(folder: Path) -> Written:
    rows, problems = [], []
    for truth in rhd.write_rhd(folder / "RHD_published_v2", 16, 8):
        half, hands = truth.path.name, rhd_hands(truth)
        for row, right in hands:
            name = f"{half}/color/{truth.numbers[row]:05d}.png"
            clear_J = np.where(truth.clear_MJ[row], np.arange(42), -1)
            of_both = (truth.points_MJ2[row], truth.seen_MJ[row], clear_J)
            rows.append((name, right, *[joints[21 * right :][:21] for joints in of_both]))
        every = 2 * len(truth)
        problems.append(
            f"skipped: {every - len(hands)} of {every} hands of {half}: fewer than 11 joints seen"
        )
    names, is_right, points, seen, colours = zip(*rows, strict=True)
    on_NJ = ((np.array(points) >= -0.5) & (np.array(points) <= rhd.SIDE - 0.5)).all(-1)
    return Written(
        address=f"rhd:{folder},hands=stored",
        others=(f"rhd:{folder}/RHD_published_v2,hands=stored",),
        names=list(names),
        joints=RHD,
        keypoints_NJ2=np.array(points),
        occluded_NJ=on_NJ & ~np.array(seen),
        colour_NJ=np.array(colours),
        mode_N=["right" if right else "left" for right in is_right],
        boxes_from="labels",
        problems=tuple(problems),
    )


def _move_h3d(samples: list[dict[str, Any]], places: Places) -> None:
    for joint, (x, y) in places.items():
        samples[0]["keypoint2d"][joint] = [x, y]


@layout(
    "h3d",
    "H3D_crop/annotation.json",
    expected="the owners' release of whole photographs is not read",
    opens=True,
    rename=in_json("H3D_crop/annotation.json", rename_first),
    move=in_json("H3D_crop/annotation.json", _move_h3d),
)
def _h3d(folder: Path) -> Written:
    truth = h3d.write_h3d(folder / "H3D_crop", n=24)
    return Written(
        address=f"h3d:{folder},objects=all",
        others=(f"h3d:{folder}/H3D_crop,objects=all",),
        names=truth.names,
        joints=HAND,
        keypoints_NJ2=truth.keypoints_NJ2,
        size_N2=truth.size_N2,
        mode_N=["with object" if row % 4 == 3 else "without object" for row in range(24)],
        clip_N=[name.partition("/")[0] for name in truth.names],
    )


@layout(
    *("freihand", "training_K.json", "training_xyz.json"),
    expected="training_xyz.json",
    opens=True,
    choice="version=auto",
)
def _freihand(folder: Path) -> Written:
    truth = freihand.write_freihand(folder)
    return Written(
        address=f"freihand:{folder},hands=stored",
        names=[f"training/rgb/{number:08d}.jpg" for number in range(32)],
        joints=HAND,
        keypoints_NJ2=np.tile(truth.keypoints_PK2, (4, 1, 1)),
    )


@layout(
    "coco-wholebody",
    "annotations.json",
    expected="COCO-WholeBody",
    rename=in_json("annotations.json", rename_listed),
    move=in_json(
        "annotations.json",
        lambda d, places: place_in(d["annotations"][0]["lefthand_kpts"], places),
    ),
)
def _coco_wholebody(folder: Path) -> Written:
    truth = coco_wholebody.write_coco_wholebody(folder, people=16)
    # dots are counted through an image's hands
    first_N = np.array([21 * truth.names[:row].count(name) for row, name in enumerate(truth.names)])
    return Written(
        address=f"coco-wholebody:{truth.path},images={folder}/val2017,hands=stored",
        names=truth.names,
        joints=HAND,
        keypoints_NJ2=truth.keypoints_NK2,
        visible_NJ=truth.v_NK > 0,
        occluded_NJ=truth.v_NK == 1,
        colour_NJ=first_N[:, None] + np.arange(21),
        mode_N=["right" if right else "left" for right in truth.is_right_N],
        boxes_from="file",
        problems=(f"skipped: {32 - len(truth)} hands too unclear to label",),
    )
