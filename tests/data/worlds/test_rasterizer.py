"""The rasterizer against one that goes through triangles and pixels one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.worlds.slow_rasterizer import rasterize_slowly

from posesift.data.worlds.rasterizer import rasterize

SIDE = 24


def soup(seed: int, triangles: int, size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles of a size in px anywhere in and around a picture: points, nearness, corners."""
    rng = np.random.default_rng(seed)
    centre_T12 = rng.uniform(-4, SIDE + 4, (triangles, 1, 2))
    points = (centre_T12 + size * rng.normal(size=(triangles, 3, 2))).reshape(-1, 2)
    near = 1 / rng.uniform(1, 4, len(points))
    return (
        points.astype(np.float32),
        near.astype(np.float32),
        np.arange(len(points)).reshape(-1, 3),
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 40), st.sampled_from([0.3, 2.0, 9.0]))
def test_every_pixel_shows_the_nearest_triangle(seed, triangles, size):
    points_V2, near_V, corners_T3 = soup(seed, triangles, size)
    slow_near_P, slow_triangle_P = rasterize_slowly(points_V2, near_V, corners_T3, SIDE)
    found = rasterize(points_V2, near_V, corners_T3, SIDE)
    near_P, triangle_P = np.zeros(SIDE * SIDE), np.full(SIDE * SIDE, -1)
    near_P[found.pixel_F], triangle_P[found.pixel_F] = found.near_F, found.triangle_F
    # A pixel whose centre lies on an edge may fall to either side of it.
    same_P = triangle_P == slow_triangle_P
    assert (~same_P).sum() <= 1
    np.testing.assert_allclose(near_P[same_P], slow_near_P[same_P], rtol=1e-3)


def test_shares_are_those_of_the_plane_in_space_not_of_the_picture():
    """Half way along an edge that leads away, the picture has gone through most of it."""
    depth_V = np.array([1.0, 3.0, 1.0])
    space_V3 = np.array([[-1.0, 0, 1], [3.0, 0.0, 3], [0.0, 1.0, 1]])
    points_V2 = (12 + 10 * space_V3[:, :2] / depth_V[:, None]).astype(np.float32)
    found = rasterize(points_V2, (1 / depth_V).astype(np.float32), np.array([[0, 1, 2]]), SIDE)
    seen_F3 = found.share_3F.T @ space_V3
    assert len(seen_F3) > 40
    x_F, y_F = found.pixel_F % SIDE, found.pixel_F // SIDE
    np.testing.assert_allclose(12 + 10 * seen_F3[:, 0] / seen_F3[:, 2], x_F, atol=1e-3)
    np.testing.assert_allclose(12 + 10 * seen_F3[:, 1] / seen_F3[:, 2], y_F, atol=1e-3)
    np.testing.assert_allclose(1 / found.near_F, seen_F3[:, 2], rtol=1e-4)


def test_neighbours_leave_no_gap_and_nothing_is_drawn_outside():
    corners_T3 = np.array([[0, 1, 2], [0, 2, 3]])
    square_V2 = np.array([[-9, -9], [40, -9], [40, 40], [-9, 40]], np.float32)
    found = rasterize(square_V2, np.ones(4, np.float32), corners_T3, SIDE)
    assert np.array_equal(found.pixel_F, np.arange(SIDE * SIDE))


def test_no_triangles_and_triangles_without_area_show_nothing():
    flat_V2 = np.array([[2, 2], [9, 9], [5, 5]], np.float32)
    for corners_T3 in (np.zeros((0, 3), int), np.array([[0, 1, 2]])):
        assert len(rasterize(flat_V2, np.ones(3, np.float32), corners_T3, SIDE).pixel_F) == 0
