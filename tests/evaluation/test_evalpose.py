"""EvalPose by hand, against loops, and unchanged by every similarity of the plane."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from posesift.evaluation import evalpose
from posesift.poses.angles import AngleStatistics, joint_angles, standardised, statistics_of
from posesift.poses.table import PoseTable
from posesift.skeletons import load

BODY = load("body16")
STATISTICS = AngleStatistics(np.linspace(70, 150, 12), np.linspace(25, 55, 12))


def poses(seed, n=8):
    return np.random.default_rng(seed).uniform(0, 64, (n, 16, 2))


def angles(points, visible=None):
    visible = np.ones(points.shape[:2], bool) if visible is None else visible
    return joint_angles(points, visible, BODY.triplets)


def by_loops(a, b):
    """EvalPose of one pair, from the definition."""
    pairs = [
        ((x - m) / s, (y - m) / s)
        for x, y, m, s in zip(a, b, STATISTICS.mean_A, STATISTICS.spread_A, strict=True)
        if not (math.isnan(x) or math.isnan(y))
    ]
    if len(pairs) < 3:
        return math.nan
    dot = sum(x * y for x, y in pairs)
    lengths = math.hypot(*(x for x, _ in pairs)) * math.hypot(*(y for _, y in pairs))
    return 100 * max(0, dot / lengths)


@given(st.integers(0, 2**31))
@settings(max_examples=20)
def test_equals_the_definition(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0, 180, (2, 10, 12))
    a[rng.random(a.shape) < 0.4] = np.nan
    b[rng.random(b.shape) < 0.4] = np.nan
    found = evalpose.evalpose_100(a, b, *STATISTICS)
    want = [by_loops(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(found, want, atol=1e-9)


def test_the_printed_formula_by_hand():
    found = evalpose.evalpose_cosine([[30, 40, 0]], [[0, 40, 30]])
    assert found[0] == pytest.approx(0.64)  # 1600 / 2500


def test_random_poses_crowd_the_printed_formula_but_not_the_standardised_one():
    a, b = np.random.default_rng(0).uniform(0, 180, (2, 20_000, 12))
    assert np.median(evalpose.evalpose_cosine(a, b)) > 0.7
    flat = AngleStatistics(np.full(12, 90.0), np.full(12, 180 / math.sqrt(12)))
    assert np.median(evalpose.evalpose_100(a, b, *flat)) < 5


@given(
    seed=st.integers(0, 2**31),
    turn=st.floats(-math.pi, math.pi),
    scale=st.floats(0.1, 10),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    mirror=st.booleans(),
)
@settings(max_examples=40)
def test_unchanged_by_moving_scaling_turning_or_mirroring_either_pose(
    seed, turn, scale, shift, mirror
):
    a, b = poses(seed), poses(seed + 1)
    for points in (a, b):  # a bone of almost no length has an angle of rounding noise
        bones = [points[:, i] - points[:, j] for i, j in BODY.limbs]
        assume(np.linalg.norm(bones, axis=-1).min() > 0.1)
    matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    if mirror:
        matrix = matrix @ np.diag([-1, 1])
    moved = a @ matrix.T + shift
    for first, second in ((moved, b), (b, moved)):
        np.testing.assert_allclose(
            evalpose.evalpose_100(angles(first), angles(second), *STATISTICS),
            evalpose.evalpose_100(angles(a), angles(b), *STATISTICS),
            atol=1e-6,
        )
        np.testing.assert_allclose(
            evalpose.evalpose_cosine(angles(first), angles(second)),
            evalpose.evalpose_cosine(angles(a), angles(b)),
            atol=1e-6,
        )
        assert evalpose.angle_error_deg(angles(first), angles(second)) == pytest.approx(
            evalpose.angle_error_deg(angles(a), angles(b)), abs=1e-6
        )


def test_identical_poses_score_full_marks():
    found = angles(poses(2))
    np.testing.assert_allclose(evalpose.evalpose_100(found, found, *STATISTICS), 100)
    assert evalpose.angle_error_deg(found, found) == 0
    assert evalpose.angle_at(found, found) == 100


def test_a_missing_joint_or_a_bone_without_length_drops_the_angle_in_both():
    a, b = poses(3, 1), poses(4, 1)
    b[0, 15] = b[0, 14]  # left wrist on the left elbow
    visible = np.ones((1, 16), bool)
    visible[0, 0] = False  # right ankle
    found_a, found_b = angles(a), angles(b, visible)
    gone = {BODY.angle_names.index("left elbow"), BODY.angle_names.index("right knee")}
    kept = [i for i in range(12) if i not in gone]
    assert set(np.flatnonzero(np.isnan(found_b[0]))) == gone
    short = AngleStatistics(STATISTICS.mean_A[kept], STATISTICS.spread_A[kept])
    assert evalpose.evalpose_100(found_a, found_b, *STATISTICS) == pytest.approx(
        evalpose.evalpose_100(found_a[:, kept], found_b[:, kept], *short)
    )
    assert evalpose.angle_error_deg(found_a, found_b) == pytest.approx(
        np.abs(found_a - found_b)[0, kept].mean()
    )


def test_undefined_is_nan_never_zero():
    a = np.full((4, 12), 100.0)
    b = np.full((4, 12), 120.0)
    a[0, 2:] = np.nan  # two angles left
    a[1] = STATISTICS.mean_A  # no deviation: no direction
    a[2, 3:] = np.nan  # three angles suffice
    b[3] = 0  # a folded pose has no length in the printed formula
    assert np.isnan(evalpose.evalpose_100(a, b, *STATISTICS)).tolist() == [True, True, False, False]
    assert np.isnan(evalpose.evalpose_cosine(a, b)).tolist() == [True, False, False, True]
    nothing = np.full((1, 12), np.nan)
    assert evalpose.angle_error_deg(nothing, nothing) is None
    assert evalpose.angle_at(nothing, nothing) is None
    assert np.isnan(evalpose.per_sample_angle_error(nothing, nothing))


def test_errors_by_group_pool_the_angles_at_that_joint():
    a, b = angles(poses(5)), angles(poses(6))
    by_group = evalpose.angle_error_by_group(a, b, BODY)
    assert list(by_group) == list(BODY.angle_groups)
    knees = [BODY.angle_names.index("right knee"), BODY.angle_names.index("left knee")]
    assert by_group["knee"] == pytest.approx(np.abs(a - b)[:, knees].mean())
    assert evalpose.per_sample_angle_error(a, b) == pytest.approx(np.abs(a - b).mean(1))


def test_the_share_within_a_limit_includes_the_limit():
    assert evalpose.angle_at([[10, 20, 30]], [[25, 35.5, 30]], 15) == pytest.approx(200 / 3)


def test_constants_come_from_the_source_table_of_a_users_skeleton():
    mine = replace(BODY, name="mine", angle_mean_deg=None, angle_spread_deg=None)
    with pytest.raises(ValueError, match=r"'mine' carries no mean and spread .*statistics_of"):
        statistics_of(mine)
    points = poses(7, 50).astype(np.float32)
    size = np.full(50, 64, np.int32)
    table = PoseTable(mine, points, np.ones((50, 16), bool), size, size)
    found = statistics_of(mine, table)
    np.testing.assert_allclose(found.mean_A, angles(points).mean(0))
    np.testing.assert_allclose(found.spread_A, angles(points).std(0))
    np.testing.assert_allclose(standardised(angles(points), found).std(0), np.ones(12), atol=1e-9)
    told = replace(mine, angle_mean_deg=(90.0,) * 12, angle_spread_deg=(30.0,) * 12)
    assert statistics_of(told, table).mean_A.tolist() == [90] * 12


def scored(predicted, true, visible=None):
    visible = np.ones(true.shape[:2], bool) if visible is None else visible
    return evalpose.evalpose_limbs(predicted, true, visible, BODY)


def limbs_by_loops(predicted, true, visible):
    """The headline of one pose from its points: unit vectors and the arc cosine."""
    credits = []
    for i, j in BODY.limbs:
        wanted = true[j] - true[i]
        if not (visible[i] and visible[j]) or math.hypot(*wanted) == 0:
            continue
        found = predicted[j] - predicted[i]
        lengths = math.hypot(*wanted) * math.hypot(*found)
        cosine = float(wanted @ found) / lengths if lengths else -1.0
        degrees = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
        credits.append(max(0.0, 1 - degrees / 45))
    return 100 * sum(credits) / len(credits) if len(credits) >= 3 else math.nan


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_limbs_equal_the_definition(seed):
    rng = np.random.default_rng(seed)
    true = rng.uniform(0, 64, (20, 16, 2))
    predicted = true + rng.normal(0, 6, true.shape)
    visible = rng.random((20, 16)) < rng.uniform(0.2, 1, (20, 1))
    predicted[0, BODY.limbs[0][0]] = predicted[0, BODY.limbs[0][1]]  # no direction
    want = [limbs_by_loops(*one) for one in zip(predicted, true, visible, strict=True)]
    np.testing.assert_allclose(scored(predicted, true, visible), want, atol=1e-4)


def test_limbs_by_hand():
    """Off by 0, 9, 18 (across the cut at 180), 45 and 90 degrees: 1, 4/5, 3/5, 0 and 0."""
    found = evalpose.direction_score([[10, 99, -170, 45, 0]], [[10, 90, 172, 0, 90]])
    assert found == pytest.approx([100 * (1 + 0.8 + 0.6) / 5])


def test_limbs_are_the_area_under_the_curve_of_limbs_within_t():
    true, predicted = np.random.default_rng(5).uniform(-180, 180, (2, 1, 16))
    predicted = true + 0.3 * (predicted - true)
    error = np.abs(predicted - true).ravel()
    t = (np.arange(45_000) + 0.5) / 1000
    shares = [(error <= limit).mean() for limit in t]
    assert evalpose.direction_score(predicted, true)[0] == pytest.approx(
        100 * np.mean(shares), 1e-3
    )


@given(
    seed=st.integers(0, 2**31),
    scale=st.floats(0.1, 10),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
    turn=st.floats(-180, 180),
)
@settings(max_examples=30, deadline=None)
def test_limbs_see_a_turn_but_neither_place_nor_size(seed, scale, shift, turn):
    true = poses(seed)
    assert scored(scale * true + shift, true) == pytest.approx(100)
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    turned = true @ np.array([[c, s], [-s, c]])
    want = 100 * max(0, 1 - abs(turn) / 45)
    assert scored(turned, true) == pytest.approx(want, abs=1e-6)
    noisy = true + np.random.default_rng(seed).normal(0, 3, true.shape)
    both = scored(noisy @ np.array([[c, s], [-s, c]]), turned)  # picture and label turned alike
    assert both == pytest.approx(scored(noisy, true), abs=1e-6)


def standing(n=1):
    """A person facing the viewer, arms out and knees bent; x right, y down."""
    right = {
        "ankle": (-9, 40), "knee": (-12, 24), "hip": (-5, 8),
        "wrist": (-30, -6), "elbow": (-20, -2), "shoulder": (-8, -14),
    }  # fmt: skip
    middle = {"pelvis": (0, 8), "thorax": (0, -14), "upper_neck": (0, -17), "head_top": (0, -27)}
    points = []
    for name in BODY.keypoints:
        part = name.removeprefix("right_").removeprefix("left_")
        x, y = middle.get(name) or right[part]
        points.append((-x if name.startswith("left_") else x, y))
    return np.repeat(np.array([points], float), n, 0)


def test_left_and_right_exchanged_cost_limbs_where_angles_see_nothing():
    true = standing()
    exchanged = true[:, list(BODY.mirror)]
    assert evalpose.angle_error_deg(angles(exchanged), angles(true)) == pytest.approx(0, abs=1e-9)
    assert evalpose.evalpose_100(angles(exchanged), angles(true), *STATISTICS) == pytest.approx(100)
    assert scored(exchanged, true)[0] < 50
    upside_down = -true
    assert evalpose.angle_error_deg(angles(upside_down), angles(true)) == pytest.approx(0, abs=1e-9)
    assert scored(upside_down, true)[0] == 0


def test_a_collapsed_prediction_earns_nothing():
    true = standing(3)
    assert scored(np.full_like(true, 7.0), true).tolist() == [0, 0, 0]
    one = true.copy()
    one[:, BODY.keypoints.index("right_wrist")] = one[:, BODY.keypoints.index("right_elbow")]
    assert scored(one, true) == pytest.approx(100 * 15 / 16)


def test_more_noise_costs_more_limbs_down_to_chance():
    true, rng = standing(2000), np.random.default_rng(0)
    noise = rng.normal(0, 1, true.shape)
    levels = [scored(true + size * noise, true).mean() for size in (0, 0.5, 1, 2, 4, 8, 1e4)]
    assert levels[0] == pytest.approx(100)
    assert levels == sorted(levels, reverse=True)
    assert len(set(levels)) == len(levels)
    assert levels[-1] == pytest.approx(12.5, abs=1)


def test_limbs_count_where_the_label_has_them_and_three_are_enough():
    true = np.array([[0.0, 90, 180, np.nan], [0, 90, np.nan, np.nan]])
    assert evalpose.direction_score(np.full_like(true, np.nan), true)[0] == 0
    assert np.isnan(evalpose.direction_score(true, true)).tolist() == [False, True]


def test_a_sample_without_a_common_angle_has_no_error_and_gives_no_warning():
    a = np.array([[10.0, np.nan], [np.nan, np.nan], [10.0, 20.0]])
    b = np.array([[13.0, 90.0], [1.0, 2.0], [10.0, 26.0]])
    with np.errstate(all="raise"):
        found = evalpose.per_sample_angle_error(a, b)
    np.testing.assert_array_equal(found, [3, np.nan, 3])


def test_limbs_are_judged_alike_whatever_type_pose_and_visibility_come_in():
    rng = np.random.default_rng(5)
    true, predicted = rng.normal(size=(2, 4, 16, 2)) * 30
    seen = rng.random((4, 16)) < 0.8
    wanted = evalpose.evalpose_limbs(predicted, true, seen, BODY)
    found = evalpose.evalpose_limbs(predicted.tolist(), true.tolist(), seen.astype(int), BODY)
    np.testing.assert_array_equal(found, wanted)
