"""The entry of ``evaluation.json``: complete, consistent with the functions, JSON without NaN."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from posesift.evaluation import evalpose, intervals, pck, pck_reference
from posesift.evaluation.evaluate import evaluate
from posesift.poses.angles import joint_angles, statistics_of
from posesift.skeletons import load

BODY = replace(load("body16"), angle_mean_deg=(110.0,) * 12, angle_spread_deg=(35.0,) * 12)


def draw(n=60, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.uniform(8, 56, (n, 16, 2))
    difficulty = rng.permutation(n).astype(float)
    # Harder samples are predicted worse.
    predicted = true + rng.normal(0, 1, true.shape) * (1 + 6 * difficulty / n)[:, None, None]
    return predicted, true, rng.random((n, 16)) < 0.8, difficulty


def test_the_entry_agrees_with_the_functions():
    predicted, true, visible, difficulty = draw()
    found = evaluate(predicted, true, visible, 64, BODY, difficulty_N=difficulty)
    entry = found.entry
    assert list(entry) == [
        "samples", "protocol", "pck", "pck_auc", "pck_either_side", "evalpose_limbs",
        "evalpose_100", "evalpose_cosine", "angle_error_deg", "angle_error_by_group", "angle_at_15",
        "undefined", "by_bin",
    ]  # fmt: skip
    assert entry == json.loads(json.dumps(entry, allow_nan=False))
    assert (entry["samples"], entry["protocol"]) == (60, "pooled")
    for threshold in (0.05, 0.1, 0.2):
        assert entry["pck"][str(threshold)] == pck.pck(
            predicted, true, visible, 64, threshold, skeleton=BODY
        )
    assert entry["pck_auc"] == pck.pck_auc(predicted, true, visible, 64, skeleton=BODY)["all"]
    errors = pck.either_side_errors(predicted, true, visible, 64, BODY.mirror)
    limbs = errors[:, list(BODY.groups["all"])]
    share = 100 * (limbs[~np.isnan(limbs)] < 0.1).mean()
    assert entry["pck_either_side"]["0.1"] == pytest.approx(share)
    a = joint_angles(predicted, visible, BODY.triplets)
    b = joint_angles(true, visible, BODY.triplets)
    limbs = evalpose.evalpose_limbs(predicted, true, visible, BODY)
    assert entry["evalpose_limbs"] == pytest.approx(np.nanmean(limbs))
    np.testing.assert_allclose(found.evalpose_limbs_N, limbs, rtol=1e-6)
    similar = evalpose.evalpose_100(a, b, *statistics_of(BODY))
    assert entry["evalpose_100"] == pytest.approx(np.nanmean(similar))
    assert entry["evalpose_cosine"] == pytest.approx(np.nanmean(evalpose.evalpose_cosine(a, b)))
    assert entry["angle_error_deg"] == evalpose.angle_error_deg(a, b)
    assert entry["angle_error_by_group"] == evalpose.angle_error_by_group(a, b, BODY)
    assert entry["angle_at_15"] == evalpose.angle_at(a, b)
    assert entry["undefined"]["angles"] == np.isnan(a).sum()
    np.testing.assert_allclose(found.evalpose_100_N, similar, rtol=1e-6)
    headline = list(BODY.groups["all"])
    alone_N = pck.per_sample_pck(
        predicted[:, headline], true[:, headline], visible[:, headline], 64
    )
    np.testing.assert_allclose(found.pck_N, alone_N, rtol=1e-6)


def test_bins_are_quarters_from_easy_to_hard():
    predicted, true, visible, difficulty = draw(80)
    found = evaluate(predicted, true, visible, 64, BODY, difficulty_N=difficulty)
    rows = found.entry["by_bin"]
    assert [row["bin"] for row in rows] == [0, 1, 2, 3]
    assert [row["samples"] for row in rows] == [20] * 4
    assert rows[0]["pck"] > rows[3]["pck"]
    assert rows[0]["low"] == difficulty.min()
    assert rows[3]["high"] == difficulty.max()
    hardest = difficulty >= 60
    want = pck.pck(predicted[hardest], true[hardest], visible[hardest], 64, skeleton=BODY)
    assert rows[3]["pck"] == pytest.approx(want["all"])
    for name in ("evalpose_limbs", "evalpose_100"):
        assert rows[3][name] == pytest.approx(np.nanmean(getattr(found, f"{name}_N")[hardest]))
    low, high = intervals.ratio_interval(found.correct_N[hardest], found.counted_N[hardest])
    assert rows[3]["interval"] == pytest.approx([low, high])
    assert low < rows[3]["pck"] < high
    pooled = 100 * found.correct_N.sum() / found.counted_N.sum()
    assert pooled == pytest.approx(found.entry["pck"]["0.05"]["all"])


def test_garbage_of_invisible_keypoints_reaches_nothing():
    predicted, true, visible, difficulty = draw()
    want = evaluate(predicted, true, visible, 64, BODY, difficulty_N=difficulty)
    for garbage in (np.nan, 1e9):
        spoiled_true, spoiled = true.copy(), predicted.copy()
        spoiled_true[~visible] = garbage
        spoiled[~visible] = garbage
        found = evaluate(spoiled, spoiled_true, visible, 64, BODY, difficulty_N=difficulty)
        assert found.entry == want.entry
        for name in ("pck_N", "evalpose_limbs_N", "evalpose_100_N", "angle_error_deg_N"):
            np.testing.assert_array_equal(getattr(found, name), getattr(want, name))


def test_what_is_undefined_is_null_and_counted():
    predicted, true, visible, difficulty = draw(6)
    visible[:] = False
    visible[0, :2] = True
    difficulty[1] = np.nan
    entry = evaluate(predicted, true, visible, 64, BODY, difficulty_N=difficulty).entry
    assert json.dumps(entry, allow_nan=False)
    for name in ("evalpose_limbs", "evalpose_100", "angle_error_deg", "angle_at_15"):
        assert entry[name] is None
    assert entry["pck"]["0.05"]["wrist"] is None
    assert entry["undefined"] == {
        "pck": 5, "evalpose_limbs": 6, "evalpose_100": 6, "evalpose_cosine": 6, "angles": 72,
        "difficulty": 1,
    }  # fmt: skip
    assert sum(row["samples"] for row in entry["by_bin"]) == 5
    assert {row["interval"] for row in entry["by_bin"]} == {None}


def test_a_prediction_that_is_not_finite_costs_its_own_keypoint_only():
    predicted, true, visible, _ = draw(4)
    visible[:] = True
    predicted[2, 0] = np.nan  # right ankle: one triplet
    found = evaluate(predicted, true, visible, 64, BODY)
    assert found.entry["undefined"]["angles"] == 1
    assert np.isfinite(found.evalpose_100_N).all()
    others = replace(BODY, limbs=tuple(limb for limb in BODY.limbs if 0 not in limb))
    assert len(others.limbs) == 15  # its one limb counts as wrong, the rest as they are
    rest = evalpose.evalpose_limbs(predicted, true, visible, others)
    assert found.evalpose_limbs_N[2] == pytest.approx(rest[2] * 15 / 16, rel=1e-6)


def test_no_difficulty_makes_no_bins():
    predicted, true, visible, _ = draw(5)
    entry = evaluate(predicted, true, visible, 64, BODY).entry
    assert entry["by_bin"] == []
    assert entry["undefined"]["difficulty"] == 5


def test_the_reference_protocol_is_that_of_the_heatmaps():
    rng = np.random.default_rng(0)
    _, true, visible, _ = draw(40)
    true *= 4
    cell = np.clip(np.round(true / 4) + rng.integers(-4, 5, true.shape), 0, 63)
    label = pck_reference.label_cells(true, visible, 4, 64)
    for codebase in pck_reference.CODEBASES:
        entry = evaluate(
            4 * cell, true, visible, 256, BODY, protocol="reference", codebase=codebase
        ).entry
        want = pck_reference.pck_reference_cells(
            cell.astype(np.float32), label, (64, 64), BODY, codebase=codebase
        )
        assert entry["pck"]["0.05"] == want
        assert entry["protocol"] == f"reference ({codebase})"


def test_mistakes_are_explained():
    predicted, true, visible, _ = draw(3)
    with pytest.raises(ValueError, match="found 'pool'"):
        evaluate(predicted, true, visible, 64, BODY, protocol="pool")
    with pytest.raises(ValueError, match="at least one sample"):
        evaluate(predicted[:0], true[:0], visible[:0], 64, BODY)
