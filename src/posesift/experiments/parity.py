"""The numbers of the published codes (``--parity``), by method and by what is in the images.

Published settings are of bodies, of hands and, of UDAPE, of animals. Which of them a skeleton gets
is told by how its name begins.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from posesift.adaptation.published_views import STILL
from posesift.data.address import parse
from posesift.experiments.methods import METHODS
from posesift.experiments.spec import Experiment
from posesift.skeletons import Skeleton

SIGMA = {"body": 2.0, "hand": 2.0, "animal": 1.0}  # cells, as published for heatmaps of 64 x 64
KINDS = {"hand": "hand", "animal": "animal", "ap10k": "animal"}  # by how a skeleton's name begins


def published_sigma(skeleton: Skeleton) -> float:
    """Give the published width of heatmaps in cells."""
    return SIGMA[_kind(skeleton)]


def published_settings(experiment: Experiment, skeleton: Skeleton) -> dict[str, Any]:
    """Give what the published code sets by itself: views, and how far rates have fallen.

    RegDA's code takes the images of Leeds Sports Pose, where they are the target, as they are.
    """
    entry = METHODS[experiment.method.name]
    module = importlib.import_module(entry.views)
    views = module.HANDS if _kind(skeleton) == "hand" else module.BODIES
    is_lsp = experiment.data.target is not None and parse(experiment.data.target).kind == "lsp"
    of_target = STILL if is_lsp else views
    return {
        "parity": True,
        "steps_before": _steps_before(experiment),
        "views": of_target if entry.trains_on_target else views,
        "target_views": of_target,
    }


def _kind(skeleton: Skeleton) -> str:
    """Say whose settings a skeleton gets: those of a body unless its name says otherwise."""
    name = skeleton.name.lower()
    return next((kind for begin, kind in KINDS.items() if name.startswith(begin)), "body")


def _steps_before(experiment: Experiment) -> int:
    """Count the steps that the network a run starts from has had; 0 where that run is gone."""
    path = Path(experiment.training.start_from or "") / "experiment.yaml"
    if experiment.training.start_from is None or not path.is_file():
        return 0
    begun = Experiment.load(path)
    return (0 if begun.training.start_from else begun.training.warmup_steps) + begun.training.steps
