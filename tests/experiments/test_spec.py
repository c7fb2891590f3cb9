"""Experiments are plain values: they survive YAML and refuse what cannot be run."""

import shutil
from functools import partial
from pathlib import Path

import pytest
import yaml

from posesift.experiments import Experiment
from posesift.experiments.compare import check_begun
from posesift.experiments.plan import compare_plan
from posesift.experiments.recipes import RECIPES, aimed, recipe
from posesift.experiments.recipes.aim import BOXES_FROM_LABELS
from posesift.experiments.resolved import resolved


@pytest.mark.parametrize("name", sorted(RECIPES))
@pytest.mark.parametrize("quick", [False, True])
def test_recipes_survive_yaml(tmp_path, name, quick):
    experiment = recipe(name, seed=5, quick=quick)
    assert experiment.seed == 5
    assert (
        experiment.data.kinds or "seed=5" in experiment.data.source
    )  # tasks name no data of their own
    experiment.save(tmp_path / "experiment.yaml")
    assert Experiment.load(tmp_path / "experiment.yaml") == experiment


def test_world_recipes_train_and_test_on_different_splits():
    for name in ("world-body", "world-hand"):
        experiment = recipe(name)
        assert "split=train" in experiment.data.source
        assert "split=train" in experiment.data.target
        assert all("split=test" in address for address in experiment.data.test.values())
        named = {cell for row in experiment.data.gap["sets"] for cell in row}
        assert named == set(experiment.data.test)


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
        Experiment.of(source="world:body", **change)


def test_strategies_act_where_told():
    experiment = Experiment.of(source="world:body", sampling="hard-mining", sample_in="adaptation")
    assert experiment.sampling.strategy_in("warm-up") == "uniform"
    assert experiment.sampling.strategy_in("adaptation") == "hard-mining"
    both = Experiment.of(source="world:body", sampling="easy")
    assert both.sampling.strategy_in("warm-up") == both.sampling.strategy_in("adaptation") == "easy"


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
    assert found.data.target == "lspet:/data/lspet,boxes=labels,split=train"
    assert found.data.test == {"target": "lspet:/data/lspet,boxes=labels,split=test"}
    assert found.notes == (BOXES_FROM_LABELS,)
    assert aimed(found).notes == found.notes  # said once
    with pytest.raises(ValueError, match="leave split= out"):
        aimed(aim, target="lspet:/data/lspet,split=all")
    with pytest.raises(ValueError, match="give --target"):
        aimed(aim)


def test_boxes_of_a_file_are_not_replaced_by_labels():
    found = aimed(recipe("photos"), target="coco:/data/ann.json,images=/data/img")
    assert "boxes=labels" not in found.data.target
    assert found.notes == ()


def test_addresses_mean_the_same_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = aimed(recipe("world-body"), source="poses:table.parquet")
    assert found.data.source == f"poses:{tmp_path / 'table.parquet'}"
    assert found.data.gap is None
    assert set(found.data.test) == {"target"}


def test_from_leaves_steps_to_be_done():
    with pytest.raises(ValueError, match="at least one training step"):
        Experiment.of(source="world:body", start_from="runs/a", steps=0)


WRITTEN = Path(__file__).parent / "written_2026_11_29"
"""Files as PoseSift wrote them when settings stood in no groups."""


def test_a_run_s_file_without_groups_is_still_read(tmp_path):
    folder = tmp_path / "cells" / "udape" / "seed0"
    folder.mkdir(parents=True)
    shutil.copy(WRITTEN / "run.yaml", folder / "experiment.yaml")
    expected = recipe("world-body", 2, quick=True).changed(
        method="udape",
        sampling="hard-mining",
        steps=7,
        bins=5,
        weights="none",
        device="cpu",
        precision="fp32",
        threads=1,
        log_to=("tensorboard",),
        start_from=str(tmp_path / "cells" / "warm-up" / "seed0"),
        batchnorm="domain",
    )
    found = Experiment.load(folder / "experiment.yaml")
    assert found == expected
    found.save(folder / "again.yaml")
    assert yaml.safe_load((folder / "again.yaml").read_text())["network"]["batchnorm"] == "domain"
    assert Experiment.load(folder / "again.yaml") == expected


def test_a_task_s_file_without_groups_is_still_read():
    expected = aimed(recipe("surreal-to-lsp"), "surreal:/d/SURREAL", "lsp:/d/lsp")
    called = {"target": "lsp lsp, test split"}  # as that version called it
    assert Experiment.load(WRITTEN / "task.yaml") == expected.changed(labels=called)


def test_a_comparison_s_file_is_gone_on_with(tmp_path):
    shutil.copy(WRITTEN / "comparison.yaml", tmp_path / "experiment.yaml")
    changes = {"side": 32, "batch_size": 8, "style": "statistics", "workers": 2}
    plan = partial(
        compare_plan,
        "world-body",
        ["source-only", "udape"],
        ["uniform", "hard-mining"],
        quick=True,
        changes=changes | {"device": "cpu", "precision": "fp32", "threads": 1},
    )
    begun = check_begun(tmp_path, plan(seeds=(0, 1, 2)))
    assert begun is not None
    assert begun["seeds"] == [0, 1]
    with pytest.raises(ValueError, match=r"was begun with side = 32, found 64"):
        check_begun(tmp_path, plan(seeds=(0, 1), changes=changes | {"side": 64}))


def test_what_people_call_a_run_may_change_while_it_is_interrupted(tmp_path):
    """Names follow from the data, whose addresses are compared; another version may say others."""
    begun = aimed(recipe("photos"), target="lspet:/d/lspet").changed(precision="fp32", threads=1)
    labels = {"target": "lspet lspet, test split"}
    resolved(begun.changed(title="photographs", labels=labels), tmp_path)
    assert resolved(begun, tmp_path)[0].title == "photographs"
    with pytest.raises(ValueError, match="was begun with"):
        resolved(aimed(recipe("photos", seed=1), target="lspet:/d/lspet"), tmp_path)


def test_a_setting_in_a_group_that_is_wrong_is_named(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text("data: {source: 'world:body'}\nnetwork: {side: wide}\n")
    with pytest.raises(ValueError, match=r"network.side: expected a whole number, found text"):
        Experiment.load(path)
    path.write_text("data: {source: 'world:body'}\nnetwork: {sidde: 64}\n")
    with pytest.raises(ValueError, match="no field sidde"):
        Experiment.load(path)
