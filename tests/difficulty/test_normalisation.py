from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.difficulty.skeletal import BODY, STANDING, poses

from posesift import skeletons
from posesift.difficulty import normalisation
from posesift.difficulty.normalisation import normalise

BODY_TORSO = list(BODY.torso)


def moved(table, scale, shift):
    return (table.keypoints_NK2 * scale + np.float32(shift)).astype(np.float32)


@pytest.mark.parametrize("how", ["limb", "rms", "torso", "upright"])
@given(st.floats(0.2, 5), st.floats(-500, 500), st.floats(-500, 500))
@settings(max_examples=10)
def test_place_and_size_mean_nothing(how, scale, x, y):
    table = poses(20, hidden=0.2)
    before, _ = normalise(table.keypoints_NK2, table.visible_NK, BODY, how)
    after, _ = normalise(moved(table, scale, [x, y]), table.visible_NK, BODY, how)
    np.testing.assert_allclose(after, before, atol=5e-3)


def test_limb_by_hand():
    """A figure of trunk 100 px with every limb in the image plane comes out in trunk units."""
    pixels = (STANDING * 100 + [300, 400])[None]
    points, visible = normalise(pixels, np.ones((1, 16), bool), BODY)
    lengths = [
        np.linalg.norm(STANDING[a] - STANDING[b]) / length
        for (a, b), length in zip(BODY.limbs, BODY.limb_lengths, strict=True)
    ]
    expected = (STANDING - STANDING[BODY_TORSO].mean(0)) / sorted(lengths)[-2]
    np.testing.assert_allclose(points[0], expected, atol=1e-5)
    assert points.dtype == np.float32
    assert visible.all()


def test_the_others_by_hand():
    pixels = (STANDING * 100 + [300, 400])[None]
    seen = np.ones((1, 16), bool)
    box = np.array([[200.0, 250.0, 200.0, 320.0]])
    crop, _ = normalise(pixels, seen, BODY, "crop", box)
    np.testing.assert_allclose(crop[0], STANDING * 100 / 320, atol=1e-5)  # the hips are at 0
    rms, _ = normalise(pixels, seen, BODY, "rms")
    assert np.square(rms[0]).sum(1).mean() == pytest.approx(1, rel=1e-5)
    torso, _ = normalise(pixels, seen, BODY, "torso")
    hips, top = torso[0][[2, 3]].mean(0), torso[0][[12, 13, 8]].mean(0)
    assert np.linalg.norm(hips - top) == pytest.approx(1, rel=1e-5)


def test_upright_undoes_any_turn():
    for degrees in (0, 30, 90, 180, 250):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turned = STANDING @ np.array([[c, s], [-s, c]]) * 80 + 300
        points, _ = normalise(turned[None], np.ones((1, 16), bool), BODY, "upright")
        hips, top = points[0][[2, 3]].mean(0), points[0][[12, 13, 8]].mean(0)
        np.testing.assert_allclose(hips[0], top[0], atol=1e-5)
        assert top[1] < hips[1]  # y points down
        np.testing.assert_allclose(np.linalg.norm(points[0, 9] - points[0, 8]), 0.5, atol=0.05)


@pytest.mark.parametrize("how", normalisation.HOW)
def test_what_is_not_visible_is_never_read(how):
    table = poses(50, hidden=0.4)
    box = table.crop_boxes_N4()
    before, _ = normalise(table.keypoints_NK2, table.visible_NK, BODY, how, box)
    garbage = table.keypoints_NK2.copy()
    garbage[~table.visible_NK] = np.nan
    after, _ = normalise(garbage, table.visible_NK, BODY, how, box)
    np.testing.assert_array_equal(before, after)
    assert np.isfinite(after).all()
    assert (after[~table.visible_NK] == 0).all()


@pytest.mark.parametrize("how", normalisation.HOW)
def test_degenerate_poses_stay_finite_and_small(how):
    visible = np.zeros((4, 16), bool)
    visible[1, 5] = True  # a single keypoint
    visible[2] = True  # all in one place
    visible[3, [0, 9, 15]] = True  # no limb
    pixels = np.full((4, 16, 2), 123.4567, np.float32)
    pixels[3] = poses(1).keypoints_NK2[0]
    box = np.tile([0.0, 0.0, 300.0, 300.0], (4, 1))
    points, _ = normalise(pixels, visible, BODY, how, box)
    assert np.abs(points).max() < 10
    assert np.abs(points[:3]).max() < 1e-3


def test_chunks_change_nothing(monkeypatch):
    table = poses(100, hidden=0.2)
    whole, _ = normalise(table.keypoints_NK2, table.visible_NK, BODY)
    monkeypatch.setattr(normalisation, "CHUNK", 7)
    parts, _ = normalise(table.keypoints_NK2, table.visible_NK, BODY)
    np.testing.assert_allclose(parts, whole, atol=1e-6)


@pytest.mark.parametrize("name", skeletons.names())
@pytest.mark.parametrize("how", ["limb", "crop", "rms"])
def test_every_skeleton_can_be_normalised(name, how):
    skeleton = skeletons.load(name)
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(0, 100, (5, len(skeleton), 2))
    box = np.tile([0.0, 0.0, 100.0, 100.0], (5, 1))
    points, _ = normalise(keypoints, np.ones(keypoints.shape[:2], bool), skeleton, how, box)
    assert np.isfinite(points).all()


def test_mistakes_are_explained():
    table = poses(3)
    columns = (table.keypoints_NK2, table.visible_NK)
    with pytest.raises(ValueError, match="of limb, crop, rms, torso, upright; found 'limbs'"):
        normalise(*columns, BODY, "limbs")
    with pytest.raises(ValueError, match="'crop' needs the box"):
        normalise(*columns, BODY, "crop")
    with pytest.raises(ValueError, match="canonical limb lengths above 0"):
        normalise(*columns, BODY, lengths=(1.0,))
    endless = dataclasses.replace(BODY, torso=(2, 3))
    with pytest.raises(ValueError, match=r"right_hip, left_hip: use 'limb'"):
        normalise(*columns, endless, "upright")
