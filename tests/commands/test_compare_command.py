"""``posesift compare``: flags become a plan, the table tells what is in the file, --resume adds."""

import json
import shlex
from pathlib import Path

import pytest
from tests.experiments import tiny

from posesift import cli, folders, storage
from posesift.commands.compare import Compare, comparison_text
from posesift.experiments import recipes
from posesift.experiments.plan import compare_plan


@pytest.fixture
def tiny_world(monkeypatch):
    """The recipe world-body at a size that a test can afford."""
    small = tiny.experiment()
    monkeypatch.setitem(recipes.RECIPES, "world-body", lambda seed, quick: small.changed(seed=seed))


def test_flags_become_the_plan():
    flags = Compare(
        recipe="world-hand",
        methods=("source-only,regda", "udape"),
        samplings=("hard-mining",),
        seeds=("0,4",),
        sample_in="adaptation",
        steps=7,
        warmup_steps=9,
        style="fourier",
        quick=True,
        no_oracle=True,
    )
    plan = flags.plan()
    assert (
        plan.arms
        == compare_plan(
            "world-hand",
            ["source-only", "regda", "udape"],
            ["hard-mining"],
            sample_in="adaptation",
            steps=7,
            warmup_steps=9,
            quick=True,
            oracle=False,
            changes={"style": "fourier"},
        ).arms
    )
    assert plan.seeds == (0, 4)
    assert plan.changes == {"style": "fourier"}
    assert plan.command == (
        "posesift compare world-hand --methods source-only,regda,udape --samplings hard-mining "
        "--seeds 0,4 --sample-in adaptation --warmup-steps 9 --steps 7 --no-oracle "
        "--style fourier --quick"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "udappe"], "did you mean 'udape'?"),
        (["--samplings", "hard"], "uniform, hard-mining"),
        (["--seeds", "two"], "expected how many (3) or which ones (0,2,5), found 'two'"),
        (["--seeds", "0"], "expected 1 or more, found 0"),
        (["--methods", "udape", "--samplings", "uniform"], "leaves nothing to compare it with"),
        (["--steps", "0"], "at least one step in both stages"),
        (["--resume"], "--resume needs --out"),
        (["--style", "adain"], "decoder"),
        (["--style", "adain", "--style-weights", "nowhere"], "found nothing at"),
        (["--style-weights", "x"], "--style-weights are of --style adain, found --style"),
        (["--methods", "source-only,regda", "--style-weights", "x"], "are of --style adain"),
        (["--source", "world:body,n=16", "--target", "poses:none.parquet"], "none.parquet"),
    ],
)
def test_mistakes_are_one_message_and_leave_nothing(
    arguments, message, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["compare", "world-body", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in " ".join(error.split())
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


def test_a_comparison_from_the_command_line_and_more_seeds(tiny_world, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["compare", "world-body", "--methods", "source-only,udape", "--out", str(out)]
    arguments += ["--samplings", "uniform"]
    assert cli.main([*arguments, "--seeds", "1"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("PCK@0.05 on the target; one seed")
    assert shown[-1] == f"Report: {out / 'report.html'}"
    assert [line.split("  ")[0] for line in shown[2:5]] == ["Source only", "UDAPE", "Oracle"]
    assert (out / "report.html").is_file()
    cells = {path: path.stat().st_mtime_ns for path in out.glob("cells/*/*/manifest.json")}
    assert len(cells) == 4  # warm-up, two arms, oracle

    assert cli.main([*arguments, "--seeds", "2"]) == 2  # finished, and not asked to go on
    assert "already holds a finished result" in capsys.readouterr().err
    assert cli.main([*arguments, "--seeds", "2", "--steps", "5", "--resume"]) == 2
    assert "begun with steps of source-only = 3, found 5" in capsys.readouterr().err
    assert cli.main([*arguments, "--seeds", "2", "--resume", "--overwrite"]) == 2
    assert "--overwrite replaces it: give one" in capsys.readouterr().err
    assert folders.is_finished(out)  # what contradicts itself leaves a finished result finished
    assert cli.main([*arguments, "--seeds", "2", "--resume", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seeds"] == [0, 1]
    assert {path: path.stat().st_mtime_ns for path in cells} == cells
    assert len(storage.read_json(out / "comparison.json")["cells"]) == 8


def test_a_dry_run_tells_the_plan_and_its_time_and_trains_nothing(
    tiny_world, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    arguments = ["compare", "world-body", "--methods", "source-only,udape", "--samplings", "easy"]
    assert cli.main([*arguments, "--seeds", "2", "--dry-run", "--device", "cpu"]) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert rows["udape+easy"] == ["udape+easy", "warm-up+easy", "3", "2"]
    assert rows["oracle"] == ["oracle", "scratch", "6", "2"]
    assert {"training", "steps", "min"} <= set(rows["Estimate:"])
    assert not list(tmp_path.iterdir())


def test_a_finished_demo_stays_finished_when_flags_contradict_each_other(tmp_path, capsys):
    from posesift.experiments import compare
    from posesift.experiments.demo import demo_plan

    out = tmp_path / "demo"
    compare._keep(compare._decided(demo_plan(quick=True), out), out)  # as if it had been run
    folders.write_manifest(out, "comparison")
    arguments = ["demo", "--quick", "--out", str(out), "--resume", "--overwrite"]
    assert cli.main(arguments) == 2
    assert "--overwrite replaces it: give one" in capsys.readouterr().err
    assert folders.is_finished(out)


def test_the_command_can_be_typed_again():
    """Paths may hold spaces."""
    flags = Compare(
        recipe="world-body", target="images:/my data/photos", weights=Path("/my nets/a b.pth")
    )
    words = shlex.split(flags.plan().command)
    assert words == [
        "posesift", "compare", "world-body", "--target", "images:/my data/photos",
        "--weights", "/my nets/a b.pth",
    ]  # fmt: skip


def test_ctrl_c_in_the_middle_goes_on_later(tiny_world, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    arguments = ["compare", "world-body", "--methods", "source-only", "--samplings", "easy"]
    arguments += ["--seeds", "1", "--no-oracle", "--out", str(out)]
    from posesift.adaptation.source_only import method as source_only

    real, done = source_only.SourceOnly.step, []

    def interrupted(self, *batches):
        done.append(1)
        if len(done) == 8:  # the second step of the second stage
            raise KeyboardInterrupt
        return real(self, *batches)

    with monkeypatch.context() as patched:
        patched.setattr(source_only.SourceOnly, "step", interrupted)
        assert cli.main(arguments) == 130
    assert f"--out {out} --resume goes on with it" in capsys.readouterr().err
    warm = out / "cells" / "warm-up" / "seed0" / "manifest.json"
    before = warm.stat().st_mtime_ns
    assert cli.main([*arguments, "--resume"]) == 0
    assert warm.stat().st_mtime_ns == before


def test_the_table_shows_means_and_intervals_over_seeds():
    def cell(arm, seed, level):
        groups = {"wrist": level - 1, "all": level}
        return {"arm": arm, "seed": seed, "sets": {"target": {"pck": {"0.05": groups}}}}

    found = {
        "seeds": [0, 1],
        "arms": [
            {"name": "warm-up", "label": "Warm-up", "role": "warm-up"},
            {"name": "source-only", "label": "Source only", "role": "arm"},
            {"name": "udape", "label": "UDAPE", "role": "arm"},
        ],
        "cells": [cell("source-only", 0, 30.0), cell("source-only", 1, 30.0),
                  cell("udape", 0, 39.0), cell("udape", 1, 41.0)],
        "gap_closed": [{"arm": "udape", "mean": 50.2, "low": 40.1, "high": 60.3}],
        "primary": {"endpoint": "PCK@0.05, target", "arm": "udape", "against": "source-only",
                    "mean": 10.0, "low": -2.7, "high": 22.7},
        "checkpoint": "The last.",
    }  # fmt: skip
    lines = comparison_text(found).splitlines()
    assert lines[0] == "PCK@0.05 on the target; mean of 2 seeds, 95 % intervals over seeds"
    assert lines[2].split() == ["Source", "only", "29.0", "±0.0", "30.0", "±0.0", "-"]
    # 39 and 41: standard error 1, and 12.7 of it with one degree of freedom
    assert lines[3].split() == ["UDAPE", "39.0", "±12.7", "40.0", "±12.7", "50", "%", "[40,", "60]"]
    assert lines[4] == (
        "PCK@0.05, target, UDAPE minus Source only: +10.0 points (95 % interval -2.7 to +22.7)"
    )
