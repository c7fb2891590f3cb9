"""Write a tiny SLEAP project (``.slp``) and an analysis file, laid out as SLEAP and sleap-io do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
from tests.data.formats.csv import JOINTS, write_csv
from tests.datasets import Truth

FRAMES = "frame_id video frame_idx instance_id_start instance_id_end"
INSTANCES = (
    "instance_id instance_type frame_id skeleton track from_predicted score point_id_start "
    "point_id_end"
)
POINT = {"x": "f8", "y": "f8", "visible": "?", "complete": "?"}
EDGES = [(0, 2), (1, 2), (2, 3)]
HOME = "C:\\Users\\me\\project"  # where the project lay


def write_sleap(folder: Path, n: int = 8, **changes: Any) -> Truth:
    """``labels.slp`` and ``photos/``, one video that is a list of images; ``path`` is the file."""
    truth = write_csv(folder, n)
    truth.path.unlink()
    truth.path = folder / "labels.slp"
    images = list(dict.fromkeys(truth.names))
    names = [f"{HOME}\\photos\\{name}" for name in images]
    backend = {"type": "ImageVideo", "filename": names[0], "filenames": names, "shape": None}
    frame_N = [images.index(name) for name in truth.names]
    video = {"filename": names[0], "backend": backend}
    save_slp(truth.path, truth.keypoints_NJ2, truth.visible_NJ, frame_N, [video], **changes)
    return truth


def save_slp(
    path: Path,
    points_NJ2: np.ndarray,
    seen_NJ: np.ndarray,
    frame_N: list[int],
    videos: list[dict[str, Any]],
    video_N: list[int] | None = None,
    version: float = 1.2,
    predicted: bool = False,
) -> None:
    """Poses as instances, those of one frame together; a point that is not seen is NaN or hidden.

    Every frame has a prediction too, which nobody labelled; with ``predicted``, all are such.
    """
    video_N = video_N or [0] * len(frame_N)
    keys = list(zip(video_N, frame_N, strict=True))
    frames, instances, points, guesses = [], [], [], []
    corner = 0.5 if version < 1.1 else 0
    for number, key in enumerate(dict.fromkeys(keys)):
        first = len(instances)
        for row in [row for row, other in enumerate(keys) if other == key]:
            values = points_NJ2[row] + corner
            hidden = ~seen_NJ[row] & (np.arange(len(JOINTS)) % 2 == 1)  # not visible, with a place
            values = np.where((seen_NJ[row] | hidden)[:, None], values, np.nan)
            table = guesses if predicted else points
            span = len(table), len(table) + len(JOINTS)
            table += [
                (x, y, not h, True) for (x, y), h in zip(values.tolist(), hidden, strict=True)
            ]
            instances.append((len(instances), int(predicted), number, 0, row % 2, -1, 0.0, *span))
        if not predicted:
            span = len(guesses), len(guesses) + len(JOINTS)
            guesses += [(1.0 + j, 2.0, True, False) for j in range(len(JOINTS))]
            instances.append((len(instances), 1, number, 0, -1, -1, 0.9, *span))
        frames.append((number, *key, first, len(instances)))
    kinds = ["i8", "u1", "u8", "u4", "i4", "i8", "f4", "u8", "u8"]
    with h5py.File(path, "w") as file:
        metadata = file.create_group("metadata")
        metadata.attrs["format_id"] = version
        metadata.attrs["json"] = np.bytes_(json.dumps(described()))
        file["videos_json"] = [np.bytes_(json.dumps(video)) for video in videos]
        file["tracks_json"] = [np.bytes_(json.dumps([0, name])) for name in ("one", "two")]
        file["frames"] = np.array(frames, [(name, "u8") for name in FRAMES.split()])
        file["instances"] = np.array(instances, list(zip(INSTANCES.split(), kinds, strict=True)))
        file["points"] = np.array(points, list(POINT.items()))
        scored = [(*guess, 0.5) for guess in guesses]
        file["pred_points"] = np.array(scored, [*POINT.items(), ("score", "f8")])


def described() -> dict[str, Any]:
    """The skeleton; the file's nodes stand in another order than it."""
    order = [2, 0, 3, 1]  # of the names in the file
    place = {j: order.index(j) for j in range(len(JOINTS))}

    def kind(number: int, first: bool) -> dict[str, Any]:
        whole = [{"py/type": "sleap.skeleton.EdgeType"}, {"py/tuple": [number]}]
        return {"py/reduce": whole} if first else {"py/id": number}

    links = [
        {"source": place[a], "target": place[b], "key": 0, "type": kind(1, k == 0)}
        for k, (a, b) in enumerate(EDGES)
    ]
    links.append({"source": place[0], "target": place[1], "key": 0, "type": kind(2, True)})
    links.append({"source": place[1], "target": place[0], "key": 0, "type": kind(2, False)})
    graph = {
        "directed": True,
        "graph": {"name": "animal", "num_edges_inserted": 3},
        "links": links,
        "multigraph": True,
        "nodes": [{"id": place[j]} for j in range(len(JOINTS))],
    }
    nodes = [{"name": JOINTS[j], "weight": 1.0} for j in order]
    return {"version": "2.0.0", "skeletons": [graph], "nodes": nodes, "provenance": {}}


