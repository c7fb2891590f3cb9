from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from posesift.data.readers import read
from posesift.difficulty import checks, scorers
from posesift.experiments.two_fits import two_fits


def halved(table, seed: int):
    return tuple(table.select(rows) for rows in checks.halves(len(table), seed))


@pytest.mark.usefixtures("quick_fits")
@pytest.mark.parametrize("threads", [1, 3])
def test_they_have_the_weights_that_each_has_alone(monkeypatch, threads) -> None:
    table = read("world:body,n=300")
    halves = halved(table, 4)
    fit, fitted_by, before = scorers.fit, [], torch.get_num_threads()

    def seen(*arguments, **settings):
        fitted_by.append(threading.current_thread())
        return fit(*arguments, **settings)

    monkeypatch.setattr("posesift.experiments.two_fits.fit", seen)
    torch.set_num_threads(threads)  # which a fit changes and sets back
    try:
        first, again = two_fits("elbo", "limb", 3, table, halves)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(set(fitted_by)) == min(threads, 2)
    assert again is not None
    expected = scorers.fit(table, seed=3)
    for found, wanted in ((first, expected), (again, scorers.refit(expected, halves[0], 4))):
        assert found.seed == wanted.seed
        for name, weight in wanted.model.tensors().items():
            assert torch.equal(found.model.tensors()[name], weight), name
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(first.score(table), again.score(table))


def test_of_too_few_poses_there_is_no_second_fit_and_an_error_of_either_is_told() -> None:
    table = read("world:body,n=60")
    few = halved(table.select(np.arange(checks.FEWEST_SCORED - 1)), 1)
    assert two_fits("pca", "limb", 0, table, few)[1] is None
    assert two_fits("pca", "limb", 0, table, None)[1] is None
    hidden = table.select(np.arange(20))
    hidden.visible_NK[:] = False
    for first, second in ((hidden, table), (table, hidden)):
        with pytest.raises(ValueError, match="expected 3 poses or more"):
            two_fits("pca", "limb", 0, first, (second, table))
