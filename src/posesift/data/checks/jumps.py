"""Frames of a clip at which left and right change places, though nothing else has moved far.

Shapes: N frames, M those of a block, P mirror pairs, T steps from a frame to the next, 2 = (x, y).
"""

from __future__ import annotations

import numpy as np

from posesift.data.checks.sides import LEAST, Sides, lateral
from posesift.poses.table import PoseTable

_WIDE_FRAME = 0.06  # of the pose's extent, each of two torso pairs: no majority helps a frame
_STEP = 0.1  # of the extent: frames whose keypoints move further are no neighbours in time
_BLOCK = 65_536  # frames compared at a time


def find_jumps(table: PoseTable, clip_N: np.ndarray) -> tuple[list[int], int]:
    """Frames at which all sides change places.

    Args:
        table: of any skeleton; one with fewer than two torso pairs gives none, nothing of it is
            wide whenever somebody is seen from the front.
        clip_N: the clip of each frame; steps from one clip to another do not count.

    Returns:
        The rows, and the number of steps looked at. No rows where frames are too far apart in
        time: people may have turned round.
    """
    rows: list[int] = []
    motions = [np.zeros(0)]
    for begin in range(0, len(table) - 1, _BLOCK):
        part = table.select(np.arange(begin, min(begin + _BLOCK + 1, len(table))))
        sides = Sides.of(part)
        if len(sides.torso) < 2:
            return [], 0
        clip_M = np.asarray(clip_N[begin : begin + len(part)])
        same_T = clip_M[:-1] == clip_M[1:]
        jump_T, motion_T = _jumps(sides, same_T)
        motions.append(motion_T[same_T])
        rows += (begin + 1 + np.flatnonzero(jump_T)).tolist()
    motion_T = np.concatenate(motions)
    told_T = motion_T[np.isfinite(motion_T)]
    is_near = len(told_T) >= LEAST and np.median(told_T) <= _STEP
    return (rows if is_near else []), len(motion_T)


def _jumps(sides: Sides, same_T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which steps exchange the sides, and how far the middles of all pairs move, in extents."""
    both_TP = sides.known_NP[1:] & sides.known_NP[:-1]
    count_T = np.maximum(both_TP.sum(1), 1)
    before_TP2, after_TP2 = sides.across_NP2[:-1], sides.across_NP2[1:]
    moved_TP2 = sides.middle_NP2[1:] - sides.middle_NP2[:-1]
    size_T = np.maximum(sides.size_N[1:], sides.size_N[:-1])
    moved_TP = (moved_TP2**2).sum(-1)
    motion_T = np.sqrt((moved_TP * both_TP).sum(1) / count_T) / size_T

    # with m the middle's way and a, b the pair before and after, the two keypoints move by
    # m + (b - a) / 2 and m - (b - a) / 2; with sides exchanged, by m + (b + a) / 2 and so on
    straight_TP = moved_TP + ((after_TP2 - before_TP2) ** 2).sum(-1) / 4
    crossed_TP = moved_TP + ((after_TP2 + before_TP2) ** 2).sum(-1) / 4
    shorter_T = (crossed_TP * both_TP).sum(1) < 0.25 * (straight_TP * both_TP).sum(1)

    first, last = sides.torso[0], sides.torso[-1]
    axis_N2 = sides.middle_NP2[:, last] - sides.middle_NP2[:, first]
    jump_T = same_T & shorter_T & both_TP[:, [first, last]].all(1)
    for p in (first, last):
        width_N = lateral(axis_N2, sides.across_NP2[:, p]) / sides.size_N
        wide_N = np.abs(width_N) > _WIDE_FRAME
        jump_T &= wide_N[1:] & wide_N[:-1] & (width_N[1:] * width_N[:-1] < 0)
    return jump_T, np.where(both_TP.any(1), motion_T, np.nan)
