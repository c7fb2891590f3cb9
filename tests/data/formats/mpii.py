"""Write a tiny MPII Human Pose in its three forms: the official ``.mat``, JSON, HDF5.

The same people are in all three. Every photograph has a dot of the colour `dot_colour` under each
labelled joint; the joints of the second person of an image have the colours 16 to 31.

Shapes: N people, J the 16 joints, 2 = (x, y), 4 = (x, y, width, height).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
from tests.data.formats.dots import scattered
from tests.datasets import photograph, save_image

MAT = "mpii_human_pose_v1_u12_1.mat"
HEAD = (8, 9)  # upper neck and head top come from a rectangle: fractions, no visibility
ACTIVITIES = ("sports", "dancing", "", "home activities")
NOTHING = np.zeros((0, 0))  # MATLAB's []


@dataclass
class Mpii:
    """What was written, counted from 0; one row for each person with joints."""

    keypoints_NJ2: np.ndarray
    visible_NJ: np.ndarray
    occluded_NJ: np.ndarray
    objpos_N2: np.ndarray
    scale_N: np.ndarray
    names: list[str]
    size_N2: np.ndarray
    person_N: np.ndarray
    video_N: np.ndarray
    activity: list[str]
    alone_N: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    @property
    def images(self) -> list[str]:
        return list(dict.fromkeys(self.names))


def write_mpii(folder: Path, images: int = 8, seed: int = 0, mat: bool = True) -> Mpii:
    """``images/`` and, with ``mat``, the official file beside it.

    Every second image has two people, every third image no video; the last two pictures belong
    to the test set, of which the file tells position and scale only.
    """
    truth = people(images, seed)
    for name in truth.images:
        rows = [row for row, other in enumerate(truth.names) if other == name]
        image_HW3 = photograph(
            truth.keypoints_NJ2[rows].reshape(-1, 2),
            truth.visible_NJ[rows].reshape(-1),
            *truth.size_N2[rows[0]].tolist(),
        )
        save_image(folder / "images" / name, image_HW3)
    if mat:
        save_mat(folder / MAT, release(truth))
    return truth


def people(images: int, seed: int = 0) -> Mpii:
    rng = np.random.default_rng([seed, images, 16])
    rows: list[dict[str, Any]] = []
    for number in range(images):
        size_2 = rng.integers(150, 210, 2)
        count = 1 + number % 2
        # whole pixels, as people were labelled; the head is a rectangle's middle line
        points_PJ2 = np.floor(scattered(rng, size_2.tolist(), 16 * count)).reshape(count, 16, 2)
        points_PJ2[:, HEAD] += rng.uniform(0, 0.9, (count, 2, 2))
        for person in range(count):
            visible_J = rng.random(16) < 0.85
            visible_J[:2] = True
            occluded_J = visible_J & (rng.random(16) < 0.3)
            occluded_J[list(HEAD)] = False
            rows.append(
                {
                    "keypoints": points_PJ2[person],
                    "visible": visible_J,
                    "occluded": occluded_J,
                    "objpos": rng.integers(60, 90, 2).astype(float),
                    "scale": rng.uniform(0.5, 0.9),
                    "name": f"{number + 15:09d}.jpg",
                    "size": size_2,
                    "person": person,
                    "video": -1 if number % 3 == 2 else number // 2,
                    "activity": ACTIVITIES[number % 4],
                    "alone": count == 1,
                }
            )

    def column(key: str) -> np.ndarray:
        return np.array([row[key] for row in rows])

    return Mpii(
        column("keypoints"),
        column("visible"),
        column("occluded"),
        column("objpos"),
        column("scale"),
        [row["name"] for row in rows],
        column("size"),
        column("person"),
        column("video"),
        [row["activity"] for row in rows],
        column("alone"),
    )


def struct(*records: dict[str, Any], shape: tuple[int, int] | None = None) -> np.ndarray:
    """A MATLAB structure array; all records have the same fields."""
    made = np.empty(len(records), dtype=[(name, object) for name in records[0]])
    for place, record in enumerate(records):
        made[place] = tuple(record.values())
    return made.reshape(shape or (1, len(records)))


def number(value: float) -> np.ndarray:
    """As MATLAB keeps it in a file: whole numbers in the least integer that holds them."""
    if value != int(value):
        return np.array([[value]])
    return np.array([[value]], np.uint8 if 0 <= value < 256 else np.int16)


def points(truth: Mpii, row: int) -> np.ndarray:
    """``annopoints`` of a person: only labelled joints, in no order; text or numbers for flags."""
    made = []
    for joint in np.flatnonzero(truth.visible_NJ[row])[::-1].tolist():
        flag = int(not truth.occluded_NJ[row, joint])
        seen = NOTHING if joint in HEAD else str(flag) if row % 2 else number(flag)
        x, y = (truth.keypoints_NJ2[row, joint] + 1).tolist()
        record = {"x": number(x), "y": number(y), "id": number(joint), "is_visible": seen}
        if row % 5 == 4:  # some people have no flags at all, and then no field for them
            del record["is_visible"]
        made.append(record)
    return struct({"point": struct(*made)})


def flags_kept(row: int) -> bool:
    return row % 5 != 4


def rectangle(truth: Mpii, row: int) -> dict[str, Any]:
    """One ``annorect``, with the rectangle of the head."""
    x, y = (truth.objpos_N2[row] + 1).tolist()
    return {
        **{"x1": number(9), "y1": number(9), "x2": number(40), "y2": number(50)},
        "annopoints": points(truth, row),
        "scale": number(float(truth.scale_N[row])),
        "objpos": struct({"x": number(x), "y": number(y)}),
    }


def release(truth: Mpii) -> dict[str, list[Any]]:
    """The parts of RELEASE, one entry an image; `save_mat` writes them. Tests may change them."""
    parts: dict[str, list[Any]] = {
        name: [] for name in ("name", "annorect", "vididx", "img_train", "single_person", "act")
    }

    def add(name: str, rects: Any, video: int, train: int, alone: list[int], activity: str) -> None:
        parts["name"].append(name)
        parts["annorect"].append(rects)
        parts["vididx"].append(video)
        parts["img_train"].append(train)
        parts["single_person"].append(alone)
        parts["act"].append(activity)

    # the file begins with pictures of the test set: position and scale are all it tells of them
    position = struct({"x": number(70), "y": number(80)})
    unlabelled = {"scale": number(0.7), "objpos": position}
    add("000000001.jpg", struct(unlabelled), -1, 0, [1], "sports")
    add("000000002.jpg", struct(unlabelled, unlabelled), 1, 0, [], "")
    for name in truth.images:
        rows = [row for row, other in enumerate(truth.names) if other == name]
        rects = struct(*[rectangle(truth, row) for row in rows])
        alone = [int(truth.person_N[row]) + 1 for row in rows if truth.alone_N[row]]
        add(name, rects, int(truth.video_N[rows[0]]), 1, alone, truth.activity[rows[0]])
    add("000000003.jpg", NOTHING, -1, 1, [], "")  # nobody was labelled
    add("000000004.jpg", struct(unlabelled), -1, 1, [], "")  # position, no joints
    return parts


def save_mat(path: Path, parts: dict[str, list[Any]], compress: bool = True, **changes: Any):
    count = len(parts["name"])
    annolist = struct(
        *[
            {
                "image": struct({"name": name}),
                "annorect": rects,
                "frame_sec": NOTHING if video < 0 else number(11),
                "vididx": NOTHING if video < 0 else number(video + 1),
            }
            for name, rects, video in zip(
                parts["name"], parts["annorect"], parts["vididx"], strict=True
            )
        ]
    )
    single = np.empty((count, 1), object)
    for place, alone in enumerate(parts["single_person"]):
        single[place, 0] = np.array(alone, np.uint8).reshape(-1, 1) if alone else NOTHING
    act = struct(
        *[
            {
                "cat_name": activity or NOTHING,
                "act_name": "curling" if activity else NOTHING,
                "act_id": number(5 if activity else -1),
            }
            for activity in parts["act"]
        ],
        shape=(count, 1),
    )
    videos = np.empty((1, count), object)
    videos[0, :] = [f"video{place:03d}-_x" for place in range(count)]
    fields = {
        "annolist": annolist,
        "img_train": np.array([parts["img_train"]], np.uint8),
        "version": "12",
        "single_person": single,
        "act": act,
        "video_list": videos,
        **changes,
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"RELEASE": struct(kept)}, do_compression=compress)


def documents(truth: Mpii) -> list[dict[str, Any]]:
    """The entries of the common JSON; only labelled joints have ``joints_vis``, others are -1."""
    return [
        {
            "joints_vis": truth.visible_NJ[row].astype(int).tolist(),
            "joints": np.where(
                truth.visible_NJ[row, :, None], truth.keypoints_NJ2[row] + 1, -1
            ).tolist(),
            "image": truth.names[row],
            "scale": float(truth.scale_N[row]),
            "center": (truth.objpos_N2[row] + 1).tolist(),
        }
        for row in range(len(truth))
    ]


def write_json(folder: Path, truth: Mpii, valid: int = 3) -> None:
    """``train.json``, ``valid.json`` and ``trainval.json``; the last ``valid`` people apart."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = documents(truth)
    split = {"train": entries[:-valid], "valid": entries[-valid:], "trainval": entries}
    for name, chosen in split.items():
        (folder / f"{name}.json").write_text(json.dumps(chosen))


