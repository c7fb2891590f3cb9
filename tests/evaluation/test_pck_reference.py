"""The public codebases' arithmetic, derived again from its description with plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from posesift.evaluation import pck_reference
from posesift.skeletons import load

BODY = load("body16")


def peak(heatmap):
    """First largest cell in reading order; the corner when nothing in the map is positive."""
    best, where = -math.inf, (0, 0)
    for y, row in enumerate(heatmap):
        for x, value in enumerate(row):
            if value > best:
                best, where = value, (x, y)
    return where if best > 0 else (0, 0)


def batch_accuracy(predicted, true):
    """Accuracy of each keypoint in one batch, -1 where no label counts."""
    size = true.shape[-1]
    accuracy = []
    for k in range(true.shape[1]):
        hits = counted = 0
        for n in range(len(true)):
            gx, gy = peak(true[n, k])
            if gx > 1 and gy > 1:
                px, py = peak(predicted[n, k])
                dx = px / (size / 10) - gx / (size / 10)
                dy = py / (size / 10) - gy / (size / 10)
                hits += math.sqrt(dx * dx + dy * dy) < 0.5
                counted += 1
        accuracy.append(hits / counted if counted else -1)
    return accuracy


def by_loops(predicted, true, batch_size, codebase):
    batches = [
        (
            len(true[i : i + batch_size]),
            batch_accuracy(predicted[i : i + batch_size], true[i : i + batch_size]),
        )
        for i in range(0, len(true), batch_size)
    ]
    result = {}
    for name, members in BODY.groups.items():
        if codebase == "udape":
            joints = []
            for k in members:
                total = weight = 0
                for images, accuracy in batches:
                    if accuracy[k] != -1:
                        total += accuracy[k] * images
                        weight += images
                joints.append(total / weight if weight else 0)
            result[name] = 100 * (sum(joints) / len(joints))
        else:
            total = weight = 0
            for images, accuracy in batches:
                total += sum(accuracy[k] for k in members) / len(members) * images
                weight += images
            result[name] = 100 * (total / weight)
    return result


def heatmaps(seed, n, size):
    """Random peaks: some labels empty or at the edge, some predictions negative throughout."""
    rng = np.random.default_rng(seed)
    true = np.zeros((n, 16, size, size), np.float32)
    predicted = rng.normal(0, 0.1, true.shape).astype(np.float32)
    for i in range(n):
        for k in range(16):
            x, y = rng.integers(0, size, 2)
            if rng.random() < 0.7 and not (k == 0 and i < n // 2):
                true[i, k, y, x] = 1
            dx, dy = rng.integers(-4, 5, 2)
            predicted[i, k, np.clip(y + dy, 0, size - 1), np.clip(x + dx, 0, size - 1)] = 1
            if rng.random() < 0.1:
                predicted[i, k] -= 10
    return predicted, true


@given(st.integers(0, 2**31), st.integers(1, 9), st.sampled_from([1, 3, 4]))
@settings(max_examples=12)
def test_equals_the_description_bit_for_bit(seed, n, batch_size):
    predicted, true = heatmaps(seed, n, 12)
    for codebase in pck_reference.CODEBASES:
        found = pck_reference.pck_reference(
            predicted, true, BODY, codebase=codebase, batch_size=batch_size
        )
        assert found == by_loops(predicted, true, batch_size, codebase)


def test_equals_the_description_at_the_published_size():
    predicted, true = heatmaps(1, 5, 64)
    for codebase in pck_reference.CODEBASES:
        found = pck_reference.pck_reference(predicted, true, BODY, codebase=codebase, batch_size=2)
        assert found == by_loops(predicted, true, 2, codebase)


def test_thirty_seven_offsets_count_as_hits():
    true = np.full((1, 1, 2), 30, np.float32)
    hits = 0
    for dx in range(-5, 6):
        for dy in range(-5, 6):
            cell = np.broadcast_to(true + np.array([dx, dy]), (1, 16, 2)).astype(np.float32)
            found = pck_reference.pck_reference_cells(
                cell, np.broadcast_to(true, (1, 16, 2)), (64, 64), BODY
            )
            hits += found["all"] == 100
    assert hits == 37


def test_the_two_averages_differ_where_a_joint_never_counts():
    cell = np.full((2, 16, 2), 20, np.float32)
    true = cell.copy()
    true[:, 2] = 0  # the right hip is never visible
    udape = pck_reference.pck_reference_cells(cell, true, (64, 64), BODY, codebase="udape")
    tllib = pck_reference.pck_reference_cells(cell, true, (64, 64), BODY, codebase="tllib")
    assert udape["hip"] == 50
    assert tllib["hip"] == 0  # (1 + -1) / 2


def test_batches_weigh_by_images_not_by_what_counted():
    cell = np.full((3, 16, 2), 20, np.float32)
    true = cell.copy()
    true[0] = 0  # the first batch of two has one label a joint, a hit; the second a miss
    predicted = cell.copy()
    predicted[2] += 10
    found = pck_reference.pck_reference_cells(predicted, true, (64, 64), BODY, batch_size=2)
    assert found["all"] == pytest.approx(100 * 2 / 3)


@given(st.floats(-20, 300), st.floats(-20, 300))
@example(-5.9, 100.0)  # truncated to column 0, where rounding down would leave the map
@settings(max_examples=50)
def test_label_cells_follow_the_truncating_rule(x, y):
    mu = int(x / 4 + 0.5), int(y / 4 + 0.5)
    want = mu if 0 <= mu[0] < 64 and 0 <= mu[1] < 64 else (0, 0)
    found = pck_reference.label_cells(np.array([[[x, y]]]), np.ones((1, 1), bool), 4, 64)
    assert tuple(found[0, 0]) == want


def test_label_cells_of_invisible_garbage_are_the_corner():
    found = pck_reference.label_cells(np.array([[[np.nan, 1e9]]]), np.zeros((1, 1), bool), 4, 64)
    assert found.tolist() == [[[0, 0]]]


@pytest.mark.parametrize("offset", [0.0, 1.5])
def test_predicted_cells_give_back_what_was_decoded(offset):
    cell = np.random.default_rng(0).integers(0, 64, (5, 16, 2))
    found = pck_reference.predicted_cells(4.0 * cell + offset, 4, 64)
    np.testing.assert_array_equal(found, cell)


def test_mistakes_are_explained():
    cell = np.zeros((1, 16, 2), np.float32)
    with pytest.raises(ValueError, match="udape or tllib, found 'mmpose'"):
        pck_reference.pck_reference_cells(cell, cell, (64, 64), BODY, codebase="mmpose")
    with pytest.raises(ValueError, match="at least one sample"):
        pck_reference.pck_reference_cells(cell[:0], cell[:0], (64, 64), BODY)
