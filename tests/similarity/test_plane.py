"""The common plane and the shift of angles, against textbook forms and scipy."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from posesift.similarity.plane import density, shared_plane, shift_deg


def poses(seed: int, n: int, angles: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(90 + rng.normal(size=(n, angles)) @ rng.normal(0, 20, (angles, angles)), 0, 180)


def test_the_plane_is_that_of_both_sets_with_equal_weight():
    first, second = poses(1, 40), poses(2, 10)
    found = shared_plane(first, second)
    # Reference: as many copies of the small set as make it as large, then a plain SVD.
    both = np.concatenate([first, np.repeat(second, 4, axis=0)])
    standard = (both - both.mean(0)) / both.std(0)
    _, size, axes = np.linalg.svd(standard, full_matrices=False)
    np.testing.assert_allclose(found.explained_2, (size**2 / (size**2).sum())[:2], rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.axes_2A @ axes[:2].T), np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found.first_N2, standard[:40] @ found.axes_2A.T, atol=1e-9)
    np.testing.assert_allclose(found.axes_2A @ found.axes_2A.T, np.eye(2), atol=1e-12)
    assert (found.axes_2A[[0, 1], np.abs(found.axes_2A).argmax(1)] > 0).all()


def test_undefined_angles_lie_in_the_middle():
    first, second = poses(1, 40), poses(2, 30)
    first[:, 2] = np.nan  # never defined in the first set
    first[5] = np.nan
    found = shared_plane(first, second)
    assert found.first_N2[5].tolist() == [0, 0]
    assert np.isfinite(found.first_N2).all()
    assert np.isfinite(found.second_M2).all()
    nowhere = shared_plane(np.full((3, 4), np.nan), np.full((2, 4), np.nan))
    assert nowhere.second_M2.tolist() == [[0, 0]] * 2


def test_order_of_poses_does_not_turn_the_plane():
    first, second = poses(1, 40), poses(2, 30)
    one, two = shared_plane(first, second), shared_plane(first[::-1], second)
    np.testing.assert_allclose(one.first_N2, two.first_N2[::-1], atol=1e-9)


@pytest.mark.parametrize("shape", [(0, 4), (3, 1)])
def test_a_plane_of_nothing_is_refused(shape):
    with pytest.raises(ValueError, match="plane needs poses"):
        shared_plane(np.zeros(shape), np.zeros((3, shape[1])))


def test_the_shift_is_the_wasserstein_distance_of_the_defined_angles():
    first, second = poses(3, 50), poses(4, 33)
    first[:20, 1] = np.nan
    second[:, 4] = np.nan
    found = shift_deg(first, second)
    for a in (0, 1, 2, 3, 5):
        x = first[:, a][~np.isnan(first[:, a])]
        assert found[a] == pytest.approx(wasserstein_distance(x, second[:, a]))
    assert np.isnan(found[4])
    assert shift_deg(first, first)[0] == 0
    np.testing.assert_allclose(shift_deg(first, first + 7)[0], 7)


def test_densities_hold_all_mass_also_at_the_ends():
    grid = np.arange(0.0, 180.25, 0.25)
    for angles in ([0.0, 1.0, 2.0], [180.0, 179.0], [90.0, np.nan], poses(5, 200)[:, 0]):
        assert density(angles, grid).sum() * 0.25 == pytest.approx(1, abs=0.03)
    assert density([40.5], grid).argmax() == np.flatnonzero(grid == 40.5)[0]
    assert not density([np.nan], grid).any()
