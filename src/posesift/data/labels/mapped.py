"""The options ``as=SKELETON`` and ``map=FILE``: a table read as another skeleton.

Keypoints meet by their names, and by a table of names of one's own.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from posesift.data.labels.keypoint_names import NO_FLIPS
from posesift.poses.deferred import Deferred, deferred
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton
from posesift.skeletons.mapping import Mapping, mapping
from posesift.skeletons.synonyms import Synonyms


def mapped(
    table: PoseTable,
    target: Skeleton,
    absent: tuple[str, ...] | None = None,
    own: Synonyms | None = None,
) -> PoseTable:
    """Return the poses of ``table`` with the keypoints of ``target``; all else is kept.

    What is computed from other keypoints, never visible or dropped joins ``table.problems``.

    Args:
        table: the poses.
        target: the skeleton that is wanted.
        absent: keypoints that the data never show; None for those that this table never shows,
            which for a part of the data may be more.
        own: a table of names that comes before the names themselves and the built-in table.

    Raises:
        ValueError: the two skeletons have nothing in common, or ``own`` names a keypoint that
            neither has.
    """
    if absent is None:
        absent = never_visible(table)
    found = mapping(table.skeleton, target, absent, own)
    keypoints_NK2, visible_NK = found.move(table.keypoints_NK2, table.visible_NK)
    occluded_NK = table.kept("occluded_NK")
    if isinstance(occluded_NK, Deferred):
        work = partial(_occluded, occluded_NK, found, visible_NK)
        occluded_NK = deferred(work, visible_NK.shape)
    elif occluded_NK is not None:
        occluded_NK = found.any(occluded_NK) & visible_NK
    return table.changed(
        skeleton=target,
        keypoints_NK2=keypoints_NK2,
        visible_NK=visible_NK,
        occluded_NK=occluded_NK,
        problems=[*table.problems, *found.describe()],
        notes=[note for note in table.notes if not note.startswith(NO_FLIPS)],
    )


def _occluded(
    column: Deferred, found: Mapping, visible_NK: NDArray[np.bool_], row_R: NDArray[np.intp]
) -> NDArray[np.bool_]:
    return found.any(column[row_R].values()) & visible_NK[row_R]


def never_visible(table: PoseTable) -> tuple[str, ...]:
    """Names of the keypoints that labelled data never show; none where there are no labels.

    Training gives them no weight, and there is nothing to measure them by.
    """
    shown = set(np.flatnonzero(table.visible_NK.any(axis=0)).tolist())
    return tuple(
        name for k, name in enumerate(table.skeleton.keypoints) if shown and k not in shown
    )


def warning_of_never_visible(table: PoseTable) -> str | None:
    """One line that names such keypoints and the data, for a training on ``table``."""
    if not (missing := never_visible(table)):
        return None
    return (
        f"{table.address or 'the training data'} never shows {', '.join(missing)}: "
        "the network does not learn to find them"
    )
