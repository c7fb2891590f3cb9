"""TigDog: the folder behaviorDiscovery2.0, video shots of horses and tigers, 18 landmarks.

Del Pero, Ricco, Sukthankar and Ferrari, "Articulated Motion Discovery using Pairs of Trajectories",
CVPR 2015, and "Behavior Discovery and Alignment of Articulated Object Classes from Unstructured
Video", IJCV 2017. Horses are from YouTube-Objects, tigers from documentaries; the set's dogs have
no landmarks.

``ranges/<animal>/ranges.mat`` has a row (shot, first frame, last frame) for each shot, and
``landmarks/<animal>/<shot>.mat`` a cell ``landmarks`` with one structure a frame: the positions
(L, 2) and the visibilities (L, 1) of its L landmarks, of which the first 18 are read (the 19th is
the neck). The frame is ``<animal>/%08d.jpg``.

Shapes: N frames, F frames of a shot, J the 18 landmarks, K the keypoints of ``animal18``,
2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from posesift import skeletons
from posesift.data.files.images import image_sizes
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.published_rows import rows_of_halves
from posesift.data.labels.splits import Split, in_split
from posesift.data.readers.about import About, require
from posesift.data.readers.tigdog.shots import landmarks_of, shots_of
from posesift.poses import boxes as geometry
from posesift.poses.table import PoseTable
from posesift.storage import inside

ABOUT = About(
    title="TigDog: frames of horses and tigers from videos, 18 landmarks",
    page="http://calvin-vision.net/datasets/tigdog/",
    get="the archive of behaviorDiscovery2.0, with frames, ranges and landmarks",
    terms="none are stated with the landmarks; the videos belong to their makers, so ask before "
    "any use but research",
    tree="""
