"""``predictions.parquet``: one writer, one reader, and the PCK that a page shows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from posesift import skeletons
from posesift.evaluation.evaluate import evaluate
from posesift.evaluation.predict import Predictions
from posesift.results.predictions import read_predictions, write_predictions

BODY = skeletons.load("body16")
N, SIDE = 9, 64


@pytest.fixture
def judged() -> tuple[Predictions, object]:
    """Random predictions whose heads are always right, which the headline must not see."""
    rng = np.random.default_rng(0)
    true_NK2 = rng.uniform(8, 56, (N, 16, 2)).astype(np.float32)
    found_NK2 = true_NK2 + rng.normal(0, 3, true_NK2.shape).astype(np.float32)
    head = [BODY.keypoints.index(name) for name in ("head_top", "upper_neck")]
    found_NK2[:, head] = true_NK2[:, head]
    visible_NK = rng.random((N, 16)) > 0.2
    visible_NK[4, list(BODY.groups["all"])] = False  # a sample without a headline
    predictions = Predictions(
        found_NK2, np.ones((N, 16), np.float32), np.arange(N), true_NK2, visible_NK, SIDE, BODY
    )
    difficulty_N = np.arange(float(N))
    difficulty_N[6] = np.nan
    measured = evaluate(
        found_NK2, true_NK2, visible_NK, SIDE, BODY, difficulty_N=difficulty_N, bins=3
    )
    return predictions, measured


def by_hand(of: Predictions) -> np.ndarray:
    """PCK@0.05 of each sample over the visible limb joints, one at a time."""
    found = np.full(len(of), np.nan)
    for i in range(len(of)):
        near = [
            np.hypot(*(of.keypoints_NK2[i, k] - of.true_NK2[i, k])) < 0.05 * SIDE
            for k in BODY.groups["all"]
            if of.visible_NK[i, k]
        ]
        if near:
            found[i] = 100 * sum(near) / len(near)
    return found


def test_the_column_holds_the_headline_that_the_page_shows(judged, tmp_path: Path) -> None:
    predictions, measured = judged
    write_predictions(tmp_path, {"target": judged, "source": judged}, {"target": "coco:t"})
    table = pq.read_table(tmp_path / "predictions.parquet")
    assert table["set"].to_pylist() == ["target"] * N + ["source"] * N
    assert table["index"].to_pylist() == list(range(N)) * 2
    assert table["predicted"][3].as_py() == predictions.keypoints_NK2[3].reshape(-1).tolist()
    assert table["visible"][3].as_py() == predictions.visible_NK[3].tolist()
    assert table["difficulty"][6].as_py() is None
    assert table["pck"][4].as_py() is None
    want_N = by_hand(predictions)
    column_N = table["pck"].to_numpy()[:N]
    np.testing.assert_allclose(column_N, want_N, rtol=1e-6)
    read = read_predictions(tmp_path, "target")
    assert read is not None
    np.testing.assert_array_equal(read.pck_N, column_N)
    pooled = np.nansum(read.pck_N * read.counted_N) / read.counted_N.sum()
    assert pooled == pytest.approx(measured.entry["pck"]["0.05"]["all"])
    assert np.isnan(read.evalpose_N).sum() == measured.entry["undefined"]["evalpose_limbs"]
    facts = table.schema.metadata
    assert json.loads(facts[b"addresses"]) == {"target": "coco:t"}
    assert (int(facts[b"side"]), facts[b"pck"]) == (SIDE, b"all")


def test_a_file_that_counted_all_keypoints_is_measured_anew(judged, tmp_path: Path) -> None:
    predictions, _ = judged
    write_predictions(tmp_path, {"target": judged}, {})
    path = tmp_path / "predictions.parquet"
    table = pq.read_table(path)
    facts = {key: value for key, value in table.schema.metadata.items() if key != b"pck"}
    place = table.column_names.index("pck")
    older = table.set_column(place, "pck", [np.full(N, 3.0, np.float32)])
    pq.write_table(older.replace_schema_metadata(facts), path)
    read = read_predictions(tmp_path, "target")
    assert read is not None
    np.testing.assert_allclose(read.pck_N, by_hand(predictions))


def test_what_one_file_cannot_hold_is_refused(judged, tmp_path: Path) -> None:
    predictions, measured = judged
    sets = {"a": judged, "b": (replace(predictions, side=32), measured)}
    with pytest.raises(ValueError, match="found 32 px and body16 in 'b'"):
        write_predictions(tmp_path, sets, {})
    assert not list(tmp_path.iterdir())
    assert read_predictions(tmp_path, "a") is None


def test_a_set_that_was_not_predicted_has_none(judged, tmp_path: Path) -> None:
    write_predictions(tmp_path, {"target": judged}, {})
    assert read_predictions(tmp_path, "elsewhere") is None
