"""Tables that hold samples of several worlds: each image is that of its own world."""

import dataclasses

import numpy as np
import pytest

from posesift import storage
from posesift.data.loading import PoseDataset
from posesift.data.pixels import paint_pictures
from posesift.data.readers import read
from posesift.data.worlds import references
from posesift.data.worlds.painted import painted
from posesift.poses.table import joined


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "cache_folder", lambda: tmp_path)


def world(n, **options):
    told = "".join(f",{name}={value}" for name, value in options.items())
    return read(f"world:body,n={n},side=32{told}")


def mixed():
    source, flat = world(5), world(4, poses="target", seed=3).select([3, 1])
    first = source.select([0, 4])
    return joined([first, references.counted_from(flat, source.root)]), first, flat


def test_each_image_is_that_of_its_own_world(own_cache):
    table, first, flat = mixed()
    assert table.image_N.tolist() == ["0", "4", "poses=target,seed=3#3", "poses=target,seed=3#1"]
    rows = np.array([2, 0, 3, 1])
    there = np.concatenate([painted(first), painted(flat)])
    assert (painted(table.select(rows)) == there[rows]).all()
    assert (paint_pictures(table.select(rows)) == there[rows]).all()
    batch = PoseDataset(table, 32).batch(rows)
    assert (batch["image"].numpy().transpose(0, 2, 3, 1) == there[rows]).all()


def test_it_is_kept_in_a_file(tmp_path, own_cache):
    table, first, flat = mixed()
    table.save(tmp_path / "mixed.parquet")
    again = read(f"poses:{tmp_path / 'mixed.parquet'}")
    assert (painted(again) == np.concatenate([painted(first), painted(flat)])).all()
    odd = dataclasses.replace(table, image_N=np.array(["0", "4", "side=16#3", "1"], object))
    odd.save(tmp_path / "odd.parquet")
    with pytest.raises(ValueError, match="expected the sample numbers"):
        read(f"poses:{tmp_path / 'odd.parquet'}")


def test_pictures_for_pages_show_the_pose_that_the_labels_say(own_cache):
    table = world(3, poses="target", facing=30)
    assert (paint_pictures(table) == painted(table)).all()
    assert (paint_pictures(table) != painted(world(3, poses="target"))).any()


@pytest.mark.parametrize(
    "image", ["poses=target", "#3", "poses=target#x", "poses=target#-1", "n=3#1", "look=nowhere#1",
              "poses=target,poses=source#1", "side=16#1", "poses=target#" + "9" * 30, "x=1#2"],
)  # fmt: skip
def test_what_names_no_sample_is_refused(image, own_cache):
    table = dataclasses.replace(world(1), image_N=np.array([image], object))
    with pytest.raises(ValueError, match="expected"):
        painted(table)


@pytest.mark.parametrize(
    "other", ["world:hand", "world:body,side=64", "world:body,side=32,facing=9"]
)
def test_other_worlds_cannot_be_joined(other):
    with pytest.raises(ValueError, match="one world with images of one size"):
        references.counted_from(read(f"{other},n=1"), world(1).root)
