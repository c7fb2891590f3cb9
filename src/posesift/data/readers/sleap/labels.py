"""SLEAP's labels (``.slp``): HDF5 with tables of frames, instances and points, and JSON of names.

``metadata`` notes the skeletons; ``videos_json`` and ``tracks_json`` hold a document a line. A row
of ``frames`` names its video and its instances, a row of ``instances`` its skeleton, its track and
its points, which lie in ``points`` or, of predictions, in ``pred_points``.

Shapes: N poses, J keypoints, 2 = (x, y).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from posesift import documents
from posesift.data.files import hdf5
from posesift.data.readers.sleap.videos import Poses, Video, described

TOLD = "labels of SLEAP (.slp)"

_TABLES = {
    "frames": ("video", "frame_idx", "instance_id_start", "instance_id_end"),
    "instances": ("instance_type", "skeleton", "track", "point_id_start", "point_id_end"),
    "points": ("x", "y", "visible"),
    "pred_points": ("x", "y", "visible"),
}
_CENTRED = 1.1  # format from which on the centre of the first pixel is (0, 0)
_EMBEDDED = re.compile(r"(video[0-9]+)/video")
_SYMMETRY = 2  # kind of an edge that joins left to right; 1 is a limb


class _Node(msgspec.Struct):
    id: int


class _Link(msgspec.Struct):
    source: int
    target: int
    type: dict[str, Any] = {}


class _Graph(msgspec.Struct):
    nodes: list[_Node]
    links: list[_Link] = []


class _Name(msgspec.Struct):
    name: str


class _Metadata(msgspec.Struct):
    skeletons: list[_Graph]
    nodes: list[_Name]


class _Video(msgspec.Struct):
    filename: str | list[str] = ""
    backend: dict[str, Any] = {}
    source_video: Any = None


def load(file: Path, instances: Literal["user", "predicted"]) -> Poses:
    """Read the instances of one kind, in the order of the frames.

    Raises:
        ValueError: the file is broken, not as described, or has no such instances.
    """
    tables = _tables(file)
    said = hdf5.attribute(file, "metadata", "json", TOLD)
    if not isinstance(said, str):
        raise ValueError(f"{file}: expected {TOLD}, found no skeletons in metadata")
    metadata = documents.from_json(said, _Metadata, f"{file}, metadata")
    version = hdf5.attribute(file, "metadata", "format_id", TOLD)
    corner = 0.5 if isinstance(version, int | float) and version < _CENTRED else 0.0
    texts, _ = hdf5.arrays(file, ("videos_json", "tracks_json"), TOLD)
    videos = [_video(text, file) for text in texts.get("videos_json", np.empty(0)).tolist()]
    tracks = [_track(text, file) for text in texts.get("tracks_json", np.empty(0)).tolist()]

    rows, frame_N = _instances(tables, file)
    kind_N = tables["instances"]["instance_type"][rows].astype(int)
    kept = kind_N == (0 if instances == "user" else 1)
    counts = {"user": int((kind_N == 0).sum()), "predicted": int((kind_N == 1).sum())}
    if not kept.any():
        raise ValueError(
            f"{file}: expected instances={instances}, found {counts['user']} that people labelled "
            f"(instances=user) and {counts['predicted']} predictions (instances=predicted)"
        )
    rows, frame_N = rows[kept], frame_N[kept]
    skeleton_N = np.asarray(tables["instances"]["skeleton"])[rows].astype(np.int64)
    used = Counter(skeleton_N.tolist()).most_common(1)[0][0]
    if not 0 <= used < len(metadata.skeletons):
        raise ValueError(f"{file}: instances of skeleton {used}, which metadata does not describe")
    names_J, limbs, mirror = _skeleton(metadata, used, file)
    problems = []
    if others := int((skeleton_N != used).sum()):
        problems.append(f"skipped: {others} instances of other skeletons")
        rows, frame_N = rows[skeleton_N == used], frame_N[skeleton_N == used]
    points_NJ2 = _points(tables, rows, len(names_J), instances, file) - corner
    has_any_N = np.isfinite(points_NJ2).all(-1).any(-1)
    if empty := int((~has_any_N).sum()):
        problems.append(f"skipped: {empty} instances without a labelled keypoint")
        rows, frame_N, points_NJ2 = rows[has_any_N], frame_N[has_any_N], points_NJ2[has_any_N]
    if not len(rows):
        raise ValueError(f"{file}: expected labelled keypoints, found none")
    video_N = tables["frames"]["video"][frame_N].astype(np.int64)
    if not 0 <= video_N.min() <= video_N.max() < len(videos):
        raise ValueError(f"{file}: frames of video {video_N.max()}, of {len(videos)} videos")
    frame_idx_N = tables["frames"]["frame_idx"][frame_N].astype(np.int64)
    if frame_idx_N.min() < 0:
        raise ValueError(f"{file}: expected frames counted from 0, found {frame_idx_N.min()}")
    named = dict(enumerate(tracks))
    mode_N = [named.get(track, "") for track in tables["instances"]["track"][rows].tolist()]
    return Poses(
        names_J,
        points_NJ2,
        video_N,
        frame_idx_N,
        videos,
        mode_N if len(set(mode_N)) > 1 else None,
        limbs,
        mirror,
        problems,
    )


def _tables(file: Path) -> dict[str, np.ndarray]:
    found, present = hdf5.arrays(file, tuple(_TABLES), TOLD, records=True)
    for name, fields in _TABLES.items():
        if name not in found:
            raise ValueError(
                f"{file}: expected {TOLD} with the tables {', '.join(_TABLES)}, found "
                f"{', '.join(present) or 'nothing'}; missing {name}"
            )
        lacking = set(fields) - set(found[name].dtype.names or ())
        if lacking or found[name].ndim != 1:
            raise ValueError(
                f"{file}, {name}: expected rows of {', '.join(fields)}, found "
                f"{found[name].dtype} {found[name].shape}"
            )
    return found


def _ranges(first_N: np.ndarray, end_N: np.ndarray, count: int, where: str) -> np.ndarray:
    """Lengths of ranges that lie in a table of ``count`` rows and do not overlap."""
    first_N, end_N = first_N.astype(np.float64), end_N.astype(np.float64)
    length_N = end_N - first_N
    fits = (first_N >= 0) & (length_N >= 0) & (end_N <= count)
    if not fits.all() or length_N.sum() > count:
        raise ValueError(f"{where}: expected parts of a table of {count} rows, each used once")
    return length_N.astype(np.int64)


def _instances(tables: dict[str, np.ndarray], file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all instances in the order of their frames, and each one's row of frames."""
    first, end = (tables["frames"][f"instance_id_{side}"] for side in ("start", "end"))
    length = _ranges(first, end, len(tables["instances"]), f"{file}, frames")
    frame_N = np.repeat(np.arange(len(length)), length)
    within_N = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    return np.repeat(first.astype(np.int64), length) + within_N, frame_N


