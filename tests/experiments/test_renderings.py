"""Renderings in the place of a part of a source: which, of what, and what is told of them."""

import dataclasses

import numpy as np
import pytest
from tests.experiments.tiny import CHANGES, experiment

from posesift import folders, storage
from posesift.data.readers import read
from posesift.data.worlds.painted import painted
from posesift.experiments import rendered_arms
from posesift.experiments.arms import Arm, cell_folder, rendered_file
from posesift.experiments.compare import check, compare, tasks_of
from posesift.experiments.differences import _control
from posesift.experiments.plan import plan_of
from posesift.experiments.renderings import RENDERINGS
from posesift.experiments.renderings.chosen import FIRST, chosen
from posesift.experiments.renderings.like import like, of_labels, of_predictions
from posesift.experiments.renderings.replaced import replaced, write_replaced
from posesift.experiments.spec import Experiment
from posesift.report import contents
from posesift.report.glossary import texts
from posesift.results.endpoints import control_of
from posesift.results.read import read as read_result
from posesift.similarity import coverage
from posesift.similarity.orientation import Poses

N = 12
CHOICES = ("uniform", *RENDERINGS)
PLAN = plan_of(
    "world-body",
    [("source-only", name) for name in (*CHOICES, "rendered-like-target+hard-mining")],
    seeds=(0,),
    quick=True,
    warmup_steps=2,
    steps=2,
    rendered=N,
    oracle=False,
    looks_at="labels",  # two steps of training tell nothing of a pose
    changes=CHANGES,
)


