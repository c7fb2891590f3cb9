from __future__ import annotations

import numpy as np
import pytest
import torch

from posesift.data.readers import read
from posesift.difficulty import checks, scorers
from posesift.experiments.two_fits import two_fits


def halved(table, seed: int):
    return tuple(table.select(rows) for rows in checks.halves(len(table), seed))


@pytest.mark.usefixtures("quick_fits")
def test_side_by_side_they_have_the_weights_that_they_have_one_after_the_other() -> None:
    table = read("world:body,n=300")
    halves = halved(table, 4)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)  # which a fit sets back
    try:
        first, again = two_fits("elbo", "limb", 3, table, halves)
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
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
