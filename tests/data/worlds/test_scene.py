"""Scenes: what is drawn of samples, chosen, joined, and photographed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from posesift.data import worlds
from posesift.data.worlds.scene import joined


@pytest.mark.parametrize("world", worlds.WORLDS)
def test_drawn_and_photographed_is_sampled(world):
    numbers = [5000, 3, 3, 1030, 0]
    scene = worlds.draw(world, "target", numbers, seed=3, split="test")
    seen = worlds.photograph(scene, 48)
    sampled = worlds.sample(world, "target", seed=3, split="test", side=48, indices=numbers)
    assert scene.number_N.tolist() == numbers
    for part in ("figures", "cameras"):
        one, other = vars(getattr(seen, part)), vars(getattr(sampled, part))
        assert all(np.array_equal(one[name], other[name]) for name in one)
    assert np.array_equal(worlds.paint(seen, "photo"), worlds.paint(sampled, "photo"))
    assert np.array_equal(seen.table.occluded_NK, sampled.table.occluded_NK)
    assert seen.table.root == "", "these images have no address of a world"


@pytest.mark.parametrize("world", worlds.WORLDS)
def test_a_row_is_the_same_wherever_it_stands(world):
    """To the last bit: beside others, in another order, in a block that is not full."""
    scene = worlds.draw(world, "target", range(1500), seed=1)
    whole = worlds.photograph(scene)
    for rows in ([1499, 2], np.arange(700, 1490), [0], np.arange(1500) == 77):
        seen = worlds.photograph(scene.select(rows))
        assert np.array_equal(seen.table.keypoints_NK2, whole.table.keypoints_NK2[rows])
        some = np.arange(0, len(seen), 40)
        hidden_RK = whole.table.select(rows).select(some).occluded_NK
        assert np.array_equal(seen.table.select(some).occluded_NK, hidden_RK)


def test_scenes_of_one_world_are_joined():
    scene = worlds.draw("body", "target", range(6))
    again = joined([scene.select([0, 1]), scene.select([]), scene.select([2, 3, 4, 5])])
    for one, other in zip(vars(scene).values(), vars(again).values(), strict=True):
        if isinstance(one, dict):
            assert all(np.array_equal(one[key], other[key]) for key in one)
        else:
            assert np.array_equal(one, other)
    for odd in (
        worlds.draw("hand", "target", [1]),
        worlds.draw("body", "target", [1], seed=2),
        dataclasses.replace(scene, mode_N=None),
    ):
        with pytest.raises(ValueError, match="scenes of one world, seed and split"):
            joined([scene, odd])


def test_the_figures_alone_make_the_picture_and_nothing_is_drawn(monkeypatch):
    scene = worlds.draw("body", "source", [4, 9])
    monkeypatch.setattr(worlds, "_stream", None)  # any draw would now fail
    turned = dataclasses.replace(scene, camera=scene.camera | {"yaw": np.array([0.0, 180.0])})
    table = worlds.photograph(turned).table
    names = table.skeleton.keypoints
    right, left = names.index("right_shoulder"), names.index("left_shoulder")
    x_NK = table.keypoints_NK2[..., 0]
    assert (x_NK[:, right] < x_NK[:, left]).tolist() == [True, False]
