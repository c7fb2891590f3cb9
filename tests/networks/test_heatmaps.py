from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.networks.heatmaps import HeatmapCodec

inside = st.floats(-0.5, 63.484375, width=32)


def reference_heatmap(x: float, y: float, cells: int, stride: int, sigma: int) -> np.ndarray:
    """The rule of the public code, cell by cell: whole centre, square cut at 3 sigma."""
    heatmap = np.zeros((cells, cells), np.float64)
    column, row = int(x / stride + 0.5), int(y / stride + 0.5)  # int() truncates toward zero
    if not (0 <= column < cells and 0 <= row < cells):
        return heatmap
    for i in range(cells):
        for j in range(cells):
            if abs(i - row) <= 3 * sigma and abs(j - column) <= 3 * sigma:
                distance = (i - row) ** 2 + (j - column) ** 2
                heatmap[i, j] = math.exp(-distance / (2 * sigma**2))
    return heatmap


@pytest.mark.parametrize(("stride", "sigma"), [(4, 2), (4, 1), (2, 2)])
def test_rounding_is_the_reference_rule_cell_by_cell(stride, sigma):
    side = 64 * stride
    random = np.random.default_rng(0)
    points = random.uniform(-4 * stride, side + 4 * stride, (40, 2)).astype(np.float32)
    # the corners of the rule: -6 < x < -2 at stride 4 still counts as inside
    points[:6] = [[-5.9, 3], [-6.1, 3], [-2, -2], [side - 2, 8], [side - 2.01, 8], [0, side]]
    codec = HeatmapCodec(side, stride, sigma, rounding=True)
    drawn, weight = codec.encode(torch.from_numpy(points)[None], torch.ones(1, 40) > 0)
    for k, (x, y) in enumerate(points.tolist()):
        expected = reference_heatmap(x, y, 64, stride, sigma)
        np.testing.assert_allclose(drawn[0, k].numpy(), expected, rtol=3e-7)
        assert np.array_equal(drawn[0, k].numpy() > 0, expected > 0)
        assert float(weight[0, k]) == float(expected.any())
    if stride == 4:
        assert weight[0, :4].tolist() == [1, 0, 1, 0]


def test_rounding_of_sigma_2_fills_13_by_13_cells_with_a_peak_of_one():
    codec = HeatmapCodec(256, 4, 2, rounding=True)
    drawn, _ = codec.encode(torch.tensor([[[100.0, 80.0]]]), torch.ones(1, 1) > 0)
    assert int((drawn > 0).sum()) == 13 * 13
    assert drawn[0, 0, 20, 25] == 1


def test_rounding_decodes_by_arg_max_and_gives_the_origin_where_nothing_is_positive():
    codec = HeatmapCodec(32, 4, 2, rounding=True)
    heatmaps = torch.full((1, 3, 8, 8), -1.0)
    heatmaps[0, 0, 2, 5] = 0.3
    heatmaps[0, 1, 7, 7] = 0.0
    decoded, confidence = codec.decode(heatmaps)
    assert decoded.tolist() == [[[20, 8], [0, 0], [0, 0]]]
    assert confidence[0].tolist() == [pytest.approx(0.3), 0, -1]


@settings(max_examples=50)
@given(inside, inside, st.sampled_from([1, 2, 4]))
def test_round_trip_stays_within_the_stated_bounds(x, y, stride):
    codec = HeatmapCodec(64, stride)
    heatmaps, weight = codec.encode(torch.tensor([[[x, y]]]), torch.ones(1, 1) > 0)
    assert weight.item() == 1
    decoded, confidence = codec.decode(heatmaps)
    assert 0.7 < confidence.item() <= 1
    for true, found in zip((x, y), decoded[0, 0].tolist(), strict=True):
        cell = (true - (stride - 1) / 2) / stride
        # between two cells, in float32, the arg-max may be either
        nearest = [math.floor(cell + 0.5 + tie) for tie in (-1e-4, 1e-4)]
        margin = min(min(i, codec.cells - 1 - i) for i in nearest)
        bound = 0.046 if margin >= 2 else 0.24 if margin == 1 else 0.5
        assert abs(true - found) <= (bound + 1e-4) * stride


