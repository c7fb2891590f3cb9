from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.data.labels.splits import in_split


@settings(max_examples=50)
@given(st.lists(st.integers(0, 12), max_size=60))
def test_train_and_test_are_disjoint_complete_and_keep_units_together(units):
    train_N, test_N = in_split("train", units), in_split("test", units)
    assert (train_N ^ test_N).all()
    assert in_split("all", units).all()
    order = list(dict.fromkeys(units))
    expected = set(order[len(order) - len(order) // 4 :])
    assert {unit for unit, is_test in zip(units, test_N, strict=True) if is_test} == expected


def test_the_last_quarter_is_the_test():
    assert np.flatnonzero(in_split("test", range(10))).tolist() == [8, 9]
    assert not in_split("test", ["one"]).any()


def test_a_quarter_of_every_class_whichever_are_read():
    units = [*"aabcd", *"efghijkl"]
    kinds = ["horse"] * 5 + ["tiger"] * 8
    test_N = in_split("test", units, kinds)
    assert [unit for unit, is_test in zip(units, test_N, strict=True) if is_test] == [*"dkl"]
    assert (test_N ^ in_split("train", units, kinds)).all()
    assert in_split("all", units, kinds).all()
    np.testing.assert_array_equal(test_N[:5], in_split("test", units[:5], kinds[:5]))
    # a unit of two classes stays whole, in that of its first sample
    assert in_split("test", ["a", "b", "c", "d", "d"], [*"xxxxy"]).tolist()[3:] == [True, True]
