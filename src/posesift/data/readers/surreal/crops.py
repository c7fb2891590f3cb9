"""SURREAL cut into crops, as copies made for domain adaptation hold it.

``{train,val,test}/run{0,1,2}.json`` is a list of ``{name, keypoint2d, ...}``, ``keypoint2d`` the 24
joints of SMPL in pixels of the crop, and the crop is ``{train,val,test}/run{0,1,2}/<name>``. This
is known from public code that reads such copies; their makers no longer offer them.

Shapes: N crops, J = 24 joints of SMPL, 2 = (x, y).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from posesift import skeletons
from posesift.data.files import typed_json
from posesift.data.files.images import image_sizes
from posesift.data.labels.labelled import labelled
from posesift.data.labels.published_rows import shuffled
from posesift.data.readers.parts import LeftOut, Part
from posesift.data.readers.surreal.joints import keypoints
from posesift.poses.table import PoseTable
from posesift.storage import inside

CHUNK = 4096
"""Crops in one part."""

_SEQUENCE = re.compile(r"(.+)_c\d{4}")


class _Row(msgspec.Struct, gc=False):
    name: str
    keypoint2d: msgspec.Raw


def crop_parts(
    folder: Path, splits: Sequence[str], runs: Sequence[str], every: int, parity: bool
) -> Iterator[Part]:
    """Yield the crops of some folders, `CHUNK` at a time, in the order of the lists.

    The lists are read at the start and kept packed; the images' sizes are looked at with each part.

    Args:
        folder: holds the folders named in ``splits``.
        splits: a crop of one folder is not taken from the next again.
        runs: which of ``run0.json`` ... are read.
        every: take each n-th of all.
        parity: the reference code's split and joints.

    Raises:
        ValueError: a list is broken, or there is no crop.
    """
    if parity:
        _check_whole(folder, splits, runs)
    lists = {split: _lists(folder / split, runs) for split in splits}
    names: list[str] = []
    packed = []
    seen: set[str] = set()
    for split, (split_names, joints_NJ2) in lists.items():
        if parity:
            rows = _parity_rows(split, len(split_names))
        else:  # the owners' validation clips are test clips
            rows = [row for row, name in enumerate(split_names) if name not in seen]
            seen.update(split_names)
        names += [f"{split}/{split_names[row]}" for row in rows]
        packed.append(joints_NJ2[rows])
    names = names[::every]
    joints_NJ2 = np.concatenate(packed)[::every]
    if not names:
        wanted = " or ".join(f"{split}/run{run}.json" for split in splits for run in runs)
        raise ValueError(f"{folder}: expected images in {wanted}, found none")
    left_out = LeftOut(len(names), "images", str(folder))
    read = partial(_crops, folder, left_out, skeletons.load("body16"), parity)
    for first in range(0, len(names), CHUNK):
        chunk = slice(first, first + CHUNK)
        some = names[chunk]
        yield Part(
            f"images {first} to {first + len(some) - 1}", partial(read, some, joints_NJ2[chunk])
        )


def _check_whole(folder: Path, splits: Sequence[str], runs: Sequence[str]) -> None:
    """Refuse a set that lacks what the reference code would shuffle in."""
    if len(runs) < 3:
        raise ValueError(f"parity=true shuffles the images of all runs, found run={runs[0]}")
    for split in splits:
        for run in runs:
            file = folder / split / f"run{run}.json"
            if file.parent.is_dir() and not file.is_file():
                raise ValueError(f"parity=true shuffles the images of all runs, found no {file}")


def _parity_rows(split: str, count: int) -> list[int]:
    """Which rows of a folder's lists the reference code uses, in its order."""
    rows, is_test_N = shuffled(count)
    held_out = int(is_test_N.sum())
    return {"train": rows[held_out:], "test": rows[:held_out], "val": rows}[split]


def _lists(folder: Path, runs: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Names below the folder and joints (N, 24, 2) of its lists, those that there are."""
    names: list[str] = []
    packed = [np.empty((0, 24, 2), np.float32)]
    for run in runs:
        file = folder / f"run{run}.json"
        if file.is_file():
            names += [f"run{run}/{name}" for name in _rows(file, packed)]
    return names, np.concatenate(packed)


def _rows(file: Path, packed: list[np.ndarray]) -> list[str]:
    """Return the names in a list; joints are added to ``packed``, NaN where not 24 x 2."""
    rows = typed_json.load(file, list[_Row], "a list of images, each with name and keypoint2d")
    if not rows:
        raise ValueError(f"{file}: expected a list of images, found an empty one; copy it anew")
    for row in rows:
        inside(file.parent, row.name)
    packed += [_packed(rows[first : first + CHUNK]) for first in range(0, len(rows), CHUNK)]
    return [row.name for row in rows]


def _packed(rows: list[_Row]) -> np.ndarray:
    """Joints (N, 24, 2) of a few rows: as Python's lists they take twenty times the space."""
    text = b"[" + b",".join([bytes(row.keypoint2d) for row in rows]) + b"]"
    try:
        joints = msgspec.json.decode(text, type=list[list[list[float]]])
        with np.errstate(over="ignore"):  # beyond float32 is as far off the image
            joints_NJ2 = np.array(joints, np.float32)
    except ValueError:  # of msgspec: no numbers; of NumPy: rows of different lengths
        joints_NJ2 = np.empty(0)
    if joints_NJ2.shape == (len(rows), 24, 2):
        return joints_NJ2
    if len(rows) == 1:
        return np.full((1, 24, 2), np.nan, np.float32)
    half = len(rows) // 2
    return np.concatenate([_packed(rows[:half]), _packed(rows[half:])])


def _crops(
    folder: Path,
    left_out: LeftOut,
    skeleton: skeletons.Skeleton,
    parity: bool,
    names: list[str],
    joints_NJ2: np.ndarray,
) -> PoseTable:
    """Return the crops of one part that have an image and joints in it."""
    size_N2, why = image_sizes([folder / name for name in names])
    keypoints_NK2, visible_NK = keypoints(joints_NJ2, size_N2, parity)
    for row in np.flatnonzero(~visible_NK.any(1)).tolist():
        why.setdefault(
            row,
            f"{folder / names[row]}: expected keypoint2d to be 24 x 2, pixels of the image, found "
            "no joint in it",
        )
    problems = [left_out.add(names[row], why[row]) for row in sorted(why)]
    good = [row for row in range(len(names)) if row not in why]
    image_N = np.array([names[row] for row in good], dtype=object)
    # how crops are named is not known; a name that tells the owners' clip keeps its sequence
    # together, any other stands for itself
    clips = [(_SEQUENCE.match(Path(name).name) or [name, name])[1] for name in image_N]
    return labelled(
        skeleton,
        keypoints_NK2[good],
        visible_NK[good],
        size_N2[good],
        image_N.tolist(),
        str(folder),
        problems=problems,
        image_N=image_N,
        root=str(folder),
        clip_N=np.array(clips, dtype=object),
    )
