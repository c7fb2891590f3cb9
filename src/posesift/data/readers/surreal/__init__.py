"""SURREAL: rendered people in motion, the owners' videos or a copy cut into crops.

Varol et al., "Learning from Synthetic Humans", CVPR 2017; bodies of SMPL that move as people did
in CMU's motion capture, before photographs of rooms. What the folder holds decides how it is
read: ``cmu/{train,val,test}/run{0,1,2}/<sequence>/<clip>.mp4`` with ``<clip>_info.mat``, as the
owners give it out, or ``{train,val,test}/run{0,1,2}.json`` beside folders of images
(`posesift.data.readers.surreal.crops`). What is known of the joints and of their sides:
`posesift.data.readers.surreal.joints`.

Shapes: N frames that are read, T frames of a clip, J = 24 joints of SMPL, K keypoints of
``body16``, 2 = (x, y).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from posesift import skeletons
from posesift.data.files import matlab
from posesift.data.files.listed import listed
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.labelled import labelled
from posesift.data.readers.about import About
from posesift.data.readers.parts import LeftOut, Part
from posesift.data.readers.surreal.crops import crop_parts
from posesift.data.readers.surreal.joints import keypoints
from posesift.poses.table import PoseTable, joined

ABOUT = About(
    title="SURREAL: 6.5 million rendered frames of people in motion, 24 joints",
    page="https://www.di.ens.fr/willow/research/surreal/data/",
    get="the .mp4 and _info.mat files of cmu (7 of 96 GB), with the script that is given there",
    terms="non-commercial scientific research only; accept the licence to get a password",
    tree="""
cmu/
  train/ val/ test/
    run0/ run1/ run2/
      01_01/ ...
        01_01_c0001.mp4
        01_01_c0001_info.mat
or a copy cut into crops:
  train/ val/ test/
    run0.json run1.json run2.json
    run0/ run1/ run2/
      <image> ...
