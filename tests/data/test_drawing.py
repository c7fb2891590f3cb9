from __future__ import annotations

import numpy as np

from posesift import skeletons
from posesift.data.drawing import draw_pose


def drawn(visible, **options):
    hand = skeletons.load("hand21")
    image_HW3 = np.full((128, 128, 3), 90, np.uint8)
    turn_K = np.arange(21) / 21 * 2 * np.pi
    points_K2 = 64 + 52 * np.stack([np.cos(turn_K), np.sin(turn_K)], -1)
    points_K2[0] = 64
    result = draw_pose(image_HW3, points_K2, np.asarray(visible), hand, **options)
    assert (image_HW3 == 90).all()  # drawn on a copy
    return result, points_K2


def test_limbs_have_their_colours_and_keypoints_are_white():
    image_HW3, points_K2 = drawn(np.ones(21, bool))
    colours = {tuple(c) for c in image_HW3.reshape(-1, 3).tolist()}
    for colour in skeletons.load("hand21").colours:
        assert tuple(bytes.fromhex(colour[1:])) in colours
    x, y = np.round(points_K2[20]).astype(int)
    assert image_HW3[y, x].tolist() == [255, 255, 255]


def test_occluded_keypoints_are_hollow():
    image_HW3, points_K2 = drawn(np.ones(21, bool), occluded_K=np.arange(21) == 20)
    x, y = np.round(points_K2[20]).astype(int)
    assert image_HW3[y, x].max() < 60
    x, y = np.round(points_K2[19]).astype(int)
    assert image_HW3[y, x].min() == 255


def test_the_invisible_is_not_drawn():
    image_HW3, _ = drawn(np.zeros(21, bool))
    assert (image_HW3 == 90).all()
    image_HW3, points_K2 = drawn(np.arange(21) == 6)
    changed = np.argwhere((image_HW3 != 90).any(-1))[:, ::-1]
    assert 0 < len(changed) < 80
    assert np.abs(changed - points_K2[6]).max() < 6
