"""A comparison: every cell once, differences paired by seed, figures that add up."""

import dataclasses
import shutil
from functools import partial

import pytest
from tests.experiments.tiny import CHANGES

from posesift import folders, storage
from posesift.evaluation.intervals import paired_interval
from posesift.experiments.arms import Arm, cell_folder
from posesift.experiments.compare import (
    Task,
    _decided,
    _do,
    _keep,
    check_begun,
    compare,
    longest_first,
    tasks_of,
)
from posesift.experiments.cost import training_steps
from posesift.experiments.plan import plan_of
from posesift.experiments.spec import Experiment
from posesift.poses import store
from posesift.results.endpoints import HARDEST

pytestmark = pytest.mark.xdist_group("compare")  # which makes one comparison

PLAN = plan_of(
    "world-body",
    [("source-only", "uniform"), ("udape", "uniform"), ("udape", "hard-mining")],
    seeds=(0, 1),
    quick=True,
    warmup_steps=2,
    steps=2,
    changes=CHANGES,
    command="posesift compare tiny",
)
ORACLE = Arm(name="oracle-poses", role="oracle", trained_on="target_poses", warmup_steps=2, steps=2)
PLAN = dataclasses.replace(PLAN, arms=(*PLAN.arms, ORACLE))


def times(folder):
    """When each cell was finished."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("cells/*/*/manifest.json")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Both seeds, the second added when the first was finished."""
    path = tmp_path_factory.mktemp("comparison")
    first = dataclasses.replace(PLAN, seeds=(0,), oracle_seeds=(0,))
    compare(first, path)
    before = times(path)
    assert training_steps(PLAN, path) == training_steps(PLAN) / 2
    begun = partial(check_begun, plan=PLAN)
    with folders.claim(path, "comparison", resume=True, again=True, check=begun) as claimed:
        assert not folders.is_finished(path)
        compare(PLAN, claimed.folder)
    assert len(times(path)) == 2 * len(before)
    assert {cell: time for cell, time in times(path).items() if cell in before} == before
    return path


