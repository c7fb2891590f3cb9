"""Human3.6M's official files: videos and .cdf positions."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
from tests.data.formats.human36m import (
    KEYPOINTS,
    Human36M,
    positions,
    save_cdf,
    write_human36m_cdf,
)
from tests.telling import assert_told

from posesift.data.readers import read
from posesift.data.readers.human36m import parts
from posesift.data.readers.human36m.joints import JOINTS as NAMED
from posesift.data.readers.human36m.joints import NODES
from posesift.poses.table import joined

# The motion capture's skeleton, node by node: an independent reference.
SKELETON = (
    *("Hips", "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase", "Site"),
    *("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "Site"),
    *("Spine", "Spine1", "Neck", "Head", "Site"),
    *("LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "LeftHandThumb", "Site"),
    *("L_Wrist_End", "Site"),
    *("RightShoulder", "RightArm", "RightForeArm", "RightHand", "RightHandThumb", "Site"),
    *("R_Wrist_End", "Site"),
)
NODE_NAME = {
    "pelvis": "Hips",
    "torso": "Spine1",
    "neck": "Neck",
    "nose": "Head",
    "head": "Site",
    **{f"{s} hip": f"{s.title()}UpLeg" for s in ("right", "left")},
    **{f"{s} knee": f"{s.title()}Leg" for s in ("right", "left")},
    **{f"{s} ankle": f"{s.title()}Foot" for s in ("right", "left")},
    **{f"{s} shoulder": f"{s.title()}Arm" for s in ("right", "left")},
    **{f"{s} elbow": f"{s.title()}ForeArm" for s in ("right", "left")},
    **{f"{s} wrist": f"{s.title()}Hand" for s in ("right", "left")},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Human36M:
    return write_human36m_cdf(tmp_path_factory.mktemp("human36m"))


@pytest.fixture
def folder(written, tmp_path):
    """A copy of one subject, to break."""
    shutil.copytree(written.path / "S9", tmp_path / "S9")
    return tmp_path


def test_nodes_are_the_joints_of_their_names():
    assert len(SKELETON) == 32
    for node, joint in zip(NODES, NAMED, strict=True):
        assert SKELETON[node] == NODE_NAME[joint]
    assert SKELETON[NODES[NAMED.index("head")] - 1] == "Head", "the end of the head, not of a foot"


def test_splits_parts_and_every_nth_frame(written):
    test = read(f"human36m:{written.path},split=test,every=2")
    assert {clip[:3] for clip in test.clip_N} == {"S9/"}
    assert [name.rpartition("#")[2] for name in test.image_N] == ["0", "2", "4"] * 4
    assert test.problems == [f"subject 11 is not in {written.path}"]
    found = list(parts(str(written.path), split="train"))
    assert [part.name for part in found] == list(dict.fromkeys(written.clips[:20]))
    again = joined([part.read() for part in reversed(found)][::-1])
    train = read(f"human36m:{written.path},split=train")
    np.testing.assert_array_equal(again.keypoints_NK2, train.keypoints_NK2)
    whole = read(f"human36m:{written.path},split=train,boxes=file")
    assert whole.boxes_from == "image"
    assert whole.crop_boxes_N4()[0].tolist() == [0, 0, 400, 400]


def test_a_few_frames_more_are_listed_and_many_leave_the_video_out(tmp_path):
    truth = write_human36m_cdf(tmp_path, (9,), ("Waiting 1", "Walking"), more_frames=3)
    table = read(f"human36m:{tmp_path},subjects=9")
    assert table.image_N.tolist() == truth.names
    assert len(table.problems) == 4
    assert_told(table.problems[:1], "S9/Videos/Waiting 1.54138969.mp4|8 frames|5 poses|5")
    file = positions(tmp_path, 9) / "Walking.55011271.cdf"
    save_cdf(file, np.full((30, 64), 50.0))
    table = read(f"human36m:{tmp_path},subjects=9")
    assert len(table) == 15
    assert table.problems[-1].startswith("left out: S9/Videos/Walking.55011271.mp4 has 8 frames")
    save_cdf(file, np.full((3, 64), 50.0))
    assert len(read(f"human36m:{tmp_path},subjects=9")) == 18


def test_what_is_no_action_and_what_is_known_to_be_broken(tmp_path):
    truth = write_human36m_cdf(tmp_path, (11,), ("Directions",))
    save_cdf(positions(tmp_path, 11) / "_ALL 1.54138969.cdf", np.zeros((5, 64)))
    table = read(f"human36m:{tmp_path},subjects=11")
    assert table.image_N.tolist() == truth.names[5:]
    assert_told(table.problems, "left out|S11/Videos/Directions.54138969.mp4|corrupt")


def test_parity_is_of_the_json(written):
    with pytest.raises(ValueError, match="needs all subjects of the split as JSON"):
        read(f"human36m:{written.path},parity=true")


def test_cdflib_is_an_extra(written, monkeypatch):
    monkeypatch.setitem(sys.modules, "cdflib", None)
    with pytest.raises(ValueError, match=r"pip install 'posesift\[human36m\]'"):
        read(f"human36m:{written.path}")


# Bad input


def test_folders_without_files(folder):
    shutil.rmtree(folder / "S9" / "Videos")
    with pytest.raises(ValueError, match=r"1 of 4 videos are bad so far.*\n.*expected a video at"):
        read(f"human36m:{folder},subjects=9")
    shutil.rmtree(positions(folder, 9))
    positions(folder, 9).mkdir()
    with pytest.raises(ValueError, match=r"files such as Directions\.54138969\.cdf in .* none"):
        read(f"human36m:{folder},subjects=9")


def test_a_video_cut_short(folder):
    file = folder / "S9" / "Videos" / "TakingPhoto.54138969.mp4"
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"the video .*TakingPhoto\.54138969\.mp4"):
        read(f"human36m:{folder},subjects=9")


def test_positions_of_other_videos_are_refused(folder):
    save_cdf(positions(folder, 9) / "TakingPhoto.54138969.cdf", np.full((5, 64), 700.0))
    with pytest.raises(ValueError, match=r"only 0% of the joints of S9/TakingPhoto\.54138969"):
        read(f"human36m:{folder},subjects=9")


def test_coordinates_that_are_no_numbers_are_invisible(folder):
    values = np.full((5, 64), 50.0)
    values[2, 2 * NODES[NAMED.index("left wrist")]] = np.nan
    save_cdf(positions(folder, 9) / "TakingPhoto.54138969.cdf", values)
    table = read(f"human36m:{folder},subjects=9")
    assert np.argwhere(~table.visible_NK).tolist() == [[12, KEYPOINTS.index("left_wrist")]]
    assert np.isfinite(table.keypoints_NK2).all()
