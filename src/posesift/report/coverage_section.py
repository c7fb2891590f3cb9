"""The part of a page about what the target has and the source lacks."""

from __future__ import annotations

from posesift.report.blocks import Section
from posesift.report.pose_sets import PoseSet


def coverage(source: PoseSet | None, target: PoseSet | None) -> Section | None:
    """Map, angle densities and what to render next; None without both sets."""
    return None