def _points(
    tables: dict[str, np.ndarray],
    rows: np.ndarray,
    joints: int,
    instances: Literal["user", "predicted"],
    file: Path,
) -> np.ndarray:
    """Points (N, J, 2), NaN where they are not visible."""
    table = tables["points" if instances == "user" else "pred_points"]
    first_N, end_N = (tables["instances"][f"point_id_{s}"][rows] for s in ("start", "end"))
    length_N = _ranges(first_N, end_N, len(table), f"{file}, instances")
    if (length_N != joints).any():
        raise ValueError(
            f"{file}, instances: expected {joints} points each, as their skeleton has, found "
            f"{int(length_N[length_N != joints][0])}"
        )
    points_NJ = table[first_N.astype(np.int64)[:, None] + np.arange(joints)]
    points_NJ2 = np.stack([points_NJ["x"], points_NJ["y"]], -1).astype(np.float64)
    return np.where((points_NJ["visible"] != 0)[..., None], points_NJ2, np.nan)


def _skeleton(
    metadata: _Metadata, number: int, file: Path
) -> tuple[list[str], list[tuple[str, str]], list[tuple[str, str]]]:
    """Names of a skeleton, its limbs, and the pairs that a flip exchanges."""
    graph = metadata.skeletons[number]
    named = [one.name for one in metadata.nodes]
    if strange := [node.id for node in graph.nodes if not 0 <= node.id < len(named)]:
        raise ValueError(f"{file}, metadata: a skeleton of node {strange[0]}, of {len(named)}")
    names_J = [named[node.id] for node in graph.nodes]
    pairs: dict[int, list[tuple[str, str]]] = {1: [], _SYMMETRY: []}
    kinds: list[int] = []  # a later edge names an earlier one's kind by its place
    known = {node.id: named[node.id] for node in graph.nodes}
    for link in graph.links:
        kind = _kind(link.type, kinds)
        if link.source in known and link.target in known and link.source != link.target:
            pairs.setdefault(kind, []).append((known[link.source], known[link.target]))
    mirror: dict[str, str] = {}
    for one, other in pairs[_SYMMETRY]:
        if one not in mirror and other not in mirror:
            mirror |= {one: other, other: one}
    return names_J, pairs[1], [pair for pair in mirror.items() if pair[0] < pair[1]]


def _kind(said: dict[str, Any], kinds: list[int]) -> int:
    """Return an edge's kind, written out or as the place of one that was."""
    match said:
        case {"py/reduce": [_, {"py/tuple": [int(kind)]}, *_]}:
            kinds.append(kind)
            return kind
        case {"py/id": int(place)} if 1 <= place <= len(kinds):
            return kinds[place - 1]
    return 1


def _video(text: Any, file: Path) -> Video:
    found = documents.from_json(text, _Video, f"{file}, videos_json")
    own = described(found.backend.get("filename", found.filename), found.backend)
    place = _EMBEDDED.fullmatch(str(found.backend.get("dataset", "")))
    if place is None:
        return own
    if not isinstance(found.source_video, dict):
        return replace(own, embedded=place[1])
    source = documents.converted(found.source_video, _Video, f"{file}, videos_json")
    taken_from = described(source.backend.get("filename", source.filename), source.backend)
    size = taken_from.size if all(taken_from.size) else own.size
    return replace(taken_from, size=size, embedded=place[1])


def _track(text: Any, file: Path) -> str:
    found = documents.from_json(text, list[Any], f"{file}, tracks_json")
    return str(found[1]) if len(found) > 1 else ""
