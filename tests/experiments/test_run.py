"""A run: what it leaves, what it refuses, and that interruptions change nothing."""

import dataclasses
import json
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file
from tests.datasets import write_images
from tests.experiments.tiny import CHANGES, experiment

from posesift import folders, storage
from posesift.adaptation.training.runtime import Runtime
from posesift.data.readers import read
from posesift.experiments.run import evaluate_run, train, trained_run
from posesift.experiments.score import ScoreSettings, score_poses
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import load_method
from posesift.results.score import read_score_of
from posesift.sampling.sampler import StrategySampler


def weights(folder):
    newest = sorted((folder / "checkpoints").glob("*.safetensors"))[-1]
    return load_file(newest)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_keeps_what_the_report_needs(tmp_path):
    ended = train(experiment(sampling="hard-mining"), tmp_path)
    sets = ended["sets"]
    assert folders.read_manifest(tmp_path, "run")["recipe"] == "world-body"
    evaluation = storage.read_json(tmp_path / "evaluation.json")
    assert evaluation == ended
    constant = ended["baselines"]["constant pose"]["target"]["pck"]["0.2"]["all"]
    assert 0 < constant <= 100
    assert set(sets) == {"target", "target_poses"}
    assert sets["target"]["samples"] == 24
    assert sum(row["samples"] for row in sets["target"]["by_bin"]) == 24
    kept = Experiment.load(tmp_path / "experiment.yaml")
    assert (kept.hardware.device, kept.hardware.precision, kept.hardware.threads) == (
        "cpu",
        "fp32",
        1,
    )
    environment = storage.read_json(tmp_path / "environment.json")
    assert 1 <= environment["draws"]["effective_sample_size"] < 48
    # Measured again on the same data, the same figures; a trained method predicts.
    again = tmp_path.parent / "again"
    target = CHANGES["test"]["target"]
    found = evaluate_run(trained_run(tmp_path, target), again)["sets"]
    assert found["target"]["pck"] == sets["target"]["pck"]
    rounded = evaluate_run(trained_run(tmp_path, target, protocol="reference"), again)
    assert rounded["sets"]["target"]["protocol"].startswith("reference")
    method = load_method(tmp_path, Runtime.resolve("cpu", "fp32"))
    keypoints, confidence = method.predict(torch.zeros(1, 3, 32, 32).byte())
    assert keypoints.shape == (1, 16, 2)
    assert confidence.shape == (1, 16)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "regda", "sampling": "hard-mining"},
        {"method": "udape", "sampling": "curriculum", "sample_in": "adaptation"},
        {"method": "udape", "style": "statistics"},
        {"method": "udape", "parity": True},
        {"method": "regda", "parity": True},
        {"method": "source-only", "parity": True},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_every_method_trains_and_is_read_back(tmp_path, changes):
    found = train(experiment(**changes), tmp_path / "run")
    again = evaluate_run(
        trained_run(tmp_path / "run", CHANGES["test"]["target"]), tmp_path / "again"
    )
    assert again["sets"]["target"]["pck"] == found["sets"]["target"]["pck"]
    low, high = found["sets"]["target"]["interval"]
    assert low < found["sets"]["target"]["pck"]["0.05"]["all"] < high
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["stage"] for line in lines] == ["warm-up", "adaptation"]


