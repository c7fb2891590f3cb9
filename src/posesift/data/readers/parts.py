"""Data sets too large to be one table in memory: read part by part, in a fixed order.

A reader of videos or of millions of samples offers ``parts(path, *, same options as read)``, an
iterator of `Part`, one a clip; its ``read`` is then
``joined([part.read() for part in parts(path, ...)])``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from posesift.data.labels.cleaning import BAD_FRACTION, first_lines
from posesift.poses.table import PoseTable


class Part(NamedTuple):
    """A piece of a data set, most often one clip.

    Attributes:
        name: for messages; a clip's name where it is one.
        read: reads the labels of the piece. Finding the parts is cheap, this is the work.
    """

    name: str
    read: Callable[[], PoseTable]


class LeftOut:
    """Bad pieces of a whole set that is read part by part: when there are many, reading stops.

    Args:
        total: pieces of the set.
        what: they are, in the plural.
        where: the folder, for the message.
    """

    def __init__(self, total: int, what: str, where: str):
        self._total, self._what, self._where = total, what, where
        self._why: dict[str, str] = {}

    def add(self, piece: str, why: str) -> str:
        """Count a piece, once however often it is read, and return its line for ``problems``.

        Raises:
            ValueError: more than 5 % of the pieces are left out.
        """
        self._why[piece] = why
        if len(self._why) > BAD_FRACTION * self._total:
            raise ValueError(
                f"{self._where}: {len(self._why)} of {self._total} {self._what} are bad so far; "
                f"at most {BAD_FRACTION:.0%} are left out without asking. Copy them anew or "
                "remove them:" + first_lines(list(self._why.values()))
            )
        return f"left out: {why}"
