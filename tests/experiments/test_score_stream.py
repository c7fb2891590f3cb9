"""Poses that are read part by part get the scores, bins and figures of those in memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from posesift import cli
from posesift.data import stream
from posesift.data.readers import poses, read
from posesift.difficulty import bins, checks, scorers
from posesift.difficulty.normalisation import CHUNK
from posesift.experiments import score_samples
from posesift.experiments.score import ScoreSettings, score_poses
from posesift.poses.angles import joint_angles, statistics_of
from posesift.report.explorer import data
from posesift.report.page import write_report
from posesift.results.score import read_score
from posesift.similarity.bins import bin_similarity

N = 2 * CHUNK + 500
FILES = ("difficulty.parquet", "scorer.safetensors", "scorer.json")


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    """Poses of a world, some with hardly a keypoint, without images."""
    path = tmp_path_factory.mktemp("table") / "poses.parquet"
    world = read(f"world:body,n={N}")
    visible_NK = world.visible_NK & (np.random.default_rng(0).random((N, 16)) < 0.9)
    visible_NK[::700, 2:] = False
    bare = world.changed(visible_NK=visible_NK, occluded_NK=None, image_N=None, root="")
    bare.save(path)
    return path


@pytest.fixture(scope="module")
def fitted(table, tmp_path_factory) -> str:
    """A small Pose VAE, fitted to half of the poses."""
    folder = tmp_path_factory.mktemp("fitted")
    part = read(f"poses:{table}").select(np.arange(N // 2))
    scorers.fit(part, steps=30, width=32).save(folder)
    return str(folder)


@pytest.fixture
def in_parts(monkeypatch):
    monkeypatch.setattr(poses, "ROWS", CHUNK)
    monkeypatch.setattr(stream, "WHOLE", N - 1)


@pytest.fixture
def small_samples(monkeypatch):
    monkeypatch.setattr(score_samples, "RIVAL_POSES", 700)
    monkeypatch.setattr(score_samples, "SPREAD_POSES", 1500)
    monkeypatch.setattr(checks, "SECOND_FIT_POSES", 800)
    monkeypatch.setattr(checks, "HELD_OUT_POSES", 900)


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text()) | {"seconds": 0}


def both(table: Path, folder: Path, settings: ScoreSettings) -> None:
    """Score in memory and part by part; every file of both is the same."""
    for name, found in (
        ("memory", read(f"poses:{table}")),
        ("parts", stream.opened(f"poses:{table}")),
    ):
        assert isinstance(found, stream.PoseStream) == (name == "parts")
        (folder / name).mkdir()
        score_poses(found, folder / name, settings)
    for name in FILES:
        assert (folder / "memory" / name).read_bytes() == (folder / "parts" / name).read_bytes()
    assert summary_of(folder / "memory") == summary_of(folder / "parts")


@pytest.mark.parametrize("binning", ["quantile", "log-width"])
def test_a_stream_gets_the_figures_of_the_table(table, in_parts, small_samples, tmp_path, binning):
    both(table, tmp_path, ScoreSettings(method="pca", bins=7, binning=binning, seed=3))
    summary = summary_of(tmp_path / "parts")
    assert summary["samples"] == N
    assert sum(row["samples"] for row in summary["variation"]) == N
    assert summary["similarity"]["used"] + summary["similarity"]["left_out"] == 1500


def test_a_pose_vae_scores_parts_to_the_last_bit_as_it_scores_a_table(
    table, fitted, in_parts, tmp_path
):
    both(table, tmp_path, ScoreSettings(scorer=fitted))
    score = scorers.load_scorer(fitted).scores(read(f"poses:{table}"))
    found = pq.read_table(tmp_path / "parts" / "difficulty.parquet")
    assert found["index"].to_pylist() == list(range(N))
    np.testing.assert_array_equal(found["score"].to_numpy(), score["elbo"])
    np.testing.assert_array_equal(found["reconstruction"].to_numpy(), score["reconstruction"])


def test_below_the_sample_sizes_every_figure_is_of_all_poses(table, fitted, tmp_path):
    whole = read(f"poses:{table}")
    found = score_poses(whole, tmp_path, ScoreSettings(scorer=fitted, bins=6))
    scorer, summary = scorers.load_scorer(fitted), summary_of(tmp_path)
    edges = bins.bin_edges(found.score_N, 6)
    assert summary["edges"] == edges.tolist()
    bin_N = bins.assign(found.score_N, edges)
    rare_N = whole.rare_N & np.isin(whole.mode_N, list(_few(whole.mode_N)))
    wanted = bins.variation(
        found.score_N, bin_N, scorer.points(whole), whole.visible_NK, edges=edges, rare_N=rare_N
    )
    assert summary["variation"] == json.loads(json.dumps(wanted))
    angles = joint_angles(whole.keypoints_NK2, whole.visible_NK, whole.skeleton.triplets)
    similar = bin_similarity(angles, bin_N, 6, statistics_of(whole.skeleton, whole)).to_json()
    assert summary["similarity"] == json.loads(json.dumps(similar))
    side = checks.box_side_correlation(found.score_N, whole.crop_boxes_N4())
    assert summary["box_side_correlation"] == side


def _few(mode_N: np.ndarray) -> set[str]:
    names, counts = np.unique(mode_N.astype(str), return_counts=True)
    return {name for name, n in zip(names, counts, strict=True) if n < 0.03 * len(mode_N)}


def test_samples_measure_what_all_poses_would(table, fitted, small_samples, tmp_path, monkeypatch):
    """Within what so many random poses can be off: four standard errors of their mean."""
    whole = read(f"poses:{table}")
    (tmp_path / "few").mkdir()
    few = score_poses(whole, tmp_path / "few", ScoreSettings(scorer=fitted, bins=4)).summary
    monkeypatch.setattr(score_samples, "SPREAD_POSES", N)
    (tmp_path / "all").mkdir()
    found = score_poses(whole, tmp_path / "all", ScoreSettings(scorer=fitted, bins=4))
    every, points = found.summary, scorers.load_scorer(fitted).points(whole)
    for one, other in zip(few["variation"], every["variation"], strict=True):
        exact = {key: one[key] for key in one if key not in ("covariance_trace", "spread")}
        assert exact == {key: other[key] for key in exact}
        inside = found.bin_N == one["bin"]
        distance_M = bins.squared_distances(points[inside], whole.visible_NK[inside])
        error = distance_M.std() / np.sqrt(1500 / 4)
        off = abs(one["covariance_trace"] - other["covariance_trace"])
        assert 0 < off < 4 * error


def test_the_page_of_many_poses_shows_a_sample_and_counts_all(
    table, fitted, in_parts, tmp_path, monkeypatch
):
    monkeypatch.setattr(data, "LISTED", 300)
    score_poses(
        stream.opened(f"poses:{table}"),
        tmp_path,
        ScoreSettings(scorer=fitted, bins=5),
        write_report,
    )
    page = (tmp_path / "report.html").read_text()
    assert "are a random sample of 36" in page  # 300 and the 64 hardest, of which some were drawn
    assert f'"total":{N}' in page
    assert '"listed":300' in page
    counts = np.bincount(read_score(tmp_path).bin_N, minlength=5).tolist()
    assert f'"bin_counts":{counts}'.replace(" ", "") in page


def test_the_command_streams_large_tables_and_tells_what_is_wrong_with_them(
    table, in_parts, tmp_path, capsys
):
    out = tmp_path / "out"
    assert (
        cli.main(["score", f"poses:{table}", "--method", "mean-distance", "--out", str(out)]) == 0
    )
    assert f"{N} poses scored by mean-distance" in capsys.readouterr().out
    broken = tmp_path / "broken.parquet"
    content = bytearray(table.read_bytes())
    start = pq.ParquetFile(table).metadata.row_group(0).column(0).data_page_offset
    content[start + 50_000 : start + 90_000] = bytes(40_000)
    broken.write_bytes(content)
    assert cli.main(["score", f"poses:{broken}", "--out", str(tmp_path / "no")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert "broken.parquet" in said[-1]
    assert not any("Traceback" in line for line in said)
    assert not (tmp_path / "no").exists()
