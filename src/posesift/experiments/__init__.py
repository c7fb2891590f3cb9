"""Experiments: what is run, said in one plain value; and the functions that run it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posesift.experiments.arms import Arm, Comparison
    from posesift.experiments.spec import Experiment

__all__ = ["Arm", "Comparison", "Experiment"]


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: the flags of commands need `settings` alone."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "spec" if name == "Experiment" else "arms"
    return getattr(importlib.import_module(f"posesift.experiments.{module}"), name)
