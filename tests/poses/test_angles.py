"""Joint angles against plain trigonometry, and their invariances."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift import skeletons
from posesift.poses.angles import angle_statistics, joint_angles

BODY = skeletons.load("body16")


def slow(points, visible, triplets):
    out = np.full((len(points), len(triplets)), np.nan)
    for n, pose in enumerate(points):
        for a, (i, j, k) in enumerate(triplets):
            if not (visible[n, i] and visible[n, j] and visible[n, k]):
                continue
            one = math.atan2(pose[i][1] - pose[j][1], pose[i][0] - pose[j][0])
            two = math.atan2(pose[k][1] - pose[j][1], pose[k][0] - pose[j][0])
            turn = abs(math.degrees(one - two)) % 360
            out[n, a] = min(turn, 360 - turn)
    return out


def test_against_plain_trigonometry():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 16, 2))
    visible = rng.random((50, 16)) > 0.2
    found = joint_angles(points, visible, BODY.triplets)
    np.testing.assert_allclose(found, slow(points, visible, BODY.triplets), atol=1e-9)
    assert np.isnan(found).any()
    assert np.isfinite(found).any()


@settings(max_examples=50)
@given(
    seed=st.integers(0, 999),
    turn=st.floats(-math.pi, math.pi),
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-1e3, 1e3),
    mirrored=st.booleans(),
)
def test_unchanged_under_similarity(seed, turn, scale, shift, mirrored):
    points = np.random.default_rng(seed).normal(size=(1, 16, 2))
    matrix = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    if mirrored:
        matrix = matrix @ np.diag([-1, 1])
    moved = scale * points @ matrix.T + shift
    visible = np.ones((1, 16), bool)
    np.testing.assert_allclose(
        joint_angles(moved, visible, BODY.triplets),
        joint_angles(points, visible, BODY.triplets),
        atol=1e-6,
    )


def test_a_bone_without_length_and_a_missing_joint_give_no_angle():
    points = np.array([[[0.0, 0.0], [0.0, 0.0], [5.0, 0.0], [5.0, 5.0]]])
    triplets = [(0, 1, 2), (1, 2, 3)]
    found = joint_angles(points, np.ones((1, 4), bool), triplets)
    assert np.isnan(found[0, 0])
    assert found[0, 1] == 90
    points[0, 3] = np.nan
    hidden = np.array([[True, True, True, False]])
    assert np.isnan(joint_angles(points, hidden, triplets)).all()
    assert np.isnan(joint_angles(points, np.zeros((1, 4), bool), triplets)).all()


def test_statistics_skip_what_is_undefined():
    angles = np.array([[10.0, np.nan, np.nan], [30.0, 90.0, np.nan]])
    mean, spread = angle_statistics(angles)
    assert mean.tolist() == [20, 90, 90]
    assert spread == pytest.approx([10, 45, 45])
