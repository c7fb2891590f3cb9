"""The camera against a plain pinhole, and what its angles mean."""

from __future__ import annotations

import numpy as np
import pytest

from posesift.data.worlds import camera
from posesift.data.worlds.figure import View


def still(yaw: float = 0, pitch: float = 0, roll: float = 0, distance: float = 3) -> View:
    """A camera that is always in the same place."""
    return View((yaw, yaw), (pitch, 0.0), (roll, 0.0), (distance, distance))


# A cross: top, bottom, own left, own right, front, back.
CROSS = np.array([[0, 1, 0], [0, -1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1]], np.float32)
TOP, BOTTOM, LEFT, RIGHT, FRONT, BACK = range(6)


def photograph(cameras: dict[str, np.ndarray], points_NP3: np.ndarray, side: int):
    """Points in px, their depth, and the px a unit has there."""
    aimed = camera.aim(cameras, points_NP3, side)
    points_NP2, depth_NP = aimed.see(points_NP3)
    return points_NP2, depth_NP, aimed.zoom_N[:, None] / depth_NP


def look(view: View, points=CROSS, side: int = 64, seed: int = 0):
    cameras = camera.draw(np.random.default_rng(seed), view, 1)
    points_NP2, depth_NP, scale_NP = photograph(cameras, points[None].astype(np.float32), side)
    return points_NP2[0], depth_NP[0], scale_NP[0]


def test_from_the_front_the_own_left_is_on_the_right_of_the_image():
    points, depth, _ = look(still())
    assert points[LEFT, 0] > points[RIGHT, 0]
    assert points[TOP, 1] < points[BOTTOM, 1]  # y points down
    assert depth[FRONT] == pytest.approx(2)
    assert depth[BACK] == pytest.approx(4)


def test_from_behind_the_own_left_is_on_the_left_of_the_image():
    points, depth, _ = look(still(yaw=180))
    assert points[LEFT, 0] < points[RIGHT, 0]
    assert depth[BACK] < depth[FRONT]


def test_yaw_of_90_sees_the_left_side_and_pitch_the_top():
    assert look(still(yaw=90))[1].argmin() == LEFT
    assert look(still(pitch=80))[1].argmin() == TOP


def test_roll_turns_the_picture_clockwise():
    points, _, _ = look(still(roll=30))
    assert points[TOP, 0] > points[BOTTOM, 0]


def test_projection_is_a_pinhole():
    """Cross ratios of coordinates must be those of x / z, whatever the crop."""
    rng = np.random.default_rng(3)
    points_P3 = rng.normal(0, 0.3, (30, 3)).astype(np.float32)
    view = still(yaw=25, pitch=-10, roll=7, distance=2.5)
    points, depth, scale = look(view, points_P3, side=100)

    yaw, pitch, roll = np.deg2rad([25, -10, 7])
    about_y = [[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    centre = (points_P3.max(0) + points_P3.min(0)) / 2
    seen = [np.array(about_z) @ about_x @ about_y @ (point - centre) for point in points_P3]
    plain = np.array([[x / (2.5 - z), -y / (2.5 - z)] for x, y, z in seen])
    zoom = (points[0, 0] - points[1, 0]) / (plain[0, 0] - plain[1, 0])
    assert np.allclose(points - points[0], zoom * (plain - plain[0]), atol=1e-3)
    assert np.allclose(depth, 2.5 - np.array(seen)[:, 2], atol=1e-5)
    assert np.allclose(scale, zoom / depth, rtol=1e-4)


def test_the_crop_is_the_box_with_a_margin_and_a_jitter():
    points_NP3 = np.random.default_rng(1).normal(0, 0.3, (2000, 12, 3)).astype(np.float32)
    cameras = camera.draw(np.random.default_rng(2), View(), 2000)
    points_NP2, _, _ = photograph(cameras, points_NP3, 64)
    low, high = points_NP2.min(1), points_NP2.max(1)
    margin_N = 64 / (high - low).max(1)
    assert margin_N.min() == pytest.approx(1.10, abs=0.01)
    assert margin_N.max() == pytest.approx(1.30, abs=0.01)
    # The crop covers pixels -0.5 .. 63.5; its centre is 31.5.
    shift_N2 = ((low + high) / 2 - 31.5) / (high - low).max(1)[:, None]
    assert np.abs(shift_N2).max() == pytest.approx(camera.JITTER, abs=0.002)
    assert np.abs(shift_N2.mean(0)).max() < 0.005


def test_a_larger_image_is_the_same_picture():
    points_NP3 = np.random.default_rng(1).normal(0, 0.3, (5, 12, 3)).astype(np.float32)
    cameras = camera.draw(np.random.default_rng(2), View(), 5)
    small, depth, _ = photograph(cameras, points_NP3, 64)
    large, same, _ = photograph(cameras, points_NP3, 192)
    assert np.allclose((large + 0.5) / 3 - 0.5, small, atol=1e-3)
    assert np.array_equal(depth, same)


def test_the_pinhole_puts_every_point_where_the_photograph_does():
    rng = np.random.default_rng(4)
    points_NP3 = rng.normal(0, 0.3, (40, 12, 3)).astype(np.float32)
    cameras = camera.draw(rng, View(roll_deg=(0.0, 40.0)), 40)
    seen_NP2, depth_NP, scale_NP = photograph(cameras, points_NP3, 96)
    eye = camera.aim(cameras, points_NP3, 96).pinholes()
    turned_NP3 = np.einsum("nij,npj->npi", eye.rotation_N33, points_NP3)
    turned_NP3 += eye.translation_N3[:, None]
    plane_NP2 = turned_NP3[..., :2] / turned_NP3[..., 2:]
    found_NP2 = eye.focal_N[:, None, None] * plane_NP2 + eye.principal_N2[:, None]
    np.testing.assert_allclose(found_NP2, seen_NP2, atol=1e-3)
    np.testing.assert_allclose(turned_NP3[..., 2], depth_NP, atol=1e-5)
    np.testing.assert_allclose(eye.focal_N[:, None] / depth_NP, scale_NP, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.det(eye.rotation_N33), 1, atol=1e-5)
