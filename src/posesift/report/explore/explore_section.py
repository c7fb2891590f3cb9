"""The part of a page in which the poses themselves are looked through."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from posesift.report.blocks import Block, Explorer, Note, Section
from posesift.report.coverage.lacking import Lacking
from posesift.report.explore.explore_data import explorer_json
from posesift.report.explore.packing import UNDEFINED
from posesift.report.pose_sets import PoseSet

TITLE = "Look through the poses"
FALLBACK = (
    "Looking through the poses needs a script, which does not run here. The sections below show "
    "the same poses in chosen bins."
)


def explore(
    source: PoseSet | None,
    target: PoseSet | None,
    missing: str,
    similarity: dict[str, Any] | None = None,
    lacks: Lacking | str = "",
) -> Section:
    """The explorer over source and target; a note where neither is at hand.

    Args:
        source: the scored poses.
        target: the tested poses.
        missing: why the source is not at hand, or "".
        similarity: of the source's bins, as ``summary.json`` has it.
        lacks: which of the target's poses the source covers, where that was worked out.
    """
    lead = (
        "Choose a bin to see its poses, two bins to set them side by side, or one pose to find "
        "those nearest to it in joint angles."
    )
    notes: list[Block] = []
    if missing:
        notes.append(Note(f"The source's poses are not shown: {missing}."))
    if source and target and not target.table.skeleton.same_as(source.table.skeleton):
        notes.append(Note("The target's poses are not shown: they have another skeleton."))
        target = None
    if source is None and target is None:
        if not missing:
            text = "No poses are shown: neither a score nor predictions were kept in this folder."
            notes.append(Note(text, strong=False))
        return Section("explore", TITLE, "Every pose, by how hard it is.", notes)
    data = explorer_json(source, target, similarity, _covered(target, lacks))
    return Section("explore", TITLE, lead, [*notes, Explorer(data, FALLBACK)])


def _covered(target: PoseSet | None, lacks: Lacking | str) -> NDArray[np.uint8] | None:
    """Whether the source covers each pose of the target; None where nobody asked."""
    if target is None or isinstance(lacks, str):
        return None
    covered_N = np.full(len(target), UNDEFINED, np.uint8)
    covered_N[lacks.coverage.row_N] = lacks.coverage.covered_N
    return covered_N
