"""The journal of a training run, also for a tracker: TensorBoard, Weights & Biases, MLflow.

None of them is needed: ``metrics.jsonl`` is always written. Their packages are imported when
they are asked for, and runs are opened at the first line, so that a process that writes none (the
other ranks) opens none.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from posesift.adaptation.training.journal import Record
from posesift.folders import place_of
from posesift.storage import write_text

PACKAGES = {
    "tensorboard": "torch.utils.tensorboard",
    "wandb": "wandb",
    "mlflow": "mlflow",
}
PROJECT = "posesift"


class Tracker(Protocol):
    """An open run of one of the trackers."""

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Keep the values of a step."""
        ...

    def close(self) -> None:
        """End the run."""
        ...


class Trackers:
    """What `trackers` gives: call it with each record, and close it; a context manager too."""

    def __init__(self, open_run: Sequence[Callable[[int], Tracker]]):
        self._open_run = open_run
        self._runs: list[Tracker] | None = None

    def __call__(self, record: Record) -> None:
        """Hand the numbers of a journal's line on."""
        step = int(record["step"])
        if self._runs is None:
            self._runs = [open_run(step) for open_run in self._open_run]
        values = {name: float(value) for name, value in _numbers(record) if name != "step"}
        for run in self._runs:
            run.write(step, values)

    def close(self) -> None:
        """End what was opened; later records open it again."""
        for run in self._runs or ():
            run.close()
        self._runs = None

    def __enter__(self) -> Trackers:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def trackers(names: Sequence[str], folder: str | Path, config: Mapping[str, Any]) -> Trackers:
    """Give a logger for ``loop.fit(log=...)`` that hands each line to the trackers named.

    Everything lies in ``folder`` unless the tracker's own variables say otherwise:

    - ``tensorboard``: ``folder/tensorboard``. Lines of steps that are done again after a resume
      replace the old ones.
    - ``wandb``: ``folder/wandb``, offline unless ``WANDB_MODE`` or ``WANDB_API_KEY`` is set (or
      somebody is logged in); ``wandb sync`` sends it later. A resumed run goes on as the same.
    - ``mlflow``: ``folder/mlflow.db``, or the server of ``MLFLOW_TRACKING_URI``. A resumed run
      goes on as the same.

    Args:
        names: of ``"tensorboard"``, ``"wandb"``, ``"mlflow"``; none gives a logger that does
            nothing.
        folder: of the run; its name is the run's.
        config: settings to keep with the run, JSON values, dicts in it nested.

    Raises:
        ValueError: an unknown name, or a package that is not installed.

    >>> log = trackers([], "runs/one", {})
    >>> log({"step": 20, "supervised": 0.5})
    >>> log.close()
    """
    folder = Path(folder)
    check(names)
    made = {"tensorboard": _TensorBoard, "wandb": _WandB, "mlflow": _MLflow}
    return Trackers(
        [lambda step, make=made[name]: make(folder, config, step) for name in dict.fromkeys(names)]
    )


def check(names: Sequence[str]) -> None:
    """Import the packages of trackers, so that a missing one shows before the work begins.

    Raises:
        ValueError: an unknown name, or a package that is not installed.
    """
    for name in names:
        if name not in PACKAGES:
            raise ValueError(f"unknown tracker {name!r}, expected one of {', '.join(PACKAGES)}")
    for name in names:
        _module(name)


class _TensorBoard:
    def __init__(self, folder: Path, config: Mapping[str, Any], step: int):
        self._writer = _module("tensorboard").SummaryWriter(
            str(folder / "tensorboard"), purge_step=step
        )
        settings = json.dumps(config, indent=2, default=str)
        self._writer.add_text("settings", f"```\n{settings}\n```", step)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _WandB:
    def __init__(self, folder: Path, config: Mapping[str, Any], step: int):
        wandb = _module("wandb")
        folder.mkdir(parents=True, exist_ok=True)
        key = _kept(folder / "wandb" / "posesift-run", lambda: uuid.uuid4().hex[:8])
        logged_in = "WANDB_MODE" in os.environ or bool(wandb.api.api_key)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=place_of(folder.resolve()).name,
            dir=str(folder),
            id=key,
            resume="allow",
            mode=None if logged_in else "offline",
            config=dict(config),
        )

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        self._run.finish()


class _MLflow:
    def __init__(self, folder: Path, config: Mapping[str, Any], step: int):
        mlflow = _module("mlflow")
        folder.mkdir(parents=True, exist_ok=True)
        here = f"sqlite:///{folder.resolve() / 'mlflow.db'}"
        self._client = mlflow.MlflowClient(os.environ.get("MLFLOW_TRACKING_URI", here))
        self._run = _kept(folder / "mlflow-run", lambda: self._begin(folder, config))
        self._client.update_run(self._run, status="RUNNING")

    def _begin(self, folder: Path, config: Mapping[str, Any]) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        found = self._client.get_experiment_by_name(name)
        number = self._client.create_experiment(name) if found is None else found.experiment_id
        run = self._client.create_run(number, run_name=place_of(folder.resolve()).name).info.run_id
        for key, value in _flat(config):
            self._client.log_param(run, key, str(value)[:500])
        return run

    def write(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._client.log_metric(self._run, name, value, step=step)

    def close(self) -> None:
        self._client.set_terminated(self._run)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(PACKAGES[name])
    except ImportError as error:
        raise ValueError(
            f"the tracker {name!r} needs a package that is not installed ({error}); "
            "pip install 'posesift[tracking]', or leave it out: metrics.jsonl has every line"
        ) from None


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Say what ``make`` gave the first time, by which a resumed run finds itself."""
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    made = make()
    write_text(path, made + "\n")
    return made


def _numbers(record: Record) -> Iterator[tuple[str, float]]:
    """Give the entries of a line that are finite numbers."""
    for name, value in record.items():
        if isinstance(value, (int, float)) and math.isfinite(value):
            yield name, value


def _flat(config: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings with their names joined by dots."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
