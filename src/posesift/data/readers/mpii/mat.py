"""The official file of MPII Human Pose: the MATLAB structure RELEASE, person by person.

What SciPy makes of it: a structure array of one is the structure itself, a field may be missing,
an empty array, a number, or a digit as text. All of that occurs in the file.

Shapes: N people, P labelled joints of all people, J the 16 joints, 2 = (x, y).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from posesift.data.files import matlab

JOINTS = 16
"""``id`` in the file, and the place in ``body16``, which has the same order."""

NO_ACTIVITY = "unknown"


@dataclass
class People:
    """The people of an MPII file, coordinates as in the file: counted from 1.

    Attributes:
        image_N: names of their images.
        joints_NJ2: anything where not labelled.
        labelled_NJ: the file has the joint.
        centre_N2: rough position of the person; NaN where the file has none.
        scale_N: height of the person over 200 px, likewise.
        occluded_NJ: labelled, and hidden in the image; None where the file does not tell.
        video_N: the video that the image is from, or None.
        activity_N: category of what the person does, or None.
        in_test_N: the test part of the file's own split, or None.
        bad: row to what is wrong with it.
        told: lines for ``table.problems``.
    """

    image_N: list[str]
    joints_NJ2: np.ndarray
    labelled_NJ: np.ndarray
    centre_N2: np.ndarray
    scale_N: np.ndarray
    occluded_NJ: np.ndarray | None = None
    video_N: np.ndarray | None = None
    activity_N: np.ndarray | None = None
    in_test_N: np.ndarray | None = None
    bad: dict[int, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def people(path: Path, *, single: bool = False) -> People:
    """Everybody with labelled joints on the images of the training set.

    Args:
        path: ``mpii_human_pose_v1_u12_1.mat``.
        single: only people who stand apart from others, as the file lists them.

    Raises:
        ValueError: the file cannot be read, or is not that structure.
    """
    (release,) = matlab.load(path, "RELEASE", squeeze=True)
    images, trained, alone = _columns(path, release, single)
    videos = _many(getattr(release, "video_list", None))
    activities = _entries(getattr(release, "act", None), len(images))

    names, video_N, activity_N, bad = [], [], [], {}
    place, joint_P5 = array("d"), array("d")  # centre and scale of people; row, id, x, y, visible
    skipped = 0
    for number in np.flatnonzero(trained).tolist():
        image = images[number]
        name = getattr(getattr(image, "image", None), "name", None)
        if not isinstance(name, str):
            raise ValueError(f"{path}: expected annolist({number + 1}).image.name, found {name!r}")
        kept = _many(alone[number]) if single else None
        for at, rectangle in enumerate(_many(getattr(image, "annorect", None)), start=1):
            joints = _many(getattr(getattr(rectangle, "annopoints", None), "point", None))
            if not joints:
                skipped += 1
                continue
            if kept is not None and at not in kept:
                continue
            row = len(names)
            for joint in joints:
                values = [_number(getattr(joint, key, None)) for key in ("id", "x", "y")]
                if values[0] not in range(JOINTS):
                    bad[row] = f"{path}: {name}, person {at}: a joint with the id {values[0]:g}"
                    continue
                joint_P5.extend((row, *values, _number(getattr(joint, "is_visible", None))))
            position = getattr(rectangle, "objpos", None)
            place.extend(_number(getattr(position, key, None)) for key in ("x", "y"))
            place.append(_number(getattr(rectangle, "scale", None)))
            names.append(name)
            video_N.append(_video(videos, getattr(image, "vididx", None), name))
            activity_N.append(_text(getattr(activities[number], "cat_name", None)))
    if not names:
        raise ValueError(
            f"{path}: expected people with joints on the {int(np.sum(trained))} images of the "
            "training set (img_train), found none" + (" that stand apart" if single else "")
        )
    return _packed(
        names,
        np.array(place).reshape(-1, 3),
        np.array(joint_P5).reshape(-1, 5),
        video_N=np.array(video_N, dtype=object) if video_N != names else None,
        activity_N=np.array(activity_N, dtype=object) if any(activity_N) else None,
        bad=bad,
        told=[f"skipped: {skipped} people without labelled joints"] if skipped else [],
    )


def _columns(path: Path, release: Any, single: bool) -> tuple[list[Any], np.ndarray, list[Any]]:
    """Return the images, whether each is of the training set, and who stands apart in it."""
    if not hasattr(release, "annolist") or not hasattr(release, "img_train"):
        found = ", ".join(getattr(release, "_fieldnames", [])) or type(release).__name__
        raise ValueError(
            f"{path}: expected RELEASE to be a structure with annolist and img_train, found {found}"
        )
    images = _many(release.annolist)
    trained = np.atleast_1d(release.img_train)
    alone = _entries(getattr(release, "single_person", None), len(images))
    if trained.shape != (len(images),):
        raise ValueError(
            f"{path}: expected img_train to tell of each of the {len(images)} images in annolist, "
            f"found {trained.size} values"
        )
    if single and not any(len(_many(entry)) for entry in alone):
        raise ValueError(
            f"{path}: single=true needs RELEASE.single_person, one entry for each of the "
            f"{len(images)} images; found none"
        )
    return images, trained != 0, alone


def _packed(names: list[str], place_N3: np.ndarray, joint_P5: np.ndarray, **columns: Any) -> People:
    """Return lists of what was found as arrays over people."""
    row_P, id_P = joint_P5[:, :2].astype(np.int64).T
    joints_NJ2 = np.zeros((len(names), JOINTS, 2))
    labelled_NJ = np.zeros((len(names), JOINTS), bool)
    occluded_NJ = np.zeros_like(labelled_NJ)
    joints_NJ2[row_P, id_P] = joint_P5[:, 2:4]
    labelled_NJ[row_P, id_P] = True
    # nothing at all (the head, which was labelled as a rectangle) is not "hidden"
    occluded_NJ[row_P, id_P] = joint_P5[:, 4] == 0
    activity_N = columns["activity_N"]
    if activity_N is not None:
        activity_N[activity_N == ""] = NO_ACTIVITY
    return People(
        names,
        joints_NJ2,
        labelled_NJ,
        place_N3[:, :2],
        place_N3[:, 2],
        occluded_NJ=occluded_NJ,
        **columns,
    )


def _video(videos: list[Any], index: Any, name: str) -> str:
    """Return the video's own name; an image that is from none stands for itself."""
    number = _number(index)
    if not np.isfinite(number):
        return name
    at = int(number) - 1
    known = 0 <= at < len(videos) and isinstance(videos[at], str)
    return videos[at] if known else f"video {int(number)}"


def _many(value: Any) -> list[Any]:
    """Return the elements of an array of any length, of which SciPy gives one without its array."""
    if value is None:
        return []
    return value.ravel().tolist() if isinstance(value, np.ndarray) else [value]


def _entries(value: Any, count: int) -> list[Any]:
    """One entry an image, None for each where the file does not have them."""
    entries = [value] if count == 1 else _many(value)
    return entries if len(entries) == count else [None] * count


def _number(value: Any) -> float:
    """Return a number, or a digit as text; NaN for anything else."""
    if isinstance(value, np.ndarray) or value is None:
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _text(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
