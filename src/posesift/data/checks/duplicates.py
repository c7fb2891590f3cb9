"""The same picture twice: under two names, at another quality, or in both training and test.

Shapes: M images, U pictures that differ, E pairs, P pictures with one look, 2 = (brighter to the
right, brighter below).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from posesift.data.checks.looking import Looks
from posesift.data.checks.thumbnails import Thumbnails

NEAR = 3
"""Bits of 64 by which two looks may differ along rows. Of 500 photographs written again as JPEGs of
quality 50, or at half the size, 95 % stay within it. Among the 8 million pairs of 4,000 other
photographs, all that are within it show the same picture; from 6 bits on different ones do."""

NEAR_BELOW = 10
"""The same along columns, where it only confirms: no copy of those differed in more."""

PATIENCE = 4e9
"""Pairs of looks that are compared at most, which takes some 20 seconds. Of 200,000 pictures that
differ some million pairs share a part; of as many frames of one fixed camera, nearly all do."""

PATIENCE_IN_COLOUR = 1e8
"""Pairs of thumbnails that are compared at most, in some 20 seconds: those that hash alike."""

_PARTS = NEAR + 1  # of a hash: two that differ in NEAR bits agree in one of them
_FLUSH = 1_000_000  # pairs kept until they are joined to groups


@dataclass
class Duplicates:
    """Groups of images, as indices into `Looks`; the first of each group is the first in order.

    Attributes:
        same: equal pixels under different names.
        near: pictures that look the same and are not equal (one of each equal group stands here
            for all).
        compared: whether looks were compared; not when so many are alike that it would take long.
    """

    same: list[np.ndarray] = field(default_factory=list)
    near: list[np.ndarray] = field(default_factory=list)
    compared: bool = True

    def facts(self, looks: Looks, shown: int = 1000) -> dict[str, Any]:
        """Return counts, and the names of the first groups."""
        facts: dict[str, Any] = {"compared": self.compared}
        for kind, groups in (("same", self.same), ("near", self.near)):
            facts[f"{kind}_groups"] = len(groups)
            facts[f"{kind}_images"] = sum(len(group) for group in groups)
            facts[f"{kind}_names"] = [looks.name_M[group].tolist() for group in groups[:shown]]
        return facts


def find_duplicates(looks: Looks) -> Duplicates:
    """Group the images that are equal, and those that look the same.

    Equal pixels are found by their digest, looks by `near_pairs`; the colours confirm them. What is
    nearly the same as a second picture, and that as a third, makes one group.
    """
    seen = np.flatnonzero(looks.seen_M)
    same = _groups_of(np.unique(looks.digest_M[seen], return_inverse=True)[1])
    # one image of each equal group stands for all of it
    first = np.sort(np.unique(looks.digest_M[seen], return_index=True)[1])
    alone = seen[first]
    alone = alone[~looks.plain_M[alone]]
    near = _near_groups(looks.look_M2[alone], looks.small_M993[alone])
    return Duplicates(
        [seen[group] for group in same],
        [alone[group] for group in near or []],
        compared=near is not None,
    )


def _near_groups(look_M2: np.ndarray, small_M993: np.ndarray) -> list[np.ndarray] | None:
    """Group pictures that look nearly the same; None where too many do for all to be compared."""
    thumbnails = Thumbnails(small_M993)
    which_M = _pictures(look_M2, thumbnails)
    if which_M is None:
        return None
    leader_U = np.unique(which_M, return_index=True)[1]
    look_U2 = look_M2[leader_U]
    if sum((np.bincount(_part(look_U2, part)) ** 2.0).sum() for part in range(_PARTS)) > PATIENCE:
        return None
    group_U = np.arange(len(look_U2))
    for one_E, other_E in near_pairs(look_U2):
        if thumbnails.compared > PATIENCE_IN_COLOUR:
            return None
        alike_E = thumbnails.alike(leader_U[one_E], leader_U[other_E])
        group_U = _joined(group_U, one_E[alike_E], other_E[alike_E])
    return _groups_of(group_U[which_M])


def near_pairs(look_U2: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of looks that differ by at most `NEAR` and `NEAR_BELOW` bits, in blocks.

    Two hashes that differ in at most three bits agree in one of four parts of 16 bits, so only
    looks that share a part are compared: the work grows with N as long as pictures differ. A pair
    may come more than once.

    Args:
        look_U2: (U, 2) uint64.

    Yields:
        Indices of the one and of the other, (E,) each.
    """
    one, other, kept = [], [], 0
    for part in range(_PARTS):
        key_U = _part(look_U2, part)
        order_U = np.argsort(key_U, kind="stable")
        key_U = key_U[order_U]
        left = np.arange(len(key_U))  # places whose key reaches at least `apart` places further
        for apart in range(1, len(key_U)):
            left = left[left + apart < len(key_U)]
            left = left[key_U[left] == key_U[left + apart]]
            if not len(left):
                break
            a_E, b_E = order_U[left], order_U[left + apart]
            is_near_E = np.bitwise_count(look_U2[a_E, 0] ^ look_U2[b_E, 0]) <= NEAR
            a_E, b_E = a_E[is_near_E], b_E[is_near_E]
            is_near_E = np.bitwise_count(look_U2[a_E, 1] ^ look_U2[b_E, 1]) <= NEAR_BELOW
            one.append(a_E[is_near_E])
            other.append(b_E[is_near_E])
            kept += int(is_near_E.sum())
            if kept > _FLUSH or len(one) > 10_000:
                yield np.concatenate(one), np.concatenate(other)
                one, other, kept = [], [], 0
    if one:
        yield np.concatenate(one), np.concatenate(other)