def write_h5(folder: Path, truth: Mpii, valid: int = 3, moved: bool = True) -> None:
    """``train.h5`` and ``valid.h5``.

    The files in circulation have the centre 15 x scale further down, and the scale 1.25 times as
    large; others (``moved`` false) have them as in the official file. Joints are whole numbers,
    and 0 where not labelled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in {"train": slice(None, -valid), "valid": slice(-valid, None)}.items():
        scale_N = truth.scale_N[rows]
        centre_N2 = truth.objpos_N2[rows] + 1
        if moved:
            centre_N2 = centre_N2 + np.array([0, 15]) * scale_N[:, None]
            scale_N = 1.25 * scale_N
        visible_NJ = truth.visible_NJ[rows]
        part_NJ2 = np.floor(truth.keypoints_NJ2[rows] + 1) * visible_NJ[..., None]
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.attrs["name"] = "mpii"
            file["imgname"] = np.array(truth.names[rows], "S13")
            file["index"] = np.arange(len(scale_N), dtype=float)
            file["person"] = truth.person_N[rows].astype(float)
            file["center"], file["scale"], file["part"] = centre_N2, scale_N, part_NJ2
            file["visible"] = (visible_NJ & ~truth.occluded_NJ[rows]).astype(float)
            file["normalize"] = np.full(len(scale_N), 30.0)
            file["torsoangle"] = np.zeros(len(scale_N))
