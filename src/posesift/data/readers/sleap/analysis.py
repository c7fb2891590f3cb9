"""SLEAP's analysis file: one array of tracks over all frames of one video.

Shapes: F frames, T tracks, J keypoints, N poses, 2 = (x, y).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posesift import documents
from posesift.data.files import hdf5
from posesift.data.readers.sleap.videos import Poses, described

TOLD = "an analysis file of SLEAP"

_AXES = ("track", "xy", "node", "frame")
"""As SLEAP's export writes them, which says nothing of it; others note theirs as ``dims``."""


def load(file: Path) -> Poses:
    """Read the poses of an analysis file, in the order of frames and tracks.

    Raises:
        ValueError: the file is broken, or not as described.
    """
    wanted = ("tracks", "node_names", "track_names", "edge_names", "video_path")
    found, _ = hdf5.arrays(file, wanted, TOLD)
    names_J = _words(found.get("node_names"))
    said = hdf5.attribute(file, "tracks", "dims", TOLD)
    axes = documents.from_json(said, list[str], f"{file}, tracks") if isinstance(said, str) else []
    axes = tuple(axes) or _AXES
    tracks = found["tracks"]
    if sorted(axes) != sorted(_AXES) or tracks.ndim != 4 or tracks.dtype.kind != "f":
        raise ValueError(
            f"{file}: expected the array tracks of numbers by {', '.join(_AXES)}, found "
            f"{tracks.dtype} {tracks.shape} by {', '.join(axes)}"
        )
    order = [axes.index(axis) for axis in ("frame", "track", "node", "xy")]
    points_FTJ2 = tracks.transpose(order).astype(np.float64)
    if points_FTJ2.shape[2:] != (len(names_J), 2):
        raise ValueError(
            f"{file}: expected x and y of {len(names_J)} keypoints (node_names) in tracks, found "
            f"{points_FTJ2.shape[2:]}"
        )
    frame_N, track_N = np.nonzero(np.isfinite(points_FTJ2).all(-1).any(-1))
    if not len(frame_N):
        raise ValueError(f"{file}: expected {TOLD} with poses, found none")
    called = _words(found.get("track_names"))
    edges = found.get("edge_names", np.empty((0, 2)))
    edges = edges if edges.ndim == 2 and edges.shape[1] == 2 else np.empty((0, 2))
    limbs = [(one, other) for one, other in (_words(pair) for pair in edges)]
    path = found.get("video_path", np.array(""))
    names = _words(path) if path.ndim else _words(path.reshape(1))[0]
    return Poses(
        names_J,
        points_FTJ2[frame_N, track_N],
        np.zeros(len(frame_N), np.int64),
        frame_N.astype(np.int64),
        [described(names, {})],
        [called[t] for t in track_N] if len(called) == points_FTJ2.shape[1] > 1 else None,
        limbs,
    )


def _words(array: np.ndarray | None) -> list[str]:
    if array is None or array.ndim != 1:
        return []
    return [
        word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)
        for word in array.tolist()
    ]
