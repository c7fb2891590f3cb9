"""The hardest poses as labels to look at first: on photographs a part of them are mistakes.

N samples.
"""

from __future__ import annotations

import shlex

import numpy as np

from posesift.data.checks.suspects import marked
from posesift.report.blocks import Gallery, Section, Strip
from posesift.report.pictures import labelled, without_images
from posesift.report.pose_sets import PoseSet
from posesift.report.wording import count, number

ANCHOR = "labels"
TITLE = "Look at these labels first"
SHOWN = 12
_LETTERS = 20  # of an image's name that fit below a picture


def labels_first(source: PoseSet | None) -> Section | None:
    """Return the hardest poses, what looks wrong with each, and the command that looks at all.

    None without poses, and for a built-in world, whose labels are right.
    """
    if source is None or source.of_world:
        return None
    known = np.flatnonzero(np.isfinite(source.score_N) & (source.table.visible_NK.sum(1) > 0))
    rows = known[np.argsort(-source.score_N[known], kind="stable")][:SHOWN]
    if not len(rows):
        return None
    why = marked(source.table, rows)
    said = []
    for i, row in enumerate(rows.tolist()):
        name = "" if source.table.image_N is None else _ending(str(source.table.image_N[row]))
        shown = [f"row {source.row_N[row]}", name, number(float(source.score_N[row]), 2)]
        caption = [part for part in [*shown, why.get(row, "")] if part]
        said.append((f"Number {i + 1} of the hardest poses: {', '.join(caption)}", caption))
    pictures, crops = labelled(source.table, rows, said)
    command = shlex.join(["posesift", "check", source.table.address])
    lead = (
        f"The {count(len(rows))} hardest poses. Where people labelled photographs, a part of such "
        "poses are mistakes of the labels and not rare: sides exchanged, joints off the person. "
        f"{_suspect(len(why), len(rows))} {command} looks for such labels in the "
        "whole set and shows them on its contact sheet."
    )
    gallery = Gallery(TITLE, "Hardest first.", [Strip(f"Hardest {len(rows)}", "", pictures)])
    return Section(ANCHOR, TITLE, lead, [*without_images(crops.shortfall), gallery])


def _suspect(marks: int, shown: int) -> str:
    """How many of them the check would mark.

    >>> _suspect(1, 12)
    'By the rules of the check 1 of 12 is suspect.'
    """
    if not marks:
        return "By the rules of the check none of these is suspect; the eye may see more."
    return f"By the rules of the check {marks} of {shown} {'is' if marks == 1 else 'are'} suspect."


def _ending(name: str) -> str:
    """Names of images differ at their ends."""
    return name if len(name) <= _LETTERS else f"…{name[-_LETTERS + 1 :]}"
