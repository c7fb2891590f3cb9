"""Left and right: sides that were mixed up by the mapping of joints, or between two frames.

A table that maps joints to keypoints is easily wrong by a side, and nothing fails: the network
learns the wrong side. What gives it away: the two keypoints of a mirror pair stand in the same
order as those of the pair beside them; of a person seen from the side it is the far side that is
hidden; and sides do not change places between two frames.

Frames of a clip show one person over and over, so what is said of the whole set counts clips: each
that tells has one voice, however long it is. Samples without a clip count as one each.

Shapes: N samples, P mirror pairs, M samples or clips that tell (of jumps: frames of a block),
T steps from a frame to the next, 2 = (x, y).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from posesift.data.checks import facing
from posesift.data.checks.sides import LEAST, Sides, groups, lateral, orders, side_pairs
from posesift.poses.table import PoseTable

SWAPPED, MIXED = 0.75, 0.25
"""Share of samples in which a pair disagrees with its neighbour: called swapped, warned about.
Samples count by the widths of both pairs: `posesift.data.checks.sides.Sides.agreement`. On 4,000
photographs of sports with a crowd's labels it is at most 4 %, on the body world 2 %, and with a
pair swapped thus at least 96 and 98 %."""

EXCHANGED, SOUND = 0.3, 0.55
"""Share of the telling samples whose hidden side is the far one: below the first, all sides are
called exchanged; above the second they are not, however many backs are seen. On the photographs it
is 84 %, on the body world 99 %; with the sides exchanged, 16 and 1 %."""

BACKS = 0.35
"""Share of people seen from the front, below which sides look exchanged when nothing better can
tell. On the photographs it is 70 % (exchanged: 30 %), on the body world 49 to 52 %."""

LEAST_CLIPS = 5
"""Clips that must tell of a pair, beside the 40 samples: a person may cross the legs all through
one clip."""

_WIDE = 0.03  # of the pose's extent: a narrower pair is in no order
_CERTAIN = 0.05  # product of two widths, in squared extents: each is a fifth of the extent, or so
_MOST = 100_000  # samples looked at for shares, evenly spread
_WIDE_FRAME = 0.06  # of the pose's extent, each of two torso pairs: no majority helps a frame
_STEP = 0.1  # of the extent: frames whose keypoints move further are no neighbours in time
_BLOCK = 65_536  # frames compared at a time


@dataclass
class Flips:
    """What is known about sides.

    Attributes:
        swapped: mirror pairs that the mapping seems to swap, by the name that both sides share.
        neighbours: ``pairs``, ``samples`` that tell, ``disagree_percent``; one entry for two pairs.
        front_percent: people seen from the front, of those with a wide trunk; None if few. This and
            the next two count clips where there are any.
        far_side_hidden_percent: of people or animals seen from the side, those whose hidden side
            is the far one; None if few tell.
        face_front_percent: of people whose face is seen, those whose hips and shoulders are in the
            order of a front; None if few tell.
        jumps: rows of frames at which all sides change places.
        warnings: sentences for people; empty when all is well.
        doubt_N: how much hips and shoulders (torso pairs) of each sample contradict each other, 0
            to 1; for the eye.
    """

    swapped: list[str] = field(default_factory=list)
    neighbours: list[dict[str, Any]] = field(default_factory=list)
    front_percent: float | None = None
    far_side_hidden_percent: float | None = None
    face_front_percent: float | None = None
    jumps: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    doubt_N: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))

    def facts(self) -> dict[str, Any]:
        """Return what JSON can hold, without the sentences."""
        names = ("swapped", "neighbours", "front_percent", "far_side_hidden_percent")
        return {name: getattr(self, name) for name in (*names, "face_front_percent", "jumps")}


def find_flips(table: PoseTable) -> Flips:
    """Look for sides that were mixed up.

    Shares are those of at most 100,000 samples, evenly spread; frames are all compared.

    Args:
        table: of any skeleton. One without mirror pairs whose names say left and right, such as a
            hand, gives no findings.
    """
    found = Flips(doubt_N=np.zeros(len(table), np.float32))
    if not len(side_pairs(table.skeleton)) or not len(table):
        return found
    rows = np.unique(np.linspace(0, len(table) - 1, min(len(table), _MOST)).astype(int))
    part = table if len(rows) == len(table) else table.select(rows)
    sides = Sides.of(part)
    differs = _compare_pairs(found, sides, rows, part.clip_N)
    order_P = orders(len(sides.names_P), {pair: share > SWAPPED for pair, share in differs.items()})
    far_N = facing.far_side_hidden(part, sides, order_P)
    if (order_P < 0).sum() * 2 == len(order_P) and _exchanged(
        _share(_voices(far_N, part.clip_N) > 0)
    ):
        order_P = -order_P  # as many pairs speak for either; what is hidden decides
    _name_swapped(found, sides, order_P, differs, part.clip_N)
    _compare_directions(found, part, sides, order_P)
    if table.clip_N is not None:
        found.jumps, steps = _find_jumps(table, table.clip_N)
        if found.jumps:
            found.warnings.append(
                f"sides change places between neighbouring frames {len(found.jumps)} times in "
                f"{steps} steps: single frames look labelled the other way round"
            )
    return found


def _compare_pairs(
    found: Flips, sides: Sides, rows: np.ndarray, clip_N: np.ndarray | None
) -> dict[tuple[int, int], float]:
    """Return the share of samples or clips, by weight, whose neighbours stand reversed."""
    differs = {}
    unit = "samples" if clip_N is None else "clips"
    for one, other, over_trunk in sides.neighbours():
        names = [sides.names_P[one], sides.names_P[other]]
        agree_N = sides.agreement(one, other, over_trunk, _WIDE)
        agree_M = _means(agree_N, clip_N)
        count, samples = len(agree_M), int(np.isfinite(agree_N).sum())
        weight = max(float(np.abs(agree_M).sum()), 1e-12)
        told = clip_N is None or count >= LEAST_CLIPS
        share = float(-agree_M[agree_M < 0].sum()) / weight if samples >= LEAST and told else None
        percent = None if share is None else round(100 * share, 1)
        found.neighbours.append({"pairs": names, "samples": samples, "disagree_percent": percent})
        if over_trunk:
            doubt_N = np.clip(-np.nan_to_num(agree_N) / _CERTAIN, 0, 1)
            found.doubt_N[rows] = np.maximum(found.doubt_N[rows], doubt_N)
        if share is None:
            continue
        differs[one, other] = share
        if MIXED < share <= SWAPPED:
            found.warnings.append(
                f"sides are mixed: left and right {_and(names[:1])} stand in the other order than "
                f"left and right {_and(names[1:])} in {share:.0%} of {count} {unit} that tell; "
                "were all samples labelled by one convention?"
            )
    return differs


def _name_swapped(
    found: Flips,
    sides: Sides,
    order_P: np.ndarray,
    differs: dict[tuple[int, int], float],
    clip_N: np.ndarray | None,
) -> None:
    """Say which pairs stand the other way round than those beside them."""
    unit = "samples" if clip_N is None else "clips"
    for members in groups(len(order_P), differs):
        flipped = [p for p in members if order_P[p] < 0]
        shares = [
            share for (p, q), share in differs.items() if p in members and order_P[p] != order_P[q]
        ]
        if not shares:
            continue
        names = [sides.names_P[p] for p in flipped]
        found.swapped += names
        found.warnings.append(
            f"left and right {_and(names)} look swapped by the mapping: they stand in the other "
            f"order than the pairs beside them in {min(shares):.0%} of the {unit} that tell"
        )


def _compare_directions(found: Flips, table: PoseTable, sides: Sides, order_P: np.ndarray) -> None:
    """Whether all sides of the set are exchanged."""
    front_N = facing.from_front(table, sides, order_P)
    far_N = facing.far_side_hidden(table, sides, order_P)
    seen_N = np.where(facing.face_seen(table), front_N, 0)
    voices = [_voices(tells_N, table.clip_N) for tells_N in (front_N, far_N, seen_N)]
    front, far, face = (_share(voice_M > 0) for voice_M in voices)
    unit = "samples" if table.clip_N is None else "clips"
    found.front_percent, found.far_side_hidden_percent, found.face_front_percent = (
        None if share is None else round(100 * share, 1) for share in (front, far, face)
    )
    evidence = []
    if far is not None and _exchanged(far):
        evidence.append(
            f"seen from the side, somebody's hidden side is the near one in {1 - far:.0%} of "
            f"{len(voices[1])} {unit}"
        )
    if face is not None and _exchanged(face):
        evidence.append(
            f"where the face is seen, hips and shoulders stand in the order of a back in "
            f"{1 - face:.0%} of {len(voices[2])} {unit}"
        )
    if evidence:
        found.warnings.append(
            f"left and right look exchanged in the whole set: {'; '.join(evidence)}. Does the "
            "file count sides as the viewer sees them, or were images mirrored without labels?"
        )
    elif (
        front is not None
        and front < BACKS
        and not any(share is not None and share > SOUND for share in (far, face))
    ):
        found.warnings.append(
            f"left and right may be exchanged in the whole set: in only {front:.0%} of "
            f"{len(voices[0])} {unit} people look as if seen from the front; nothing here tells "
            "whether they do turn their backs, so look at the sheet"
        )


def _means(told_N: np.ndarray, clip_N: np.ndarray | None) -> np.ndarray:
    """Return what samples tell (M,), or each clip on average; NaN = nothing told.

    >>> _means(np.array([1.0, 3.0, np.nan, -1.0]), np.array(["a", "a", "b", ""])).tolist()
    [2.0, -1.0]
    """
    row_M = np.flatnonzero(np.isfinite(told_N))
    if clip_N is None:
        return told_N[row_M]
    named_M = clip_N[row_M].astype(str)
    alone_M = np.where(named_M == "", row_M, -1)  # no clip: a sample on its own
    _, clip_M = np.unique(np.char.add(alone_M.astype(str), named_M), return_inverse=True)
    return np.bincount(clip_M, told_N[row_M]) / np.bincount(clip_M)


def _voices(tells_N: np.ndarray, clip_N: np.ndarray | None) -> np.ndarray:
    """1 or -1 for each sample that tells (is not 0), or for each clip by its majority."""
    voice_M = np.sign(_means(np.where(tells_N == 0, np.nan, tells_N), clip_N))
    return voice_M[voice_M != 0]


def _exchanged(share: float | None) -> bool:
    return share is not None and share < EXCHANGED


def _share(is_so_M: np.ndarray) -> float | None:
    """Return the share of samples, or None where too few tell."""
    return float(is_so_M.mean()) if len(is_so_M) >= LEAST else None


def _and(words: list[str]) -> str:
    """Words as a list in a sentence.

    >>> _and(["hip", "knee", "ankle"])
    'hip, knee and ankle'
    """
    words = [word.replace("_", " ") for word in words]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _find_jumps(table: PoseTable, clip_N: np.ndarray) -> tuple[list[int], int]:
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
