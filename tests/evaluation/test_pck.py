"""PCK against loops, by hand, and with garbage behind invisible keypoints."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.evaluation import pck
from posesift.skeletons import load

BODY = load("body16")


def draw(seed: int, n: int = 12):
    rng = np.random.default_rng(seed)
    true = rng.uniform(0, 64, (n, 16, 2))
    predicted = true + rng.normal(0, 5, true.shape)
    return predicted, true, rng.random((n, 16)) < 0.7


def by_loops(predicted, true, visible, side, credit, members):
    """The definition, one keypoint at a time."""
    earned = counted = 0
    for n in range(len(true)):
        for k in members:
            if visible[n, k]:
                dx, dy = predicted[n, k] - true[n, k]
                earned += credit(math.sqrt(dx * dx + dy * dy) / side)
                counted += 1
    return 100 * earned / counted if counted else None


@given(st.integers(0, 2**31), st.sampled_from([0.05, 0.1, 0.2]))
@settings(max_examples=20)
def test_pck_and_auc_equal_the_definition(seed, threshold):
    predicted, true, visible = draw(seed)
    found = pck.pck(predicted, true, visible, 64, threshold, skeleton=BODY)
    area = pck.pck_auc(predicted, true, visible, 64, skeleton=BODY)
    assert list(found) == list(BODY.groups) == list(area)
    for name, members in BODY.groups.items():
        want = by_loops(predicted, true, visible, 64, lambda d: d < threshold, members)
        assert found[name] == (None if want is None else pytest.approx(want))
        want = by_loops(predicted, true, visible, 64, lambda d: max(0, 1 - d / 0.2), members)
        assert area[name] == (None if want is None else pytest.approx(want))


def test_all_is_the_twelve_limb_joints():
    true = np.full((1, 16, 2), 30.0)
    predicted = true.copy()
    head_and_trunk = [6, 7, 8, 9]
    predicted[0, head_and_trunk] += 50
    found = pck.pck(predicted, true, np.ones((1, 16)), 64, skeleton=BODY)
    assert found["all"] == 100
    assert found["head"] == 0


def test_the_threshold_is_strict():
    true = np.zeros((2, 16, 2))
    predicted = np.zeros((2, 16, 2))
    predicted[0, :, 0] = 3.2  # exactly 0.05 of 64
    predicted[1, :, 0] = np.nextafter(3.2, 0)
    assert pck.per_sample_pck(predicted, true, np.ones((2, 16)), 64).tolist() == [0, 100]
    assert pck.pck(predicted, true, np.ones((2, 16)), 64, skeleton=BODY)["all"] == 50


def test_the_area_is_the_limit_of_a_fine_grid():
    predicted, true, visible = draw(3, 200)
    steps = (np.arange(2000) + 0.5) / 2000 * 0.2
    errors = pck.relative_errors(predicted, true, visible, 64)
    grid = np.mean([pck.group_percent(errors < a, errors, BODY)["all"] for a in steps])
    assert pck.pck_auc(predicted, true, visible, 64, skeleton=BODY)["all"] == pytest.approx(
        grid, abs=0.05
    )


@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e9, -1e9])
def test_garbage_behind_invisible_keypoints_changes_nothing(garbage):
    predicted, true, visible = draw(5)
    spoiled_true, spoiled_predicted = true.copy(), predicted.copy()
    spoiled_true[~visible] = garbage
    spoiled_predicted[~visible] = -garbage
    for figure in (pck.pck, pck.pck_auc):
        assert figure(predicted, true, visible, 64, skeleton=BODY) == figure(
            spoiled_predicted, spoiled_true, visible, 64, skeleton=BODY
        )
    assert pck.pck_by_limb_scale(predicted, true, visible, skeleton=BODY) == (
        pck.pck_by_limb_scale(spoiled_predicted, spoiled_true, visible, skeleton=BODY)
    )
    np.testing.assert_array_equal(
        pck.per_sample_pck(predicted, true, visible, 64),
        pck.per_sample_pck(spoiled_predicted, spoiled_true, visible, 64),
    )


def test_a_prediction_that_is_not_finite_counts_as_wrong():
    true = np.zeros((1, 16, 2))
    predicted = true.copy()
    predicted[0, 0] = np.nan
    predicted[0, 1, 1] = np.inf
    assert pck.per_sample_pck(predicted, true, np.ones((1, 16)), 64)[0] == 100 * 14 / 16
    area = pck.pck_auc(predicted, true, np.ones((1, 16)), 64, skeleton=BODY)
    assert area["ankle"] == 50


def test_nothing_visible_is_none_and_nan():
    true = np.zeros((2, 16, 2))
    visible = np.zeros((2, 16), bool)
    visible[1, 9] = True
    found = pck.pck(true, true, visible, 64, skeleton=BODY)
    assert found["head"] == 100
    assert found["all"] is None
    assert np.isnan(pck.per_sample_pck(true, true, visible, 64)[0])


def test_limb_scale_is_the_person_s_size_whatever_the_crop():
    true = np.zeros((2, 16, 2))
    visible = np.zeros((2, 16), bool)
    visible[0, [0, 1, 2, 3]] = True  # ankle, knee, hip, other hip: lengths 0.82, 0.82, 0.38
    true[0, 1], true[0, 2], true[0, 3] = (0, 41), (0, 82), (5, 82)
    scale = pck.limb_scales(true, visible, BODY)
    assert scale[0] == pytest.approx(50)
    assert np.isnan(scale[1])
    near = true + np.array([9.9, 0])
    assert pck.pck_by_limb_scale(near, true, visible, 0.2, skeleton=BODY)["all"] == 100
    assert pck.pck_by_limb_scale(near + 0.2, true, visible, 0.2, skeleton=BODY)["all"] == 0


def test_mistakes_are_explained():
    true = np.zeros((2, 16, 2))
    with pytest.raises(ValueError, match=r"found \(2, 16, 2\), \(2, 16, 2\) and \(2, 15\)"):
        pck.relative_errors(true, true, np.ones((2, 15)), 64)
    with pytest.raises(ValueError, match="positive sides, found 0"):
        pck.relative_errors(true, true, np.ones((2, 16)), 0)
    true[1, 3] = np.nan
    with pytest.raises(ValueError, match=r"1 samples mark .* the first is number 1"):
        pck.relative_errors(true, true, np.ones((2, 16)), 64)


def test_hits_are_those_of_pck_at_5_percent_unless_told_otherwise():
    """0.04 and 0.06 of the side: the default lies between them."""
    errors_NK = np.array([[0.04, 0.06, np.nan]])
    correct_N, counted_N = pck.hits(errors_NK)
    assert (correct_N.tolist(), counted_N.tolist()) == ([1], [2])
    assert pck.hits(np.array([[0.0499, 0.0501]]))[0].tolist() == [1]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_coordinate_that_is_not_finite_is_a_wrong_prediction(axis, value):
    predicted_NK2 = np.full((1, 2, 2), 5.0)
    predicted_NK2[0, 0, axis] = value
    errors_NK = pck.relative_errors(predicted_NK2, np.full((1, 2, 2), 5.0), np.ones((1, 2)), 10)
    assert errors_NK.tolist() == [[np.inf, 0.0]]


@st.composite
def predictions_of_pairs(draw):
    count = draw(st.integers(1, 4))
    numbers = st.floats(-50, 50, allow_nan=False)
    shape = st.lists(numbers, min_size=count * 8, max_size=count * 8)
    predicted, true = (np.reshape(draw(shape), (count, 4, 2)) for _ in range(2))
    visible = np.reshape(
        draw(st.lists(st.booleans(), min_size=count * 4, max_size=count * 4)), (count, 4)
    )
    return predicted, true, visible


@given(predictions_of_pairs())
def test_either_side_is_the_nearer_of_a_label_and_its_partners(given_values):
    predicted, true, visible = given_values
    mirror = (1, 0, 2, 3)
    found = pck.either_side_errors(predicted, true, visible, 10, mirror)
    for n in range(len(true)):
        for k in range(4):
            if not visible[n, k]:
                assert np.isnan(found[n, k])
                continue
            labels = [true[n, k]] + [true[n, mirror[k]]] * bool(visible[n, mirror[k]])
            nearest = min(np.hypot(*(predicted[n, k] - label)) for label in labels)
            assert found[n, k] == pytest.approx(nearest / 10)


def test_exchanged_sides_are_right_on_either_side_and_wrong_on_their_own():
    body = load("body16")
    true = np.random.default_rng(0).uniform(0, 64, (5, 16, 2))
    exchanged, seen = true[:, list(body.mirror)], np.ones((5, 16), bool)
    errors = pck.either_side_errors(exchanged, true, seen, 64, body.mirror)
    assert errors.max() == 0
    assert pck.pck(exchanged, true, seen, 64, skeleton=body)["all"] < 50


def test_a_share_of_nothing_is_nan_without_a_warning():
    with np.errstate(all="raise"):
        found = pck.percent_or_nan(np.array([1, 0, 1]), np.array([2, 0, 1]))
    np.testing.assert_array_equal(found, [50, np.nan, 100])


def test_the_area_ends_at_the_limit_and_a_sample_is_judged_by_the_threshold_given():
    true = np.zeros((1, 16, 2))
    predicted = true + np.array([6.4, 0])  # 0.1 of the side
    visible = np.ones((1, 16), bool)
    area = [pck.pck_auc(predicted, true, visible, 64, n, skeleton=BODY)["all"] for n in (0.2, 0.4)]
    assert area == pytest.approx([50, 75])
    assert pck.per_sample_pck(predicted, true, visible, 64, 0.11).tolist() == [100]
    assert pck.per_sample_pck(predicted, true, visible, 64, 0.1).tolist() == [0]


def test_the_size_of_a_small_person_is_told_in_double_precision_whatever_visibility_is_written_in():
    true = np.zeros((1, 16, 2))
    true[0, 1], true[0, 2], true[0, 3] = (0, 0.41), (0, 0.82), (0.05, 0.82)
    seen = [[1 if k < 4 else 0 for k in range(16)]]
    scale = pck.limb_scales(true, seen, BODY)
    assert scale.dtype == np.float64
    assert scale[0] == pytest.approx(0.5)
    for share, percent in ((0.99, 100), (1.01, 0)):
        predicted = true + np.array([share * 0.2 * scale[0], 0])
        assert pck.pck_by_limb_scale(predicted, true, seen, skeleton=BODY)["all"] == percent


def test_hits_of_some_keypoints_alone():
    errors = np.array([[0.01, 0.09, np.nan], [0.05, np.nan, 0.02]])
    right, counted = pck.hits(errors, 0.05, (0, 2))
    assert right.tolist() == [1, 1]  # an error of just the threshold is none
    assert counted.tolist() == [1, 2]
    assert [a.tolist() for a in pck.hits(errors, 0.1)] == [[2, 2], [2, 2]]


def test_the_size_of_a_person_of_unknown_proportions_is_measured_on_all():
    skeleton = replace(BODY, limb_lengths=None)
    true = np.zeros((40, 16, 2))
    size_N = np.linspace(10, 49, 40)
    visible = np.zeros((40, 16), bool)
    visible[:, [0, 1, 2, 3]] = True  # limbs as 4 : 4 : 1, of which the longest is the unit
    true[:, 1, 1], true[:, 2, 1], true[:, 3, 1] = size_N, 2 * size_N, 2 * size_N
    true[:, 3, 0] = size_N / 4
    true[~visible] = 1e6
    assert pck.limb_scales(true, visible, skeleton) == pytest.approx(size_N, rel=1e-4)


def test_an_error_of_just_the_threshold_is_a_miss_of_the_size_of_the_person_too():
    true = np.zeros((1, 16, 2))
    visible = np.zeros((1, 16), bool)
    visible[0, [0, 1, 2, 3]] = True
    true[0, 1], true[0, 2], true[0, 3] = (0, 41), (0, 82), (5, 82)
    scale = pck.limb_scales(true, visible, BODY)[0]
    predicted = true + np.array([0.25 * scale, 0])
    assert pck.pck_by_limb_scale(predicted, true, visible, 0.25, skeleton=BODY)["all"] == 0
