"""MPII Human Pose as lists of people: the common JSON, and the HDF5 of stacked hourglass networks.

Both were made from the official file, coordinates as they are there.

Shapes: N people, J the 16 joints, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from posesift.data.files import hdf5, typed_json
from posesift.data.readers.mpii.mat import JOINTS, People

_LOWER, _WIDER = 15.0, 1.25  # what most of the HDF5 files add to the centre, times scale, and scale


class _Person(msgspec.Struct, gc=False):
    image: str = ""
    joints: list[list[float]] = []
    joints_vis: list[float] = []
    center: list[float] = []
    scale: float = -1.0
    # the same in the copy that pytorch-pose and Datumaro know
    img_paths: str = ""
    joint_self: list[list[float]] = []
    objpos: list[float] = []
    scale_provided: float = -1.0
    is_validation: float | None = msgspec.field(default=None, name="isValidation")
    dataset: str = "MPI"


def from_json(path: Path) -> People:
    """Return a file such as ``train.json``: a list of {image, center, scale, joints, joints_vis}.

    ``joints_vis`` says that a joint is labelled; whether it is hidden, the file does not tell. Or
    ``mpii_annotations.json``, a list of {img_paths, joint_self, objpos, scale_provided,
    isValidation}: there a joint is x, y and 1 for seen, 0 for hidden, and one at (0, 0) is not
    labelled; it holds the split.

    Raises:
        ValueError: not such a file, or one without joints.
    """
    told = "a list of MPII people with image, center, scale, joints and joints_vis"
    entries = typed_json.load(path, list[_Person], told)
    if any(not (entry.image or entry.img_paths) for entry in entries):
        row = next(r for r, entry in enumerate(entries) if not (entry.image or entry.img_paths))
        raise ValueError(f"{path} is JSON, but not {told}: entry {row} names no image")
    if any(entry.joint_self for entry in entries):
        return _of_joint_self(path, [entry for entry in entries if entry.dataset == "MPI"])
    if not any(entry.joints for entry in entries):
        raise ValueError(
            f"{path}: expected people with joints, found none among {len(entries)}; the list of "
            "the test set has no labels"
        )
    bad = {}
    for row, entry in enumerate(entries):
        pairs = len(entry.joints) == JOINTS and all(len(joint) == 2 for joint in entry.joints)
        if not pairs or len(entry.joints_vis) not in (0, JOINTS):
            bad[row] = (
                f"{path}: entry {row}, {entry.image}: expected {JOINTS} joints as pairs and as "
                f"many joints_vis, found {len(entry.joints)} and {len(entry.joints_vis)}"
            )
            entry.joints, entry.joints_vis = [], []
    nothing, all_seen = [[-1.0, -1.0]] * JOINTS, [1.0] * JOINTS
    joints_NJ2 = np.array([entry.joints or nothing for entry in entries])
    seen_NJ = np.array([entry.joints_vis or all_seen for entry in entries]) > 0
    place_N3 = _places((*entry.center, entry.scale) for entry in entries)
    return People(
        [entry.image for entry in entries],
        joints_NJ2,
        seen_NJ & _written(joints_NJ2),
        place_N3[:, :2],
        place_N3[:, 2],
        bad=bad,
    )


def _of_joint_self(path: Path, entries: list[_Person]) -> People:
    """Return the people of ``mpii_annotations.json``."""
    bad = {}
    for row, entry in enumerate(entries):
        if len(entry.joint_self) != JOINTS or any(len(joint) != 3 for joint in entry.joint_self):
            bad[row] = (
                f"{path}: entry {row}, {entry.img_paths}: expected {JOINTS} joints of x, y, "
                f"visible in joint_self, found {len(entry.joint_self)}"
            )
            entry.joint_self = [[0.0, 0.0, 0.0]] * JOINTS
    joints_NJ3 = np.array([entry.joint_self for entry in entries]).reshape(-1, JOINTS, 3)
    labelled_NJ = np.logical_and.reduce(joints_NJ3[..., :2] > 0, axis=-1)
    place_N3 = _places((*entry.objpos, entry.scale_provided) for entry in entries)
    in_test = [entry.is_validation for entry in entries]
    return People(
        [entry.img_paths for entry in entries],
        joints_NJ3[..., :2],
        labelled_NJ,
        place_N3[:, :2],
        place_N3[:, 2],
        occluded_NJ=labelled_NJ & (joints_NJ3[..., 2] == 0),
        in_test_N=None if None in in_test else np.array(in_test, dtype=float) > 0,
        bad=bad,
    )


def from_h5(path: Path) -> People:
    """Read a file like ``train.h5``: imgname, center, scale, part (N, 16, 2), visible (N, 16), ...

    Not ``visible`` and with coordinates is hidden but labelled. The files in circulation have the
    centre lowered by 15 scale and the scale times 1.25, others not; the official centres are
    whole numbers, which tells the two apart.

    Raises:
        ValueError: h5py is not installed, the file is cut short, or not as described.
    """
    wanted = ("imgname", "part", "visible", "center", "scale")
    found, present = hdf5.arrays(path, wanted)
    if missing := [name for name in wanted if name not in found]:
        raise ValueError(
            f"{path}: expected the arrays {', '.join(wanted)}, found "
            f"{', '.join(present) or 'none'}; missing {', '.join(missing)}"
        )
    imgname, *arrays = (found[name] for name in wanted)
    if not 1 <= imgname.ndim <= 2:
        raise ValueError(f"{path}: expected a list of names in imgname, found {imgname.shape}")
    count = len(imgname)
    expected = [(count, JOINTS, 2), (count, JOINTS), (count, 2), (count,)]
    if found := [
        f"{name} {array.shape}"
        for name, array, shape in zip(wanted[1:], arrays, expected, strict=True)
        if array.shape != shape or array.dtype.kind not in "iuf"
    ]:
        raise ValueError(
            f"{path}: expected numbers, part (N, 16, 2), visible (N, 16), center (N, 2) and scale "
            f"(N,) for the {count} people of imgname, found {', '.join(found)}"
        )
    joints_NJ2, visible_NJ, centre_N2, scale_N = (array.astype(np.float64) for array in arrays)
    labelled_NJ = _written(joints_NJ2)
    raised_N2 = centre_N2 - np.array([0, _LOWER / _WIDER]) * scale_N[:, None]
    if _whole(raised_N2) > _whole(centre_N2):
        centre_N2, scale_N = raised_N2, scale_N / _WIDER
    return People(
        _names(imgname),
        joints_NJ2,
        labelled_NJ,
        centre_N2,
        scale_N,
        occluded_NJ=labelled_NJ & (visible_NJ == 0),
    )


def joined(parts: Sequence[People], in_test: Sequence[bool | None]) -> People:
    """Several files as one, and which of them is the test part (None: that is not known)."""
    first = 0
    bad = {}
    for part in parts:
        bad |= {first + row: what for row, what in part.bad.items()}
        first += len(part.image_N)
    occluded = [part.occluded_NJ for part in parts if part.occluded_NJ is not None]
    counts = [len(part.image_N) for part in parts]
    own_N = [part.in_test_N for part in parts if part.in_test_N is not None]
    in_test_N = None if None in in_test else np.repeat(np.array(in_test, bool), counts)
    return People(
        [name for part in parts for name in part.image_N],
        np.concatenate([part.joints_NJ2 for part in parts]),
        np.concatenate([part.labelled_NJ for part in parts]),
        np.concatenate([part.centre_N2 for part in parts]),
        np.concatenate([part.scale_N for part in parts]),
        occluded_NJ=np.concatenate(occluded) if len(occluded) == len(parts) else None,
        in_test_N=np.concatenate(own_N) if len(own_N) == len(parts) else in_test_N,
        bad=bad,
    )


def _places(given: Iterable[tuple[float, ...]]) -> np.ndarray:
    """Centre and scale of each person (N, 3), NaN where one is not three numbers."""
    rows = [place if len(place) == 3 else (np.nan,) * 3 for place in given]
    return np.array(rows, np.float64).reshape(-1, 3)


def _written(joints_NJ2: np.ndarray) -> np.ndarray:
    """Which joints have coordinates: the files write (-1, -1) or (0, 0) for none."""
    return ~((joints_NJ2 == -1).all(-1) | (joints_NJ2 == 0).all(-1))


def _whole(centre_N2: np.ndarray) -> int:
    """How many centres are whole pixels."""
    return int((np.abs(centre_N2[:, 1] - np.round(centre_N2[:, 1])) < 1e-4).sum())


def _names(imgname: np.ndarray) -> list[str]:
    """Names as text, whether they are kept as text, as bytes, or as numbers of letters."""
    if imgname.ndim == 2:
        return [bytes(row[row > 0].astype(np.uint8)).decode(errors="replace") for row in imgname]
    return [
        name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        for name in imgname.tolist()
    ]
