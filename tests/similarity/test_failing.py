"""Where a student fails: cells by hand, shares that add up, estimates in their range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.similarity.failing import (
    FAR,
    PRIOR,
    disagreement,
    doubt,
    errors,
    where_failing,
)


def test_two_kinds_of_poses_by_hand():
    # 30 straight poses that are found, 10 bent ones of which the second joint is missed
    angles = np.concatenate([np.full((30, 3), 170.0), np.full((10, 3), 60.0)])
    error = np.zeros((40, 2))
    error[30:, 1] = 1.0
    found = where_failing(angles, error, clusters=2)
    bent, straight = found.cluster_N[-1], found.cluster_N[0]
    assert bent != straight
    assert found.share_C[[straight, bent]] == pytest.approx([0.75, 0.25])
    assert found.centre_CA[bent] == pytest.approx([60.0] * 3)
    mean = 10 / 40
    assert found.error_CK[bent] == pytest.approx([0, (10 + PRIOR * mean) / (10 + PRIOR)])
    assert found.error_CK[straight] == pytest.approx([0, PRIOR * mean / (30 + PRIOR)])
    ratio = found.error_CK[straight].mean() / found.error_CK[bent].mean()
    assert found.weight_N == pytest.approx([ratio] * 30 + [1.0] * 10)
    cell = found.share_C[:, None] * found.error_CK
    assert found.weight_CK == pytest.approx(cell / cell.sum())


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 60),
    clusters=st.integers(1, 8),
    hidden=st.sampled_from([0.0, 0.3]),
)
def test_what_always_holds(seed, n, clusters, hidden):
    rng = np.random.default_rng(seed)
    angles = rng.uniform(0, 180, (n, 4))
    angles[1:][rng.random((n - 1, 4)) < hidden] = np.nan
    error = rng.random((n, 3))
    error[1:][rng.random((n - 1, 3)) < hidden] = np.nan
    found = where_failing(angles, error, clusters, seed)
    placed = ~np.isnan(angles).all(axis=1)
    assert ((found.cluster_N >= 0) == placed).all()
    assert len(found.share_C) <= clusters
    assert found.share_C.sum() == pytest.approx(1)
    assert (found.share_C > 0).all()
    assert ((found.error_CK >= 0) & (found.error_CK <= 1)).all()
    assert (found.weight_N[~placed] == 0).all()
    assert found.weight_N.max() == pytest.approx(1)
    # poses of a cluster count alike, and all of them together as much as its cells
    summed = np.bincount(found.cluster_N[placed], found.weight_N[placed], len(found.share_C))
    assert summed / summed.sum() == pytest.approx(found.weight_CK.sum(axis=1))
    again = where_failing(angles, error, clusters, seed)
    assert (again.weight_N == found.weight_N).all()


def test_errors_with_and_without_labels():
    one, other = np.zeros((1, 3, 2)), np.array([[[0.0, 0.0], [3.0, 4.0], [300.0, 0.0]]])
    assert disagreement(one, other, 50).tolist() == [[0.0, 5 / (FAR * 50), 1.0]]
    told = errors(one, other, [[True, False, True]], 50)
    assert np.isnan(told[0, 1])
    assert told[0, [0, 2]].tolist() == [0.0, 1.0]
    sure = doubt([[0.2, 5.0], [0.4, 1.0], [0.8, np.nan]])
    assert sure[:, 0].tolist() == [1.0, 0.5, 0.0]
    assert sure[:2, 1].tolist() == [0.0, 1.0]
    assert np.isnan(sure[2, 1])


@pytest.mark.parametrize(
    ("angles", "error", "said"),
    [
        ([[np.nan] * 3], [[0.1]], "none that defines one"),
        ([[90.0] * 3], [[np.nan]], "none that is known"),
        ([[90.0] * 3], [[-0.1]], "errors of 0 or more, found -0.1"),
    ],
)
def test_what_cannot_be_is_refused(angles, error, said):
    with pytest.raises(ValueError, match=said):
        where_failing(angles, error)
