"""One training run: scores, draws, training, evaluation; the folder it leaves.

The order is that of the data: source table -> score and bins -> sampler -> method -> test sets.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

from posesift import folders, storage
from posesift.adaptation.training.checkpoint import take_network
from posesift.adaptation.training.loop import fit
from posesift.adaptation.training.method import Method
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.training.trackers import trackers
from posesift.data.address import Address
from posesift.data.inputs import inputs_of
from posesift.data.labels.mapped import warning_of_never_visible
from posesift.data.loading import PoseDataset
from posesift.data.readers import read
from posesift.evaluation.judge import Protocol, judge, test_sets
from posesift.experiments.leaks import leaks
from posesift.experiments.loaders import STAGES, check_target, loaders, needs_images, strategy
from posesift.experiments.methods import METHODS, names
from posesift.experiments.recipes import aimed
from posesift.experiments.resolved import decided, resolved, runtime_of, write_environment
from posesift.experiments.score import Page, ScoreSettings, check_settings, scored
from posesift.experiments.spec import Experiment
from posesift.experiments.trained import (
    copy_network,
    load_method,
    new_method,
    runtime_as_trained,
    style_of,
)
from posesift.experiments.validation import sides_told, some_images, validator, warnings
from posesift.networks.weights import IMAGENET, SCRATCH, described
from posesift.poses import PoseTable
from posesift.progress import note
from posesift.results.run import write_evaluation
from posesift.results.score import Score


class Data(NamedTuple):
    """What a run reads."""

    training: PoseTable
    """Labelled poses to train on: the source, or the source with renderings instead of a part;
    for the oracle, the target."""
    source: PoseTable
    """The source, by which test poses are judged to be hard or supported."""
    tests: list[tuple[str, PoseDataset]]
    """Test sets by name."""
    target: PoseTable | None = None
    """What the method adapts to; its labels are never looked at."""


def data_of(experiment: Experiment) -> Data:
    """Open all data of an experiment, so that a mistake shows before the work begins.

    Pictures of worlds are painted last, since that takes a while.

    Raises:
        ValueError: data that cannot be read, have other skeletons, no labels to measure by, or
            no images to adapt to; a style for a method that has none, or without its weights; a
            device that is not there; weights, a crop side, or a network to start from that do not
            fit; settings of the score that do not go with the poses.
    """
    entry = METHODS[experiment.method.name]
    if experiment.method.style != "none" and not entry.styled:
        raise ValueError(
            f"--style is of {' and '.join(names(styled=True))}; {experiment.method.name} does not "
            "change looks"
        )
    style_of(experiment)
    source = read(experiment.data.source, default_split="train")
    training, target = source, None
    if entry.trains_on_target:
        if experiment.data.target is None:
            raise ValueError("an oracle trains on the target's labels: give --target")
        training = read(experiment.data.target, default_split="train")
    elif experiment.data.rendered is not None:
        training = read(Address("poses", experiment.data.rendered, {"split": "all"}))
    if entry.needs_target or experiment.training.choose_by == "agreement":
        if experiment.data.target is None:
            raise ValueError(f"{needs_images(experiment)} images of the target: give --target")
        target = read(experiment.data.target, default_split="train")
        check_target(experiment, source, target)
    for table in (training, source):
        if not table.visible_NK.any():
            raise ValueError(f"{table.address} has no labels, so it cannot be trained on")
    _check(experiment, training)
    tests = test_sets(
        experiment.data.test, experiment.network.side, source, published=experiment.method.parity
    )
    return Data(training, source, tests, target)


def _check(experiment: Experiment, training: PoseTable) -> None:
    """Make once what a run needs, so that a mistake in a setting shows before the first write."""
    runtime_of(experiment, alone=True)
    method = new_method(experiment, training.skeleton)
    if experiment.training.start_from is not None:
        begun = Path(experiment.training.start_from)
        copy_network(begun, method, training.skeleton, experiment)
    check_settings(training, ScoreSettings.of(experiment))


def inputs_of_run(experiment: Experiment, data: Data) -> list[str | Path | None]:
    """All files and folders that a run reads."""
    addresses = [experiment.data.source, experiment.data.target, *experiment.data.test.values()]
    tables = [data.training, data.source, data.target, *(test.table for _, test in data.tests)]
    return [
        experiment.training.start_from,
        experiment.scoring.scorer,
        experiment.network.weights
        if experiment.network.weights not in (IMAGENET, SCRATCH)
        else None,
        experiment.method.style_weights,
        *(path for address in addresses if address for path in inputs_of(address)),
        *(path for table in tables if table for path in inputs_of(table.address, table)),
    ]


def foreseen(experiment: Experiment, data: Data) -> list[str]:
    """Say what to know of a run before its work begins: joints never seen, and leaks."""
    missing = warning_of_never_visible(data.training)
    return [*([missing] if missing else []), *leaks(experiment)]


def train(
    experiment: Experiment,
    folder: Path,
    *,
    data: Data | None = None,
    known: Score | None = None,
    page: Page | None = None,
) -> dict[str, Any]:
    """Run ``experiment`` in ``folder``; what an earlier, interrupted call left there is used.

    Args:
        experiment: what to do; ``auto`` is decided here and kept.
        folder: claimed with `posesift.folders.claim`.
        data: of `data_of`, if they are open already.
        known: difficulty of the training poses, where it is known; else they are scored and
            ``folder`` gets a score folder.
        page: draws the report, before the run counts as finished.

    Returns:
        What ``evaluation.json`` holds: ``sets``, ``baselines`` and, if there are any,
        ``warnings``. Nothing on ranks other than 0.

    Raises:
        ValueError: the folder was begun with other settings; data that do not fit together.
    """
    experiment, runtime = resolved(experiment, folder)
    try:
        found = _trained(experiment, runtime, folder, data or data_of(experiment), known)
    except BaseException:
        runtime.end_others()
        raise
    if runtime.rank == 0:
        if page is not None:
            page(folder)
        folders.write_manifest(folder, "run", recipe=experiment.recipe)
    return found


def _trained(
    experiment: Experiment, runtime: Runtime, folder: Path, data: Data, known: Score | None
) -> dict[str, Any]:
    """Score, train, judge."""
    training, skeleton = data.training, data.training.skeleton
    method = new_method(experiment, skeleton)
    if experiment.training.start_from is not None:
        copy_network(Path(experiment.training.start_from), method, skeleton, experiment)
    if known is None:
        settings = ScoreSettings.of(experiment)
        if runtime.rank == 0:
            known = scored(training, folder / "score", settings)
        runtime.barrier()
        known = known or scored(training, folder / "score", settings)
    drawn = {name: strategy(experiment, name, training, known) for name in STAGES}
    if runtime.rank == 0:
        write_environment(folder, experiment, training, drawn, runtime)
        if experiment.training.start_from is None:
            began = described(experiment.network.name, experiment.network.weights)
            note(f"{experiment.network.name} begins from {began}")
    images_N3HW = None if data.target is None else some_images(data.target, experiment)
    settings = dataclasses.asdict(experiment)
    with trackers(experiment.training.log_to, folder, settings) as log:
        fit(
            method,
            loaders(experiment, training, data.target, drawn, runtime),
            runtime,
            folder,
            seed=experiment.seed,
            save_every=_save_every(experiment),
            resume=True,
            log=log,
            validate=validator(experiment, skeleton, images_N3HW, data.tests),
            keep="last" if experiment.training.choose_by == "last" else "best",
        )
    if runtime.rank:
        return {}
    if experiment.training.choose_by != "last":
        method = new_method(experiment, skeleton)
        take_network(
            method,
            folder / "checkpoints",
            made_by=experiment.method.name,
            wanted_by=experiment.method.name,
        )
        # by this rank alone: the others are done, and would be waited for
        method.prepare(runtime_of(experiment, alone=True))
    judged = judge(method, data.tests, data.source, workers=experiment.hardware.workers)
    problems = [
        *foreseen(experiment, data),
        *warnings(method, images_N3HW, experiment.network.side),
        *sides_told(judged.document["sets"].get("target", {})),
    ]
    return write_evaluation(folder, judged, problems)


class Trained(NamedTuple):
    """A finished run and the data that it is to be measured on."""

    run: Path
    address: str
    protocol: Protocol
    experiment: Experiment
    runtime: Runtime
    method: Method
    data: Data


def trained_run(
    run: Path,
    data: str,
    *,
    protocol: Protocol = "pooled",
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    workers: int = 0,
) -> Trained:
    """Open a finished run and other data, so that a mistake shows before the first write.

    Args:
        run: a finished run folder.
        data: address of the test data.
        protocol: of PCK.
        device: where to compute; not bound to where the run was trained.
        precision: ``"auto"``: that of the training, where the device is of the same kind.
        threads: likewise.
        workers: loader processes.

    Raises:
        ValueError: one of them cannot be used, or they do not fit together.
    """
    folders.read_manifest(run, "run")
    experiment = aimed(Experiment.load(run / "experiment.yaml"), test=data)
    experiment = experiment.changed(workers=workers)
    runtime = runtime_as_trained(experiment, device, precision, threads)
    method = load_method(run, runtime, rounding=protocol == "reference")
    source = read(experiment.data.source, default_split="train")
    tests = test_sets(
        experiment.data.test, experiment.network.side, source, published=experiment.method.parity
    )
    return Trained(
        run, data, protocol, experiment, runtime, method, Data(source, source, tests, None)
    )


def evaluate_run(trained: Trained, folder: Path, page: Page | None = None) -> dict[str, Any]:
    """Measure the network of a finished run on other data; ``folder`` gets the figures.

    Args:
        trained: of `trained_run`.
        folder: claimed with `posesift.folders.claim`.
        page: draws the report, before the folder counts as finished.

    Returns:
        What ``evaluation.json`` holds: ``sets`` and ``baselines``.
    """
    run, runtime, method = trained.run, trained.runtime, trained.method
    experiment = trained.experiment.changed(**decided(runtime))
    experiment.save(folder / "experiment.yaml")
    before = storage.read_json(run / "environment.json", dict[str, Any])
    storage.write_json(
        folder / "environment.json", before | runtime.describe() | {"evaluated": str(run)}
    )
    judged = judge(
        method,
        trained.data.tests,
        trained.data.source,
        protocol=trained.protocol,
        stride=method.network.stride,  # pyright: ignore[reportArgumentType]
        workers=experiment.hardware.workers,
    )
    found = write_evaluation(folder, judged)
    if page is not None:
        page(folder)
    folders.write_manifest(folder, "run", of=str(run), data=trained.address)
    return found


def _save_every(experiment: Experiment) -> int:
    """Count the steps between checkpoints: about ten in the last stage if one is chosen."""
    if experiment.training.choose_by == "last":
        return experiment.training.save_every
    last = experiment.training.steps or experiment.training.warmup_steps
    return max(1, min(experiment.training.save_every, last // 10))
