"""Turns between poses against scipy's Procrustes rotation and a search over all degrees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes

from posesift import skeletons
from posesift.poses.angles import joint_angles
from posesift.similarity import neighbours, orientation
from posesift.similarity.orientation import Poses

BODY = skeletons.load("body16")
HAND = skeletons.load("hand21")


def points(seed: int, n: int, k: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 10, (n, k, 2)) + 50


def masks(seed: int, n: int, hidden: float, k: int = 16) -> np.ndarray:
    return np.random.default_rng(seed + 1).random((n, k)) >= hidden


def turned(keypoints: np.ndarray, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return keypoints @ np.array([[c, s], [-s, c]])


def flipped(keypoints: np.ndarray, skeleton=BODY) -> np.ndarray:
    return keypoints[..., list(skeleton.mirror), :] * [-1, 1]


def by_scipy(p, q, shared) -> float:
    """The turn of the best proper rotation of q onto p, in degrees."""
    a, b = (x[shared] - x[shared].mean(0) for x in (q, p))
    rotation, _ = orthogonal_procrustes(a, b)
    if np.linalg.det(rotation) < 0:  # the better fit is a reflection: force a rotation
        u, _, vt = np.linalg.svd(a.T @ b)
        rotation = u @ np.diag([1, -1]) @ vt
    return float(np.degrees(abs(np.arctan2(rotation[0, 1], rotation[0, 0]))))


def slowly(p, p_seen, q, q_seen) -> float:
    """Oriented distance of a pair, as it is or mirrored."""
    found = []
    for other, seen in ((q, q_seen), (flipped(q), q_seen[list(BODY.mirror)])):
        one = joint_angles(p[None], p_seen[None], BODY.triplets)[0]
        two = joint_angles(other[None], seen[None], BODY.triplets)[0]
        off = (one - two)[~np.isnan(one - two)]
        if len(off) >= 3:
            angles = np.sqrt((off**2).mean())
            found.append(max(angles, by_scipy(p, other, p_seen & seen) / 2))
    return min(found, default=np.inf)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 6),
    m=st.integers(1, 6),
    hidden=st.sampled_from([0.0, 0.1, 0.4]),
    k=st.integers(1, 3),
)
def test_distances_agree_with_a_rotation_fitted_to_each_pair(seed, n, m, hidden, k):
    p, q = points(seed, n), points(seed + 7, m)
    p_seen, q_seen = masks(seed, n, hidden), masks(seed + 7, m, hidden)
    expected = np.array(
        [[slowly(*one, *two) for two in zip(q, q_seen, strict=True)]
         for one in zip(p, p_seen, strict=True)]
    )  # fmt: skip
    target, source = Poses.of(p, p_seen, BODY), Poses.of(q, q_seen, BODY)
    distance, row = orientation.nearest(target, source, k)
    np.testing.assert_allclose(distance, np.sort(expected, 1)[:, :k], atol=1e-2)
    assert ((row < 0) == np.isinf(distance)).all()
    for i, j in enumerate(row[:, 0]):
        if j >= 0:
            angle, turn, _ = orientation.apart(target[i : i + 1], source[j : j + 1])
            assert max(angle[0], turn[0] / 2) == pytest.approx(expected[i].min(), abs=1e-2)


def test_the_turn_is_the_best_of_all_rotations():
    p, q, seen = points(1, 4), points(2, 5), masks(3, 4, 0.3)
    found = orientation.turns(Poses.of(p, seen, BODY), Poses.of(q, np.ones((5, 16), bool), BODY))
    degrees = np.arange(-1800, 1800) / 10
    for i in range(4):
        for j in range(5):
            a, b = (x[seen[i]] - x[seen[i]].mean(0) for x in (p[i], q[j]))
            miss = [np.square(turned(b, d) - a).sum() for d in degrees]
            assert found[i, j] == pytest.approx(abs(degrees[np.argmin(miss)]), abs=0.06)


@pytest.mark.parametrize("degrees", [0.0, 31.0, -90.0, 180.0])
def test_a_turned_copy_is_turned_by_that_much(degrees):
    p = points(5, 3)
    whole = np.ones((3, 16), bool)
    poses, copies = Poses.of(p, whole, BODY), Poses.of(3 * turned(p, degrees) - 7, whole, BODY)
    turn = np.diagonal(orientation.turns(poses, copies))
    np.testing.assert_allclose(turn, abs(degrees), atol=1e-2)
    angle, exact, _ = orientation.apart(poses, copies, turn_weight=0.0)
    np.testing.assert_allclose(angle, 0, atol=1e-6)
    np.testing.assert_allclose(exact, abs(degrees), atol=1e-6)


def test_a_mirror_image_is_the_same_pose_where_there_is_left_and_right():
    whole = np.ones((4, 16), bool)
    poses, mirrored = (Poses.of(x, whole, BODY) for x in (points(6, 4), flipped(points(6, 4))))
    distance, row = orientation.nearest(poses, mirrored)
    assert row[:, 0].tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(distance, 0, atol=1e-2)
    angle, turn, other = orientation.apart(poses, mirrored)
    assert other.all()
    np.testing.assert_allclose(np.stack([angle, turn]), 0, atol=1e-6)
    hands = Poses.of(points(6, 4, 21), np.ones((4, 21), bool), HAND)
    assert hands.mirrored is None
    reflected = Poses.of(points(6, 4, 21) * [-1, 1], np.ones((4, 21), bool), HAND)
    assert (orientation.nearest(hands, reflected)[0] > 1).all()


def test_without_weight_on_turns_it_is_the_distance_of_support():
    p, q = points(8, 20), points(9, 30)
    seen = masks(8, 20, 0.1)
    target, source = Poses.of(p, seen, BODY), Poses.of(q, np.ones((30, 16), bool), BODY)
    once = Poses(source.angles_NA, source.place_NK, source.visible_NK)
    distance, row = orientation.nearest(target, once, 3, turn_weight=0.0)
    expected, rows = neighbours.nearest(target.angles_NA, source.angles_NA, 3)
    np.testing.assert_array_equal(distance, expected)
    np.testing.assert_array_equal(row, rows)


def test_what_is_not_visible_may_hold_anything():
    p, seen = points(4, 3), masks(4, 3, 0.3)
    other = np.where(seen[..., None], p, np.nan)
    one, two = Poses.of(p, seen, BODY), Poses.of(other, seen, BODY)
    np.testing.assert_array_equal(one.place_NK, two.place_NK)
    np.testing.assert_array_equal(one.mirrored.place_NK, two.mirrored.place_NK)
    blind = Poses.of(p, np.zeros_like(seen), BODY)
    assert not blind.placed_N.any()
    assert (orientation.turns(blind, one) == 0).all()
    assert np.isinf(orientation.nearest(blind, one)[0]).all()


def test_pairs_left_out_beside_many_references_change_nothing():
    p, q = points(10, 40), points(11, 4500)
    seen, other = masks(10, 40, 0.05), masks(11, 4500, 0.05)
    target, source = Poses.of(p, seen, BODY), Poses.of(q, other, BODY)
    square = np.empty((40, 4500))
    for rows, columns, block in orientation.mean_squares(target, source):
        square[rows, columns] = block
    distance, row = orientation.nearest(target, source, 3)
    np.testing.assert_allclose(distance, np.sqrt(np.sort(square, 1)[:, :3]), atol=1e-3)
    at_them = np.sqrt(np.take_along_axis(square, row, 1))
    np.testing.assert_allclose(at_them, distance, atol=1e-3)
