"""The body world against anatomy and hand-computed poses."""

from __future__ import annotations

import numpy as np
import pytest

from posesift.data.worlds import body, body_modes, body_shape
from posesift.data.worlds.body_modes import ANGLES, LIMITS_A2
from posesift.skeletons import load

NAMES = load("body16").keypoints
MEAN_BUILD = {name: np.array([length]) for name, length in body_shape.BONES.items()}


def person(**angles: float) -> dict[str, np.ndarray]:
    """Keypoints (3,) by name of one person of mean build; angles not named are 0."""
    angles_NA = np.zeros((1, len(ANGLES)))
    for name, value in angles.items():
        angles_NA[0, ANGLES.index(name)] = value
    points_P3 = body_shape.pose(angles_NA, MEAN_BUILD)[0]
    return dict(zip(NAMES, points_P3[:16], strict=True)) | {"left_toe": points_P3[body_shape.L_TOE]}


def test_the_zero_pose_stands_upright_and_faces_forward():
    p = person()
    assert p["head_top"][1] > p["upper_neck"][1] > p["thorax"][1] > p["pelvis"][1]
    assert p["pelvis"][1] == p["left_hip"][1] > p["left_knee"][1] > p["left_ankle"][1]
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):  # x is to the own left
        assert p[f"left_{joint}"][0] == -p[f"right_{joint}"][0] > 0
    assert p["left_toe"][2] > p["left_ankle"][2]  # z is to the front
    height = p["head_top"][1] - p["left_ankle"][1]
    assert height == pytest.approx(0.97, abs=0.02)  # and the foot below


@pytest.mark.parametrize(
    ("angles", "joint", "towards"),
    [
        ({"left_hip_flex": 90}, ("left_hip", "left_knee"), (0, 0, 1)),
        ({"left_hip_out": 60}, ("left_hip", "left_knee"), (np.sin(np.pi / 3), -0.5, 0)),
        ({"right_hip_out": 60}, ("right_hip", "right_knee"), (-np.sin(np.pi / 3), -0.5, 0)),
        ({"left_knee_flex": 90}, ("left_knee", "left_ankle"), (0, 0, -1)),
        ({"left_arm_flex": 180}, ("left_shoulder", "left_elbow"), (0, 1, 0)),
        ({"right_arm_out": 90}, ("right_shoulder", "right_elbow"), (-1, 0, 0)),
        ({"left_elbow_flex": 90}, ("left_elbow", "left_wrist"), (0, 0, 1)),
        # Arm out, turned outwards, elbow bent: the forearm points up.
        (
            {"right_arm_out": 90, "right_arm_rot": 90, "right_elbow_flex": 90},
            ("right_elbow", "right_wrist"),
            (0, 1, 0),
        ),
        ({"tilt": 90}, ("upper_neck", "head_top"), (0, 0, 1)),
        ({"lean": 90}, ("upper_neck", "head_top"), (-1, 0, 0)),
        ({"tilt": 180}, ("upper_neck", "head_top"), (0, -1, 0)),
        ({"spine_flex": 90}, ("thorax", "upper_neck"), (0, -0.1, 1)),
        ({"spine_turn": 50}, ("left_shoulder", "right_shoulder"), (-0.643, 0, 0.766)),
    ],
)
def test_each_angle_turns_its_limb_the_way_it_says(angles, joint, towards):
    p = person(**angles)
    bone = p[joint[1]] - p[joint[0]]
    assert np.allclose(bone / np.linalg.norm(bone), towards, atol=0.12)


def test_bones_keep_their_lengths_in_every_pose():
    rng = np.random.default_rng(0)
    angles_NA = rng.uniform(*LIMITS_A2.T, (300, len(ANGLES)))
    lengths = body_shape.build(rng, 300)
    points_NP3 = body_shape.pose(angles_NA, lengths)
    at = {name: points_NP3[:, k] for k, name in enumerate(NAMES)}
    for side in ("left", "right"):
        for bone, a, b in (
            ("thigh", "hip", "knee"),
            ("shin", "knee", "ankle"),
            ("upper_arm", "shoulder", "elbow"),
            ("forearm", "elbow", "wrist"),
        ):
            found_N = np.linalg.norm(at[f"{side}_{a}"] - at[f"{side}_{b}"], axis=1)
            assert np.allclose(found_N, lengths[bone], rtol=1e-4)
    hips_N = np.linalg.norm(at["left_hip"] - at["right_hip"], axis=1)
    assert np.allclose(hips_N, lengths["hip_width"], rtol=1e-4)


def test_mirrored_angles_give_the_mirrored_person():
    rng = np.random.default_rng(1)
    angles_NA = rng.uniform(*LIMITS_A2.T, (100, len(ANGLES)))
    lengths = {name: np.full(100, length) for name, length in body_shape.BONES.items()}
    there = body_shape.pose(angles_NA, lengths)[:, :16]
    mirror = body_shape.pose(body_modes.mirrored(angles_NA), lengths)[:, :16]
    assert np.allclose(mirror, there[:, list(load("body16").mirror)] * [-1, 1, 1], atol=1e-5)
    assert np.allclose(
        body_modes.neg_log_p(angles_NA), body_modes.neg_log_p(body_modes.mirrored(angles_NA))
    )


def test_proportions_are_those_of_the_skeleton():
    """The canonical limb lengths of body16 are in trunks; one trunk is about 0.3 body heights."""
    skeleton = load("body16")
    points_P3 = body_shape.pose(np.zeros((1, len(ANGLES))), MEAN_BUILD)[0]
    for (a, b), length in zip(skeleton.limbs, skeleton.limb_lengths, strict=True):
        assert np.linalg.norm(points_P3[a] - points_P3[b]) == pytest.approx(0.3 * length, rel=0.15)


def test_the_source_is_heavy_tailed_and_the_target_flat():
    source = body.SHARES["source"]
    rare = [share for share in source.values() if share < 0.03]
    assert 0.03 <= sum(rare) <= 0.05
    assert len(rare) >= 12
    assert source["stand"] + source["walk"] > 0.7
    assert max(body.SHARES["target"].values()) < 1.5 * min(body.SHARES["target"].values())


def test_upside_down_and_lying_are_what_they_say():
    drawn = body.draw(np.random.default_rng(0), "target", 4096)
    figures = body.figures(drawn.angles_NA, drawn.shape)
    up_N = (figures.points_NP3[:, 9] - figures.points_NP3[:, 6])[:, 1]  # head above pelvis
    modes = np.array(body.MODES)[drawn.mode_N]
    assert set(modes) == set(body.MODES)
    assert (up_N[modes == "handstand"] < -0.3).all()
    assert (up_N[modes == "stand"] > 0.35).all()
    assert np.abs(up_N[modes == "lie"]).mean() < 0.2


def test_half_of_the_people_are_mirrored():
    drawn = body.draw(np.random.default_rng(0), "target", 8192)
    figures = body.figures(drawn.angles_NA, drawn.shape)
    kick_N = drawn.mode_N == body.MODES.index("kick")
    left_higher = (figures.points_NP3[kick_N, 5] - figures.points_NP3[kick_N, 0])[:, 1] > 0
    assert 0.4 < left_higher.mean() < 0.6
