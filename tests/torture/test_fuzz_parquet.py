"""Parquet files of our own kinds with other columns and other words in their metadata."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.torture.guard import guarded, read_or_explained
from tests.torture.seeds import SEEDS
from tests.torture.spoil import as_json, examples, spoilt

KIND = next(kind for kind in SEEDS if kind.name == "pose table")
EXAMPLES = examples(20, 300)
ODD = (
    pa.array([None] * 6, pa.int32()),
    pa.array([2**40] * 6),
    pa.array([-1] * 6),
    pa.array([0] * 6),
    pa.array([float("inf"), float("nan"), 1e300, -1e300, 0.0, 1.0]),
    pa.array([True] * 6),
    pa.array(["a", "", "../x", "a\x00", "\x1b[2J", "x.png#3"]),
    pa.array([b"\xff"] * 6),
    pa.array([None, "a", "b", "c", "d", "e"]),
    pa.array([[1.0]] * 6),
    pa.array([[0.0, 0.0, float("inf"), 1.0]] * 6),
    pa.array([[0.0, 0.0, -1.0, 1e30]] * 6),
    pa.array([[float("nan")] * 32] * 6),
    pa.array([[3e38] * 32] * 6),
    pa.array([[1.0] * 31 + [None]] * 6),
    pa.array([None] * 6),
    pa.array([[["a"]]] * 6),
    pa.array([{"x": 1}] * 6),
    pa.array(["a"] * 6).dictionary_encode(),
    pa.array([0] * 6, pa.timestamp("s")),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    KIND.write(folder)
    return folder


@st.composite
def tables(draw: st.DrawFn, true: pa.Table) -> pa.Table:
    """The table with another column, a column less, or another skeleton, root, share, ..."""
    metadata = dict(true.schema.metadata)
    for _ in range(draw(st.integers(1, 2))):
        what = draw(st.sampled_from(("column", "less", "metadata", "bytes")))
        names = [*true.column_names, "box", "clip", "mode", "mirrored", "neg_log_p", "occluded"]
        name = draw(st.sampled_from(names))
        if what == "column":
            if name in true.column_names:
                true = true.drop_columns([name])
            true = true.append_column(name, draw(st.sampled_from(ODD)))
        elif what == "less" and name in true.column_names:
            true = true.drop_columns([name])
        else:
            key = draw(st.sampled_from((b"posesift.table", b"posesift.skeleton")))
            if what == "metadata":
                metadata[key] = as_json(draw(spoilt(json.loads(metadata[key]))))
            else:
                metadata[key] = draw(st.binary(max_size=20))
            break  # what is no JSON is not spoilt again
    return true.replace_schema_metadata(metadata)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_other_columns_and_metadata(folder, data):
    pq.write_table(data.draw(tables(pq.read_table(folder / "a.parquet"))), folder / "b.parquet")
    with guarded(folder):
        read_or_explained(KIND.read, folder, folder / "b.parquet")