def _pictures(look_M2: np.ndarray, thumbnails: Thumbnails) -> np.ndarray | None:
    """Give one number to pictures with one look and nearly the same colours.

    Frames of a fixed camera become one, so that they are compared once; people on plain backgrounds
    stay apart.

    Returns:
        (M,) int64, from 0; None when too many have one look and differ in colour.
    """
    look_M = np.unique(look_M2, axis=0, return_inverse=True)[1].reshape(-1)
    number_M, count = np.arange(len(look_M)), 0
    order_M = np.argsort(look_M, kind="stable")
    for left_P in np.split(order_M, np.flatnonzero(np.diff(look_M[order_M])) + 1):
        while len(left_P):
            if thumbnails.compared > PATIENCE_IN_COLOUR:
                return None
            is_alike_P = thumbnails.alike(np.broadcast_to(left_P[0], len(left_P)), left_P)
            number_M[left_P[is_alike_P]] = count
            left_P, count = left_P[~is_alike_P], count + 1
    return number_M


def _part(look_U2: np.ndarray, part: int) -> np.ndarray:
    """Return some of the bits along rows, as a number."""
    bits = 64 // _PARTS
    key_U = (look_U2[:, 0] >> np.uint64(bits * part)) & np.uint64(2**bits - 1)
    return key_U.astype(np.int64)


def leaks(looks: Looks, found: Duplicates, test_names: set[str]) -> list[np.ndarray]:
    """Return groups of equal or nearly equal pictures that lie on both sides of a split.

    Args:
        looks: of the whole set.
        found: its duplicates.
        test_names: names of the images of the test split; all others are training's.
    """
    is_test_M = np.array([str(name) in test_names for name in looks.name_M], bool)
    return [
        group for group in (*found.same, *found.near) if 0 < is_test_M[group].sum() < len(group)
    ]


def _joined(group_U: np.ndarray, one_E: np.ndarray, other_E: np.ndarray) -> np.ndarray:
    """Return groups after pairs of their members have been joined."""
    if not len(one_E):
        return group_U
    from scipy.sparse import coo_array  # half a second, which most sets need not wait
    from scipy.sparse.csgraph import connected_components

    edges = coo_array(
        (np.ones(len(one_E), bool), (group_U[one_E], group_U[other_E])), shape=(len(group_U),) * 2
    )
    return connected_components(edges, directed=False)[1][group_U]


def _groups_of(label_M: np.ndarray) -> list[np.ndarray]:
    """Return indices that share a label, two and more, by their first."""
    order_M = np.argsort(label_M, kind="stable")
    starts = np.flatnonzero(np.diff(label_M[order_M])) + 1
    groups = [group for group in np.split(order_M, starts) if len(group) > 1]
    return sorted(groups, key=lambda group: int(group[0]))
