"""``posesift score`` at its edges: many bins, one bin, hardly any poses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posesift import cli, storage
from posesift.data.readers import read


def score(out: Path, data: str, *flags: str) -> int:
    return cli.main(["score", data, "--method", "pca", "--out", str(out), *flags])


@pytest.mark.parametrize("wanted", ["0", "-2", "31"])
def test_impossible_numbers_of_bins_are_refused_before_the_fit(
    wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posesift.experiments import score as stage

    def never(*_: object, **__: object) -> None:
        raise AssertionError("fitted although no such bins can be cut")

    monkeypatch.setattr(stage, "fit", never)
    assert score(tmp_path / "out", "world:body,n=30", "--bins", wanted) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("posesift: expected 1 to 30 bins, as many as there are poses; found ")
    assert said.endswith(wanted)


def repeated(folder: Path, rows: list[int]) -> str:
    """Address of a table that holds some poses more than once."""
    folder.mkdir()
    table = read("world:body,n=9")
    table = replace(table, image_N=None, root="").select(np.array(rows))
    table.save(folder / "poses.parquet")
    return f"poses:{folder / 'poses.parquet'},split=all"


def test_more_bins_than_distinct_scores_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    data = repeated(tmp_path / "data", [0, 1, 2, 3, 4, 5, 6, 7, 8] * 3)
    assert score(tmp_path / "out", data, "--bins", "20") == 2
    assert "as many as there are distinct scores; found k = 20" in capsys.readouterr().err


def test_equal_scores_end_in_one_bin_and_a_page(tmp_path: Path) -> None:
    assert score(tmp_path / "out", repeated(tmp_path / "data", [4] * 12)) == 0
    summary = storage.read_json(tmp_path / "out/summary.json")
    assert summary["bins"] == 1
    assert summary["similarity"]["matrix"] == [[pytest.approx(1)]]
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "12 poses scored with pca, in one bin." in page
    assert "Mean cosine within it: 1.00." in page


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_poses_for_a_fit_are_one_clear_error(
    n: int, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert score(tmp_path / "out", f"world:body,n={n}") == 2
    said = capsys.readouterr().err
    assert "expected 3 poses or more with at least 3 visible keypoints each" in said
    assert f"found {n}" in said
    assert "--scorer" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("n", [3, 9])
def test_hardly_any_poses_end_in_a_page(n: int, tmp_path: Path) -> None:
    assert score(tmp_path / "out", f"world:body,n={n}") == 0
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "How hard the poses are" in page
    assert "nan" not in page.split("<section", 1)[1].split("<script")[0].lower().split()


def test_one_pose_is_scored_by_the_fit_of_others(tmp_path: Path) -> None:
    assert score(tmp_path / "fit", "world:body,n=60", "--bins", "2") == 0
    out = tmp_path / "one"
    arguments = ["score", "world:body,n=1", "--scorer", str(tmp_path / "fit"), "--out", str(out)]
    assert cli.main(arguments) == 0
    assert storage.read_json(out / "summary.json")["bins"] == 1
    assert (out / "report.html").is_file()


def test_many_bins_share_rows_and_lines(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "out"
    assert score(out, "world:body,n=420", "--bins", "210") == 0
    shown = capsys.readouterr().out
    assert "1-5" in shown
    assert len(shown.splitlines()) < 60
    summary = storage.read_json(out / "summary.json")
    assert len(summary["variation"]) == summary["bins"] == 210
    grouped = summary["variation_grouped"]
    assert [row["bins"] for row in grouped] == [[5 * i, 5 * i + 4] for i in range(42)]
    assert [row["samples"] for row in grouped] == [
        sum(row["samples"] for row in summary["variation"][5 * i : 5 * i + 5]) for i in range(42)
    ]
    assert all(row["low"] == summary["edges"][5 * i] for i, row in enumerate(grouped))
    assert grouped[-1]["high"] == summary["edges"][-1]
    similar = summary["similarity"]
    assert len(similar["matrix"]) == len(similar["bins"]) == 70
    assert similar["bins"][-1] == [207, 209]
    assert (out / "summary.json").stat().st_size < 400_000
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Each box stands for 5 neighbouring bins." in page


def test_few_bins_have_a_row_each(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert score(tmp_path / "out", "world:body,n=80", "--bins", "4", "--json") == 0
    assert json.loads(capsys.readouterr().out)["bins"] == 4
    summary = storage.read_json(tmp_path / "out/summary.json")
    assert summary["variation_grouped"] is None
    assert summary["similarity"]["bins"] == [[b, b] for b in range(4)]
