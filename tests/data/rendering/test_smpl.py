"""SMPL's joints turned by our angles, on a skeleton that rests in SMPL's T: the same people."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from posesift.data.rendering import smpl
from posesift.data.worlds import body, body_shape

NUMBER = {joint.name: number for number, joint in enumerate(smpl.JOINTS)}
SAME = {  # SMPL's joint and our keypoint
    "pelvis": body_shape.PELVIS, "head": body_shape.NECK,
    "left_hip": body_shape.L_HIP, "left_knee": body_shape.L_KNEE, "left_ankle": body_shape.L_ANKLE,
    "right_hip": body_shape.R_HIP, "right_knee": body_shape.R_KNEE,
    "right_ankle": body_shape.R_ANKLE,
    "left_shoulder": body_shape.L_SHOULDER, "left_elbow": body_shape.L_ELBOW,
    "left_wrist": body_shape.L_WRIST, "right_shoulder": body_shape.R_SHOULDER,
    "right_elbow": body_shape.R_ELBOW, "right_wrist": body_shape.R_WRIST,
}  # fmt: skip


def t_pose(lengths: dict[str, float]) -> np.ndarray:
    """Places (24, 3) of SMPL's joints at rest, with the bones of one of our people."""
    places = np.zeros((24, 3))
    hip, shoulder, half_spine = (
        lengths["hip_width"] / 2, lengths["shoulder_width"] / 2, lengths["spine"] / 2,
    )  # fmt: skip
    places[NUMBER["spine2"]] = places[NUMBER["spine3"]] = 0, half_spine, 0
    thorax = places[NUMBER["spine3"]] + np.array([0, half_spine, 0])
    places[NUMBER["neck"]] = thorax
    places[NUMBER["head"]] = thorax + np.array([0, lengths["neck"], 0.006])
    for side, sign in (("left", 1), ("right", -1)):
        down = np.array([0, -1, 0])
        out = np.array([sign, 0, 0])
        chain = {
            "hip": hip * out,
            "knee": hip * out + lengths["thigh"] * down,
            "ankle": hip * out + (lengths["thigh"] + lengths["shin"]) * down,
            "collar": thorax,
            "shoulder": thorax + shoulder * out + np.array([0, -0.022, 0]),
        }
        chain["elbow"] = chain["shoulder"] + lengths["upper_arm"] * out
        chain["wrist"] = chain["elbow"] + lengths["forearm"] * out
        for name, place in chain.items():
            places[NUMBER[f"{side}_{name}"]] = place
    return places


def test_smpls_forward_kinematics_puts_the_joints_where_ours_are():
    drawn = body.draw(np.random.default_rng(7), "target", 40)
    points_NP3 = body.figures(drawn.angles_NA, drawn.shape).points_NP3
    vectors_NJ3 = smpl.pose(drawn.angles_NA)
    for row in range(40):
        rest_J3 = t_pose({name: float(value_N[row]) for name, value_N in drawn.shape.items()})
        turns, places_J3 = [], np.zeros((24, 3))
        for number, joint in enumerate(smpl.JOINTS):
            own = Rotation.from_rotvec(vectors_NJ3[row, number])
            if joint.parent < 0:
                turns.append(own)
                continue
            turns.append(turns[joint.parent] * own)
            step = rest_J3[number] - rest_J3[joint.parent]
            places_J3[number] = places_J3[joint.parent] + turns[joint.parent].apply(step)
        for name, point in SAME.items():
            np.testing.assert_allclose(
                places_J3[NUMBER[name]], points_NP3[row, point], atol=2e-5, err_msg=name
            )


def test_every_angle_turns_a_joint_and_every_joint_hangs_on_an_earlier_one():
    told = " ".join(joint.formula for joint in smpl.JOINTS)
    assert all(name in told for name in body.ANGLES)
    assert len(smpl.JOINTS) == 24
    assert all(joint.parent < number for number, joint in enumerate(smpl.JOINTS))
