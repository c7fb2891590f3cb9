"""Human3.6M as its owners give it out: videos, and 2D positions in the Common Data Format.

``S1/MyPoseFeatures/D2_Positions/Directions 1.54138969.cdf`` holds the variable ``Pose`` of shape
(1, frames, 64), x and y of 32 nodes in pixels, with the lens's distortion, of the video
``S1/Videos/Directions 1.54138969.mp4``. Both begin with the same frame; the video often has a few
frames more. What is called ``_ALL`` is no action.

Shapes: T frames, J 17 joints, K the 16 keypoints of ``body16``, 2 = (x, y).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from posesift.data.files import video
from posesift.data.files.listed import listed
from posesift.data.readers.human36m.clips import Choice, clip_table, no_table
from posesift.data.readers.human36m.joints import NODES, body16, mode
from posesift.data.readers.parts import LeftOut, Part
from posesift.poses.table import PoseTable

_POSES = "MyPoseFeatures/D2_Positions"
_ALL_NODES = 32
_FEW = 10  # frames by which a video and its poses may differ and still be used
_VARIABLES = 1000  # of a file; one of poses has a handful
_KNOWN_BROKEN = {("S11", "Directions.54138969")}
"""A video that is corrupt as it is given out; the field leaves it out."""


def has_subject(folder: Path, subject: int) -> bool:
    """Whether the 2D positions of a subject are there."""
    return (folder / f"S{subject}" / _POSES).is_dir()


def video_parts(folder: Path, choice: Choice) -> Iterator[Part]:
    """One part a video, by subject and name.

    Raises:
        ValueError: cdflib is not installed, or a folder holds no positions.
    """
    _reader()
    for subject in choice.subjects:
        positions = folder / f"S{subject}" / _POSES
        files = [positions / n for n in listed(positions, end=".cdf") if not n.startswith("_ALL")]
        if not files:
            raise ValueError(
                f"expected files such as Directions.54138969.cdf in {positions}, found none"
            )
        left_out = LeftOut(len(files), "videos", f"{folder}, subject {subject}")
        for file in files:
            name = f"S{subject}/{file.stem}"
            yield Part(name, functools.partial(_video, folder, choice, left_out, file, subject))


def _video(folder: Path, choice: Choice, left_out: LeftOut, file: Path, subject: int) -> PoseTable:
    """Return the table of the chosen frames of one video."""
    name = f"S{subject}/Videos/{file.stem}.mp4"
    clip = f"S{subject}/{file.stem}"
    if (f"S{subject}", file.stem) in _KNOWN_BROKEN:
        return no_table(str(folder), choice, f"left out: {name}, corrupt as it is given out")
    try:
        points_TK2 = _points(file)
        # an mp4 counts its frames in the header; to go through all would read 100 GB
        width, height, frames = video.told(folder / name)
    except ValueError as error:
        return no_table(str(folder), choice, left_out.add(clip, str(error)))
    told = []
    if frames != len(points_TK2):
        what = f"{name} has {frames} frames and {len(points_TK2)} poses"
        if abs(frames - len(points_TK2)) > _FEW:
            # some videos are like that as given out, so it does not stop the reading
            return no_table(str(folder), choice, f"left out: {what}, which fit is not known")
        told = [f"{what}; the first {min(frames, len(points_TK2))} are used"]
    frame_N = np.arange(0, min(frames, len(points_TK2)), choice.every)
    image_N = np.array([f"{name}#{frame}" for frame in frame_N.tolist()], dtype=object)
    return clip_table(
        points_TK2[frame_N],
        (width, height),
        image_N,
        clip,
        mode(file.stem.partition(".")[0]),
        str(folder),
        choice,
        problems=told,
    )


def _points(file: Path) -> np.ndarray:
    """Return the keypoints of every frame, (T, 16, 2) pixels.

    Raises:
        ValueError: the file is cut short, or holds something else.
    """
    open_file = _reader()
    try:
        opened = open_file(file)
        # cdflib goes through as many variables as a file says it has, in a circle if need be
        if max(opened._num_zvariable, opened._num_rvariable) > _VARIABLES:
            raise ValueError("it says that it has thousands of variables")
        found = np.asarray(opened.varget("Pose"))
    except Exception as error:  # cdflib raises whatever a broken byte leads it to
        raise ValueError(
            f"{file} is not a CDF file with a variable 'Pose' that can be read: {error}; "
            "it may be cut short, copy it anew"
        ) from None
    if found.ndim < 2 or found.shape[-1] != 2 * _ALL_NODES or found.dtype.kind != "f":
        raise ValueError(
            f"{file}: expected 'Pose' to be numbers of shape (1, frames, 64), x and y of 32 "
            f"joints, found {found.dtype} of shape {found.shape}"
        )
    nodes_TJ2 = found.reshape(-1, _ALL_NODES, 2).astype(np.float64)
    return body16(nodes_TJ2[:, NODES])


def _reader():
    try:
        from cdflib import CDF
    except ImportError:
        raise ValueError(
            "Human3.6M's own files (.cdf) need the package cdflib, which is not installed: "
            "pip install 'posesift[human36m]'"
        ) from None
    return CDF
