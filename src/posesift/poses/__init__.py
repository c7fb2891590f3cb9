"""Poses: the table of N poses, boxes, the pixel convention, joint angles."""

from posesift.poses.table import PoseTable

__all__ = ["PoseTable"]
