"""Experiments are plain values: they survive YAML and refuse what cannot be run."""

import pytest

from posesift.experiments import Experiment
from posesift.experiments.recipes import RECIPES, recipe


@pytest.mark.parametrize("name", sorted(RECIPES))
@pytest.mark.parametrize("quick", [False, True])
def test_recipes_survive_yaml(tmp_path, name, quick):
    experiment = recipe(name, seed=5, quick=quick)
    assert experiment.seed == 5
    assert "seed=5" in experiment.source
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
        ({"method": "magic"}, r"unknown method 'magic'; expected one of source-only, oracle"),
        ({"sampling": "hard-minning"}, r"did you mean 'hard-mining'\?.*uniform"),
        ({"sample_in": "never"}, r"expected one of warm-up, adaptation, both"),
        ({"steps": -1}, r"--steps: expected 0 or more"),
        ({"steps": 0, "warmup_steps": 0}, r"at least one training step"),
        ({"batch_size": 0}, r"batch size of at least 1"),
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
