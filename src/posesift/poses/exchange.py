"""Pose tables as the tables of pandas and the key points of supervision, and back.

Both packages are imported when they are used: ``pip install pandas``, ``pip install supervision``.

Shapes: N samples, K keypoints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton, load

if TYPE_CHECKING:
    import pandas as pd  # pyright: ignore[reportMissingImports, reportMissingModuleSource]
    import supervision as sv  # pyright: ignore[reportMissingImports]

_KEY = "posesift"  # in the attributes of a table of pandas
_BOX = ("box_x", "box_y", "box_w", "box_h")
_WORDS = ("image", "clip", "mode")
_COLUMNS = ("mirrored", "neg_log_p")
_IDS = ("id", "image_id")  # whole numbers or texts
_FACTS = ("root", "boxes_from", "share", "address", "problems", "notes", "exif")


def to_pandas(table: PoseTable) -> pd.DataFrame:
    """Return a table with one pose a row, in the columns of a CSV that ``csv:`` reads.

    ``NAME_x`` and ``NAME_y`` are float32 pixels, NaN where the keypoint is not visible; ``NAME_v``
    is 0 there, 1 where it is labelled but hidden, 2 where it is seen, and 1 everywhere where the
    data do not tell. What is no column (the skeleton, the folder of the images) is in ``attrs``.

    Raises:
        ValueError: pandas is not installed.
    """
    pandas = _imported("pandas")
    columns: dict[str, Any] = {"width": table.width_N, "height": table.height_N}
    for name in _WORDS:
        if (values := getattr(table, f"{name}_N")) is not None:
            columns[name] = values
    if table.box_N4 is not None:
        columns |= dict(zip(_BOX, table.box_N4.T, strict=True))
    for k, name in enumerate(table.skeleton.keypoints):
        seen_N = table.visible_NK[:, k]
        for axis, letter in enumerate("xy"):
            columns[f"{name}_{letter}"] = np.where(seen_N, table.keypoints_NK2[:, k, axis], np.nan)
        hidden_N = True if table.occluded_NK is None else table.occluded_NK[:, k]
        columns[f"{name}_v"] = np.where(seen_N, np.where(hidden_N, 1, 2), 0).astype(np.int8)
    for name in (*_COLUMNS, *_IDS):
        if (values := getattr(table, f"{name}_N")) is not None:
            columns[name] = values
    frame = pandas.DataFrame(columns)
    facts = {name: getattr(table, name) for name in _FACTS}
    facts |= {"skeleton": table.skeleton.to_json(), "occluded": table.occluded_NK is not None}
    frame.attrs[_KEY] = json.dumps(facts)
    return frame


def from_pandas(frame: pd.DataFrame, skeleton: Skeleton | str | None = None) -> PoseTable:
    """Return the pose table of a table that `to_pandas` made, or of one with the same columns.

    Args:
        frame: one pose a row. Rows may have been left out, added or put into another order.
        skeleton: one, or its name or file; needed where the table has lost its ``attrs``.

    Raises:
        ValueError: a column is missing, or nothing tells the skeleton.
    """
    facts = json.loads(frame.attrs.get(_KEY, "{}"))
    if isinstance(skeleton, str):
        skeleton = load(skeleton)
    if skeleton is None and "skeleton" in facts:
        skeleton = Skeleton.from_json(facts["skeleton"])
    if skeleton is None:
        raise ValueError("the table has lost what to_pandas noted of it: name its skeleton=")
    needed = [f"{name}_{letter}" for name in skeleton.keypoints for letter in "xyv"]
    if missing := [name for name in ("width", "height", *needed) if name not in frame]:
        raise ValueError(
            f"expected the columns of {skeleton.name} in the table, missing {', '.join(missing)}"
        )
    points_NK2, v_NK = (
        np.stack([frame[f"{name}_{letter}"].to_numpy(kind) for name in skeleton.keypoints], 1)
        for letter, kind in (("x", np.float32), ("v", np.int8))
    )
    y_NK = np.stack([frame[f"{n}_y"].to_numpy(np.float32) for n in skeleton.keypoints], 1)
    points_NK2 = np.stack([points_NK2, y_NK], -1)
    knows_hidden = facts.get("occluded", bool((v_NK == 2).any()))
    columns: dict[str, Any] = {f"{n}_N": _words(frame[n]) for n in _WORDS if n in frame}
    if set(_BOX) <= set(frame.columns):
        columns["box_N4"] = frame[list(_BOX)].to_numpy(np.float32)
    for name, kind in zip(_COLUMNS, (bool, np.float32), strict=True):
        if name in frame:
            columns[f"{name}_N"] = frame[name].to_numpy(kind)
    for name in _IDS:
        if name in frame:
            whole = frame[name].dtype.kind in "iu"
            columns[f"{name}_N"] = frame[name].to_numpy(np.int64 if whole else object)
    return PoseTable(
        skeleton=skeleton,
        keypoints_NK2=np.where((v_NK > 0)[..., None], points_NK2, 0),
        visible_NK=v_NK > 0,
        width_N=frame["width"].to_numpy(np.int32),
        height_N=frame["height"].to_numpy(np.int32),
        occluded_NK=v_NK == 1 if knows_hidden else None,
        **columns,
        **{name: facts[name] for name in _FACTS if name in facts},
    )


def to_supervision(table: PoseTable) -> sv.KeyPoints:
    """Return the key points of all poses, the other columns of the table in ``data``.

    supervision draws on one image at a time:
    ``to_supervision(table.select(table.image_N == name))``.

    Raises:
        ValueError: supervision is not installed.
    """
    supervision = _imported("supervision")
    columns = {
        "width": table.width_N,
        "height": table.height_N,
        "box": table.box_N4,
        "occluded": table.occluded_NK,
        **{name: getattr(table, f"{name}_N") for name in (*_WORDS, *_COLUMNS, *_IDS)},
    }
    return supervision.KeyPoints(
        xy=table.keypoints_NK2,
        visible=table.visible_NK,
        data={name: np.asarray(values) for name, values in columns.items() if values is not None},
    )


def from_supervision(
    found: sv.KeyPoints,
    skeleton: Skeleton | str,
    *,
    threshold: float = 0.3,
    **more: Any,
) -> PoseTable:
    """Return the pose table of key points: those of `to_supervision`, or what a model found.

    Args:
        found: n poses.
        skeleton: of their keypoints, or its name or file.
        threshold: above this confidence a keypoint counts as visible, where the key points do not
            say which are. Without confidences, those at (0, 0) do not.
        **more: further fields of `PoseTable`, such as ``root``, or ``width_N`` and ``height_N``
            where the key points do not come from `to_supervision`.

    Raises:
        ValueError: the key points are not the skeleton's, or nothing tells the size of the images.
    """
    skeleton = load(skeleton) if isinstance(skeleton, str) else skeleton
    points_NK2 = np.asarray(found.xy, np.float32)
    if len(found) == 0:  # of an image where a model found nobody
        points_NK2 = np.zeros((0, len(skeleton), 2), np.float32)
    if points_NK2.shape[1] != len(skeleton):
        raise ValueError(
            f"expected {len(skeleton)} key points of {skeleton.name}, found {points_NK2.shape[1]}"
        )
    data = dict(found.data)
    fields: dict[str, Any] = {
        f"{name}_N": data[name]
        for name in ("width", "height", *_WORDS, *_COLUMNS, *_IDS)
        if name in data
    }
    fields |= {"box_N4": data.get("box"), "occluded_NK": data.get("occluded")} | more
    if missing := {"width_N", "height_N"} - fields.keys():
        raise ValueError(
            f"expected the size of the images of the key points: give {', '.join(sorted(missing))}"
        )
    return PoseTable(
        skeleton=skeleton,
        keypoints_NK2=points_NK2,
        visible_NK=_visible(found, points_NK2, threshold),
        **fields,
    )


def _words(column: Any) -> NDArray:
    """Names, None where there is none; of a world's samples their numbers."""
    values_N = column.to_numpy()
    if values_N.dtype.kind in "iu":
        return values_N
    words_N = column.to_numpy(object, copy=True)
    words_N[column.isna().to_numpy()] = None
    return words_N


def _visible(
    found: sv.KeyPoints, points_NK2: NDArray[np.float32], threshold: float
) -> NDArray[np.bool_]:
    if (visible_NK := getattr(found, "visible", None)) is not None:
        return np.asarray(visible_NK, bool).reshape(points_NK2.shape[:2])
    finite_NK = np.isfinite(points_NK2).all(-1)
    confidence_NK = getattr(found, "keypoint_confidence", None)
    if confidence_NK is not None:
        return finite_NK & (np.reshape(confidence_NK, finite_NK.shape) > threshold)
    return finite_NK & (points_NK2 != 0).any(-1)


def _imported(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError:
        raise ValueError(f"this needs {name}: pip install {name}") from None
