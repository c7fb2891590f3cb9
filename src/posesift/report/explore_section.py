"""The part of a page in which the poses themselves are looked through."""

from __future__ import annotations

from posesift.report.blocks import Section
from posesift.report.pose_sets import PoseSet


def explore(source: PoseSet | None, target: PoseSet | None, missing: str) -> Section | None:
    """The explorer over source and target; None where neither is at hand.

    Args:
        source: the scored poses.
        target: the tested poses.
        missing: why the source is not at hand, or "".
    """
    return None