LIKE = PLAN.arm("source-only+rendered-like-target")
MINED = PLAN.arm("source-only+rendered-like-target+hard-mining")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("renderings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendered_arms, "PROPOSALS", 600)
        check(PLAN)
        compare(PLAN, path)
    return path


def poses(table):
    return Poses.of(table.keypoints_NK2, table.visible_NK, table.skeleton)


def test_plan(folder):
    arms = {arm.sampling: arm for arm in PLAN.arms if arm.role == "arm" and arm != MINED}
    assert {arm.start for arm in arms.values()} == {"warm-up"}
    assert [arms[name].student for name in CHOICES] == [None, "warm-up", "warm-up", None, None]
    assert PLAN.primary == ("source-only+rendered-like-target", "source-only")
    needs = {task.arm or task.rendering: {one.arm or one.rendering for one in needed}
             for task, needed in tasks_of(PLAN).items() if not task.beside}  # fmt: skip
    like_target = f"rendered-like-target-{N}-labels-warm-up"
    assert needs[like_target] == {"warm-up"}
    assert needs["source-only+rendered-like-target"] == {None, "warm-up", like_target}
    assert needs[f"rendered-flat-{N}"] == set()


def test_a_source_with_renderings_is_drawn_by_a_strategy_that_is_named_behind_them():
    assert (MINED.sampling, MINED.drawn) == ("rendered-like-target", "hard-mining")
    assert dataclasses.replace(LIKE, name=MINED.name, drawn="hard-mining") == MINED
    assert {arm.drawn for arm in PLAN.arms if arm != MINED} == {"uniform"}
    for wrong in ("rendered-flat+hardest", "curriculum+hard-mining", "rendered-flat+rendered-flat"):
        with pytest.raises(ValueError, match="unknown sampling strategy"):
            plan_of("world-body", [("source-only", "uniform"), ("source-only", wrong)], seeds=(0,))


def test_a_control_has_as_many_renderings():
    arms = [
        Arm(name=f"{kind}-{n}", sampling=f"rendered-{kind}", rendered=n)
        for n in (5, 9)
        for kind in ("at-random", "like-target")
    ]
    arms.append(dataclasses.replace(arms[-1], name="mined", drawn="hard-mining"))
    plan = dataclasses.replace(PLAN, arms=tuple(arms))
    controls = [None, "at-random-5", None, "at-random-9", None]  # none is mined and random
    assert [_control(plan, arm) for arm in arms] == controls
    comparison = {"arms": [storage.plain(dataclasses.asdict(arm)) for arm in arms]}
    found = [control_of(comparison, arm.name) for arm in arms]
    assert found == controls


def test_each_arm_trains_on_as_many_poses_of_which_some_are_renderings(folder):
    source = read(CHANGES["source"])
    kept = None
    for arm in PLAN.arms:
        if arm.rendering is None:
            continue
        path = rendered_file(folder, arm.rendering, 0)
        table = read(f"poses:{path},split=all")
        assert len(table) == len(source)
        stays = [name for name in table.image_N if "#" not in name and int(name) < FIRST]
        assert len(stays) == len(source) - N
        kept = kept or stays  # the same of all arms
        assert stays == kept
        assert painted(table).shape == (48, 32, 32, 3)
        cell = cell_folder(folder, arm.name, 0)
        begun = Experiment.load(cell / "experiment.yaml")
        assert begun.data.rendered == str(path)
        assert str(folder) not in (cell / "experiment.yaml").read_text()  # it may be moved
        assert begun.sampling.name == arm.drawn
        assert storage.read_json(cell / "environment.json")["source_samples"] == len(source)
    flat = read(f"poses:{rendered_file(folder, f'rendered-flat-{N}', 0)},split=all")
    drawn = read("world:body,poses=target,look=synthetic,n=1,side=32")
    assert flat.image_N[-1] == f"poses=target#{FIRST + N - 1}"
    assert flat.root == source.root
    assert drawn.root != source.root


def test_a_source_with_renderings_is_mined_by_scores_of_its_own(folder):
    cell = cell_folder(folder, MINED.name, 0)
    table = read(f"poses:{rendered_file(folder, MINED.rendering, 0)},split=all")
    scored = read_result(cell / "score")
    assert scored.summary["address"] == table.address
    of_source = read_result(folder / "score")
    assert len(scored.score_N) == len(of_source.score_N) == len(table)
    assert not np.array_equal(scored.score_N, of_source.score_N)
    assert not (cell_folder(folder, LIKE.name, 0) / "score").exists()


def test_facts_say_what_was_gained(folder):
    found = storage.read_json(folder / "comparison.json")
    rows = {row["arm"]: row for row in found["renderings"]}
    assert set(rows) == {MINED.name, *(f"source-only+{name}" for name in RENDERINGS)}
    source, test = read(CHANGES["source"]), read(CHANGES["test"]["target"])
    for row in rows.values():
        arm = next(arm for arm in PLAN.arms if arm.name == row["arm"])
        table = read(f"poses:{rendered_file(folder, arm.rendering, 0)},split=all")
        for key, there in (("test_lacked_before", source), ("test_lack_after", table)):
            lacking = coverage.lacks(poses(test), poses(there)).mean()
            assert row[key] == pytest.approx(100 * lacking)
        assert row["test_samples"] == len(test)
        assert (row["asked"], row["rendered"]) == (N, N)
        assert sum(row["classes"].values()) == N
    by_student = rows["source-only+rendered-like-target"]
    looked_at = read(CHANGES["target"], default_split="train").address
    assert by_student["looked_at"] == f"labels of {looked_at}"
    assert by_student["lack_after"] <= by_student["lacked_before"]
    assert "fails" in rows["source-only+rendered-where-failing"]["looked_at"]
    assert rows["source-only+rendered-flat"]["looked_at"] is None
    controls = {row["against"] for row in found["secondary"] if "like-target" in row["arm"]}
    assert "source-only+rendered-at-random" in controls
    manifest = folders.read_manifest(folder, "comparison")["files"]
    assert any(name.startswith("rendered/") and name.endswith(".parquet") for name in manifest)


def test_the_page_says_what_was_gained_and_looked_at(folder):
    page = contents.of(read_result(folder))
    told = "\n".join(texts(page))
    assert "Not covered, before and after rendering" in told
    assert f"Source only + {N} rendered like target" in told
    assert f"Source only + {N} rendered like target by labels: labels of world:body" in told
    assert "was not measured" not in told
    assert "by the labels of the target's training split (--looks-at labels)" in told


def test_a_run_says_what_the_target_has(folder):
    run = cell_folder(folder, "source-only", 0)
    found = like(str(run))
    assert found.source == str(read(CHANGES["source"]).address) or found.source in CHANGES["source"]
    assert len(found.weight_N) == 24
    picked = chosen("world:body,poses=target,side=32", str(run), None, 5, proposed=200)
    assert len(picked.number_R) == len(picked.table) <= 5
    assert [str(number) for number in picked.number_R] == picked.table.image_N.tolist()
    again = chosen("world:body,poses=target,side=32", found.where_failing(), None, 5, proposed=200)
    assert "fails" in again.told


def test_labels_are_looked_at_only_where_the_arm_says_so(folder, monkeypatch):
    arm = next(arm for arm in PLAN.arms if arm.sampling == "rendered-where-failing")
    table = read(CHANGES["target"])
    arm = dataclasses.replace(arm, looks_at="predictions")
    by_student = rendered_arms._target(experiment(), arm, folder, table)
    assert "predictions" in by_student.told
    hidden = dataclasses.replace(table, visible_NK=np.zeros_like(table.visible_NK))
    blind = rendered_arms._target(experiment(), arm, folder, hidden)
    assert (blind.poses.angles_NA == by_student.poses.angles_NA).all()
    assert (blind.error_NK == by_student.error_NK).all()
    assert (blind.weight_N == by_student.weight_N).all()
    labels = rendered_arms._target(
        experiment(), dataclasses.replace(arm, looks_at="labels"), folder, table
    )
    assert (labels.poses.angles_NA == poses(table).angles_NA)[
        ~np.isnan(poses(table).angles_NA)
    ].all()
    assert "labels" in labels.where_failing().told
    with pytest.raises(ValueError, match="no pose of"):
        of_labels(hidden)


def test_all_that_can_be_wanted_is_there_once(tmp_path):
    source, target = read(CHANGES["source"]), of_labels(read(CHANGES["target"]))
    path = tmp_path / "a" / "seed0.parquet"
    facts = write_replaced(path, "rendered-like-target", 20, source, target, None, 0, proposed=30)
    assert facts["rendered"] <= 20
    table = read(f"poses:{path},split=all")
    assert len(table) == len(source)
    assert facts["test_samples"] is None
    assert replaced(source, source.select([0, 1]), 0).image_N.tolist() != source.image_N.tolist()


def test_the_cells_in_which_most_error_lies_are_kept(tmp_path):
    source, target = read(CHANGES["source"]), of_labels(read(CHANGES["target"]))
    error_NK = np.random.default_rng(0).random((len(target.poses), 16))
    target = dataclasses.replace(target, error_NK=error_NK, errors_told="made up")
    path = tmp_path / "seed0.parquet"
    facts = write_replaced(path, "rendered-where-failing", 5, source, target, None, 0, proposed=30)
    found = target.where_failing().failing
    assert storage.read_json(path.with_suffix(".json"))["failing"] == facts["failing"]
    weights = sorted((100 * w for w in found.weight_CK.ravel()), reverse=True)
    assert [cell["part"] for cell in facts["failing"]] == pytest.approx(weights[:8])
    for cell in facts["failing"]:
        assert cell["part"] == pytest.approx(
            cell["share"] * cell["error"] / (100 * (found.share_C @ found.error_CK).sum())
        )
        # the pose is one of its own cluster, and none of that is nearer to its middle
        at = np.array([complex(*place) if place else 0 for place in cell["pose"]])
        (row,) = np.flatnonzero((np.abs(target.poses.place_NK - at) < 1e-9).all(axis=1))
        cluster = found.cluster_N[row]
        assert cell["share"] == pytest.approx(100 * (found.cluster_N == cluster).mean())
        apart_N = np.nanmean((target.poses.angles_NA - found.centre_CA[cluster]) ** 2, axis=1)
        assert apart_N[row] == apart_N[found.cluster_N == cluster].min()


@pytest.mark.parametrize(
    ("changes", "arm", "said"),
    [
        ({}, {"rendered": 48}, "--rendered: expected 1 to 47 of the 48 poses"),
        ({}, {"rendered": 0}, "found 0"),
        ({"target": "world:hand,side=32,n=4"}, {}, "hand21, and world:body.* renders body16"),
        ({}, {"student": None}, r"names none that does \(student\)"),
    ],
)
def test_what_cannot_be_rendered_is_refused_before_the_work(changes, arm, said):
    one = Arm(name="a", sampling="rendered-like-target", rendered=5, student="warm-up")
    with pytest.raises(ValueError, match=said):
        rendered_arms.check_rendering(experiment(**changes), dataclasses.replace(one, **arm))


def test_a_source_of_images_cannot_be_rendered_into(tmp_path):
    table = read(CHANGES["source"])
    bare = dataclasses.replace(table, image_N=None, root="")
    bare.save(tmp_path / "own.parquet")
    arm = Arm(name="a", sampling="rendered-flat", rendered=5)
    with pytest.raises(ValueError, match="posesift render"):
        rendered_arms.check_rendering(experiment(source=f"poses:{tmp_path / 'own.parquet'}"), arm)


@pytest.mark.parametrize(
    ("world", "n", "said"),
    [
        ("world:body", 0, "1 to 100 of the 100 poses that world:body proposes, found 0"),
        ("world:body", 101, "ask for fewer, or have more proposed"),
        ("lspet:/nowhere", 5, "expected a built-in world such as world:body"),
        ("world:hand", 5, "body16, and world:hand renders hand21"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(world, n, said):
    target = of_labels(read(CHANGES["target"]))
    with pytest.raises(ValueError, match=said):
        chosen(world, target, None, n, proposed=100)


def test_what_says_nothing_of_a_target_is_refused(folder, tmp_path):
    with pytest.raises(ValueError, match="give the folder of one of them"):
        like(str(folder))
    run = tmp_path / "run"
    run.mkdir()
    for name in ("evaluation.json", "experiment.yaml"):
        (run / name).write_bytes((cell_folder(folder, "source-only", 0) / name).read_bytes())
    with pytest.raises(ValueError, match="holds no predictions"):
        like(str(run))
    with pytest.raises(ValueError, match="expected a data address"):
        like(str(tmp_path / "nothing"))
    unsure = of_predictions(np.zeros((2, 16, 2)), None, read(CHANGES["target"]).skeleton, "a")
    with pytest.raises(ValueError, match="known only of a run"):
        unsure.where_failing()
