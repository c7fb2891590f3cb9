"""The command line: what it prints, how it ends, what it leaves."""

import errno
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from tests.patience import PATIENCE

from posesift import cli, folders, storage
from posesift.commands import COMMANDS
from posesift.commands.ending import Ended

TINY = ["--warmup-steps", "2", "--steps", "2", "--batch-size", "8", "--bins", "3", "--side", "32"]
WORLD = "world:body,n=48,seed=0,side=32"
TARGET = "world:body,poses=target,look=photo,n=32,side=32"
SMALL = ["train", "world-body", "--source", WORLD, "--target", TARGET, *TINY]


def posesift(*arguments):
    """Run the installed command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "posesift", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_commands_are_the_published_ones():
    """Additions only: scripts of users depend on these names."""
    assert list(COMMANDS) == [
        "demo", "check", "prepare", "score", "subset", "render", "train", "style", "compare",
        "evaluate", "predict", "export", "report", "doctor",
    ]  # fmt: skip


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_refuses_unknown_flags(command, capsys):
    positional = {"check": ["x"], "score": ["x"], "train": ["x"], "compare": ["x"], "report": ["x"]}
    positional |= {"subset": ["x"], "export": ["x"], "render": ["x"]}
    given = {name: ["x", "y"] for name in ("evaluate", "prepare", "predict")} | positional
    assert cli.main([command, *given.get(command, []), "--no-such-flag", "1"]) == 2
    assert "no-such-flag" in capsys.readouterr().err


@pytest.mark.parametrize("command", list(COMMANDS))
def test_wrong_usage_of_every_command_is_one_message(command, tmp_path, capsys):
    """And what needs no data does its work, in a process of its own."""
    arguments = {
        "demo": ["--seeds", "0"],
        "check": [f"lspet:{tmp_path}"],
        "prepare": ["lspet", tmp_path],
        "score": ["world:boddy"],
        "subset": [tmp_path / "none", "--fraction", "0.2"],
        "render": ["world:boddy"],
        "train": ["world-bodie"],
        "style": ["--source", "world:boddy", "--target", "world:body"],
        "compare": ["world-bodie"],
        "evaluate": [tmp_path, "world:body"],
        "predict": [tmp_path, tmp_path],
        "export": [tmp_path],
        "report": [tmp_path / "none"],
        "doctor": ["--json"],
    }[command]
    if command == "doctor":
        done = posesift(command, *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
        found = json.loads(done.stdout)
        assert found["runtime"]["precision"] in ("fp32", "bf16")
        assert found["packages"]["torch"]
    else:
        assert cli.main([command, *map(str, arguments)]) == 2
        (said,) = [line for line in capsys.readouterr().err.splitlines() if line[:1].strip()][:1]
        assert said.startswith("posesift: ")


def test_version(capsys):
    import posesift as package

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == package.__version__


def test_ctrl_c_ends_with_130(monkeypatch, capsys):
    def interrupted(self):
        raise KeyboardInterrupt("go on with --resume")

    monkeypatch.setattr(COMMANDS["doctor"], "run", interrupted)
    assert cli.main(["doctor"]) == 130
    assert "go on with --resume" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -m posesift --help | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Broken pipe" not in done.stderr


def test_another_broken_pipe_is_an_error(monkeypatch, capfd):
    def works(self):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(COMMANDS["doctor"], "run", works)
    assert cli.main(["doctor"]) == 2
    assert "Broken pipe" in capfd.readouterr().err


def test_score_leaves_a_score_folder(tmp_path, capsys):
    out = tmp_path / "scores"
    arguments = ["score", "world:body,n=100", "--method", "pca", "--bins", "4", "--out", str(out)]
    assert cli.main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"] == 100
    assert found["bins"] == 4
    assert set(found) >= {"samples", "bins", "variation_spearman", "rare_mode_auc", "seconds"}
    names = {path.name for path in out.iterdir()}
    assert names == {
        "difficulty.parquet", "scorer.safetensors", "scorer.json", "summary.json", "report.html",
        "manifest.json",
    }  # fmt: skip
    assert folders.read_manifest(out, "score")["data"] == "world:body,n=100"
    # Again into the same folder: refused, and nothing is lost.
    before = (out / "difficulty.parquet").read_bytes()
    assert cli.main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (out / "difficulty.parquet").read_bytes() == before
    assert cli.main([*arguments, "--overwrite"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"Report: {out / 'report.html'}"


def test_score_by_an_earlier_fit(tmp_path, capsys):
    fit, again = tmp_path / "fit", tmp_path / "again"
    assert cli.main(["score", "world:body,n=300", "--method", "pca", "--out", str(fit)]) == 0
    target = "world:body,poses=target,n=100"
    assert cli.main(["score", target, "--scorer", str(fit), "--out", str(again)]) == 0
    capsys.readouterr()
    wrong = ["score", target, "--scorer", str(fit), "--method", "knn", "--out", str(tmp_path / "x")]
    assert cli.main(wrong) == 2
    assert "gives pca, not knn" in capsys.readouterr().err
    assert cli.main(["score", target, "--scorer", str(fit), "--out", str(fit), "--overwrite"]) == 2
    assert "would remove" in capsys.readouterr().err
    summaries = [storage.read_json(folder / "summary.json") for folder in (fit, again)]
    means = [np.mean([row["mean"] for row in summary["variation"]]) for summary in summaries]
    assert means[1] > 1.2 * means[0]  # the target's poses are harder by the source's measure


def test_train_evaluate_report(tmp_path, capsys):
    out = tmp_path / "run"
    arguments = ["train", "world-body", "--source", WORLD, "--target", TARGET, *TINY]
    cheap = str(tmp_path / "scores")  # a score that is fitted in no time
    assert cli.main(["score", WORLD, "--method", "pca", "--bins", "3", "--out", cheap]) == 0
    arguments += ["--sampling", "hard-mining", "--scorer", cheap, "--out", str(out)]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"Report: {out / 'report.html'}"
    names = "experiment.yaml environment.json metrics.jsonl evaluation.json predictions.parquet"
    for name in [*names.split(), "report.html", "manifest.json", "score/summary.json"]:
        assert (out / name).is_file(), name
    assert "auto" not in (out / "experiment.yaml").read_text()
    sets = storage.read_json(out / "evaluation.json")["sets"]
    names = "samples protocol pck pck_auc evalpose_limbs evalpose_100 evalpose_cosine"
    names += " angle_error_deg angle_at_15 by_bin"
    assert set(sets["target"]) >= set(names.split())

    judged = tmp_path / "judged"
    assert cli.main(["evaluate", str(out), TARGET, "--out", str(judged), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    same = storage.read_json(judged / "evaluation.json")["sets"]["target"]
    assert found["sets"]["target"] == same
    assert same["pck"] == sets["target"]["pck"]

    (out / "report.html").unlink()
    assert cli.main(["report", str(out), "--no-paper"]) == 0
    assert (out / "report.html").is_file()

    assert cli.main(["train", str(out / "experiment.yaml"), "--seed", "3"]) == 2
    assert "which seed" in capsys.readouterr().err

    # Replayed from its own description, it ends with the same figures.
    replay = tmp_path / "replay"
    assert cli.main(["train", str(out / "experiment.yaml"), "--out", str(replay)]) == 0
    assert storage.read_json(replay / "evaluation.json")["sets"] == sets
    assert "constant pose" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "photos"], "give --target"),
        (["train", "world-body", "--sampling", "hard"], "hard-mining"),
        (["train", "world-body", "--resume", "--source", "images:nowhere"], "--resume needs --out"),
        (["style", "--resume", "--source", "images:nowhere"], "--resume needs --out"),
        ([*SMALL, "--from", "nowhere"], "found no folder"),
        ([*SMALL, "--weights", "none.pth"], "none.pth"),
        ([*SMALL, "--device", "cuda"], "not available"),
        (["train", "world-body", "--method", "udape", "--style", "adain"], "decoder"),
        (["train", "world-body", "--style-weights", "x"], "are of --style adain, found --style"),
        (["train", "world-body", "--steps", "0", "--warmup-steps", "0"], "at least one"),
        (["score", "world:body,n=20", "--bins", "50", "--method", "pca"], "as many as"),
        (["score", "images:nowhere"], "nowhere"),
        (["score", "nothing"], "write the format and a colon"),
        (["score", "coco:a.json,", "images=b"], "write coco:a.json,images=b"),
        (["score", "world:body", "--method", "elob"], "found 'elob'; did you mean 'elbo'?"),
        (["check", "body"], "did you mean world:body?"),
        (["train", "coco:a.json"], "photos --source coco:a.json"),
        (["score", "world:body", "--bins", "ten"], "expected a whole number, found 'ten'"),
        (["subset", "s", "--fraction", "20%"], "expected a number, found '20%'"),
        (["train", "style", "--source", "images:a", "--steps", "9", "--parity"],
         "posesift style --source images:a --steps 9 --parity"),
        (["style"], "--style-weights vgg_normalised.pth"),
        (["style", "--style-weights", "x", "--source", "images:nowhere"], "nowhere"),
        (["evaluate", "nowhere", "world:body"], "found no folder"),
        (["report", "nowhere"], "found no folder"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_message(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "cuda" not in arguments or not _has_cuda():
        assert cli.main(arguments) == 2
        assert message in capsys.readouterr().err
    assert not list(tmp_path.rglob("manifest.json"))
    if "--style-weights" in arguments or "--style" in arguments:
        assert not list(tmp_path.iterdir())  # found before a folder is claimed


@pytest.mark.parametrize(
    "mistake",
    [["--from", "nowhere"], ["--weights", "none.pth"], ["--bins", "600"]],
    ids=lambda mistake: mistake[0],
)
def test_a_mistake_is_told_before_a_picture_is_painted(mistake, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSESIFT_CACHE", str(tmp_path / "cache"))
    assert cli.main([*SMALL, *mistake]) == 2
    assert "posesift: " in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.npy"))
    assert not list(tmp_path.rglob("worlds/*"))


@pytest.mark.usefixtures("quick_fits")
def test_a_leak_is_said_once_and_kept_with_the_figures(tmp_path, capsys):
    out = tmp_path / "run"
    arguments = ["train", "world-body", "--source", WORLD, "--target", TARGET, *TINY]
    arguments += ["--choose-by", "best-on-target-test", "--out", str(out), "--json"]
    assert cli.main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.err.count("warning: Leak: ") == 1
    (kept,) = json.loads(shown.out)["warnings"]
    assert kept.startswith("Leak: ")
    assert (out / "report.html").read_text().count("Leak: the checkpoint is kept") >= 1


def test_a_read_only_folder_is_explained(tmp_path, capsys):
    if os.geteuid() == 0:
        folder = "/proc/posesift"  # root may write anywhere else
    else:
        tmp_path.chmod(0o555)
        folder = str(tmp_path / "out")
    assert cli.main(["score", "world:body,n=60", "--method", "pca", "--out", folder]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path, capsys):
    """A limit on file sizes stands in for a full disk: writes fail in the middle of a file."""
    resource = pytest.importorskip("resource")
    out = tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        code = cli.main(["score", "world:body,n=300", "--method", "pca", "--out", str(out)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    said = capsys.readouterr().err
    assert code == 2
    assert "Traceback" not in said
    assert "cannot write" in said
    assert f"{out}/" in said
    assert not out.exists()  # nobody could go on with a part of a score


def _has_cuda():
    import torch

    return torch.cuda.is_available()


def test_what_an_interruption_keeps_is_let_go():
    """Loaders in its frames, and in those of the exception it stands for."""
    closed = []

    def batches(name):
        try:
            yield 1
        finally:
            closed.append(name)

    def inner():
        running = batches("inner")
        next(running)
        raise KeyboardInterrupt

    def outer():
        running = batches("outer")
        next(running)
        try:
            inner()
        except KeyboardInterrupt:
            raise Ended(signal.SIGTERM, "how to go on") from None

    try:
        outer()
    except KeyboardInterrupt as stop:
        assert closed == []
        cli._let_go(stop)
        assert sorted(closed) == ["inner", "outer"]


def test_a_signal_of_which_a_library_makes_another_error_is_a_signal(monkeypatch, capsys):
    """As torch does while it asks a storage for its length."""

    def torn(self):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            raise RuntimeError("could not determine the shape") from None

    monkeypatch.setattr(COMMANDS["doctor"], "run", torn)
    assert cli.main(["doctor"]) == 143
    assert "ended by SIGTERM" in capsys.readouterr().err

    def wrong(self):
        raise ValueError("expected this, found that")

    monkeypatch.setattr(COMMANDS["doctor"], "run", wrong)
    assert cli.main(["doctor"]) == 2
    assert "found that" in capsys.readouterr().err
