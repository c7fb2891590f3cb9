"""Experiments: what is run, said in one plain value; and the functions that run it."""

from posesift.experiments.arms import Arm, Comparison
from posesift.experiments.spec import Experiment

__all__ = ["Arm", "Comparison", "Experiment"]
