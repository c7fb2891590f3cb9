"""Near duplicates against what the words say, pair by pair.

Legend: N poses, A angles.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from posesift.similarity import duplicates
from posesift.similarity.duplicates import near_duplicates


def apart(a_A: np.ndarray, b_A: np.ndarray) -> float:
    """Root mean square difference; infinite for poses with other angles."""
    if (np.isnan(a_A) != np.isnan(b_A)).any() or (~np.isnan(a_A)).sum() < 3:
        return np.inf
    return float(np.sqrt(np.nanmean((a_A - b_A) ** 2)))


angles = arrays(
    np.float64,
    st.tuples(st.integers(1, 40), st.integers(1, 5)),
    elements=st.sampled_from([np.nan, 0.0, 10.0, 11.0, 12.5, 14.0, 90.0, 91.0, 179.5, 180.0]),
)


@given(angles, st.sampled_from([0.5, 1.0, 2.0, 5.0, 30.0]), st.sampled_from([1, 3, 2048]))
def test_a_pose_goes_where_an_earlier_one_that_stays_is_near(
    angles_NA: np.ndarray, distance: float, block: int
) -> None:
    expected: list[bool] = []
    for row, angles_A in enumerate(angles_NA):
        stay = [other for other in range(row) if not expected[other]]
        expected.append(any(apart(angles_A, angles_NA[o]) < distance * (1 - 1e-12) for o in stay))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_BLOCK", block)
        assert near_duplicates(angles_NA, distance).tolist() == expected


def test_a_chain_keeps_every_second() -> None:
    angles_NA = np.linspace(0, 27, 10)[:, None] * np.ones(4)  # 3 degrees from one to the next
    assert np.flatnonzero(near_duplicates(angles_NA, 3.5)).tolist() == [1, 3, 5, 7, 9]


def test_copies_leave_the_first_whatever_their_number() -> None:
    rng = np.random.default_rng(0)
    pose_PA = rng.uniform(0, 180, (50, 12))
    which_N = rng.integers(0, 50, 20_000)
    gone_N = near_duplicates(pose_PA[which_N] + rng.uniform(0, 1e-6, (20_000, 12)), 1.0)
    first_P = np.unique(which_N, return_index=True)[1]
    np.testing.assert_array_equal(np.flatnonzero(~gone_N), np.sort(first_P))


def test_poses_with_too_few_angles_stay() -> None:
    angles_NA = np.array([[90, 90, np.nan], [90, 90, np.nan], [np.nan] * 3, [np.nan] * 3])
    assert not near_duplicates(angles_NA, 20.0).any()


@pytest.mark.parametrize("distance", [0, -1, np.nan, np.inf])
def test_distances_that_mean_nothing(distance: float) -> None:
    with pytest.raises(ValueError, match="expected a distance above 0 degrees"):
        near_duplicates(np.zeros((2, 3)), distance)
