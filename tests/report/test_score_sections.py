from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.report.conftest import build_score, save_table

from posesift import results, storage
from posesift.report import pose_sets
from posesift.report.blocks import Charts, Gallery, Note, Section, Strip
from posesift.report.pose_sets import UNBINNED, PoseSet
from posesift.report.sections import score as score_sections
from posesift.report.spreadsheet import csv_text
from posesift.results.score import Score


@pytest.fixture(scope="module")
def score(comparison: Path) -> Score:
    return results.read_score(comparison / "score")


@pytest.fixture(scope="module")
def source(score: Score) -> PoseSet:
    found, _ = pose_sets.source_of(score)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def target(source: PoseSet) -> PoseSet:
    """The source's own poses as a target, a quarter of them in no bin, none in bin 1."""
    easy_N = source.bin_N == 0
    bin_N, score_N = np.where(easy_N, 9, source.bin_N), np.where(easy_N, 99.0, source.score_N)
    bin_N[::4], score_N[::4] = UNBINNED, np.nan
    return replace(source, which="target", bin_N=bin_N, score_N=score_N)


def strips(section: Section) -> list[Strip]:
    return [
        strip for block in section.blocks if isinstance(block, Gallery) for strip in block.strips
    ]


def notes(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Note))


def titles(section: Section) -> list[str]:
    return [c.title for block in section.blocks if isinstance(block, Charts) for c in block.charts]


def test_target_poses_stand_below_the_source_of_the_same_bin(
    score: Score, source: PoseSet, target: PoseSet
) -> None:
    found = score_sections.gallery(score, source, target)
    named = [(strip.name, strip.follows) for strip in strips(found)]
    assert named[:4] == [
        ("Bin 1, source", False), ("Bin 1, target", True),
        ("Bin 4, source", False), ("Bin 4, target", True),
    ]  # fmt: skip
    assert strips(found)[1].detail == "no target pose falls here"
    assert strips(found)[1].pictures == []
    inside = int((target.bin_N == 9).sum())
    assert strips(found)[-1].detail == f"{inside} of 400 target poses"
    assert all("Target pose of bin 10" in one.alt for one in strips(found)[-1].pictures)
    assert "100 target poses have too few visible keypoints" in notes(found)
    assert titles(found) == ["Where the target's poses fall"]


def test_the_lead_counts_what_is_harder_than_most_of_the_source(
    score: Score, source: PoseSet, target: PoseSet
) -> None:
    limit = np.quantile(score.score_N, 0.9)
    known = [s for s, b in zip(target.score_N, target.bin_N, strict=True) if b >= 0]
    harder = sum(s > limit for s in known)
    lead = score_sections.gallery(score, source, target).lead
    share = f"{100 * harder / len(known):.0f} %"
    said = f"{harder} of {len(known)} target poses ({share}) are harder than 90 % of the source."
    assert lead.startswith(said)


def test_pictures_of_a_strip_are_of_its_bin(score: Score, source: PoseSet) -> None:
    found = score_sections.gallery(score, source)
    for strip, b in zip(strips(found), (0, 3, 6, 9), strict=True):
        low, high = score.summary["edges"][b : b + 2]
        shown = [float(one.caption[-1]) for one in strip.pictures]
        assert len(shown) == 6
        assert all(round(low, 2) <= value <= round(high, 2) for value in shown)


def test_bins_of_another_measure_are_not_set_beside_the_source(
    score: Score, source: PoseSet, target: PoseSet
) -> None:
    other = replace(target, edges=target.edges * 2)
    found = score_sections.gallery(score, source, other)
    assert "the target is not shown" in notes(found).lower()
    assert titles(found) == []
    assert [strip.name for strip in strips(found)] == ["Bin 1", "Bin 4", "Bin 7", "Bin 10"]


def test_a_target_without_its_source_is_shown_and_the_reason_told(
    score: Score, target: PoseSet
) -> None:
    found = score_sections.gallery(score, None, target, "the disk is gone")
    assert "No poses of the source are shown: the disk is gone." in notes(found)
    assert next(strip.name for strip in strips(found)) == "Bin 1, target"
    assert not any(strip.follows for strip in strips(found))
    nothing = score_sections.gallery(score, None, None, "the disk is gone")
    assert "No poses are shown: the disk is gone." in notes(nothing)
    assert strips(nothing) == []


