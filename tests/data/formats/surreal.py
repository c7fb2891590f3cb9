"""Write a tiny SURREAL: the owners' videos with their labels, or a copy cut into crops.

Every frame and crop has a dot of the colour `dot_colour` under each joint that lies in it.

Shapes: T frames of a clip, N crops, J = 24 joints of SMPL in its order, H W image height and
width, 2 = (x, y), 3 = (red, green, blue).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import scipy.io
from tests.datasets import photograph, save_image

WIDTH, HEIGHT = 320, 240
JOINTS = 24


@dataclass
class Clip:
    """What was written: joints2D as in the file, whole pixels counted from the image's edge."""

    video: str
    sequence: str
    joints_TJ2: np.ndarray

    @property
    def points_TJ2(self) -> np.ndarray:
        """Counted from the centre of the first pixel."""
        return self.joints_TJ2 - 0.5


def write_surreal(
    folder: Path,
    frames: int = 4,
    sequences: tuple[str, ...] = ("01_01", "ung_01_02"),
    seed: int = 0,
) -> list[Clip]:
    """``cmu/`` with a clip a sequence and run in train; a sequence of its own in test and val.

    The second sequence has a second clip, of one frame. The clip in val is one of those in test.
    """
    rng = np.random.default_rng(seed)
    clips = []
    for run in range(3):
        for number, sequence in enumerate(sequences):
            clips.append(write_clip(folder, "train", run, sequence, 1, moving(rng, frames)))
            if number == 1:
                clips.append(write_clip(folder, "train", run, sequence, 2, moving(rng, 1)))
        joints_TJ2 = moving(rng, frames)
        clips.append(write_clip(folder, "test", run, "03_01", 1, joints_TJ2))
        if run == 1:
            write_clip(folder, "val", run, "03_01", 1, joints_TJ2)
    return clips


def write_clip(
    folder: Path,
    split: str,
    run: int,
    sequence: str,
    number: int,
    joints_TJ2: np.ndarray,
    pictures: bool = True,
) -> Clip:
    """``<sequence>_c%04d.mp4`` and ``<sequence>_c%04d_info.mat``.

    Args:
        pictures: False writes a file of a few bytes for the video.
    """
    name = f"cmu/{split}/run{run}/{sequence}/{sequence}_c{number:04d}"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    save_info(folder / f"{name}_info.mat", joints_TJ2)
    video = folder / f"{name}.mp4"
    if pictures:
        save_video(video, [frame(points_J2) for points_J2 in joints_TJ2 - 0.5])
    else:
        video.write_bytes(b"no video")
    return Clip(f"{name}.mp4", sequence, joints_TJ2)


def save_info(path: Path, joints_TJ2: np.ndarray, **changes: Any) -> None:
    """The labels of a clip with all their neighbours, as MATLAB compresses them.

    One frame loses its axis: MATLAB keeps no last axis of length one.
    """
    frames = len(joints_TJ2)
    rng = np.random.default_rng(frames)
    joints3_3JT = rng.normal(size=(3, JOINTS, frames)).astype(np.float32)
    joints_2JT = joints_TJ2.transpose(2, 1, 0).astype(np.float32)
    names = [f"/data/lsun/img_{t}.jpg" for t in range(frames)]
    variables = {
        "sequence": path.name.removesuffix("_info.mat"),
        "clipNo": np.uint8(1),
        "source": "cmu",
        "bg": np.array(names, dtype=object)[None],
        "gender": np.zeros((frames, 1), np.uint8),
        "light": rng.normal(size=(9, frames)).astype(np.float32),
        "stride": np.uint8(50),
        "camDist": np.float32(6.7),
        "camLoc": np.array([[6.7], [-1.0], [-1.9]], np.float32),
        "joints2D": joints_2JT[..., 0] if frames == 1 else joints_2JT,
        "joints3D": joints3_3JT[..., 0] if frames == 1 else joints3_3JT,
        "pose": rng.normal(size=(72, frames)).astype(np.float32),
        "zrot": np.full((frames, 1), 2.7, np.float32),
        "cloth": np.array(names, dtype=object)[None],
        "shape": rng.normal(size=(10, frames)).astype(np.float32),
    }
    scipy.io.savemat(path, variables | changes, do_compression=True)


def save_video(path: Path, frame_THW3: list[np.ndarray]) -> None:
    """H.264 with colour at half resolution, as the owners' clips, hardly any loss beside it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=30, options={"crf": "4", "bf": "2", "g": "6"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame_HW3 in frame_THW3:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame_HW3, format="rgb24")))
        container.mux(stream.encode())


def frame(points_J2: np.ndarray) -> np.ndarray:
    """A picture, (240, 320, 3), with a dot under each joint inside it."""
    inside_J = ((points_J2 >= -0.5) & (points_J2 <= [WIDTH - 0.5, HEIGHT - 0.5])).all(-1)
    return photograph(points_J2, inside_J, WIDTH, HEIGHT)


def moving(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Joints (T, 24, 2) in whole pixels that drift together, no dot over another."""
    cells = np.stack(np.meshgrid(np.arange(30, 250, 36), np.arange(30, 190, 36)), -1)
    start_J2 = rng.permutation(cells.reshape(-1, 2))[:JOINTS] + rng.integers(0, 16, (JOINTS, 2))
    step_T2 = np.arange(frames)[:, None] * rng.integers(1, 4, 2)
    return (start_J2 + step_T2[:, None]).astype(np.float64)


@dataclass
class Crops:
    """What was written: one row a crop of a folder, runs one after the other."""

    names: list[str]
    joints_NJ2: np.ndarray


def write_crops(folder: Path, split: str, count: int = 5, seed: int = 0) -> Crops:
    """``{split}/run{0,1,2}.json`` and the crops, square and of different sizes."""
    rng = np.random.default_rng([seed, *split.encode()])
    names, joints = [], []
    for run in range(3):
        rows = []
        for number in range(count):
            side = int(rng.integers(150, 200))
            cells = np.stack(np.meshgrid(*[np.arange(12, side - 20, 20)] * 2), -1).reshape(-1, 2)
            joints_J2 = rng.permutation(cells)[:JOINTS] + rng.uniform(0, 6, (JOINTS, 2))
            name = f"{split}_0{number % 2}_c0001_{number:03d}.jpg"
            every_J = np.ones(JOINTS, bool)
            save_image(
                folder / split / f"run{run}/{name}", photograph(joints_J2, every_J, side, side)
            )
            rows.append(
                {
                    "name": name,
                    "keypoint2d": joints_J2.tolist(),
                    "keypoint3d": rng.normal(size=(JOINTS, 3)).tolist(),
                    "intrinsic_matrix": np.diag([600.0, 600, 1]).tolist(),
                }
            )
            names.append(f"{split}/run{run}/{name}")
            joints.append(joints_J2)
        (folder / split / f"run{run}.json").write_text(json.dumps(rows))
    return Crops(names, np.array(joints))