ranges/horse/ranges.mat
ranges/tiger/ranges.mat
landmarks/horse/1.mat ...
landmarks/tiger/1.mat ...
horse/00000001.jpg ...
tiger/00000001.jpg ...
""",
    cite="Del Pero, Ricco, Sukthankar and Ferrari, CVPR 2015 and IJCV 2017",
)

Animal = Literal["all", "horse", "tiger"]

KEYPOINT_OF_LANDMARK = {
    "horse": tuple(range(18)),
    "tiger": (*range(8), 14, 15, 16, 17, 12, 13, 8, 9, 10, 11),
}
"""Where an animal's landmarks stand in ``animal18``. Of tigers, the set lists what is here called
elbow before the shoulders and the knees behind them; of horses, the other way round."""

_SETS = ("cached_data/real_animal", "data/real_animal", "real_animal")
_MARGIN = 15  # px around the landmarks, in the published crops
_PUBLISHED_SCALE = 1.25  # of the side of a published crop


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "labels",
    animal: Animal = "all",
    parity: bool = False,
) -> PoseTable:
    """Read the folder.

    The set has no boxes of the animals: ``boxes=labels`` makes them of the landmarks, and
    ``boxes=file`` takes whole frames. Frames without a visible landmark and shots without a
    landmark file are skipped and counted in ``table.problems``. Coordinates are taken to count
    from 1, as MATLAB's do (the set does not say), and count from 0 in the table.

    Args:
        path: ``behaviorDiscovery2.0`` or the folder that holds it.
        split: ``train``, ``test`` (the last quarter of each animal's shots; the set has no split
            of its own) or ``all``.
        boxes: see above and `posesift.data.labels.boxes`.
        animal: ``horse``, ``tiger`` or ``all``.
        parity: as the published adaptation code reads it: the frames, and their order, of the
            index files ``cached_data/real_animal/<animal>/{train,valid}_idxs_by_video.npy`` that
            come with it (frames with more than nine visible landmarks; a fifth of the shots are
            ``test``), which must lie in or beside the folder or one further up; coordinates as in
            the file; and with ``boxes=labels`` the published crop: the landmarks with 15 px around
            them, squared, 1.25 times as large, without jitter.

    Raises:
        ValueError: a part is missing or not as described above, or more than 5 % of the samples
            are bad.
    """
    folder = require(
        path,
        ["ranges/"],
        "TigDog's folder behaviorDiscovery2.0 with ranges/, landmarks/ and the frames",
        inner="behaviorDiscovery2.0",
    )
    animals = ("horse", "tiger") if animal == "all" else (animal,)
    skeleton = skeletons.load("animal18")
    joints, visible, names, clips, kinds, problems, rows = [], [], [], [], [], [], []
    for each in animals:
        first = len(names)
        shots, skipped = shots_of(folder, each)
        problems += skipped
        for shot in shots:
            positions_FJ2, visible_FJ = landmarks_of(shot)
            joints.append(placed(positions_FJ2, KEYPOINT_OF_LANDMARK[each], len(skeleton)))
            visible.append(placed(visible_FJ, KEYPOINT_OF_LANDMARK[each], len(skeleton)))
            names += [f"{each}/{frame:08d}.jpg" for frame in range(shot.first, shot.last + 1)]
            clips += [f"{each}/{shot.number}"] * len(positions_FJ2)
            kinds += [each] * len(positions_FJ2)
        if parity:
            rows.append(first + _published(folder, each, split, len(names) - first))
    keypoints_NK2, visible_NK = np.concatenate(joints), np.concatenate(visible)
    if parity:
        row_N = np.concatenate(rows)
    else:
        row_N = np.flatnonzero(visible_NK.any(1))
        keypoints_NK2 -= 1
        if dropped := len(names) - len(row_N):
            problems.append(f"skipped: {dropped} frames without a visible landmark")
    keypoints_NK2, visible_NK = keypoints_NK2[row_N], visible_NK[row_N]
    names, clips, kinds = ([column[row] for row in row_N] for column in (names, clips, kinds))
    size_N2, bad = image_sizes([inside(folder, name) for name in names])
    columns: dict[str, Any] = {}
    if parity and boxes == "labels":
        columns = {"box_N4": _published_crops(keypoints_NK2, size_N2), "boxes_from": "labels"}
        boxes = "file"
    return labelled(
        skeleton,
        keypoints_NK2,
        visible_NK,
        size_N2,
        names,
        str(folder),
        chosen_N=None if parity else in_split(split, clips, kinds),
        bad=bad,
        boxes=boxes,
        problems=problems,
        image_N=np.array(names, dtype=object),
        root=str(folder),
        clip_N=np.array(clips, dtype=object),
        mode_N=np.array(kinds, dtype=object),
        **columns,
    )


def _published(folder: Path, animal: str, split: Split, count: int) -> np.ndarray:
    """Rows among an animal's ``count`` frames that the published code takes, in its order."""
    inner, of = [f"{each}/{animal}" for each in _SETS], f"{animal} frames with a landmark file"
    return rows_of_halves(folder, inner, "{}_idxs_by_video.npy", split, count, of)


def _published_crops(keypoints_NK2: np.ndarray, size_N2: np.ndarray) -> np.ndarray:
    """Squares around the landmarks: 15 px more, cut at the frame, 1.25 times the longer side."""
    # the published rule takes every positive coordinate, visible or not, x apart from y
    used_NK2 = keypoints_NK2 > 0
    low_N2 = np.where(used_NK2, keypoints_NK2, np.inf).min(1) - _MARGIN
    high_N2 = np.where(used_NK2, keypoints_NK2, -np.inf).max(1) + _MARGIN
    low_N2, high_N2 = np.maximum(low_N2, 0), np.minimum(high_N2, size_N2)
    box_N4 = np.concatenate([low_N2, high_N2 - low_N2], 1)
    whole_N4 = np.concatenate([np.zeros_like(size_N2), size_N2], 1)
    box_N4 = np.where(np.isfinite(box_N4).all(1, keepdims=True), box_N4, whole_N4)
    return geometry.square(box_N4, _PUBLISHED_SCALE)
