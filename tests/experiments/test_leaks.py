"""Labels of the target that went into a run are named with its figures, and in what follows."""

import dataclasses

import pytest
from tests.experiments.tiny import CHANGES, experiment

from posesift import storage
from posesift.experiments import run
from posesift.experiments.arms import Arm
from posesift.experiments.choice import describe
from posesift.experiments.compare import compare
from posesift.experiments.findings import _warned
from posesift.experiments.leaks import VISIBILITY, leaks
from posesift.experiments.plan import compare_plan

BEST = "best-on-target-test"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"method": "oracle"}, []),  # is called one
        ({"choose_by": "agreement"}, []),
        ({"choose_by": BEST}, [describe(BEST)]),
        ({"method": "regda", "parity": True}, [VISIBILITY]),
        ({"method": "regda", "parity": True, "steps": 0}, []),  # a warm-up, on the source alone
        ({"method": "udape", "parity": True}, []),
        ({"method": "regda", "parity": True, "choose_by": BEST}, [describe(BEST), VISIBILITY]),
    ],
    ids=str,
)
def test_the_leaks_of_a_run(changes, expected):
    assert leaks(experiment(**changes)) == expected


def test_leaks_are_inherited_over_any_number_of_runs(tmp_path):
    def kept(name, **changes):
        made = experiment(**changes)
        made.save(tmp_path / name / "experiment.yaml")
        return str(tmp_path / name)

    oracle = kept("oracle", method="oracle")
    regda = kept("regda", method="regda", parity=True, choose_by=BEST)
    clean = kept("clean")
    (found,) = leaks(experiment(start_from=oracle))
    assert f"starts from {oracle}, whose network was trained on the target's labels" in found
    (found,) = leaks(experiment(start_from=regda))
    assert f"chosen by --choose-by {BEST} and used the visibility" in found
    assert leaks(experiment(start_from=clean)) == []
    between = kept("between", start_from=kept("later", start_from=oracle))
    (found,) = leaks(experiment(start_from=between))
    assert f"starts from {oracle}," in found
    assert leaks(experiment(start_from=str(tmp_path / "gone"))) == []


def test_a_run_names_its_leaks_beside_its_figures(tmp_path):
    def named(name, **changes):
        run.train(experiment(**changes), tmp_path / name)
        found = storage.read_json(tmp_path / name / "evaluation.json").get("warnings", [])
        # so small a network may also be warned about, such as that it takes left for right
        return [told for told in found if told.startswith("Leak") or told == VISIBILITY]

    assert named("oracle", method="oracle") == []
    leaking = {"start_from": str(tmp_path / "oracle"), "choose_by": BEST}
    found = named("next", **leaking)
    assert found == leaks(experiment(**leaking))
    assert len(found) == 2
    assert VISIBILITY in named("regda", method="regda", parity=True)


def test_a_comparison_notes_joints_never_seen_and_leaks_once(tmp_path, monkeypatch):
    real = run.read

    def without_ankle(address, **more):
        table = real(address, **more)
        visible_NK = table.visible_NK.copy()
        visible_NK[:, 0] = False
        return dataclasses.replace(table, visible_NK=visible_NK)

    monkeypatch.setattr(run, "read", without_ankle)
    plan = compare_plan(
        "world-body", ["source-only", "regda"], [], [0], quick=True, warmup_steps=2, steps=2,
        oracle=False, changes=CHANGES | {"choose_by": BEST, "parity": True},
    )  # fmt: skip
    compare(plan, tmp_path)
    found = storage.read_json(tmp_path / "comparison.json")
    (missing,) = [text for text in found["notes"] if "never shows" in text]
    joint = real(CHANGES["source"], default_split="train").skeleton.keypoints[0]
    assert f"never shows {joint}" in missing
    assert missing.startswith("All 4 networks: ")
    assert f"RegDA, seed 0: {VISIBILITY}" in found["notes"]
    assert not any(describe(BEST) in text for text in found["notes"])
    assert describe(BEST) in found["checkpoint"]


def test_a_warning_of_several_cells_is_one_note():
    one, other = Arm(name="regda", method="regda"), Arm(name="udape", method="udape")
    found = [
        (one, 0, "x"),
        (one, 2, "x"),
        (other, 0, "x"),
        (other, 0, "y"),
        (one, 0, describe(BEST)),
    ]
    assert _warned(found, BEST, 9) == ["RegDA, seeds 0, 2; UDAPE, seed 0: x", "UDAPE, seed 0: y"]
    assert len(_warned(found, "last", 9)) == 3


@pytest.mark.parametrize("cells", [4, 5, 9])
def test_a_warning_of_many_cells_counts_them(cells):
    arms = [Arm(name=name) for name in ("a", "b", "c", "d")]
    found = [
        (dataclasses.replace(arm, sampling=sampling), 0, "x")
        for arm, sampling in zip(arms, ("uniform", "easy", "curriculum", "shuffled"), strict=True)
    ]
    first = f"4 of {cells} networks, such as Source only, seed 0"
    assert _warned(found, BEST, cells) == [f"{'All 4 networks' if cells == 4 else first}: x"]