def save_analysis(path: Path, tracks_FTJ2: np.ndarray, video: str, **notes: Any) -> None:
    """An analysis file, its axes as SLEAP has them: track, xy, node, frame."""
    with h5py.File(path, "w") as file:
        file["tracks"] = tracks_FTJ2.transpose(1, 3, 2, 0)
        file["node_names"] = [name.encode() for name in JOINTS]
        file["track_names"] = [b"one", b"two"][: tracks_FTJ2.shape[1]]
        file["edge_names"] = [[JOINTS[a].encode(), JOINTS[b].encode()] for a, b in EDGES]
        file["edge_inds"] = EDGES
        file["video_path"] = video
        file["track_occupancy"] = np.isfinite(tracks_FTJ2).all(-1).any(-1).astype(np.uint8)
        for name, value in notes.items():
            file["tracks"].attrs[name] = value


def embed(path: Path, order: str, fixed: bool, suffix: str = ".png", version: float = 1.2) -> None:
    """Put the images of the project into its file, as SLEAP does; the images are moved away.

    ``order`` is what the file notes: ``BGR`` where colours were exchanged on the way.
    """
    photos = path.parent / "photos"
    with h5py.File(path, "r+") as file:
        source = json.loads(file["videos_json"][0])
        names = [name.rpartition("\\")[2] for name in source["backend"]["filenames"]]
        encoded = []
        for name in names:
            image_HW3 = cv2.imread(str(photos / name))
            image_HW3 = image_HW3[..., ::-1] if order == "BGR" else image_HW3
            encoded.append(cv2.imencode(suffix, image_HW3)[1].view(np.int8))
        group = file.create_group("video0")
        group["frame_numbers"] = np.arange(len(names))[::-1]  # in any order
        encoded.reverse()
        if fixed:
            longest = max(map(len, encoded))
            rows = np.stack([np.pad(one, (0, longest - len(one))) for one in encoded])
            stored = group.create_dataset("video", data=rows, compression="gzip")
        else:
            stored = group.create_dataset("video", (len(names),), h5py.vlen_dtype(np.int8))
            for row, one in enumerate(encoded):
                stored[row] = one
        if version >= 1.4:
            stored.attrs["channel_order"] = order
        backend = {"type": "HDF5Video", "filename": ".", "dataset": "video0/video"}
        video = {"filename": ".", "backend": backend, "source_video": source}
        del file["videos_json"]
        file["videos_json"] = [np.bytes_(json.dumps(video))]
        file["metadata"].attrs["format_id"] = version
    photos.rename(path.parent / "elsewhere")


def write_embedded(folder: Path) -> Truth:
    """``labels.slp`` of one size of frames, which lie in it."""
    truth = write_sleap(folder, 4)
    largest = truth.size_N2.max(0).tolist()
    images = list(dict.fromkeys(truth.names))
    for name in images:
        image_HW3 = cv2.imread(str(folder / "photos" / name))
        high, wide = largest[1] - len(image_HW3), largest[0] - image_HW3.shape[1]
        padded_HW3 = cv2.copyMakeBorder(image_HW3, 0, high, 0, wide, cv2.BORDER_REPLICATE)
        cv2.imwrite(str(folder / "photos" / name), padded_HW3)
    with h5py.File(truth.path, "r+") as file:
        video = json.loads(file["videos_json"][0])
        video["backend"]["shape"] = [len(images), *largest[::-1], 3]
        del file["videos_json"]
        file["videos_json"] = [np.bytes_(json.dumps(video))]
    embed(truth.path, "RGB", True, version=1.4)
    return truth
