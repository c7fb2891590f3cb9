"""The samples that most deserve a look: those which the contact sheet shows at its end.

Shapes: N samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from posesift.data.checks.flips import Flips, find_flips
from posesift.data.checks.impossible import Impossible, find_impossible
from posesift.poses.table import PoseTable

_DOUBT = 0.5  # see `Flips.doubt_N`: below it, nothing is said
_SUSPECTS = 16
_COMPARED = 20_000


class Suspect(NamedTuple):
    """A sample that deserves a look.

    Attributes:
        row: of the table.
        why: a few words.
    """

    row: int
    why: str


def marked(table: PoseTable, rows: Sequence[int] | np.ndarray) -> dict[int, str]:
    """Of some rows those that a check would mark, each with what looks wrong.

    The whole table says how long limbs are; of more than 20,000 poses so many, evenly spread.

    Args:
        table: labelled poses.
        rows: of the table.
    """
    spread = np.linspace(0, max(len(table) - 1, 0), min(len(table), _COMPARED)).astype(np.intp)
    row_M = np.union1d(spread, np.asarray(rows, np.intp))
    part = table.select(row_M).changed(clip_N=None)  # no neighbours in time
    impossible, flips = find_impossible(part), find_flips(part)
    found = {}
    for row in map(int, rows):
        at = int(np.searchsorted(row_M, row))
        if impossible.off_N[at]:
            found[row] = "keypoints off the image"
        elif impossible.point_N[at]:
            found[row] = "all in one point"
        elif impossible.long_N[at]:
            found[row] = _long(table, impossible, at)
        elif flips.doubt_N[at] > _DOUBT:
            found[row] = "sides contradict"
    return found


def suspects(table: PoseTable, impossible: Impossible, flips: Flips) -> list[Suspect]:
    """Return the samples that most deserve a look, worst first, some of every kind."""
    kinds = [
        [Suspect(row, "keypoints off the image") for row in _first(impossible.off_N)],
        [Suspect(row, "all in one point") for row in _first(impossible.point_N)],
        [Suspect(row, "sides change from frame before") for row in flips.jumps[:_SUSPECTS]],
    ]
    worst = np.argsort(-impossible.ratio_N * impossible.long_N, kind="stable")[:_SUSPECTS].tolist()
    kinds.append(
        [Suspect(row, _long(table, impossible, row)) for row in worst if impossible.long_N[row]]
    )
    doubtful = np.argsort(-flips.doubt_N, kind="stable")[:_SUSPECTS].tolist()
    kinds.append(
        [Suspect(row, "sides contradict") for row in doubtful if flips.doubt_N[row] > _DOUBT]
    )
    chosen: dict[int, Suspect] = {}
    of_clip: Counter[Any] = Counter()  # frames beside each other tell the same
    for place in range(_SUSPECTS):  # in turn, so that no kind hides another
        for suspect in [kind[place] for kind in kinds if place < len(kind)]:
            clip = suspect.row if table.clip_N is None else table.clip_N[suspect.row]
            if suspect.row in chosen or of_clip[clip] == 2 or len(chosen) == _SUSPECTS:
                continue
            chosen[suspect.row] = suspect
            of_clip[clip] += 1
    return sorted(chosen.values(), key=lambda suspect: suspect.why)


def _long(table: PoseTable, impossible: Impossible, row: int) -> str:
    limb = table.skeleton.limbs[impossible.limb_N[row]]
    names = "-".join(table.skeleton.keypoints[k] for k in limb)
    return f"{impossible.ratio_N[row]:.1f}x {names}"


def _first(mask_N: np.ndarray) -> list[int]:
    return np.flatnonzero(mask_N)[:_SUSPECTS].tolist()