""",
    cite="Varol et al., CVPR 2017",
)

WIDTH, HEIGHT = 320, 240
"""Of every frame; checked when pixels are read."""

SurrealSplit = Literal["all", "train", "val", "test"]
Run = Literal["0", "1", "2", "all"]

# in the order in which `all` reads them: a clip that is in test is not taken from val again
_SPLITS = ("train", "test", "val")
_RUNS = ("0", "1", "2")
_INFO = "_info.mat"
_BASES = (".", "cmu", "data/cmu", "SURREAL/data/cmu")  # the last two: as the archive unpacks


def read(
    path: str,
    *,
    split: SurrealSplit = "all",
    run: Run = "all",
    every: int = 1,
    boxes: Boxes = "labels",
    parity: bool = False,
) -> PoseTable:
    """Read the labels; no video is opened for it.

    The owners' split keeps performers apart: none is in both train and test. ``clip`` names the
    sequence, which is filmed anew in every run. Joints outside the frame are not visible. Frames
    without a joint inside (people walk out of the picture), or with all joints in one point (never
    labelled), show no pose: they are left out and listed, and do not count as bad. A clip whose
    video or labels are missing or broken does.

    Parity, for comparison with published figures, takes RegDA's and UDAPE's joints (collars as
    shoulders, the head's centre as its top) and coordinates as stored. On a copy of crops also
    their split: the lists of the train folder, shuffled with seed 42, lose their first
    ``min(0.2 N, 3200)`` images, those of the test folder keep only that many, ``val`` keeps all.
    Joints outside the image have a weight there that their heatmaps make zero; here they are not
    visible.

    Args:
        path: the folder above ``cmu``, ``cmu`` itself, or the folder of a copy.
        split: the folder of that name. The owners' val is a part of their test: ``all`` is every
            clip once.
        run: the owners rendered every sequence three times, cut into clips that overlap by 50,
            30 and 70 %.
        every: take frames 0, n, 2n, ... of each clip; of crops, each n-th.
        boxes: ``labels`` for boxes around the labels, ``file`` for the whole frame. Crops are
            already cut around the labels: their box is the whole image.
        parity: see above.

    Raises:
        ValueError: the folder is not as described, it has nothing for this split and run, or more
            than 5 % of the clips (crops: of the images) are bad.
    """
    found = parts(path, split=split, run=run, every=every, boxes=boxes, parity=parity)
    table = joined([part.read() for part in found])
    if not len(table):
        raise ValueError(f"{path}: expected poses, found no frame with a joint inside the picture")
    return table


def parts(
    path: str,
    *,
    split: SurrealSplit = "all",
    run: Run = "all",
    every: int = 1,
    boxes: Boxes = "labels",
    parity: bool = False,
) -> Iterator[Part]:
    """Yield what `read` reads, clip by clip (crops: some thousands at a time), in a fixed order.

    A clip's labels are opened when its part is read. A bad clip is an empty part with a line in
    ``problems``; the one that makes them more than 5 % of all clips raises.
    """
    if every < 1:
        raise ValueError(f"expected every of at least 1, found {every}")
    folder = Path(path).expanduser().resolve()
    splits = _SPLITS if split == "all" else (split,)
    runs = _RUNS if run == "all" else (run,)
    if any((folder / s / f"run{r}.json").is_file() for s in _SPLITS for r in _RUNS):
        return crop_parts(folder, splits, runs, every, parity)
    base = _base(folder)
    videos = _videos(base, splits, runs)
    if not videos:
        raise ValueError(
            f"{base}: expected clips such as train/run0/01_01/01_01_c0001.mp4, found none for "
            f"split={split}, run={run}"
        )
    left_out = LeftOut(len(videos), "clips", str(base))
    read_clip = partial(
        _clip, base.parent, left_out, skeletons.load("body16"), every, boxes, parity
    )
    return (Part(video, partial(read_clip, video)) for video in videos)


def _base(folder: Path) -> Path:
    """Return the folder that holds train/, val/ and test/."""
    for place in _BASES:
        base = (folder / place).resolve()
        if any((base / s / f"run{r}").is_dir() for s in _SPLITS for r in _RUNS):
            return base
    raise ValueError(
        "expected a SURREAL folder with cmu/train/run0/ and the like, or a copy with "
        f"train/run0.json, found {'neither in' if folder.is_dir() else 'no folder at'} {folder}"
    )


def _videos(base: Path, splits: Sequence[str], runs: Sequence[str]) -> list[str]:
    """``cmu/train/run0/01_01/01_01_c0001.mp4``: every clip once, relative to the folder above."""
    split_of: dict[str, str] = {}
    for split in splits:
        for run in runs:
            for sequence in listed(base / split / f"run{run}"):
                names = listed(base / split / f"run{run}" / sequence)
                # what has a video or labels: one without the other is a bad clip
                clips = {name.removesuffix(".mp4") for name in names if name.endswith(".mp4")}
                clips |= {name.removesuffix(_INFO) for name in names if name.endswith(_INFO)}
                for clip in sorted(clips):
                    split_of.setdefault(f"run{run}/{sequence}/{clip}", split)
    return [f"{base.name}/{split}/{clip}.mp4" for clip, split in split_of.items()]


def _clip(
    root: Path,
    left_out: LeftOut,
    skeleton: skeletons.Skeleton,
    every: int,
    boxes: Boxes,
    parity: bool,
    video: str,
) -> PoseTable:
    """Give the frames of a clip that show a pose; of a bad clip none, and a line that says why."""
    problems = []
    try:
        _check_there(root / video)
        joints_TJ2 = _joints(root / (video.removesuffix(".mp4") + _INFO))
    except ValueError as error:
        problems.append(left_out.add(video, str(error)))
        joints_TJ2 = np.empty((0, 24, 2))
    frame_N = np.arange(0, len(joints_TJ2), every)
    joints_NJ2 = joints_TJ2[frame_N]
    size_2 = np.array([WIDTH, HEIGHT])
    # the file counts from the image's edge, a pose table from the centre of a pixel
    keypoints_NK2, visible_NK = keypoints(joints_NJ2 - (0 if parity else 0.5), size_2, parity)
    posed_N = visible_NK.any(1) & (joints_NJ2 != joints_NJ2[:, :1]).any((1, 2))
    if not posed_N.all():
        problems.append(
            f"left out: {video}: {np.sum(~posed_N)} of {len(posed_N)} frames, the first #"
            f"{frame_N[np.argmin(posed_N)]}, have no joint inside the picture or no labels"
        )
    names = [f"{video}#{t}" for t in frame_N[posed_N].tolist()]
    return labelled(
        skeleton,
        keypoints_NK2[posed_N],
        visible_NK[posed_N],
        np.broadcast_to(size_2, (len(names), 2)),
        names,
        str(root),
        boxes=boxes,
        problems=problems,
        image_N=np.array(names, dtype=object),
        root=str(root),
        clip_N=np.full(len(names), video.split("/")[-2], dtype=object),
    )


def _check_there(video: Path) -> None:
    """Refuse a video without content; it is not opened."""
    try:
        size = video.stat().st_size
    except OSError:
        raise ValueError(f"expected the video of its labels at {video}, found no file") from None
    if not size:
        raise ValueError(f"the video {video} is empty: download it anew")


def _joints(path: Path) -> np.ndarray:
    """``joints2D`` of a clip as (T, 24, 2); a single frame comes without the last axis."""
    (joints,) = matlab.load(path, "joints2D")
    if joints.shape[:2] != (2, 24) or joints.ndim > 3 or joints.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: expected 'joints2D' to be numbers of shape (2, 24, T), found {joints.dtype} "
            f"of shape {joints.shape}"
        )
    if not joints.size:
        raise ValueError(f"{path}: expected 'joints2D' of at least one frame, found none")
    return joints.reshape(2, 24, -1).T.astype(np.float64)