@pytest.mark.parametrize("method", ["regda", "udape"])
def test_an_interrupted_adaptation_goes_on_with_the_same_batches(tmp_path, method, monkeypatch):
    """Broken off after three of five steps of the second stage, as Ctrl-C does."""
    long = experiment(method=method, sampling="curriculum", steps=5)
    train(long, tmp_path / "through")
    real, steps = StrategySampler.__iter__, 5

    def interrupted(self):
        for number, index in enumerate(real(self)):
            if self.draws == steps * self.batch_size and number == 3 * self.batch_size:
                raise KeyboardInterrupt
            yield index

    with monkeypatch.context() as patched:
        patched.setattr(StrategySampler, "__iter__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(long, tmp_path / "broken")
    assert not folders.is_finished(tmp_path / "broken")
    train(long, tmp_path / "broken")
    assert same(weights(tmp_path / "broken"), weights(tmp_path / "through"))


@pytest.mark.parametrize("method", ["source-only", "regda", "udape"])
def test_the_kept_checkpoint_is_the_chosen_one(tmp_path, method):
    """``best-on-target-test`` keeps the best of all checkpoints by the labels of the test set."""
    chosen = experiment(method=method, steps=20, save_every=500, choose_by="best-on-target-test")
    found = train(chosen, tmp_path)
    lines = list(map(json.loads, (tmp_path / "metrics.jsonl").read_text().splitlines()))
    scores = [line["validation"] for line in lines if "validation" in line]
    assert [line["step"] for line in lines if "validation" in line][-1] == 23
    assert len(scores) == 11  # every second step of the second stage, and its last
    assert found["sets"]["target"]["pck"]["0.05"]["all"] == pytest.approx(max(scores))


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"steps": 6, "save_every": 2}, [4, 5, 6, 7, 8, 9]),  # fewer steps than candidates
        ({"steps": 40, "save_every": 3}, [*range(6, 43, 3), 43]),  # as often as asked
        ({"steps": 0, "warmup_steps": 20}, [*range(2, 21, 2)]),  # the warm-up is the last stage
    ],
)
def test_a_checkpoint_is_chosen_among_ten_or_more(tmp_path, changes, steps):
    train(experiment(choose_by="best-on-target-test", **changes), tmp_path)
    lines = map(json.loads, (tmp_path / "metrics.jsonl").read_text().splitlines())
    assert [line["step"] for line in lines if "validation" in line] == steps


def test_a_run_whose_last_checkpoint_is_kept_saves_as_often_as_asked(tmp_path, monkeypatch):
    from posesift.experiments import run

    asked, real = [], run.fit
    monkeypatch.setattr(
        run, "fit", lambda *a, **more: (asked.append(more["save_every"]), real(*a, **more))
    )
    train(experiment(save_every=77), tmp_path)
    assert asked == [77]


def test_agreement_needs_images_of_the_target_and_no_labels(tmp_path):
    write_images(tmp_path / "photos", n=6)
    images = f"images:{tmp_path / 'photos'},split=all"
    train(experiment(choose_by="agreement", target=images), tmp_path / "run")
    assert (tmp_path / "run" / "checkpoints" / "best.json").is_file()
    with pytest.raises(ValueError, match="--choose-by agreement looks at images of the target"):
        train(experiment(choose_by="agreement", target=None), tmp_path / "none")


def test_a_method_adapts_to_bare_images_of_anything(tmp_path):
    """No labels, or those of another skeleton: nothing of them is looked at."""
    write_images(tmp_path / "photos", n=6)
    images = f"images:{tmp_path / 'photos'},split=all"
    train(experiment(method="udape", target=images), tmp_path / "photos-run")
    hands = "world:hand,n=8,side=32,split=train"
    train(experiment(method="udape", target=hands), tmp_path / "hands-run")
    with pytest.raises(ValueError, match=r"--parity: .*photos.* has no labels.*leave --parity out"):
        train(experiment(method="regda", target=images, parity=True), tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"--parity: .*hand21 has 21"):
        train(experiment(method="regda", target=hands, parity=True), tmp_path / "leak")


def test_a_target_without_images_is_refused_by_its_address(tmp_path):
    drawn = read("world:body,n=8,side=32")
    dataclasses.replace(drawn, image_N=None).save(tmp_path / "poses.parquet")
    bare = f"poses:{tmp_path / 'poses.parquet'},split=all"
    with pytest.raises(ValueError, match=r"the target poses:.*has poses but no images.*images="):
        train(experiment(method="udape", target=bare), tmp_path / "a")
    with pytest.raises(ValueError, match="udape adapts to images of the target: give --target"):
        train(experiment(method="udape", target=None), tmp_path / "b")
    with pytest.raises(ValueError, match="--style is of udape; source-only does not"):
        train(experiment(style="fourier"), tmp_path / "c")


