"""Experiments: what is run, said in one plain value; and the functions that run it."""

from posesift.experiments.spec import Arm, Comparison, Experiment

__all__ = ["Arm", "Comparison", "Experiment"]
