"""The registry: what a sample depends on, and what it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posesift.data import worlds
from posesift.data.readers import read
from posesift.data.worlds import WORLDS, hiding, painted
from posesift.experiments.renderings.chosen import propose
from posesift.poses.table import PoseTable, joined


def same_poses(a, b) -> bool:
    return bool(
        np.array_equal(a.figures.points_NP3, b.figures.points_NP3)
        and np.array_equal(a.table.keypoints_NK2, b.table.keypoints_NK2)
        and np.array_equal(a.table.mode_N, b.table.mode_N)
        and np.array_equal(a.table.neg_log_p_N, b.table.neg_log_p_N)
    )


@pytest.mark.parametrize("world", WORLDS)
@settings(max_examples=5)
@given(n=st.integers(1, 1500), picked=st.lists(st.integers(0, 2100), min_size=1, max_size=5))
def test_a_sample_depends_on_its_number_only(world, n, picked):
    many = worlds.sample(world, "target", n=2101, seed=5)
    few = worlds.sample(world, "target", n=n, seed=5)
    some = worlds.sample(world, "target", seed=5, indices=picked)
    assert np.array_equal(few.table.keypoints_NK2, many.table.keypoints_NK2[:n])
    assert np.array_equal(some.table.keypoints_NK2, many.table.keypoints_NK2[picked])
    hidden_RK = many.table.select(picked).occluded_NK
    assert np.array_equal(some.table.occluded_NK, hidden_RK)
    last = few.table.select([n - 1]).occluded_NK
    assert np.array_equal(last, many.table.select([n - 1]).occluded_NK)
    assert some.table.image_N.tolist() == [str(i) for i in picked]


@pytest.mark.parametrize("change", [{"seed": 1}, {"split": "test"}, {"poses": "target"}])
def test_another_seed_split_or_mixture_gives_other_samples(change):
    start = worlds.sample(**({"name": "body", "poses": "source", "n": 50} | change))
    known = {row.tobytes() for row in worlds.sample("body", n=1024).table.keypoints_NK2}
    assert not known & {row.tobytes() for row in start.table.keypoints_NK2}


@pytest.mark.parametrize("world", WORLDS)
def test_the_look_changes_the_image_and_not_the_pose(world):
    sample = worlds.sample(world, n=6)
    assert same_poses(sample, worlds.sample(world, n=6, look="photo"))
    synthetic, photo = (worlds.paint(sample, look) for look in worlds.LOOKS)
    assert synthetic.shape == photo.shape == (6, 64, 64, 3)
    assert synthetic.dtype == photo.dtype == np.uint8
    difference_M = np.abs(synthetic.astype(float) - photo).mean((1, 2, 3))
    assert (difference_M > 5).all()


@pytest.mark.parametrize("look", worlds.LOOKS)
@pytest.mark.parametrize("world", WORLDS)
def test_an_image_depends_on_its_number_only(world, look):
    sample = worlds.sample(world, n=20, split="test")
    images = worlds.paint(sample, look)
    assert np.array_equal(worlds.paint(sample, look, chunk=7), images)
    assert np.array_equal(worlds.paint(sample, look, [16, 3]), images[[16, 3]])
    alone = worlds.sample(world, split="test", indices=[16])
    assert np.array_equal(worlds.paint(alone, look)[0], images[16])


def test_source_and_target_wear_the_same_clothes():
    colours = []
    for poses in worlds.POSES:
        images = worlds.paint(worlds.sample("body", poses, n=3), "synthetic")
        colours.append([image[0, 0].tolist() for image in images])
    assert colours[0] == colours[1]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("poses", worlds.POSES)
def test_the_table_says_what_the_contract_asks(world, poses):
    sample = worlds.sample(world, poses, n=2048, side=48)
    table = sample.table
    seen_NP2, _ = sample.cameras.see(sample.figures.points_NP3)
    x_NK, y_NK = seen_NP2[:, : len(table.skeleton)].transpose(2, 0, 1)
    inside_NK = (x_NK >= -0.5) & (x_NK < 47.5) & (y_NK >= -0.5) & (y_NK < 47.5)
    assert np.array_equal(table.visible_NK, inside_NK)
    assert inside_NK.mean() > 0.97
    assert (table.width_N == 48).all()
    assert (table.height_N == 48).all()
    assert table.neg_log_p_N.dtype == np.float32
    assert np.isfinite(table.neg_log_p_N).all()
    assert abs(sum(table.share.values()) - 1) < 1e-9
    assert 0.05 < table.select(range(200)).occluded_NK.mean() < 0.5
    # Rare means rare in the source, for the target as well.
    assert (0.02 < table.rare_N.mean() < 0.06) if poses == "source" else (table.rare_N.mean() > 0.4)
    assert set(table.mode_N) <= set(table.share)


def test_what_hides_a_keypoint_is_asked_when_somebody_looks(tmp_path, monkeypatch):
    """Reading, choosing, joining, mapping and proposing poses cast no ray."""
    asked, hidden = [], hiding.hidden
    monkeypatch.setattr(hiding, "hidden", lambda *a: asked.append(len(a[1])) or hidden(*a))
    table = read("world:body,n=3000")
    some = joined([table.select([7, 2999]), table.select(table.mode_N == "kick").select([0])])
    mapped = read("world:body,n=3000,as=coco17").select([7, 2999])
    propose(table.root, 5, 3000)
    worlds.paint(worlds.sample("body", n=2), "photo")
    assert asked == []
    assert some.occluded_NK.shape == (3, 16)
    assert asked == [3]
    names, moved = mapped.skeleton.keypoints, table.skeleton.keypoints
    for k, name in enumerate(names):
        if name in moved:
            visible_N = mapped.visible_NK[:, k]
            true_N = some.occluded_NK[:2, moved.index(name)] & visible_N
            assert np.array_equal(mapped.occluded_NK[:, k], true_N)
    some.save(tmp_path / "some.parquet")
    assert asked == [3, 2]


def test_rare_poses_are_improbable_poses():
    table = worlds.sample("body", n=8192).table
    rank_N = table.neg_log_p_N.argsort().argsort()
    rare_N = table.rare_N
    auc = (rank_N[rare_N].mean() - (rare_N.sum() - 1) / 2) / (~rare_N).sum()
    assert auc > 0.9


def test_a_world_survives_parquet(tmp_path):
    table = worlds.sample("body", n=5, look="photo").table
    table.save(tmp_path / "t.parquet")
    again = PoseTable.load(tmp_path / "t.parquet")
    assert again.root == "world:body,poses=source,look=photo,seed=0,split=train,side=64"
    assert again.share == table.share
    assert np.array_equal(again.occluded_NK, table.occluded_NK)


def test_no_samples_are_a_table_too():
    assert len(worlds.sample("body", n=0)) == 0
    assert worlds.paint(worlds.sample("body", n=0), "photo").shape == (0, 64, 64, 3)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"name": "boddy"}, "did you mean 'body'"),
        ({"name": "body", "poses": "tarket"}, "did you mean 'target'"),
        ({"name": "body", "split": "all"}, "expected split in train, test, found 'all'"),
        ({"name": "body", "look": "real"}, "expected look in synthetic, photo"),
        ({"name": "body", "n": -1}, "n of at least 0, found -1"),
        ({"name": "body", "seed": -1}, "seed of at least 0"),
        ({"name": "body", "side": 8}, "side of at least 16, found 8"),
        ({"name": "body", "indices": [3, -2]}, "from 0 on, found -2"),
    ],
)
def test_mistakes_are_named(choice, message):
    with pytest.raises(ValueError, match=message):
        worlds.sample(**choice)


def test_poses_do_not_change_by_accident():
    """Saved tables and painted images name samples by number: these are samples 0 and 2000."""
    table = worlds.sample("body", "target", indices=[0, 2000]).table
    assert table.mode_N.tolist() == ["kneel", "throw"]
    ankle_head_wrist = [
        [[36.63, 44.31], [30.78, 4.27], [19.61, 20.52]],
        [[39.25, 55.54], [28.67, 6.89], [25.92, 17.73]],
    ]
    assert np.allclose(table.keypoints_NK2[:, [0, 9, 15]], ankle_head_wrist, atol=0.05)


def turned_to_the_camera(sampled) -> np.ndarray:
    """Whether the right shoulder is on the left of the picture."""
    names = list(sampled.table.skeleton.keypoints)
    right, left = names.index("right_shoulder"), names.index("left_shoulder")
    x_NK = sampled.table.keypoints_NK2[..., 0]
    return x_NK[:, right] < x_NK[:, left]


@pytest.mark.parametrize("spread", [20, 60, 180])
def test_facing_is_the_spread_of_a_turn_about_facing_the_camera(spread):
    """A standing figure is seen from the front where it turns by less than 90 degrees."""
    everyone = worlds.sample("body", n=4096, facing=spread)
    upright = everyone.table.mode_N == "stand"
    found = turned_to_the_camera(everyone)[upright].mean()
    turns = np.random.default_rng(0).normal(0, spread, 100_000)
    expected = (np.cos(np.deg2rad(turns)) > 0).mean()
    assert found == pytest.approx(expected, abs=0.06)


def test_facing_changes_the_camera_alone():
    usual, facing = (worlds.sample("body", "target", n=64, facing=f) for f in (None, 60))
    assert np.array_equal(usual.table.neg_log_p_N, facing.table.neg_log_p_N)
    assert np.array_equal(usual.table.mode_N, facing.table.mode_N)
    assert np.array_equal(usual.figures.points_NP3, facing.figures.points_NP3)
    assert np.array_equal(usual.figures.traits_NT, facing.figures.traits_NT)
    assert not np.allclose(usual.table.keypoints_NK2, facing.table.keypoints_NK2)
    assert facing.table.root.endswith(",facing=60")
    assert "facing" not in usual.table.root
    for wrong in (0, 181, -5):
        with pytest.raises(ValueError, match="expected facing of 1 to 180 degrees"):
            worlds.sample("body", n=1, facing=wrong)


def test_pictures_of_facing_figures_are_kept_apart():
    usual, facing = (worlds.sample("body", n=1, facing=f).table.root for f in (None, 60))
    assert painted.folder_of(usual) != painted.folder_of(facing)
    assert painted.folder_of(facing) != painted.folder_of(facing.replace("60", "61"))
    with pytest.raises(ValueError, match="expected the root of a built-in world"):
        painted.folder_of(facing.replace("60", "../x"))
