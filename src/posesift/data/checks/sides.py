"""Mirror pairs as vectors from right to left, and which pairs must stand in the same order.

Shapes: N samples, K keypoints, P mirror pairs, 2 = (x, y), except pairs_P2: (left, right).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from posesift.poses import boxes
from posesift.poses.table import PoseTable
from posesift.skeletons import Skeleton
from posesift.skeletons.sides import all_sided

LEAST = 40
"""Samples that must tell something before their share means anything."""


def side_pairs(skeleton: Skeleton) -> np.ndarray:
    """Mirror pairs whose names tell the sides, (P, 2) keypoint indices, left first.

    >>> from posesift.skeletons import load
    >>> [load("coco17").keypoints[k] for k in side_pairs(load("coco17"))[0]]
    ['left_eye', 'right_eye']
    """
    found = all_sided(skeleton.keypoints)
    pairs = [
        (one, other)
        for one, other in enumerate(skeleton.mirror)
        if (found[one].side, found[other].side) == ("left", "right")
    ]
    return np.array(pairs, np.intp).reshape(-1, 2)


@dataclass
class Sides:
    """The mirror pairs of some samples.

    Attributes:
        pairs_P2: as from `side_pairs`.
        names_P: what both keypoints of a pair are called without their side.
        across_NP2: from the right keypoint to the left one; 0 where one is not visible.
        middle_NP2: half-way between them; anything where one is not visible.
        known_NP: both are visible.
        size_N: the longer side of the pose's extent, in pixels.
    """

    skeleton: Skeleton
    pairs_P2: np.ndarray
    names_P: list[str]
    across_NP2: np.ndarray
    middle_NP2: np.ndarray
    known_NP: np.ndarray
    size_N: np.ndarray

    @staticmethod
    def of(table: PoseTable) -> Sides:
        """Return the pairs of a table."""
        pairs_P2 = side_pairs(table.skeleton)
        named = all_sided(table.skeleton.keypoints)
        left_NP2, right_NP2 = (table.keypoints_NK2[:, pairs_P2[:, side]] for side in (0, 1))
        known_NP = table.visible_NK[:, pairs_P2[:, 0]] & table.visible_NK[:, pairs_P2[:, 1]]
        extent_N4 = boxes.keypoint_boxes(table.keypoints_NK2, table.visible_NK)
        return Sides(
            table.skeleton,
            pairs_P2,
            [named[left].bare for left in pairs_P2[:, 0]],
            np.where(known_NP[..., None], left_NP2 - right_NP2, 0),
            (left_NP2 + right_NP2) / 2,
            known_NP,
            np.maximum(extent_N4[:, 2:].max(1), 1e-6),
        )

    @property
    def torso(self) -> list[int]:
        """The pairs whose keypoints both belong to the skeleton's torso."""
        torso = set(self.skeleton.torso)
        return [p for p, pair in enumerate(self.pairs_P2.tolist()) if set(pair) <= torso]

    def neighbours(self) -> list[tuple[int, int, bool]]:
        """Pairs that stand in the same order in nearly every pose, and whether over the trunk.

        Two pairs are neighbours when a limb joins their left keypoints. Pairs that no limb joins
        to the torso (a person's eyes and ears) are compared with the pair of the torso that is
        nearest to them.
        """
        pair_of = {k: p for p, pair in enumerate(self.pairs_P2.tolist()) for k in pair}
        left, torso = set(self.pairs_P2[:, 0].tolist()), self.torso
        joined = sorted(
            {
                (min(pair_of[a], pair_of[b]), max(pair_of[a], pair_of[b]))
                for a, b in self.skeleton.limbs
                if {a, b} <= left
            }
        )
        edges = [(p, q, p in torso and q in torso) for p, q in joined]
        for members in groups(len(self.names_P), joined):
            if torso and not set(members) & set(torso):
                p, q = min(((p, q) for p in members for q in torso), key=lambda pq: self._gap(*pq))
                edges.append((p, q, True))
        return edges

    def agreement(self, one: int, other: int, over_trunk: bool, wide: float) -> np.ndarray:
        """Above 0 for the same order, below for the opposite; NaN where a pair is too narrow.

        It is the product of the two pairs' widths, in squared extents of the pose: a wide pair
        tells more than a narrow one. Along a limb it is the scalar product of the vectors from
        right to left, which is negative exactly where both limbs together would be shorter (in
        squares) with one pair swapped, however the body is turned. Over the trunk only what lies
        across it counts, for the legs of an animal swing along it.

        Args:
            one: a pair.
            other: another.
            over_trunk: as `neighbours` says.
            wide: share of the pose's extent that both pairs must span.
        """
        first_N2, second_N2 = self.across_NP2[:, one], self.across_NP2[:, other]
        if over_trunk:
            axis_N2 = self.middle_NP2[:, other] - self.middle_NP2[:, one]
            first_N, second_N = (lateral(axis_N2, pair_N2) for pair_N2 in (first_N2, second_N2))
            product_N = first_N * second_N
            width_N = np.minimum(np.abs(first_N), np.abs(second_N))
        else:
            product_N = (first_N2 * second_N2).sum(-1)
            width_N = np.minimum(np.hypot(*first_N2.T), np.hypot(*second_N2.T))
        known_N = self.known_NP[:, one] & self.known_NP[:, other]
        tells_N = known_N & (width_N > wide * self.size_N)
        return np.where(tells_N, product_N / self.size_N**2, np.nan)

    def _gap(self, one: int, other: int) -> float:
        """Median distance of two pairs, in extents of the pose."""
        both_N = self.known_NP[:, one] & self.known_NP[:, other]
        if not both_N.any():
            return np.inf
        gap_N2 = self.middle_NP2[both_N, one] - self.middle_NP2[both_N, other]
        return float(np.median(np.hypot(*gap_N2.T) / self.size_N[both_N]))


def lateral(up_N2: np.ndarray, vector_N2: np.ndarray) -> np.ndarray:
    """How far vectors point to the right-hand side of the image once ``up`` points to its top.

    >>> lateral(np.array([[0.0, -5.0]]), np.array([[3.0, 4.0]])).tolist()
    [3.0]
    """
    cross_N = up_N2[..., 0] * vector_N2[..., 1] - up_N2[..., 1] * vector_N2[..., 0]
    return cross_N / np.maximum(np.hypot(up_N2[..., 0], up_N2[..., 1]), 1e-6)


def groups(count: int, joined: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return what is joined, directly or over others.

    >>> groups(4, [(0, 2), (2, 3)])
    [[0, 2, 3], [1]]
    """
    group_P = list(range(count))
    for a, b in joined:
        old, new = group_P[b], group_P[a]
        group_P = [new if group == old else group for group in group_P]
    return [[p for p in range(count) if group_P[p] == group] for group in sorted(set(group_P))]


def orders(count: int, differs: dict[tuple[int, int], bool]) -> np.ndarray:
    """(P,) 1 or -1, so that neighbours have opposite signs where they differ.

    The smaller part of every group has -1; of two equal parts, that without the first pair.

    >>> orders(3, {(0, 1): True, (1, 2): True}).tolist()
    [1, -1, 1]
    """
    order_P = np.zeros(count, int)
    for start in range(count):
        if order_P[start]:
            continue
        order_P[start] = 1
        reached = [start]
        for p in reached:
            for (a, b), differ in differs.items():
                if p in (a, b) and not order_P[q := a + b - p]:
                    order_P[q] = -order_P[p] if differ else order_P[p]
                    reached.append(q)
        if order_P[reached].sum() < 0:
            order_P[reached] *= -1
    return order_P
