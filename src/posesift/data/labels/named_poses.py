"""Named keypoints on listed images, as annotation tools export them, become a pose table.

A reader of such a format makes `NamedPoses` of its file; what is the same for all of them is here:
the skeleton, the folder of the images, their sizes, and what is said of both.

Shapes: N poses, M images, J keypoints of the file, 2 = (x, y) or (width, height),
4 = (x, y, width, height).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from posesift import skeletons
from posesift.data.files.exif import Exif
from posesift.data.files.image_folder import Photographs, image_folder, photographs
from posesift.data.files.image_names import Names
from posesift.data.labels.boxes import Boxes, is_box
from posesift.data.labels.keypoint_names import own_skeleton, places, skeleton_of, told_of_own
from posesift.data.labels.labelled import labelled, placed
from posesift.data.labels.splits import Split, in_split
from posesift.data.labels.turned import told_of_view
from posesift.poses.table import PoseTable

V_NEVER_2 = "v is never 2: 1 is taken as labelled, and nothing is known of what is hidden"
"""A note on files that have a v and mark no keypoint as seen with it."""

_MOST = 1000  # keypoints: more is no skeleton


@dataclass(kw_only=True)
class NamedPoses:
    """What a file says.

    Attributes:
        names_J: of the keypoints.
        keypoints_NJ2: pixels, the centre of the top-left one at (0, 0); anything where not seen.
        seen_NJ: 0 not labelled, 1 labelled but hidden, 2 seen; 1 for labelled where there is no 2.
        image_N: each pose's image.
        images_M: names of the images as the file writes them.
        size_M2: width and height as the file gives them, 0 where it gives none.
        sample_N: what to call each pose in messages.
        box_N4: NaN where a pose has none; None where the format has none.
        mode_N: what each pose shows, or None.
        clip_N: of which clip it is, "" where its image alone tells; or None.
        id_N: its number in the file, or None.
        limbs: pairs of names.
        mirror: pairs of names that a flip exchanges; None where only the names themselves tell.
        bad: pose to what is wrong with it.
        problems: what was left out, in lines.
        notes: how the file was understood, in lines.
        least_bad: so many poses may be bad in any case.
    """

    names_J: Sequence[str]
    keypoints_NJ2: np.ndarray
    seen_NJ: np.ndarray
    image_N: Sequence[int]
    images_M: Sequence[str]
    size_M2: np.ndarray
    sample_N: Sequence[str]
    box_N4: np.ndarray | None = None
    mode_N: Sequence[str] | None = None
    clip_N: Sequence[str] | None = None
    id_N: np.ndarray | None = None
    limbs: Sequence[tuple[str, str]] = ()
    mirror: Sequence[tuple[str, str]] | None = None
    bad: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    least_bad: int = 1


def pose_table(
    found: NamedPoses,
    file: Path,
    *,
    split: Split,
    boxes: Boxes,
    images: str | None,
    skeleton: str | None,
    names: Names = "path",
    exif: Exif = "ignore",
    photos: tuple[Path | None, Photographs] | None = None,
) -> PoseTable:
    """Return the table.

    Args:
        found: what the file says.
        file: the file, for messages and as the place that images are looked for at.
        split: the address's option; ``test`` is the last quarter of the clips or images.
        boxes: the address's option.
        images: the address's option.
        skeleton: the address's option: a name, a TOML file, ``file``, or None for the built-in
            skeleton that has just these keypoints, else ``file``.
        names: the address's option.
        exif: the address's option.
        photos: the images and their folder, where a reader has looked at them itself.

    Raises:
        ValueError: the keypoints are not the skeleton's, or more than 5 % of the poses (and more
            than `least_bad`) are bad.
    """
    names_J = list(found.names_J)
    if len(names_J) > _MOST:
        raise ValueError(f"{file}: expected at most {_MOST} keypoints, found {len(names_J)}")
    wanted = skeleton or skeleton_of(names_J) or "file"
    limbs, notes = [list(pair) for pair in found.limbs], []
    if wanted == "file":
        target = own_skeleton(names_J, limbs, str(file), found.mirror)
        notes = told_of_own(names_J, limbs, found.mirror)
    else:
        target = skeletons.load(wanted)
    place_J, told = places(names_J, target, str(file), np.any(found.seen_NJ > 0, axis=0))
    if photos is None:
        root = image_folder(file, images, next(iter(found.images_M), None))
        photos = root, photographs(found.images_M, found.size_M2, root, exif=exif, how=names)
    root, known = photos
    row_N = np.array(found.image_N, np.int64)
    size_N2, other_N2 = known.size_M2[row_N], known.other_M2[row_N]
    bad = {
        n: f"{found.sample_N[n]}: {what}"
        for n, m in enumerate(row_N.tolist())
        if (what := found.bad.get(n) or known.wrong.get(m))
    }
    keypoints_NK2, seen_NK = (
        placed(values, place_J.tolist(), len(target))
        for values in (found.keypoints_NJ2, found.seen_NJ)
    )
    knows_hidden = bool((found.seen_NJ == 2).any())
    has_boxes = found.box_N4 is not None and bool(is_box(found.box_N4).any())
    clip_N, mode_N = (
        None if values is None else np.array(values, object)
        for values in (found.clip_N, found.mode_N)
    )
    units = row_N.tolist()
    if found.clip_N is not None:
        units = [clip or row for clip, row in zip(found.clip_N, units, strict=True)]
    return labelled(
        target,
        keypoints_NK2,
        seen_NK > 0,
        size_N2,
        found.sample_N,
        str(file),
        chosen_N=in_split(split, units),
        bad=bad,
        boxes=boxes,
        problems=[*told, *found.problems],
        advice=[
            *known.unlike,
            *told_of_view(keypoints_NK2, seen_NK > 0, size_N2, other_N2, exif),
        ],
        least_bad=found.least_bad,
        notes=[*found.notes, *notes, *known.told],
        occluded_NK=seen_NK == 1 if knows_hidden else None,
        image_N=np.array(known.names_M, object)[row_N] if root else None,
        root=str(root or ""),
        exif=exif,
        box_N4=found.box_N4,
        boxes_from="file" if has_boxes else "image",
        clip_N=clip_N,
        id_N=found.id_N,
        mode_N=mode_N,
    )
