"""One training run: scores, draws, training, evaluation; the folder it leaves.

The order is that of the data: source table -> score and bins -> sampler -> method -> test sets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import posesift
from posesift import storage
from posesift.adaptation.loop import Loader, fit
from posesift.adaptation.method import Batch, Stage
from posesift.adaptation.runtime import Runtime
from posesift.data.loading import PoseDataset, collate
from posesift.data.readers import read
from posesift.experiments.judge import Protocol, judge
from posesift.experiments.recipes import aimed
from posesift.experiments.score import Scored, ScoreSettings, load_scored, score_poses
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import copy_network, load_method, new_method
from posesift.poses import PoseTable
from posesift.sampling.sampler import StrategySampler
from posesift.sampling.strategies import Strategy, effective_sample_size, largest_weight, make

STAGES = ("warm-up", "adaptation")


def train(experiment: Experiment, folder: Path, scored: Scored | None = None) -> dict[str, Any]:
    """Run ``experiment`` in ``folder``; what an earlier, interrupted call left there is used.

    Args:
        experiment: what to do; ``auto`` is decided here and kept.
        folder: claimed with `posesift.storage.new_folder`.
        scored: difficulty of the training poses, when it is at hand; else they are scored and
            ``folder`` gets a score folder.

    Returns:
        The figures of every test set, as in ``evaluation.json``.

    Raises:
        ValueError: the folder was begun with other settings; data that do not fit together.
    """
    experiment, runtime = resolved(experiment, folder)
    source = read(training_address(experiment), default_split="train")
    method = new_method(experiment, source.skeleton)
    if experiment.start_from is not None:
        copy_network(Path(experiment.start_from), method, source.skeleton)
    if scored is None:
        scored = _score(experiment, source, folder / "score")
    drawn = {name: strategy(experiment, name, len(source), scored) for name in STAGES}
    _write_environment(folder, experiment, source, drawn, runtime)
    fit(
        method,
        {"source": source_loader(experiment, source, drawn)},
        runtime,
        folder,
        seed=experiment.seed,
        save_every=experiment.save_every,
        resume=True,
    )
    labelled = read(experiment.source, default_split="train")  # an oracle is judged by it too
    sets = judge(
        method, experiment.test, experiment.side, labelled, folder, workers=experiment.workers
    )
    storage.write_manifest(folder, "run", recipe=experiment.recipe)
    return sets


def evaluate_run(
    run: Path, data: str, folder: Path, *, protocol: Protocol = "pooled", **runtime: Any
) -> dict[str, Any]:
    """Measure the network of a finished run on other data; ``folder`` gets the figures.

    Args:
        run: a finished run folder.
        data: address of the test data.
        folder: claimed with `posesift.storage.new_folder`.
        protocol: of PCK.
        **runtime: ``device``, ``precision``, ``threads``, ``workers`` where they shall differ.
    """
    given = {key: value for key, value in runtime.items() if value not in (None, "auto", 0)}
    experiment = dataclasses.replace(Experiment.load(run / "experiment.yaml"), **given)
    experiment = aimed(experiment, test=data)
    experiment.save(folder / "experiment.yaml")
    environment = storage.read_json(run / "environment.json")
    storage.write_json(folder / "environment.json", environment | {"evaluated": str(run)})
    source = read(experiment.source, default_split="train")
    method = load_method(run, experiment)
    method.codec = dataclasses.replace(method.codec, rounding=protocol == "reference")
    sets = judge(
        method,
        experiment.test,
        experiment.side,
        source,
        folder,
        protocol=protocol,
        stride=method.codec.stride,
        workers=experiment.workers,
    )
    storage.write_manifest(folder, "run", of=str(run), data=data)
    return sets


def resolved(experiment: Experiment, folder: Path) -> tuple[Experiment, Runtime]:
    """The experiment with nothing ``auto`` left, kept in the folder; and its runtime.

    A folder that was begun before decides: its device, precision and threads are used again.

    Raises:
        ValueError: the folder was begun with other settings.
    """
    path = folder / "experiment.yaml"
    if path.is_file():
        begun = Experiment.load(path)
        open_fields = {
            name for name in ("device", "precision") if getattr(experiment, name) == "auto"
        } | ({"threads"} if experiment.threads is None else set())
        for item in dataclasses.fields(Experiment):
            mine, theirs = getattr(experiment, item.name), getattr(begun, item.name)
            if mine != theirs and item.name not in open_fields | {"workers", "save_every"}:
                raise ValueError(
                    f"{folder} was begun with {item.name} = {theirs}, found {mine}; "
                    "give the same settings to go on, or choose another --out"
                )
        experiment = begun
    runtime = Runtime.resolve(experiment.device, experiment.precision, experiment.threads)
    facts = runtime.describe()
    experiment = dataclasses.replace(
        experiment, **{key: facts[key] for key in ("device", "precision", "threads")}
    )
    experiment.save(path)
    return experiment, runtime


def training_address(experiment: Experiment) -> str:
    """Where the labelled training data are: the source; for the oracle, the target."""
    if experiment.method != "oracle":
        return experiment.source
    if experiment.target is None:
        raise ValueError("an oracle trains on the target's labels: give --target")
    return experiment.target


def strategy(experiment: Experiment, stage: str, samples: int, scored: Scored | None) -> Strategy:
    """The strategy that draws in a stage."""
    name = experiment.strategy_in(stage)
    if name == "uniform":
        return make("uniform", [0.0] * samples)
    assert scored is not None
    k = int(scored.summary["bins"])
    return make(name, scored.score_N, bins=scored.bin_N, k=k, seed=experiment.seed)


def source_loader(experiment: Experiment, source: PoseTable, drawn: dict[str, Strategy]) -> Loader:
    """Batches of the source, drawn by each stage's strategy; the same after a resume."""
    from torch.utils.data import DataLoader

    dataset = PoseDataset(source, experiment.side)

    def load(stage: Stage, start: int) -> Iterable[Batch]:
        size = experiment.batch_size
        sampler = StrategySampler(
            drawn[stage.name],
            draws=stage.steps * size,
            batch_size=size,
            seed=experiment.seed * len(STAGES) + STAGES.index(stage.name),
            start=start * size,
        )
        return DataLoader(
            dataset, size, sampler=sampler, num_workers=experiment.workers, collate_fn=collate
        )

    return load


def _score(experiment: Experiment, source: PoseTable, folder: Path) -> Scored:
    if storage.is_finished(folder):
        return load_scored(folder, source)
    return score_poses(source, folder, ScoreSettings.of(experiment))


def _write_environment(
    folder: Path,
    experiment: Experiment,
    source: PoseTable,
    drawn: dict[str, Strategy],
    runtime: Runtime,
) -> None:
    last = drawn["adaptation" if experiment.steps else "warm-up"].weights(1.0)
    storage.write_json(
        folder / "environment.json",
        {
            "posesift": posesift.__version__,
            **runtime.describe(),
            "skeleton": source.skeleton.name,
            "skeleton_json": source.skeleton.to_json(),
            "source_samples": len(source),
            "draws": {
                "effective_sample_size": effective_sample_size(last),
                "largest_weight": largest_weight(last),
            },
        },
    )
