"""A checksum of poses, by which data that have changed are told.

It is a sum over the poses, so that parts of them may be read by several processes: of each pose a
hash of its number, its keypoints and which are visible, by random multipliers of its 32-bit words
(multilinear hashing, Carter & Wegman 1979) and the mixing of SplitMix64. It tells slips and
changes, not forgeries.

Shapes: N samples, K keypoints, W words of a pose, 2 = (x, y), and two checksums.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from posesift.poses.table import PoseTable

_CHUNK = 1 << 15  # poses, so that their words stay in the cache
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class PoseDigest:
    """Checksum of the keypoints of all poses, and of which are visible; in their order.

    It is the same however the poses are cut into parts. Where images lie, boxes and modes do not
    count.

    Args:
        start: number of the first pose among all, where these are a part of them.
    """

    def __init__(self, start: int = 0) -> None:
        self._next = start
        self._sum_2 = np.zeros(2, np.uint64)

    def add(self, table: PoseTable) -> None:
        """Count the next part in."""
        for first in range(0, len(table), _CHUNK):
            rows = slice(first, first + _CHUNK)
            self._add(table.keypoints_NK2[rows], table.visible_NK[rows])

    def _add(self, keypoints_NK2: np.ndarray, visible_NK: np.ndarray) -> None:
        count = len(keypoints_NK2)
        points_NK2 = np.ascontiguousarray(keypoints_NK2, "<f4").view("<u4")
        points_NW = points_NK2.reshape(count, -1).astype(np.uint64)
        words_NW = np.concatenate([points_NW, visible_NK.astype(np.uint64)], axis=1)
        number_N = np.arange(self._next, self._next + count, dtype=np.uint64) * _GOLDEN
        hash_2N = (words_NW[None] * _factors(words_NW.shape[1])[:, None]).sum(axis=2)
        self._sum_2 += _mixed(hash_2N + number_N).sum(axis=1)
        self._next += count

    def __add__(self, other: PoseDigest) -> PoseDigest:
        """Return the checksum of the poses of both."""
        found = PoseDigest(max(self._next, other._next))
        found._sum_2 = self._sum_2 + other._sum_2
        return found

    def __str__(self) -> str:
        """Return 32 hexadecimal digits."""
        return "".join(f"{int(one):016x}" for one in self._sum_2)


def digest_of(table: PoseTable) -> str:
    """Return the checksum of a table."""
    found = PoseDigest()
    found.add(table)
    return str(found)


@cache
def _factors(words: int) -> NDArray[np.uint64]:
    """Return random odd multipliers (2, W), the same everywhere."""
    drawn = hashlib.shake_256(b"poses").digest(16 * words)
    return np.frombuffer(drawn, "<u8").astype(np.uint64).reshape(2, words) | np.uint64(1)


def _mixed(hash_2N: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix all bits (SplitMix64's finaliser)."""
    hash_2N = (hash_2N ^ (hash_2N >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hash_2N = (hash_2N ^ (hash_2N >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hash_2N ^ (hash_2N >> np.uint64(31))
