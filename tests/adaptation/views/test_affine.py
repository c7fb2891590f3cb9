from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.adaptation.views import affine
from posesift.adaptation.views.augment import generator
from posesift.poses import geometry

SIDE = 64
mirror = (1, 0, 2)
seeds = st.integers(0, 10**6)


def draw(seed: int, count: int = 6, **ranges: float) -> torch.Tensor:
    ranges = {"rotation": 180, "scale": 0.5, "shift": 0.2, "flip": 0.5} | ranges
    return affine.draw_affine(count, SIDE, generator("cpu", seed), **ranges)


@settings(max_examples=20)
@given(seeds, st.floats(27, 36), st.floats(27, 36))
def test_a_dot_moves_to_where_the_matrix_says(seed, x, y):
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    # far enough from the border that nothing of it is lost
    dot = torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 2.0**2))
    matrix = draw(seed, scale=0.25, shift=0.1)
    warped = affine.warp(dot.expand(6, 1, SIDE, SIDE), matrix)[:, 0]
    centroid = torch.stack(
        [(warped * axis).sum((1, 2)) / warped.sum((1, 2)) for axis in (columns, rows)], -1
    )
    expected = affine.apply(matrix, torch.tensor([[[x, y]]]).expand(6, 1, 2))[:, 0]
    assert (centroid - expected).abs().max() < 0.04


@settings(max_examples=20)
@given(seeds)
def test_a_warp_and_its_inverse_give_the_image_back(seed):
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    smooth = torch.sin(columns / 9.0) * torch.cos(rows / 7.0)  # linear interpolation keeps it
    matrix = draw(seed, scale=0.25, shift=0.05)
    there = affine.warp(smooth.expand(6, 1, SIDE, SIDE), matrix)
    back = affine.warp(there, affine.invert(matrix))
    # the middle only: what left the view is gone
    assert (back - smooth)[..., 24:40, 24:40].abs().max() < 0.02


def test_the_map_that_changes_nothing_changes_nothing():
    images = torch.randint(0, 256, (2, 3, SIDE, SIDE), dtype=torch.uint8)
    nothing = draw(0, 2, rotation=0, scale=0, shift=0, flip=0)
    assert torch.allclose(affine.warp(images, nothing), images.float(), atol=0.02)


def test_a_quarter_turn_and_a_mirror_are_exact():
    image = torch.arange(16.0).view(1, 1, 4, 4)
    turn = torch.tensor([[[0.0, -1.0, 3.0], [1.0, 0.0, 0.0]]])  # (x, y) -> (3 - y, x)
    assert torch.allclose(affine.warp(image, turn), image.rot90(-1, (2, 3)), atol=1e-5)
    flip = torch.tensor([[[-1.0, 0.0, 3.0], [0.0, 1.0, 0.0]]])
    assert torch.allclose(affine.warp(image, flip), image.flip(3), atol=1e-5)


@settings(max_examples=30)
@given(seeds)
def test_inverse_and_composition_agree_with_the_rooms_of_poses(seed):
    one, two = draw(seed), draw(seed + 1)
    points = torch.rand(6, 5, 2, generator=generator("cpu", seed)) * SIDE
    for ours, theirs in (
        (affine.apply(one, points), geometry.apply(one.numpy(), points.numpy())),
        (affine.invert(one), geometry.invert(one.numpy())),
        (affine.compose(one, two), geometry.compose(one.numpy(), two.numpy())),
    ):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-4)
    there_and_back = affine.apply(affine.invert(one), affine.apply(one, points))
    assert (there_and_back - points).abs().max() < 1e-3


def test_draws_stay_in_their_ranges_and_about_the_centre():
    matrices = draw(0, 4000, rotation=30, scale=0.25, shift=0.1, flip=0.25)
    factor = torch.det(matrices[:, :, :2]).abs().sqrt()
    assert 1 / 1.25 - 1e-4 < factor.min() < 0.81
    assert 1.24 < factor.max() < 1.25 + 1e-4
    angle = torch.rad2deg(torch.atan2(-matrices[:, 0, 1], matrices[:, 1, 1]))
    assert 29 < angle.abs().max() < 30 + 1e-3
    assert abs(angle.mean()) < 1
    centre = torch.full((4000, 1, 2), (SIDE - 1) / 2)
    shift = affine.apply(matrices, centre) - centre
    assert 0.099 * SIDE < shift.abs().max() <= 0.1 * SIDE + 1e-3
    assert abs(affine.is_mirrored(matrices).float().mean() - 0.25) < 0.03


def test_move_follows_the_matrix_and_drops_what_leaves_the_view():
    right = torch.tensor([[[1.0, 0.0, 10.0], [0.0, 1.0, 0.0]]])
    keypoints = torch.tensor([[[5.0, 6.0], [60.0, 6.0], [53.4, 6.0], [53.6, 6.0]]])
    moved, visible = affine.move(keypoints, torch.ones(1, 4) > 0, right, SIDE)
    assert visible.tolist() == [[True, False, True, False]]
    assert moved[0, 0].tolist() == [15, 6]
    assert moved[0, 1].tolist() == [0, 0]


def test_move_renames_the_keypoints_of_mirrored_samples_only():
    flip = torch.tensor([[[-1.0, 0.0, 63.0], [0.0, 1.0, 0.0]]])
    same = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    keypoints = torch.tensor([[[10.0, 1.0], [20.0, 2.0], [30.0, 3.0]]]).expand(2, 3, 2)
    seen = torch.tensor([[True, False, True]]).expand(2, 3)
    moved, visible = affine.move(keypoints, seen, torch.cat([flip, same]), SIDE, mirror)
    assert visible.tolist() == [[False, True, True], [True, False, True]]
    assert moved[0, 1].tolist() == [53, 1]  # the left one is now where the right one was
    assert moved[1, 0].tolist() == [10, 1]


@settings(max_examples=20)
@given(seeds, st.sampled_from([math.nan, math.inf, -math.inf, 1e9, -1e38]))
def test_garbage_of_invisible_keypoints_does_not_come_through(seed, garbage):
    matrix = draw(seed)
    random = torch.Generator().manual_seed(seed)
    keypoints = torch.rand(6, 3, 2, generator=random) * SIDE
    visible = torch.rand(6, 3, generator=random) < 0.5
    clean = affine.move(keypoints, visible, matrix, SIDE, mirror)
    dirty = affine.move(
        torch.where(visible[..., None], keypoints, garbage), visible, matrix, SIDE, mirror
    )
    assert torch.equal(clean[0], dirty[0])
    assert torch.equal(clean[1], dirty[1])
