"""A comparison: every cell once, differences paired by seed, figures that add up."""

import dataclasses

import pytest
from tests.experiments.tiny import CHANGES

from posesift import storage
from posesift.evaluation.intervals import paired_interval
from posesift.experiments.compare import cell_folder, compare
from posesift.experiments.demo import demo_plan, training_steps
from posesift.experiments.findings import HARDEST
from posesift.experiments.plan import Arm, Comparison

PLAN = Comparison(
    recipe="world-body",
    arms=(
        Arm(name="warm-up", role="warm-up", warmup_steps=2),
        Arm(name="uniform", start="warm-up", steps=2),
        Arm(name="hard-mining", sampling="hard-mining", start="warm-up", steps=2),
        Arm(
            name="oracle",
            role="oracle",
            method="oracle",
            trained_on="target_poses",
            warmup_steps=2,
            steps=2,
        ),
    ),
    seeds=(0, 1),
    oracle_seeds=(0, 1),
    quick=True,
    changes=CHANGES,
    command="posesift compare tiny",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("comparison")
    return compare(PLAN, path)


def test_every_cell_is_there_and_figures_add_up(folder):
    found = storage.read_json(folder / "comparison.json")
    assert {(c["arm"], c["seed"]) for c in found["cells"]} == {
        (arm.name, seed) for arm in PLAN.arms for seed in PLAN.seeds
    }
    hardest = {
        (c["arm"], c["seed"]): c["sets"]["target"]["by_bin"][-1]["pck"] for c in found["cells"]
    }
    ours = [hardest["hard-mining", seed] for seed in PLAN.seeds]
    usual = [hardest["uniform", seed] for seed in PLAN.seeds]
    primary = found["primary"]
    assert primary["endpoint"] == HARDEST
    assert primary["mean"] == pytest.approx(paired_interval(ours, usual).mean)
    assert primary["values"] == pytest.approx([a - b for a, b in zip(ours, usual, strict=True)])
    pck = {(c["arm"], c["seed"]): c["sets"]["target_poses"]["pck"]["0.05"]["all"]
           for c in found["cells"]}  # fmt: skip
    assert found["headroom"]["values"] == pytest.approx(
        [pck["oracle", seed] - pck["uniform", seed] for seed in PLAN.seeds]
    )
    assert all(row["p_holm"] is None or row["p_holm"] >= row["p"] for row in found["secondary"])
    for rows in found["support"].values():
        assert sum(row["samples"] for row in rows) <= 24 * len(PLAN.seeds)
    assert {(row["name"], row["seed"]) for row in found["baselines"]} == {
        (name, seed) for name in ("constant pose", "BatchNorm re-estimated") for seed in PLAN.seeds
    }
    assert storage.read_manifest(folder, "comparison")["seeds"] == [0, 1]


def test_seeds_redraw_everything(folder):
    kept = [(cell_folder(folder, "uniform", s) / "metrics.jsonl").read_text() for s in PLAN.seeds]
    assert kept[0] != kept[1]


def test_a_finished_cell_is_never_trained_again(folder):
    cells = sorted(folder.glob("cells/*/*/manifest.json"))
    before = [path.stat().st_mtime_ns for path in cells]
    (folder / "comparison.json").unlink()
    missing = cell_folder(folder, "hard-mining", 1)
    (missing / "manifest.json").unlink()  # as if killed just before the end
    compare(PLAN, folder)
    after = {path: path.stat().st_mtime_ns for path in cells}
    changed = [path for path, time in zip(cells, before, strict=True) if after[path] != time]
    assert changed == [missing / "manifest.json"]


def test_another_plan_is_refused(folder):
    with pytest.raises(ValueError, match=r"begun with seeds = \[0, 1\], found \[0, 2\]"):
        compare(dataclasses.replace(PLAN, seeds=(0, 2)), folder)


def test_the_demo_keeps_one_draw_budget():
    plan = demo_plan()
    arms = [arm for arm in plan.arms if arm.role == "arm"]
    assert {arm.name for arm in arms} == {"uniform", "curriculum", "hard-mining"}
    assert len({(arm.start, arm.warmup_steps, arm.steps) for arm in arms}) == 1
    warm, oracle = plan.arms[0], plan.arms[-1]
    assert oracle.warmup_steps + oracle.steps == warm.warmup_steps + arms[0].steps
    assert training_steps(plan) == 2 * (300 + 3 * 200) + 500
