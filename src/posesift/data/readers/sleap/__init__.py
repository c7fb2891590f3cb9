"""SLEAP: a project's labels (``.slp``), or its analysis file in HDF5.

Both name videos, or images, that lie elsewhere; each pose is a frame of one. Pixels count as SLEAP
counts since format 1.1, the centre of the first at (0, 0); older labels lose half a pixel.
https://io.sleap.ai and https://docs.sleap.ai

Shapes: N poses, M frames, J keypoints, 2 = (x, y).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from posesift.data.files import hdf5
from posesift.data.files.image_folder import folder_at
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.named_poses import NamedPoses, pose_table
from posesift.data.labels.splits import Split
from posesift.data.readers.about import About
from posesift.data.readers.sleap import analysis, labels, videos
from posesift.poses.table import PoseTable

ABOUT = About(
    title="SLEAP: the labels of your own project, or what it tracked",
    page="https://sleap.ai",
    get="nothing: the project's .slp; or File, Export Analysis HDF5",
    terms="yours",
    tree="""
labels.slp        (this file is the address's path, or an analysis .h5)
videos/           (images=videos)
  day1.mp4 ...
""",
)

_VIDEOS = 4  # from so many on, videos are kept on one side of a split


def read(
    path: str,
    *,
    split: Split = "all",
    boxes: Boxes = "labels",
    images: str | None = None,
    skeleton: str | None = None,
    instances: Literal["user", "predicted"] = "user",
) -> PoseTable:
    """Read the instances, one pose each; ``table.mode_N`` is the track where there are tracks.

    A point that is not marked visible is not labelled. Frames that are embedded in the file
    (``.pkg.slp``) are read from there.

    Args:
        path: the ``.slp``, or the analysis file.
        split: ``train``, ``test`` or ``all``. The last quarter of the videos is the test where
            there are four or more, else that of the frames.
        boxes: ``labels``, for the file has none; ``file`` is the whole frame.
        images: folder of the videos or images; without it, the file's own. Of a path of another
            computer the longest end that lies in the folder is taken. Of embedded frames it is
            the folder of the videos that they were taken from, to read these instead.
        skeleton: name or TOML file; ``file`` for that of the file. Without it, the built-in
            skeleton that has just these keypoints, else ``file``.
        instances: ``user`` for those that people labelled, ``predicted`` for SLEAP's own. An
            analysis file does not tell, and holds both.

    Raises:
        ValueError: h5py is not installed, the file is none of both, has no such instances, or more
            than 5 % of the poses (and more than one) are bad.
    """
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        raise ValueError(f"expected {labels.TOLD} at {file}, found no file")
    _, present = hdf5.arrays(file, (), labels.TOLD)
    found = analysis.load(file) if "tracks" in present else labels.load(file, instances)
    root = file.parent if images is None else folder_at(images)
    shown = videos.frames(
        found.videos if images else videos.inside_file(file, found.videos),
        found.video_N,
        found.frame_N,
        root,
    )
    several = len({*found.video_N.tolist()}) >= _VIDEOS
    seen_NJ = np.all(np.isfinite(found.points_NJ2), axis=-1)
    return pose_table(
        NamedPoses(
            names_J=found.names_J,
            keypoints_NJ2=np.where(seen_NJ[..., None], found.points_NJ2, 0),
            seen_NJ=seen_NJ.astype(int),
            image_N=shown.image_N,
            images_M=shown.photos.names_M,
            size_M2=shown.photos.size_M2,
            sample_N=[
                f"{found.videos[v].called}, frame {f}"
                for v, f in zip(found.video_N.tolist(), found.frame_N.tolist(), strict=True)
            ],
            mode_N=found.mode_N,
            clip_N=[found.videos[v].called for v in found.video_N.tolist()] if several else None,
            limbs=found.limbs,
            mirror=found.mirror or None,
            problems=found.problems,
        ),
        file,
        split=split,
        boxes=boxes,
        images=images,
        skeleton=skeleton,
        photos=(shown.root, shown.photos),
    )
