"""What Leeds Sports Pose and its extension share: joints.mat, and images that are numbered.

The third number of a joint tells the two apart: the original has *occluded* there and its axes
the other way round, the extension *visible*.

Shapes: N images, J the file's 14 joints, 3 = (x, y, flag).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from posesift.data.files import matlab
from posesift.data.files.listed import listed
from posesift.data.labels.cleaning import BAD_FRACTION

KEYPOINT_OF_JOINT = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 8, 9)
"""Where the file's joints stand in ``body16``: right ankle to hip, left hip to ankle, right wrist
to shoulder, left shoulder to wrist, neck, head top. Pelvis and thorax are not labelled."""

_AXES = {"occluded": (3, 14), "visible": (14, 3)}
_FORM = {
    "occluded": "(3, 14, N), (x, y, occluded) x joint x image",
    "visible": "(14, 3, N), joint x (x, y, visible) x image",
}
_OTHER_SET = {
    "occluded": "this is LSP extended, whose third column says *visible*, not *occluded*; lspet: "
    "reads it, lsp: reads the original set, which is (3, 14, N)",
    "visible": "this is the original LSP set, whose third row says *occluded*, not *visible*; "
    "lsp: reads it, lspet: reads LSP extended, which is (14, 3, N)",
}


def joints(folder: Path, flag: Literal["occluded", "visible"]) -> np.ndarray:
    """Return the file's labels as (N, 14, 3): x and y counted from 1, and the flag, 0 or 1.

    Args:
        folder: holds ``joints.mat``.
        flag: ``occluded`` for the original set, ``visible`` for the extension.

    Raises:
        ValueError: a broken file, or one of another form; that of the other set is recognised.
    """
    path = folder / "joints.mat"
    (found,) = matlab.load(path, "joints")
    axes = _AXES[flag]
    if found.ndim == 3 and found.shape[:2] == axes[::-1]:
        raise ValueError(f"{path}: 'joints' is {found.shape}: {_OTHER_SET[flag]}")
    if found.ndim != 3 or found.shape[:2] != axes or found.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: expected 'joints' to be numbers of shape {_FORM[flag]}, found "
            f"{found.dtype} of shape {found.shape}"
        )
    order = (2, 1, 0) if flag == "occluded" else (2, 0, 1)
    joints_NJ3 = np.ascontiguousarray(found.transpose(order), dtype=np.float64)
    if not np.isin(joints_NJ3[..., 2], (0, 1)).all():
        raise ValueError(
            f"{path}: expected every {flag!r} to be 0 or 1, found "
            f"{np.unique(joints_NJ3[..., 2])[:5].tolist()}"
        )
    return joints_NJ3


def image_names(folder: Path, count: int, digits: int) -> list[str]:
    """``images/im00001.jpg`` and on: column k of joints.mat belongs to image k + 1.

    Args:
        folder: holds ``images/``.
        count: of the images that ``joints.mat`` labels.
        digits: of the numbers in their names.

    Raises:
        ValueError: other images are there, or more than 5 % are missing.
    """
    present = listed(folder / "images", "im", ".jpg")
    names = [f"im{number:0{digits}d}.jpg" for number in range(1, count + 1)]
    beyond = set(present) - set(names)
    if beyond or len(present) < (1 - BAD_FRACTION) * count or not present:
        last = f", up to {present[-1]}" if present else ""
        raise ValueError(
            f"{folder}: joints.mat labels {count} images, im{1:0{digits}d}.jpg to {names[-1]}, but "
            f"images/ holds {len(present)} of that form{last}; labels and images must come from "
            "the same distribution of the set"
        )
    return [f"images/{name}" for name in names]
