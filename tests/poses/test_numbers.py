"""Columns of numbers as they lie in memory, wherever a slice of them begins."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from posesift.poses.parquet import numbers


@pytest.mark.parametrize("first", [0, 1, 3, 8, 13])
@pytest.mark.parametrize("kind", [np.bool_, np.int32, np.int64, np.float32])
def test_a_slice_holds_its_own_rows(kind: type, first: int) -> None:
    values_N3 = np.random.default_rng(0).integers(0, 2, (20, 3)).astype(kind)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values_N3.reshape(-1)), 3)
    found = numbers(column.slice(first, 6), (len(values_N3[first:][:6]), 3), kind, "here")
    np.testing.assert_array_equal(found, values_N3[first:][:6])
    assert found.dtype == kind
    found[:] = 0  # it is the caller's own
    assert column.to_pylist() == values_N3.tolist()
