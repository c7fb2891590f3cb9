"""Folders that an earlier version finished are read and reported, with the figures they hold.

`old/` holds one of each kind, made by the code of 2026-11-29 on the built-in world: crops of 32 px,
three steps a stage, checkpoints left out.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from posesift import results
from posesift.evaluation import pck
from posesift.report.page import write_report
from posesift.results.predictions import read_predictions

OLD = Path(__file__).parent / "old"
KINDS = {"score": results.Score, "run": results.Run, "comparison": results.Comparison}


@pytest.mark.parametrize("kind", KINDS)
def test_is_read_and_reported(kind: str, tmp_path: Path) -> None:
    folder = shutil.copytree(OLD / kind, tmp_path / kind)
    assert isinstance(results.read(folder), KINDS[kind])
    assert write_report(folder).read_text().endswith("</html>")


def test_a_comparison_gives_the_figures_of_its_cells() -> None:
    found = results.read(OLD / "comparison")
    assert isinstance(found, results.Comparison)
    assert found.score is not None
    assert len(found.score.score_N) == found.score.summary["samples"]
    for cell in found.comparison["cells"]:
        kept = json.loads((OLD / "comparison" / cell["folder"] / "evaluation.json").read_text())
        assert cell["sets"] == kept["sets"]
        assert found.cell(cell["arm"], cell["seed"]) == OLD / "comparison" / cell["folder"]


def test_predictions_that_counted_all_keypoints_give_the_headline() -> None:
    found = results.read(OLD / "run")
    assert isinstance(found, results.Run)
    name, entry = found.headline
    read = read_predictions(OLD / "run", name)
    assert read is not None
    pooled = np.nansum(read.pck_N * read.counted_N) / read.counted_N.sum()
    assert pooled == pytest.approx(entry["pck"]["0.05"]["all"])
    table = pq.read_table(OLD / "run/predictions.parquet")
    of_all_N = pck.per_sample_pck(
        read.predicted_NK2, read.keypoints_NK2, read.visible_NK, read.side
    )
    rows = table["set"].to_numpy() == name
    np.testing.assert_allclose(table["pck"].to_numpy()[rows], of_all_N, rtol=1e-6)
    assert not np.allclose(of_all_N, read.pck_N, equal_nan=True)  # else nothing is tested here
