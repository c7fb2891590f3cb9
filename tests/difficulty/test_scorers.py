from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from tests.difficulty.skeletal import BODY, poses

from posesift import skeletons
from posesift.difficulty import checks, normalisation, scorers
from posesift.poses import PoseTable

QUICK = {"width": 32, "latent": 8, "steps": 80}
OPTIONS = {"elbo": QUICK, "reconstruction": QUICK}


def fitted(method, table, **options):
    return scorers.fit(table, method, **{**OPTIONS.get(method, {}), **options})


@pytest.fixture(scope="module")
def table():
    return poses(700, hidden=0.1)


@pytest.fixture(scope="module", params=scorers.METHODS)
def scorer(request, table):
    return fitted(request.param, table)


def test_scores_are_finite_and_find_the_rare(scorer, table):
    score = scorer.score(table)
    assert score.dtype == np.float32
    assert score.shape == (700,)
    assert np.isfinite(score).all()
    assert (score >= 0).all()
    assert checks.rare_mode_auc(score, table.rare_N) > 0.8


def test_garbage_behind_an_invisible_joint_changes_no_bit(scorer, table):
    before = scorer.scores(table)
    spoilt = table.select(np.arange(len(table)))
    for garbage in (1e30, np.nan, -1e4):
        spoilt.keypoints_NK2[~table.visible_NK] = garbage
        after = scorer.scores(spoilt)
        for name, score in before.items():
            np.testing.assert_array_equal(after[name], score)
    again = fitted(scorer.method, spoilt)
    np.testing.assert_array_equal(again.score(table), before[scorer.method])


def test_saved_and_read_back_to_the_last_bit(scorer, table, tmp_path):
    scorer.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "scorer.json",
        "scorer.safetensors",
    ]
    again = scorers.load_scorer(tmp_path)
    for name, score in scorer.scores(table).items():
        np.testing.assert_array_equal(again.scores(table)[name], score)
    assert again.method == scorer.method
    assert again.skeleton == scorer.skeleton
    assert again.normaliser == scorer.normaliser
    assert again.fitted_on == {"address": "poses:drawn", "samples": 700, "seen": 700}


def test_another_skeleton_is_refused_with_the_difference(scorer):
    coco = skeletons.load("coco17")
    other = PoseTable(
        skeleton=coco,
        keypoints_NK2=np.ones((3, 17, 2), np.float32),
        visible_NK=np.ones((3, 17), bool),
        width_N=np.ones(3, np.int32),
        height_N=np.ones(3, np.int32),
        address="poses:other",
    )
    with pytest.raises(
        ValueError, match=r"poses:other has.*only in body16: .*pelvis.*only in coco17: .*nose"
    ):
        scorer.score(other)


def test_poses_that_say_nothing_get_the_median(scorer, table):
    visible = table.visible_NK.copy()
    visible[:100] = False
    visible[:100, :2] = True
    blind = dataclasses.replace(table, visible_NK=visible)
    assert scorers.unscorable(blind).sum() == 100
    score = scorer.score(blind)
    np.testing.assert_array_equal(score[:100], np.median(score[100:]))
    np.testing.assert_allclose(score[100:], scorer.score(table)[100:], rtol=1e-4, atol=1e-5)
    nothing = dataclasses.replace(table, visible_NK=np.zeros_like(visible))
    with pytest.raises(ValueError, match="found none among 700"):
        scorer.score(nothing)


def test_place_and_size_of_a_pose_mean_nothing(scorer, table):
    elsewhere = dataclasses.replace(table, keypoints_NK2=table.keypoints_NK2 * 0.5 + 30)
    before, after = scorer.score(table), scorer.score(elsewhere)
    assert checks.spearman(before, after) > 0.999


def test_chunks_change_nothing(scorer, table, monkeypatch):
    before = scorer.score(table)
    monkeypatch.setattr(normalisation, "CHUNK", 64)
    np.testing.assert_allclose(scorer.score(table), before, rtol=1e-3, atol=1e-5)


def test_the_vae_gives_both_scores_in_one_pass(table):
    both = fitted("elbo", table).scores(table)
    assert list(both) == ["elbo", "reconstruction"]
    assert (both["elbo"] >= both["reconstruction"]).all()
    posters = fitted("reconstruction", table).score(table)
    np.testing.assert_array_equal(posters, both["reconstruction"])


def test_seeds(table):
    one, same, other = (fitted("elbo", table, seed=s).score(table) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("how", normalisation.HOW)
def test_every_normalisation_can_be_fitted_and_saved(how, table, tmp_path):
    scorer = fitted("pca", table, normalisation=how)
    scorer.save(tmp_path)
    again = scorers.load_scorer(tmp_path).score(table)
    np.testing.assert_array_equal(again, scorer.score(table))


def test_lengths_that_the_skeleton_lacks_are_estimated_once_and_kept(table, tmp_path):
    unknown = dataclasses.replace(BODY, limb_lengths=None)
    scorer = fitted("mean-distance", dataclasses.replace(table, skeleton=unknown))
    assert len(scorer.normaliser.lengths) == len(BODY.limbs)
    scorer.save(tmp_path)
    assert scorers.load_scorer(tmp_path).normaliser == scorer.normaliser
    assert len(scorer.score(table.select([0, 1]))) == 2  # nothing is estimated from these two


def test_many_poses_are_fitted_on_a_part(table, monkeypatch):
    for name, most in (("pca", 100), ("knn", 50)):
        kind = dataclasses.replace(scorers.SCORES[name], most=most)
        monkeypatch.setitem(scorers.SCORES, name, kind)
    assert fitted("pca", table).fitted_on["seen"] == 100
    nearest = fitted("knn", table)
    assert nearest.fitted_on["seen"] == 50
    assert len(nearest.score(table)) == 700
    assert (nearest.score(table) != fitted("knn", table, seed=1).score(table)).any()


def test_points_are_the_normalised_poses(table):
    points = fitted("pca", table).points(table)
    expected, _ = normalisation.normalise(table.keypoints_NK2, table.visible_NK, BODY)
    np.testing.assert_array_equal(points, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "elob"}, "did you mean 'elbo'"),
        ({"method": "pca", "k": 3}, "'pca' has the settings components; found k"),
        ({"method": "elbo", "epochs": 3}, "kl_weight.*found epochs"),
        ({"method": "mean-distance", "k": 3}, r"settings \(none\); found k"),
        ({"normalisation": "box"}, "found 'box'"),
    ],
)
def test_mistakes_are_explained(table, options, message):
    with pytest.raises(ValueError, match=message):
        scorers.fit(table, **options)


def test_too_few_poses_are_refused(table):
    with pytest.raises(ValueError, match=r"expected 3 poses or more.*poses:drawn, found 2"):
        scorers.fit(table.select([0, 1]))


def test_broken_scorers_are_refused(table, tmp_path):
    with pytest.raises(ValueError, match=r"scorer.json, found none"):
        scorers.load_scorer(tmp_path)
    fitted("pca", table).save(tmp_path)
    whole = (tmp_path / "scorer.safetensors").read_bytes()
    (tmp_path / "scorer.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cannot read the scorer in"):
        scorers.load_scorer(tmp_path)
    (tmp_path / "scorer.safetensors").write_bytes(whole)
    described = json.loads((tmp_path / "scorer.json").read_text())
    (tmp_path / "scorer.json").write_text(json.dumps({**described, "format": 99}))
    with pytest.raises(ValueError, match="of format 1, found 99"):
        scorers.load_scorer(tmp_path)
