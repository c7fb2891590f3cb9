"""What a subset takes: sizes, weights, bins, near duplicates; data that are not those scored."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posesift import sampling
from posesift.data.readers import read
from posesift.experiments import subset
from posesift.experiments.score import ScoreSettings, score_poses
from posesift.experiments.subset import Source, choose, mean_weights, open_source, parts, wanted
from posesift.experiments.write_subset import together, with_companions

WORLD = "world:body,n=300,side=32"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("score")
    score_poses(read(WORLD), out, ScoreSettings(method="pca", check=False))
    return out


@pytest.fixture(scope="module")
def source(folder: Path) -> Source:
    return open_source(folder)


@pytest.mark.parametrize("strategy", sampling.NAMES)
def test_a_subset_has_its_size_and_no_pose_without_a_weight(source: Source, strategy: str) -> None:
    choice = choose(source, strategy, 60, seed=2)
    assert choice.draws_N.sum() == len(choice.taken) == choice.uniform_N.sum() == 60
    assert (choice.weight_N[choice.taken] > 0).all()
    assert choice.weight_N.sum() == pytest.approx(1)
    rows = choice.by_bin()
    assert [sum(rows[name]) for name in ("set", "duplicates", "taken", "uniform")] == [
        300,
        0,
        60,
        60,
    ]
    again = choose(source, strategy, 60, seed=2)
    np.testing.assert_array_equal(again.draws_N, choice.draws_N)
    assert (choose(source, strategy, 60, seed=3).draws_N != choice.draws_N).any()


def test_the_whole_set_is_a_subset_too(source: Source) -> None:
    assert len(choose(source, "hard-mining", 300).taken) == 300


def test_uniform_is_its_own_control(source: Source) -> None:
    choice = choose(source, "uniform", 60, seed=5)
    np.testing.assert_array_equal(choice.draws_N > 0, choice.uniform_N)


@pytest.mark.parametrize("strategy", ["uniform", "quadratic", "curriculum"])
@pytest.mark.parametrize("budget", [False, True])
def test_rows_that_take_turns_are_all_drawn_from(
    source: Source, strategy: str, budget: bool
) -> None:
    """Of five cameras in turn each gives its share, give or take chance."""
    score_N = np.repeat(np.sort(source.score.score_N)[::5], 5)  # a frame's five rows are alike
    bin_N = np.sort(source.score.bin_N)
    score = dataclasses.replace(source.score, score_N=score_N, bin_N=bin_N)
    for seed in range(4):
        choice = choose(Source("", score, source.table), strategy, 60, budget=budget, seed=seed)
        for drawn_N in (choice.draws_N, choice.uniform_N):
            drawn_5 = drawn_N.reshape(-1, 5).sum(0)
            mean = drawn_5.sum() / 5
            assert (np.abs(drawn_5 - mean) < 5 * np.sqrt(0.8 * mean)).all(), drawn_5


@pytest.mark.parametrize("strategy", ["hard-mining", "quadratic"])
def test_a_pose_is_taken_as_often_as_its_weight_says(source: Source, strategy: str) -> None:
    """Over many seeds: with probability n w, capped at 1."""
    from posesift.sampling.systematic import capped

    taken_N = np.mean([choose(source, strategy, 30, seed=s).draws_N for s in range(400)], axis=0)
    expected_N = 30 * capped(choose(source, strategy, 30).weight_N, 1 / 30)
    spread_N = np.sqrt(np.maximum(expected_N * (1 - expected_N), 1e-9) / 400)
    assert (np.abs(taken_N - expected_N) < 5 * spread_N + 1e-9).all()


def test_a_budget_counts_draws(source: Source) -> None:
    choice = choose(source, "hard-mining", 450, budget=True)
    assert choice.draws_N.sum() == 450
    expected_N = 450 * choice.weight_N
    assert (choice.draws_N >= np.floor(expected_N - 1e-9)).all()
    assert (choice.draws_N <= np.ceil(expected_N + 1e-9)).all()
    assert choice.draws_N.max() > 1
    assert choice.uniform_N.sum() == len(choice.taken)


def test_bins_that_are_never_drawn_are_known(source: Source) -> None:
    choice = choose(source, "top", 60)
    assert choice.never_drawn == [0, 1, 2, 3, 4]
    assert not np.isin(choice.bin_N[choice.taken], choice.never_drawn).any()
    for name in ("hard-mining", "curriculum", "uniform"):
        assert choose(source, name, 60).never_drawn == []
    with pytest.raises(
        ValueError, match=r"1 to 150 poses, those that 'top' draws of the 300 there"
    ):
        choose(source, "top", 151)


def test_changing_weights_are_those_of_the_whole_training() -> None:
    score_N = np.arange(100.0)
    curriculum = sampling.make("curriculum", score_N)
    expected_N = np.mean([curriculum.weights(t) for t in (np.arange(64) + 0.5) / 64], axis=0)
    np.testing.assert_allclose(mean_weights(curriculum), expected_N, rtol=1e-12)
    assert (np.diff(mean_weights(curriculum)) <= 1e-15).all(), "the easy ones are drawn longer"


def test_near_duplicates_are_put_aside_before_anything_is_drawn(source: Source) -> None:
    twice = source.table.select(np.r_[0:300, 0:300])
    score = source.score
    score = dataclasses.replace(
        score, score_N=np.tile(score.score_N, 2), bin_N=np.tile(score.bin_N, 2)
    )
    choice = choose(Source("", score, twice), "hard-mining", 40, min_distance=0.01)
    assert choice.duplicate_N[300:].all()
    assert not choice.duplicate_N[:300].any()
    assert (choice.weight_N[300:] == 0).all()
    alone = choose(source, "hard-mining", 40)
    np.testing.assert_array_equal(choice.draws_N[:300], alone.draws_N)
    np.testing.assert_allclose(choice.weight_N[:300], alone.weight_N)
    with pytest.raises(ValueError, match="300 near duplicates put aside; found 301"):
        choose(Source("", score, twice), "hard-mining", 301, min_distance=0.01)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"fraction": 0.0}, "expected --fraction above 0 and at most 1, such as 0.2; found 0"),
        ({"fraction": 1.5}, "found 1.5"),
        ({"fraction": -1.0}, "found -1"),
        ({"fraction": float("nan")}, "found nan"),
        ({"n": 0}, "expected --n from 1 to 50"),
        ({"n": 51}, "as many as there are poses; found 51"),
        ({"budget": 0}, "expected --budget of 1 draw or more"),
        ({}, "give one of --fraction, --n and --budget"),
        ({"n": 3, "fraction": 0.5}, "give one of"),
    ],
)
def test_sizes_that_mean_nothing(asked: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        wanted(50, **asked)


@given(st.floats(1e-9, 1), st.integers(1, 10**7))
def test_a_fraction_is_rounded_and_never_nothing(fraction: float, total: int) -> None:
    assert 1 <= wanted(total, fraction) <= total
    assert abs(wanted(total, fraction) - max(1, fraction * total)) <= 0.5


def test_sources_share_a_subset_out(source: Source) -> None:
    two = [dataclasses.replace(source, name=name) for name in ("a", "b")]
    assert parts(two, 101, {"a": 0.6, "b": 0.4}) == [61, 40]
    with pytest.raises(ValueError, match=r"several sources \(a, b\) need --mix"):
        parts(two, 10, None)
    with pytest.raises(ValueError, match="a ratio for each of a, b"):
        parts(two, 10, {"a": 0.5, "c": 0.5})
    with pytest.raises(ValueError, match="of 3 poses b would give none"):
        parts(two, 3, {"a": 0.9, "b": 0.1})


def test_companions_are_all_poses_of_the_chosen_images(source: Source) -> None:
    names = np.array([f"{i // 3}.jpg" for i in range(300)], object)
    table = dataclasses.replace(source.table, image_N=names, root="x")
    assert with_companions(table, np.array([1, 8])).tolist() == [0, 1, 2, 6, 7, 8]


@pytest.mark.parametrize("other_knows", [False, True])
def test_tables_that_are_put_together_keep_what_is_known_to_be_hidden(
    source: Source, other_knows: bool
) -> None:
    table = dataclasses.replace(
        source.table.select(np.arange(4)),
        image_N=np.array(list("abcd"), object),
        root="images",
        clip_N=None,
    )
    hidden_NK = table.visible_NK & (np.arange(16) % 2 == 0)
    blind = dataclasses.replace(table, occluded_NK=None)
    other = dataclasses.replace(table, occluded_NK=hidden_NK if other_knows else None)
    found = together([blind, other])
    np.testing.assert_array_equal(found.visible_NK, np.tile(table.visible_NK, (2, 1)))
    np.testing.assert_array_equal(found.keypoints_NK2, np.tile(table.keypoints_NK2, (2, 1, 1)))
    if other_knows:
        assert not found.occluded_NK[:4].any()
        np.testing.assert_array_equal(found.occluded_NK[4:], hidden_NK)
    else:
        assert found.occluded_NK is None


# Data that are not those that were scored


def copied(folder: Path, goal: Path, **summary) -> Path:
    import shutil

    shutil.copytree(folder, goal)
    path = goal / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | summary))
    return goal


def test_data_that_moved_are_named_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    moved = copied(folder, tmp_path / "s", address="coco:/nowhere/labels.json")
    with pytest.raises(ValueError, match=r"scores of coco:/nowhere/labels.json, which cannot be"
                       r" read: expected .*; give --data ADDRESS"):  # fmt: skip
        open_source(moved)
    assert len(open_source(moved, data=WORLD)) == 300


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("world:body,n=299,side=32", "has 299 of body16: they are not the poses that were scored"),
        ("world:hand,n=300,side=32", "has 300 of hand21"),
        ("world:body,n=300,side=32,seed=1", "does not have the score .* data have changed"),
    ],
)
def test_other_data_are_told_apart(folder: Path, data: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        open_source(folder, data=data)


def test_data_that_changed_in_their_place_are_told(folder: Path, tmp_path: Path) -> None:
    table = read(WORLD)
    table = dataclasses.replace(table, image_N=None, root="")
    table.save(tmp_path / "p.parquet")
    out = tmp_path / "s"
    out.mkdir()
    address = f"poses:{tmp_path}/p.parquet"
    score_poses(read(address), out, ScoreSettings(method="pca", check=False))
    assert len(open_source(out)) == 300
    table.select(np.arange(300)[::-1]).save(tmp_path / "p.parquet")
    with pytest.raises(ValueError, match=r"pose 0 of poses:.* data have changed since"):
        open_source(out)


@pytest.mark.parametrize("change", ["moved", "hidden", "images"])
def test_one_keypoint_that_changed_is_told(change: str, tmp_path: Path) -> None:
    """Of 300 poses one that is not among those that are scored again."""
    table = dataclasses.replace(read(WORLD), image_N=None, root="")
    table.save(tmp_path / "p.parquet")
    out = tmp_path / "s"
    out.mkdir()
    score_poses(read(f"poses:{tmp_path}/p.parquet"), out, ScoreSettings(method="pca", check=False))
    rows = np.linspace(0, 299, 64).astype(int)
    row = next(row for row in range(300) if row not in rows and table.visible_NK[row].all())
    if change == "moved":
        table.keypoints_NK2[row, 3] += 0.25
    elif change == "hidden":
        table.visible_NK[row, 3] = False
    else:
        table = dataclasses.replace(table, image_N=np.array(["a.jpg"] * 300, object), root="x")
    table.save(tmp_path / "p.parquet")
    if change == "images":
        assert len(open_source(out)) == 300
        return
    with pytest.raises(ValueError, match="moved, hidden or shown since"):
        open_source(out)
    old = json.loads((out / "summary.json").read_text())
    del old["digest"]
    (out / "summary.json").write_text(json.dumps(old))
    assert len(open_source(out)) == 300, "folders of earlier versions are taken as they were"


@pytest.mark.usefixtures("quick_fits")
@pytest.mark.parametrize("method", ["elbo", "knn", "mean-distance"])
def test_every_score_knows_its_data_again(method: str, tmp_path: Path) -> None:
    score_poses(read(WORLD), tmp_path, ScoreSettings(method=method, check=False))
    assert len(open_source(tmp_path)) == 300
    assert (
        subset._another(tmp_path, open_source(tmp_path).score, read(WORLD + ",seed=1")) is not None
    )
