from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.report.pictures import by_gain, of_bin

gains = st.lists(st.sampled_from([-20.0, -5.0, 0.0, 5.0, 20.0, float("nan")]), max_size=12)


@given(gains, st.integers(1, 3))
@settings(max_examples=50)
def test_the_rule_as_it_is_printed(values: list[float], each: int) -> None:
    gain_N = np.array(values, dtype=float)
    tie_N = np.arange(len(values))[::-1] % 3
    kinds = dict(by_gain(gain_N, tie_N, each))
    known = [i for i, value in enumerate(values) if value == value]
    best = sorted(known, key=lambda i: (-values[i], -tie_N[i], i))
    worst = sorted(known, key=lambda i: (values[i], tie_N[i], i))
    assert kinds["largest gain"].tolist() == [i for i in best if values[i] > 0][:each]
    assert kinds["largest loss"].tolist() == [i for i in worst if values[i] < 0][:each]
    named = [*kinds["largest gain"], *kinds["largest loss"]]
    random = kinds["random"].tolist()
    assert len(random) == min(each, len(known) - len(named))
    assert set(random) <= set(known) - set(named)
    assert random == dict(by_gain(gain_N, tie_N, each))["random"].tolist()


@given(st.lists(st.integers(0, 3), max_size=20), st.integers(0, 5))
@settings(max_examples=50)
def test_samples_of_a_bin(bins: list[int], count: int) -> None:
    rows = of_bin(np.array(bins, dtype=int), 2, count).tolist()
    assert rows == sorted(set(rows))
    assert len(rows) == min(count, bins.count(2))
    assert all(bins[row] == 2 for row in rows)
