"""The method of an experiment: a new one, or the trained one of a finished run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from posesift import folders, storage
from posesift.adaptation.training import checkpoint
from posesift.adaptation.training.method import Method
from posesift.adaptation.training.runtime import Runtime
from posesift.adaptation.views.augment import STRONG
from posesift.experiments import methods
from posesift.experiments.parity import published_settings, published_sigma
from posesift.experiments.spec import Experiment
from posesift.networks.batchnorm import freeze_batchnorm
from posesift.networks.build import build
from posesift.networks.heatmaps import HeatmapCodec
from posesift.networks.weights import default as default_weights
from posesift.skeletons import Skeleton

BLANK_HEADS = 8.0
"""Rate of RegDA's heads on a pretrained network, times that of its features, which are slow: 2
would leave the heads blank for long."""

if TYPE_CHECKING:
    from posesift.networks.style.base import Style


def load_method(run: Path, runtime: Runtime, rounding: bool = False) -> Method:
    """Give the trained method of a finished run, ready to predict where ``runtime`` says.

    Args:
        run: the folder.
        runtime: not bound to where the run was trained.
        rounding: decode by the reference rule; a run trained with ``parity`` always does.

    Raises:
        ValueError: ``run`` is not a finished run, or its checkpoint is damaged.
    """
    folders.read_manifest(run, "run")
    experiment = Experiment.load(run / "experiment.yaml")
    # files that it was trained from may be gone, and are not needed any more
    experiment = experiment.changed(weights="none", style="none", style_weights=None)
    skeleton = skeleton_of(run)
    method = new_method(experiment, skeleton, rounding)
    copy_network(run, method, skeleton, experiment)
    method.prepare(runtime)
    return method


def runtime_as_trained(
    experiment: Experiment,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Runtime:
    """Decide where a trained network computes.

    Args:
        experiment: of its run, which it is not bound to.
        device: as for `Runtime.resolve`.
        precision: ``"auto"``: that of the training where the device is of the same kind, so that
            figures are the same.
        threads: as for `Runtime.resolve`.

    Raises:
        ValueError: an unknown word, or a device that is not there.
    """
    runtime = Runtime.resolve(device, precision, threads)
    if precision == "auto" and runtime.device.type == experiment.hardware.device:
        runtime = Runtime.resolve(device, experiment.hardware.precision, threads)
    return runtime


def new_method(experiment: Experiment, skeleton: Skeleton, rounding: bool = False) -> Method:
    """Make the untrained method of an experiment; ``rounding`` as for `load_method`.

    Under ``parity`` the published width of heatmaps, the published rates and the published views
    stand in place of the experiment's.

    Raises:
        ValueError: weights that cannot be read or do not fit.
    """
    network = build(
        experiment.network.name,
        len(skeleton),
        experiment.network.weights or default_weights(experiment.network.name),
        seed=experiment.seed,
    )
    if experiment.network.batchnorm == "frozen":
        freeze_batchnorm(getattr(network, "backbone", network))
    stride: int = network.stride  # pyright: ignore[reportAssignmentType]
    known: dict[str, Any] = {
        "warmup_steps": 0 if experiment.training.start_from else experiment.training.warmup_steps,
        "steps": experiment.training.steps,
        "seed": experiment.seed,
    }
    if experiment.method.parity:
        sigma = published_sigma(skeleton)
        rounding = True
        known |= published_settings(experiment, skeleton)
    else:
        sigma = experiment.network.sigma
        known |= _settings(experiment, skeleton)
        if hasattr(network, "backbone"):
            known |= {"head_speed": BLANK_HEADS, "adversarial_speed": BLANK_HEADS}
    codec = HeatmapCodec(experiment.network.side, stride, sigma, rounding)
    style = style_of(experiment) if methods.METHODS[experiment.method.name].styled else None
    return methods.make(
        experiment.method.name, network, codec, style, experiment.method.parity, known
    )


def _settings(experiment: Experiment, skeleton: Skeleton) -> dict[str, Any]:
    """Say what an experiment sets of any method, by the names of the methods' settings."""
    flips = experiment.training.flip and skeleton.mirror != tuple(range(len(skeleton)))
    return {
        "learning_rate": experiment.training.learning_rate,
        "adaptation_learning_rate": experiment.training.learning_rate_second,
        "augmentation": replace(
            STRONG,
            rotation=experiment.training.rotation,
            scale=0.15,
            shift=0.05,
            flip=0.5 if flips else 0.0,
        ),
        "mirror": skeleton.mirror,
        "backbone_speed": experiment.training.backbone_speed,
        "domain_statistics": experiment.network.batchnorm == "domain",
    }


def style_of(experiment: Experiment) -> Style | None:
    """Give the style of an experiment, with its weights; None where it has none.

    Raises:
        ValueError: weights that are missing, damaged, or of no use to the style.
    """
    asked = experiment.method
    if asked.style_weights is not None and asked.style != "adain":
        raise ValueError(
            f"--style-weights are of --style adain, found --style {asked.style}; give the one or "
            "leave out the other"
        )
    if asked.style == "none":
        return None
    from posesift.networks.style import build as build_style

    return build_style(
        experiment.method.style, experiment.method.style_weights, parity=experiment.method.parity
    )


def copy_network(run: Path, method: Method, skeleton: Skeleton, experiment: Experiment) -> None:
    """Give ``method``, made for ``experiment``, the trained network of a finished run.

    Raises:
        ValueError: not a finished run, one of another skeleton or network, a damaged checkpoint.
    """
    if run.is_file():
        raise ValueError(
            f"expected the folder of a finished run, found the file {run}; a file of network "
            "weights is given with --weights"
        )
    folders.read_manifest(run, "run")
    made = Experiment.load(run / "experiment.yaml")
    other = skeleton_of(run)
    if not skeleton.same_as(other):
        raise ValueError(
            f"{run} ({_recipe(made, other)}) was trained on another skeleton than "
            f"{_recipe(experiment, skeleton)} needs: {skeleton.difference(other)}"
        )
    checkpoint.take_network(
        method,
        run / "checkpoints",
        made_by=_recipe(made, other),
        wanted_by=_recipe(experiment, skeleton),
    )


class _Environment(TypedDict):
    skeleton_json: str


def skeleton_of(run: Path) -> Skeleton:
    """Say what a finished run predicts.

    Raises:
        ValueError: its ``environment.json`` is missing or damaged.
    """
    found = storage.read_json(run / "environment.json", _Environment)
    return Skeleton.from_json(found["skeleton_json"])


def _recipe(experiment: Experiment, skeleton: Skeleton) -> str:
    recipe = f"{experiment.recipe}, " if experiment.recipe else ""
    return f"{recipe}{experiment.method.name}, {experiment.network.name}, {skeleton.name}"
