"""The field's tasks: what they ask for, what they set, and that each of them trains."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.data.formats.animalpose import write_animalpose
from tests.data.formats.freihand import write_freihand
from tests.data.formats.h3d import write_h3d
from tests.data.formats.human36m import write_human36m
from tests.data.formats.lsp import write_lsp
from tests.data.formats.rhd import write_rhd
from tests.data.formats.surreal import write_surreal
from tests.data.formats.synthetic_animals import write_animal
from tests.data.formats.tigdog import write_tigdog

from posesift.cli import main
from posesift.commands.train import Train
from posesift.data.readers import read
from posesift.experiments.plan import compare_plan
from posesift.experiments.published import tasks
from posesift.experiments.recipes import aimed, recipe
from posesift.experiments.recipes.tasks import PUBLISHED, TASKS
from posesift.experiments.spec import Experiment
from posesift.storage import read_json

# Written down from the public scripts: epochs of 500 steps.
PUBLISHED_STEPS = {
    ("surreal-to-lsp", "source-only"): (35_000, 0),
    ("surreal-to-lsp", "regda"): (35_000, 15_000),
    ("surreal-to-lsp", "udape"): (20_000, 15_000),
    ("surreal-to-human36m", "regda"): (35_000, 5_000),
    ("rhd-to-h3d", "regda"): (35_000, 15_000),
    ("rhd-to-freihand", "udape"): (20_000, 15_000),
    ("synthetic-to-tigdog", "udape"): (20_000, 15_000),
}


def aim(name: str) -> dict[str, str]:
    source, target = TASKS[name]().data.kinds
    return {"source": f"{source}:/data/s", "target": f"{target}:/data/t"}


@pytest.mark.parametrize(("name", "method"), PUBLISHED_STEPS)
def test_training_takes_the_published_steps_of_its_method(name, method):
    found = Train(recipe=name, method=method, **aim(name)).experiment()
    assert (found.training.warmup_steps, found.training.steps) == PUBLISHED_STEPS[name, method]
    assert (found.network.name, found.network.side, found.training.batch_size) == (
        "resnet101",
        256,
        32,
    )
    told = Train(recipe=name, method=method, steps=7, **aim(name)).experiment()
    assert (told.training.warmup_steps, told.training.steps) == (
        PUBLISHED_STEPS[name, method][0],
        7,
    )


@pytest.mark.parametrize("name", TASKS)
def test_a_comparison_gives_every_method_one_budget(name):
    plan = compare_plan(name, seeds=[0], aim=aim(name))
    assert {(arm.warmup_steps, arm.steps) for arm in plan.arms if arm.role == "oracle"} == {
        (20_000, 15_000)
    }
    assert {arm.steps for arm in plan.arms if arm.role == "arm"} == {15_000}
    assert {arm.warmup_steps for arm in plan.arms if arm.role == "warm-up"} == {20_000}


@pytest.mark.parametrize("name", TASKS)
def test_what_is_missing_is_asked_for_and_where_it_is_found_is_told(name):
    source, target = TASKS[name]().data.kinds
    with pytest.raises(ValueError, match=rf"--source {source}:/data.* --target {target}:/data"):
        aimed(recipe(name))
    with pytest.raises(ValueError, match=rf"give --target.*`posesift check {target}`"):
        aimed(recipe(name), source=f"{source}:/data/s")


def test_source_and_target_exchanged_are_noticed():
    with pytest.raises(ValueError, match="--source and --target look exchanged"):
        aimed(recipe("surreal-to-lsp"), source="lsp:/data/t", target="surreal:/data/s")


def test_parity_reads_the_published_joints_and_splits():
    found = Train(recipe="surreal-to-lsp", parity=True, **aim("surreal-to-lsp")).experiment()
    assert found.data.source == "surreal:/data/s,parity=true"
    assert found.data.target == "lsp:/data/t,parity=true,split=train"
    honest = Train(recipe="surreal-to-lsp", **aim("surreal-to-lsp")).experiment()
    assert "parity" not in honest.data.source + str(honest.data.target) + str(honest.data.test)
    own = aimed(recipe("surreal-to-lsp"), "coco:/data/a.json", "lsp:/data/t", parity=True)
    assert own.data.source == "coco:/data/a.json"  # has no such option


def test_every_fifth_frame_of_human36m_unless_the_address_says_otherwise():
    name = "surreal-to-human36m"
    found = aimed(recipe(name), **aim(name))
    assert found.data.test == {"target": "human36m:/data/t,every=5,split=test"}
    assert any("come from its labels" in note for note in found.notes)
    other = aimed(recipe(name), "surreal:/s", "human36m:/data/t,every=50")
    assert other.data.test == {"target": "human36m:/data/t,every=50,split=test"}


def test_tasks_with_published_rows_show_them():
    assert tuple(PUBLISHED) == tasks()
    for name in TASKS:
        assert recipe(name).published == (name if name in tasks() else None)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_survives_its_file(name, tmp_path):
    found = aimed(recipe(name), **aim(name))
    found.save(tmp_path / "experiment.yaml")
    assert Experiment.load(tmp_path / "experiment.yaml") == found


def write_task(name: str, source: Path, target: Path) -> None:
    """A tiny tree of each of the two formats, as their owners distribute them."""
    if name.startswith("surreal"):
        write_surreal(source, frames=3)
    elif name.startswith("rhd"):
        write_rhd(source)
    else:
        for animal in ("horse", "tiger") if name.endswith("tigdog") else ("hound", "sheep"):
            write_animal(source, animal)
    write_target = {
        "surreal-to-lsp": write_lsp,
        "surreal-to-human36m": write_human36m,
        "rhd-to-h3d": write_h3d,
        "rhd-to-freihand": write_freihand,
        "synthetic-to-tigdog": write_tigdog,
        "synthetic-to-animalpose": lambda folder: write_animalpose(folder, images=40),
    }
    write_target[name](target)


@pytest.mark.usefixtures("quick_fits")
@pytest.mark.parametrize("name", TASKS)
def test_a_task_runs_from_the_owners_files_to_figures(name, tmp_path):
    write_task(name, tmp_path / "source", tmp_path / "target")
    source, target = TASKS[name]().data.kinds
    every = ",every=1" if target == "human36m" else ""
    words = [
        *("train", name, "--quick", "--method", "udape", "--out", str(tmp_path / "run")),
        *("--source", f"{source}:{tmp_path / 'source'}"),
        *("--target", f"{target}:{tmp_path / 'target'}{every}"),
        *("--warmup-steps", "2", "--steps", "2", "--batch-size", "4", "--threads", "1"),
    ]
    assert main(words) == 0
    found = read_json(tmp_path / "run" / "evaluation.json")["sets"]["target"]
    assert found["samples"] > 0
    assert found["pck"]["0.05"]["all"] is not None


def test_what_parity_asks_of_human36m_can_be_read(tmp_path):
    write_human36m(tmp_path, subjects=(1, 5, 6, 7, 8, 9, 11))
    found = aimed(
        recipe("surreal-to-human36m"),
        source="surreal:/data/s",
        target=f"human36m:{tmp_path}",
        parity=True,
    )
    assert len(read(found.data.target)) > 0
    assert len(read(found.data.test["target"])) == 3200
