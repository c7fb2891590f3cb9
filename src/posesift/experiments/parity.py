"""The method of an experiment by its published code (``--parity``), with the numbers of that.

Published settings are of bodies, of hands and, of UDAPE, of animals. Which of them a skeleton gets
is told by how its name begins.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from posesift.adaptation.regda import published_views as regda_views
from posesift.adaptation.regda.method import RegDA, RegDASettings
from posesift.adaptation.regda.published_views import RegDAViews
from posesift.adaptation.source_only.published import (
    SourceOnlyParity,
    SourceOnlyParitySettings,
)
from posesift.adaptation.training.method import Method
from posesift.adaptation.udape import published_views as udape_views
from posesift.adaptation.udape.published import UDAPEParity, UDAPEParitySettings
from posesift.data.address import parse
from posesift.experiments.spec import Experiment
from posesift.networks.heatmaps import HeatmapCodec
from posesift.skeletons import Skeleton

if TYPE_CHECKING:
    from posesift.networks.style.base import Style

SIGMA = {"body": 2.0, "hand": 2.0, "animal": 1.0}  # cells, as published for heatmaps of 64 x 64
KINDS = {"hand": "hand", "animal": "animal", "ap10k": "animal"}  # by how a skeleton's name begins


def published_method(
    experiment: Experiment, skeleton: Skeleton, network: nn.Module, stride: int, style: Style | None
) -> Method:
    """The untrained method; rates, views and widths of heatmaps are not the experiment's.

    Args:
        experiment: says which method, for how many steps, and after which run.
        skeleton: says whose settings.
        network: to train.
        stride: pixels a cell of its heatmaps is wide.
        style: of UDAPE.
    """
    kind = _kind(skeleton)
    codec = HeatmapCodec(experiment.side, stride, SIGMA[kind], rounding=True)
    first, second = 0 if experiment.start_from else experiment.warmup_steps, experiment.steps
    if experiment.method == "udape":
        settings = UDAPEParitySettings(
            warmup_steps=first,
            steps=second,
            steps_before=_steps_before(experiment),
            views=udape_views.HANDS if kind == "hand" else udape_views.BODIES,
        )
        return UDAPEParity(network, codec, settings, style)
    views = regda_views.HANDS if kind == "hand" else regda_views.BODIES
    of_target = _of_target(experiment, views)
    if experiment.method == "regda":
        settings = RegDASettings(
            warmup_steps=first,
            steps=second,
            seed=experiment.seed,
            parity=True,
            views=views,
            target_views=of_target,
        )
        return RegDA(network, codec, settings)
    settings = SourceOnlyParitySettings(
        warmup_steps=first,
        steps=second,
        steps_before=_steps_before(experiment),
        views=of_target if experiment.method == "oracle" else views,
    )
    return SourceOnlyParity(network, codec, settings)


def _kind(skeleton: Skeleton) -> str:
    """Whose settings a skeleton gets: those of a body unless its name says otherwise."""
    name = skeleton.name.lower()
    return next((kind for begin, kind in KINDS.items() if name.startswith(begin)), "body")


def _of_target(experiment: Experiment, views: RegDAViews) -> RegDAViews:
    """RegDA's views of the target: of Leeds Sports Pose its code takes the images as they are."""
    is_lsp = experiment.target is not None and parse(experiment.target).kind == "lsp"
    return regda_views.STILL if is_lsp else views


def _steps_before(experiment: Experiment) -> int:
    """Steps that the network a run starts from has had; 0 where that run is gone."""
    path = Path(experiment.start_from or "") / "experiment.yaml"
    if experiment.start_from is None or not path.is_file():
        return 0
    begun = Experiment.load(path)
    return (0 if begun.start_from else begun.warmup_steps) + begun.steps
