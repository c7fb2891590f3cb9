"""The beginning of a run: nothing ``auto`` is left, and the folder says what it was made by."""

from __future__ import annotations

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

DECIDED = ("device", "precision", "threads", "weights")
"""Settings that may be left open; a folder that was begun says what they are."""

CHANGEABLE = {"workers", "save_every", "log_to", "title", "labels"}
"""Settings that may be others when a run goes on, and what people call its data."""


def resolved(experiment: Experiment, folder: Path) -> tuple[Experiment, Runtime]:
    """Decide what is ``auto``, keep the experiment in the folder, and give it and its runtime.

    A folder that was begun before decides: its device, precision and threads are used again.

    Raises:
        ValueError: the folder was begun with other settings.
    """
    path = folder / "experiment.yaml"
    if path.is_file():
        begun = Experiment.load(path)
        mine, theirs = experiment.flat(), begun.flat()
        left_open = {name for name in DECIDED if mine[name] in ("auto", None)}
        for name in mine:
            if mine[name] != theirs[name] and name not in left_open | CHANGEABLE:
                raise ValueError(
                    f"{folder} was begun with {name} = {theirs[name]}, found {mine[name]}; "
                    "give the same settings to go on, or choose another --out"
                )
        experiment = begun.changed(
            workers=experiment.hardware.workers,
            save_every=experiment.training.save_every,
            log_to=experiment.training.log_to,
        )
    runtime = runtime_of(experiment)
    weights = experiment.network.weights or default_weights(experiment.network.name)
    experiment = experiment.changed(weights=weights, **decided(runtime))
    if runtime.rank == 0:
        experiment.save(path)
    runtime.barrier()
    return experiment, runtime


def runtime_of(experiment: Experiment, *, alone: bool = False) -> Runtime:
    """Decide where an experiment computes; ``alone``: in this process, in whole batches.

    Raises:
        ValueError: a device that is not there.
    """
    asked = experiment.hardware
    return Runtime.resolve(
        asked.device,
        asked.precision,
        asked.threads,
        devices=asked.devices,
        accumulate=1 if alone else asked.accumulate,
        alone=alone,
    )


def decided(runtime: Runtime) -> dict[str, Any]:
    """Give what a runtime decided of an experiment's settings."""
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
    last = drawn["adaptation" if experiment.training.steps else "warm-up"]
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
    """Say which weights the network began from, and what they had been trained on."""
    if experiment.training.start_from is not None:
        made = Path(experiment.training.start_from) / "environment.json"
        began = storage.read_json(made).get("began_from") if made.is_file() else None
        begun = f", which began from {began}" if began else ""
        return f"the trained network of {Path(experiment.training.start_from).name}{begun}"
    return described(experiment.network.name, experiment.network.weights)