def test_the_bounds_are_reached():
    codec = HeatmapCodec(64, 1)
    line = torch.linspace(20, 21, 1001)
    points = torch.stack([line, line], -1)[None]
    decoded, _ = codec.decode(codec.encode(points, torch.ones(1, 1001) > 0)[0])
    assert 0.044 < (decoded - points).abs().max() < 0.046


def test_a_cell_s_centre_is_where_the_convention_says():
    codec = HeatmapCodec(64, 4)
    heatmaps, _ = codec.encode(torch.tensor([[[4 * 5 + 1.5, 4 * 9 + 1.5]]]), torch.ones(1, 1) > 0)
    assert heatmaps[0, 0, 9, 5] == 1
    lone = torch.zeros(1, 1, 16, 16)
    lone[0, 0, 9, 5] = 1
    assert codec.decode(lone)[0].tolist() == [[[21.5, 37.5]]]


def test_encoding_equals_the_gaussian_written_out():
    codec = HeatmapCodec(16, 2, sigma=1.5)
    heatmaps, _ = codec.encode(torch.tensor([[[3.2, 9.9]]]), torch.ones(1, 1) > 0)
    for i in range(8):
        for j in range(8):
            dx, dy = j - (3.2 - 0.5) / 2, i - (9.9 - 0.5) / 2
            expected = math.exp(-(dx**2 + dy**2) / (2 * 1.5**2))
            assert heatmaps[0, 0, i, j].item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rounding", [False, True])
@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf, 1e9, -1e30])
def test_coordinates_of_invisible_keypoints_never_reach_the_heatmaps(garbage, rounding):
    codec = HeatmapCodec(32, 2, 2, rounding=rounding)
    keypoints = torch.tensor([[[5.0, 6.0], [9.0, 9.0]]])
    visible = torch.tensor([[True, False]])
    clean = codec.encode(keypoints, visible)
    keypoints[0, 1] = garbage
    dirty = codec.encode(keypoints, visible)
    assert torch.equal(clean[0], dirty[0])
    assert torch.equal(clean[1], dirty[1])
    # and a visible one that is not a number, or far away, has weight 0
    _, weight = codec.encode(keypoints, torch.ones(1, 2) > 0)
    assert weight.tolist() == [[1, 0]]


def test_flat_and_negative_heatmaps_decode_to_their_arg_max():
    codec = HeatmapCodec(32, 2)
    decoded, confidence = codec.decode(torch.full((1, 1, 16, 16), -2.0))
    assert decoded.tolist() == [[[0.5, 0.5]]]
    assert confidence.item() == -2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"side": 63, "stride": 2}, "multiple of the network's stride 2, found 63"),
        ({"side": 64, "stride": 2, "sigma": 0}, "sigma above 0"),
        ({"side": 64, "stride": 2, "sigma": 1.5, "rounding": True}, "whole sigma"),
    ],
)
def test_settings_that_cannot_be_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        HeatmapCodec(**arguments)


@pytest.mark.parametrize(
    ("at", "drawn"), [(-0.5, True), (-0.51, False), (15.49, True), (15.5, False)]
)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_keypoint_on_the_crops_outer_edge(at, drawn, axis):
    """Pixels reach half a pixel around their centres: -0.5 belongs to a crop of 16, 15.5 not."""
    keypoints_BK2 = torch.full((1, 1, 2), 8.0)
    keypoints_BK2[..., axis] = at
    heatmaps, weight_BK = HeatmapCodec(side=16, stride=4).encode(keypoints_BK2, torch.ones(1, 1))
    assert bool(weight_BK[0, 0]) == drawn
    assert bool(heatmaps.any()) == drawn
