"""The method of an experiment: a new one, or the trained one of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from posesift import storage
from posesift.adaptation import checkpoint
from posesift.adaptation.augment import STRONG
from posesift.adaptation.runtime import Runtime
from posesift.adaptation.source_only import SourceOnly, SourceOnlySettings
from posesift.experiments.spec import Experiment
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec
from posesift.skeletons import Skeleton


def load_method(run: Path, runtime: Runtime) -> SourceOnly:
    """The trained method of a finished run, ready to predict where ``runtime`` says.

    Raises:
        ValueError: ``run`` is not a finished run, or its checkpoint is damaged.
    """
    storage.read_manifest(run, "run")
    experiment = replace(Experiment.load(run / "experiment.yaml"), weights=None)
    environment = storage.read_json(run / "environment.json")
    skeleton = Skeleton.from_json(environment["skeleton_json"])
    method = new_method(experiment, skeleton)
    copy_network(run, method, skeleton)
    method.prepare(runtime)
    return method


def new_method(experiment: Experiment, skeleton: Skeleton) -> SourceOnly:
    """The untrained method of an experiment."""
    network = build(experiment.network, len(skeleton), experiment.weights, seed=experiment.seed)
    stride: int = network.stride  # pyright: ignore[reportAssignmentType]
    flips = experiment.flip and skeleton.mirror != tuple(range(len(skeleton)))
    return SourceOnly(
        network,
        HeatmapCodec(side=experiment.side, stride=stride, sigma=experiment.sigma),
        SourceOnlySettings(
            warmup_steps=0 if experiment.start_from else experiment.warmup_steps,
            steps=experiment.steps,
            learning_rate=experiment.learning_rate,
            adaptation_learning_rate=experiment.learning_rate_second,
            augmentation=replace(
                STRONG,
                rotation=experiment.rotation,
                scale=0.15,
                shift=0.05,
                flip=0.5 if flips else 0.0,
            ),
            mirror=skeleton.mirror,
        ),
    )  # fmt: skip


def copy_network(run: Path, method: SourceOnly, skeleton: Skeleton) -> None:
    """Give ``method`` the trained network of a finished run.

    Raises:
        ValueError: not a finished run, one of another skeleton or network, a damaged checkpoint.
    """
    storage.read_manifest(run, "run")
    other = Skeleton.from_json(storage.read_json(run / "environment.json")["skeleton_json"])
    if not skeleton.same_as(other):
        raise ValueError(f"{run} was trained on another skeleton: {skeleton.difference(other)}")
    found = checkpoint.latest(run / "checkpoints")
    if found is None:
        raise ValueError(f"{run} holds no checkpoint; expected one in {run / 'checkpoints'}")
    try:
        method.network.load_state_dict(found[1]["method"]["network"])
    except RuntimeError as error:
        name = Experiment.load(run / "experiment.yaml").network
        raise ValueError(f"{run} holds a {name} network, which does not fit: {error}") from None
