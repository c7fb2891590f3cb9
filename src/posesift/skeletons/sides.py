"""Left and right in the names of keypoints: one rule for reading, mapping, hints and mirroring.

Some spellings tell a side by themselves (``left_eye``, ``LElbow``, ``hip.R``, ``eyeLeft``), others
only where the counterpart is there too (``lhip`` beside ``rhip``, ``Nearknee`` beside ``Offknee``:
the near side of an animal is its left one).
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

_OTHER = {"left": "right", "right": "left"}
_WORDS: dict[str, str] = dict.fromkeys(("left", "lft", "lt", "l"), "left")
_WORDS |= dict.fromkeys(("right", "rgt", "rt", "r"), "right")
_NEAR = {"near": "left", "off": "right"}
_LEGS: dict[str, tuple[str, str]] = {
    pair: ("right", end) for end in "fbhr" for pair in (f"{end}r", f"r{end}")
}
_LEGS |= {pair: ("left", end) for end in "fbhr" for pair in (f"{end}l", f"l{end}")}
"""Legs of animals by two letters: front, fore, back, hind or rear, the side first or last."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONG = 3  # letters that follow a side which is written together with the name: leftelbow
_SERIES = 3  # single letters beside l and r that make an alphabet of them: point_a, point_b, ...


@dataclass(frozen=True)
class Sided:
    """What a keypoint's name says.

    Attributes:
        key: the name in its one spelling for comparing: words in lower case, parted by
            underscores, the side first and written out.
        side: ``"left"``, ``"right"``, or ``""``.
        mirrored: the key of the counterpart on the other side; ``key`` itself where there is none.
    """

    key: str
    side: str
    mirrored: str

    @property
    def bare(self) -> str:
        """The key without its side."""
        return self.key.removeprefix(f"{self.side}_") if self.side else self.key


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, however it is written.

    >>> words("LElbow"), words("upper_arm.L"), words("rightBigToe"), words("Left Wrist")
    (['l', 'elbow'], ['upper', 'arm', 'l'], ['right', 'big', 'toe'], ['left', 'wrist'])
    """
    parts = [part for part in re.split(r"[\W_]+", name) if part]
    return [word.lower() for part in parts for word in _HUMP.split(part)] or [name.strip().lower()]


@functools.lru_cache(4096)
def sided(name: str) -> Sided:
    """Return what a name says by itself.

    >>> sided("wrist_R"), sided("LElbow").key, sided("front_left_knee").key
    (Sided(key='right_wrist', side='right', mirrored='left_wrist'), 'left_elbow', 'left_front_knee')
    >>> sided("left_eye_right_corner").mirrored, sided("neck").side, sided("L1").side
    ('right_eye_left_corner', '', '')
    """
    return _of_words(words(name))


def all_sided(names: Sequence[str]) -> list[Sided]:
    """Return what the names of one body say, each in the light of the others.

    >>> [found.key for found in all_sided(["neck", "lhip", "rhip", "Nearknee", "Offknee"])]
    ['neck', 'left_hip', 'right_hip', 'left_knee', 'right_knee']
    >>> [found.key for found in all_sided(["FL_paw", "FR_paw", "lumbar_l", "l5"])]
    ['left_f_paw', 'right_f_paw', 'left_lumbar', 'l5']
    """
    return list(_all_sided(tuple(names)))


def readable(names: Sequence[str]) -> list[str]:
    """Return the names in lower case, words parted by underscores, sides where they stand.

    >>> readable(["LElbow", "shoulder_R", "Left Wrist"])
    ['l_elbow', 'shoulder_r', 'left_wrist']
    """
    made = ["_".join(words(name)) for name in names]
    counts = Counter(made)
    return [
        one if counts[one] == 1 else _as_written(name)
        for one, name in zip(made, names, strict=True)
    ]


def mirror_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Keypoints that a left-right flip exchanges, each pair once.

    >>> mirror_pairs(["nose", "left_eye", "right_eye", "hip_R", "hip_L"])
    [(1, 2), (3, 4)]
    """
    found = all_sided(names)
    place = {one.key: k for k, one in enumerate(found)}
    pairs = [(k, place.get(one.mirrored, k)) for k, one in enumerate(found)]
    return [(one, other) for one, other in pairs if one < other]


def unexchanged(names: Sequence[str], mirror: Sequence[int]) -> list[str]:
    """Names that tell a side and stay what they are in a flip.

    >>> unexchanged(["nose", "left_eye", "right_eye", "left_thumb"], [0, 2, 1, 3])
    ['left_thumb']

    Args:
        names: of the keypoints.
        mirror: the permutation that a flip applies.
    """
    found = all_sided(names)
    return [name for k, name in enumerate(names) if found[k].side and mirror[k] == k]


