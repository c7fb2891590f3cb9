from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.data.splits import in_split


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
