"""Skeletons: named keypoints and what belongs to them, one TOML file each."""

from posesift.skeletons.skeleton import Skeleton, load, names

__all__ = ["Skeleton", "load", "names"]
