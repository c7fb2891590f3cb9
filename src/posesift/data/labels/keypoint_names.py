"""Match the keypoint names of a data file to those of a skeleton.

Shapes: J keypoints of the file, K keypoints of the skeleton.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from posesift import spelling
from posesift.skeletons import Skeleton
from posesift.skeletons.skeleton import from_document
from posesift.skeletons.synonyms import plain


def places(
    names: Sequence[str],
    skeleton: Skeleton,
    where: str,
    labelled_J: ArrayLike | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Where each keypoint of a file stands in the skeleton.

    Case, blanks and hyphens do not matter (``"Left Wrist"`` is ``left_wrist``). The file must
    have every keypoint of the skeleton's headline group; it may lack others, which are then never
    visible, and may have more, which are dropped. Both are said; but of a keypoint that the file
    names and labels nowhere nothing is dropped.

    Args:
        names: the file's J names.
        skeleton: the K names to match.
        where: the file, for messages.
        labelled_J: whether the file labels a keypoint anywhere; None: not known, so all.

    Returns:
        (J,) int64 indices into the skeleton, -1 = dropped; and what should be told.

    Raises:
        ValueError: a name comes twice, or a keypoint of the headline group is missing.

    >>> from posesift.skeletons import load
    >>> place_J, told = places(load("coco17").keypoints, load("body16"), "people.json")
    >>> place_J.tolist()
    [-1, -1, -1, -1, -1, 13, 12, 14, 11, 15, 10, 3, 2, 4, 1, 5, 0]
    """
    given = [plain(name) for name in names]
    if repeated := sorted({name for name in given if given.count(name) > 1}):
        raise ValueError(f"{where} names the keypoint {', '.join(repeated)} twice")
    index = {plain(name): k for k, name in enumerate(skeleton.keypoints)}
    place_J = np.array([index.get(name, -1) for name in given], dtype=np.int64)
    missing = [name for name in skeleton.keypoints if plain(name) not in given]
    dropped = [name for name in names if plain(name) not in index]
    needed = {skeleton.keypoints[k] for k in skeleton.groups["all"]}
    if lacking := [name for name in missing if name in needed]:
        hints = [
            f"{name} (is it {close!r}?)" if close else name
            for name in lacking
            for close in [spelling.meant(plain(name), dropped)]
        ]
        raise ValueError(
            f"{where}: expected the keypoints of the skeleton {skeleton.name}, found "
            f"{', '.join(names)}; missing {', '.join(hints)}. Choose skeleton=NAME or the path of "
            f"your own skeleton file, or as={skeleton.name} to take what is there"
        )
    told = []
    if missing:
        told.append(f"never visible, for the file lacks them: {', '.join(missing)}")
    is_labelled = dict.fromkeys(names, True)
    if labelled_J is not None:
        is_labelled = dict(zip(names, np.asarray(labelled_J).tolist(), strict=True))
    if dropped := [name for name in dropped if is_labelled[name]]:
        told.append(f"dropped, for {skeleton.name} lacks them: {', '.join(dropped)}")
    return place_J, told


def own_skeleton(names: Sequence[str], limbs: Any, where: str) -> Skeleton:
    """The skeleton that a file itself describes: its names, its lines, left and right by name.

    Args:
        names: the file's J names.
        limbs: what the file gives as pairs of keypoints, counted from 1 as COCO does; what makes
            no sense is left out, and where nothing is left each keypoint is joined to the next.
        where: the file, for messages.

    Raises:
        ValueError: fewer than three names, or a name that comes twice.
    """
    given = [plain(name) for name in names]
    numbers = range(1, len(given) + 1)
    listed = [pair for pair in limbs if isinstance(pair, list)] if isinstance(limbs, list) else []
    pairs = [p for p in listed if len(p) == 2 and p[0] != p[1] and all(n in numbers for n in p)]
    pairs = pairs or list(itertools.pairwise(numbers))
    others = [(name, name.replace("left", "right")) for name in given if "left" in name]
    return from_document(
        {
            "name": "file",
            "keypoints": given,
            "mirror": [list(pair) for pair in others if pair[1] in given],
            "limbs": [{"from": given[a - 1], "to": given[b - 1]} for a, b in pairs],
        },
        where,
    )
