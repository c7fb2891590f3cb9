"""One training run: scores, draws, training, evaluation; the folder it leaves.

The order is that of the data: source table -> score and bins -> sampler -> method -> test sets.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import posesift
from posesift import storage
from posesift.adaptation.loop import fit
from posesift.adaptation.runtime import Runtime
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.experiments.judge import Protocol, judge, test_sets
from posesift.experiments.loaders import STAGES, check_target, loaders, strategy
from posesift.experiments.recipes import aimed
from posesift.experiments.score import Page, Scored, ScoreSettings, load_scored, score_poses
from posesift.experiments.spec import ADAPTING, Experiment
from posesift.experiments.trained import copy_network, load_method, new_method
from posesift.poses import PoseTable
from posesift.sampling.strategies import Strategy, effective_sample_size, largest_weight


class Data(NamedTuple):
    """What a run reads."""

    training: PoseTable
    """Labelled poses to train on: the source; for the oracle, the target."""
    source: PoseTable
    """The source, by which test poses are judged to be hard or supported."""
    tests: list[tuple[str, PoseDataset]]
    """Test sets by name."""
    target: PoseTable | None = None
    """What the method adapts to; its labels are never looked at."""


def data_of(experiment: Experiment) -> Data:
    """Open all data of an experiment, so that a mistake shows before the work begins.

    Raises:
        ValueError: data that cannot be read, have other skeletons, no labels to measure by, or
            no images to adapt to; a style for a method that has none.
    """
    if experiment.style != "none" and experiment.method != "udape":
        raise ValueError(f"--style is of udape; {experiment.method} does not change looks")
    source = read(experiment.source, default_split="train")
    training, target = source, None
    if experiment.method == "oracle":
        if experiment.target is None:
            raise ValueError("an oracle trains on the target's labels: give --target")
        training = read(experiment.target, default_split="train")
    elif experiment.method in ADAPTING:
        if experiment.target is None:
            raise ValueError(f"{experiment.method} adapts to images of the target: give --target")
        target = read(experiment.target, default_split="train")
        check_target(experiment, source, target)
    for table in (training, source):
        if not table.visible_NK.any():
            raise ValueError(f"{table.address} has no labels, so it cannot be trained on")
    return Data(training, source, test_sets(experiment.test, experiment.side, source), target)


def train(
    experiment: Experiment,
    folder: Path,
    *,
    data: Data | None = None,
    scored: Scored | None = None,
    page: Page | None = None,
) -> dict[str, Any]:
    """Run ``experiment`` in ``folder``; what an earlier, interrupted call left there is used.

    Args:
        experiment: what to do; ``auto`` is decided here and kept.
        folder: claimed with `posesift.storage.new_folder`.
        data: of `data_of`, if they are open already.
        scored: difficulty of the training poses, when it is at hand; else they are scored and
            ``folder`` gets a score folder.
        page: draws the report, before the run counts as finished.

    Returns:
        What ``evaluation.json`` holds: ``sets`` and ``baselines``.

    Raises:
        ValueError: the folder was begun with other settings; data that do not fit together.
    """
    experiment, runtime = resolved(experiment, folder)
    data = data or data_of(experiment)
    training = data.training
    method = new_method(experiment, training.skeleton)
    if experiment.start_from is not None:
        copy_network(Path(experiment.start_from), method, training.skeleton, experiment)
    if scored is None:
        scored = _score(experiment, training, folder / "score")
    drawn = {name: strategy(experiment, name, training, scored) for name in STAGES}
    _write_environment(folder, experiment, training, drawn, runtime)
    fit(
        method,
        loaders(experiment, training, data.target, drawn, runtime),
        runtime,
        folder,
        seed=experiment.seed,
        save_every=experiment.save_every,
        resume=True,
    )
    found = judge(method, data.tests, data.source, folder, workers=experiment.workers)
    if page is not None:
        page(folder)
    storage.write_manifest(folder, "run", recipe=experiment.recipe)
    return found


def evaluate_run(
    run: Path,
    data: str,
    folder: Path,
    *,
    protocol: Protocol = "pooled",
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    workers: int = 0,
    page: Page | None = None,
) -> dict[str, Any]:
    """Measure the network of a finished run on other data; ``folder`` gets the figures.

    Args:
        run: a finished run folder.
        data: address of the test data.
        folder: claimed with `posesift.storage.new_folder`.
        protocol: of PCK.
        device: where to compute; not bound to where the run was trained.
        precision: likewise.
        threads: likewise.
        workers: loader processes.
        page: draws the report, before the folder counts as finished.

    Returns:
        What ``evaluation.json`` holds: ``sets`` and ``baselines``.
    """
    experiment = aimed(Experiment.load(run / "experiment.yaml"), test=data)
    runtime = Runtime.resolve(device, precision, threads)
    method = load_method(run, runtime, rounding=protocol == "reference")
    source = read(experiment.source, default_split="train")
    tests = test_sets(experiment.test, experiment.side, source)
    dataclasses.replace(experiment, workers=workers, **_decided(runtime)).save(
        folder / "experiment.yaml"
    )
    trained = storage.read_json(run / "environment.json")
    storage.write_json(
        folder / "environment.json", trained | runtime.describe() | {"evaluated": str(run)}
    )
    found = judge(
        method,
        tests,
        source,
        folder,
        protocol=protocol,
        stride=method.network.stride,  # pyright: ignore[reportArgumentType]
        workers=workers,
    )
    if page is not None:
        page(folder)
    storage.write_manifest(folder, "run", of=str(run), data=data)
    return found


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
        experiment = dataclasses.replace(
            begun, workers=experiment.workers, save_every=experiment.save_every
        )
    runtime = Runtime.resolve(
        experiment.device,
        experiment.precision,
        experiment.threads,
        devices=experiment.devices,
        accumulate=experiment.accumulate,
    )
    experiment = dataclasses.replace(experiment, **_decided(runtime))
    experiment.save(path)
    return experiment, runtime


def _score(experiment: Experiment, source: PoseTable, folder: Path) -> Scored:
    if storage.is_finished(folder):
        return load_scored(folder, source)
    return score_poses(source, folder, ScoreSettings.of(experiment))


def _decided(runtime: Runtime) -> dict[str, Any]:
    facts = runtime.describe()
    return {key: facts[key] for key in ("device", "precision", "threads")}


def _write_environment(
    folder: Path,
    experiment: Experiment,
    source: PoseTable,
    drawn: dict[str, Strategy],
    runtime: Runtime,
) -> None:
    last = drawn["adaptation" if experiment.steps else "warm-up"]
    weights = [last.weights(t) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]  # a curriculum's change
    storage.write_json(
        folder / "environment.json",
        {
            "posesift": posesift.__version__,
            **runtime.describe(),
            "skeleton": source.skeleton.name,
            "skeleton_json": source.skeleton.to_json(),
            "source_samples": len(source),
            "draws": {
                "effective_sample_size": min(map(effective_sample_size, weights)),
                "largest_weight": max(map(largest_weight, weights)),
            },
        },
    )
