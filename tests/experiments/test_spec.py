"""Experiments are plain values: they survive YAML and refuse what cannot be run."""

import pytest

from posesift.experiments import Experiment
from posesift.experiments.recipes import RECIPES, aimed, recipe
from posesift.experiments.recipes.aim import BOXES_FROM_LABELS


@pytest.mark.parametrize("name", sorted(RECIPES))
@pytest.mark.parametrize("quick", [False, True])
def test_recipes_survive_yaml(tmp_path, name, quick):
    experiment = recipe(name, seed=5, quick=quick)
    assert experiment.seed == 5
    assert experiment.kinds or "seed=5" in experiment.source  # tasks name no data of their own
    experiment.save(tmp_path / "experiment.yaml")
    assert Experiment.load(tmp_path / "experiment.yaml") == experiment


def test_world_recipes_train_and_test_on_different_splits():
    for name in ("world-body", "world-hand"):
        experiment = recipe(name)
        assert "split=train" in experiment.source
        assert "split=train" in experiment.target
        assert all("split=test" in address for address in experiment.test.values())
        named = {cell for row in experiment.gap["sets"] for cell in row}
        assert named == set(experiment.test)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"method": "magic"},
            r"unknown method 'magic'; expected one of source-only, regda, udape, oracle",
        ),
        ({"sampling": "hard-minning"}, r"did you mean 'hard-mining'\?.*uniform"),
        ({"sample_in": "never"}, r"expected one of warm-up, adaptation, both"),
        ({"steps": -1}, r"--steps: expected 0 to 1000000000, found -1"),
        ({"steps": 0, "warmup_steps": 0}, r"at least one training step"),
        ({"batch_size": 0}, r"--batch-size: expected 1 to"),
        ({"seed": -1}, r"--seed: expected 0 to 4294967295, found -1"),
        ({"seed": 2**70}, r"--seed: expected 0 to 4294967295"),
        ({"side": 200_000}, r"--side: expected 16 to 2048, found 200000"),
        ({"save_every": 0}, r"save_every: expected 1 to"),
        ({"save_every": -1}, r"save_every: expected 1 to"),
        ({"rotation": float("inf")}, r"rotation: expected 0 to 360, found inf"),
        ({"sigma": float("nan")}, r"sigma: expected 0.001 to 1000, found nan"),
        ({"backbone_speed": -1.0}, r"backbone_speed: expected 0 to"),
        ({"side": 72}, r"small takes sides .* multiple of 16 pixels, such as 64 and 80; found 72"),
        ({"network": "efficientnet-lite0", "side": 80}, r"such as 64 and 96; found 80"),
        ({"network": "efficientnet-lite0", "side": 16}, r"such as 32 and 64; found 16"),
        ({"network": "efficentnet-lite0"}, r"did you mean 'efficientnet-lite0'\?"),
        ({"batchnorm": "frosen"}, r"did you mean 'frozen'\?"),
        ({"batchnorm": "domain", "parity": True}, r"--batchnorm domain: .*leave one of the two"),
    ],
)
def test_impossible_experiments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Experiment(source="world:body", **change)


def test_strategies_act_where_told():
    experiment = Experiment(source="world:body", sampling="hard-mining", sample_in="adaptation")
    assert experiment.strategy_in("warm-up") == "uniform"
    assert experiment.strategy_in("adaptation") == "hard-mining"
    both = Experiment(source="world:body", sampling="easy")
    assert both.strategy_in("warm-up") == both.strategy_in("adaptation") == "easy"


def test_bad_files_are_explained(tmp_path):
    path = tmp_path / "e.yaml"
    with pytest.raises(ValueError, match="found none"):
        Experiment.load(path)
    path.write_text("source: world:body\nstepps: 3\n")
    with pytest.raises(ValueError, match="no field stepps"):
        Experiment.load(path)
    path.write_text("just text")
    with pytest.raises(ValueError, match="expected an experiment"):
        Experiment.load(path)
    path.write_text("!!python/object/apply:os.system ['true']")
    with pytest.raises(ValueError, match="not valid YAML"):
        Experiment.load(path)


def test_unknown_recipes_get_a_hint():
    with pytest.raises(ValueError, match=r"did you mean 'world-body'\?.*photos"):
        recipe("world-bodie")


def test_a_target_is_split_by_us_and_never_by_its_address():
    aim = recipe("photos")
    found = aimed(aim, target="lspet:/data/lspet")
    assert found.target == "lspet:/data/lspet,boxes=labels,split=train"
    assert found.test == {"target": "lspet:/data/lspet,boxes=labels,split=test"}
    assert found.notes == (BOXES_FROM_LABELS,)
    assert aimed(found).notes == found.notes  # said once
    with pytest.raises(ValueError, match="leave split= out"):
        aimed(aim, target="lspet:/data/lspet,split=all")
    with pytest.raises(ValueError, match="give --target"):
        aimed(aim)


def test_boxes_of_a_file_are_not_replaced_by_labels():
    found = aimed(recipe("photos"), target="coco:/data/ann.json,images=/data/img")
    assert "boxes=labels" not in found.target
    assert found.notes == ()


def test_addresses_mean_the_same_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = aimed(recipe("world-body"), source="poses:table.parquet")
    assert found.source == f"poses:{tmp_path / 'table.parquet'}"
    assert found.gap is None
    assert set(found.test) == {"target"}


def test_from_leaves_steps_to_be_done():
    with pytest.raises(ValueError, match="at least one training step"):
        Experiment(source="world:body", start_from="runs/a", steps=0)
