"""Match the keypoint names of a data file to those of a skeleton.

Shapes: J keypoints of the file, K keypoints of the skeleton.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import numpy as np

from posesift.skeletons import Skeleton


def places(names: Sequence[str], skeleton: Skeleton, where: str) -> tuple[np.ndarray, list[str]]:
    """Where each keypoint of a file stands in the skeleton.

    Case, blanks and hyphens do not matter (``"Left Wrist"`` is ``left_wrist``). The file must
    have every keypoint of the skeleton's headline group; it may lack others, which are then never
    visible, and may have more, which are dropped. Both are said.

    Args:
        names: the file's J names.
        skeleton: the K names to match.
        where: the file, for messages.

    Returns:
        (J,) int64 indices into the skeleton, -1 = dropped; and what should be told.

    Raises:
        ValueError: a name comes twice, or a keypoint of the headline group is missing.

    >>> from posesift.skeletons import load
    >>> place_J, told = places(load("coco17").keypoints, load("body16"), "people.json")
    >>> place_J.tolist()
    [-1, -1, -1, -1, -1, 13, 12, 14, 11, 15, 10, 3, 2, 4, 1, 5, 0]
    """
    plain = [_plain(name) for name in names]
    if repeated := sorted({name for name in plain if plain.count(name) > 1}):
        raise ValueError(f"{where} names the keypoint {', '.join(repeated)} twice")
    index = {_plain(name): k for k, name in enumerate(skeleton.keypoints)}
    place_J = np.array([index.get(name, -1) for name in plain], dtype=np.int64)
    missing = [name for name in skeleton.keypoints if _plain(name) not in plain]
    dropped = [name for name in names if _plain(name) not in index]
    needed = {skeleton.keypoints[k] for k in skeleton.groups["all"]}
    if lacking := [name for name in missing if name in needed]:
        hints = [
            f"{name} (is it {close[0]!r}?)" if close else name
            for name in lacking
            for close in [difflib.get_close_matches(_plain(name), dropped, n=1)]
        ]
        raise ValueError(
            f"{where}: expected the keypoints of the skeleton {skeleton.name}, found "
            f"{', '.join(names)}; missing {', '.join(hints)}. Choose skeleton=NAME or the path of "
            "your own skeleton file"
        )
    told = []
    if missing:
        told.append(f"never visible, for the file lacks them: {', '.join(missing)}")
    if dropped:
        told.append(f"dropped, for {skeleton.name} lacks them: {', '.join(dropped)}")
    return place_J, told


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())
