from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.adaptation.regda.disparity import (
    ground_false,
    ground_truth,
    kl,
    peak,
    scale_gradient,
)
from posesift.networks.heatmaps import HeatmapCodec

PLAIN = HeatmapCodec(32, 2)
REFERENCE = HeatmapCodec(128, 4, sigma=2, rounding=True)


def slow_kl(logits, target, weight, epsilon):
    """KL(normalised target || softmax), by the definition, in float64."""
    batch, joints, rows, columns = target.shape
    logits, target, weight = logits.tolist(), target.tolist(), weight.tolist()
    total = 0.0
    for b in range(batch):
        for k in range(joints):
            cells = [(i, j) for i in range(rows) for j in range(columns)]
            mass = sum(target[b][k][i][j] + epsilon for i, j in cells)
            highest = max(logits[b][k][i][j] for i, j in cells)
            partition = sum(math.exp(logits[b][k][i][j] - highest) for i, j in cells)
            for i, j in cells:
                p = (target[b][k][i][j] + epsilon) / mass if mass else 0.0
                log_q = logits[b][k][i][j] - highest - math.log(partition)
                if p > 0:
                    total += weight[b][k] * p * (math.log(p) - log_q)
    return total / (batch * joints)


def slow_false(truth):
    """For every joint the clipped sum over all other joints."""
    found = torch.zeros_like(truth)
    for k in range(truth.shape[1]):
        for j in range(truth.shape[1]):
            if j != k:
                found[:, k] += truth[:, j]
        found[:, k] = found[:, k].clip(0, 1)
    return found


@pytest.mark.parametrize("epsilon", [0.0, 1e-7])
@pytest.mark.parametrize("codec", [PLAIN, HeatmapCodec(64, 4, sigma=2, rounding=True)])
def test_kl_is_that_of_the_definition(codec, epsilon):
    random = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(2, 3, codec.cells, codec.cells, generator=random)
    keypoints = 0.9 * codec.side * torch.rand(2, 3, 2, generator=random)
    keypoints[0, 1] = -50.0  # an empty target
    target, weight = codec.encode(keypoints, torch.ones(2, 3, dtype=torch.bool))
    assert weight.tolist() == [[1, 0, 1], [1, 1, 1]]
    weight = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    found = kl(logits, target, weight, epsilon).item()
    assert found == pytest.approx(slow_kl(logits, target, weight, epsilon), rel=1e-5)
    one = kl(logits, target, torch.ones(2, 1), epsilon).item()
    assert one == pytest.approx(slow_kl(logits, target, torch.ones(2, 3), epsilon), rel=1e-5)


def test_an_empty_target_costs_nothing_and_its_gradient_is_zero():
    logits = torch.randn(1, 2, 4, 4, requires_grad=True)
    loss = kl(logits, torch.zeros(1, 2, 4, 4), torch.ones(1, 2))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_with_epsilon_an_empty_target_is_the_uniform_one():
    logits = torch.randn(1, 1, 4, 4)
    found = kl(logits, torch.zeros(1, 1, 4, 4), torch.ones(1, 1), 1e-7)
    assert found.item() == pytest.approx(
        kl(logits, torch.ones(1, 1, 4, 4), torch.ones(1, 1)).item(), rel=1e-5
    )


@given(shift=st.floats(-100, 100), seed=st.integers(0, 100))
@settings(max_examples=20)
def test_kl_is_least_at_the_target_and_knows_no_zero_of_the_logits(shift, seed):
    random = torch.Generator().manual_seed(seed)
    target = torch.rand(1, 1, 4, 4, generator=random) + 0.1
    logits = torch.randn(1, 1, 4, 4, generator=random)
    weight = torch.ones(1, 1)
    assert kl(target.log() + shift, target, weight).item() == pytest.approx(0, abs=1e-4)
    found = kl(logits, target, weight).item()
    assert found > 0
    assert kl(logits + shift, target, weight).item() == pytest.approx(found, abs=1e-4)


def test_peak_is_column_and_row_of_the_largest():
    logits = torch.full((1, 2, 3, 4), -5.0)
    logits[0, 0, 2, 1] = -1.0
    logits[0, 1, 0, 3] = 7.0
    cell, height = peak(logits)
    assert cell.tolist() == [[[1, 2], [3, 0]]]
    assert height.tolist() == [[-1.0, 7.0]]


@pytest.mark.parametrize("codec", [PLAIN, REFERENCE])
def test_ground_truth_has_its_peak_of_one_on_the_cell(codec):
    cell = torch.tensor([[[0, 0], [3, 9], [codec.cells - 1, 5]]])
    truth = ground_truth(cell, codec)
    assert torch.equal(peak(truth)[0], cell)
    assert torch.equal(peak(truth)[1], torch.ones(1, 3))
    # equal on both sides of the cell
    assert torch.equal(truth[0, 1, 9, 1], truth[0, 1, 9, 5])


def test_reference_pseudo_labels_are_cut_to_thirteen_cells_square():
    truth = ground_truth(torch.tensor([[[15, 16]]]), REFERENCE)[0, 0]
    for row in range(32):
        for column in range(32):
            dx, dy = column - 15, row - 16
            inside = abs(dx) <= 6 and abs(dy) <= 6
            expected = math.exp(-(dx**2 + dy**2) / 8) if inside else 0.0
            assert truth[row, column].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("codec", [PLAIN, REFERENCE])
def test_parity_gf_is_clip_of_the_sum_of_the_others(codec):
    random = torch.Generator().manual_seed(1)
    cell = torch.randint(0, codec.cells // 3, (2, 7, 2), generator=random)  # they overlap
    truth = ground_truth(cell, codec)
    assert truth.sum(1).max() > 1.5
    assert torch.allclose(ground_false(truth), slow_false(truth), atol=1e-6)
    logits, weight = torch.randn(truth.shape, generator=random), torch.ones(2, 7)
    found = kl(logits, ground_false(truth), weight, 1e-7).item()
    assert found == pytest.approx(slow_kl(logits, slow_false(truth), weight, 1e-7), rel=1e-5)


def test_ground_false_of_three_joints_by_hand():
    truth = torch.zeros(1, 3, 1, 4)
    truth[0, 0, 0] = torch.tensor([1.0, 0.5, 0.0, 0.0])
    truth[0, 1, 0] = torch.tensor([0.0, 0.75, 1.0, 0.0])
    truth[0, 2, 0] = torch.tensor([0.0, 0.5, 0.25, 0.0])
    expected = [[0, 1, 1, 0], [1, 1, 0.25, 0], [1, 1, 1, 0]]
    assert torch.equal(ground_false(truth)[0, :, 0], torch.tensor(expected))


def test_the_only_joint_of_a_skeleton_has_no_false_place():
    truth = ground_truth(torch.tensor([[[2, 2]]]), PLAIN)
    assert not ground_false(truth).any()
    logits = torch.randn(1, 1, 16, 16, requires_grad=True)
    loss = kl(logits, ground_false(truth), torch.ones(1, 1), 1e-7)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@given(st.floats(0, 2), st.integers(0, 100))
@settings(max_examples=20)
def test_scaling_changes_the_gradient_alone(factor, seed):
    values = torch.randn(3, 5, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    scaled = scale_gradient(values, factor)
    assert torch.equal(scaled, values)
    scaled.square().sum().backward()
    assert values.grad is not None
    assert torch.allclose(values.grad, factor * 2 * values)