@pytest.mark.parametrize("sampling", ["uniform", "curriculum"])
def test_runs_are_repeatable_and_seeds_differ(tmp_path, sampling):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(experiment(sampling=sampling, seed=seed), tmp_path / name)
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_a_killed_run_resumed_ends_with_the_same_weights(tmp_path):
    """SIGKILL in the second stage of a process; resumed here, bit for bit."""
    long = experiment(sampling="curriculum", steps=60, save_every=4)
    train(long, tmp_path / "through")
    killed = tmp_path / "killed"
    long.save(tmp_path / "plan.yaml")
    code = (
        "import sys; from pathlib import Path;"
        "from posesift.experiments.run import train; from posesift.experiments import Experiment;"
        f"train(Experiment.load({str(tmp_path / 'plan.yaml')!r}), Path({str(killed)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    while process.poll() is None and len(list(killed.glob("checkpoints/*.json"))) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(killed.glob("checkpoints/*.json")), "the run ended before it kept anything"
    assert not folders.is_finished(killed), "the run ended before it was killed"
    train(long, killed)
    assert same(weights(killed), weights(tmp_path / "through"))
    assert storage.read_json(killed / "evaluation.json") == storage.read_json(
        tmp_path / "through" / "evaluation.json"
    )
    lines = (killed / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == len((tmp_path / "through" / "metrics.jsonl").read_text().splitlines())


def test_a_folder_begun_otherwise_is_refused(tmp_path):
    train(experiment(), tmp_path)
    with pytest.raises(ValueError, match="begun with steps = 3, found 5"):
        train(experiment(steps=5), tmp_path)


def test_a_run_starts_from_another(tmp_path):
    train(experiment(steps=0), tmp_path / "warm")
    train(experiment(start_from=str(tmp_path / "warm")), tmp_path / "next")
    begun = weights(tmp_path / "warm")
    ended = weights(tmp_path / "next")
    name = next(name for name in begun if name.startswith("method/network") and "weight" in name)
    assert not torch.equal(begun[name], ended[name])
    with pytest.raises(ValueError, match="found no folder"):
        train(experiment(start_from="nowhere"), tmp_path / "lost")
    with pytest.raises(ValueError, match=r"another skeleton.*hand21 has 21"):
        train(
            experiment(
                start_from=str(tmp_path / "warm"),
                source="world:hand,n=16,side=32",
                test={"target": "world:hand,n=8,side=32,split=test"},
            ),
            tmp_path / "hand",
        )
    with pytest.raises(
        ValueError, match=r"source-only, small, body16, which does not fit .*resnet18"
    ):
        train(
            experiment(start_from=str(tmp_path / "warm"), network="resnet18"), tmp_path / "larger"
        )


def test_the_oracle_trains_on_the_target(tmp_path):
    train(experiment(method="oracle"), tmp_path / "oracle")
    environment = storage.read_json(tmp_path / "oracle" / "environment.json")
    assert environment["source_samples"] == 16
    with pytest.raises(ValueError, match="give --target"):
        train(experiment(method="oracle", target=None), tmp_path / "none")


def test_a_test_set_of_another_skeleton_is_refused(tmp_path):
    hand = {"target": "world:hand,n=8,side=32,split=test"}
    with pytest.raises(ValueError, match=r"cannot test what was trained on.*body16 has 16"):
        train(experiment(test=hand), tmp_path)
    assert not (tmp_path / "checkpoints").exists()  # before any work


def test_unlabelled_data_are_refused_where_labels_are_needed(tmp_path):
    write_images(tmp_path / "photos", n=2)
    images = f"images:{tmp_path / 'photos'},split=all"
    with pytest.raises(ValueError, match="nothing can be measured"):
        train(experiment(test={"target": images}), tmp_path / "a")
    with pytest.raises(ValueError, match="cannot be trained on"):
        train(experiment(source=images), tmp_path / "b")


def test_scores_are_kept_and_read_back(tmp_path):
    table = read(CHANGES["source"])
    scored = score_poses(table, tmp_path, ScoreSettings(method="pca", bins=4))
    again = read_score_of(tmp_path, table)
    assert (again.score_N == scored.score_N).all()
    assert (again.bin_N == scored.bin_N).all()
    assert again.summary == scored.summary
    other = read(CHANGES["oracles"]["target"])
    with pytest.raises(ValueError, match="expected 16 of"):
        read_score_of(tmp_path, other)
