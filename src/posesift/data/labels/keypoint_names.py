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
from posesift.skeletons import Skeleton, load
from posesift.skeletons import skeleton as built_in
from posesift.skeletons.sides import all_sided, mirror_pairs, readable, unexchanged
from posesift.skeletons.skeleton import from_document
from posesift.skeletons.synonyms import built_in as synonyms
from posesift.skeletons.synonyms import plain

NO_FLIPS = "no flips in training"
"""How a note begins that says why images are not mirrored."""


def places(
    names: Sequence[str],
    skeleton: Skeleton,
    where: str,
    labelled_J: ArrayLike | None = None,
) -> tuple[np.ndarray, list[str]]:
    """Where each keypoint of a file stands in the skeleton.

    Case, what stands between words, and how a side is written do not matter (``"Left Wrist"``,
    ``LWrist`` and ``wrist.L`` are ``left_wrist``, see `posesift.skeletons.sides`). The file must
    have every keypoint of the skeleton's headline group; it may lack others, which are then never
    visible, and may have more, which are dropped. Both are said; but of a keypoint that the file
    names and labels nowhere nothing is dropped. Synonyms (``thumb1`` is ``thumb_cmc``) count where
    with them all names fit one to one; elsewhere ``as=`` knows them.

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
    given = [one.key for one in all_sided(names)]
    if repeated := sorted({name for name in given if given.count(name) > 1}):
        raise ValueError(f"{where} names the keypoint {', '.join(repeated)} twice")
    wanted = [one.key for one in all_sided(skeleton.keypoints)]
    if _fit(given, wanted):
        given, wanted = _usual(given), _usual(wanted)
    index = {name: k for k, name in enumerate(wanted)}
    place_J = np.array([index.get(name, -1) for name in given], dtype=np.int64)
    missing = [skeleton.keypoints[k] for k, name in enumerate(wanted) if name not in given]
    dropped = [name for name, key in zip(names, given, strict=True) if key not in index]
    needed = {skeleton.keypoints[k] for k in skeleton.groups["all"]}
    if lacking := [name for name in missing if name in needed]:
        spare = {key: name for name, key in zip(names, given, strict=True) if key not in index}
        hints = [
            f"{name} (is it {spare[close]!r}?)" if close else name
            for name in lacking
            for close in [spelling.meant(plain(name), spare)]
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


def skeleton_of(names: Sequence[str]) -> str | None:
    """Return the built-in skeleton that has just these keypoints, in any order and spelling.

    Where none has just these names, one that has them by other names (`synonyms`) does.

    >>> from posesift.skeletons import load
    >>> skeleton_of(["LElbow" if n == "left_elbow" else n for n in load("coco17").keypoints])
    'coco17'
    >>> print(skeleton_of(["nose", "tail", "ear"]))
    None
    """
    given = [one.key for one in all_sided(names)]
    known = {
        name: [one.key for one in all_sided(load(name).keypoints)] for name in built_in.names()
    }
    same = (name for name, keys in known.items() if sorted(keys) == sorted(given))
    fitting = (name for name, keys in known.items() if _fit(given, keys))
    return next(same, next(fitting, None))


def _usual(keys: Sequence[str]) -> list[str]:
    """Keys with the usual name in the place of a synonym."""
    return [synonyms().names.get(key, key) for key in keys]


def _fit(given: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether two sets of keys are the same one to one, synonyms taken for one another."""
    usual = _usual(given)
    return len(set(usual)) == len(usual) and sorted(usual) == sorted(_usual(wanted))


def own_skeleton(
    names: Sequence[str],
    limbs: Any,
    where: str,
    mirror: Sequence[tuple[str, str]] | None = None,
) -> Skeleton:
    """Give the skeleton that a file itself describes: its names, its lines, left and right by name.

    Where a name tells a side and its counterpart is not there, or no name tells one, there are no
    mirror pairs, and nothing trained on it is ever flipped; `told_of_own` says so.

    Args:
        names: the file's J names.
        limbs: what the file gives as pairs of keypoints, counted from 1 as COCO does, or from 0
            where a 0 proves it; pairs of names do as well. What makes no sense is left out, and
            where nothing is left each keypoint is joined to the next.
        where: the file, for messages.
        mirror: pairs of names that a flip exchanges, where the file itself says; else the names do.

    Raises:
        ValueError: fewer than three names, or a name that comes twice.
    """
    given = readable(names)
    pairs = _limbs(limbs, names)[0] or list(itertools.pairwise(range(len(names))))
    lonely = unexchanged(names, _flip(names, mirror))
    exchanged = [(a, b) for a, b in enumerate(_flip(names, mirror)) if a < b]
    return from_document(
        {
            "name": "file",
            "keypoints": given,
            "mirror": [] if lonely else [[given[a], given[b]] for a, b in exchanged],
            "limbs": [{"from": given[a], "to": given[b]} for a, b in pairs],
        },
        where,
    )


def told_of_own(
    names: Sequence[str], limbs: Any, mirror: Sequence[tuple[str, str]] | None = None
) -> list[str]:
    """Say what was understood of a file's own skeleton: how limbs count, why flips are off.

    >>> told_of_own(["nose", "left_ear", "right_ear"], [[0, 1], [0, 2]])
    ['limbs counted from 0, for a 0 is among them; COCO counts from 1']
    """
    told = _limbs(limbs, names)[1]
    if lonely := unexchanged(names, _flip(names, mirror)):
        told.append(f"{NO_FLIPS}: {', '.join(lonely)} tell a side, and the other one is not there")
    elif not mirror and not any(one.side for one in all_sided(names)):
        told.append(f"{NO_FLIPS}: no keypoint's name tells left or right")
    return told


def _flip(names: Sequence[str], mirror: Sequence[tuple[str, str]] | None) -> list[int]:
    place = {name: j for j, name in enumerate(names)}
    pairs = [(place[a], place[b]) for a, b in mirror] if mirror else mirror_pairs(names)
    flip = list(range(len(names)))
    for one, other in pairs:
        flip[one], flip[other] = other, one
    return flip


def _limbs(limbs: Any, names: Sequence[str]) -> tuple[list[tuple[int, int]], list[str]]:
    """Pairs of keypoints counted from 0, and what to tell of them."""
    place = {name: j for j, name in enumerate(names)}
    listed = [pair for pair in limbs if isinstance(pair, list)] if isinstance(limbs, list) else []
    ends = [[place.get(end, end) if isinstance(end, str) else end for end in p] for p in listed]
    named = any(isinstance(end, str) for pair in listed for end in pair)
    twos = [(pair[0], pair[1]) for pair in ends if len(pair) == 2]
    whole = [(a, b) for a, b in twos if isinstance(a, int) and isinstance(b, int) and a != b]
    first = 0 if named or any(0 in pair for pair in whole) else 1
    known = set(range(first, first + len(names)))
    pairs = [(a - first, b - first) for a, b in whole if a in known and b in known]
    told = []
    if pairs and first == 0 and not named:
        told.append("limbs counted from 0, for a 0 is among them; COCO counts from 1")
    if lost := len(listed) - len(pairs):
        told.append(f"limbs that name no two keypoints, left out: {lost} of {len(listed)}")
    return pairs, told
