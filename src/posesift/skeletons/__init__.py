"""Skeletons: named keypoints and what belongs to them, one TOML file each."""

from posesift.skeletons.document import load, names
from posesift.skeletons.skeleton import Skeleton

__all__ = ["Skeleton", "load", "names"]
