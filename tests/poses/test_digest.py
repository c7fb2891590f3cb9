"""The checksum of poses: the same in parts, another after any change."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from posesift import skeletons
from posesift.poses.digest import PoseDigest, digest_of
from posesift.poses.table import PoseTable

HAND = skeletons.load("hand21")
TABLE = PoseTable(
    skeleton=HAND,
    keypoints_NK2=np.random.default_rng(0).normal(0, 99, (40, 21, 2)).astype(np.float32),
    visible_NK=np.random.default_rng(1).random((40, 21)) < 0.8,
    width_N=np.full(40, 200, np.int32),
    height_N=np.full(40, 200, np.int32),
)
MASK = 2**64 - 1


def by_hand(table: PoseTable) -> list[int]:
    """One pose and one word at a time, in Python's own numbers."""
    words = 3 * len(table.skeleton)
    drawn = hashlib.shake_256(b"poses").digest(16 * words)
    factors = [int.from_bytes(drawn[8 * n : 8 * n + 8], "little") | 1 for n in range(2 * words)]
    sums = [0, 0]
    for row in range(len(table)):
        pose = [
            *np.frombuffer(table.keypoints_NK2[row].tobytes(), "<u4").tolist(),
            *(int(seen) for seen in table.visible_NK[row]),
        ]
        for one in (0, 1):
            mixed = row * 0x9E3779B97F4A7C15
            mixed += sum(w * f for w, f in zip(pose, factors[one * words :], strict=False))
            mixed &= MASK
            mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
            sums[one] = (sums[one] + (mixed ^ (mixed >> 31))) & MASK
    return sums


def test_it_is_what_its_definition_says():
    assert digest_of(TABLE) == "".join(f"{one:016x}" for one in by_hand(TABLE))


@given(st.lists(st.integers(0, 40), max_size=4))
def test_it_is_the_same_however_the_poses_are_cut(cuts: list[int]):
    bounds = [0, *sorted(cuts), 40]
    parts = [TABLE.select(np.arange(a, b)) for a, b in itertools.pairwise(bounds)]
    one_after_the_other, apart = PoseDigest(), []
    for start, part in zip(bounds, parts, strict=False):
        one_after_the_other.add(part)
        apart.append(PoseDigest(start))
        apart[-1].add(part)
    assert str(one_after_the_other) == digest_of(TABLE)
    assert str(sum(reversed(apart), PoseDigest())) == digest_of(TABLE)


@given(st.integers(0, 39), st.integers(0, 20), st.integers(0, 1))
def test_one_bit_or_two_poses_in_another_order_make_another(row: int, joint: int, axis: int):
    assume(TABLE.visible_NK[row, joint])  # what lies behind the others is nothing
    points_NK2, visible_NK = TABLE.keypoints_NK2.copy(), TABLE.visible_NK.copy()
    points_NK2[row, joint, axis] = np.nextafter(points_NK2[row, joint, axis], np.float32(np.inf))
    visible_NK[row, joint] ^= True
    order = np.arange(40)
    order[[row, (row + 1) % 40]] = order[[(row + 1) % 40, row]]
    found = {
        digest_of(TABLE),
        digest_of(dataclasses.replace(TABLE, keypoints_NK2=points_NK2)),
        digest_of(dataclasses.replace(TABLE, visible_NK=visible_NK)),
        digest_of(TABLE.select(order)),
    }
    assert len(found) == 4
