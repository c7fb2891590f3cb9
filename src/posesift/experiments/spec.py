"""An experiment as one plain value: what is trained, on what, for how long, tested where.

A recipe is a function that returns an `Experiment`; a flag replaces one field of it; a run folder
keeps it, resolved, as ``experiment.yaml``, from which the run can be made again. No torch here.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypedDict

import msgspec
import yaml

from posesift import documents, spelling, storage
from posesift.experiments.choice import CHOICES
from posesift.experiments.methods import METHODS
from posesift.experiments.ranges import check_ranges
from posesift.networks import SIDES, TIMM
from posesift.sampling.strategies import NAMES as STRATEGIES

SAMPLE_IN = ("warm-up", "adaptation", "both")
STYLES = ("none", "statistics", "fourier", "adain")
BATCHNORMS = ("batch", "frozen", "domain")
TRACKERS = ("tensorboard", "wandb", "mlflow")


_Two = msgspec.Meta(min_length=2, max_length=2)


class Gap(TypedDict):
    """The 2x2 table poses x look: what its rows and columns are called, and its four test sets."""

    rows: Annotated[list[str], _Two]
    columns: Annotated[list[str], _Two]
    sets: Annotated[list[Annotated[list[str], _Two]], _Two]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """The whole description of one training run.

    Attributes:
        recipe: the name of the recipe it came from.
        title: one line for people.
        source: data address of the labelled training poses.
        target: data address of the target's training images. Source-only training never opens
            them; methods that adapt look at the images alone, the oracle at the labels too.
        oracles: name of a test set to the address of labelled training data of its own kind.
        test: name of a test set to its data address; ``"target"`` is the headline.
        labels: name of a test set to its title.
        gap: rows, columns and sets of the 2x2 table poses x look, or None.
        method: ``source-only``, ``regda``, ``udape``, or ``oracle``: source-only training on the
            target's labels.
        style: ``none``, or how UDAPE gives images of one domain the look of the other:
            ``statistics``, ``fourier``, ``adain``.
        style_weights: a local file with the weights of the style network, for ``adain``.
        parity: train by the formulas of the published code, its quirks included, instead of by
            what was found to be better.
        choose_by: which checkpoint is kept: the ``last``; the one with the best ``agreement`` of
            the network with itself on target images, which needs no labels; or
            ``best-on-target-test``, as published tables choose: it looks at the answers.
        sampling: a sampling strategy (`posesift.sampling.strategies`).
        sample_in: the stages that draw by ``sampling``; the others draw uniformly.
        warmup_steps: optimiser steps of the warm-up, on the source alone.
        steps: optimiser steps of the second stage.
        batch_size: images a step.
        side: side of the square crop in pixels.
        network: one of `posesift.networks.SIDES`, or ``timm:`` and the name of a timm model.
        weights: what the network begins from: ``imagenet`` (of a package), ``none`` (random), or
            a local file; None: what the network has (``posesift.networks.weights.default``).
        batchnorm: ``batch``: BatchNorm normalises by each batch, both domains together;
            ``frozen``: that of the backbone keeps the statistics it came with; ``domain``: when a
            method adapts, each domain is normalised by its own, and the target's are kept.
        backbone_speed: learning rate of the backbone as a multiple of the rest's.
        sigma: standard deviation of a target heatmap's Gaussian, in cells.
        learning_rate: at the plateau of the warm-up.
        learning_rate_second: at the plateau of the second stage.
        flip: whether augmentation mirrors images (and keypoints with them).
        rotation: augmentation turns by up to this many degrees.
        scoring: difficulty score of the poses that are drawn.
        normalisation: how poses are normalised before scoring.
        bins: number of difficulty bins; None: 25 from 50,000 poses on, else 10.
        binning: how bin edges are chosen.
        scorer: a score folder whose fitted scorer is used instead of a new fit.
        start_from: a finished run whose network this one starts from; skips the warm-up.
        seed: of the world (in the recipe), the scorer, the initialisation, draws, augmentation.
        device: ``auto``, ``cpu``, ``cuda``, ``mps``.
        precision: ``auto``, ``fp32``, ``bf16``.
        threads: CPU threads, or None: PyTorch's choice.
        workers: loader processes; 0 reads in the training process.
        accumulate: parts that a batch is cut into, one after the other, to fit into memory.
        devices: how many of them train together, each with its share of every batch.
        log_to: trackers that get the journal too: ``tensorboard``, ``wandb``, ``mlflow``.
        save_every: steps between checkpoints.
        reading: data format to options of its address that the recipe sets where it names none.
        kinds: the formats of source and target that the recipe is made for; empty: any.
        steps_of: method to its own ``warmup_steps`` and ``steps``, which `posesift train` keeps to
            unless told otherwise; comparisons give every method the same.
        published: task whose published rows stand beside a comparison
            (`posesift.experiments.published`), or None.
        notes: what a reader of the report must know.
    """

    recipe: str = ""
    title: str = ""
    source: str
    target: str | None = None
    oracles: dict[str, str] = field(default_factory=dict)
    test: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    gap: Gap | None = None
    method: str = "source-only"
    style: str = "none"
    style_weights: str | None = None
    parity: bool = False
    choose_by: str = "last"
    sampling: str = "uniform"
    sample_in: str = "both"
    warmup_steps: int = 300
    steps: int = 200
    batch_size: int = 32
    side: int = 64
    network: str = "small"
    weights: str | None = None
    batchnorm: str = "batch"
    backbone_speed: float = 1.0
    sigma: float = 1.0
    learning_rate: float = 2e-3
    learning_rate_second: float = 1e-3
    flip: bool = True
    rotation: float = 30.0
    scoring: str = "elbo"
    normalisation: str = "limb"
    bins: int | None = None
    binning: str = "quantile"
    scorer: str | None = None
    start_from: str | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    threads: int | None = None
    workers: int = 0
    accumulate: int = 1
    devices: int = 1
    log_to: tuple[str, ...] = ()
    save_every: int = 100
    reading: dict[str, dict[str, str]] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    steps_of: dict[str, tuple[int, int]] = field(default_factory=dict)
    published: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        choose("method", self.method, tuple(METHODS))
        choose("sampling strategy", self.sampling, STRATEGIES)
        choose("value for --sample-in", self.sample_in, SAMPLE_IN)
        choose("style", self.style, STYLES)
        choose("value for --choose-by", self.choose_by, CHOICES)
        choose("value for --batchnorm", self.batchnorm, BATCHNORMS)
        if not self.network.startswith(TIMM):
            choose("network", self.network, tuple(SIDES))
        multiple = SIDES.get(self.network, 32)
        if self.side % multiple:
            below = max(multiple, self.side // multiple * multiple)
            raise ValueError(
                f"--side: the network {self.network} takes sides that are a multiple of {multiple} "
                f"pixels, such as {below} and {below + multiple}; found {self.side}"
            )
        if self.parity and self.batchnorm != "batch":
            raise ValueError(
                f"--batchnorm {self.batchnorm}: the published formulas (--parity) have BatchNorm "
                "by batch; leave one of the two out"
            )
        for name in self.log_to:
            choose("tracker", name, TRACKERS)
        check_ranges(vars(self))
        if (0 if self.start_from else self.warmup_steps) + self.steps == 0:
            raise ValueError(
                "expected at least one training step; raise --steps (--from skips the warm-up)"
            )
        if self.batch_size % self.devices:
            raise ValueError(
                f"--batch-size: expected a multiple of the {self.devices} devices, found "
                f"{self.batch_size}"
            )

    def strategy_in(self, stage: str) -> str:
        """The strategy that draws in stage ``"warm-up"`` or ``"adaptation"``."""
        return self.sampling if self.sample_in in (stage, "both") else "uniform"

    def save(self, path: str | Path) -> None:
        """Write YAML from which `load` makes the same value.

        A start from the cell beside it is named relative to the file, so that a comparison can be
        moved as a whole.
        """
        document = {k: v for k, v in dataclasses.asdict(self).items() if v is not None}
        start, folder = Path(self.start_from or ""), Path(path).absolute().parent
        if start.is_absolute() and start.parent.parent == folder.parent.parent:
            document["start_from"] = os.path.relpath(start, folder)
        lists = ("notes", "log_to", "kinds")
        document |= {name: list(document[name]) for name in lists}
        document["steps_of"] = {name: list(steps) for name, steps in self.steps_of.items()}
        storage.write_text(path, yaml.safe_dump(document, sort_keys=False, allow_unicode=True))

    @staticmethod
    def load(path: str | Path) -> Experiment:
        """Read what `save` wrote.

        Raises:
            ValueError: no such file, not YAML, or a field that an experiment does not have.
        """
        document = read_yaml(path)
        known = {item.name for item in dataclasses.fields(Experiment)}
        if not isinstance(document, dict) or "source" not in document:
            raise ValueError(f"{path}: expected an experiment (fields like source: ...)")
        if unknown := sorted(str(name) for name in document if name not in known):
            raise ValueError(f"{path}: an experiment has no field {', '.join(unknown)}")
        experiment = documents.converted(document, Experiment, str(path))
        if (experiment.start_from or "").startswith(os.pardir):
            start = os.path.normpath(Path(path).absolute().parent / str(experiment.start_from))
            experiment = dataclasses.replace(experiment, start_from=start)
        return experiment


def choose(what: str, name: str, known: tuple[str, ...]) -> str:
    """``name``, if it is among ``known``.

    >>> choose("method", "orakle", ("oracle",))
    Traceback (most recent call last):
    ...
    ValueError: unknown method 'orakle' (did you mean 'oracle'?); expected one of oracle
    """
    if name not in known:
        close = spelling.meant(name, known)
        hint = f" (did you mean {close!r}?)" if close else ""
        raise ValueError(f"unknown {what} {name!r}{hint}; expected one of {', '.join(known)}")
    return name


def read_yaml(path: str | Path) -> Any:
    """Plain values from a YAML file; no object is ever made from it.

    Raises:
        ValueError: no such file, or not YAML.
    """
    return documents.from_yaml(storage.read_text(path, "a YAML file"), str(path))
