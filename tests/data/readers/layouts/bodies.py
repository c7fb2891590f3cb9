"""People: Leeds Sports Pose, MPII, Human3.6M, SURREAL.

Shapes: N samples, J joints, 2 = (x, y), 4 = (left, top, width, height).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
from tests.data.formats import (
    human36m,
    lsp,
    mpii,
    surreal,
)
from tests.data.readers.layouts.layout import (
    Places,
    Written,
    in_json,
    layout,
    rename_first,
    rename_listed,
)
from tests.datasets import write_lspet

# Leeds Sports Pose: the order that the sets' pages give, by name: an independent reference.
LEEDS = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
    *("upper_neck", "head_top"),
)


def _move_leeds(folder: Path, places: Places) -> None:
    values = scipy.io.loadmat(folder / "joints.mat")["joints"]
    for joint, (x, y) in places.items():
        if values.shape[:2] == (14, 3):  # the extended set, which says what is visible
            values[joint, :, 0] = (x + 1, y + 1, 1)
        else:
            values[:, joint, 0] = (x + 1, y + 1, 0)
    lsp.save_joints(folder, values)


@layout("lsp", "joints.mat", expected="joints.mat and images/", opens=True, move=_move_leeds)
def _lsp(folder: Path) -> Written:
    truth = lsp.write_lsp(folder, n=24)
    return Written(
        address=f"lsp:{folder}",
        names=[f"images/{name}" for name in truth.names],
        joints=LEEDS,
        keypoints_NJ2=truth.keypoints_NJ2,
        size_N2=truth.size_N2,
        occluded_NJ=truth.occluded_NJ,
    )


@layout("lspet", "joints.mat", expected="joints.mat and images/", opens=True, move=_move_leeds)
def leeds_extended(folder: Path) -> Written:
    truth = write_lspet(folder, n=24)
    return Written(
        address=f"lspet:{folder}",
        names=[f"images/{name}" for name in truth.names],
        joints=LEEDS,
        keypoints_NJ2=truth.keypoints_NJ2,
        visible_NJ=truth.visible_NJ,
        size_N2=truth.size_N2,
    )


# MPII: the joints by ``id``, as the set's page gives them.
MPII = (*LEEDS[:6], "pelvis", "thorax", "upper_neck", "head_top", *LEEDS[6:12])


def _mpii(folder: Path, truth: mpii.Mpii, **more: Any) -> Written:
    return Written(
        address=f"mpii:{folder}",
        names=truth.names,
        joints=MPII,
        keypoints_NJ2=truth.keypoints_NJ2,
        visible_NJ=truth.visible_NJ,
        size_N2=truth.size_N2,
        colour_NJ=np.arange(16) + 16 * truth.person_N[:, None],
        boxes_from="file",
        **more,
    )


def _rename_mpii(folder: Path, name: str) -> None:
    truth = mpii.people(16)
    truth.names[0] = name
    if (folder / mpii.MAT).exists():
        mpii.save_mat(folder / mpii.MAT, mpii.release(truth))
    elif (folder / "annot/train.json").exists():
        mpii.write_json(folder / "annot", truth)
    else:
        mpii.write_h5(folder / "annot", truth)


MPII_LAYOUT = {"expected": "annot/train.json", "opens": True, "rename": _rename_mpii}


@layout("mpii/mat", mpii.MAT, **MPII_LAYOUT)
def _mpii_mat(folder: Path) -> Written:
    truth = mpii.write_mpii(folder, images=16)
    # some people have no flags: then nothing is said to be hidden
    kept_N = np.array([mpii.flags_kept(row) for row in range(len(truth))])
    videos = zip(truth.video_N, truth.names, strict=True)
    return _mpii(
        folder,
        truth,
        occluded_NJ=truth.occluded_NJ & kept_N[:, None],
        mode_N=[activity or "unknown" for activity in truth.activity],
        clip_N=[name if video < 0 else f"video{video:03d}-_x" for video, name in videos],
        problems=("skipped: 1 people without labelled joints",),
    )


def _move_mpii(entries: list[dict[str, Any]], places: Places) -> None:
    for joint, (x, y) in places.items():
        entries[0]["joints"][joint], entries[0]["joints_vis"][joint] = [x + 1, y + 1], 1


@layout(
    "mpii/json",
    *("annot/train.json", "annot/valid.json"),
    move=in_json("annot/train.json", _move_mpii),
    **MPII_LAYOUT,
)
def _mpii_json(folder: Path) -> Written:
    truth = mpii.write_mpii(folder, images=16, mat=False)
    mpii.write_json(folder / "annot", truth)
    return _mpii(folder, truth)


def _move_mpii_h5(folder: Path, places: Places) -> None:
    with h5py.File(folder / "annot/train.h5", "r+") as file:
        for joint, (x, y) in places.items():
            file["part"][0, joint] = (x + 1, y + 1)


@layout("mpii/h5", "annot/train.h5", "annot/valid.h5", move=_move_mpii_h5, **MPII_LAYOUT)
def _mpii_h5(folder: Path) -> Written:
    truth = mpii.write_mpii(folder, images=16, mat=False)
    mpii.write_h5(folder / "annot", truth)
    truth.keypoints_NJ2 = np.floor(truth.keypoints_NJ2)
    return _mpii(folder, truth, occluded_NJ=truth.occluded_NJ)


def _human36m(folder: Path, truth: human36m.Human36M, **more: Any) -> Written:
    keypoints = human36m.KEYPOINTS
    marked = {joint: (number, 0) for number, joint in enumerate(human36m.JOINTS)}
    colour_of = {name: x for name, (x, _) in human36m.by_keypoint(marked).items()}
    placed = [human36m.by_keypoint(points) for points in truth.points]
    colour_J = [-1 if name == "thorax" else colour_of[name] for name in keypoints]
    return Written(
        address=f"human36m:{folder},subjects=1+9",
        names=truth.names,
        joints=keypoints,
        keypoints_NJ2=np.array([[points[name] for name in keypoints] for points in placed]),
        size_N2=np.array(truth.sizes),
        colour_NJ=np.tile(colour_J, (len(truth), 1)),
        mode_N=truth.modes,
        clip_N=truth.clips,
        boxes_from="labels",
        **more,
    )


HUMAN36M_LAYOUT = {"expected": "MyPoseFeatures", "own_picture": False}


@layout(
    "human36m/json",
    *[f"annotations/Human36M_subject9_{what}.json" for what in ("data", "joint_3d", "camera")],
    rename=in_json("annotations/Human36M_subject1_data.json", rename_listed),
    **HUMAN36M_LAYOUT,
)
def _human36m_json(folder: Path) -> Written:
    truth = human36m.write_human36m(folder, frames=2)
    # the thorax is the mean in the room, not in the picture
    return _human36m(folder, truth, unchecked=("thorax",))


@layout(
    "human36m/crops",
    "annotations/keypoints2d_9.json",
    rename=in_json("annotations/keypoints2d_1.json", rename_first),
    **HUMAN36M_LAYOUT,
)
def _human36m_crops(folder: Path) -> Written:
    return _human36m(folder, human36m.write_human36m_crops(folder, frames=11))


@layout(
    "human36m/cdf", "S9/MyPoseFeatures/D2_Positions/TakingPhoto.54138969.cdf", **HUMAN36M_LAYOUT
)
def _human36m_cdf(folder: Path) -> Written:
    return _human36m(folder, human36m.write_human36m_cdf(folder, frames=3), dots_within=90)


# SURREAL: the picture is a mirror's, so who has SMPL's left ankle there is seen to have it on the
# right; joints without a name are not read.
SMPL = (
    *("pelvis", "right_hip", "left_hip", "", "right_knee", "left_knee", "", "right_ankle"),
    *("left_ankle", "", "", "", "thorax", "", "", "upper_neck", "right_shoulder"),
    *("left_shoulder", "right_elbow", "left_elbow", "right_wrist", "left_wrist", "", ""),
)


@layout(
    "surreal/videos",
    "cmu/train/run0/04_01/04_01_c0001_info.mat",
    expected="cmu/train/run0/",
    choice="run=0",
    cut_here=False,
    own_picture=False,
)
def _surreal(folder: Path) -> Written:
    sequences = tuple(f"0{number}_01" for number in range(4, 10))
    clips = surreal.write_surreal(folder, frames=2, sequences=sequences)
    clips.sort(key=lambda clip: ("/test/" in clip.video, clip.video))
    frames = [(clip, t) for clip in clips for t in range(len(clip.joints_TJ2))]
    return Written(
        address=f"surreal:{folder}",
        others=(f"surreal:{folder}/cmu",),
        names=[f"{clip.video}#{t}" for clip, t in frames],
        joints=SMPL,
        keypoints_NJ2=np.concatenate([clip.points_TJ2 for clip in clips]),
        size_N2=np.tile((surreal.WIDTH, surreal.HEIGHT), (len(frames), 1)),
        clip_N=[clip.sequence for clip, _ in frames],
        boxes_from="labels",
    )


@layout(
    "surreal/crops",
    *("train/run0.json", "val/run2.json"),
    expected="train/run0.json",
    cut_here=False,
    rename=in_json("train/run0.json", rename_first),
)
def _surreal_crops(folder: Path) -> Written:
    written = [surreal.write_crops(folder, split) for split in ("train", "test", "val")]
    names = [name for crops in written for name in crops.names]
    return Written(
        address=f"surreal:{folder}",
        names=names,
        joints=SMPL,
        keypoints_NJ2=np.concatenate([crops.joints_NJ2 for crops in written]),
        clip_N=[Path(name).name.partition("_c")[0] for name in names],
    )
