"""PoseSift: choose the synthetic poses that make a pose estimator work on real images.

The public names stand here, and come from the rooms below when they are first used:

    import posesift

    source = posesift.read("world:body,n=6000")
    difficulty = posesift.fit_scorer(source).score(source)
    weights = posesift.strategy("hard-mining", difficulty).weights(0.5)

The rooms, in the order of the data: ``skeletons``, ``poses``, ``data``, ``difficulty``,
``sampling``, ``networks``, ``adaptation``, ``evaluation``, ``experiments``, ``report``.
Importing this package loads neither torch nor matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from posesift.version import __version__

if TYPE_CHECKING:
    from posesift.adaptation.regda.method import RegDA, RegDASettings
    from posesift.adaptation.source_only.method import SourceOnly, SourceOnlySettings
    from posesift.adaptation.training.loop import fit
    from posesift.adaptation.training.runtime import Runtime
    from posesift.adaptation.udape.method import UDAPE, UDAPESettings
    from posesift.data.loading import PoseDataset, collate
    from posesift.data.readers import read
    from posesift.data.rendering import render
    from posesift.difficulty.bins import bin_edges
    from posesift.difficulty.scorers import fit as fit_scorer
    from posesift.evaluation.evaluate import evaluate
    from posesift.evaluation.metrics import PCK, PCKAUC, AngleError, EvalPose
    from posesift.experiments.compare import compare
    from posesift.experiments.exporting import export
    from posesift.experiments.predicting import predict
    from posesift.experiments.run import train
    from posesift.networks.build import build as network
    from posesift.networks.heatmaps import HeatmapCodec
    from posesift.poses.table import PoseTable
    from posesift.report.page import write_report
    from posesift.sampling.mix import MixSampler
    from posesift.sampling.sampler import StrategySampler
    from posesift.sampling.strategies import make as strategy

_WHERE = {
    "PoseTable": ("posesift.poses.table", "PoseTable"),
    "read": ("posesift.data.readers", "read"),
    "render": ("posesift.data.rendering", "render"),
    "PoseDataset": ("posesift.data.loading", "PoseDataset"),
    "collate": ("posesift.data.loading", "collate"),
    "fit_scorer": ("posesift.difficulty.scorers", "fit"),
    "bin_edges": ("posesift.difficulty.bins", "bin_edges"),
    "strategy": ("posesift.sampling.strategies", "make"),
    "MixSampler": ("posesift.sampling.mix", "MixSampler"),
    "StrategySampler": ("posesift.sampling.sampler", "StrategySampler"),
    "network": ("posesift.networks.build", "build"),
    "HeatmapCodec": ("posesift.networks.heatmaps", "HeatmapCodec"),
    "SourceOnly": ("posesift.adaptation.source_only.method", "SourceOnly"),
    "SourceOnlySettings": ("posesift.adaptation.source_only.method", "SourceOnlySettings"),
    "RegDA": ("posesift.adaptation.regda.method", "RegDA"),
    "RegDASettings": ("posesift.adaptation.regda.method", "RegDASettings"),
    "UDAPE": ("posesift.adaptation.udape.method", "UDAPE"),
    "UDAPESettings": ("posesift.adaptation.udape.method", "UDAPESettings"),
    "Runtime": ("posesift.adaptation.training.runtime", "Runtime"),
    "fit": ("posesift.adaptation.training.loop", "fit"),
    "evaluate": ("posesift.evaluation.evaluate", "evaluate"),
    "PCK": ("posesift.evaluation.metrics", "PCK"),
    "PCKAUC": ("posesift.evaluation.metrics", "PCKAUC"),
    "EvalPose": ("posesift.evaluation.metrics", "EvalPose"),
    "AngleError": ("posesift.evaluation.metrics", "AngleError"),
    "train": ("posesift.experiments.run", "train"),
    "compare": ("posesift.experiments.compare", "compare"),
    "predict": ("posesift.experiments.predicting", "predict"),
    "export": ("posesift.experiments.exporting", "export"),
    "write_report": ("posesift.report.page", "write_report"),
}
"""A public name to the module that has it, and its name there."""

__all__ = [
    "PCK",
    "PCKAUC",
    "UDAPE",
    "AngleError",
    "EvalPose",
    "HeatmapCodec",
    "MixSampler",
    "PoseDataset",
    "PoseTable",
    "RegDA",
    "RegDASettings",
    "Runtime",
    "SourceOnly",
    "SourceOnlySettings",
    "StrategySampler",
    "UDAPESettings",
    "__version__",
    "bin_edges",
    "collate",
    "compare",
    "evaluate",
    "export",
    "fit",
    "fit_scorer",
    "network",
    "predict",
    "read",
    "render",
    "strategy",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Return a public name, when it is first used (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module 'posesift' has no attribute {name!r}")
    module, inner = _WHERE[name]
    found = getattr(importlib.import_module(module), inner)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return what stands here, the names that have not been used yet included."""
    return sorted({*globals(), *__all__})
