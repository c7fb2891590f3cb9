"""Splits of published code: shuffled by its seed, or kept beside it as lists of numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest

from posesift.data.labels.published_rows import place, rows, rows_of_halves, shuffled


@pytest.mark.parametrize("count", [1, 4, 5, 33, 20_000])
def test_the_shuffled_split_is_the_published_one(count):
    """As published: the items are shuffled in place, and cut at a fifth, or at 3,200."""
    items = [f"item {n}" for n in range(count)]
    state = random.getstate()
    random.seed(42)
    random.shuffle(items)
    random.setstate(state)
    cut = min(int(0.2 * count), 3200)
    order, is_test_N = shuffled(count)
    assert [f"item {n}" for n in order] == items
    assert is_test_N.tolist() == [True] * cut + [False] * (count - cut)
    assert random.getstate() == state


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (np.zeros((2, 2), int), "expected a list of whole numbers, found int64"),
        (np.array([0.5]), "expected a list of whole numbers, found float64"),
        (np.array([{}], object), "expected a list of whole numbers, found object"),
        (np.zeros(0, int), "expected a list of whole numbers, found int64"),
        (np.array([0, 5]), "numbers of the 5 frames, found 0 to 5; does a part of the set lack"),
        (np.array([-1, 2]), "numbers of the 5 frames, found -1 to 2"),
    ],
)
def test_a_list_that_will_not_do(tmp_path, content, told):
    np.save(tmp_path / "a.npy", content, allow_pickle=True)
    with pytest.raises(ValueError, match=told):
        rows(tmp_path / "a.npy", 5, "frames")


def test_lists_lie_in_the_folder_or_up_to_two_above_it(tmp_path):
    folder = tmp_path / "a/b/set"
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match=r"the lists: x\.npy and y\.npy in .*leave parity out"):
        place(folder, ["lists"], ["x.npy", "y.npy"], "the lists")
    for above in (tmp_path / "a", tmp_path / "a/b", folder):
        (above / "lists").mkdir()
        for name in ("x.npy", "y.npy"):
            np.save(above / "lists" / name, np.arange(2))
        assert place(folder, ["none", "lists"], ["x.npy", "y.npy"], "") == above / "lists"


def test_halves_are_read_in_their_order(tmp_path):
    np.save(tmp_path / "train_rows.npy", np.array([3, 1]))
    np.save(tmp_path / "valid_rows.npy", np.array([2]))
    for split, expected in {"train": [3, 1], "test": [2], "all": [3, 1, 2]}.items():
        found = rows_of_halves(tmp_path, ["."], "{}_rows.npy", split, 4, "frames")
        assert found.tolist() == expected
    np.save(tmp_path / "train_rows.npy", np.array([4]))
    assert rows_of_halves(tmp_path, ["."], "{}_rows.npy", "test", 4, "frames").tolist() == [2]
