"""The samples that most deserve a look: those which the contact sheet shows at its end.

Shapes: N samples.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from posesift.data.checks.flips import Flips
from posesift.data.checks.impossible import Impossible
from posesift.poses.table import PoseTable

_DOUBT = 0.5  # see `Flips.doubt_N`: below it, nothing is said
_SUSPECTS = 16


class Suspect(NamedTuple):
    """A sample that deserves a look.

    Attributes:
        row: of the table.
        why: a few words.
    """

    row: int
    why: str


def suspects(table: PoseTable, impossible: Impossible, flips: Flips) -> list[Suspect]:
    """The samples that most deserve a look, worst first, some of every kind."""
    names = table.skeleton.keypoints
    kinds = [
        [Suspect(row, "keypoints off the image") for row in _first(impossible.off_N)],
        [Suspect(row, "all in one point") for row in _first(impossible.point_N)],
        [Suspect(row, "sides change from frame before") for row in flips.jumps[:_SUSPECTS]],
    ]
    worst = np.argsort(-impossible.ratio_N * impossible.long_N, kind="stable")[:_SUSPECTS].tolist()
    kinds.append(
        [
            Suspect(
                row,
                f"{impossible.ratio_N[row]:.1f}x "
                + "-".join(names[k] for k in table.skeleton.limbs[impossible.limb_N[row]]),
            )
            for row in worst
            if impossible.long_N[row]
        ]
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


def _first(mask_N: np.ndarray) -> list[int]:
    return np.flatnonzero(mask_N)[:_SUSPECTS].tolist()
