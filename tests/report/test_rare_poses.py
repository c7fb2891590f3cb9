"""Rare poses and failure on them: against slow loops over the kept predictions."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from tests.report.conftest import BODY

from posesift import results
from posesift.report import pose_sets
from posesift.report.answers import rare_failure, rare_poses
from posesift.report.pose_sets import PoseSet
from posesift.results.comparison import Comparison
from posesift.results.predictions import read_predictions

MODES = ["kick"] * 8 + ["handstand"] * 4 + ["stand"] * 200 + ["walk"] * 188
SHARE = {"jump": 0.001, "kick": 0.02, "handstand": 0.02, "stand": 0.5, "walk": 0.459}


@pytest.fixture(scope="module")
def folder(comparison: Path) -> Comparison:
    found = results.read(comparison)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture(scope="module")
def source(folder: Comparison) -> PoseSet:
    assert folder.score is not None
    found, _ = pose_sets.source_of(folder.score)
    assert found is not None
    mode_N = np.random.default_rng(0).permutation(np.array(MODES, dtype=object))
    return replace(found, table=replace(found.table, mode_N=mode_N, share=SHARE))


@pytest.fixture(scope="module")
def target(folder: Comparison) -> PoseSet:
    found = pose_sets.target_of(folder)
    assert found is not None
    return found


def test_rare_modes_are_counted_rarest_first(source: PoseSet) -> None:
    # 4 and 8 of 400 poses; jump is in the mixture, but was never drawn
    assert rare_poses.modes_of(source.table) == {"jump": 0.0, "handstand": 1.0, "kick": 2.0}
    assert rare_poses.modes_of(replace(source.table, mode_N=None)) is None
    alike = replace(source.table, mode_N=np.array(["stand", "walk"] * 200, dtype=object))
    common = replace(alike, share={"stand": 0.5, "walk": 0.5})
    assert rare_poses.modes_of(common) == {}
    flat = dict.fromkeys(SHARE, 0.02)  # rare in the mixture, and half of these poses
    assert rare_poses.modes_of(replace(alike, share=flat)) == {
        "handstand": 0.0,
        "jump": 0.0,
        "kick": 0.0,
    }


def test_few_rows_of_a_name_are_not_rare_where_no_generator_says_so(source: PoseSet) -> None:
    named = replace(source.table, share=None)
    assert rare_poses.modes_of(named) is None
    assert rare_poses.few_rows(named) == {"handstand": 1.0, "kick": 2.0}
    assert rare_poses.few_rows(source.table) == {}
    assert rare_poses.few_rows(replace(named, mode_N=None)) == {}
    assert named.mode_N is not None
    nameless = np.where(named.mode_N == "kick", "", named.mode_N).astype(object)
    assert list(rare_poses.few_rows(replace(named, mode_N=nameless))) == ["handstand"]


def test_rare_poses_are_named_counted_and_shown(source: PoseSet, target: PoseSet) -> None:
    said = rare_poses.rarest(source, target)
    assert said is not None
    assert source.table.mode_N is not None
    assert target.table.mode_N is not None
    rare_N = np.isin(source.table.mode_N.astype(str), ["kick", "handstand", "jump"])
    theirs_N = np.isin(target.table.mode_N.astype(str), ["kick", "handstand", "jump"])
    few = f"3.0 % of the source, but {100 * theirs_N.mean():.0f} % of the target."
    assert said.answer == f"Jump, handstand and kick are rare: together {few}"
    held = 100 * (rare_N & (source.bin_N == 9)).sum() / rare_N.sum()
    assert f"hardest tenth by the score holds {held:.0f} %" in said.detail
    captions = [["handstand", "1.0 %"], ["kick", "2.0 %"]]  # nobody jumps
    assert [picture.caption for picture in said.pictures] == captions
    assert all(picture.image for picture in said.pictures)


def test_without_modes_the_hardest_bin_stands_for_rare(source: PoseSet, target: PoseSet) -> None:
    plain = replace(source, table=replace(source.table, mode_N=None, share=None))
    said = rare_poses.rarest(plain, None)
    assert said is not None
    begins = (
        "By the score, those of the hardest bin, whose angles differ most from the source's at "
    )
    assert said.answer.startswith(begins)
    apart = {}
    for name, angle_N in zip(BODY.angle_names, plain.angles_NA.T, strict=True):
        known_N = ~np.isnan(angle_N)
        here, every = angle_N[known_N & (plain.bin_N == 9)], angle_N[known_N]
        # earth is moved from one histogram to the other: the mean distance of equal quantiles
        at = (np.arange(20_000) + 0.5) / 20_000
        quantiles = (np.quantile(some, at, method="inverted_cdf") for some in (here, every))
        apart[name] = np.abs(np.subtract(*quantiles)).mean()
    worst = sorted(apart, key=lambda name: -apart[name])
    assert f"{begins}{worst[0]} ({apart[worst[0]]:.0f}°)" in said.answer
    assert "10.0 %" not in said.answer  # of equal bins each holds a tenth
    there = replace(target, edges=plain.edges, bin_N=np.arange(len(target)) % 10)
    said = rare_poses.rarest(plain, there)
    assert said is not None
    assert said.answer.endswith("; 10 % of the target poses lie there too.")
    said = rare_poses.rarest(plain, None)
    assert said is not None
    assert len(said.pictures) == rare_poses.SHOWN
    nothing = replace(plain, bin_N=np.full(len(plain), pose_sets.UNBINNED))
    assert rare_poses.rarest(nothing, None) is None
    modes = {"mode_N": np.array(["a", "b"] * 200, dtype=object), "share": {"a": 0.5, "b": 0.5}}
    said = rare_poses.rarest(replace(plain, table=replace(plain.table, **modes)), None)
    assert said is not None
    assert "By name none is rare: each kind makes up at least 3 %" in said.detail
    one_bin = replace(plain, edges=plain.edges[[0, -1]], bin_N=np.zeros(len(plain), np.int64))
    assert rare_poses.rarest(one_bin, None) is None


def slow(folder: Comparison, arm: str, seed: int, rare_N: np.ndarray) -> tuple[float, float]:
    """PCK@0.05 on rare and other samples, joint by joint."""
    cell = folder.cell(arm, seed)
    assert cell is not None
    found = read_predictions(cell, "target")
    assert found is not None
    right, counted = {True: 0, False: 0}, {True: 0, False: 0}
    for i, rare in enumerate(rare_N):
        for k in found.skeleton.groups["all"]:
            if found.visible_NK[i, k]:
                dx, dy = found.predicted_NK2[i, k] - found.keypoints_NK2[i, k]
                counted[bool(rare)] += 1
                right[bool(rare)] += sqrt(dx * dx + dy * dy) < 0.05 * found.side
    return 100 * right[True] / counted[True], 100 * right[False] / counted[False]


def test_failure_on_rare_poses_is_counted_over_seeds(
    folder: Comparison, source: PoseSet, target: PoseSet
) -> None:
    assert target.table.mode_N is not None
    rare_N = np.isin(target.table.mode_N.astype(str), ["kick", "handstand"])
    pairs = [slow(folder, "uniform", seed, rare_N) for seed in (0, 1, 2)]
    change = [rare - other for rare, other in pairs]
    half = 4.302653 * np.std(change, ddof=1) / sqrt(3)  # Student's t, 2 degrees of freedom
    said = rare_failure.failing(folder, source, target)
    assert said is not None
    rare, other = np.mean(pairs, axis=0)
    assert f"drops by {-np.mean(change):.1f} points on rare poses" in said.answer
    assert f"uniform {rare:.1f} and {other:.1f} %" in said.detail
    assert abs(np.mean(change)) > half  # else the answer would be that it is not significant
    top = [slow(folder, "oracle target", seed, rare_N) for seed in (0, 1, 2)]
    lack = [(a - b) - (c - d) for (a, b), (c, d) in zip(top, pairs, strict=True)]
    half = 4.302653 * np.std(lack, ddof=1) / sqrt(3)
    low, high = (f"{np.mean(lack) + s * half:+.1f}".replace("-", "−") for s in (-1, 1))
    assert f"(95 % CI {low} to {high}" in said.answer.split("oracle")[-1]
    clear = abs(np.mean(lack)) > half
    assert said.answer.startswith(
        ("Yes: " if clear else "Yes, but so does an oracle")
        if np.mean(lack) > 0
        else "Yes, but no more than an oracle"
    )
    assert "The best configuration, hard mining: " in said.detail


def test_one_seed_has_an_interval_over_images(
    folder: Comparison, source: PoseSet, target: PoseSet
) -> None:
    one = replace(folder, comparison=folder.comparison | {"seeds": [1]})
    said = rare_failure.failing(one, source, target)
    assert said is not None
    assert "95 % CI over images" in said.answer


def test_images_of_one_seed_are_paired(
    folder: Comparison, source: PoseSet, target: PoseSet
) -> None:
    """The same predictions twice: no image tells them apart, so the interval has no width."""
    assert target.table.mode_N is not None
    rare_N = np.isin(target.table.mode_N.astype(str), ["kick", "handstand"])
    masks = {0: (target.row_N, rare_N)}
    same = rare_failure.beyond(folder, "uniform", "uniform", masks)
    assert same is not None
    assert (same.mean, same.low, same.high) == (0.0, 0.0, 0.0)
    other = rare_failure.beyond(folder, "uniform", "hard-mining", masks)
    back = rare_failure.beyond(folder, "hard-mining", "uniform", masks)
    assert other is not None
    assert back is not None
    (a, b), (c, d) = (slow(folder, arm, 0, rare_N) for arm in ("uniform", "hard-mining"))
    assert other.mean == pytest.approx((b - a) - (d - c))
    assert back.mean == pytest.approx(-other.mean)
    assert other.low is not None
    assert other.low < other.mean


def test_without_modes_the_sources_hardest_bin_splits_the_target(
    folder: Comparison, source: PoseSet, target: PoseSet
) -> None:
    plain = replace(source, table=replace(source.table, mode_N=None))
    assert rare_failure.failing(folder, plain, target) is None  # bins of its own
    bin_N = np.where(np.arange(len(target)) % 3 == 0, 9, 0)
    binned = replace(target, bin_N=bin_N, edges=source.edges)
    said = rare_failure.failing(folder, plain, binned)
    assert said is not None
    rare, other = slow(folder, "uniform", 0, bin_N == 9)
    change = f"{rare - other:+.1f}".replace("-", "−")
    assert f"changes by {change} points" in said.answer
    assert "on target poses as hard as the source's hardest bin" in said.answer
    assert "on target poses as hard as the source's hardest bin and on the others" in said.detail
    assert f"uniform {rare:.1f} and {other:.1f} %" in said.detail


def test_nothing_is_said_without_poses_or_predictions(
    folder: Comparison, source: PoseSet, target: PoseSet
) -> None:
    assert rare_failure.failing(folder, None, target) is None
    assert rare_failure.failing(folder, source, None) is None
    cells = [cell | {"folder": None} for cell in folder.comparison["cells"]]
    bare = replace(folder, comparison=folder.comparison | {"cells": cells})
    assert rare_failure.failing(bare, source, target) is None
