from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import pytest
from tests.adaptation.methods import loaders
from tests.adaptation.tiny import source_only

from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.training.trackers import PACKAGES, trackers

CONFIG = {"method": "udape", "network": {"name": "small", "stride": 2}, "weights": None}
RECORDS = [
    {"step": 5, "stage": "warm-up", "t": 0.5, "supervised": 2.0, "steps_per_second": 9.0},
    {"step": 10, "stage": "warm-up", "t": 1.0, "supervised": 1.0, "odd": None, "nan": math.nan},
]


def needs(name: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(name) is None
    return pytest.mark.skipif(
        missing, reason=f"{name} is not installed (pip install posesift[tracking])"
    )


def follow(name: str, folder: Path, records=RECORDS) -> None:
    with trackers([name], folder, CONFIG) as log:
        for record in records:
            log(record)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_that_is_missing_is_named_with_what_to_install(name, monkeypatch, tmp_path):
    for module in [m for m in sys.modules if m.startswith(("torch.utils.tensorboard", name))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)  # as if it were not there
    with pytest.raises(ValueError, match=rf"'{name}' needs .*pip install 'posesift\[tracking\]'"):
        trackers([name], tmp_path, {})


def test_unknown_trackers_are_named(tmp_path):
    with pytest.raises(ValueError, match="unknown tracker 'excel', expected one of tensorboard,"):
        trackers(["tensorboard", "excel"], tmp_path, {})


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


@needs("tensorboard")
def test_tensorboard_gets_the_numbers_of_every_line(tmp_path):
    follow("tensorboard", tmp_path)
    assert scalars(tmp_path) == {
        "t": [(5, 0.5), (10, 1.0)],
        "supervised": [(5, 2.0), (10, 1.0)],
        "steps_per_second": [(5, 9.0)],
    }


@needs("tensorboard")
def test_steps_that_are_done_again_replace_the_old_ones_in_tensorboard(tmp_path):
    follow("tensorboard", tmp_path)
    again = [{"step": 10, "supervised": 0.75}, {"step": 15, "supervised": 0.5}]
    follow("tensorboard", tmp_path, again)
    assert scalars(tmp_path)["supervised"] == [(5, 2.0), (10, 0.75), (15, 0.5)]


@needs("tensorboard")
def test_a_training_run_is_followed(tmp_path):
    with trackers(["tensorboard"], tmp_path, CONFIG) as log:
        assert not (tmp_path / "tensorboard").exists(), "opened before there is a line"
        fit(
            source_only(), loaders(), Runtime.resolve("cpu", "fp32"), tmp_path, log=log, log_every=5
        )
    assert [step for step, _ in scalars(tmp_path)["supervised"]] == [5, 6, 10]
    assert (tmp_path / "metrics.jsonl").exists()


@needs("wandb")
def test_wandb_keeps_a_run_offline_and_goes_on_with_the_same(tmp_path, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # nobody is logged in
    follow("wandb", tmp_path / "run")
    follow("wandb", tmp_path / "run", [{"step": 15, "supervised": 0.5}])
    kept = sorted((tmp_path / "run" / "wandb").glob("offline-run-*"))
    key = (tmp_path / "run" / "wandb" / "posesift-run").read_text().strip()
    assert kept
    assert all(path.name.endswith(key) for path in kept)


@needs("mlflow")
def test_mlflow_gets_settings_and_numbers_and_goes_on_with_the_same(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    follow("mlflow", tmp_path / "run")
    follow("mlflow", tmp_path / "run", [{"step": 15, "supervised": 0.5}])
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path / 'run' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("posesift")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "run"
    assert run.data.params["network.name"] == "small"
    found = client.get_metric_history(run.info.run_id, "supervised")
    assert [(m.step, m.value) for m in found] == [(5, 2.0), (10, 1.0), (15, 0.5)]
