"""Human3.6M: a folder as given out (S1/..), as its JSON re-release, or as the reference code's.

Ionescu, Papava, Olaru and Sminchisescu, "Human3.6M: Large Scale Datasets and Predictive Methods
for 3D Human Sensing in Natural Environments", TPAMI 2014; seven labelled people, fifteen actions,
four cameras, motion capture. `cdf` and `json_release` tell the layouts.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from posesift import progress
from posesift.data.labels.boxes import Boxes
from posesift.data.labels.splits import Split
from posesift.data.readers.about import About
from posesift.data.readers.human36m import cdf, photographs
from posesift.data.readers.human36m import json_release as release
from posesift.data.readers.human36m.clips import Choice
from posesift.data.readers.parts import Part
from posesift.poses.table import PoseTable, joined

ABOUT = About(
    title="Human3.6M: videos of people in a laboratory doing fifteen actions, 3D motion capture",
    page="http://vision.imar.ro/human3.6m/",
    get="per subject: the videos and the poses 'D2 Positions' (.cdf)",
    terms="registration; academic, non-commercial use; may not be passed on",
    tree="""
S1/
  MyPoseFeatures/D2_Positions/Directions 1.54138969.cdf ...
  Videos/Directions 1.54138969.mp4 ...
S5/ S6/ S7/ S8/ S9/ S11/

or, as JSON:

annotations/
  Human36M_subject1_camera.json
  Human36M_subject1_data.json
  Human36M_subject1_joint_3d.json
  ...
images/
  s_01_act_02_subact_01_ca_01/
    s_01_act_02_subact_01_ca_01_000001.jpg ...
""",
    cite="Ionescu et al., TPAMI 2014",
)

TRAIN = (1, 5, 6, 7, 8)
"""Subjects of the field's training set."""
TEST = (9, 11)
"""Subjects of the field's test set: nobody is in both."""

_OF_SPLIT = {"train": TRAIN, "test": TEST, "all": TRAIN + TEST}


def read(
    path: str,
    *,
    split: Split = "all",
    every: int = 1,
    subjects: str | None = None,
    boxes: Boxes = "labels",
    parity: bool = False,
) -> PoseTable:
    """Read the folder, in whichever of the three layouts.

    All joints carry the person's own sides, as the reference code has them too: it is right here.
    Thorax is the mean of the shoulders, upper neck the node between them, head top the end of the
    head. Joints that lie off the image are invisible; what hides joints is not known.
    World coordinates are projected without the lens's distortion, as the field does. The 2D
    positions of the official files contain it. Whether the cameras count pixels from 0 or from 1
    is not documented; coordinates are taken as they are, as everybody does.

    Videos that lack more than 5 % of their photographs, or cannot be read, are left out and
    listed, and so are the few whose poses are more than 10 frames more or fewer than their
    frames. Subjects that are not there are listed. A folder that has both is read from
    ``images/``, not from the reference code's ``crop_images/``.

    Args:
        path: the folder.
        split: ``train`` (subjects 1, 5, 6, 7, 8), ``test`` (9, 11) or ``all``.
        every: of so many frames of each video, the first.
        subjects: only these, as in ``9+11``.
        boxes: ``labels``, or ``file``: the whole image, for the set has no other boxes. Images
            that the reference code has cut out around the labels are used whole.
        parity: the reference code's samples: every 5th entry of each list, and of the test 3,200
            drawn from these with replacement (so some come several times), in its order; and its
            crops, 1.5 times the labels' extent. Its joints are those of the default.

    Raises:
        ValueError: the folder has none of the layouts, a file is broken, more than 5 % of a
            subject's videos cannot be used, or nothing is left.
    """
    found = _find(path, split, every, subjects, boxes, parity)
    tables = [part.read() for part in progress.track(found.parts(), "reading Human3.6M")]
    table = joined(tables)
    if not len(table):
        raise ValueError(
            f"{found.folder}: nothing is left" + "".join(f"\n  {p}" for p in table.problems[:5])
        )
    return found.ordered(table)


def parts(
    path: str,
    *,
    split: Split = "all",
    every: int = 1,
    subjects: str | None = None,
    boxes: Boxes = "labels",
    parity: bool = False,
) -> Iterator[Part]:
    """Return the same, one part a video; see `read`.

    With ``parity`` the parts hold the same samples as often, but video by video.
    """
    return _find(path, split, every, subjects, boxes, parity).parts()