def test_images_that_are_gone_are_named_once_and_by_whose_they_are(
    score: Score, source: PoseSet, target: PoseSet
) -> None:
    blind = replace(target, table=replace(target.table, image_N=None, root=""), problem="moved")
    found = score_sections.gallery(score, source, blind)
    assert "Skeletons of the target without images: moved." in notes(found)
    assert all(one.image is None for one in strips(found)[-1].pictures)
    assert all(one.image is not None for one in strips(found)[-2].pictures)


def test_one_image_that_is_gone_is_one_of_all_that_are_shown(score: Score, source: PoseSet) -> None:
    """Not as if none were at hand: the others stand there with their images."""
    row = int(np.flatnonzero(source.bin_N == 0)[0])
    only = replace(source, bin_N=np.where(source.bin_N == 0, UNBINNED, source.bin_N))
    only.bin_N[row] = 0
    name_N = source.table.image_N.copy()
    name_N[row] = "gone.png"
    found = score_sections.gallery(
        score, replace(only, table=replace(source.table, image_N=name_N)), None
    )
    shown = [picture for strip in strips(found) for picture in strip.pictures]
    assert [picture.image is None for picture in shown].count(True) == 1
    assert f"1 of {len(shown)} images are not available" in notes(found)
    assert "gone.png" in notes(found)


def test_the_heatmap_stands_beside_the_angles_and_old_folders_have_one(
    score: Score, source: PoseSet
) -> None:
    assert "bins" not in score.summary["similarity"]  # a folder of old
    both = ["The joint angles that poses are compared by", "How alike the poses of two bins are"]
    assert titles(score_sections.alike(score, source)) == both
    assert titles(score_sections.alike(score)) == both[1:]


@pytest.mark.parametrize("similar", [None, {"matrix": [[0.125]], "used": 3, "left_out": 0}])
def test_one_bin_or_none_measured_is_said(score: Score, similar: dict | None) -> None:
    changed = replace(score, summary=score.summary | {"similarity": similar})
    found = score_sections.alike(changed)
    assert titles(found) == []
    assert ("not measured" if similar is None else "within it: 0.12") in notes(found)


def test_many_bins_are_shown_in_groups(tmp_path: Path) -> None:
    folder = build_score(tmp_path / "score", *save_table(tmp_path / "data", 400, 3), k=100)
    score = results.read_score(folder)
    source, _ = pose_sets.source_of(score)
    found = score_sections.gallery(score, source)
    assert [strip.name for strip in strips(found)][::3] == ["Bins 1 to 2", "Bins 99 to 100"]
    assert all(len(strip.pictures) == 6 for strip in strips(found))
    assert "each row" in next(b.caption for b in found.blocks if isinstance(b, Gallery))


def test_metrics_without_a_value_are_dashes(score: Score) -> None:
    summary = score.summary | {
        "rare_mode_auc": {"elbo": None, "knn": float("nan")},
        "agreement": {"elbo": float("nan")},
    }
    table = score_sections.scorers(summary)
    assert table is not None
    cells = {row.name: [cell.text for cell in row.cells] for row in table.rows}
    assert cells["VAE, elbo (used here)"] == ["–", "–", "itself"]
    assert cells["k-NN distance"] == ["–", "–", "0.83"]
    assert not any(cell.best for row in table.rows for cell in row.cells)
    assert "nan" not in csv_text(table).lower()


def test_bins_of_a_target_are_comparable_only_by_equal_edges(score: Score, target: PoseSet) -> None:
    edges = score.summary["edges"]
    assert target.binned_as(edges)
    assert not replace(target, edges=target.edges[:-1]).binned_as(edges)


def test_too_few_poses_in_each_bin_is_said_instead_of_drawn(score: Score) -> None:
    rows = [row | {"covariance_trace": None} for row in score.summary["variation"]]
    found = score_sections.distribution(replace(score, summary=score.summary | {"variation": rows}))
    assert "no bin holds 8 of them" in notes(found)
    assert "Variation of the poses in each bin" not in titles(found)


def test_the_summary_of_old_is_read(score: Score) -> None:
    summary = storage.read_json(score.path / "summary.json")
    assert "variation_grouped" not in summary
    assert "Variation of the poses in each bin" in titles(score_sections.distribution(score))


def test_medians_of_both_sets_are_said_where_one_scorer_scored_them(
    score: Score, source: PoseSet, target: PoseSet
) -> None:
    said = score_sections.gallery(score, source, target).lead
    median = np.median(target.score_N[target.bin_N >= 0])
    assert f"Median score: {np.median(score.score_N):.2f} in the source, {median:.2f}" in said
    other = replace(target, edges=np.arange(4.0))  # bins of another measure
    assert "Median" not in score_sections.gallery(score, source, other).lead
