"""A checksum of poses, by which data that have changed are told.

Shapes: N samples, K keypoints, 2 = (x, y).
"""

from __future__ import annotations

import hashlib

import numpy as np

from posesift.poses.table import PoseTable


class PoseDigest:
    """Checksum of the keypoints of all poses, and of which are visible; in their order.

    It is the same however the poses are cut into parts. Where images lie, boxes and modes do not
    count.
    """

    def __init__(self) -> None:
        self._points, self._visible = hashlib.blake2b(), hashlib.blake2b()

    def add(self, table: PoseTable) -> None:
        """Count the next part in."""
        self._points.update(np.ascontiguousarray(table.keypoints_NK2, "<f4").data)
        self._visible.update(np.ascontiguousarray(table.visible_NK).data)

    def __str__(self) -> str:
        """Return 32 hexadecimal digits."""
        both = self._points.digest() + self._visible.digest()
        return hashlib.blake2b(both, digest_size=16).hexdigest()


def digest_of(table: PoseTable) -> str:
    """Return the checksum of a table."""
    found = PoseDigest()
    found.add(table)
    return str(found)
