"""Keypoints that cannot be where they are said to be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.datasets import pose_table

from posesift.data.checks.impossible import canonical_lengths, find_impossible
from posesift.data.readers import read


@pytest.mark.parametrize("world", ["body,poses=source", "body,poses=target", "hand"])
def test_sound_poses_have_nothing_impossible(world):
    found = find_impossible(read(f"world:{world},n=1000"))
    assert not found.long_N.any()
    assert not found.off_N.any()
    assert not found.point_N.any()


@pytest.mark.parametrize("canonical", [True, False])
@pytest.mark.parametrize("world", ["body", "hand"])
def test_a_keypoint_that_flew_off_is_found(world, canonical):
    """The image's far corner is many limbs away; the limb that is named ends there."""
    table = read(f"world:{world},n=400,side=400")
    if not canonical:
        table.skeleton = dataclasses.replace(table.skeleton, limb_lengths=None)
    name = {"body": "right_wrist", "hand": "index_tip"}[world]
    wrist = table.skeleton.keypoints.index(name)
    wrong = [17, 203]
    table.keypoints_NK2[wrong, wrist] = table.keypoints_NK2[wrong, wrist - 1] + [0, 700]
    found = find_impossible(table)
    assert np.flatnonzero(found.long_N).tolist() == wrong
    for row in wrong:
        assert wrist in table.skeleton.limbs[found.limb_N[row]]
        assert found.ratio_N[row] > 4
    # and off the image, which is something else
    assert np.flatnonzero(found.off_N).tolist() == wrong


def test_a_keypoint_that_is_not_visible_is_no_fault():
    table = read("world:body,n=50,side=100")
    table.keypoints_NK2[3, 0] = np.nan
    table.keypoints_NK2[4, 0] = -0.4
    table.keypoints_NK2[5, 0] = 99.6
    table.visible_NK[3, 0] = False
    found = find_impossible(table)
    assert np.flatnonzero(found.off_N).tolist() == [5]
    table.visible_NK[3, 0] = True
    assert np.flatnonzero(find_impossible(table).off_N).tolist() == [3, 5]


def test_all_in_one_point():
    table = read("world:body,n=20")
    table.keypoints_NK2[2] = (30, 30)
    table.keypoints_NK2[7] = (30, 30)
    table.visible_NK[7, 1:] = False  # a single keypoint is a point by right
    found = find_impossible(table)
    assert np.flatnonzero(found.point_N).tolist() == [2]
    assert not found.long_N[2]


def test_estimated_lengths_are_the_skeletons_own():
    table = read("world:body,n=2000,poses=target")
    own_L = np.array(table.skeleton.limb_lengths)
    assert canonical_lengths(table) is not None
    np.testing.assert_array_equal(canonical_lengths(table), own_L)
    table.skeleton = dataclasses.replace(table.skeleton, limb_lengths=None)
    ratio_L = canonical_lengths(table) / own_L
    assert ratio_L.max() / ratio_L.min() < 1.4


def test_a_set_whose_proportions_are_others_is_no_fault():
    """A bound of the set, not of the skeleton alone: the head of a toddler, or of a cartoon."""
    table = read("world:body,n=400,side=400")
    neck, head = (table.skeleton.keypoints.index(name) for name in ("upper_neck", "head_top"))
    step_N2 = table.keypoints_NK2[:, head] - table.keypoints_NK2[:, neck]
    table.keypoints_NK2[:, head] += 3 * step_N2
    found = find_impossible(table)
    assert not found.long_N.any()
    assert found.bound_L.max() > 6


def test_no_samples_and_few_limbs():
    assert len(find_impossible(pose_table(n=3).select([])).off_N) == 0
    table = pose_table(n=3)
    table.visible_NK[:, 3:] = False
    assert not find_impossible(table).ratio_N.any()
    table.skeleton = dataclasses.replace(table.skeleton, limbs=(), limb_lengths=(), colours=())
    assert not find_impossible(table).long_N.any()
