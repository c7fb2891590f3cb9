"""``posesift score`` at its edges: many bins, one bin, hardly any poses."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.datasets import coco_document, save_coco, write_coco

from posesift import cli, storage
from posesift.commands.score import Score
from posesift.data.readers import read
from posesift.difficulty import checks
from posesift.difficulty.scorers import METHODS, load_scorer


def score(out: Path, data: str, *flags: str) -> int:
    return cli.main(["score", data, "--method", "pca", "--out", str(out), *flags])


@pytest.mark.parametrize("wanted", ["0", "-2", "31"])
def test_impossible_numbers_of_bins_are_refused_before_the_fit(
    wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posesift.experiments import two_fits

    def never(*_: object, **__: object) -> None:
        raise AssertionError("fitted although no such bins can be cut")

    monkeypatch.setattr(two_fits, "fit", never)
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
    assert "Score and bins" in page
    assert "nan" not in page.split("<section", 1)[1].split("<script")[0].lower().split()


def test_one_pose_is_scored_by_the_fit_of_others(tmp_path: Path) -> None:
    assert score(tmp_path / "fit", "world:body,n=60", "--bins", "2") == 0
    out = tmp_path / "one"
    arguments = ["score", "world:body,n=1", "--scorer", str(tmp_path / "fit"), "--out", str(out)]
    assert cli.main(arguments) == 0
    assert storage.read_json(out / "summary.json")["bins"] == 1
    assert (out / "report.html").is_file()


def test_twelve_people_get_three_bins_and_a_loud_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert score(tmp_path / "out", "world:body,n=12") == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "warning: " in line]
    assert any("THIS IS NO SCORE: 12 poses say nothing" in line for line in told)
    summary = storage.read_json(tmp_path / "out/summary.json")
    assert summary["bins"] == 3
    assert [row["samples"] for row in summary["variation"]] == [4, 4, 4]
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "THIS IS NO SCORE: 12 poses say nothing" in page


def test_poses_that_say_nothing_do_not_count_as_poses_of_a_score(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    table = read("world:body,n=60")
    visible_NK = table.visible_NK.copy()
    visible_NK[12:] = False
    folder.mkdir()
    replace(table, image_N=None, root="", visible_NK=visible_NK).save(folder / "poses.parquet")
    assert score(tmp_path / "out", f"poses:{folder / 'poses.parquet'},split=all") == 0
    summary = storage.read_json(tmp_path / "out/summary.json")
    assert summary["bins"] == 3
    assert summary["warnings"][0].startswith("THIS IS NO SCORE: 12 poses")


@pytest.mark.parametrize(("n", "warned"), [(39, True), (40, False)])
def test_forty_poses_are_scored_without_a_word_on_their_number(
    n: int, warned: bool, tmp_path: Path
) -> None:
    assert score(tmp_path / "out", f"world:body,n={n}") == 0
    said = storage.read_json(tmp_path / "out/summary.json")["warnings"]
    assert any(f"{n} poses" in text for text in said) == warned


def test_another_domain_is_told_by_the_scorers_own_bins(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The fit of a walk scores people upside down and at all: most are harder than its hardest."""
    fit, out = tmp_path / "fit", tmp_path / "out"
    assert score(fit, "world:body,n=400") == 0
    target = "world:body,poses=target,n=120"
    capsys.readouterr()
    assert cli.main(["score", target, "--scorer", str(fit), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    own_N = load_scorer(fit).score(read("world:body,n=400"))
    score_N = load_scorer(fit).score(read(target))
    beyond = int((score_N > np.quantile(own_N, 0.9)).sum())
    assert beyond > 60
    assert f"{beyond} of 120 poses ({100 * beyond / 120:.0f} %) are harder than 90 %" in shown.err
    assert "In the bins of the 400 poses of world:body,n=400" in shown.out
    found = storage.read_json(out / "summary.json")["beside_source"]
    edges = storage.read_json(fit / "summary.json")["edges"]
    assert found["edges"] == edges
    assert found["source"] == [40] * 10
    inner = [-np.inf, *edges[1:-1], np.inf]
    expected = [sum(low <= s < high for s in score_N) for low, high in itertools.pairwise(inner)]
    assert found["these"] == expected
    row = shown.out.split("fitted on:\n")[1].splitlines()[10].split()
    assert row[:3] == ["10", "40", str(expected[-1])]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "In the bins of the scorer&#39;s own poses" in page


def test_the_scorers_own_set_is_no_other_domain(tmp_path: Path) -> None:
    fit, out = tmp_path / "fit", tmp_path / "out"
    assert score(fit, "world:body,n=400") == 0
    more = "world:body,n=200,seed=1"
    assert cli.main(["score", more, "--scorer", str(fit), "--out", str(out)]) == 0
    summary = storage.read_json(out / "summary.json")
    assert sum(summary["beside_source"]["these"]) == 200
    assert not any("another domain" in text for text in summary["warnings"])


@pytest.mark.usefixtures("quick_fits")
def test_another_score_of_the_fit_has_bins_of_its_own(tmp_path: Path) -> None:
    """`reconstruction` by the folder of an `elbo`: its edges are those of another score."""
    fit, out = tmp_path / "fit", tmp_path / "out"
    assert cli.main(["score", "world:body,n=200", "--bins", "4", "--out", str(fit)]) == 0
    flags = ["--method", "reconstruction", "--scorer", str(fit), "--out", str(out)]
    assert cli.main(["score", "world:body,n=60,seed=1", *flags]) == 0
    found = storage.read_json(out / "summary.json")["beside_source"]
    own_N = load_scorer(fit).scores(read("world:body,n=200"))["reconstruction"]
    assert found["edges"][0] == own_N.min()
    assert found["source"] == [50] * 4
    assert sum(found["these"]) == 60


def test_a_scorer_whose_own_scores_are_not_there_is_compared_with_nothing(tmp_path: Path) -> None:
    fit, again, out = (tmp_path / name for name in ("fit", "again", "out"))
    assert score(fit, "world:body,n=100") == 0
    arguments = ["score", "world:body,n=50,poses=target", "--scorer"]
    assert cli.main([*arguments, str(fit), "--out", str(again)]) == 0
    assert cli.main([*arguments, str(again), "--out", str(out)]) == 0  # scores of no fit of its own
    assert storage.read_json(out / "summary.json")["beside_source"] is None
    (fit / "difficulty.parquet").write_bytes(b"PAR1 and nothing else")
    assert cli.main([*arguments, str(fit), "--out", str(tmp_path / "broken")]) == 2


def test_warnings_advise_flags_that_score_has() -> None:
    flags = {f"--{item.name}" for item in dataclasses.fields(Score)}
    said = [checks.noise(0.5, method) for method in METHODS]
    said += [checks.collapse(np.ones(3), np.ones(3)), checks.beyond_source(9, 9, "a")]
    said += [checks.few(n, 1, fitted_here=here) for n in range(3, 40) for here in (True, False)]
    for text in said:
        assert text is not None
        assert set(re.findall(r"--[a-z]+", text)) <= flags
        assert "train" not in text
        assert "weight" not in text


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
    assert "Each row stands for 3 neighbouring bins." in page
    # Five bins hold two poses each, and fewer than 8 of them were held out of the fit.
    assert all(row["covariance_trace"] is None for row in grouped)
    assert "no bin holds 8 of them" in page


def test_few_bins_have_a_row_each(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert score(tmp_path / "out", "world:body,n=80", "--bins", "4", "--json") == 0
    assert json.loads(capsys.readouterr().out)["bins"] == 4
    summary = storage.read_json(tmp_path / "out/summary.json")
    assert summary["variation_grouped"] is None
    assert summary["similarity"]["bins"] == [[b, b] for b in range(4)]


def test_how_the_data_were_read_is_told_and_on_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    truth = write_coco(tmp_path / "data", 24)
    document = coco_document(truth)
    for annotation in document["annotations"]:
        annotation["keypoints"][2::3] = [min(v, 1) for v in annotation["keypoints"][2::3]]
    save_coco(truth.path, document)
    address = f"coco:{truth.path},images={tmp_path}/data/photos"
    (note,) = read(address).notes
    assert score(tmp_path / "out", address) == 0
    assert f"note: reading the data: {note}" in capsys.readouterr().err
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"Reading the data: {note}." in page
