"""Animals: TigDog, AnimalPose, AP-10K, synthetic animals.

Shapes: N samples, J joints, 2 = (x, y), 4 = (left, top, width, height).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from tests.data.formats import (
    animalpose,
    ap10k,
    synthetic_animals,
    tigdog,
)
from tests.data.readers.layouts.layout import (
    Places,
    Written,
    boxes_of_corners,
    in_json,
    layout,
    place_in,
    rename_listed,
)

# Animals: the order of the sets, by name in the skeletons of animals.
LEGS = ("left_front", "right_front", "left_back", "right_back")
ON_LEGS = {joint: tuple(f"{leg}_{joint}" for leg in LEGS) for joint in ("hoof", "knee", "elbow")}
EYES, SHOULDERS = ("left_eye", "right_eye"), ("left_shoulder", "right_shoulder")
TIGDOG = {
    animal: (*EYES, "chin", *ON_LEGS["hoof"], "hip", *ON_LEGS[a], *SHOULDERS, *ON_LEGS[b], "neck")
    for animal, a, b in (("horse", "knee", "elbow"), ("tiger", "elbow", "knee"))
}


def _move_tigdog(folder: Path, places: Places) -> None:
    path = folder / "behaviorDiscovery2.0/landmarks/horse/3.mat"
    cell = scipy.io.loadmat(path)["landmarks"]
    for joint, (x, y) in places.items():
        cell[0, 0]["positions"][0, 0][joint] = (x + 1, y + 1)
        cell[0, 0]["visibility"][0, 0][joint] = 1
    scipy.io.savemat(path, {"landmarks": cell})


@layout(
    "tigdog",
    "behaviorDiscovery2.0/ranges/horse/ranges.mat",
    "behaviorDiscovery2.0/landmarks/horse/7.mat",
    expected="ranges/",
    opens=True,
    choice="animal=horse",
    move=_move_tigdog,
)
def _tigdog(folder: Path) -> Written:
    horse = ((3, 10, 15), (7, 16, 20), (2, 28, 32), (9, 33, 36))
    shots = {"horse": horse, "tiger": ((3, 1, 4), (5, 5, 6))}
    truth = tigdog.write_tigdog(folder / "behaviorDiscovery2.0", shots=shots)
    order = TIGDOG["horse"]
    as_horse_NJ = np.array([[TIGDOG[a].index(name) for name in order] for a in truth.animals])
    row_N1 = np.arange(len(as_horse_NJ))[:, None]
    return Written(
        address=f"tigdog:{folder}",
        others=(f"tigdog:{folder}/behaviorDiscovery2.0",),
        names=truth.names,
        joints=order,
        keypoints_NJ2=truth.keypoints_NJ2[row_N1, as_horse_NJ],
        visible_NJ=truth.visible_NJ[row_N1, as_horse_NJ],
        colour_NJ=as_horse_NJ,
        mode_N=truth.animals,
        clip_N=truth.clips,
        boxes_from="labels",
    )


def _move_animalpose(document: dict[str, Any], places: Places) -> None:
    for joint, point in places.items():
        document["annotations"][0]["keypoints"][joint] = [*point, 1]


@layout(
    "animalpose",
    "keypoints.json",
    expected="keypoints.json",
    opens=True,
    choice="species=cow+dog",
    rename=in_json("keypoints.json", lambda d, name: d["images"].update({"1": name})),
    move=in_json("keypoints.json", _move_animalpose),
)
def _animalpose(folder: Path) -> Written:
    truth = animalpose.write_animalpose(folder, images=33)
    return Written(
        address=f"animalpose:{folder}",
        names=truth.names,
        joints=tuple(name.replace("paw", "hoof") for name in animalpose.NAMES),
        keypoints_NJ2=truth.keypoints_NJ2,
        visible_NJ=truth.visible_NJ,
        box_N4=boxes_of_corners(truth.corner_N4),
        colour_NJ=np.arange(20) + np.where(truth.first_N, 0, 20)[:, None],
        mode_N=truth.species,
        boxes_from="file",
    )


# AP-10K's names, and what the same place is called in the skeletons of animals.
AP10K = {name: name for name in ("left_eye", "right_eye", "nose", "neck")} | {
    "root_of_tail": "tail_root"
}
for half, leg, paw in (("shoulder", "front", "elbow"), ("hip", "back", "knee")):
    for side in ("left", "right"):
        AP10K |= {
            f"{side}_{half}": f"{side}_{leg}_elbow",
            f"{side}_{paw}": f"{side}_{leg}_knee",
            f"{side}_{leg}_paw": f"{side}_{leg}_hoof",
        }


def ap10k_rows(truth: ap10k.AP10K, parts: tuple[str, ...], fold: int = 1) -> list[int]:
    """Rows of the truth, in the order of the published files."""
    part_N = [ap10k.part_of(image, fold) for image in truth.image_N]
    return [row for part in parts for row, its in enumerate(part_N) if its == part]


@layout(
    "ap10k",
    *[f"annotations/ap10k-{part}-split1.json" for part in ap10k.PARTS],
    expected="annotations/",
    cut_here=False,
    choice="species=Bovidae",
    rename=in_json("annotations/ap10k-train-split1.json", rename_listed),
    move=in_json(
        "annotations/ap10k-train-split1.json",
        lambda d, places: place_in(d["annotations"][0]["keypoints"], places),
    ),
)
def _ap10k(folder: Path) -> Written:
    truth = ap10k.write_ap10k(folder, images=20)
    rows = ap10k_rows(truth, ap10k.PARTS)
    return Written(
        address=f"ap10k:{folder}",
        names=[truth.names[row] for row in rows],
        joints=tuple(AP10K[name] for name in ap10k.NAMES),
        keypoints_NJ2=truth.keypoints_NK2[rows],
        visible_NJ=truth.v_NK[rows] > 0,
        occluded_NJ=truth.v_NK[rows] == 1,
        box_N4=truth.box_N4[rows],
        colour_NJ=np.arange(17) + np.where(truth.first_N[rows], 0, 17)[:, None],
        mode_N=[truth.species[row] for row in rows],
        boxes_from="file",
    )


TEXTURED = "horse_combineds5r5_texture"


@layout(
    "synthetic-animals",
    f"synthetic_animal/{TEXTURED}/0_horse_walk_0.10_250.00_0.00_10.00.png_kpts.npy",
    expected=f"{TEXTURED}/",
    opens=True,
)
def _synthetic_animals(folder: Path) -> Written:
    truth = synthetic_animals.write_animal(folder / "synthetic_animal", "horse", n=24)
    return Written(
        address=f"synthetic-animals:{folder}",
        others=(f"synthetic-animals:{folder}/synthetic_animal",),
        names=truth.names,
        joints=TIGDOG["horse"][:-1],
        keypoints_NJ2=truth.keypoints_NK2,
        visible_NJ=truth.visible_NK,
        occluded_NJ=truth.occluded_NK,
        box_N4=boxes_of_corners(truth.corner_N4),
        mode_N=[motion for motion, _ in truth.poses],
        clip_N=[f"horse/{motion}@{moment}" for motion, moment in truth.poses],
        boxes_from="file",
    )
