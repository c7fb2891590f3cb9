"""Data sets too large to be one table in memory: read part by part, in a fixed order.

A reader of videos or of millions of samples offers ``parts(path, *, same options as read)``, an
iterator of `Part`, one a clip; its ``read`` is then
``joined([part.read() for part in parts(path, ...)])``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from posesift.poses.table import PoseTable


class Part(NamedTuple):
    """A piece of a data set, most often one clip.

    Attributes:
        name: for messages; a clip's name where it is one.
        read: reads the labels of the piece. Finding the parts is cheap, this is the work.
    """

    name: str
    read: Callable[[], PoseTable]
