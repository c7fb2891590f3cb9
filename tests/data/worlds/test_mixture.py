"""The pose mixture against scipy, and its draws against its density."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm

from posesift.data.worlds.mixture import Mixture


def three() -> Mixture:
    modes = {
        "a": [([0.0, 5.0], [1.0, 2.0])],
        "b": [([9.0, 9.0], [3.0, 1.0]), ([-9.0, 0.0], [2.0, 2.0])],
    }
    return Mixture.of(modes, {"a": 0.7, "b": 0.3})


@settings(max_examples=40)
@given(st.tuples(st.floats(-40, 40), st.floats(-40, 40)))
def test_density_is_the_sum_of_its_normals(angles):
    expected = sum(
        share * norm.pdf(angles[0], mean[0], spread[0]) * norm.pdf(angles[1], mean[1], spread[1])
        for share, mean, spread in (
            (0.7, (0, 5), (1, 2)),
            (0.15, (9, 9), (3, 1)),
            (0.15, (-9, 0), (2, 2)),
        )
    )
    assert three().neg_log_p(np.array([angles]))[0] == pytest.approx(-np.log(expected), rel=1e-5)


def test_density_integrates_to_one():
    axis = np.linspace(-40, 40, 801)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    total = np.exp(-three().neg_log_p(grid)).sum() * (axis[1] - axis[0]) ** 2
    assert total == pytest.approx(1, abs=1e-4)


def test_far_away_is_improbable_and_finite():
    assert 1e6 < three().neg_log_p(np.array([[1e4, -1e4]]))[0] < np.inf


def test_draws_follow_the_shares_and_the_normals():
    angles_NA, mode_N = three().draw(np.random.default_rng(0), 20_000)
    assert (mode_N == 0).mean() == pytest.approx(0.7, abs=0.02)
    assert kstest(angles_NA[mode_N == 0, 1], norm(5, 2).cdf).pvalue > 1e-3
    assert ((angles_NA[mode_N == 1, 0] < 0).mean()) == pytest.approx(0.5, abs=0.02)