def test_cells_of_a_seed_may_come_from_another_machine(folder, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(folder, here)
    for path in (*here.glob("cells/*/seed1"), here / "score-seed1"):
        shutil.rmtree(path)
    (here / "manifest.json").unlink()
    compare(dataclasses.replace(PLAN, seeds=(1,), oracle_seeds=(1,)), there)
    for cell in there.glob("cells/*/seed1"):
        shutil.copytree(cell, here / cell.relative_to(there))
    brought = times(here)
    compare(PLAN, here)
    assert times(here) == brought, "trained again"
    found, expected = (storage.read_json(f / "comparison.json") for f in (here, folder))
    for key in ("primary", "secondary", "gap", "headroom"):
        assert found[key] == expected[key], key


def test_every_cell_is_there_and_figures_add_up(folder):
    found = storage.read_json(folder / "comparison.json")
    assert {(c["arm"], c["seed"]) for c in found["cells"]} == {
        (arm.name, seed) for arm in PLAN.arms for seed in PLAN.seeds
    }
    hardest = {
        (c["arm"], c["seed"]): c["sets"]["target"]["by_bin"][-1]["pck"] for c in found["cells"]
    }
    ours = [hardest["udape+hard-mining", seed] for seed in PLAN.seeds]
    usual = [hardest["udape", seed] for seed in PLAN.seeds]
    primary = found["primary"]
    assert primary["endpoint"] == HARDEST
    assert primary["mean"] == pytest.approx(paired_interval(ours, usual).mean)
    assert primary["values"] == pytest.approx([a - b for a, b in zip(ours, usual, strict=True)])
    pck = {(c["arm"], c["seed"]): c["sets"]["target_poses"]["pck"]["0.05"]["all"]
           for c in found["cells"]}  # fmt: skip
    assert found["headroom"]["values"] == pytest.approx(
        [pck["oracle-poses", seed] - pck["udape", seed] for seed in PLAN.seeds]
    )
    rows = {(row["arm"], row["against"]) for row in found["secondary"]}
    assert rows == {("udape", "source-only"), ("udape+hard-mining", "udape")}
    assert (primary["endpoint"], primary["arm"]) not in {
        (row["endpoint"], row["arm"]) for row in found["secondary"]
    }
    for rows in found["support"].values():
        assert sum(row["samples"] for row in rows) <= 24 * len(PLAN.seeds)
    assert {(row["name"], row["seed"]) for row in found["baselines"]} == {
        (name, seed) for name in ("constant pose", "BatchNorm re-estimated") for seed in PLAN.seeds
    }
    assert folders.read_manifest(folder, "comparison")["seeds"] == [0, 1]
    arms = {arm["name"]: arm for arm in found["arms"]}
    assert [arms[name]["against"] for name in ("source-only", "udape", "udape+hard-mining")] == [
        None, "source-only", "udape",
    ]  # fmt: skip
    assert arms["udape+hard-mining"]["label"] == "UDAPE + hard mining"
    assert found["published"] == []
    assert "no labels of the target chose it" in found["checkpoint"]


def test_arms_of_a_method_start_from_one_network(folder):
    for seed in PLAN.seeds:
        begun = {
            arm.name: Experiment.load(cell_folder(folder, arm.name, seed) / "experiment.yaml")
            for arm in PLAN.arms
        }
        start = str(cell_folder(folder.resolve(), "warm-up", seed))
        assert (
            begun["source-only"].training.start_from == begun["udape"].training.start_from == start
        )
        assert begun["udape+hard-mining"].training.start_from.endswith(
            f"warm-up+hard-mining/seed{seed}"
        )
        assert begun["udape+hard-mining"].sampling.name == "hard-mining"


def test_seeds_redraw_everything(folder):
    kept = [(cell_folder(folder, "udape", s) / "metrics.jsonl").read_text() for s in PLAN.seeds]
    assert kept[0] != kept[1]


def test_a_finished_cell_is_never_trained_again(folder):
    before = times(folder)
    (folder / "comparison.json").unlink()
    missing = cell_folder(folder, "udape+hard-mining", 1)
    (missing / "manifest.json").unlink()  # as if killed just before the end
    compare(PLAN, folder)
    after = times(folder)
    assert {path for path in before if after[path] != before[path]} == {missing / "manifest.json"}


def test_another_plan_is_refused(folder):
    with pytest.raises(ValueError, match=r"begun with seeds = \[0, 1\], found \[0, 2\]"):
        compare(dataclasses.replace(PLAN, seeds=(0, 2)), folder)
    with pytest.raises(ValueError, match=r"begun with batch_size = 4, found 5"):
        check_begun(folder, dataclasses.replace(PLAN, changes=CHANGES | {"batch_size": 5}))
    longer = tuple(dataclasses.replace(arm, steps=9) for arm in PLAN.arms)
    with pytest.raises(ValueError, match=r"begun with steps of warm-up = 0, found 9"):
        check_begun(folder, dataclasses.replace(PLAN, arms=longer))
    with pytest.raises(ValueError, match=r"the arm = warm-up, found none of that name"):
        check_begun(folder, dataclasses.replace(PLAN, arms=PLAN.arms[1:]))
    assert folders.is_finished(folder)


def test_what_is_added_to_a_comparison_does_not_move_its_endpoint(folder, tmp_path):
    shutil.copy(folder / "experiment.yaml", tmp_path)
    other = Arm(name="more", start=PLAN.arms[0].name, steps=PLAN.arms[1].steps, seeds=(0,))
    grown = dataclasses.replace(PLAN, arms=(*PLAN.arms, other), primary=("more", "uniform"))
    assert _decided(grown, tmp_path).primary == PLAN.primary


def test_an_arm_of_few_seeds_may_get_more_and_no_others(folder, tmp_path):
    shutil.copy(folder / "experiment.yaml", tmp_path)
    few, more, others = (
        dataclasses.replace(PLAN, arms=(*PLAN.arms, Arm(name="few", steps=1, seeds=seeds)))
        for seeds in ((0,), (0, 1), (1,))
    )
    _keep(_decided(few, tmp_path), tmp_path)
    _keep(_decided(more, tmp_path), tmp_path)
    assert _decided(more, tmp_path).arms == more.arms
    with pytest.raises(ValueError, match=r"seeds of few = \[0, 1\], found \[1\]"):
        _decided(others, tmp_path)


def test_two_at_a_time_find_what_one_after_the_other_finds(folder, tmp_path):
    """The same number of threads in each process: the same bytes, score and weights among them."""
    compare(dataclasses.replace(PLAN, seeds=(0,), oracle_seeds=(0,)), tmp_path, jobs=2)
    weights = [path for path in sorted(tmp_path.rglob("*")) if path.suffix == ".safetensors"]
    assert len(weights) >= len(PLAN.arms)
    kept = ("evaluation.json", "baselines.json", "predictions.parquet", "difficulty.parquet")
    for path in [*weights, *(path for path in tmp_path.rglob("*") if path.name in kept)]:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes(), path.name
    one, two = (storage.read_json(path / "comparison.json") for path in (folder, tmp_path))
    assert [cell for cell in one["cells"] if cell["seed"] == 0] == two["cells"]


def test_a_process_of_the_work_may_ask_the_stores_that_were_named(folder, monkeypatch):
    monkeypatch.delenv(store.TRUSTED, raising=False)
    monkeypatch.setattr(store, "_trusted", set())
    _do(PLAN, folder, "s3://bucket?region=r gs://other", Task(0, "udape"))  # which is finished
    assert set(store.trusted().split()) == {"s3://bucket?region=r", "gs://other"}


def test_what_most_work_hangs_on_begins_first():
    plan = dataclasses.replace(PLAN, seeds=(0,), oracle_seeds=(0,))
    needs = tasks_of(plan)
    order = [task.arm for task in longest_first(plan, needs) if not task.beside]
    assert order[0] is None  # the score, on which all hangs
    steps = {arm.name: arm.warmup_steps + arm.steps for arm in plan.arms}
    starts = {arm.start for arm in plan.arms} - {None}
    assert steps["oracle-poses"] == 4
    # warm-ups of 2 steps with 2 of UDAPE behind them come before the oracle, single arms after it
    assert starts == {"warm-up", "warm-up+hard-mining"}
    assert set(order[1:3]) == starts
    assert order[-1] == "source-only"
    assert longest_first(plan, needs) == needs  # the same tasks, in another order
