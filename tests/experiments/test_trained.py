"""What a user may give as --from or --weights by mistake, or take from someone else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from posesift import folders, skeletons, storage
from posesift.adaptation.published_views import BODIES, STILL
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.runtime import Runtime
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import copy_network, load_method, new_method

BODY, HAND, ANIMAL = (skeletons.load(name) for name in ("body16", "hand21", "animal18"))
EXPERIMENT = Experiment.of(source="world:body", recipe="world-body")


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("bombed"),))


def finished(folder: Path, experiment: Experiment = EXPERIMENT, skeleton=BODY) -> Path:
    """A run folder with an untrained network."""
    method = new_method(experiment, skeleton)
    method.prepare(Runtime.resolve("cpu", "fp32"))
    method.start_stage(method.stages[0])
    checkpoint.save(folder / "checkpoints", 5, {"method": method.state_dict()})
    experiment.save(folder / "experiment.yaml")
    storage.write_json(folder / "environment.json", {"skeleton_json": skeleton.to_json()})
    folders.write_manifest(folder, "run")
    return folder


def start_from(run: Path) -> None:
    copy_network(run, new_method(EXPERIMENT, BODY), BODY, EXPERIMENT)


def test_a_run_of_the_same_recipe_is_taken_up_and_can_predict(tmp_path):
    run = finished(tmp_path / "run")
    start_from(run)
    images = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    assert load_method(run, Runtime.resolve("cpu", "fp32")).predict(images)[0].shape == (1, 16, 2)


def test_a_run_of_another_network_names_both_recipes(tmp_path):
    other = EXPERIMENT.changed(recipe="photos", network="resnet18")
    told = "network of photos, source-only, resnet18, body16, which does not fit world-body, "
    with pytest.raises(ValueError, match=told):
        start_from(finished(tmp_path / "run", other))


def test_a_run_of_another_skeleton_names_both_recipes(tmp_path):
    other = EXPERIMENT.changed(recipe="world-hand")
    told = (
        r"\(world-hand, source-only, small, hand21\) was trained on another skeleton than "
        "world-body, source-only, small, body16 needs: .*none are shared"
    )
    with pytest.raises(ValueError, match=told):
        start_from(finished(tmp_path / "run", other, HAND))


def test_a_file_in_the_place_of_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"network": Bomb()}, "weights.pth")
    with pytest.raises(ValueError, match=r"found the file weights.pth; .* given with --weights"):
        start_from(Path("weights.pth"))
    with pytest.raises(ValueError, match=r"holds more than tensors.*refused"):
        new_method(EXPERIMENT.changed(weights="weights.pth"), BODY)
    assert not Path("bombed").exists()


@pytest.mark.parametrize(
    ("method", "skeleton", "rotation", "sigma"),
    [
        ("udape", BODY, 60.0, 2.0),
        ("udape", HAND, 180.0, 2.0),
        ("udape", ANIMAL, 60.0, 1.0),
        ("regda", BODY, 30.0, 2.0),
        ("regda", HAND, 180.0, 2.0),
        ("source-only", BODY, 30.0, 2.0),
        ("oracle", HAND, 180.0, 2.0),
        ("source-only", skeletons.load("ap10k17"), 30.0, 1.0),
    ],
)
def test_parity_is_the_published_setting(method, skeleton, rotation, sigma):
    asked = EXPERIMENT.changed(method=method, sigma=1.5, rotation=7.0)
    made = new_method(asked.changed(parity=True), skeleton)
    assert (made.codec.sigma, made.codec.rounding) == (sigma, True)
    assert made.settings.views.rotation == rotation
    assert [stage.steps for stage in made.stages] == [
        asked.training.warmup_steps,
        asked.training.steps,
    ]
    own = new_method(asked, skeleton)
    assert (own.codec.sigma, own.settings.augmentation.rotation) == (1.5, 7.0)


def test_of_leeds_sports_pose_the_published_code_adapts_to_the_images_as_they_are():
    asked = EXPERIMENT.changed(parity=True, target="lsp:/data/lsp,parity=true")
    regda = new_method(asked.changed(method="regda"), BODY).settings
    assert (regda.views, regda.target_views) == (BODIES, STILL)
    oracle = new_method(asked.changed(method="oracle"), BODY).settings
    assert oracle.views == STILL
    floor = new_method(asked.changed(method="source-only"), BODY).settings
    assert floor.views == BODIES


def test_the_published_rates_count_the_steps_of_the_run_before(tmp_path):
    begun = EXPERIMENT.changed(parity=True, warmup_steps=20_000, steps=0)
    begun.save(tmp_path / "experiment.yaml")
    later = begun.changed(steps=15_000, start_from=str(tmp_path))
    settings = new_method(later, BODY).settings
    assert (settings.warmup_steps, settings.steps, settings.steps_before) == (0, 15_000, 20_000)


def test_pickled_code_among_the_checkpoints_is_not_looked_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = finished(tmp_path / "run")
    torch.save({"network": Bomb()}, run / "checkpoints" / "00000009.pth")
    start_from(run)
    (run / "checkpoints" / "00000005.safetensors").unlink()
    with (
        pytest.warns(UserWarning, match="has lost its tensors"),
        pytest.raises(ValueError, match="no whole checkpoint is left"),
    ):
        start_from(run)
    assert not Path("bombed").exists()
