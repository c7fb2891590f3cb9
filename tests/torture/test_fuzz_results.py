"""Result folders with spoilt documents: read, or explained in one message."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.report.conftest import build_comparison
from tests.torture.guard import guarded, piped, read_or_explained
from tests.torture.spoil import as_json, as_yaml, edited, edits, examples, spoilt

from posesift import results
from posesift.adaptation.training import checkpoint
from posesift.difficulty.scorers import load_scorer

EXAMPLES = examples(10, 120)
RUN = "cells/uniform/seed0"
DOCUMENTS = (
    "comparison.json",
    "score/summary.json",
    f"{RUN}/evaluation.json",
    f"{RUN}/experiment.yaml",
    f"{RUN}/metrics.jsonl",
)
TABLES = (f"{RUN}/predictions.parquet", "score/difficulty.parquet")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> Path:
    folder = build_comparison(tmp_path_factory.mktemp("comparison"), seeds=(0,), n=40)
    _read_all(folder)  # as it is, it is read
    return folder


def _read_all(folder: Path) -> None:
    results.read(folder)
    results.read(folder / RUN)
    results.read_predictions(folder / RUN, "target")


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_spoilt_documents_of_results(comparison, name, data):
    path = comparison / name
    true = path.read_bytes()
    if name.endswith(".yaml"):
        content = as_yaml(data.draw(spoilt(yaml.safe_load(true))))
    elif name.endswith(".jsonl"):
        first, *rest = true.splitlines()
        content = b"\n".join([as_json(data.draw(spoilt(json.loads(first)))), *rest])
    else:
        content = as_json(data.draw(spoilt(json.loads(true))))
    path.write_bytes(content)
    try:
        with guarded(comparison):
            read_or_explained(_read_all, comparison)
    finally:
        path.write_bytes(true)


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_spoilt_tables_of_results(comparison, name, data):
    path = comparison / name
    true = path.read_bytes()
    if data.draw(st.booleans()):
        path.write_bytes(edited(true, data.draw(edits())))
    else:
        table = pq.read_table(path)
        key = data.draw(st.sampled_from(sorted(table.schema.metadata or {b"x": b""})))
        words = data.draw(st.one_of(st.binary(max_size=9), spoilt({"a": [1]}).map(as_json)))
        metadata = {**(table.schema.metadata or {}), key: words}
        pq.write_table(table.replace_schema_metadata(metadata), path)
    try:
        with guarded(comparison):
            read_or_explained(_read_all, comparison)
    finally:
        path.write_bytes(true)


@pytest.mark.parametrize("name", [*DOCUMENTS, *TABLES])
def test_a_pipe_in_a_result_is_not_waited_for(comparison, name):
    with piped(comparison / name):
        read_or_explained(_read_all, comparison)


@pytest.fixture(scope="module")
def scorer(comparison, tmp_path_factory) -> Path | None:
    """The fit of a score folder."""
    import numpy as np
    from tests.datasets import pose_table

    from posesift.difficulty.scorers import fit

    folder = tmp_path_factory.mktemp("scorer")
    fit(pose_table(40, seed=int(np.pi)), "pca").save(folder)
    return folder


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_spoilt_scorers(scorer, data):
    path = scorer / "scorer.json"
    true = path.read_bytes()
    path.write_bytes(as_json(data.draw(spoilt(json.loads(true)))))
    try:
        with guarded(scorer):
            read_or_explained(load_scorer, scorer)
    finally:
        path.write_bytes(true)


@pytest.mark.parametrize("name", ["scorer.json", "scorer.safetensors"])
def test_a_pipe_in_a_scorer_is_not_waited_for(scorer, name):
    with piped(scorer / name):
        assert read_or_explained(load_scorer, scorer) is None


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    import torch

    state = {
        "plan": {"seed": 0, "stages": [["warm-up", 4]]},
        "position": [0, 3],
        "method": {"network": {"a": torch.ones(3), "b": torch.zeros(2, 2)}, "rates": {0: 1.0}},
        "journal": {"sums": {}, "losses": [], "count": 0},
        "best": None,
    }
    return checkpoint.save(tmp_path_factory.mktemp("checkpoints"), 3, state)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_pipe_in_a_checkpoint_is_not_waited_for(kept, suffix):
    with piped(kept.with_suffix(suffix)):
        assert read_or_explained(checkpoint.load, kept) is None


@pytest.mark.parametrize("spoilt_tensors", [False, True])
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_spoilt_checkpoints(kept, spoilt_tensors, data):
    path = kept.with_suffix(".safetensors") if spoilt_tensors else kept
    true = path.read_bytes()
    if spoilt_tensors:
        path.write_bytes(edited(true, data.draw(edits())))
    else:
        path.write_bytes(as_json(data.draw(spoilt(json.loads(true)))))
    try:
        with guarded(kept.parent):
            read_or_explained(checkpoint.load, kept)
    finally:
        path.write_bytes(true)