def same_side(name: str, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that a misspelt name may stand for: on its side, or on none as it is.

    >>> same_side("lelbw", ["lelbow", "relbow", "lhip", "rhip"])
    ['lelbow', 'lhip']
    """
    *others, own = all_sided([*names, name])
    side = own.side
    if not side and any(one.side for one in others):
        first = words(name)[0][:1]
        joined = {n for n in names if len(words(n)) == 1 and words(n)[0][:1] in "lr"}
        return [n for n in names if n not in joined or n[:1].lower() == first]
    return [n for n, one in zip(names, others, strict=True) if one.side == side]


def _of_words(said: list[str]) -> Sided:
    said = [part for word in said for part in _parted(word)] if len(said) < 8 else said
    sides = [_WORDS.get(word, "") if len(said) > 1 else "" for word in said]
    plain = [side or word for side, word in zip(sides, said, strict=True)]
    count = sum(map(bool, sides))
    if count == 1:
        side = "".join(sides)
        rest = [word for word, own in zip(plain, sides, strict=True) if not own]
        return Sided("_".join([side, *rest]), side, "_".join([_OTHER[side], *rest]))
    key = "_".join(plain)
    if not count:
        return Sided(key, "", key)
    other = [_OTHER[side] if side else word for side, word in zip(sides, said, strict=True)]
    return Sided(key, next(filter(None, sides)), "_".join(other))


def _parted(word: str) -> list[str]:
    """``leftelbow`` as two words; any other word alone."""
    for side in _OTHER:
        if word.startswith(side) and len(word) >= len(side) + _LONG:
            return [side, word.removeprefix(side)]
        if word.endswith(side) and len(word) >= len(side) + _LONG:
            return [word.removesuffix(side), side]
    return [word]


@functools.lru_cache(64)
def _all_sided(names: tuple[str, ...]) -> tuple[Sided, ...]:
    found = [sided(name) for name in names]
    series = Counter(
        one.bare if one.side else one.key.rpartition("_")[0]
        for name, one in zip(names, found, strict=True)
        if len(words(name)[-1]) == 1 and words(name)[-1].isalpha()
    )
    for k, name in enumerate(names):
        if found[k].side and len(words(name)[-1]) == 1 and series[found[k].bare] >= 2 + _SERIES:
            key = "_".join(words(name))
            found[k] = Sided(key, "", key)  # a letter of an alphabet
    for way in (_alone, _near, _leg, _letter_before, _letter_behind):
        pairs: dict[str, dict[str, list[int]]] = {}
        for k, name in enumerate(names):
            if not found[k].side and (said := way(words(name))):
                pairs.setdefault(said[1], {}).setdefault(said[0], []).append(k)
        for rest, members in pairs.items():
            if sorted(members) == ["left", "right"] and all(len(m) == 1 for m in members.values()):
                for side, (k,) in members.items():
                    key, other = (f"{each}_{rest}".strip("_") for each in (side, _OTHER[side]))
                    found[k] = Sided(key, side, other)
    counts = Counter(one.key for one in found)
    return tuple(  # two names that only their signs tell apart are two names
        one if counts[one.key] == 1 else replace(one, key=old, side="", mirrored=old)
        for one, old in zip(found, map(_as_written, names), strict=True)
    )


def _as_written(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _alone(said: list[str]) -> tuple[str, str] | None:
    return (_WORDS[said[0]], "") if len(said) == 1 and said[0] in _WORDS else None


def _near(said: list[str]) -> tuple[str, str] | None:
    for place, word in enumerate(said):
        for mark, side in _NEAR.items():
            if word == mark and len(said) > 1:
                return side, "_".join(said[:place] + said[place + 1 :])
    for mark, side in _NEAR.items():
        if said[0].startswith(mark) and len(said[0]) >= len(mark) + _LONG:
            return side, "_".join([said[0].removeprefix(mark), *said[1:]])
    return None


def _leg(said: list[str]) -> tuple[str, str] | None:
    for place, word in enumerate(said):
        if word in _LEGS:
            side, end = _LEGS[word]
            return side, "_".join([*said[:place], end, *said[place + 1 :]])
    return None


def _letter_before(said: list[str]) -> tuple[str, str] | None:
    first = said[0]
    if len(first) < 2 or first[0] not in "lr":
        return None
    return _WORDS[first[0]], "_".join([first[1:], *said[1:]])


def _letter_behind(said: list[str]) -> tuple[str, str] | None:
    last = said[-1]
    if len(last) < 3 or last[-1] not in "lr":
        return None
    return _WORDS[last[-1]], "_".join([*said[:-1], last[:-1]])
