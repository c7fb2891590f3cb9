"""The beginning of a run: nothing ``auto`` is left, and the folder says what it was made by."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from posesift import storage
from posesift.adaptation.training.runtime import Runtime
from posesift.experiments.spec import Experiment
from posesift.networks.weights import default as default_weights
from posesift.networks.weights import described
from posesift.poses import PoseTable
from posesift.sampling.strategies import Strategy, effective_sample_size, largest_weight
from posesift.version import __version__


def resolved(experiment: Experiment, folder: Path) -> tuple[Experiment, Runtime]:
    """The experiment with nothing ``auto`` left, kept in the folder; and its runtime.

    A folder that was begun before decides: its device, precision and threads are used again.

    Raises:
        ValueError: the folder was begun with other settings.
    """
    path = folder / "experiment.yaml"
    if path.is_file():
        begun = Experiment.load(path)
        open_fields = {"workers", "save_every", "log_to"}
        open_fields |= {n for n in ("device", "precision") if getattr(experiment, n) == "auto"}
        open_fields |= {n for n in ("threads", "weights") if getattr(experiment, n) is None}
        for item in dataclasses.fields(Experiment):
            mine, theirs = getattr(experiment, item.name), getattr(begun, item.name)
            if mine != theirs and item.name not in open_fields:
                raise ValueError(
                    f"{folder} was begun with {item.name} = {theirs}, found {mine}; "
                    "give the same settings to go on, or choose another --out"
                )
        experiment = dataclasses.replace(
            begun,
            workers=experiment.workers,
            save_every=experiment.save_every,
            log_to=experiment.log_to,
        )
    runtime = Runtime.resolve(
        experiment.device,
        experiment.precision,
        experiment.threads,
        devices=experiment.devices,
        accumulate=experiment.accumulate,
    )
    weights = experiment.weights or default_weights(experiment.network)
    experiment = dataclasses.replace(experiment, weights=weights, **decided(runtime))
    if runtime.rank == 0:
        experiment.save(path)
    runtime.barrier()
    return experiment, runtime


def decided(runtime: Runtime) -> dict[str, Any]:
    """What a runtime decided of an experiment's fields."""
    facts = runtime.describe()
    return {key: facts[key] for key in ("device", "precision", "threads")}


def write_environment(
    folder: Path,
    experiment: Experiment,
    source: PoseTable,
    drawn: dict[str, Strategy],
    runtime: Runtime,
) -> None:
    """Keep what a run was made by, what it drew from, and how evenly."""
    last = drawn["adaptation" if experiment.steps else "warm-up"]
    weights = [last.weights(t) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]  # a curriculum's change
    storage.write_json(
        folder / "environment.json",
        {
            "posesift": __version__,
            **runtime.describe(),
            "began_from": _began_from(experiment),
            "skeleton": source.skeleton.name,
            "skeleton_json": source.skeleton.to_json(),
            "source_samples": len(source),
            "draws": {
                "effective_sample_size": min(map(effective_sample_size, weights)),
                "largest_weight": max(map(largest_weight, weights)),
            },
        },
    )


def _began_from(experiment: Experiment) -> str:
    """Which weights the network began from, and what they had been trained on."""
    if experiment.start_from is not None:
        made = Path(experiment.start_from) / "environment.json"
        began = storage.read_json(made).get("began_from") if made.is_file() else None
        begun = f", which began from {began}" if began else ""
        return f"the trained network of {Path(experiment.start_from).name}{begun}"
    return described(experiment.network, experiment.weights)