class _Found(NamedTuple):
    """A folder whose layout is known: its parts, and the order of the table."""

    folder: Path
    parts: Callable[[], Iterator[Part]]
    ordered: Callable[[PoseTable], PoseTable] = lambda table: table


def _find(
    path: str, split: Split, every: int, subjects: str | None, boxes: Boxes, parity: bool
) -> _Found:
    folder = Path(path).expanduser().resolve()
    wanted = _subjects(split, every, subjects, parity)
    layouts = {
        "release": (release.has_release, folder / "images"),
        "crops": (release.has_crops, folder / "crop_images"),
        "cdf": (cdf.has_subject, folder),
    }
    found = {
        name: [subject for subject in wanted if there(folder, subject)]
        for name, (there, images) in layouts.items()
        if images.is_dir()
    }
    layout = next((name for name, there in found.items() if there), None)
    if layout is None:
        raise ValueError(_nothing(folder, wanted))
    there = found[layout]
    images = layouts[layout][1]
    lacking = [f"subject {s} is not in {folder}" for s in wanted if s not in there]
    if parity and (lacking or layout == "cdf"):
        raise ValueError(
            f"{folder}: parity=true needs all subjects of the split as JSON: "
            + (lacking[0] if lacking else "this folder holds the official files")
        )
    own = "cut" if layout == "crops" else "published" if parity else boxes
    choice = Choice(there, every, own)
    if layout == "cdf":
        return _Found(folder, lambda: _telling(cdf.video_parts(folder, choice), lacking))
    load = functools.partial(
        release.read_release if layout == "release" else release.read_crops, folder
    )
    if not parity:
        return _Found(
            folder,
            lambda: _telling(photographs.photograph_parts(load, images, choice), lacking),
        )
    rows, names = photographs.published_rows(
        load, there, test=split == "test", prepared=layout == "crops"
    )
    return _Found(
        folder,
        lambda: photographs.photograph_parts(load, images, choice, rows),
        lambda table: photographs.in_published_order(table, names),
    )


def _subjects(split: Split, every: int, subjects: str | None, parity: bool) -> list[int]:
    """Return the numbers of the subjects that the address asks for."""
    if every < 1:
        raise ValueError(f"expected every of at least 1, found {every}")
    published = photographs.PUBLISHED_EVERY
    if parity and (every not in (1, published) or subjects is not None):
        raise ValueError(
            f"parity=true has its own frames (every={published}) and subjects; leave out every= "
            "and subjects="
        )
    of_split = list(_OF_SPLIT[split])
    if subjects is None:
        return of_split
    words = subjects.split("+")
    known = {str(subject) for subject in TRAIN + TEST}
    if not set(words) <= known:
        raise ValueError(
            f"expected subjects among {', '.join(map(str, TRAIN + TEST))}, joined by +, as in "
            f"subjects=9+11, found {subjects!r}"
        )
    chosen = [subject for subject in of_split if str(subject) in words]
    if not chosen:
        raise ValueError(
            f"no subject of {subjects} is in split={split}, which has "
            f"{', '.join(map(str, of_split))}"
        )
    return chosen


def _telling(parts: Iterator[Part], problems: list[str]) -> Iterator[Part]:
    """Yield the parts, of which the first tells what is wrong with the whole."""
    first = next(parts, None)
    if first is None:
        return

    def read_first() -> PoseTable:
        table = first.read()
        return dataclasses.replace(table, problems=[*problems, *table.problems])

    yield Part(first.name, read_first)
    yield from parts


def _nothing(folder: Path, wanted: list[int]) -> str:
    subjects = ", ".join(map(str, wanted))
    if any(release.has_release(folder, subject) for subject in wanted):
        return f"expected the photographs of Human3.6M in {folder / 'images'}, found no folder"
    if any(release.has_crops(folder, subject) for subject in wanted):
        return (
            f"expected the reference code's crops in {folder / 'crop_images'}, or the re-release "
            f"in {folder / 'images'}; found keypoints2d files alone"
        )
    return (
        f"expected in {folder} Human3.6M's subjects {subjects}: "
        f"S{wanted[0]}/MyPoseFeatures/D2_Positions/ and S{wanted[0]}/Videos/, or "
        f"annotations/Human36M_subject{wanted[0]}_data.json and images/; found "
        + ("neither" if folder.is_dir() else "no folder")
    )
