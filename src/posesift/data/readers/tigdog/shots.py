"""The shots of an animal, as ``ranges.mat`` lists them, and the landmarks of each of their frames.

Shapes: F frames of a shot, J the 18 landmarks, L those that a file has, 2 = (x, y).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from posesift.data.files import matlab


class Shot(NamedTuple):
    """A shot: its number, its first and last frame, and the file of its landmarks."""

    number: int
    first: int
    last: int
    path: Path


def shots_of(folder: Path, animal: str) -> tuple[list[Shot], list[str]]:
    """Return an animal's shots in the order of the file; and what was skipped."""
    path = folder / "ranges" / animal / "ranges.mat"
    if not path.is_file():
        raise ValueError(
            f"expected the ranges of the {animal}s at {path}, found no file; is this all of the "
            "set? animal=horse or animal=tiger reads one of the two"
        )
    (ranges,) = matlab.load(path, "ranges")
    if not _are_ranges(ranges):
        raise ValueError(
            f"{path}: expected 'ranges' with a row of whole numbers (shot, first frame, last "
            f"frame) for each shot, found {ranges.dtype} of shape {ranges.shape} with other content"
        )
    landmarks = folder / "landmarks" / animal
    shots = [
        Shot(number, first, last, landmarks / f"{number}.mat")
        for number, first, last in ranges.astype(np.int64).tolist()
    ]
    there = [shot for shot in shots if shot.path.is_file()]
    if not there:
        raise ValueError(
            f"expected a landmark file for each shot of {path}, such as {shots[0].path}, found none"
        )
    missing = [str(shot.number) for shot in shots if not shot.path.is_file()]
    skipped = f"skipped: {len(missing)} shots of {animal}s without a landmark file"
    return there, [f"{skipped}: {', '.join(missing)}"] if missing else []


def _are_ranges(values: np.ndarray) -> bool:
    return bool(
        values.dtype.kind in "iuf"
        and values.ndim == 2
        and values.shape[1] == 3
        and len(values)
        and np.isfinite(values).all()
        and (values == np.round(values)).all()
        and (values >= 0).all()
        and (values[:, 2] >= values[:, 1]).all()
    )


def landmarks_of(shot: Shot) -> tuple[np.ndarray, np.ndarray]:
    """Positions (F, 18, 2), zero where there are none, and visibilities (F, 18) of a shot."""
    (cell,) = matlab.load(shot.path, "landmarks")
    frames = np.asarray(cell, object).reshape(-1)
    count = shot.last - shot.first + 1
    if len(frames) < count:
        raise ValueError(
            f"{shot.path}: expected the landmarks of the {count} frames {shot.first} to "
            f"{shot.last} of shot {shot.number}, found {len(frames)}; copy it anew"
        )
    positions_FJ2 = np.zeros((count, 18, 2))
    visible_FJ = np.zeros((count, 18), bool)
    for row, frame in enumerate(frames[:count]):
        if np.size(frame) == 0:
            continue
        try:
            positions, visible = _parts(frame)
        except (TypeError, ValueError, AttributeError):  # no structure has no fields
            raise ValueError(
                f"{shot.path}: expected frame {row + 1} of 'landmarks' to be a structure of "
                "positions (18 or more x 2) and visibilities, found another thing"
            ) from None
        positions_FJ2[row], visible_FJ[row] = positions[:18], visible[:18] > 0
    lost_FJ = ~np.isfinite(positions_FJ2).all(-1)
    visible_FJ &= ~lost_FJ  # an unmarked landmark may be NaN
    positions_FJ2[lost_FJ] = 0
    return positions_FJ2, visible_FJ


def _parts(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (L, 2) and visibilities (L,) of a frame's structure, told by their shapes."""
    record = np.asarray(frame).reshape(-1)[0]
    positions = visible = None
    for name in record.dtype.names or ():
        values: np.ndarray = np.asarray(record[name])
        if values.dtype.kind not in "biuf" or len(values.shape) != 2 or len(values) < 18:
            continue
        if values.shape[1] == 2 and positions is None:
            positions = values.astype(np.float64)
        elif values.shape[1] == 1 and visible is None:
            visible = values[:, 0]
    if positions is None or visible is None:
        raise ValueError
    return positions, visible
