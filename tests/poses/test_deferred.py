"""Columns that are worked out late: the same values, whatever is done before, and each row once."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.poses.deferred import Deferred, deferred, joined
from posesift.poses.table import PoseTable
from posesift.poses.table import joined as joined_tables
from posesift.skeletons import load

BODY = load("body16")
HIDDEN_NK = np.random.default_rng(0).random((6, 16)) < 0.3


def looked_up(asked: list[int], row_R: np.ndarray) -> np.ndarray:
    asked += row_R.tolist()
    return HIDDEN_NK[row_R]


def column(asked: list[int] | None = None) -> Deferred:
    return deferred(partial(looked_up, [] if asked is None else asked), HIDDEN_NK.shape)


def table(hidden_NK: Deferred | np.ndarray, count: int = 6) -> PoseTable:
    size_N = np.full(count, 64, np.int32)
    keypoints_NK2 = np.arange(32 * count, dtype=np.float32).reshape(count, 16, 2)
    visible_NK = np.ones((count, 16), bool)
    return PoseTable(BODY, keypoints_NK2, visible_NK, size_N, size_N, occluded_NK=hidden_NK)


rows = st.lists(st.integers(0, 5), max_size=8)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), rows), min_size=1, max_size=4), st.data())
def test_choosing_and_joining_late_is_choosing_and_joining_the_values(parts, data):
    late = joined([(column() if late else HIDDEN_NK)[chosen] for late, chosen in intp(parts)])
    true = np.concatenate([HIDDEN_NK[chosen] for _, chosen in intp(parts)])
    assert late.shape == true.shape
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(true), max_size=len(true))), bool
    )
    assert np.array_equal(late[mask].values(), true[mask])
    assert np.array_equal(late[::-1].values(), true[::-1])
    assert np.array_equal(late.values(), true)


def intp(parts):
    return [(late, np.array(chosen, np.intp)) for late, chosen in parts]


def test_a_row_is_worked_out_once_whoever_asks():
    asked: list[int] = []
    whole = column(asked)
    some = joined([whole[[4, 2]], whole[[2, 5]]])
    assert asked == []
    some.values()
    assert asked == [2, 4, 5]
    whole.values()
    assert asked == [2, 4, 5, 0, 1, 3]
    whole[[0, 0, 2]].values()
    assert len(asked) == 6


def test_a_table_works_the_column_out_when_somebody_looks(tmp_path):
    asked: list[int] = []
    first = table(column(asked))
    both = joined_tables([first.select([3, 1]), table(HIDDEN_NK), first.changed(address="a:b")])
    few = both.select([0, 8, 3])
    assert asked == []
    assert np.array_equal(few.occluded_NK, HIDDEN_NK[[3, 0, 1]])
    assert few.occluded_NK is few.occluded_NK
    assert sorted(asked) == [0, 3]
    few.save(tmp_path / "few.parquet")
    assert np.array_equal(PoseTable.load(tmp_path / "few.parquet").occluded_NK, few.occluded_NK)
    assert np.array_equal(replace(first, root="x").occluded_NK, HIDDEN_NK)
    assert table(HIDDEN_NK).occluded_NK is HIDDEN_NK
    assert PoseTable(BODY, *vars_of(first)).occluded_NK is None


def vars_of(one: PoseTable):
    return one.keypoints_NK2, one.visible_NK, one.width_N, one.height_N


def test_another_process_gets_the_column_as_it_is():
    there = pickle.loads(pickle.dumps(table(column()).select([2, 0])))
    assert np.array_equal(there.occluded_NK, HIDDEN_NK[[2, 0]])


def test_a_column_of_another_length_is_refused_before_it_is_worked_out():
    asked: list[int] = []
    with pytest.raises(ValueError, match=r"expected occluded of shape \(3, 16\), found \(6, 16\)"):
        table(column(asked), 3)
    assert asked == []
